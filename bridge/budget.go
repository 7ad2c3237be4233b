package bridge

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// A BudgetKind is a kind of action that an account has a budget for.
type BudgetKind string

// The kinds of actions.
const (
	BudgetMessages      BudgetKind = "messages"       // to people who have written to the account
	BudgetFirstMessages BudgetKind = "first_messages" // to people who have not, however many came before
	BudgetPosts         BudgetKind = "posts"          // messages into groups and channels
	BudgetJoins         BudgetKind = "joins"          // of groups and channels
	BudgetLookups       BudgetKind = "lookups"        // of a username or a phone number
	BudgetParticipants  BudgetKind = "participants"   // pages of the members of a group
	BudgetHistory       BudgetKind = "history"        // pages of old messages
)

// BudgetKinds are all kinds of actions that have a budget.
var BudgetKinds = []BudgetKind{
	BudgetMessages, BudgetFirstMessages, BudgetPosts, BudgetJoins, BudgetLookups, BudgetParticipants, BudgetHistory,
}

// BudgetOf returns the kind that a message falls under, by whom it is for.
func BudgetOf(peer PeerKind, a Acquaintance) BudgetKind {
	switch {
	case peer != UserPeer:
		return BudgetPosts
	case a == Known:
		return BudgetMessages
	}
	return BudgetFirstMessages
}

// A Window is a length of time over which actions are counted.
type Window string

// The windows. A minute and an hour are any 60 seconds and any 60 minutes; a day
// is one of the calendar, in the account's time zone.
const (
	PerMinute Window = "minute"
	PerHour   Window = "hour"
	PerDay    Window = "day"
)

// Windows are all windows, the shortest first.
var Windows = []Window{PerMinute, PerHour, PerDay}

// An Allowance is what an account's operator lets it do of one kind.
type Allowance struct {
	// Limits say how many go in a window at most. One that is missing is not
	// limited; of one that is 0, nothing goes at all.
	Limits map[Window]int `json:"limits"`
	// Spacing is how many seconds at least are between one and the next.
	Spacing int `json:"spacing_seconds,omitempty"`
	// Hours are those of the day in which they go; nil: all.
	Hours *Hours `json:"hours,omitempty"`
}

// A BudgetPlan is what an account's operator lets it do. The kinds that are
// missing have the daemon's defaults.
type BudgetPlan map[BudgetKind]Allowance

// Hours are a part of every day, in the account's time zone: from the minute
// From of the day until before the minute To, both written as on a clock. Where
// To is not after From, it is of the next day.
type Hours struct {
	From ClockTime `json:"from"`
	To   ClockTime `json:"to"`
}

// A ClockTime is a time of day, in minutes after 00:00. It is written as 09:30.
type ClockTime int

// MarshalText returns the written form.
func (c ClockTime) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%02d:%02d", int(c)/60, int(c)%60), nil
}

// UnmarshalText reads the written form, of 00:00 to 24:00.
func (c *ClockTime) UnmarshalText(text []byte) error {
	if s := string(text); s == "24:00" {
		*c = 24 * 60
		return nil
	}
	t, err := time.Parse("15:04", string(text))
	if err != nil || len(text) != 5 {
		return fmt.Errorf("bridge: %q is not a time of day such as 09:30", text)
	}
	*c = ClockTime(t.Hour()*60 + t.Minute())
	return nil
}

// A RampPlan is how the budgets of a new account grow: PerDay[kind][n] is how
// many of a kind go on the n-th day, from 0, at most. When its days are over a
// ramp limits nothing any more; what the account's own plan says always holds.
type RampPlan struct {
	PerDay map[BudgetKind][]int `json:"per_day"`
	Hours  *Hours               `json:"hours,omitempty"` // in which they go; nil: all
	// Spread is over how many minutes the beginnings of the hours of the accounts
	// are spread, so that they do not all start at once. It evens out the load;
	// where an account stands in it is always the same.
	Spread int `json:"spread_minutes,omitempty"`
}

