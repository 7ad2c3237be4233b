// Package budget says how much of each kind of action an account may do, and
// when: by what its operator has planned, by what flood waits have taught, and
// by the ramp that a new account is on. It does no I/O, reads no clock and rolls
// no dice.
//
// # What the loop that sends calls
//
// A [Budget] is put together from an account's rows (package spend does it). Then
//
//   - [Budget.Next] says when the next action of a kind may go, and, if that is
//     not now, what it waits for;
//   - [Budget.Start] notes that one has been started. The state has to be stored
//     in the transaction that stores the start, before Telegram is asked: then a
//     crash at any moment leaves less to be done, never more;
//   - [Budget.Refused] notes a flood wait, and lowers what is allowed;
//   - [Budget.Wake] says when anything of several kinds may go next;
//   - [Budget.Forecast] says when the n-th action from now may go, and
//     [Budget.Today] how many still can today;
//   - [Budget.Report] is all of it, to be shown.
//
// # Limits
//
// An allowance has limits over a minute, an hour and a day, a spacing and hours.
// A minute is any 60 seconds and an hour any 60 minutes, not only those of the
// clock: actions are counted in steps of a second and of a minute, and a step
// counts until the whole of it is out of the window. A day goes from midnight to
// midnight in the account's time zone, however long it is; a new time zone holds
// from the next midnight of the old one on.
//
// # What flood waits teach
//
// A flood wait of up to a minute says that too many went in a minute, one of up
// to an hour that it was too many in an hour, and any longer one, or a refusal
// without a time (PEER_FLOOD), that it was too many in a day. The limit of that
// window becomes three quarters of how many had gone in it, but at most one less
// than it was, not less than half of it, and never less than one. Further
// refusals before the wait is over teach nothing, since they answer what was on
// its way by then.
//
// What was learned is given back by and by: for every 24 hours that pass, the
// limit rises by a tenth of what the operator planned, by one at least, until it
// is what was planned. It is never more. Where no limit was planned, what was
// learned holds for [Forget].
//
// # Ramps
//
// On the n-th day of a ramp, at most PerDay[n] of a kind go, and only in the
// ramp's hours; these hold as long as the account is on the ramp. What the plan
// says holds beside it. The hours of an account begin up to Spread minutes later
// than they say, by a hash of its id: many accounts do not start at the same
// second, and their load is spread. Nothing else is done to when things go, and
// nothing is done that nobody has asked for.
package budget

import (
	"hash/fnv"
	"time"

	"godwit/bridge"
)

const (
	// Horizon is how far ahead Next and Forecast look.
	Horizon = 400 * 24 * time.Hour
	// MaxWait bounds a single flood wait, as TDLib does (R-ER-06).
	MaxWait = 14 * 24 * time.Hour
	// Forget is how long what was learned holds for a window that the operator
	// has not limited.
	Forget = 30 * 24 * time.Hour
)

// A Budget is what one account may do.
type Budget struct {
	Zone  *time.Location // of the account
	Plan  bridge.BudgetPlan
	Ramp  *Ramp // nil: none
	State State
}

// A Ramp is an account's place on a ramp.
type Ramp struct {
	Plan     bridge.RampPlan
	StartsOn string        // the first day, as 2030-01-31
	PausedOn string        // the day that it stays at; empty: it goes on
	Offset   time.Duration // after which its hours begin; see [Offset]
}

// Offset returns by how much the hours of an account begin later, out of a
// spread of some minutes. It is always the same for an account.
func Offset(id bridge.AccountID, minutes int) time.Duration {
	if minutes <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(id))
	return time.Duration(h.Sum64()%uint64(minutes*60)) * time.Second
}

// A Reason is what an action waits for.
type Reason string

// The reasons.
const (
	NoWait    Reason = ""
	Minute    Reason = "minute"     // as many went in the last minute as may
	Hour      Reason = "hour"       // in the last hour
	Day       Reason = "day"        // today
	Spacing   Reason = "spacing"    // one went just before
	OutOfTime Reason = "hours"      // it is not the time of day for it
	RampDay   Reason = "ramp"       // as many went today as the ramp has for this day
	FloodWait Reason = "flood_wait" // Telegram wants it later
	NotAtAll  Reason = "not_allowed"
)

var reasonOf = map[bridge.Window]Reason{
	bridge.PerMinute: Minute, bridge.PerHour: Hour, bridge.PerDay: Day,
}

// A Verdict is when an action may go.
type Verdict struct {
	At     time.Time // the zero time: not at all, or not within the Horizon
	Reason Reason    // what it waits for last; NoWait if it may go now
}

