package sandbox

import (
	"godwit/tg"
	"godwit/tl"
)

// messageObject returns a message of a box whose owner has the given id, 0
// for a channel's, as the viewer sees it.
func (w *world) messageObject(viewer *user, owner int64, e *entry) tg.MessageClass {
	out := e.out
	post := false
	if ch := w.channels[e.peer.id]; e.peer.kind == peerChannel && ch != nil {
		out = e.from == viewer.id
		post = ch.broadcast
	}
	var from tg.PeerClass
	if !post {
		from = peerKey{peerUser, e.from}.object()
	}
	mentioned := viewer.dialogs[e.peer].mentions(e.id)
	if e.action != nil {
		return &tg.MessageService{
			Out: out, Post: post, Silent: e.silent, Mentioned: mentioned, ID: e.id, FromID: from, PeerID: e.peer.object(),
			ReplyTo: w.replyHeader(owner, e), Date: e.date, Action: e.action,
		}
	}
	m := &tg.Message{
		Out: out, Post: post, Silent: e.silent, Mentioned: mentioned, Pinned: e.pinned, Noforwards: e.protected,
		FromScheduled: e.scheduled, ID: e.id, FromID: from, PeerID: e.peer.object(), ReplyTo: w.replyHeader(owner, e),
		Date: e.date, Message: e.text, Entities: e.entities, Media: w.mediaObject(viewer, e.media), FwdFrom: e.forward,
		PostAuthor: text(e.author), Reactions: w.reactionsObject(viewer, e.message), ReplyMarkup: e.markup,
	}
	if e.poll != nil {
		m.Media = e.poll.media(viewer)
	}
	if e.edited != 0 {
		m.EditDate = tl.Some(e.edited)
	}
	if e.group != 0 {
		m.GroupedID = tl.Some(e.group)
	}
	if post {
		m.Views, m.Forwards = tl.Some[int32](1), tl.Some(e.shared)
	}
	if m.Replies = w.repliesObject(e); m.Replies != nil && e.thread == 0 && m.Replies.Replies == 0 {
		m.Replies = nil
	}
	return m
}

// replyHeader names the message that e answers by its id in the same box, and
// the topic. It is nil without either.
func (w *world) replyHeader(owner int64, e *entry) tg.MessageReplyHeaderClass {
	forum := e.peer.kind == peerChannel && w.channels[e.peer.id].forum
	if e.reply == nil {
		if !forum || e.thread == 0 {
			return nil
		}
		return &tg.MessageReplyHeader{ForumTopic: true, ReplyToMsgID: tl.Some(e.thread)}
	}
	id, ok := e.reply.to.copies[owner]
	if !ok {
		return nil
	}
	h := &tg.MessageReplyHeader{
		ForumTopic: forum && e.thread != 0, ReplyToMsgID: tl.Some(id), Quote: e.reply.quote != "",
		QuoteText: text(e.reply.quote), QuoteEntities: e.reply.entities, QuoteOffset: e.reply.offset,
	}
	if e.thread != 0 && e.thread != id {
		h.ReplyToTopID = tl.Some(e.thread)
	}
	return h
}

// repliesObject tells how many messages of a supergroup answer e, nil for
// other messages.
func (w *world) repliesObject(e *entry) *tg.MessageReplies {
	if e.peer.kind != peerChannel || e.thread != 0 && e.thread != e.id {
		return nil
	}
	ch := w.channels[e.peer.id]
	if ch.broadcast {
		return nil
	}
	out := &tg.MessageReplies{RepliesPts: int32(ch.box.pts)}
	if t := ch.threads[e.id]; t != nil {
		out.Replies, out.MaxID = t.count, tl.Some(t.last)
	}
	return out
}

// messageObjects renders messages and notes whom they mention.
func (w *world) messageObjects(viewer *user, owner int64, entries []*entry, seen *refs) []tg.MessageClass {
	out := make([]tg.MessageClass, 0, len(entries))
	for _, e := range entries {
		seen.entry(e)
		out = append(out, w.messageObject(viewer, owner, e))
	}
	return out
}
