// Package spend spends the budgets of accounts in the transactions that start
// actions, so that a crash at any moment leaves less to be done, never more. It
// joins package budget, which knows the rules, with package store.
//
// For the loop that does an account's work, in [store.Store.Change] and after
// [store.Tx.CheckOwner]:
//
//   - [Start] asks whether an action of a kind may go now, and notes it if so.
//     Only when the transaction has been committed is Telegram asked. [StartAll]
//     is for what takes several, such as a lookup and a first message;
//   - [Once] is for what nothing else is stored with;
//   - [StartAction] does that for the joins, leaves and posts that the account
//     has queued, and returns the one that goes; [End] says how it has ended;
//   - [Refused] notes a flood wait of a kind;
//   - [Wake] says when any of several kinds may go next, or a queued action.
//
// When an owner begins, store.Tx.RequeueActions takes up what the one before it
// has left.
//
// [Budgets] and [Ramps] are what operators do: plans, reports, ramps and what is
// queued there.
package spend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // the zones of accounts are known wherever the daemon runs

	"godwit/bridge"
	"godwit/bridge/internal/budget"
	"godwit/bridge/internal/store"
)

var zones sync.Map // of *time.Location, by their names

// Zone returns a time zone by IANA's name for it; UTC for the empty name. The
// error is a *bridge.Error of CodeInvalidRequest.
func Zone(name string) (*time.Location, error) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	z, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "There is no time zone %q; one is Europe/Berlin.", name)
	}
	zones.Store(name, z)
	return z, nil
}

// Of returns the budget that the row of an account describes.
func Of(id bridge.AccountID, row *store.BudgetRow) (*budget.Budget, error) {
	zone, err := Zone(row.Zone)
	if err != nil {
		return nil, err
	}
	b := &budget.Budget{Zone: zone, Plan: row.Plan}
	if row.State != "" {
		if err := json.Unmarshal([]byte(row.State), &b.State); err != nil {
			return nil, fmt.Errorf("spend: budget of %s: %w", id, err)
		}
	}
	if row.Member != nil {
		b.Ramp = &budget.Ramp{
			Plan: *row.Ramp, StartsOn: row.Member.StartsOn, PausedOn: row.Member.PausedOn,
			Offset: budget.Offset(id, row.Ramp.Spread),
		}
	}
	return b, nil
}

// Load returns the budget of an account as it is stored.
func Load(ctx context.Context, s *store.Store, id bridge.AccountID) (*budget.Budget, error) {
	row, err := s.Budget(ctx, id)
	if err != nil {
		return nil, err
	}
	return Of(id, row)
}

func load(t *store.Tx, id bridge.AccountID) (*budget.Budget, error) {
	row, err := t.Budget(id)
	if err != nil {
		return nil, err
	}
	return Of(id, row)
}

func save(t *store.Tx, id bridge.AccountID, b *budget.Budget) error {
	state, err := json.Marshal(b.State)
	if err != nil {
		return fmt.Errorf("spend: budget of %s: %w", id, err)
	}
	return t.SetBudgetState(id, string(state))
}

// Start notes that an account starts an action of a kind, if it may go now: then
// Verdict.Now reports true. Otherwise nothing has changed.
func Start(t *store.Tx, id bridge.AccountID, kind bridge.BudgetKind, now time.Time) (budget.Verdict, error) {
	return StartAll(t, id, []bridge.BudgetKind{kind}, now)
}

// Once is [Start] in a transaction of its own, for what nothing is stored with. If
// the action may not go now, the error is a *bridge.Error of CodeBudgetExhausted,
// whose RetryAt is zero where none may until somebody changes the budget.
func Once(ctx context.Context, s *store.Store, id bridge.AccountID, kind bridge.BudgetKind, now time.Time) error {
	return s.Change(ctx, func(t *store.Tx) error {
		if _, err := t.Account(id); err != nil { // one after the other
			return err
		}
		v, err := Start(t, id, kind, now)
		if err != nil || v.Now() {
			return err
		}
		e := &bridge.Error{Code: bridge.CodeBudgetExhausted, RetryAt: v.At}
		e.Detail = fmt.Sprintf("The budget of account %s for %s lets nothing go at all.", id, kind)
		if !v.At.IsZero() {
			e.Detail = fmt.Sprintf("The budget of account %s for %s is used up until %s.", id, kind, v.At.Format(time.RFC3339))
		}
		return e
	})
}

