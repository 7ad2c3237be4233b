package spend_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
)

// act starts the next queued action of an account and ends it as done.
func (b *bench) act(id bridge.AccountID) (a *bridge.QueuedAction, wake time.Time) {
	b.Helper()
	b.change(func(t *store.Tx) (err error) {
		a, wake, err = spend.StartAction(t, id, b.now)
		return err
	})
	if a != nil {
		b.end(a, spend.Outcome{TelegramID: 5})
	}
	return a, wake
}

func (b *bench) end(a *bridge.QueuedAction, o spend.Outcome) {
	b.Helper()
	b.change(func(t *store.Tx) error {
		if ok, err := spend.End(t, a, o, b.now); err != nil || !ok {
			b.Errorf("%+v has not ended: %v", a, err)
		}
		return nil
	})
}

var week = bridge.RampPlan{
	PerDay: map[bridge.BudgetKind][]int{bridge.BudgetJoins: {1, 2, 3}, bridge.BudgetPosts: {0, 1, 2, 4}},
	Hours:  &bridge.Hours{From: 9 * 60, To: 18 * 60}, Spread: 60,
}

// TestTwenty has twenty accounts join five channels each and post there, over
// the night in which clocks are put forward, with the daemon restarted each day.
func TestTwenty(t *testing.T) {
	onBoth(t, func(b *bench) {
		var accounts []bridge.AccountID
		for range 20 {
			id := b.account(bridge.UserAccount)
			b.plan(id, "Europe/Berlin", bridge.BudgetPlan{bridge.BudgetJoins: perDay(9), bridge.BudgetPosts: perDay(3)})
			accounts = append(accounts, id)
		}
		ramp, err := b.ramps.Create(b.Context(), "the twenty", week, accounts, "key_1")
		b.check(err)
		var work []bridge.RampWork
		for _, channel := range []string{"news", "https://t.me/sport", "@cars", "t.me/+AbCdEfGhIj", "cats"} {
			work = append(work,
				bridge.RampWork{Kind: bridge.JoinAction, Target: channel, Each: true},
				bridge.RampWork{Kind: bridge.PostAction, Target: channel, Each: true, Content: bridge.Content{Text: "hello"}})
		}
		queued, err := b.ramps.Queue(b.Context(), ramp.ID, work, "key_1", "once")
		b.check(err)
		again, err := b.ramps.Queue(b.Context(), ramp.ID, work, "key_1", "once")
		if err != nil || len(queued) != 200 || !reflect.DeepEqual(queued, again) {
			b.Fatalf("%d, %d, %v", len(queued), len(again), err)
		}
		type count struct{ joins, posts int }
		days := make(map[string]map[bridge.AccountID]count)
		b.drain(accounts, func(id bridge.AccountID, a *bridge.QueuedAction, local time.Time) {
			day := local.Format(time.DateOnly)
			if days[day] == nil {
				days[day] = make(map[bridge.AccountID]count)
			}
			c := days[day][id]
			switch a.Kind {
			case bridge.JoinAction:
				c.joins++
			case bridge.PostAction:
				c.posts++
			}
			days[day][id] = c
			if h := local.Hour(); h < 9 || h >= 18 {
				b.Errorf("%s at %v", a.Kind, local)
			}
		})
		want := map[string]count{
			"2030-03-30": {1, 0}, "2030-03-31": {2, 1}, "2030-04-01": {2, 2}, "2030-04-02": {0, 2},
		}
		for day, c := range want {
			if len(days[day]) != len(accounts) {
				b.Errorf("%d accounts on %s", len(days[day]), day)
			}
			for id, got := range days[day] {
				if got != c {
					b.Errorf("%s on %s: %+v, want %+v", id, day, got, c)
				}
			}
		}
		if len(days) != len(want) {
			b.Errorf("it took %d days", len(days))
		}
	})
}

// drain does all that accounts have queued, as time goes by.
func (b *bench) drain(accounts []bridge.AccountID, done func(bridge.AccountID, *bridge.QueuedAction, time.Time)) {
	berlin, err := spend.Zone("Europe/Berlin")
	b.check(err)
	for day := b.now.In(berlin).Day(); len(accounts) > 0; {
		var next time.Time
		var left []bridge.AccountID
		for _, id := range accounts {
			a, wake := b.act(id)
			for ; a != nil; a, wake = b.act(id) {
				done(id, a, b.now.In(berlin))
			}
			if !wake.IsZero() {
				left = append(left, id)
			}
			if !wake.IsZero() && (next.IsZero() || wake.Before(next)) {
				next = wake
			}
		}
		accounts = left
		if len(left) > 0 && !next.After(b.now) {
			b.Fatalf("wakes at %v, it is %v", next, b.now)
		}
		b.now = next
		if d := next.In(berlin).Day(); d != day {
			day = d
			b.restart()
		}
	}
}

