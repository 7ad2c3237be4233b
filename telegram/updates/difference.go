package updates

import (
	"time"

	"godwit/tg"
)

// GotState takes the answer to updates.getState: the account's present state
// (R-UP-10). Where there was a state before, it did not fit the server's any
// more, and what lies between is lost (R-UP-14, R-UP-28).
func (e *Engine) GotState(now time.Time, s *tg.UpdatesState) {
	if e.common.phase != underWay {
		return
	}
	e.last = nil
	had := e.pts.known
	e.reset = false
	e.setCommon(s)
	if had {
		e.lost(Lost{}, nil)
		e.commonChanged(e.last)
	} else {
		e.commonChanged(nil)
	}
	e.finishCommon(now)
}

// GotDifference takes the answer to updates.getDifference (R-UP-22).
func (e *Engine) GotDifference(now time.Time, d tg.UpdatesDifferenceClass) {
	if e.common.phase != underWay {
		return
	}
	e.last = nil
	before := e.commonState()
	switch d := d.(type) {
	case *tg.UpdatesDifferenceEmpty:
		e.date = d.Date
		e.seq.set(d.Seq)
		if e.commonState() != before {
			e.commonChanged(nil)
		}
	case *tg.UpdatesDifference:
		e.applyDifference(now, &missed{d.NewMessages, d.NewEncryptedMessages, d.OtherUpdates, &d.State,
			&entities{d.Users, d.Chats}})
	case *tg.UpdatesDifferenceSlice:
		e.applyDifference(now, &missed{d.NewMessages, d.NewEncryptedMessages, d.OtherUpdates, &d.IntermediateState,
			&entities{d.Users, d.Chats}})
		e.continueCommon(now, before)
		return
	case *tg.UpdatesDifferenceTooLong:
		e.pts.set(d.Pts)
		e.lost(Lost{}, nil)
		e.commonChanged(e.last)
		e.continueCommon(now, before)
		return
	}
	e.finishCommon(now)
}

func (e *Engine) setCommon(s *tg.UpdatesState) {
	e.pts.set(s.Pts)
	e.qts.set(s.Qts)
	e.seq.set(s.Seq)
	e.date = s.Date
}

// continueCommon asks for the next slice; after one that changed nothing, only
// after a while (R-UP-23).
func (e *Engine) continueCommon(now time.Time, before Common) {
	if e.commonState() == before {
		e.common.delay(now, nil)
		return
	}
	e.common.failures = 0
	e.launchCommon()
}

// finishCommon goes on with what was held back during the fetch.
func (e *Engine) finishCommon(now time.Time) {
	again := e.common.again || e.pts.spilled || e.qts.spilled
	e.common = fetcher{}
	e.hear(now)
	e.pts.spilled, e.qts.spilled = false, false
	if again {
		e.fetchCommon(now)
		return
	}
	for _, b := range []*box{&e.pts, &e.qts} {
		if !e.common.busy() {
			e.drain(now, b)
		}
	}
	if !e.common.busy() {
		e.drainRest(now)
	}
}

// missed is what updates.difference and updates.differenceSlice hold.
type missed struct {
	messages  []tg.MessageClass
	encrypted []tg.EncryptedMessageClass
	other     []tg.UpdateClass
	state     *tg.UpdatesState
	from      *entities
}

// applyDifference delivers what was missed: updateMessageID, the messages, the
// secret ones, the rest (R-UP-23). Counters of the common boxes inside are not
// looked at. All of it is one delivery with the new state; after it come the
// updates of channels, which have counters of their own (R-UP-24).
func (e *Engine) applyDifference(now time.Time, m *missed) {
	e.emitIDs(m.other, m.from)
	for _, message := range m.messages {
		e.emit(&tg.UpdateNewMessage{Message: message}, m.from)
	}
	for _, message := range m.encrypted {
		e.emit(&tg.UpdateNewEncryptedMessage{Message: message}, m.from)
	}
	for _, u := range m.other {
		switch counterOf(u).kind {
		case plain, underPTS, underQTS:
			e.emit(u, m.from)
		}
	}
	e.setCommon(m.state)
	e.commonChanged(m.from)
	for _, u := range m.other {
		e.applyForChannel(now, u, m.from)
	}
}

// applyForChannel gives an update from a difference to the box of its channel,
// if it has one.
func (e *Engine) applyForChannel(now time.Time, u tg.UpdateClass, from *entities) {
	switch at := counterOf(u); at.kind {
	case underOwn:
		e.receiveCounted(now, u, at, from)
	case tooLong:
		e.channelTooLong(at.channel, at.end)
	}
}

// emitIDs delivers the updateMessageID among the updates.
func (e *Engine) emitIDs(list []tg.UpdateClass, from *entities) {
	for _, u := range list {
		if counterOf(u).kind == ahead {
			e.emit(u, from)
		}
	}
}
