package simulation

import (
	"encoding/binary"
	"errors"
	"slices"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/tg"
	"godwit/tl"
)

// The books hold what both sides have done, so that what must never happen is
// seen when it does.
type books struct {
	w         *world
	requests  []*request // by number, from 1
	underway  []*request
	execution map[uint32][]*serverSession // where each query was carried out
	done      map[string]int32            // the updates handled, by counter
	heaviest  weight                      // that was seen
}

func newBooks(w *world) *books {
	return &books{
		w: w, requests: []*request{nil}, execution: map[uint32][]*serverSession{}, done: map[string]int32{},
	}
}

// open notes a new request and returns its number.
func (b *books) open(r *request) uint32 {
	b.w.report.Requests++
	r.asked = b.w.now
	b.requests = append(b.requests, r)
	b.underway = append(b.underway, r)
	return uint32(len(b.requests) - 1)
}

func (b *books) settle(r *request) {
	b.underway = slices.DeleteFunc(b.underway, func(other *request) bool { return other == r })
}

// pick returns a request that is under way, nil if there is none.
func (b *books) pick() *request {
	if len(b.underway) == 0 {
		return nil
	}
	return b.underway[b.w.choice.IntN(len(b.underway))]
}

// cancelled notes that a request was given up, and what the session says of it.
// Unless that is final, its end is still to come.
func (b *books) cancelled(r *request, outcome mtproto.Outcome) {
	b.w.report.Cancelled++
	r.cancelled = true
	if outcome == mtproto.NotExecuted {
		b.settle(r)
		r.ended = true
		b.wantNever(r)
	}
}

// abandon notes that the client's life ends, and with it all requests.
func (b *books) abandon() {
	for _, r := range b.underway {
		r.abandoned = true
	}
	b.underway = nil
}

// ended holds the end of a request against what was asked and what was done.
func (b *books) ended(r *request, e session.Result) {
	b.w.tracef("request %d ends: %v", r.number, e.Err)
	b.settle(r)
	switch {
	case r.ended:
		b.w.violation("request %d ends twice", r.number)
	case r.abandoned:
		b.w.violation("request %d ends, although it was given up", r.number)
	}
	r.ended = true
	var refusal *mtproto.RPCError
	var outcome *mtproto.OutcomeError
	switch {
	case e.Err == nil:
		b.wantAnswer(r, e.Body)
	case errors.As(e.Err, &refusal):
		if r.fetch == nil && (refusal.Type != "NUMBER_INVALID" || r.number%11 != 4) {
			b.w.violation("request %d ends with %v", r.number, e.Err)
		}
		b.wantExecuted(r)
	case !errors.As(e.Err, &outcome):
		b.w.violation("request %d ends with %v", r.number, e.Err)
	case outcome.Outcome == mtproto.NotExecuted:
		b.wantNever(r)
	case outcome.Outcome == mtproto.Executed:
		b.wantExecuted(r)
	default:
		b.w.report.Unknown++
		if r.repeat && !r.cancelled {
			b.w.violation("request %d could be repeated, but was given up: %v", r.number, e.Err)
		}
	}
}

func (b *books) wantAnswer(r *request, body []byte) {
	b.w.report.Answered++
	if r.fetch != nil {
		return
	}
	if len(body) < 8 || tl.NewReader(body).PeekID() != answerID || binary.LittleEndian.Uint32(body[4:]) != r.number {
		b.w.violation("request %d has the answer %x", r.number, body[:min(8, len(body))])
	}
	b.wantExecuted(r)
}

func (b *books) wantExecuted(r *request) {
	if r.fetch == nil && len(b.execution[r.number]) == 0 {
		b.w.violation("request %d is said to have been carried out, but was not", r.number)
	}
}

// wantNever notes that a request is said not to have been carried out, now or
// later.
func (b *books) wantNever(r *request) {
	r.never = true
	if r.fetch == nil && len(b.execution[r.number]) > 0 {
		b.w.violation("request %d is said not to have been carried out, but was", r.number)
	}
}

// executed notes that a query is carried out. That happens once at most, unless
// the caller has said that it may be repeated: then once where the server
// forgets nothing. What an outsider sends again after the server has forgotten
// the session is nothing that a client can prevent.
func (b *books) executed(number uint32, sess *serverSession) {
	b.w.tracef("query %d is carried out in session %d", number, sess.number)
	before := b.execution[number]
	b.execution[number] = append(before, sess)
	if int(number) >= len(b.requests) {
		b.w.violation("query %d was never asked", number)
		return
	}
	r := b.requests[number]
	switch {
	case b.w.net.replaying || b.w.p.hostile():
	case len(before) > 0 && (!r.repeat || b.w.p.remembers()):
		b.w.violation("query %d is carried out twice, in sessions %d and %d", number, before[0].number, sess.number)
	case r.never:
		b.w.violation("query %d is carried out, although the client was told that it is not", number)
	}
}

// handled notes that an update is handled: each once, and in order.
func (b *books) handled(u tg.UpdateClass) {
	counter, n := placeOf(u)
	switch b.w.o.Sabotage {
	case LoseUpdate:
		if n%16 == 5 {
			return
		}
	case RepeatUpdate:
		if n%16 == 5 {
			b.take(counter, n)
		}
	}
	b.take(counter, n)
}

func (b *books) take(counter string, n int32) {
	b.w.report.Updates++
	if n != b.done[counter]+1 {
		b.w.violation("update %d of %s is handled after %d", n, counter, b.done[counter])
	}
	b.done[counter] = n
}

// close checks what holds when everything has come to its end.
func (b *books) close() {
	for _, r := range b.underway {
		if r.fetch != nil && b.w.now.Sub(r.asked) < fetchTimeout {
			continue // the engine asks now and then
		}
		b.w.violation("request %d has not ended; it was carried out %d times", r.number, len(b.execution[r.number]))
	}
	ends := b.w.server.log.ends()
	for _, counter := range counters {
		if b.done[counter] != ends[counter] {
			b.w.violation("of %s, %d updates of %d were handled", counter, b.done[counter], ends[counter])
		}
	}
	b.weigh(true)
}
