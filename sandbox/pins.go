package sandbox

import (
	"slices"

	"godwit/tg"
)

func init() {
	register(updatePinnedMessage)
	register(unpinAllMessages)
}

// updatePinnedMessage serves messages.updatePinnedMessage. A message is pinned
// for all who have a copy, in a private chat for the caller alone if that is
// asked for.
func updatePinnedMessage(c *call, q *tg.MessagesUpdatePinnedMessage) (tg.UpdatesClass, error) {
	e, err := c.findMessage(q.Peer, q.ID)
	switch {
	case err != nil:
		return nil, err
	case e.action != nil:
		return nil, errMessageInvalid
	}
	right := actPin
	if e.peer.kind == peerChannel && c.world().channels[e.peer.id].broadcast {
		right = actEdit // as https://core.telegram.org/api/pin says
	}
	switch {
	case !c.world().may(c.user, e.peer, right):
		return nil, errAdminRequired
	case e.pinned == !q.Unpin:
		return nil, errNotModified
	case q.PmOneside && e.peer.kind == peerUser:
		c.pin(c.user, e.peer, []int32{e.id}, !q.Unpin)
		return c.updates(c.user), nil
	}
	c.pinCopies(e.message, !q.Unpin)
	c.logMessage(logPinned, e, func(m tg.MessageClass) tg.ChannelAdminLogEventActionClass {
		return &tg.ChannelAdminLogEventActionUpdatePinned{Message: m}
	})
	if !q.Unpin {
		c.post(&message{
			from: c.user.id, to: e.peer, silent: q.Silent, thread: e.thread,
			reply: &reply{to: e.message}, action: &tg.MessageActionPinMessage{},
		})
	}
	return c.updates(c.user), nil
}

// pinCopies pins a message, or unpins it, wherever it lies.
func (c *call) pinCopies(m *message, pinned bool) {
	w := c.world()
	for owner, id := range m.copies {
		if owner == 0 {
			c.pinChannel(w.channels[m.to.id], []int32{id}, pinned)
			continue
		}
		if u := w.users[owner]; u.box.get(id) != nil {
			c.pin(u, u.box.get(id).peer, []int32{id}, pinned)
		}
	}
}

// pin pins messages in a user's box, or unpins them.
func (c *call) pin(u *user, p peerKey, ids []int32, pinned bool) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int32) bool { return u.box.get(id).pinned == pinned })
	if len(ids) == 0 {
		return
	}
	for _, id := range ids {
		u.box.pin(u.box.get(id), pinned)
	}
	ev := event{kind: pinEvent(pinned), ids: ids, peer: p, count: len(ids)}
	ev.pts = u.box.record(ev)
	c.tell(u, pinUpdate(ev), p)
}

func (c *call) pinChannel(ch *channel, ids []int32, pinned bool) int {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int32) bool { return ch.box.get(id).pinned == pinned })
	if len(ids) == 0 {
		return 0
	}
	for _, id := range ids {
		ch.box.pin(ch.box.get(id), pinned)
	}
	ev := event{kind: pinEvent(pinned), ids: ids, peer: ch.key(), count: len(ids)}
	ev.pts = ch.box.record(ev)
	ch.changed = c.world().unix()
	for one := range c.world().online(ch) {
		c.tell(one, pinUpdate(ev), ch.key())
	}
	return len(ids)
}

func pinEvent(pinned bool) eventKind {
	if pinned {
		return eventPin
	}
	return eventUnpin
}

// pinUpdate tells of messages that were pinned or unpinned.
func pinUpdate(ev event) tg.UpdateClass {
	pinned := ev.kind == eventPin
	if ev.peer.kind == peerChannel {
		return &tg.UpdatePinnedChannelMessages{
			Pinned: pinned, ChannelID: ev.peer.id, Messages: ev.ids, Pts: int32(ev.pts), PtsCount: int32(ev.count),
		}
	}
	return &tg.UpdatePinnedMessages{
		Pinned: pinned, Peer: ev.peer.object(), Messages: ev.ids, Pts: int32(ev.pts), PtsCount: int32(ev.count),
	}
}

func unpinAllMessages(c *call, q *tg.MessagesUnpinAllMessages) (*tg.MessagesAffectedHistory, error) {
	p, err := c.findPeer(q.Peer)
	if err != nil {
		return nil, err
	}
	if err := c.needs(p, actPin); err != nil {
		return nil, err
	}
	b, _ := c.boxOf(p)
	pinned := slices.Clone(b.pinned(p))
	if top := q.TopMsgID.Or(0); top != 0 {
		pinned = slices.DeleteFunc(pinned, func(id int32) bool { return b.get(id).thread != top })
	}
	if p.kind == peerChannel {
		n := c.pinChannel(c.world().channels[p.id], pinned, false)
		return &tg.MessagesAffectedHistory{Pts: int32(b.pts), PtsCount: int32(n)}, nil
	}
	before := b.pts
	for _, id := range pinned {
		c.pinCopies(b.get(id).message, false)
	}
	return &tg.MessagesAffectedHistory{Pts: int32(b.pts), PtsCount: int32(b.pts - before)}, nil
}
