package spend

import (
	"context"
	"maps"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/budget"
	"godwit/bridge/internal/store"
)

// Budgets are the budgets of a daemon's accounts. They are safe for concurrent
// use.
type Budgets struct {
	store *store.Store
	now   func() time.Time
}

// NewBudgets returns the budgets that are stored.
func NewBudgets(s *store.Store, now func() time.Time) *Budgets { return &Budgets{s, now} }

// Budget returns the time zone of an account, what it may do, and how it stands
// with each kind of action.
func (b *Budgets) Budget(ctx context.Context, id bridge.AccountID) (*budget.Budget, []budget.Report, error) {
	v, err := Load(ctx, b.store, id)
	if err != nil {
		return nil, nil, err
	}
	plan := budget.Defaults()
	maps.Copy(plan, v.Plan)
	v.Plan = plan
	var reports []budget.Report
	for _, kind := range bridge.BudgetKinds {
		reports = append(reports, v.Report(kind, b.now()))
	}
	return v, reports, nil
}

// SetPlan changes what an account may do, and its time zone. The kinds that the
// plan does not name have the defaults.
func (b *Budgets) SetPlan(ctx context.Context, id bridge.AccountID, zone string, plan bridge.BudgetPlan) error {
	if _, err := Zone(zone); err != nil {
		return err
	}
	if err := plan.Check(); err != nil {
		return err
	}
	if plan == nil {
		plan = bridge.BudgetPlan{}
	}
	return b.store.Change(ctx, func(t *store.Tx) error { return t.SetBudgetPlan(id, zone, plan) })
}
