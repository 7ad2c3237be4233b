package sandbox

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(sendMessage)
	register(sendMedia)
	register(sendMultiMedia)
	register(forwardMessages)
}

// Longest texts, in code points, and most messages of one call.
const (
	maxText     = 4096
	maxCaption  = 1024
	maxAlbum    = 10
	maxForwards = 100
	maxEntities = 100 // more are dropped
)

func checkText(s string) error {
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return refusal(400, "MESSAGE_EMPTY")
	case n > maxText:
		return refusal(400, "MESSAGE_TOO_LONG")
	case !utf8.ValidString(s):
		return refusal(400, "INPUT_TEXT_INVALID")
	}
	return nil
}

func checkCaption(s string) error {
	switch {
	case utf8.RuneCountInString(s) > maxCaption:
		return errCaption
	case !utf8.ValidString(s):
		return refusal(400, "INPUT_TEXT_INVALID")
	}
	return nil
}

// A draft is a message on its way, with what all that send have in common.
type draft struct {
	peer       tg.InputPeerClass
	reply      tg.InputReplyToClass
	schedule   int32 // when to send it, 0: now
	clearDraft bool
	messages   []*message // with their random ids
	what       contentKind
}

// earlier returns the message that the draft was sent as before, nil if it was
// not.
func (c *call) earlier(d *draft) *message {
	if id := d.messages[0].randomID; id != 0 {
		return c.user.sent[id]
	}
	return nil
}

// prepare finds where messages go and checks that they may.
func (c *call) prepare(d *draft) (p peerKey, thread int32, err error) {
	if p, err = c.findPeer(d.peer); err != nil {
		return p, 0, err
	}
	if err := c.mayWrite(p, d.what); err != nil {
		return p, 0, err
	}
	r, thread, err := c.replied(p, d.reply)
	if err != nil {
		return p, 0, err
	}
	for _, m := range d.messages {
		if m.randomID == 0 {
			return p, 0, refusal(400, "RANDOM_ID_EMPTY")
		}
		m.from, m.to, m.reply, m.thread = c.user.id, p, r, thread
		if g := c.world().group(p); g != nil && g.protected {
			m.protected = true
		}
		if p.kind == peerChannel && c.world().channels[p.id].signed {
			m.author = strings.TrimSpace(c.user.first + " " + c.user.last)
		}
	}
	return p, thread, nil
}

// deliver posts messages, or puts them by for later. A random id that the
// sender has used before gets the answer that it got then.
func (c *call) deliver(d *draft) (tg.UpdatesClass, error) {
	if m := c.earlier(d); m != nil {
		return c.sent(m), nil
	}
	p, thread, err := c.prepare(d)
	if err != nil {
		return nil, err
	}
	if d.schedule != 0 {
		return c.schedule(p, d)
	}
	for i, m := range d.messages {
		if earlier := c.user.sent[m.randomID]; earlier != nil {
			d.messages[i] = earlier
			continue
		}
		c.post(m)
		c.user.sent[m.randomID] = m
	}
	if d.clearDraft {
		c.setDraft(p, thread, nil)
	}
	return c.sent(d.messages...), nil
}

func sendMessage(c *call, q *tg.MessagesSendMessage) (tg.UpdatesClass, error) {
	if err := checkText(q.Message); err != nil {
		return nil, err
	}
	entities, err := c.entities(q.Message, q.Entities)
	if err != nil {
		return nil, err
	}
	markup, err := c.markup(q.ReplyMarkup)
	if err != nil {
		return nil, err
	}
	return c.deliver(&draft{
		peer: q.Peer, reply: q.ReplyTo, schedule: q.ScheduleDate.Or(0), clearDraft: q.ClearDraft,
		messages: []*message{{
			text: q.Message, entities: entities, silent: q.Silent, protected: q.Noforwards, randomID: q.RandomID,
			markup: markup,
		}},
	})
}

func sendMedia(c *call, q *tg.MessagesSendMedia) (tl.Object, error) {
	m, err := c.captioned(q.Message, q.Entities)
	if err != nil {
		return nil, err
	}
	m.silent, m.protected, m.randomID = q.Silent, q.Noforwards, q.RandomID
	if m.markup, err = c.markup(q.ReplyMarkup); err != nil {
		return nil, err
	}
	d := &draft{
		peer: q.Peer, reply: q.ReplyTo, schedule: q.ScheduleDate.Or(0), clearDraft: q.ClearDraft,
		messages: []*message{m}, what: contentMedia,
	}
	if in, ok := q.Media.(*tg.InputMediaPoll); ok {
		if m.poll, err = c.newPoll(in); err != nil {
			return nil, err
		}
		d.what = contentPoll
		return c.deliver(d)
	}
	if c.earlier(d) == nil {
		if _, _, err := c.prepare(d); err != nil {
			return nil, err // before the upload is taken
		}
	}
	return c.takeMedia(q.Media, func(c *call, carried *media) (tl.Object, error) {
		m.media = carried
		return c.deliver(d)
	})
}

