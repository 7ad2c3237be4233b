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
		from = e.sender().object()
	}
	mentioned := viewer.dialogs[e.peer].mentions(e.id)
	if e.action != nil {
		return &tg.MessageService{
			Out: out, Post: post, Silent: e.silent, Mentioned: mentioned, ID: e.id, FromID: from, PeerID: e.peer.object(),
			ReplyTo: w.replyHeader(viewer, owner, e), Date: e.date, Action: w.actionObject(viewer, e),
		}
	}
	m := &tg.Message{
		Out: out, Post: post, Silent: e.silent, Mentioned: mentioned, Pinned: e.pinned, Noforwards: e.protected,
		FromScheduled: e.scheduled, ID: e.id, FromID: from, PeerID: e.peer.object(), ReplyTo: w.replyHeader(viewer, owner, e),
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
	m.Replies = w.repliesObject(viewer, e)
	return m
}

// actionObject returns what a service message says, as the viewer sees it.
func (w *world) actionObject(viewer *user, e *entry) tg.MessageActionClass {
	if _, ok := e.action.(*tg.MessageActionChatEditPhoto); ok {
		return &tg.MessageActionChatEditPhoto{Photo: w.photoObject(viewer, e.media.file)}
	}
	return e.action
}

// replyHeader names the message that e answers by its id in the same box, and
// the topic. It is nil without either.
func (w *world) replyHeader(viewer *user, owner int64, e *entry) tg.MessageReplyHeaderClass {
	forum := e.peer.kind == peerChannel && w.channels[e.peer.id].forum
	if e.reply == nil {
		if !forum || e.thread == 0 {
			return nil
		}
		return &tg.MessageReplyHeader{ForumTopic: true, ReplyToMsgID: tl.Some(e.thread)}
	}
	if e.reply.origin != nil {
		return w.replyElsewhere(viewer, e, forum)
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

// replyElsewhere names a message of another chat that e answers. What chat that
// is, is told of channels and supergroups alone, whose messages have the same id
// for everybody.
func (w *world) replyElsewhere(viewer *user, e *entry, forum bool) *tg.MessageReplyHeader {
	r := e.reply
	h := &tg.MessageReplyHeader{
		ForumTopic: forum && e.thread != 0, ReplyFrom: r.origin, Quote: r.quote != "" && !r.whole,
		QuoteText: text(r.quote), QuoteEntities: r.entities, QuoteOffset: r.offset, ReplyMedia: w.mediaObject(viewer, r.to.media),
	}
	if r.to.to.kind == peerChannel {
		h.ReplyToPeerID, h.ReplyToMsgID = r.to.to.object(), tl.Some(r.to.copies[0])
	}
	if e.thread != 0 {
		h.ReplyToTopID = tl.Some(e.thread)
	}
	return h
}

// repliesObject tells how many messages of a supergroup answer e, or how many
// comments there are on a post; nil if there is nothing of the kind to tell.
func (w *world) repliesObject(viewer *user, e *entry) *tg.MessageReplies {
	if e.peer.kind != peerChannel || e.thread != 0 && e.thread != e.id {
		return nil
	}
	ch := w.channels[e.peer.id]
	if ch.broadcast {
		return w.commentsObject(viewer, ch, e)
	}
	t := ch.threads[e.id]
	if (t == nil || t.count == 0) && e.thread == 0 && e.post == nil {
		return nil
	}
	out := &tg.MessageReplies{RepliesPts: int32(ch.box.pts), Comments: e.post != nil}
	t.tell(out)
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