// TestPause has the days of a ramp that is paused not counted.
func TestPause(t *testing.T) {
	onBoth(t, func(b *bench) {
		ctx, id := b.Context(), b.account(bridge.UserAccount)
		ramp, err := b.ramps.Create(ctx, "one", week, []bridge.AccountID{id}, "key_1")
		b.check(err)
		_, err = b.ramps.Queue(ctx, ramp.ID, []bridge.RampWork{
			{Kind: bridge.JoinAction, Target: "news"}, {Kind: bridge.JoinAction, Target: "sport"}, {Kind: bridge.JoinAction, Target: "cars"},
		}, "key_1", "")
		b.check(err)
		b.now = b.now.Add(4 * time.Hour)
		if a, _ := b.act(id); a == nil || a.Target != "news" {
			b.Fatalf("%+v", a)
		}
		b.now = b.now.Add(24 * time.Hour)
		paused, err := b.ramps.Pause(ctx, ramp.ID)
		if err != nil || paused.State != bridge.RampPaused {
			b.Fatalf("%+v, %v", paused, err)
		}
		b.now = b.now.Add(10 * 24 * time.Hour)
		if a, wake := b.act(id); a != nil || !wake.IsZero() {
			b.Errorf("%+v, wakes at %v", a, wake)
		}
		if m := b.member(ramp.ID); m.Day != 1 || m.Work[0].Today != 2 || !m.Work[0].Next.IsZero() {
			b.Errorf("%+v", m)
		}
		for range 2 { // the second time it runs already
			_, err = b.ramps.Resume(ctx, ramp.ID)
			b.check(err)
		}
		m := b.member(ramp.ID)
		want := bridge.RampProgress{
			Kind: bridge.JoinAction, Today: 2, Next: b.now, Last: b.now.Add(2 * time.Minute),
			Counts: map[bridge.ActionState]int{bridge.ActionDone: 1, bridge.ActionQueued: 2},
		}
		if m.Day != 1 || m.StartsOn != "2030-04-09" || m.PausedOn != "" || !reflect.DeepEqual(m.Work[0], want) {
			b.Errorf("%+v, want %+v", m, want)
		}
		if a, _ := b.act(id); a == nil || a.Target != "sport" {
			b.Errorf("%+v", a)
		}
	})
}

func (b *bench) member(id bridge.RampID) bridge.RampAccount {
	b.Helper()
	members, err := b.ramps.Members(b.Context(), id)
	b.check(err)
	if len(members) != 1 {
		b.Fatalf("%+v", members)
	}
	return members[0]
}

// TestOutcomes has actions end in all ways.
func TestOutcomes(t *testing.T) {
	onBoth(t, func(b *bench) {
		ctx, id := b.Context(), b.account(bridge.UserAccount)
		b.plan(id, "", bridge.BudgetPlan{bridge.BudgetJoins: perDay(9), bridge.BudgetPosts: perDay(9)})
		ramp, err := b.ramps.Create(ctx, "one", bridge.RampPlan{PerDay: map[bridge.BudgetKind][]int{bridge.BudgetJoins: {9}}}, []bridge.AccountID{id}, "key_1")
		b.check(err)
		list, err := b.ramps.Queue(ctx, ramp.ID, []bridge.RampWork{
			{Kind: bridge.JoinAction, Target: "news"},
			{Kind: bridge.PostAction, Target: "news", Content: bridge.Content{Text: "hello"}},
			{Kind: bridge.LeaveAction, Target: "cars", AccountID: id},
		}, "key_1", "")
		b.check(err)
		begin := func(want bridge.ActionID) (a *bridge.QueuedAction) {
			b.Helper()
			b.change(func(t *store.Tx) (err error) {
				a, _, err = spend.StartAction(t, id, b.now)
				return err
			})
			if a == nil || a.ID != want {
				b.Fatalf("%+v has begun, not %s", a, want)
			}
			return a
		}
		b.end(begin(list[0].ID), spend.Outcome{Err: errors.New("secret"), RetryAt: b.now.Add(time.Minute)})
		a := begin(list[2].ID)
		b.end(a, spend.Outcome{})
		b.change(func(t *store.Tx) error {
			wake, err := spend.Wake(t, id, nil, b.now)
			if !wake.Equal(b.now.Add(time.Minute)) {
				b.Errorf("wakes at %v", wake)
			}
			return err
		})
		b.now = b.now.Add(time.Minute)
		b.end(begin(list[0].ID), spend.Outcome{Err: bridge.Errorf(bridge.CodeTelegramRefused, "CHANNEL_PRIVATE")})
		got, err := b.ramps.Actions(ctx, ramp.ID, "", 9)
		b.check(err)
		want := []struct {
			state    bridge.ActionState
			attempts int
			err      string
		}{
			{bridge.ActionFailed, 2, "telegram_refused: CHANNEL_PRIVATE"},
			{bridge.ActionFailed, 0, "the join before it failed: telegram_refused: CHANNEL_PRIVATE"},
			{bridge.ActionDone, 1, ""},
		}
		for i, w := range want {
			if g := got[i]; g.State != w.state || g.Attempts != w.attempts || g.Error != w.err {
				b.Errorf("%+v, want %+v", g, w)
			}
		}
		if _, reports, err := b.budgets.Budget(ctx, id); err != nil || reports[3].Windows[2].Used != 2 {
			b.Errorf("%+v, %v", reports[3], err)
		}
	})
}

