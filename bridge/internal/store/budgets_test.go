package store_test

import (
	"crypto/rand"
	"errors"
	"reflect"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

func newID[T bridge.AccountID | bridge.PoolID | bridge.ConversationID | bridge.MessageID | bridge.RampID |
	bridge.ActionID | bridge.EventID | bridge.KeyID | bridge.AuditID | bridge.SuppressionID](b *bench, after int) T {
	b.Helper()
	id, err := bridge.NewID[T](epoch.Add(time.Duration(after)*time.Millisecond), rand.Reader)
	b.check(err)
	return id
}

func (b *bench) ramp() *bridge.Ramp {
	r := &bridge.Ramp{
		ID: newID[bridge.RampID](b, 0), Name: "the twenty", State: bridge.RampRunning, CreatedAt: epoch, RequestBy: "key_1",
		Plan: bridge.RampPlan{PerDay: map[bridge.BudgetKind][]int{bridge.BudgetJoins: {1, 2}}, Hours: &bridge.Hours{From: 540, To: 1440}},
	}
	b.change(func(t *store.Tx) error { return t.SetRamp(r) })
	return r
}

func TestBudgets(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := b.add(0)
		none, err := b.Budget(b.ctx(), a.ID)
		if err != nil || !reflect.DeepEqual(none, &store.BudgetRow{Plan: bridge.BudgetPlan{}}) {
			b.Errorf("%+v, %v", none, err)
		}
		b.change(func(t *store.Tx) error { return t.SetBudgetState(a.ID, `{"b": 1, "a": 2}`) })
		plan := bridge.BudgetPlan{bridge.BudgetJoins: {Limits: map[bridge.Window]int{bridge.PerDay: 3}, Spacing: 60}}
		b.change(func(t *store.Tx) error { return t.SetBudgetPlan(a.ID, "Europe/Berlin", plan) })
		r := b.ramp()
		member := bridge.RampMember{RampID: r.ID, AccountID: a.ID, StartsOn: "2030-01-02"}
		b.change(func(t *store.Tx) error { return t.SetRampMember(member) })
		want := &store.BudgetRow{Zone: "Europe/Berlin", Plan: plan, State: `{"b": 1, "a": 2}`, Member: &member, Ramp: &r.Plan}
		got, err := b.open().Budget(b.ctx(), a.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			b.Errorf("%+v, want %+v, %v", got, want, err)
		}
		b.change(func(t *store.Tx) error {
			got, err := t.Budget(a.ID)
			if err == nil && !reflect.DeepEqual(got, want) {
				b.Errorf("%+v, want %+v", got, want)
			}
			return err
		})
		b.refuse(notFound, func(t *store.Tx) error { _, err := t.Budget("acc_none"); return err })
		b.refuse(notFound, func(t *store.Tx) error { return t.SetBudgetPlan("acc_none", "", nil) })
		b.change(func(t *store.Tx) error { return t.DeleteAccount(a.ID) })
		if _, err := b.Budget(b.ctx(), a.ID); !errors.Is(err, notFound) {
			b.Errorf("%v", err)
		}
	})
}

