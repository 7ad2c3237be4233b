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
func (r roll) end(t tick) millis {
	return millis((t[0]+1)*r.step.Milliseconds() + r.width.Milliseconds())
}

// counting returns the ticks that count at a time. They are in order.
func (r roll) counting(at time.Time) []tick {
	list, now := *r.ticks, millis(at.UnixMilli())
	for len(list) > 0 && r.end(list[0]) <= now {
		list = list[1:]
	}
	return list
}

// used returns how many actions count in a window at a time.
func (s kindState) used(w bridge.Window, t time.Time) int {
	if w == bridge.PerDay {
		if t.Before(s.Day.Until.time()) {
			return s.Day.Count
		}
		return 0
	}
	n := int64(0)
	for _, tick := range s.roll(w).counting(t) {
		n += tick[1]
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
	for _, tick := range r.counting(t) {
		if over -= int(tick[1]); over < 0 {
			return r.end(tick).time()
		}
	}
	return t
}

// start counts some actions. A clock that has been put back does not make room:
// the time of the last action is taken instead.
func (s *kindState) start(now time.Time, zone *time.Location, count int) {
	if last := s.Last.time(); now.Before(last) {
		now = last
	}
	for _, w := range []bridge.Window{bridge.PerMinute, bridge.PerHour} {
		r := s.roll(w)
		list := r.counting(now)
		number := now.UnixMilli() / r.step.Milliseconds()
		if n := len(list); n > 0 && list[n-1][0] == number {
			list[n-1][1] += int64(count)
		} else {
			list = append(list, tick{number, int64(count)})
		}
		*r.ticks = list
	}
	if !now.Before(s.Day.Until.time()) {
		s.Day = day{Until: millisOf(endOfDay(now, zone))}
	}
	s.Day.Count += count
	s.Last = millisOf(now)
}