// TestQueue has work go to those of a ramp who can do it.
func TestQueue(t *testing.T) {
	onBoth(t, func(b *bench) {
		ctx, bot := b.Context(), b.account(bridge.BotAccount)
		one, two := b.account(bridge.UserAccount), b.account(bridge.UserAccount)
		_, err := b.ramps.Create(ctx, "bots", week, []bridge.AccountID{bot}, "")
		b.expect(err, bridge.CodeSurfaceUnable)
		_, err = b.ramps.Create(ctx, "nothing", bridge.RampPlan{}, nil, "")
		b.expect(err, bridge.CodeInvalidRequest)
		ramp, err := b.ramps.Create(ctx, "two", week, []bridge.AccountID{one}, "")
		b.check(err)
		for range 2 {
			b.check(b.ramps.AddMember(ctx, ramp.ID, two))
		}
		queue := func(w bridge.RampWork) (*bridge.QueuedAction, error) {
			list, err := b.ramps.Queue(ctx, ramp.ID, []bridge.RampWork{w}, "", "")
			if err != nil {
				return nil, err
			}
			return list[0], nil
		}
		hello := bridge.Content{Text: "hello"}
		for _, test := range []struct {
			work bridge.RampWork
			code bridge.Code
		}{
			{bridge.RampWork{Kind: "like", Target: "news"}, bridge.CodeInvalidRequest},
			{bridge.RampWork{Kind: bridge.JoinAction, Target: "?"}, bridge.CodeInvalidRequest},
			{bridge.RampWork{Kind: bridge.JoinAction, Target: "news", Content: hello}, bridge.CodeInvalidRequest},
			{bridge.RampWork{Kind: bridge.PostAction, Target: "news"}, bridge.CodeInvalidRequest},
			{bridge.RampWork{Kind: bridge.JoinAction, Target: "news", Each: true, AccountID: one}, bridge.CodeInvalidRequest},
			{bridge.RampWork{Kind: bridge.JoinAction, Target: "news", AccountID: bot}, bridge.CodeNotFound},
			{bridge.RampWork{Kind: bridge.PostAction, Target: "news", Content: hello}, bridge.CodeConflict},
			{bridge.RampWork{Kind: bridge.LeaveAction, Target: "news", Each: true}, bridge.CodeConflict},
		} {
			_, err := queue(test.work)
			b.expect(err, test.code)
		}
		join := bridge.RampWork{Kind: bridge.JoinAction, Target: "news"}
		first, err := queue(join)
		b.check(err)
		_, err = queue(bridge.RampWork{Kind: bridge.LeaveAction, Target: "news"})
		b.expect(err, bridge.CodeInvalidRequest)
		post, err := queue(bridge.RampWork{Kind: bridge.PostAction, Target: "news", Content: hello})
		if err != nil || post.AccountID != first.AccountID || post.RandomID == 0 {
			b.Errorf("%+v, %v", post, err)
		}
		second, err := queue(join)
		if err != nil || second.AccountID == first.AccountID {
			b.Errorf("%+v, %v", second, err)
		}
		if post, err := queue(bridge.RampWork{Kind: bridge.PostAction, Target: "@News", Content: hello}); err != nil || post.AccountID != second.AccountID {
			b.Errorf("%+v, %v", post, err)
		}
		_, err = queue(join)
		b.expect(err, bridge.CodeConflict)
		b.check(b.ramps.Cancel(ctx, ramp.ID, second.ID))
		b.expect(b.ramps.Cancel(ctx, ramp.ID, second.ID), bridge.CodeConflict)
		b.expect(b.ramps.Cancel(ctx, "ramp_other", first.ID), bridge.CodeNotFound)
		b.check(b.ramps.RemoveMember(ctx, ramp.ID, one))
		_, err = b.ramps.Update(ctx, ramp.ID, "one", week)
		b.check(err)
		b.check(b.ramps.Delete(ctx, ramp.ID))
		_, err = b.ramps.Ramp(ctx, ramp.ID)
		b.expect(err, bridge.CodeNotFound)
		if a, err := b.Action(ctx, first.ID); err != nil || a.State != bridge.ActionCanceled {
			b.Errorf("%+v, %v", a, err)
		}
	})
}
