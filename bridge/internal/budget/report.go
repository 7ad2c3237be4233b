package budget

import (
	"time"

	"godwit/bridge"
)

// Forecast returns when the n-th action of a kind from now may go, if each goes
// as soon as it may and Telegram refuses none. The first one is Next.
func (b *Budget) Forecast(kind bridge.BudgetKind, n int, now time.Time) Verdict {
	s := b.State[kind].clone()
	v := Verdict{At: now}
	for n > 0 {
		next := b.next(kind, s, v.At)
		if next.At.IsZero() || next.At.Sub(now) > Horizon {
			return Verdict{Reason: next.Reason}
		}
		if next.Now() {
			next.Reason = v.Reason // what held up the one before holds up this one
		}
		v = next
		together := b.room(kind, s, v.At, n)
		s.start(v.At, b.Zone, together)
		n -= together
	}
	return v
}

// room returns how many of up to most actions may go at a time at which one may.
func (b *Budget) room(kind bridge.BudgetKind, s kindState, t time.Time, most int) int {
	if b.allowance(kind).Spacing > 0 {
		return 1
	}
	for _, w := range bridge.Windows {
		if l := b.limit(kind, s, w, t); l.Set {
			most = min(most, l.Count-s.used(w, t))
		}
	}
	return most
}

// mostToday bounds how far Today counts.
const mostToday = 10_000

// Today returns how many actions of a kind can still go before the day ends, up
// to 10,000.
func (b *Budget) Today(kind bridge.BudgetKind, now time.Time) int {
	s := b.State[kind].clone()
	end := endOfDay(now, b.Zone)
	t, n := now, 0
	for n < mostToday {
		if t = b.next(kind, s, t).At; t.IsZero() || !t.Before(end) {
			break
		}
		together := b.room(kind, s, t, mostToday-n)
		s.start(t, b.Zone, together)
		n += together
	}
	return n
}

// A Report is how an account stands with one kind of action.
type Report struct {
	Kind    bridge.BudgetKind
	Windows []WindowReport
	Spacing time.Duration
	Next    Verdict
	Held    time.Time // until when Telegram wants none; zero: it does not mind
	Today   int       // how many can still go today
	RampDay int       // which day of a ramp it is, from 0; -1: it is on none that limits this kind today
}

// A WindowReport is how an account stands with one limit.
type WindowReport struct {
	Window bridge.Window
	Limit  Limit
	Used   int
	Left   int       // 0 if the limit is not set
	Frees  time.Time // when the next one stops counting; zero: none counts
}

// Report returns how the account stands with a kind of action.
func (b *Budget) Report(kind bridge.BudgetKind, now time.Time) Report {
	s := b.State[kind]
	r := Report{
		Kind: kind, Spacing: time.Duration(b.allowance(kind).Spacing) * time.Second, Next: b.Next(kind, now),
		Today: b.Today(kind, now), RampDay: -1,
	}
	if until := s.Hold.time(); until.After(now) {
		r.Held = until
	}
	if _, ok := b.Ramp.perDay(kind, now, b.Zone); ok {
		r.RampDay = b.Ramp.Day(now, b.Zone)
	}
	for _, w := range bridge.Windows {
		v := WindowReport{Window: w, Limit: b.limit(kind, s, w, now), Used: s.used(w, now)}
		if v.Limit.Set {
			v.Left = max(0, v.Limit.Count-v.Used)
		}
		if v.Used > 0 {
			v.Frees = s.free(w, v.Used, now, b.Zone)
		}
		r.Windows = append(r.Windows, v)
	}
	return r
}
