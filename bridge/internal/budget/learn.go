package budget

import (
	"maps"
	"time"

	"godwit/bridge"
)

// givesBack is how long it takes for a lesson to hold a tenth less.
const givesBack = 24 * time.Hour

// A Source is where a limit comes from.
type Source string

// The sources.
const (
	Planned Source = "plan"
	Learned Source = "learned" // from flood waits
	Ramped  Source = "ramp"
)

// A Limit is how many actions of a kind go in a window, at a time.
type Limit struct {
	Set    bool // false: as many as there are
	Count  int
	Source Source // of the strictest that holds
}

func (l *Limit) lower(n int, s Source) {
	if !l.Set || n < l.Count {
		*l = Limit{true, n, s}
	}
}

// limit returns the strictest limit for a window that holds at a time.
func (b *Budget) limit(kind bridge.BudgetKind, s kindState, w bridge.Window, t time.Time) Limit {
	var l Limit
	planned, isPlanned := b.allowance(kind).Limits[w]
	if isPlanned {
		l.lower(planned, Planned)
	}
	if lesson, ok := s.Learned[w]; ok {
		if n, holds := lesson.after(t, planned, isPlanned); holds {
			l.lower(n, Learned)
		}
	}
	if w == bridge.PerDay {
		if n, ok := b.Ramp.perDay(kind, t, b.Zone); ok {
			l.lower(n, Ramped)
		}
	}
	return l
}

// after returns what is left of a lesson at a time, and false if nothing is.
func (l lesson) after(t time.Time, planned int, isPlanned bool) (int, bool) {
	since := max(0, t.Sub(l.At.time()))
	if !isPlanned {
		return l.Limit, since < Forget
	}
	n := l.Limit + int(since/givesBack)*max(1, planned/10)
	return n, n < planned
}

// change returns when after t the lesson holds less.
func (l lesson) change(t time.Time, isPlanned bool) time.Time {
	if !isPlanned {
		return l.At.time().Add(Forget)
	}
	since := max(0, t.Sub(l.At.time()))
	return l.At.time().Add((since/givesBack + 1) * givesBack)
}

// Refused notes that Telegram has refused an action of a kind, and wants none
// for a time. A wait of 0 is one that Telegram did not name: then nothing is held
// back, since what it means for the account is not for its budget to say, and
// nothing more is learned for an hour.
func (b *Budget) Refused(kind bridge.BudgetKind, now time.Time, wait time.Duration) {
	s := b.State[kind].clone()
	known := now.Before(s.Hold.time())
	if last, ok := s.Learned[bridge.PerDay]; ok && wait <= 0 {
		known = known || now.Sub(last.At.time()) < time.Hour
	}
	if wait > 0 {
		s.Hold = max(s.Hold, millisOf(now.Add(min(wait, MaxWait))))
	}
	if !known {
		b.learn(kind, &s, windowOf(wait), now)
	}
	b.set(kind, s)
}

// windowOf returns the window in which it was too much for a wait.
func windowOf(wait time.Duration) bridge.Window {
	switch {
	case wait <= 0 || wait > time.Hour:
		return bridge.PerDay
	case wait > time.Minute:
		return bridge.PerHour
	}
	return bridge.PerMinute
}

func (b *Budget) learn(kind bridge.BudgetKind, s *kindState, w bridge.Window, now time.Time) {
	n := s.used(w, now) * 3 / 4
	if l := b.limit(kind, *s, w, now); l.Set {
		n = min(max(n, l.Count/2), l.Count-1)
	}
	learned := maps.Clone(s.Learned)
	if learned == nil {
		learned = make(map[bridge.Window]lesson)
	}
	learned[w] = lesson{max(1, n), millisOf(now)}
	s.Learned = learned
}
