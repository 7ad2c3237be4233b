package sandbox

import (
	"slices"
	"time"

	"godwit/tg"
)

// An Entry of the ledger is a chat message that the sandbox has accepted.
type Entry struct {
	Date     time.Time
	From     int64  // user id of the sender
	PeerKind string // "user", "chat" or "channel"
	PeerID   int64  // where it was sent, an id of that kind
	Text     string
	RandomID int64 // that the sender gave it, to tell repetitions
}

func (k peerKind) String() string { return [...]string{"", "user", "chat", "channel"}[k] }

// post puts a message into every box that it belongs in and tells the owners.
// It returns the sender's copy, or the channel's.
func (c *call) post(m *message) *entry {
	w := c.world()
	m.date = w.unix()
	m.copies = make(map[int64]int32)
	if m.poll != nil {
		m.poll.shown = append(m.poll.shown, m)
	}
	if m.action == nil && m.post == nil {
		w.ledger = append(w.ledger, Entry{
			Date: w.now(), From: m.from, PeerKind: m.to.kind.String(), PeerID: m.to.id,
			Text: m.text, RandomID: m.randomID,
		})
	}
	sender := w.users[m.from]
	w.group(m.to).wroteIn(sender, m)
	switch m.to.kind {
	case peerChannel:
		return c.postChannel(m, w.channels[m.to.id])
	case peerChat:
		for _, one := range w.chats[m.to.id].members {
			if one.user != sender && w.sees(one.user, m) {
				c.put(m, one.user, m.to, false)
			}
		}
	case peerUser:
		if m.to.id != m.from && !w.users[m.to.id].blocks(sender) {
			c.put(m, w.users[m.to.id], sender.key(), false)
		}
	}
	return c.put(m, sender, m.to, true)
}

// put enters a message into a user's box.
func (c *call) put(m *message, u *user, p peerKey, out bool) *entry {
	e := u.box.add(m, p, out)
	m.copies[u.id] = e.id
	d := u.dialog(p)
	d.ids = append(d.ids, e.id)
	if !out && slices.Contains(c.mentioned(m), u) {
		d.unheard.add(e.id)
	}
	c.tell(u, c.newMessage(u, e))
	c.batch(u).seen.entry(e)
	return e
}

func (c *call) postChannel(m *message, ch *channel) *entry {
	w := c.world()
	e := ch.box.add(m, ch.key(), false)
	m.copies[0] = e.id
	ch.ids = append(ch.ids, e.id)
	ch.threaded(e)
	ch.changed = m.date
	if sender := ch.members[m.from]; sender != nil {
		ch.wrote(sender, m.date)
	}
	for _, u := range c.mentioned(m) {
		u.dialog(ch.key()).unheard.add(e.id)
	}
	if ch.broadcast && m.action == nil {
		if ch.linked != nil {
			c.discuss(e, ch.linked)
		}
		c.logMessage(logSend, e, func(m tg.MessageClass) tg.ChannelAdminLogEventActionClass {
			return &tg.ChannelAdminLogEventActionSendMessage{Message: m}
		})
	}
	for one := range w.online(ch) {
		if w.sees(one, m) {
			c.tell(one, c.newMessage(one, e))
			c.batch(one).seen.entry(e)
		}
	}
	return e
}

// newMessage is the update that brings a message to u.
func (c *call) newMessage(u *user, e *entry) tg.UpdateClass {
	if e.peer.kind == peerChannel {
		return &tg.UpdateNewChannelMessage{Message: c.world().messageObject(u, 0, e), Pts: int32(e.pts), PtsCount: 1}
	}
	return &tg.UpdateNewMessage{Message: c.world().messageObject(u, u.id, e), Pts: int32(e.pts), PtsCount: 1}
}

// edited tells all who have a copy of m that it has changed.
func (c *call) edited(m *message) {
	w := c.world()
	for owner, id := range m.copies {
		if owner == 0 {
			c.editedChannel(w.channels[m.to.id], id)
			continue
		}
		u := w.users[owner]
		e := u.box.get(id)
		if e == nil {
			continue
		}
		u.dialog(e.peer).index.changed(e)
		pts := u.box.record(event{kind: eventEdit, id: id, count: 1})
		c.tell(u, &tg.UpdateEditMessage{Message: w.messageObject(u, u.id, e), Pts: int32(pts), PtsCount: 1})
		c.batch(u).seen.entry(e)
	}
}

func (c *call) editedChannel(ch *channel, id int32) {
	w := c.world()
	e := ch.box.get(id)
	if e == nil {
		return
	}
	ch.index.changed(e)
	pts := ch.box.record(event{kind: eventEdit, id: id, count: 1})
	ch.changed = w.unix()
	for one := range w.online(ch) {
		if w.sees(one, e.message) {
			c.tell(one, &tg.UpdateEditChannelMessage{Message: w.messageObject(one, 0, e), Pts: int32(pts), PtsCount: 1})
			c.batch(one).seen.entry(e)
		}
	}
}

// remove deletes messages from a user's box and tells the user. It returns
// how many there were.
func (c *call) remove(u *user, ids []int32) int {
	var gone []int32
	for _, id := range ids {
		e := u.box.get(id)
		if e == nil {
			continue
		}
		u.box.pin(e, false)
		u.box.entries[id-1] = nil
		d := u.dialog(e.peer)
		d.index.removed(e)
		delete(d.unheard, id)
		delete(d.unseen, id)
		if i, found := slices.BinarySearch(d.ids, id); found {
			d.ids = slices.Delete(d.ids, i, i+1)
		}
		gone = append(gone, id)
	}
	if len(gone) > 0 {
		ev := event{kind: eventDelete, ids: gone, count: len(gone)}
		ev.pts = u.box.record(ev)
		c.tell(u, deleteUpdate(ev))
	}
	return len(gone)
}

// removeChannel deletes messages from a channel and tells its members. With posts
// go their copies in the group where they are discussed; the comments stay.
func (c *call) removeChannel(ch *channel, ids []int32) int {
	var gone, copies []int32
	for _, id := range ids {
		e := ch.box.get(id)
		if e == nil {
			continue
		}
		if t := ch.threads[e.thread]; t != nil {
			t.count--
		}
		if _, copied := e.commented(ch); copied != nil {
			copies = append(copies, copied.id)
		}
		c.world().forget(ch, e, c.mentioned(e.message))
		ch.index.removed(e)
		ch.box.pin(e, false)
		ch.box.entries[id-1] = nil
		if i, found := slices.BinarySearch(ch.ids, id); found {
			ch.ids = slices.Delete(ch.ids, i, i+1)
		}
		gone = append(gone, id)
	}
	if len(copies) > 0 {
		c.removeChannel(ch.linked, copies)
	}
	if len(gone) > 0 {
		ev := event{kind: eventDelete, ids: gone, peer: ch.key(), count: len(gone)}
		ev.pts = ch.box.record(ev)
		ch.changed = c.world().unix()
		for one := range c.world().online(ch) {
			c.tell(one, deleteUpdate(ev), ch.key())
		}
	}
	return len(gone)
}