// StartAll is Start for something that takes an action of each of several kinds:
// they may go now all together or not at all. The Verdict is that of the last of
// them.
func StartAll(t *store.Tx, id bridge.AccountID, kinds []bridge.BudgetKind, now time.Time) (budget.Verdict, error) {
	b, err := load(t, id)
	if err != nil {
		return budget.Verdict{}, err
	}
	last := budget.Verdict{At: now}
	for _, kind := range kinds {
		v := b.Next(kind, now)
		if v.At.IsZero() {
			return v, nil
		}
		if v.At.After(last.At) {
			last = v
		}
	}
	if !last.Now() {
		return last, nil
	}
	for _, kind := range kinds {
		b.Start(kind, now)
	}
	return last, save(t, id, b)
}

// Refused notes that Telegram has refused an action of a kind, and wants none
// for a time; 0 for PEER_FLOOD, which names none.
func Refused(t *store.Tx, id bridge.AccountID, kind bridge.BudgetKind, now time.Time, wait time.Duration) error {
	b, err := load(t, id)
	if err != nil {
		return err
	}
	b.Refused(kind, now, wait)
	return save(t, id, b)
}

// StartAction starts one of the queued actions of an account, if any may go now,
// and notes what it spends. If none may, it returns nil, and when to ask again:
// the zero time if nothing is queued that its own time or budget holds back.
func StartAction(t *store.Tx, id bridge.AccountID, now time.Time) (*bridge.QueuedAction, time.Time, error) {
	b, err := load(t, id)
	if err != nil {
		return nil, time.Time{}, err
	}
	pending, err := t.PendingActions(id)
	if err != nil {
		return nil, time.Time{}, err
	}
	var wake time.Time
	for _, p := range pending {
		v := next(b, p, now)
		if !v.Now() || v.At.After(now) {
			wake = sooner(wake, v.At)
			continue
		}
		a, err := t.StartAction(id, p.Kind, now)
		if err != nil || a == nil {
			return nil, time.Time{}, err
		}
		if kind, ok := a.Kind.Budget(); ok {
			b.Start(kind, now)
			err = save(t, id, b)
		}
		return a, time.Time{}, err
	}
	return nil, wake, nil
}

// next returns when a pending action may go.
func next(b *budget.Budget, p store.PendingAction, now time.Time) budget.Verdict {
	if p.At.After(now) {
		now = p.At
	}
	kind, ok := p.Kind.Budget()
	if !ok {
		return budget.Verdict{At: now}
	}
	return b.Next(kind, now)
}

// Wake returns when the next action of any of some kinds may go, or the next
// queued one; the zero time if none.
func Wake(t *store.Tx, id bridge.AccountID, kinds []bridge.BudgetKind, now time.Time) (time.Time, error) {
	b, err := load(t, id)
	if err != nil {
		return time.Time{}, err
	}
	pending, err := t.PendingActions(id)
	if err != nil {
		return time.Time{}, err
	}
	wake := b.Wake(kinds, now)
	for _, p := range pending {
		wake = sooner(wake, next(b, p, now).At)
	}
	return wake, nil
}

// sooner returns the earlier of two times, of which the zero time is never.
func sooner(t, u time.Time) time.Time {
	if t.IsZero() || !u.IsZero() && u.Before(t) {
		return u
	}
	return t
}

// An Outcome is how a queued action has ended.
type Outcome struct {
	// TelegramID is what Telegram numbers the message of a post that is done.
	TelegramID int
	// Err is why it is not done; nil: it is.
	Err error
	// RetryAt is when it is to be tried again, where Err will pass; zero: it
	// will not, and the action has failed.
	RetryAt time.Time
}

// End stores how a queued action that was started has ended. What depends on a
// join that has failed fails with it. It returns false, and does nothing, if the
// action has ended already, or another owner has queued it anew.
func End(t *store.Tx, a *bridge.QueuedAction, o Outcome, now time.Time) (bool, error) {
	switch {
	case o.Err == nil:
		a.State, a.Error, a.TelegramID, a.FinishedAt = bridge.ActionDone, "", o.TelegramID, now
	case o.RetryAt.IsZero():
		a.State, a.Error, a.FinishedAt = bridge.ActionFailed, reason(o.Err), now
	default:
		a.State, a.Error, a.NotBefore = bridge.ActionQueued, reason(o.Err), o.RetryAt
	}
	return t.EndAction(a)
}

// reason is what users are told of an error: its code, and the detail.
func reason(err error) string {
	var e *bridge.Error
	if errors.As(err, &e) {
		return string(e.Code) + ": " + e.Detail
	}
	return string(bridge.CodeInternal)
}
