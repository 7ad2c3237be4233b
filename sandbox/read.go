package sandbox

import (
	"sort"

	"godwit/tg"
)

// unread returns how many messages of a dialog its owner has not read.
func (w *world) unread(u *user, d *dialog) int {
	n := 0
	if d.peer.kind == peerChannel {
		ch := w.channels[d.peer.id]
		for _, id := range ch.ids[after(ch.ids, d.readInbox):] {
			if ch.box.get(id).from != u.id {
				n++
			}
		}
		return n
	}
	for _, id := range d.ids[after(d.ids, d.readInbox):] {
		if e := u.box.get(id); e != nil && !e.out {
			n++
		}
	}
	return n
}

// after returns the index of the first id above id.
func after(ids []int32, id int32) int {
	return sort.Search(len(ids), func(i int) bool { return ids[i] > id })
}

// read marks messages of the caller's box as read, 0 for all, and
// tells those who wrote them. It returns by how much pts has grown.
func (c *call) read(p peerKey, upTo int32) int {
	u := c.user
	d := u.dialogs[p]
	if d == nil || len(d.ids) == 0 {
		return 0
	}
	if last := d.ids[len(d.ids)-1]; upTo == 0 || upTo > last {
		upTo = last
	}
	if upTo <= d.readInbox {
		return 0
	}
	c.tellWriters(u, d, upTo)
	d.readInbox = upTo
	left := c.world().unread(u, d)
	pts := u.box.record(event{kind: eventReadInbox, peer: p, maxID: upTo, unread: left, count: 1})
	c.tell(u, readInbox(p, upTo, left, pts), p)
	return 1
}

func readInbox(p peerKey, upTo int32, left, pts int) tg.UpdateClass {
	return &tg.UpdateReadHistoryInbox{
		Peer: p.object(), MaxID: upTo, StillUnreadCount: int32(left), Pts: int32(pts), PtsCount: 1,
	}
}

func readOutbox(p peerKey, upTo int32, pts int) tg.UpdateClass {
	return &tg.UpdateReadHistoryOutbox{Peer: p.object(), MaxID: upTo, Pts: int32(pts), PtsCount: 1}
}

// tellWriters tells the writers of what u reads in d, up to upTo, that it has
// been read.
func (c *call) tellWriters(u *user, d *dialog, upTo int32) {
	w := c.world()
	newest := make(map[int64]int32) // writer → newest of its own copies that is read
	for _, id := range d.ids[after(d.ids, d.readInbox):after(d.ids, upTo)] {
		if e := u.box.get(id); e != nil && !e.out {
			newest[e.from] = e.copies[e.from]
		}
	}
	for writer, id := range newest {
		from := w.users[writer]
		p := d.peer
		if p.kind == peerUser {
			p = u.key()
		}
		theirs := from.dialog(p)
		if id <= theirs.readOutbox {
			continue
		}
		theirs.readOutbox = id
		pts := from.box.record(event{kind: eventReadOutbox, peer: p, maxID: id, count: 1})
		c.tell(from, readOutbox(p, id, pts), p)
	}
}

// readChannel marks a channel as read.
func (c *call) readChannel(ch *channel, upTo int32) {
	d := c.user.dialog(ch.key())
	if last := ch.box.last(); upTo == 0 || upTo > last {
		upTo = last
	}
	if upTo <= d.readInbox {
		return
	}
	w := c.world()
	writers := make(map[int64]bool)
	for _, id := range ch.ids[after(ch.ids, d.readInbox):after(ch.ids, upTo)] {
		if from := ch.box.get(id).from; from != c.user.id && from != 0 {
			writers[from] = true
		}
	}
	d.readInbox = upTo
	c.tell(c.user, &tg.UpdateReadChannelInbox{
		ChannelID: ch.id, MaxID: upTo, StillUnreadCount: int32(w.unread(c.user, d)), Pts: int32(ch.box.pts),
	}, ch.key())
	for id := range writers {
		theirs := w.users[id].dialog(ch.key())
		if ch.broadcast || upTo <= theirs.readOutbox {
			continue
		}
		theirs.readOutbox = upTo
		c.tell(w.users[id], &tg.UpdateReadChannelOutbox{ChannelID: ch.id, MaxID: upTo}, ch.key())
	}
}
