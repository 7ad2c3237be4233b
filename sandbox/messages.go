package sandbox

import (
	"slices"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(editMessage)
	register(deleteMessages)
	register(deleteHistory)
	register(readHistory)
	register(setTyping)
	register(receivedMessages)
}

// maxDelete is how many messages one call of messages.deleteHistory deletes.
const maxDelete = 1000

// findMessage returns a message that the caller names.
func (c *call) findMessage(in tg.InputPeerClass, id int32) (*entry, error) {
	p, err := c.findPeer(in)
	if err != nil {
		return nil, err
	}
	if p.kind == peerChannel {
		if err := c.mayRead(c.world().channels[p.id]); err != nil {
			return nil, err
		}
	}
	b, _ := c.boxOf(p)
	e := b.get(id)
	if e == nil || e.peer != p {
		return nil, errMessageInvalid
	}
	return e, nil
}

func editMessage(c *call, q *tg.MessagesEditMessage) (tl.Object, error) {
	if q.ScheduleDate.Set {
		return c.reschedule(q)
	}
	e, err := c.findMessage(q.Peer, q.ID)
	if err != nil {
		return nil, err
	}
	channel := e.peer.kind == peerChannel && c.world().channels[e.peer.id].broadcast
	switch {
	case e.action != nil, e.forward != nil,
		e.from != c.user.id && !(channel && c.world().may(c.user, e.peer, actEdit)):
		return nil, refusal(403, "MESSAGE_AUTHOR_REQUIRED")
	}
	if in, ok := q.Media.(*tg.InputMediaPoll); ok && e.poll != nil {
		return c.closePoll(e, in)
	}
	if q.Media == nil {
		return c.edit(e, q, nil)
	}
	return c.takeMedia(q.Media, func(c *call, carried *media) (tl.Object, error) { return c.edit(e, q, carried) })
}

// edit changes a message and tells all who have a copy.
func (c *call) edit(e *entry, q *tg.MessagesEditMessage, carried *media) (tl.Object, error) {
	before := snapshot(e)
	if err := c.rewrite(e.message, q, carried); err != nil {
		return nil, err
	}
	c.logEdited(before, e)
	e.edited = c.world().unix()
	c.edited(e.message)
	c.editComments(e.message)
	return c.updates(c.user), nil
}

// rewrite changes a message as an edit says. carried are new media, nil if
// they stay.
func (c *call) rewrite(m *message, q *tg.MessagesEditMessage, carried *media) error {
	markup := m.markup
	if m.from == c.user.id && c.user.isBot() {
		var err error
		if markup, err = c.markup(q.ReplyMarkup); err != nil {
			return err // without any, the buttons go
		}
	}
	if !q.Message.Set && carried == nil {
		return m.rebutton(markup)
	}
	words := q.Message.Or(m.text)
	check := checkText
	if contentOf(m) != contentText || carried != nil {
		check = checkCaption
	}
	if err := check(words); err != nil {
		return err
	}
	entities, err := c.entities(words, q.Entities)
	if err != nil {
		return err
	}
	if words == m.text && carried == nil && slices.EqualFunc(entities, m.entities, sameEntity) && sameMarkup(markup, m.markup) {
		return errSameMessage
	}
	m.text, m.entities, m.markup = words, entities, markup
	if carried != nil {
		m.media = carried
	}
	return nil
}

var errSameMessage = refusal(400, "MESSAGE_NOT_MODIFIED")

// rebutton changes nothing of a message but its buttons.
func (m *message) rebutton(markup tg.ReplyMarkupClass) error {
	if sameMarkup(markup, m.markup) {
		return errSameMessage
	}
	m.markup = markup
	return nil
}

// sameEntity compares two entities by their encoding.
func sameEntity(a, b tg.MessageEntityClass) bool { return encodingOf(a) == encodingOf(b) }

// deleteMessages serves messages.deleteMessages: of the caller's own box, and
// for all who have a copy if that is asked for.
func deleteMessages(c *call, q *tg.MessagesDeleteMessages) (*tg.MessagesAffectedMessages, error) {
	n := c.removeEverywhere(q.ID, q.Revoke)
	return &tg.MessagesAffectedMessages{Pts: int32(c.user.box.pts), PtsCount: int32(n)}, nil
}

