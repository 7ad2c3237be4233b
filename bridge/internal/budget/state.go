package budget

import (
	"slices"
	"time"

	"godwit/bridge"
)

// A State is what an account has done and been refused, as far as its budgets
// depend on it. It is small, and is stored as JSON.
type State map[bridge.BudgetKind]kindState

// A millis is a time in milliseconds since 1970; 0: none.
type millis int64

func (m millis) time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// millisOf rounds up, so that nothing that ends then ends too early.
func millisOf(t time.Time) millis {
	return millis(t.Add(time.Millisecond - 1).UnixMilli())
}

type kindState struct {
	Minute []tick `json:"minute,omitempty"` // in steps of a second
	Hour   []tick `json:"hour,omitempty"`   // in steps of a minute
	Day    day    `json:"day"`
	Last   millis `json:"last,omitempty"` // when the last one was started
	Hold   millis `json:"hold,omitempty"` // until when Telegram wants none
	// Learned are the limits that flood waits have taught.
	Learned map[bridge.Window]lesson `json:"learned,omitempty"`
}

// A tick is how many actions were started in a step: its number since 1970, and
// the count.
type tick [2]int64

// A day is how many actions were started in a day that ends at a time.
type day struct {
	Until millis `json:"until,omitempty"`
	Count int    `json:"count,omitempty"`
}

type lesson struct {
	Limit int    `json:"limit"`
	At    millis `json:"at"` // when it was learned
}

func (s kindState) clone() kindState {
	s.Minute, s.Hour = slices.Clone(s.Minute), slices.Clone(s.Hour)
	return s
}

// A roll is the ticks of a window that moves with the time.
type roll struct {
	ticks *[]tick
	step  time.Duration
	width time.Duration
}

func (s *kindState) roll(w bridge.Window) roll {
	if w == bridge.PerMinute {
		return roll{&s.Minute, time.Second, time.Minute}
	}
	return roll{&s.Hour, time.Minute, time.Hour}
}

// end returns from when on a tick does not count any more: when all of its step
// is out of the window.
func (r roll) end(t tick) time.Time {
	return millis((t[0] + 1) * r.step.Milliseconds()).time().Add(r.width)
}

// used returns how many actions count in a window at a time.
func (s kindState) used(w bridge.Window, t time.Time) int {
	if w == bridge.PerDay {
		if t.Before(s.Day.Until.time()) {
			return s.Day.Count
		}
		return 0
	}
	r, n := s.roll(w), int64(0)
	for _, tick := range *r.ticks {
		if r.end(tick).After(t) {
			n += tick[1]
		}
	}
	return int(n)
}

// free returns the time after t from which on fewer than limit actions count in
// a window, if the limit is at least 1; else the time at which there may be
// another limit.
func (s kindState) free(w bridge.Window, limit int, t time.Time, zone *time.Location) time.Time {
	if w == bridge.PerDay || limit == 0 {
		if until := s.Day.Until.time(); t.Before(until) {
			return until
		}
		return endOfDay(t, zone)
	}
	r := s.roll(w)
	over := s.used(w, t) - limit
	for _, tick := range *r.ticks {
		end := r.end(tick)
		if !end.After(t) {
			continue
		}
		if over -= int(tick[1]); over < 0 {
			return end
		}
	}
	return t
}

// start counts an action. A clock that has been put back does not make room:
// the time of the last action is taken instead.
func (s *kindState) start(now time.Time, zone *time.Location) {
	if last := s.Last.time(); now.Before(last) {
		now = last
	}
	for _, w := range []bridge.Window{bridge.PerMinute, bridge.PerHour} {
		r := s.roll(w)
		list := slices.DeleteFunc(*r.ticks, func(t tick) bool { return !r.end(t).After(now) })
		number := now.UnixMilli() / r.step.Milliseconds()
		if n := len(list); n > 0 && list[n-1][0] == number {
			list[n-1][1]++
		} else {
			list = append(list, tick{number, 1})
		}
		*r.ticks = list
	}
	if !now.Before(s.Day.Until.time()) {
		s.Day = day{Until: millisOf(endOfDay(now, zone))}
	}
	s.Day.Count++
	s.Last = millisOf(now)
}
