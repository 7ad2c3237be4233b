// Package updates puts what Telegram pushes into order: it applies the
// counters pts, qts and seq, one pts for every channel, waits for what
// overtakes, and asks for what is missing
// (https://core.telegram.org/api/updates, R-UP).
//
// Start with [New] and [Engine.Start]. Give everything that arrives to
// [Engine.Receive], and the counters in the results of own requests to
// [Engine.Affected]. After any call, hand on what [Engine.Deliveries] returns,
// make the requests that [Engine.Fetches] returns and give their answers
// back, and call [Engine.Tick] at [Engine.Deadline].
//
// Every [Delivery] carries the [Change] of the state that belongs to it. Store
// both together, or the change after the effect: the state is then never
// ahead of what was done, and a crash leads to a repetition, not to a loss.
//
// The package does no I/O and reads no clock, and a channel costs a few dozen
// bytes and no goroutine. An Engine is not safe for concurrent use.
//
// Numbers such as R-UP-30 are those of docs/requirements.md.
package updates

import (
	"sort"
	"time"

	"godwit/tg"
)

// Limits and defaults of an engine.
const (
	// MaxChannelFetches is how many channel differences are asked for at once (R-UP-29).
	MaxChannelFetches = 10
	// MaxWatched is how many channels may be watched (R-UP-29).
	MaxWatched = 10

	gapWait      = 500 * time.Millisecond // for what overtook (R-UP-20)
	idleWait     = 15 * time.Minute       // without any update (R-UP-30)
	firstBackoff = time.Second            // after a fetch that failed (R-ER-05)
	lastBackoff  = time.Minute
	watchWait    = 10 * time.Second // between polls where Telegram names no timeout
	maxPending   = 4096             // updates that a box keeps; more are fetched again

	channelLimit    = 100    // events a channel difference may hold (R-UP-25)
	botChannelLimit = 100000 // the same for bots
)

// Options are what an engine starts with.
type Options struct {
	// State is what was stored; the zero State has none, and the account's
	// present one is asked for.
	State State

	// Bot says that the account is a bot, which may fetch more at once.
	Bot bool

	// Knows reports whether a peer can be used, that is, whether its access
	// hash is known. An update that names another one, and does not bring it
	// along, is fetched again with the difference (R-UP-03, R-UP-30). Nil knows
	// everyone.
	Knows func(tg.PeerClass) bool
}

// An Engine orders the updates of one account.
type Engine struct {
	o Options

	common   fetcher // of pts, qts and seq together
	reset    bool    // the next common fetch is for the state, not the difference
	alone    bool    // the server makes no differences
	pts, qts box
	seq      sequence
	date     int32

	channels map[int64]*channel
	timed    map[int64]*channel // those with a deadline
	waiting  []*channel         // due, but MaxChannelFetches are under way
	flying   int                // channel differences under way
	watched  int
	quiet    quietList

	heard      time.Time // when Telegram last said anything; zero: not started
	idleAt     time.Time
	deliveries []Delivery
	last       *entities // whose updates the last delivery holds
	fetches    []Fetch
}

// New returns an engine that has received nothing.
func New(o Options) *Engine {
	e := &Engine{o: o, channels: make(map[int64]*channel), timed: make(map[int64]*channel)}
	if c := o.State.Common; c != (Common{}) {
		e.pts.set(c.PTS)
		e.qts.set(c.QTS)
		e.seq.set(c.Seq)
		e.date = c.Date
	}
	for id, pts := range o.State.Channels {
		e.channelOf(id).set(pts)
	}
	return e
}

// Start asks for what came while nobody listened, or, without a stored state,
// for the present one. Channels announce themselves in the answer (R-UP-10,
// R-UP-30, R-UP-31).
func (e *Engine) Start(now time.Time) {
	e.reset = !e.pts.known
	e.heard = now
	ids := make([]int64, 0, len(e.channels))
	for id := range e.channels {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	for _, id := range ids {
		e.quiet.hear(now, e.channels[id])
	}
	e.fetchCommon(now)
}

// hear notes that Telegram has said something.
func (e *Engine) hear(now time.Time) {
	e.heard = now
	e.idleAt = now.Add(idleWait)
}

// Lost says that updates may have been lost: a new session was created, or
// something could not be decoded (R-UP-30).
func (e *Engine) Lost(now time.Time) {
	e.last = nil
	e.fetchCommon(now)
}

// LostAll is Lost for every channel too, for a caller that has thrown updates
// away without reading them (R-IX-28).
func (e *Engine) LostAll(now time.Time) {
	e.Lost(now)
	for _, c := range e.channels {
		e.fetchChannel(c)
	}
}

// Deadline returns when Tick has to be called, the zero time for never.
func (e *Engine) Deadline() time.Time {
	at := e.common.at()
	if !e.o.Bot {
		at = earliest(at, e.quiet.deadline())
	}
	if !e.common.busy() {
		at = earliest(at, earliest(e.idleAt, e.commonGap()))
	}
	for _, c := range e.timed {
		at = earliest(at, c.deadline())
	}
	return at
}

// Tick does what is due: it fetches what a gap has waited for long enough,
// tries failed fetches again, polls watched channels and, after 15 minutes of
// silence of everything or of a channel, asks whether anything was missed.
func (e *Engine) Tick(now time.Time) {
	e.last = nil
	switch {
	case e.common.due(now):
		e.launchCommon()
	case e.common.busy():
	case due(now, e.commonGap()), due(now, e.idleAt):
		e.fetchCommon(now)
	}
	e.tickChannels(now)
	e.tickQuiet(now)
}

// commonGap returns when the oldest gap of the common boxes has waited long
// enough.
func (e *Engine) commonGap() time.Time {
	return earliest(earliest(e.pts.gapAt, e.qts.gapAt), e.seq.gapAt)
}

// State returns the whole state after all deliveries made so far.
func (e *Engine) State() State {
	s := State{Common: e.commonState(), Channels: make(map[int64]int32, len(e.channels))}
	for id, c := range e.channels {
		if c.known {
			s.Channels[id] = c.value
		}
	}
	return s
}

func (e *Engine) commonState() Common {
	return Common{PTS: e.pts.value, QTS: e.qts.value, Date: e.date, Seq: e.seq.value}
}

// earliest returns the earlier of two times, of which the zero one is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func due(now, at time.Time) bool { return !at.IsZero() && !now.Before(at) }
