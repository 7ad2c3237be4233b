package updates

import (
	"slices"
	"sort"
	"time"

	"godwit/tg"
)

// A channel is the box of one channel or supergroup.
type channel struct {
	box
	id      int64
	fetch   fetcher
	target  int32 // the pts that the channel is known to have reached
	watched bool
	pollAt  time.Time // of a watched channel

	heard         time.Time // zero: not in the list of quiet ones
	before, after *channel  // there
}

// channelOf returns the box of a channel. Without a stored pts, the first
// update sets it.
func (e *Engine) channelOf(id int64) *channel {
	c, ok := e.channels[id]
	if !ok {
		c = &channel{id: id}
		e.channels[id] = c
		if !e.heard.IsZero() {
			e.quiet.hear(e.heard, c)
		}
	}
	return c
}

// SetChannel takes the pts of a channel from its dialog or channelFull
// (R-UP-10). Where it is ahead of what was received, the difference is fetched.
func (e *Engine) SetChannel(id int64, pts int32) {
	e.last = nil
	c := e.channelOf(id)
	switch {
	case pts <= 0:
	case !c.known && !c.fetch.busy():
		c.set(pts)
		e.channelChanged(id, pts, nil)
	default:
		e.channelTooLong(id, pts)
	}
}

// Watch has a channel that the account has not joined polled, as one that is
// being read (R-UP-29). It reports whether there was room for it: at most
// MaxWatched are watched at once.
func (e *Engine) Watch(id int64) bool {
	c := e.channelOf(id)
	if c.watched {
		return true
	}
	if e.watched >= MaxWatched {
		return false
	}
	e.watched++
	c.watched = true
	e.fetchChannel(c)
	return true
}

// Unwatch ends what Watch began.
func (e *Engine) Unwatch(id int64) {
	if c, ok := e.channels[id]; ok && c.watched {
		e.watched--
		c.watched, c.pollAt = false, time.Time{}
		e.schedule(c)
	}
}

// deadline returns when the channel has something to do.
func (c *channel) deadline() time.Time {
	if c.fetch.busy() {
		return c.fetch.at()
	}
	return earliest(c.gapAt, c.pollAt)
}

// schedule keeps the list of channels with deadlines.
func (e *Engine) schedule(c *channel) {
	if c.deadline().IsZero() {
		delete(e.timed, c.id)
	} else {
		e.timed[c.id] = c
	}
}

// tickChannels fetches for the channels whose time has come, in an order that
// depends on nothing but the state.
func (e *Engine) tickChannels(now time.Time) {
	var ready []*channel
	for _, c := range e.timed {
		if due(now, c.deadline()) {
			ready = append(ready, c)
		}
	}
	sort.Slice(ready, func(i, j int) bool { return ready[i].id < ready[j].id })
	for _, c := range ready {
		c.fetch.phase, c.pollAt = idle, time.Time{}
		e.fetchChannel(c)
	}
}

// fetchChannel queues a channel for its difference.
func (e *Engine) fetchChannel(c *channel) {
	switch c.fetch.phase {
	case underWay:
		c.fetch.again = true
	case idle:
		c.fetch.phase = queued
		e.waiting = append(e.waiting, c)
		e.launchChannels()
	}
	e.schedule(c)
}

// launchChannels makes as many of the queued fetches as may be under way
// (R-UP-29).
func (e *Engine) launchChannels() {
	for e.flying < MaxChannelFetches && len(e.waiting) > 0 {
		c := e.waiting[0]
		e.waiting = e.waiting[1:]
		c.fetch.phase, c.fetch.again = underWay, false
		e.flying++
		f := Fetch{Kind: FetchChannelDifference, Channel: c.id, PTS: max(c.value, 1), Limit: channelLimit}
		if e.o.Bot {
			f.Limit = botChannelLimit
		}
		e.fetches = append(e.fetches, f)
	}
}

// channelTooLong acts on updateChannelTooLong, whose pts is 0 where it has
// none (R-UP-27).
func (e *Engine) channelTooLong(id int64, pts int32) {
	c := e.channelOf(id)
	if pts != 0 && c.known && pts <= c.value {
		return
	}
	c.target = max(c.target, pts)
	if pts == 0 || !c.fetch.busy() {
		e.fetchChannel(c)
	}
}

// offerChannel is offerCommon for a channel.
func (e *Engine) offerChannel(now time.Time, c *channel, i item) {
	e.quiet.hear(now, c)
	switch {
	case c.fetch.busy():
		c.hold(now, i)
	default:
		switch c.judge(i) {
		case gap:
			c.hold(now, i)
		case apply:
			if !e.applyChannel(now, c, i) {
				return
			}
			e.drainChannel(now, c)
		}
	}
	e.schedule(c)
}