// captioned returns a message whose text belongs to media.
func (c *call) captioned(caption string, marks []tg.MessageEntityClass) (*message, error) {
	if err := checkCaption(caption); err != nil {
		return nil, err
	}
	entities, err := c.entities(caption, marks)
	return &message{text: caption, entities: entities}, err
}

// sendMultiMedia serves messages.sendMultiMedia: an album, which takes media
// that are there already.
func sendMultiMedia(c *call, q *tg.MessagesSendMultiMedia) (tg.UpdatesClass, error) {
	switch {
	case len(q.MultiMedia) == 0:
		return nil, errMediaEmpty
	case len(q.MultiMedia) > maxAlbum:
		return nil, errAlbumTooLong
	}
	d := &draft{
		peer: q.Peer, reply: q.ReplyTo, schedule: q.ScheduleDate.Or(0), clearDraft: q.ClearDraft, what: contentMedia,
	}
	group := c.world().randomID()
	for i, one := range q.MultiMedia {
		m, err := c.captioned(one.Message, one.Entities)
		if err != nil {
			return nil, err
		}
		m.silent, m.protected, m.randomID, m.group = q.Silent, q.Noforwards, one.RandomID, group
		if err := c.checkSingle(&one, m, i); err != nil {
			return nil, err
		}
		d.messages = append(d.messages, m)
	}
	if !groupable(d.messages) {
		return nil, refusal(400, "MEDIA_GROUPED_INVALID")
	}
	return c.deliver(d)
}

// checkSingle fills in one message of an album.
func (c *call) checkSingle(one *tg.InputSingleMedia, m *message, index int) error {
	if one.RandomID == 0 {
		return refusal(400, "RANDOM_ID_EMPTY")
	}
	carried, err := c.sentBefore(one.Media)
	var rpc *mtproto.RPCError
	if errors.As(err, &rpc) && (errors.Is(err, errReferenceExpired) || errors.Is(err, errReferenceInvalid)) {
		// R-FI-15: which of them is in the middle of the name.
		what := strings.TrimPrefix(rpc.Type, "FILE_REFERENCE_")
		return &mtproto.RPCError{Code: 400, Type: "FILE_REFERENCE_X_" + what, Argument: index}
	}
	m.media = carried
	return err
}

// sent is the answer to whoever sent messages.
func (c *call) sent(messages ...*message) *tg.Updates {
	w := c.world()
	out := &tg.Updates{Date: w.unix(), Updates: []tg.UpdateClass{}}
	var seen refs
	for _, m := range messages {
		b, owner := c.boxOf(m.to)
		id := m.copies[owner]
		out.Updates = append(out.Updates, &tg.UpdateMessageID{ID: id, RandomID: m.randomID})
		if e := b.get(id); e != nil {
			out.Updates = append(out.Updates, c.newMessage(c.user, e))
			seen.entry(e)
		}
		if m.comments != nil {
			c.copied(out, &seen, m.comments)
		}
	}
	out.Users = w.userObjects(c.user, &seen)
	out.Chats = w.chatObjects(c.user, &seen)
	return out
}

var (
	errReply   = refusal(400, "REPLY_MESSAGE_ID_INVALID")
	errReplyTo = refusal(400, "REPLY_TO_INVALID")
)

// replied finds the message that a reply names, and the topic or thread that
// it goes into.
func (c *call) replied(p peerKey, in tg.InputReplyToClass) (*reply, int32, error) {
	to, ok := in.(*tg.InputReplyToMessage)
	if !ok || to.ReplyToMsgID == 0 && to.TopMsgID.Or(0) == 0 {
		return nil, 0, nil
	}
	if to.ReplyToPeerID != nil {
		switch other, err := c.findPeer(to.ReplyToPeerID); {
		case err != nil:
			return nil, 0, errReplyTo
		case other != p:
			return c.repliedElsewhere(p, other, to)
		}
	}
	id := to.ReplyToMsgID
	if id == 0 {
		id = to.TopMsgID.Value
	}
	e, thread, err := c.within(p, id, to.TopMsgID.Or(0))
	if err != nil {
		return nil, 0, err
	}
	if p.kind == peerChannel && c.world().channels[p.id].forum && id == thread {
		return nil, thread, nil // into a topic, and no answer to a message
	}
	r := &reply{to: e.message}
	return r, thread, c.quote(r, to)
}

// within returns a message that an answer in the same chat is to, and what that
// is part of.
func (c *call) within(p peerKey, id, asked int32) (*entry, int32, error) {
	b, _ := c.boxOf(p)
	e := b.get(id)
	if e == nil || e.peer != p {
		return nil, 0, errReply
	}
	thread, err := c.thread(p, e, asked)
	return e, thread, err
}