func TestRamps(t *testing.T) {
	onBoth(t, func(b *bench) {
		r, a, c := b.ramp(), b.add(0), b.add(0)
		got, err := b.Ramp(b.ctx(), r.ID)
		if err != nil || !reflect.DeepEqual(got, r) {
			b.Errorf("%+v, want %+v, %v", got, r, err)
		}
		r.Name, r.State = "the nineteen", bridge.RampPaused
		b.change(func(t *store.Tx) error { return t.SetRamp(r) })
		if list, err := b.Ramps(b.ctx(), "", 9); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], r) {
			b.Errorf("%+v, %v", list, err)
		}
		if list, err := b.Ramps(b.ctx(), r.ID, 9); err != nil || len(list) != 0 {
			b.Errorf("%+v, %v", list, err)
		}
		for _, id := range []bridge.AccountID{a.ID, c.ID} {
			b.change(func(t *store.Tx) error {
				return t.SetRampMember(bridge.RampMember{RampID: r.ID, AccountID: id, StartsOn: "2030-01-02"})
			})
		}
		moved := bridge.RampMember{RampID: r.ID, AccountID: a.ID, StartsOn: "2030-01-03", PausedOn: "2030-01-04"}
		b.change(func(t *store.Tx) error { return t.SetRampMember(moved) })
		members, err := b.RampMembers(b.ctx(), r.ID)
		if err != nil || len(members) != 2 || members[0] != moved && members[1] != moved {
			b.Errorf("%+v, %v", members, err)
		}
		second := b.ramp()
		b.refuse(conflict, func(t *store.Tx) error {
			return t.SetRampMember(bridge.RampMember{RampID: second.ID, AccountID: a.ID})
		})
		b.change(func(t *store.Tx) error { return t.RemoveRampMember(r.ID, a.ID, epoch) })
		b.refuse(notFound, func(t *store.Tx) error { return t.RemoveRampMember(r.ID, a.ID, epoch) })
		b.change(func(t *store.Tx) error { return t.DeleteRamp(r.ID, epoch) })
		b.refuse(notFound, func(t *store.Tx) error { return t.DeleteRamp(r.ID, epoch) })
		if _, err := b.Ramp(b.ctx(), r.ID); !errors.Is(err, notFound) {
			b.Errorf("%v", err)
		}
		b.change(func(t *store.Tx) error { // c is on none any more
			return t.SetRampMember(bridge.RampMember{RampID: second.ID, AccountID: c.ID})
		})
	})
}

// queue queues an action as the nth.
func (b *bench) queue(n int, a bridge.QueuedAction) bridge.ActionID {
	a.ID, a.State, a.CreatedAt, a.RequestBy = newID[bridge.ActionID](b, n), bridge.ActionQueued, epoch, "key_1"
	b.change(func(t *store.Tx) error { return t.AddAction(&a) })
	return a.ID
}

// next starts the next action of a kind, and has it be the one of an id.
func (b *bench) next(account bridge.AccountID, kind bridge.ActionKind, now time.Time, want bridge.ActionID) *bridge.QueuedAction {
	b.Helper()
	var got *bridge.QueuedAction
	b.change(func(t *store.Tx) (err error) {
		got, err = t.StartAction(account, kind, now)
		return err
	})
	switch {
	case want == "" && got != nil:
		b.Errorf("%s has been started", got.ID)
	case want != "" && (got == nil || got.ID != want || got.State != bridge.ActionRunning || !got.StartedAt.Equal(now)):
		b.Fatalf("%+v has been started, not %s", got, want)
	}
	return got
}

func (b *bench) end(a *bridge.QueuedAction, state bridge.ActionState, reason string) {
	b.Helper()
	a.State, a.Error, a.FinishedAt = state, reason, epoch.Add(time.Hour)
	b.change(func(t *store.Tx) error {
		if ok, err := t.EndAction(a); err != nil || !ok {
			b.Errorf("%s has not ended: %v", a.ID, err)
		}
		return nil
	})
}

