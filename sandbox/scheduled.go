package sandbox

import (
	"cmp"
	"context"
	"slices"
	"time"

	"godwit/tg"
)

func init() {
	register(getScheduledHistory)
	register(getScheduledMessages)
	register(sendScheduledMessages)
	register(deleteScheduledMessages)
}

// Limits of messages for later.
const (
	maxScheduled = 100
	maxAhead     = 365 * 86400 // seconds
)

// A scheduled message waits to be sent. Its id is of its own kind.
type scheduled struct {
	*message
	id   int32
	when int32
}

// schedule puts messages by.
func (c *call) schedule(p peerKey, d *draft) (tg.UpdatesClass, error) {
	w := c.world()
	into := c.user.dialog(p)
	switch {
	case c.user.isBot():
		return nil, refusal(400, "SCHEDULE_BOT_NOT_ALLOWED")
	case d.schedule > w.unix()+maxAhead:
		return nil, refusal(400, "SCHEDULE_DATE_TOO_LATE")
	case len(into.scheduled)+len(d.messages) > maxScheduled:
		return nil, refusal(400, "SCHEDULE_TOO_MUCH")
	}
	var ids []tg.UpdateClass
	for _, m := range d.messages {
		w.lastScheduled++
		s := &scheduled{message: m, id: w.lastScheduled, when: max(d.schedule, w.unix())}
		into.scheduled = append(into.scheduled, s)
		w.wait(s.when)
		ids = append(ids, &tg.UpdateMessageID{ID: s.id, RandomID: m.randomID})
		c.tell(c.user, &tg.UpdateNewScheduledMessage{Message: c.scheduledObject(p, s)}, p, c.user.key())
	}
	out := c.updates(c.user)
	out.Updates = append(ids, out.Updates...)
	return out, nil
}

// wait notes that something is due at a time.
func (w *world) wait(when int32) {
	if w.due == 0 || when < w.due {
		w.due = when
	}
	if w.alarm != nil {
		w.alarm()
	}
}

func (c *call) scheduledObject(p peerKey, s *scheduled) tg.MessageClass {
	e := &entry{message: s.message, id: s.id, peer: p, out: true}
	m := c.world().messageObject(c.user, c.user.id, e).(*tg.Message)
	m.Date, m.FromScheduled = s.when, false
	return m
}

// sendDue sends what is due by now, in its order, and tells everybody.
func (c *call) sendDue() {
	w := c.world()
	now := w.unix()
	if w.due == 0 || w.due > now {
		return
	}
	w.due = 0
	for _, u := range w.users {
		for _, d := range u.dialogs {
			var ready []*scheduled
			for _, s := range d.scheduled {
				if s.when <= now {
					ready = append(ready, s)
				} else {
					w.wait(s.when)
				}
			}
			c.user = u
			c.sendScheduled(d, ready)
		}
	}
	c.announce()
}

// sendScheduled sends messages of the caller that have been put by.
func (c *call) sendScheduled(d *dialog, ready []*scheduled) {
	if len(ready) == 0 {
		return
	}
	slices.SortStableFunc(ready, func(a, b *scheduled) int { return cmp.Compare(a.when, b.when) })
	gone := &tg.UpdateDeleteScheduledMessages{Peer: d.peer.object()}
	for _, s := range ready {
		d.scheduled = slices.DeleteFunc(d.scheduled, func(other *scheduled) bool { return other == s })
		gone.Messages = append(gone.Messages, s.id)
		if c.mayWrite(d.peer, contentOf(s.message)) != nil {
			continue // as Telegram does, without a word
		}
		s.scheduled = true
		c.post(s.message)
		c.user.sent[s.randomID] = s.message
		_, owner := c.boxOf(d.peer)
		gone.SentMessages = append(gone.SentMessages, s.copies[owner])
	}
	c.tell(c.user, gone, d.peer)
}

// setAlarm has f called whenever a message is put by for later.
func (w *world) setAlarm(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alarm = f
}

// ring has keepTime look at when the next message is due.
func (sb *Sandbox) ring() {
	select {
	case sb.bell <- struct{}{}:
	default:
	}
}

