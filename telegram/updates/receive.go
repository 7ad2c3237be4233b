package updates

import (
	"slices"
	"time"

	"godwit/tg"
)

// Receive takes an Updates, pushed or the result of an own request (R-UP-01,
// R-UP-02). An updateShortSentMessage says too little about itself: expand it
// with ExpandSent first.
func (e *Engine) Receive(now time.Time, u tg.UpdatesClass) {
	e.last = nil
	e.hear(now)
	switch u := u.(type) {
	case *tg.UpdatesTooLong:
		e.fetchCommon(now) // R-UP-30
	case *tg.UpdateShort:
		e.receive(now, container{updates: []tg.UpdateClass{u.Update}, from: &entities{}})
	case *tg.UpdateShortMessage, *tg.UpdateShortChatMessage:
		e.receiveShort(now, u)
	case *tg.UpdateShortSentMessage:
		e.Affected(now, 0, u.Pts, u.PtsCount)
	case *tg.UpdatesCombined:
		e.receive(now, container{
			updates: u.Updates, from: &entities{u.Users, u.Chats},
			start: u.SeqStart, end: u.Seq, date: u.Date,
		})
	case *tg.Updates:
		e.receive(now, container{
			updates: u.Updates, from: &entities{u.Users, u.Chats},
			start: u.Seq, end: u.Seq, date: u.Date,
		})
	}
}

// receiveShort expands a short message, unless it names somebody of whom
// nothing is known (R-UP-03).
func (e *Engine) receiveShort(now time.Time, u tg.UpdatesClass) {
	short, unknown := expand(u)
	for _, peer := range unknown {
		if !e.knows(peer, &entities{}) {
			e.fetchCommon(now)
			return
		}
	}
	e.receive(now, container{updates: []tg.UpdateClass{short}, from: &entities{}})
}

// Affected takes the pts of the result of an own request, such as
// messages.affectedMessages. Channel is the channel that the request was
// about, 0 for none (R-UP-15).
func (e *Engine) Affected(now time.Time, channel int64, pts, count int32) {
	e.last = nil
	k := underPTS
	if channel != 0 {
		k = underOwn
	}
	e.receiveCounted(now, nil, counter{kind: k, channel: channel, end: pts, count: count}, &entities{})
}

// receive applies a container: first what has a counter of its own, each by
// its own rule, then the rest under seq (R-UP-16). Neither waits for the other
// (R-UP-17).
func (e *Engine) receive(now time.Time, c container) {
	again := e.seq.judge(c) == ignore
	var rest []tg.UpdateClass
	var counted []tg.UpdateClass
	for _, u := range c.updates {
		switch counterOf(u).kind {
		case underPTS, underQTS, underOwn:
			counted = append(counted, u)
		case ahead:
			if !again {
				e.emit(u, c.from)
			}
		default:
			rest = append(rest, u)
		}
	}
	for _, u := range counted {
		e.receiveCounted(now, u, counterOf(u), c.from)
	}
	c.updates = rest
	e.receiveRest(now, c)
}

// receiveCounted offers an update to its box.
func (e *Engine) receiveCounted(now time.Time, u tg.UpdateClass, at counter, from *entities) {
	i := item{update: u, end: at.end, count: at.count, from: from}
	if !i.valid() || at.kind == underOwn && at.channel == 0 {
		e.fetchCommon(now) // nothing that Telegram sends: R-UP-30
		return
	}
	switch at.kind {
	case underPTS:
		e.offerCommon(now, &e.pts, i)
	case underQTS:
		e.offerCommon(now, &e.qts, i)
	case underOwn:
		e.offerChannel(now, e.channelOf(at.channel), i)
	}
}

// offerCommon applies an item of a common box, or keeps it while the
// difference is being fetched or something before it is missing (R-UP-20).
func (e *Engine) offerCommon(now time.Time, b *box, i item) {
	if e.common.busy() {
		b.hold(now, i)
		return
	}
	switch b.judge(i) {
	case gap:
		b.hold(now, i)
	case apply:
		if e.applyCommon(now, b, i) {
			e.drain(now, b)
		}
	}
}