// Days is how many days the ramp limits anything.
func (p RampPlan) Days() int {
	days := 0
	for _, perDay := range p.PerDay {
		days = max(days, len(perDay))
	}
	return days
}

// Most bounds what a plan may say, so that a mistake in it is not taken for a
// plan.
const (
	mostPerDay   = 1_000_000
	mostRampDays = 366
	daySeconds   = 24 * 60 * 60
)

// Check returns an error of CodeInvalidRequest that names what is wrong with a
// plan.
func (p BudgetPlan) Check() error {
	for _, kind := range slices.Sorted(maps.Keys(p)) {
		if !slices.Contains(BudgetKinds, kind) {
			return Errorf(CodeInvalidRequest, "There is no budget for %q; there are those for %v.", kind, BudgetKinds)
		}
		a := p[kind]
		for _, w := range slices.Sorted(maps.Keys(a.Limits)) {
			if !slices.Contains(Windows, w) {
				return Errorf(CodeInvalidRequest, "The budget for %s has a limit for each %q; it can be minute, hour or day.", kind, w)
			}
			if n := a.Limits[w]; n < 0 || n > mostPerDay {
				return Errorf(CodeInvalidRequest, "The budget for %s has a limit of %d for each %s; it can be 0 to %d.", kind, n, w, mostPerDay)
			}
		}
		if a.Spacing < 0 || a.Spacing > daySeconds {
			return Errorf(CodeInvalidRequest, "The budget for %s has a spacing of %d seconds; it can be 0 to %d.", kind, a.Spacing, daySeconds)
		}
		if err := a.Hours.check("The budget for " + string(kind)); err != nil {
			return err
		}
	}
	return nil
}

// Check returns an error of CodeInvalidRequest that names what is wrong with a
// ramp's plan.
func (p RampPlan) Check() error {
	if len(p.PerDay) == 0 {
		return Errorf(CodeInvalidRequest, "The ramp limits nothing: per_day is empty.")
	}
	for _, kind := range slices.Sorted(maps.Keys(p.PerDay)) {
		perDay := p.PerDay[kind]
		if !slices.Contains(BudgetKinds, kind) {
			return Errorf(CodeInvalidRequest, "There is no budget for %q; there are those for %v.", kind, BudgetKinds)
		}
		if len(perDay) == 0 || len(perDay) > mostRampDays {
			return Errorf(CodeInvalidRequest, "The ramp has %d days of %s; it can have 1 to %d.", len(perDay), kind, mostRampDays)
		}
		for day, n := range perDay {
			if n < 0 || n > mostPerDay {
				return Errorf(CodeInvalidRequest, "The ramp has %d %s on day %d; it can have 0 to %d.", n, kind, day, mostPerDay)
			}
		}
	}
	if err := p.Hours.check("The ramp"); err != nil {
		return err
	}
	if p.Spread < 0 || p.Spread > 12*60 {
		return Errorf(CodeInvalidRequest, "The ramp is spread over %d minutes; it can be 0 to %d.", p.Spread, 12*60)
	}
	if p.Hours != nil && p.Spread >= p.Hours.length() {
		return Errorf(CodeInvalidRequest, "The ramp is spread over %d minutes, and its hours are no longer than that.", p.Spread)
	}
	return nil
}

func (h *Hours) check(whose string) error {
	const day = 24 * 60
	if h != nil && (h.From < 0 || h.From >= day || h.To < 0 || h.To > day) {
		return Errorf(CodeInvalidRequest, "%s has hours from %d to %d minutes after midnight; they can be 00:00 to 24:00.", whose, h.From, h.To)
	}
	return nil
}

// length is how many minutes the hours of a day are that is 24 hours long.
func (h *Hours) length() int {
	if n := int(h.To - h.From); n > 0 {
		return n
	}
	return int(h.To-h.From) + 24*60
}