// TestActions has the actions of an account go in their order, and none before
// what it depends on.
func TestActions(t *testing.T) {
	onBoth(t, func(b *bench) {
		a, c, now := b.add(0), b.add(0), epoch
		later := now.Add(time.Minute)
		join := b.queue(1, bridge.QueuedAction{AccountID: a.ID, Kind: bridge.JoinAction, Target: "news", NotBefore: later})
		post := b.queue(2, bridge.QueuedAction{
			AccountID: a.ID, Kind: bridge.PostAction, Target: "news", RandomID: 77, Content: bridge.Content{Text: "hello"},
		})
		elsewhere := b.queue(3, bridge.QueuedAction{AccountID: a.ID, Kind: bridge.PostAction, Target: "sport"})
		others := b.queue(0, bridge.QueuedAction{AccountID: c.ID, Kind: bridge.JoinAction, Target: "news"})

		b.next(a.ID, bridge.JoinAction, now, "") // it is too early
		b.next(a.ID, bridge.PostAction, now, elsewhere)
		b.next(a.ID, bridge.PostAction, now, "") // a join is before it
		b.change(func(t *store.Tx) error {
			got, err := t.PendingActions(a.ID)
			if want := []store.PendingAction{{Kind: bridge.JoinAction, At: later}}; !reflect.DeepEqual(got, want) {
				b.Errorf("%+v, want %+v", got, want)
			}
			return err
		})
		running := b.next(a.ID, bridge.JoinAction, later, join)
		b.next(a.ID, bridge.PostAction, later, "") // it has not ended
		b.end(running, bridge.ActionDone, "")
		got := b.next(a.ID, bridge.PostAction, later, post)
		if got.RandomID != 77 || got.Content.Text != "hello" || got.Attempts != 1 || got.RequestBy != "key_1" {
			b.Errorf("%+v", got)
		}
		b.change(func(t *store.Tx) error { // another owner
			if n, err := t.RequeueActions(a.ID); n != 2 || err != nil {
				b.Errorf("%d queued anew, %v", n, err)
			}
			return nil
		})
		got = b.next(a.ID, bridge.PostAction, later, post)
		if got.Attempts != 2 {
			b.Errorf("%d attempts", got.Attempts)
		}
		got.TelegramID = 5
		b.end(got, bridge.ActionDone, "")
		if stored, err := b.Action(b.ctx(), post); err != nil || !reflect.DeepEqual(stored, got) {
			b.Errorf("%+v, want %+v, %v", stored, got, err)
		}
		b.change(func(t *store.Tx) error {
			if ok, err := t.EndAction(got); ok || err != nil {
				b.Errorf("it ended twice: %v", err)
			}
			return nil
		})
		b.refuse(conflict, func(t *store.Tx) error { return t.CancelAction(post, now) })
		b.change(func(t *store.Tx) error { return t.CancelAction(others, now) })
		b.next(c.ID, bridge.JoinAction, later, "")
		b.refuse(notFound, func(t *store.Tx) error { return t.CancelAction("act_none", now) })
	})
}

// TestFailedJoin has what follows a failed join fail, up to the next one.
func TestFailedJoin(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := b.add(0)
		r := b.ramp()
		action := func(n int, kind bridge.ActionKind, target string) bridge.ActionID {
			return b.queue(n, bridge.QueuedAction{AccountID: a.ID, RampID: r.ID, Kind: kind, Target: target})
		}
		first := action(1, bridge.JoinAction, "news")
		want := map[bridge.ActionID]bridge.ActionState{
			first:                                 bridge.ActionFailed,
			action(2, bridge.PostAction, "news"):  bridge.ActionFailed,
			action(3, bridge.PostAction, "sport"): bridge.ActionQueued,
			action(4, bridge.LeaveAction, "news"): bridge.ActionFailed,
			action(5, bridge.JoinAction, "news"):  bridge.ActionQueued,
			action(6, bridge.PostAction, "news"):  bridge.ActionQueued,
		}
		b.end(b.next(a.ID, bridge.JoinAction, epoch, first), bridge.ActionFailed, "CHANNEL_PRIVATE")
		list, err := b.RampActions(b.ctx(), r.ID, "", 9)
		if err != nil || len(list) != len(want) {
			b.Fatalf("%+v, %v", list, err)
		}
		for _, got := range list {
			if got.State != want[got.ID] || (got.State == bridge.ActionFailed) != (got.Error != "") {
				b.Errorf("%s %s is %s, %q", got.Kind, got.Target, got.State, got.Error)
			}
		}
		counts, err := b.CountActions(b.ctx(), r.ID)
		if want := []store.ActionCount{
			{a.ID, bridge.JoinAction, bridge.ActionFailed, 1}, {a.ID, bridge.JoinAction, bridge.ActionQueued, 1},
			{a.ID, bridge.LeaveAction, bridge.ActionFailed, 1},
			{a.ID, bridge.PostAction, bridge.ActionFailed, 1}, {a.ID, bridge.PostAction, bridge.ActionQueued, 2},
		}; err != nil || !reflect.DeepEqual(counts, want) {
			b.Errorf("%+v, want %+v, %v", counts, want, err)
		}
		r.State = bridge.RampPaused
		b.change(func(t *store.Tx) error { return t.SetRamp(r) })
		b.next(a.ID, bridge.PostAction, epoch, "")
		b.change(func(t *store.Tx) error {
			if n, err := t.CancelActions(r.ID, a.ID, epoch); n != 3 || err != nil {
				b.Errorf("%d canceled, %v", n, err)
			}
			return nil
		})
	})
}