// keepTime sends what is due, whether anybody calls or not, until the sandbox
// is closed.
func (sb *Sandbox) keepTime() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-sb.stopped:
			return
		case <-sb.bell:
		case <-timer.C:
		}
		if due := sb.sendDue(); due != 0 {
			timer.Reset(time.Unix(int64(due), 0).Sub(sb.options.Now()))
		}
	}
}

// sendDue sends what is due by now and returns when something is next, 0 if
// nothing is.
func (sb *Sandbox) sendDue() int32 {
	w := sb.world
	c := &call{Context: context.Background(), dc: sb.dcs[0]}
	w.mu.Lock()
	c.sendDue()
	due := w.due
	w.mu.Unlock()
	for told := range c.told {
		told.flush(sb.log)
	}
	return due
}

// findScheduled returns messages that the caller has put by. Without ids they
// are all, the last to be sent first.
func (c *call) findScheduled(in tg.InputPeerClass, ids []int32) (*dialog, []*scheduled, error) {
	p, err := c.findPeer(in)
	if err != nil {
		return nil, nil, err
	}
	d := c.user.dialog(p)
	if ids == nil {
		all := slices.Clone(d.scheduled)
		slices.SortStableFunc(all, func(a, b *scheduled) int { return cmp.Compare(b.when, a.when) })
		return d, all, nil
	}
	var found []*scheduled
	for _, id := range ids {
		i := slices.IndexFunc(d.scheduled, func(s *scheduled) bool { return s.id == id })
		if i < 0 {
			return nil, nil, errMessageInvalid
		}
		found = append(found, d.scheduled[i])
	}
	return d, found, nil
}

func (c *call) scheduledPage(in tg.InputPeerClass, ids []int32) (tg.MessagesMessagesClass, error) {
	d, list, err := c.findScheduled(in, ids)
	if err != nil {
		return nil, err
	}
	var seen refs
	seen.add(d.peer, c.user.key())
	out := &tg.MessagesMessages{Messages: []tg.MessageClass{}}
	for _, s := range list {
		out.Messages = append(out.Messages, c.scheduledObject(d.peer, s))
	}
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}

func getScheduledHistory(c *call, q *tg.MessagesGetScheduledHistory) (tg.MessagesMessagesClass, error) {
	return c.scheduledPage(q.Peer, nil)
}

func getScheduledMessages(c *call, q *tg.MessagesGetScheduledMessages) (tg.MessagesMessagesClass, error) {
	return c.scheduledPage(q.Peer, append([]int32{}, q.ID...))
}

func sendScheduledMessages(c *call, q *tg.MessagesSendScheduledMessages) (tg.UpdatesClass, error) {
	d, list, err := c.findScheduled(q.Peer, append([]int32{}, q.ID...))
	if err != nil {
		return nil, err
	}
	c.sendScheduled(d, list)
	return c.updates(c.user), nil
}

func deleteScheduledMessages(c *call, q *tg.MessagesDeleteScheduledMessages) (tg.UpdatesClass, error) {
	d, list, err := c.findScheduled(q.Peer, append([]int32{}, q.ID...))
	if err != nil {
		return nil, err
	}
	d.scheduled = slices.DeleteFunc(d.scheduled, func(s *scheduled) bool { return slices.Contains(list, s) })
	c.tell(c.user, &tg.UpdateDeleteScheduledMessages{Peer: d.peer.object(), Messages: q.ID}, d.peer)
	return c.updates(c.user), nil
}

// reschedule serves messages.editMessage for a message that waits.
func (c *call) reschedule(q *tg.MessagesEditMessage) (tg.UpdatesClass, error) {
	d, list, err := c.findScheduled(q.Peer, []int32{q.ID})
	if err != nil {
		return nil, err
	}
	s := list[0]
	if q.Message.Set {
		if err := c.rewrite(s.message, q, nil); err != nil {
			return nil, err
		}
	}
	s.when = max(q.ScheduleDate.Value, c.world().unix())
	c.world().wait(s.when)
	c.tell(c.user, &tg.UpdateNewScheduledMessage{Message: c.scheduledObject(d.peer, s)}, d.peer, c.user.key())
	return c.updates(c.user), nil
}
