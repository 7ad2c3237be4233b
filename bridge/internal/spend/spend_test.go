package spend_test

import (
	"crypto/rand"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/budget"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

var start = time.Date(2030, 3, 30, 8, 0, 0, 0, time.UTC)

// A bench is a test on an empty database, with a clock of its own.
type bench struct {
	*testing.T
	*store.Store
	ramps   *spend.Ramps
	budgets *spend.Budgets
	url     string
	now     time.Time
}

// onBoth runs a test on each kind of database.
func onBoth(t *testing.T, test func(b *bench)) {
	pgtest.OnBoth(t, func(t *testing.T, url string) {
		b := &bench{T: t, url: url, now: start}
		b.restart()
		test(b)
	})
}

// restart opens the database anew, as a daemon does that starts.
func (b *bench) restart() {
	b.Helper()
	if b.Store != nil {
		b.check(b.Store.Close())
	}
	s, err := store.Open(b.Context(), b.url)
	b.check(err)
	b.Store = s
	b.Cleanup(func() { s.Close() })
	clock := func() time.Time { return b.now }
	b.ramps, b.budgets = spend.NewRamps(s, clock, rand.Reader), spend.NewBudgets(s, clock)
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) change(change func(*store.Tx) error) {
	b.Helper()
	b.check(b.Change(b.Context(), change))
}

func (b *bench) expect(err error, code bridge.Code) {
	b.Helper()
	if !errors.Is(err, &bridge.Error{Code: code}) {
		b.Errorf("%v, want %s", err, code)
	}
}

func (b *bench) account(kind bridge.AccountKind) bridge.AccountID {
	b.Helper()
	id, err := bridge.NewID[bridge.AccountID](start, rand.Reader)
	b.check(err)
	b.change(func(t *store.Tx) error {
		return t.AddAccount(&bridge.Account{ID: id, Kind: kind, Status: bridge.Status{State: bridge.Online, Since: start}, CreatedAt: start})
	})
	return id
}

func (b *bench) plan(id bridge.AccountID, zone string, plan bridge.BudgetPlan) {
	b.Helper()
	b.check(b.budgets.SetPlan(b.Context(), id, zone, plan))
}

func perDay(n int) bridge.Allowance {
	return bridge.Allowance{Limits: map[bridge.Window]int{bridge.PerDay: n}}
}

// start starts an action of a kind, if it may go.
func (b *bench) start(id bridge.AccountID, kind bridge.BudgetKind) (v budget.Verdict) {
	b.Helper()
	b.change(func(t *store.Tx) (err error) {
		v, err = spend.Start(t, id, kind, b.now)
		return err
	})
	return v
}

// TestStart has what was spent outlive restarts, and what was undone with its
// transaction not be spent.
func TestStart(t *testing.T) {
	onBoth(t, func(b *bench) {
		id := b.account(bridge.UserAccount)
		b.plan(id, "Europe/Berlin", bridge.BudgetPlan{bridge.BudgetJoins: perDay(2)})
		undone := errors.New("undone")
		for range 3 {
			err := b.Change(b.Context(), func(t *store.Tx) error {
				if v, err := spend.Start(t, id, bridge.BudgetJoins, b.now); err != nil || !v.Now() {
					b.Errorf("%+v, %v", v, err)
				}
				return undone
			})
			if !errors.Is(err, undone) {
				b.Error(err)
			}
		}
		for range 2 {
			if v := b.start(id, bridge.BudgetJoins); !v.Now() {
				b.Errorf("%+v", v)
			}
			b.restart()
		}
		// Midnight in Berlin, and of the night in which clocks are put forward.
		want := budget.Verdict{At: time.Date(2030, 3, 30, 23, 0, 0, 0, time.UTC), Reason: budget.Day}
		if v := b.start(id, bridge.BudgetJoins); v != want {
			b.Errorf("%+v, want %+v", v, want)
		}
		b.now = want.At
		if v := b.start(id, bridge.BudgetJoins); !v.Now() {
			b.Errorf("%+v", v)
		}
		b.change(func(t *store.Tx) error { return spend.Refused(t, id, bridge.BudgetJoins, b.now, 3*time.Hour) })
		b.restart()
		// One of two had gone, and one is what is allowed from now on.
		want = budget.Verdict{At: time.Date(2030, 3, 31, 22, 0, 0, 0, time.UTC), Reason: budget.Day}
		if v := b.start(id, bridge.BudgetJoins); v != want {
			b.Errorf("%+v, want %+v", v, want)
		}
		b.expect(b.Change(b.Context(), func(t *store.Tx) error {
			_, err := spend.Start(t, "acc_none", bridge.BudgetJoins, b.now)
			return err
		}), bridge.CodeNotFound)
	})
}

// TestStartAll has several kinds go together or not at all.
func TestStartAll(t *testing.T) {
	onBoth(t, func(b *bench) {
		id := b.account(bridge.UserAccount)
		b.plan(id, "", bridge.BudgetPlan{bridge.BudgetLookups: perDay(1), bridge.BudgetFirstMessages: perDay(2), bridge.BudgetJoins: perDay(0)})
		start := func(kinds ...bridge.BudgetKind) (v budget.Verdict) {
			b.change(func(t *store.Tx) (err error) {
				v, err = spend.StartAll(t, id, kinds, b.now)
				return err
			})
			return v
		}
		if v := start(bridge.BudgetFirstMessages, bridge.BudgetJoins); !v.At.IsZero() || v.Now() {
			b.Errorf("%+v", v)
		}
		if v := start(bridge.BudgetFirstMessages, bridge.BudgetLookups); !v.Now() {
			b.Errorf("%+v", v)
		}
		want := budget.Verdict{At: time.Date(2030, 3, 31, 0, 0, 0, 0, time.UTC), Reason: budget.Day}
		for range 3 {
			if v := start(bridge.BudgetFirstMessages, bridge.BudgetLookups); v != want {
				b.Errorf("%+v, want %+v", v, want)
			}
		}
		if v := start(bridge.BudgetFirstMessages); !v.Now() {
			b.Errorf("a first message was spent without the lookup: %+v", v)
		}
	})
}

// TestAtOnce has many spend the same budget at once, and no more go than may.
func TestAtOnce(t *testing.T) {
	onBoth(t, func(b *bench) {
		id := b.account(bridge.UserAccount)
		b.plan(id, "", bridge.BudgetPlan{bridge.BudgetJoins: perDay(5)})
		var started atomic.Int32
		var spending sync.WaitGroup
		for range 8 {
			spending.Go(func() {
				for range 3 {
					err := b.Change(b.Context(), func(t *store.Tx) error {
						v, err := spend.Start(t, id, bridge.BudgetJoins, b.now)
						if v.Now() && err == nil {
							started.Add(1)
						}
						return err
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
		}
		spending.Wait()
		if n := started.Load(); n != 5 {
			b.Errorf("%d went", n)
		}
	})
}

func TestPlans(t *testing.T) {
	onBoth(t, func(b *bench) {
		id := b.account(bridge.UserAccount)
		b.expect(b.budgets.SetPlan(b.Context(), id, "Mars/Olympus", nil), bridge.CodeInvalidRequest)
		b.expect(b.budgets.SetPlan(b.Context(), id, "Local", nil), bridge.CodeInvalidRequest)
		b.expect(b.budgets.SetPlan(b.Context(), id, "", bridge.BudgetPlan{"likes": {}}), bridge.CodeInvalidRequest)
		b.expect(b.budgets.SetPlan(b.Context(), "acc_none", "", nil), bridge.CodeNotFound)
		b.plan(id, "Asia/Kathmandu", nil)
		b.start(id, bridge.BudgetJoins)
		b.plan(id, "Asia/Kathmandu", bridge.BudgetPlan{bridge.BudgetJoins: perDay(2)})
		got, reports, err := b.budgets.Budget(b.Context(), id)
		b.check(err)
		if got.Zone.String() != "Asia/Kathmandu" || len(got.Plan) != len(bridge.BudgetKinds) || len(reports) != len(bridge.BudgetKinds) {
			b.Errorf("%+v, %+v", got, reports)
		}
		for _, r := range reports {
			if r.Kind == bridge.BudgetJoins && (r.Today != 1 || r.Windows[2].Used != 1 || r.Windows[2].Limit.Count != 2) {
				b.Errorf("%+v", r)
			}
		}
	})
}