// applyChannel delivers an update of a channel. It reports false where the
// difference has to be fetched instead.
func (e *Engine) applyChannel(now time.Time, c *channel, i item) bool {
	if !e.knowsAll(i) {
		c.hold(now, i)
		e.fetchChannel(c)
		return false
	}
	c.value = i.end
	if i.update != nil {
		e.emit(i.update, i.from)
	}
	e.channelChanged(c.id, c.value, i.from)
	return true
}

func (e *Engine) drainChannel(now time.Time, c *channel) {
	for i, ok := c.next(now); ok; i, ok = c.next(now) {
		if !e.applyChannel(now, c, i) {
			return
		}
	}
}

// GotChannelDifference takes the answer to updates.getChannelDifference
// (R-UP-26).
func (e *Engine) GotChannelDifference(now time.Time, id int64, d tg.UpdatesChannelDifferenceClass) {
	c, ok := e.channels[id]
	if !ok || c.fetch.phase != underWay {
		return
	}
	e.last = nil
	e.heard = now // the common boxes may have missed something all the same
	e.quiet.hear(now, c)
	before, final, timeout := c.value, true, int32(0)
	switch d := d.(type) {
	case *tg.UpdatesChannelDifferenceEmpty:
		final, timeout = d.Final, d.Timeout.Value
		e.moveChannel(c, d.Pts, nil)
	case *tg.UpdatesChannelDifference:
		final, timeout = d.Final, d.Timeout.Value
		from := &entities{d.Users, d.Chats}
		e.applyChannelDifference(now, c, d, from)
	case *tg.UpdatesChannelDifferenceTooLong:
		final, timeout = d.Final, d.Timeout.Value
		from := &entities{d.Users, d.Chats}
		e.lost(Lost{Channel: id, Messages: d.Messages}, from)
		if dialog, ok := d.Dialog.(*tg.Dialog); ok {
			e.moveChannel(c, dialog.Pts.Value, from)
		}
	}
	e.flying--
	if c.watched {
		c.pollAt = now.Add(watchWait)
		if timeout > 0 {
			c.pollAt = now.Add(time.Duration(timeout) * time.Second)
		}
	}
	if final {
		e.finishChannel(now, c)
	} else {
		e.continueChannel(now, c, before)
	}
	e.launchChannels()
}

// moveChannel sets a channel's pts to what the difference says.
func (e *Engine) moveChannel(c *channel, pts int32, from *entities) {
	if pts <= 0 || c.known && pts == c.value {
		return
	}
	c.set(pts)
	e.channelChanged(c.id, pts, from)
}

// continueChannel asks for what follows; after an answer that changed nothing,
// only after a while (R-UP-23).
func (e *Engine) continueChannel(now time.Time, c *channel, before int32) {
	if c.value == before {
		c.fetch.delay(now, nil)
	} else {
		c.fetch = fetcher{phase: queued}
		e.waiting = slices.Insert(e.waiting, 0, c)
	}
	e.schedule(c)
}

// finishChannel goes on with what was held back during the fetch.
func (e *Engine) finishChannel(now time.Time, c *channel) {
	again := c.fetch.again || c.spilled || c.target > c.value
	c.fetch, c.spilled, c.target = fetcher{}, false, 0
	if again {
		e.fetchChannel(c)
		return
	}
	e.drainChannel(now, c)
	e.schedule(c)
}

// applyChannelDifference delivers what was missed, in the order of R-UP-23,
// together with the new pts. Updates of other channels come after it.
func (e *Engine) applyChannelDifference(now time.Time, c *channel, d *tg.UpdatesChannelDifference, from *entities) {
	e.emitIDs(d.OtherUpdates, from)
	for _, m := range d.NewMessages {
		e.emit(&tg.UpdateNewChannelMessage{Message: m}, from)
	}
	var others []tg.UpdateClass
	for _, u := range d.OtherUpdates {
		switch at := counterOf(u); {
		case at.kind == ahead, at.kind == ptsChanged, at.kind == tooLong && at.channel == c.id:
		case at.channel != 0 && at.channel != c.id:
			others = append(others, u)
		default:
			e.emit(u, from)
		}
	}
	e.moveChannel(c, d.Pts, from)
	for _, u := range others {
		e.applyForChannel(now, u, from)
	}
}

// forget drops the box of a channel that the account may not read any more
// (R-UP-28).
func (e *Engine) forget(c *channel) {
	if c.watched {
		e.watched--
	}
	delete(e.channels, c.id)
	delete(e.timed, c.id)
	e.quiet.remove(c)
	e.channelChanged(c.id, 0, nil)
}
