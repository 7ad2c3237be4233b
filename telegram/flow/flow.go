// Package flow decides when the requests of one account may be sent: it keeps
// the waits that Telegram has imposed, holds back what falls under them, and
// lets the rest go by priority (R-ER-05, R-ER-06).
//
// Start with [New]. Give every request to [Scheduler.Add], carry out what
// [Scheduler.Decisions] says after any call, and report how each request ended
// to [Scheduler.Finish], which may queue it anew. Call [Scheduler.Tick] at
// [Scheduler.Deadline]. [Scheduler.Imposed] tells of new waits, [Scheduler.Waits]
// what is being waited for: to be shown, and to be stored and given back as
// Options.Waits after a restart.
//
// # What waits for what
//
//	FLOOD_WAIT_X, FLOOD_PREMIUM_WAIT_X,       the method, for X seconds
//	TAKEOUT_INIT_DELAY_X and others of 420
//	SLOWMODE_WAIT_X                           sending to that chat
//	transport error -429                      the data centre
//	500 and other failures of the server      that request alone, if it is safe to repeat
//
// Nothing else is held up: a method under a wait does not stop the others. When
// a wait is over, one request tries first and the others follow once it has
// succeeded, so that a queue does not run into the next wait as a whole.
//
// The package does no I/O and reads no clock. A Scheduler is not safe for
// concurrent use.
//
// Numbers such as R-ER-06 are those of docs/requirements.md.
package flow

import (
	"cmp"
	"slices"
	"time"
)

// Priority is how urgent a request is. Of those that wait for the same thing,
// the more urgent go first, and there is always room for a conversation.
type Priority uint8

// The priorities, the most urgent first.
const (
	Conversation Priority = iota // somebody is waiting for it
	Bulk                         // mailings, joins, exports
	Backfill                     // old history, in the background
	priorities
)

// String returns the priority's name in lower case.
func (p Priority) String() string {
	if p < priorities {
		return [...]string{"conversation", "bulk", "backfill"}[p]
	}
	return "unknown"
}

// Defaults and limits of a Scheduler.
const (
	DefaultBulk     = 16 // requests under way at once of priority Bulk
	DefaultBackfill = 4  // and of priority Backfill

	// MaxWait bounds a single wait, as TDLib does: 14 days (R-ER-06).
	MaxWait = 14 * 24 * time.Hour

	firstBackoff = time.Second // after a failure of the server (R-ER-05)
	lastBackoff  = time.Minute
	maxFailures  = 5           // of the server, of one request
	probation    = time.Minute // after a wait, until the next request need not try alone
)

// Options are what a Scheduler starts with.
type Options struct {
	// Bulk and Backfill bound how many requests of these priorities are under
	// way at once: DefaultBulk and DefaultBackfill if 0. Conversations are not
	// bounded.
	Bulk, Backfill int
	// Waits are those of an earlier run.
	Waits []Wait
}

// A Request says what the scheduler has to know of a request.
type Request struct {
	Method   string   // as the schema writes it
	Chat     int64    // the channel id of the supergroup that it sends to, else 0
	DC       int      // the data centre that it goes to
	Priority Priority // Conversation unless said otherwise
	// Patience is how long the request may be held back in all. One that would
	// have to wait longer is refused at once, with a *WaitError. 0: not at all.
	Patience time.Duration
	// Safe says that repeating the request does no harm when it is not known
	// whether it was carried out, so that it may be after the server failed.
	Safe bool
}

// A Ticket is a request on its way through the scheduler.
type Ticket struct {
	Request

	number   uint64
	giveUp   time.Time
	ready    time.Time // not before; after a failure of the server
	failures int
	flying   bool
}

// A Decision says what is to be done with a request: to send it, or, with Err,
// to refuse it. Err is a *WaitError then.
type Decision struct {
	Ticket *Ticket
	Err    error
}

// A Scheduler keeps the waits and the queue of one account.
type Scheduler struct {
	limits    [priorities]int // 0: none
	flying    [priorities]int
	queue     []*Ticket // by priority, then number
	waits     map[scope]*wait
	numbers   uint64
	decisions []Decision
	imposed   []Wait
}