// removeEverywhere deletes messages from the caller's box, and with revoke
// from all others. It returns how many the caller had.
func (c *call) removeEverywhere(ids []int32, revoke bool) int {
	others := make(map[*user][]int32)
	for _, id := range ids {
		e := c.user.box.get(id)
		if e == nil || !revoke || !c.mayRevoke(e) {
			continue
		}
		for owner, theirs := range e.copies {
			if u := c.world().users[owner]; u != nil && u != c.user {
				others[u] = append(others[u], theirs)
			}
		}
	}
	n := c.remove(c.user, ids)
	for u, theirs := range others {
		c.remove(u, theirs)
	}
	return n
}

// mayRevoke tells whether the caller may delete a message for everybody: any
// one in a private chat, in a group its own unless it is an administrator.
func (c *call) mayRevoke(e *entry) bool {
	return e.peer.kind == peerUser || e.from == c.user.id || c.world().may(c.user, e.peer, actDelete)
}

// deleteHistory serves messages.deleteHistory, a part at a time: the answer
// says how much is left.
func deleteHistory(c *call, q *tg.MessagesDeleteHistory) (*tg.MessagesAffectedHistory, error) {
	p, err := c.findPeer(q.Peer)
	switch {
	case err != nil:
		return nil, err
	case p.kind == peerChannel:
		return nil, errPeerInvalid // channels.deleteHistory is for these
	}
	d := c.user.dialogs[p]
	if d == nil {
		return &tg.MessagesAffectedHistory{Pts: int32(c.user.box.pts)}, nil
	}
	ids := slices.Clone(d.ids)
	if q.MaxID > 0 {
		ids = ids[:after(ids, q.MaxID)]
	}
	left := max(0, len(ids)-maxDelete)
	n := c.removeEverywhere(ids[left:], q.Revoke && p.kind == peerUser)
	if left == 0 && !q.JustClear && len(d.ids) == 0 {
		delete(c.user.dialogs, p)
	}
	return &tg.MessagesAffectedHistory{Pts: int32(c.user.box.pts), PtsCount: int32(n), Offset: int32(left)}, nil
}

func readHistory(c *call, q *tg.MessagesReadHistory) (*tg.MessagesAffectedMessages, error) {
	p, err := c.findPeer(q.Peer)
	if err != nil {
		return nil, err
	}
	if p.kind == peerChannel {
		return nil, errPeerInvalid // channels.readHistory is for these
	}
	n := c.read(p, q.MaxID)
	return &tg.MessagesAffectedMessages{Pts: int32(c.user.box.pts), PtsCount: int32(n)}, nil
}

func setTyping(c *call, q *tg.MessagesSetTyping) (boolean, error) {
	p, err := c.findPeer(q.Peer)
	if err != nil {
		return false, err
	}
	if err := c.mayWrite(p, contentText); err != nil {
		return false, err
	}
	w := c.world()
	self := c.user.key()
	for one := range w.audience(p) {
		if one == c.user {
			continue
		}
		var update tg.UpdateClass
		switch p.kind {
		case peerUser:
			update = &tg.UpdateUserTyping{UserID: c.user.id, TopMsgID: q.TopMsgID, Action: q.Action}
		case peerChat:
			update = &tg.UpdateChatUserTyping{ChatID: p.id, FromID: self.object(), Action: q.Action}
		default:
			update = &tg.UpdateChannelUserTyping{ChannelID: p.id, TopMsgID: q.TopMsgID, FromID: self.object(), Action: q.Action}
		}
		c.tell(one, update, self)
		if p.kind != peerUser {
			c.batch(one).seen.add(p)
		}
	}
	return true, nil
}

// receivedMessages serves messages.receivedMessages, which says what a device
// has got. Nothing is kept of it.
func receivedMessages(*call, *tg.MessagesReceivedMessages) (vector[*tg.ReceivedNotifyMessage], error) {
	return nil, nil
}
