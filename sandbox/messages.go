package sandbox

import (
	"unicode/utf8"

	"godwit/tg"
)

func init() {
	register(sendMessage)
	register(editMessage)
	register(deleteMessages)
	register(readHistory)
	register(setTyping)
	register(receivedMessages)
}

// Longest text of a chat message, in code points.
const maxText = 4096

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

// sendMessage serves messages.sendMessage. A random id that the sender has
// used before gets the answer that it got then.
func sendMessage(c *call, q *tg.MessagesSendMessage) (tg.UpdatesClass, error) {
	if m := c.user.sent[q.RandomID]; m != nil && q.RandomID != 0 {
		return c.sent(m), nil
	}
	p, err := c.findPeer(q.Peer)
	if err != nil {
		return nil, err
	}
	if err := c.mayWrite(p); err != nil {
		return nil, err
	}
	if err := checkText(q.Message); err != nil {
		return nil, err
	}
	if q.RandomID == 0 {
		return nil, refusal(400, "RANDOM_ID_EMPTY")
	}
	m := &message{
		from: c.user.id, to: p, text: q.Message, entities: q.Entities, silent: q.Silent, randomID: q.RandomID,
	}
	if m.replyTo, err = c.replied(p, q.ReplyTo); err != nil {
		return nil, err
	}
	c.post(m)
	c.user.sent[q.RandomID] = m
	return c.sent(m), nil
}

// sent is the answer to whoever sent some messages, all to one peer.
func (c *call) sent(messages ...*message) *tg.Updates {
	w := c.world()
	out := &tg.Updates{Date: w.unix()}
	var seen refs
	for _, m := range messages {
		b, owner := c.boxOf(m.to)
		id := m.copies[owner]
		out.Updates = append(out.Updates, &tg.UpdateMessageID{ID: id, RandomID: m.randomID})
		if e := b.get(id); e != nil {
			out.Updates = append(out.Updates, c.newMessage(c.user, e))
			seen.entry(e)
		}
	}
	out.Users = w.userObjects(c.user, &seen)
	out.Chats = w.chatObjects(c.user, &seen)
	return out
}

// mayWrite tells whether the caller may send messages to p.
func (c *call) mayWrite(p peerKey) error {
	w := c.world()
	switch p.kind {
	case peerUser:
		if to := w.users[p.id]; c.user.isBot() && to != c.user {
			if to.isBot() {
				return refusal(400, "USER_IS_BOT")
			}
			if d := c.user.dialogs[p]; d == nil || len(d.ids) == 0 {
				return errPeerInvalid // a bot cannot begin a conversation
			}
		}
	case peerChannel:
		ch := w.channels[p.id]
		switch {
		case c.mayRead(ch) != nil:
			return errChannelPrivate
		case ch.members[c.user.id] == nil, ch.broadcast && ch.creator != c.user.id:
			return refusal(403, "CHAT_WRITE_FORBIDDEN")
		}
	}
	return nil
}

// replied finds the message that a reply names.
func (c *call) replied(p peerKey, in tg.InputReplyToClass) (*message, error) {
	to, ok := in.(*tg.InputReplyToMessage)
	if !ok || to.ReplyToMsgID == 0 {
		return nil, nil
	}
	b, _ := c.boxOf(p)
	e := b.get(to.ReplyToMsgID)
	if e == nil || e.peer != p {
		return nil, refusal(400, "REPLY_MESSAGE_ID_INVALID")
	}
	return e.message, nil
}

func editMessage(c *call, q *tg.MessagesEditMessage) (tg.UpdatesClass, error) {
	p, err := c.findPeer(q.Peer)
	if err != nil {
		return nil, err
	}
	b, _ := c.boxOf(p)
	e := b.get(q.ID)
	switch {
	case e == nil || e.peer != p:
		return nil, errMessageInvalid
	case e.from != c.user.id || e.action != nil:
		return nil, refusal(403, "MESSAGE_AUTHOR_REQUIRED")
	case e.text == q.Message.Value:
		return nil, refusal(400, "MESSAGE_NOT_MODIFIED")
	}
	if err := checkText(q.Message.Value); err != nil {
		return nil, err
	}
	e.text, e.entities, e.edited = q.Message.Value, q.Entities, c.world().unix()
	c.edited(e.message)
	return c.updates(c.user), nil
}

func deleteMessages(c *call, q *tg.MessagesDeleteMessages) (*tg.MessagesAffectedMessages, error) {
	others := make(map[*user][]int32)
	for _, id := range q.ID {
		e := c.user.box.get(id)
		if e == nil || !q.Revoke {
			continue
		}
		for owner, theirs := range e.copies {
			if u := c.world().users[owner]; u != nil && u != c.user {
				others[u] = append(others[u], theirs)
			}
		}
	}
	n := c.remove(c.user, q.ID)
	for u, ids := range others {
		c.remove(u, ids)
	}
	return &tg.MessagesAffectedMessages{Pts: int32(c.user.box.pts), PtsCount: int32(n)}, nil
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
	w := c.world()
	self := c.user.key()
	switch p.kind {
	case peerUser:
		if p != self {
			c.tell(w.users[p.id], &tg.UpdateUserTyping{UserID: c.user.id, Action: q.Action}, self)
		}
	case peerChat:
		for _, one := range w.chats[p.id].members {
			if one.user != c.user {
				c.tell(one.user, &tg.UpdateChatUserTyping{ChatID: p.id, FromID: self.object(), Action: q.Action}, self, p)
			}
		}
	case peerChannel:
		for one := range w.channels[p.id].online() {
			if one != c.user {
				c.tell(one, &tg.UpdateChannelUserTyping{ChannelID: p.id, FromID: self.object(), Action: q.Action}, self, p)
			}
		}
	}
	return true, nil
}

// receivedMessages serves messages.receivedMessages, which says what a device
// has got. Nothing is kept of it.
func receivedMessages(*call, *tg.MessagesReceivedMessages) (vector[*tg.ReceivedNotifyMessage], error) {
	return nil, nil
}