// New returns a Scheduler with nothing in its queue.
func New(o Options) *Scheduler {
	s := &Scheduler{waits: make(map[scope]*wait)}
	s.limits[Bulk] = cmp.Or(o.Bulk, DefaultBulk)
	s.limits[Backfill] = cmp.Or(o.Backfill, DefaultBackfill)
	for _, w := range o.Waits {
		s.waits[w.scope()] = &wait{Wait: w}
	}
	return s
}

// Add queues a request and returns by which name Decisions speaks of it.
func (s *Scheduler) Add(now time.Time, r Request) *Ticket {
	s.numbers++
	t := &Ticket{Request: r, number: s.numbers, giveUp: now.Add(r.Patience)}
	s.enqueue(t)
	s.settle(now)
	return t
}

// Remove takes out a request that nobody wants answered any more, queued or
// under way. One that has ended or been refused is left alone.
func (s *Scheduler) Remove(now time.Time, t *Ticket) {
	if t.flying {
		s.land(t)
	} else if i := slices.Index(s.queue, t); i >= 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
	}
	s.settle(now)
}

// Decisions returns what was decided since the last call.
func (s *Scheduler) Decisions() []Decision {
	d := s.decisions
	s.decisions = nil
	return d
}

// Imposed returns the waits that began or were lengthened since the last call.
func (s *Scheduler) Imposed() []Wait {
	w := s.imposed
	s.imposed = nil
	return w
}

// Tick lets go what has waited long enough.
func (s *Scheduler) Tick(now time.Time) { s.settle(now) }

// Deadline returns when Tick has to be called, the zero time for never.
func (s *Scheduler) Deadline() time.Time {
	var at time.Time
	for _, t := range s.queue {
		ready, open := s.readyAt(t)
		if open && (at.IsZero() || ready.Before(at)) {
			at = ready
		}
	}
	return at
}

// Finish takes how a request ended that was to be sent. It reports whether the
// request is queued anew, and otherwise the error with which it ends for good:
// err itself, or a *WaitError where it would have to wait for too long.
func (s *Scheduler) Finish(now time.Time, t *Ticket, err error) (again bool, final error) {
	if !t.flying {
		return false, err
	}
	s.land(t)
	defer func() { s.settle(now) }()
	if err == nil {
		s.answered(now, t)
		return false, nil
	}
	held := s.failed(now, t, err)
	if held == nil {
		return false, err
	}
	if held.Until.After(t.giveUp) {
		return false, &WaitError{Wait: *held, Err: err}
	}
	s.enqueue(t)
	return true, nil
}

func (s *Scheduler) enqueue(t *Ticket) {
	at, _ := slices.BinarySearchFunc(s.queue, t, func(a, b *Ticket) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.number, b.number))
	})
	s.queue = slices.Insert(s.queue, at, t)
}

// land notes that a request is not under way any more.
func (s *Scheduler) land(t *Ticket) {
	t.flying = false
	s.flying[t.Priority]--
	for _, w := range s.over(t) {
		if w.probe == t {
			w.probe = nil
		}
	}
}

// settle decides about everything in the queue that can be decided now, in
// order of priority.
func (s *Scheduler) settle(now time.Time) {
	s.sweep(now)
	kept := s.queue[:0]
	for _, t := range s.queue {
		switch w := s.longest(t); {
		case w != nil && w.Until.After(t.giveUp):
			s.decisions = append(s.decisions, Decision{t, w.refusal(now)})
		case s.goes(now, t):
			s.send(t)
		default:
			kept = append(kept, t)
		}
	}
	clear(s.queue[len(kept):])
	s.queue = kept
}

// goes reports whether a request may be sent now.
func (s *Scheduler) goes(now time.Time, t *Ticket) bool {
	ready, open := s.readyAt(t)
	return open && !now.Before(ready)
}

// readyAt returns from when on a request may be sent, and whether there is
// anything but time between.
func (s *Scheduler) readyAt(t *Ticket) (at time.Time, open bool) {
	if limit := s.limits[t.Priority]; limit > 0 && s.flying[t.Priority] >= limit {
		return at, false
	}
	at = t.ready
	for _, w := range s.over(t) {
		if w.probe != nil {
			return at, false
		}
		if w.Until.After(at) {
			at = w.Until
		}
	}
	return at, true
}

func (s *Scheduler) send(t *Ticket) {
	t.flying = true
	s.flying[t.Priority]++
	for _, w := range s.over(t) {
		w.probe = t
	}
	s.decisions = append(s.decisions, Decision{Ticket: t})
}