// applyCommon delivers an update of a common box. It reports false where the
// difference has to be fetched instead.
func (e *Engine) applyCommon(now time.Time, b *box, i item) bool {
	if !e.knowsAll(i) {
		b.hold(now, i)
		e.fetchCommon(now)
		return false
	}
	b.value = i.end
	if i.update != nil {
		e.emit(i.update, i.from)
	}
	e.commonChanged(i.from)
	return true
}

// drain applies the held items whose turn has come.
func (e *Engine) drain(now time.Time, b *box) {
	for i, ok := b.next(now); ok; i, ok = b.next(now) {
		if !e.applyCommon(now, b, i) {
			return
		}
	}
}

// receiveRest applies the rest of a container by seq (R-UP-13). What has no
// seq waits for nothing, not even a fetch.
func (e *Engine) receiveRest(now time.Time, c container) {
	switch verdict := e.seq.judge(c); {
	case c.start != 0 && e.common.busy(), verdict == gap:
		e.seq.hold(now, c)
	case verdict == apply:
		e.applyRest(now, c)
		if !e.common.busy() {
			e.drainRest(now)
		}
	}
}

func (e *Engine) drainRest(now time.Time) {
	for c, ok := e.seq.next(now); ok; c, ok = e.seq.next(now) {
		e.applyRest(now, c)
	}
}

// applyRest delivers the rest of a container and stores date and seq. The date
// moves only with seq: a container without one may come after something that
// was lost unnoticed, and what has no pts is fetched by date.
func (e *Engine) applyRest(now time.Time, c container) {
	for _, u := range c.updates {
		e.applyPlain(now, u, c.from)
	}
	if c.start == 0 || c.end < c.start {
		return
	}
	e.seq.value = c.end
	e.date = max(e.date, c.date)
	e.commonChanged(c.from)
}

// applyPlain acts on an update without a counter, and delivers it unless it is
// meant for the engine alone.
func (e *Engine) applyPlain(now time.Time, u tg.UpdateClass, from *entities) {
	switch at := counterOf(u); at.kind {
	case tooLong:
		e.channelTooLong(at.channel, at.end)
	case ptsChanged:
		e.reset = true // R-UP-14
		e.fetchCommon(now)
	default:
		e.emit(u, from)
	}
}

// knowsAll reports whether everybody that a new message names is known or has
// come with it (R-UP-30).
func (e *Engine) knowsAll(i item) bool {
	var message tg.MessageClass
	switch u := i.update.(type) {
	case *tg.UpdateNewMessage:
		message = u.Message
	case *tg.UpdateNewChannelMessage:
		message = u.Message
	}
	return !slices.ContainsFunc(peersOf(message), func(p tg.PeerClass) bool { return !e.knows(p, i.from) })
}

func (e *Engine) knows(p tg.PeerClass, from *entities) bool {
	if e.o.Knows == nil || e.alone || from.hold(p) {
		return true
	}
	return e.o.Knows(p)
}

// hold reports whether the peer is among the entities.
func (from *entities) hold(p tg.PeerClass) bool {
	switch p := p.(type) {
	case *tg.PeerUser:
		return slices.ContainsFunc(from.users, func(u tg.UserClass) bool {
			user, ok := u.(*tg.User)
			return ok && user.ID == p.UserID
		})
	case *tg.PeerChat:
		return slices.ContainsFunc(from.chats, func(c tg.ChatClass) bool { return chatID(c) == p.ChatID })
	case *tg.PeerChannel:
		return slices.ContainsFunc(from.chats, func(c tg.ChatClass) bool { return channelID(c) == p.ChannelID })
	}
	return true
}

func chatID(c tg.ChatClass) int64 {
	switch c := c.(type) {
	case *tg.Chat:
		return c.ID
	case *tg.ChatForbidden:
		return c.ID
	}
	return 0
}

func channelID(c tg.ChatClass) int64 {
	switch c := c.(type) {
	case *tg.Channel:
		return c.ID
	case *tg.ChannelForbidden:
		return c.ID
	}
	return 0
}