// repliedElsewhere is replied for a message of another chat.
func (c *call) repliedElsewhere(p, other peerKey, to *tg.InputReplyToMessage) (*reply, int32, error) {
	e, err := c.findMessage(to.ReplyToPeerID, to.ReplyToMsgID)
	switch {
	case err != nil:
		return nil, 0, errReply
	case e.action != nil, e.protected, c.world().group(other) != nil && c.world().group(other).protected:
		return nil, 0, errReplyTo
	}
	thread := int32(0)
	if top := to.TopMsgID.Or(0); top != 0 {
		if _, thread, err = c.within(p, top, top); err != nil {
			return nil, 0, err
		}
	}
	r := &reply{to: e.message, origin: c.forwardHeader(e)}
	if err := c.quote(r, to); err != nil {
		return nil, 0, err
	}
	if r.quote == "" {
		// Who is not in the other chat is shown the message by what it says.
		r.quote, r.entities, r.whole = e.text, e.entities, true
	}
	return r, thread, nil
}

// quote notes which part of a message is answered.
func (c *call) quote(r *reply, to *tg.InputReplyToMessage) (err error) {
	r.quote, r.offset = to.QuoteText.Or(""), to.QuoteOffset
	if r.quote == "" {
		return nil
	}
	if !strings.Contains(r.to.text, r.quote) {
		return refusal(400, "QUOTE_TEXT_INVALID")
	}
	r.entities, err = c.entities(r.quote, to.QuoteEntities)
	return err
}

// thread returns what an answer to e is part of, 0 if of nothing.
func (c *call) thread(p peerKey, e *entry, asked int32) (int32, error) {
	if p.kind != peerChannel {
		return 0, nil
	}
	ch := c.world().channels[p.id]
	if ch.broadcast {
		return 0, nil
	}
	if !ch.forum {
		if e.thread != 0 {
			return e.thread, nil
		}
		return ch.root(e), nil
	}
	id := e.thread
	if asked != 0 && id != asked && asked != generalTopic {
		return 0, errReply
	}
	if t := ch.topics[id]; t != nil && t.closed && t.creator != c.user.id && !c.world().runsTopics(c.user, ch) {
		return 0, refusal(400, "TOPIC_CLOSED")
	}
	return id, nil
}

// forwardMessages serves messages.forwardMessages.
func forwardMessages(c *call, q *tg.MessagesForwardMessages) (tg.UpdatesClass, error) {
	switch {
	case len(q.ID) == 0:
		return nil, refusal(400, "MESSAGE_IDS_EMPTY")
	case len(q.ID) != len(q.RandomID) || len(q.ID) > maxForwards:
		return nil, refusal(400, "RANDOM_ID_INVALID")
	}
	from, err := c.findPeer(q.FromPeer)
	if err != nil {
		return nil, err
	}
	if from.kind == peerChannel {
		if err := c.mayRead(c.world().channels[from.id]); err != nil {
			return nil, err
		}
	}
	b, _ := c.boxOf(from)
	d := &draft{peer: q.ToPeer, reply: q.ReplyTo, schedule: q.ScheduleDate.Or(0)}
	if top := q.TopMsgID.Or(0); top != 0 && d.reply == nil {
		d.reply = &tg.InputReplyToMessage{ReplyToMsgID: top, TopMsgID: q.TopMsgID}
	}
	albums := make(map[int64]int64)
	for i, id := range q.ID {
		e := b.get(id)
		switch {
		case e == nil || e.peer != from || e.action != nil:
			return nil, errMessageInvalid
		case e.protected:
			return nil, refusal(400, "CHAT_FORWARDS_RESTRICTED")
		}
		m := c.copyOf(e, q)
		m.randomID = q.RandomID[i]
		if e.group != 0 {
			if albums[e.group] == 0 {
				albums[e.group] = c.world().randomID()
			}
			m.group = albums[e.group]
		}
		d.messages = append(d.messages, m)
		d.what = max(d.what, contentOf(m))
		e.shared++
	}
	return c.deliver(d)
}

func contentOf(m *message) contentKind {
	switch {
	case m.poll != nil:
		return contentPoll
	case m.media != nil:
		return contentMedia
	}
	return contentText
}

// copyOf returns a message as it is forwarded.
func (c *call) copyOf(e *entry, q *tg.MessagesForwardMessages) *message {
	m := &message{
		text: e.text, entities: slices.Clone(e.entities), media: e.media, poll: e.poll,
		silent: q.Silent, protected: q.Noforwards,
	}
	if q.DropMediaCaptions && contentOf(m) != contentText {
		m.text, m.entities = "", nil
	}
	switch {
	case q.DropAuthor:
	case e.forward != nil:
		m.forward = e.forward
	default:
		m.forward = c.forwardHeader(e)
	}
	return m
}

// forwardHeader says where a message was first.
func (c *call) forwardHeader(e *entry) *tg.MessageFwdHeader {
	h := &tg.MessageFwdHeader{Date: e.date, FromID: e.sender().object(), PostAuthor: text(e.author)}
	if ch := c.world().channels[e.to.id]; e.to.kind == peerChannel && ch != nil && ch.broadcast {
		h.FromID = ch.key().object()
		h.ChannelPost.Value, h.ChannelPost.Set = e.id, true
	}
	return h
}