// Now reports whether the action may go without waiting.
func (v Verdict) Now() bool { return v.Reason == NoWait }

// Next returns when the next action of a kind may go, if none is started
// before: now, or later.
func (b *Budget) Next(kind bridge.BudgetKind, now time.Time) Verdict {
	return b.next(kind, b.State[kind], now)
}

func (b *Budget) next(kind bridge.BudgetKind, s kindState, now time.Time) Verdict {
	v := Verdict{At: now}
	for v.At.Sub(now) <= Horizon {
		at, reason := b.step(kind, s, v.At)
		if at.IsZero() {
			return Verdict{Reason: reason}
		}
		if !at.After(v.At) {
			return v
		}
		v = Verdict{at.UTC(), reason}
	}
	return Verdict{Reason: v.Reason}
}

// step returns the time that some limit lets an action wait for at least, which
// is t itself if none does. It is zero if a limit never lets one go.
func (b *Budget) step(kind bridge.BudgetKind, s kindState, t time.Time) (time.Time, Reason) {
	a := b.allowance(kind)
	if until := s.Hold.time(); until.After(t) {
		return until, FloodWait
	}
	if next := s.Last.time().Add(time.Duration(a.Spacing) * time.Second); s.Last != 0 && next.After(t) {
		return next, Spacing
	}
	if at := opening(a.Hours, 0, t, b.Zone); at.After(t) {
		return at, OutOfTime
	}
	if r := b.Ramp; r.covers(kind) {
		if at := opening(r.Plan.Hours, r.Offset, t, b.Zone); at.After(t) {
			return at, OutOfTime
		}
	}
	for _, w := range bridge.Windows {
		l := b.limit(kind, s, w, t)
		switch {
		case !l.Set || s.used(w, t) < l.Count:
		case l.Source == Planned && l.Count == 0:
			return time.Time{}, NotAtAll
		case l.Source == Ramped:
			return s.free(w, l.Count, t, b.Zone), RampDay
		case l.Source == Learned:
			return earlier(s.free(w, l.Count, t, b.Zone), s.Learned[w].change(t, isPlanned(a, w))), reasonOf[w]
		default:
			return s.free(w, l.Count, t, b.Zone), reasonOf[w]
		}
	}
	return t, NoWait
}

func earlier(t, u time.Time) time.Time {
	if u.Before(t) {
		return u
	}
	return t
}

func isPlanned(a bridge.Allowance, w bridge.Window) bool {
	_, ok := a.Limits[w]
	return ok
}

// Start notes that an action of a kind has been started.
func (b *Budget) Start(kind bridge.BudgetKind, now time.Time) {
	s := b.State[kind].clone()
	s.start(now, b.Zone, 1)
	b.set(kind, s)
}

func (b *Budget) set(kind bridge.BudgetKind, s kindState) {
	if b.State == nil {
		b.State = make(State)
	}
	b.State[kind] = s
}

// allowance returns what is planned for a kind.
func (b *Budget) allowance(kind bridge.BudgetKind) bridge.Allowance {
	if a, ok := b.Plan[kind]; ok {
		return a
	}
	return defaults[kind]
}

// covers reports whether a ramp limits a kind, on whichever day.
func (r *Ramp) covers(kind bridge.BudgetKind) bool {
	return r != nil && r.Plan.PerDay[kind] != nil
}

// Day returns which day of the ramp it is at a time, from 0. Before the first
// one it is negative.
func (r *Ramp) Day(t time.Time, zone *time.Location) int {
	today := dayNumber(t.In(zone).Format(time.DateOnly))
	if r.PausedOn != "" {
		today = min(today, dayNumber(r.PausedOn))
	}
	return today - dayNumber(r.StartsOn)
}

// PerDay returns how many of a kind a ramp has for the day of a time, and false
// if it does not limit the kind on that day.
func (b *Budget) PerDay(kind bridge.BudgetKind, t time.Time) (int, bool) {
	return b.Ramp.perDay(kind, t, b.Zone)
}

func (r *Ramp) perDay(kind bridge.BudgetKind, t time.Time, zone *time.Location) (int, bool) {
	if !r.covers(kind) {
		return 0, false
	}
	switch day, list := r.Day(t, zone), r.Plan.PerDay[kind]; {
	case day < 0:
		return 0, true
	case day < len(list):
		return list[day], true
	}
	return 0, false
}

// Wake returns when the first action of any of some kinds may go; the zero time
// if none may.
func (b *Budget) Wake(kinds []bridge.BudgetKind, now time.Time) time.Time {
	var first time.Time
	for _, kind := range kinds {
		if at := b.Next(kind, now).At; !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
