package store

import (
	"context"

	"godwit/bridge"
)

// A BudgetRow is what is stored of an account's budgets. The zero BudgetRow is
// that of an account that nothing is stored of.
type BudgetRow struct {
	Zone  string // IANA's name; empty: UTC
	Plan  bridge.BudgetPlan
	State string // JSON; empty: nothing was done yet
	// Member is the account's place on a ramp, and Ramp the ramp; nil: it is on
	// none.
	Member *bridge.RampMember
	Ramp   *bridge.RampPlan
}

const budgetQuery = `SELECT COALESCE(b.zone, ''), COALESCE(b.plan, '{}'), COALESCE(b.state, ''),
	COALESCE(m.ramp_id, ''), COALESCE(m.starts_on, ''), COALESCE(m.paused_on, ''), COALESCE(r.plan, '{}')
	FROM accounts a LEFT JOIN budgets b ON b.account_id = a.id
	LEFT JOIN ramp_members m ON m.account_id = a.id LEFT JOIN ramps r ON r.id = m.ramp_id WHERE a.id = $1`

func scanBudget(id bridge.AccountID, row scanner) (*BudgetRow, error) {
	b, m, plan := new(BudgetRow), &bridge.RampMember{AccountID: id}, new(bridge.RampPlan)
	err := row.Scan(&b.Zone, jsonColumn{&b.Plan}, &b.State, &m.RampID, &m.StartsOn, &m.PausedOn, jsonColumn{plan})
	if err != nil {
		return nil, noAccount(id, err)
	}
	if m.RampID != "" {
		b.Member, b.Ramp = m, plan
	}
	return b, nil
}

// Budget returns what is stored of an account's budgets.
func (s *Store) Budget(ctx context.Context, id bridge.AccountID) (*BudgetRow, error) {
	return scanBudget(id, s.read.QueryRowContext(ctx, budgetQuery, id))
}

// Budget returns what is stored of an account's budgets, which nobody else
// changes until the transaction has ended.
func (t *Tx) Budget(id bridge.AccountID) (*BudgetRow, error) {
	// The account's row is there also before anything was stored.
	var locked string
	if err := t.row(`SELECT id FROM accounts WHERE id = $1`+t.dialect.forUpdate, id).Scan(&locked); err != nil {
		return nil, noAccount(id, err)
	}
	return scanBudget(id, t.row(budgetQuery, id))
}

// SetBudgetState stores what an account's budgets have to know of what it did.
func (t *Tx) SetBudgetState(id bridge.AccountID, state string) error {
	_, err := t.exec(`INSERT INTO budgets (account_id, zone, plan, state) VALUES ($1, '', '{}', $2)
		ON CONFLICT (account_id) DO UPDATE SET state = excluded.state`, id, state)
	return err
}

// SetBudgetPlan stores what an account may do, and in which time zone it is.
func (t *Tx) SetBudgetPlan(id bridge.AccountID, zone string, plan bridge.BudgetPlan) error {
	if _, err := t.Account(id); err != nil {
		return err
	}
	text, err := jsonText(plan)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO budgets (account_id, zone, plan, state) VALUES ($1, $2, $3, '')
		ON CONFLICT (account_id) DO UPDATE SET zone = excluded.zone, plan = excluded.plan`, id, zone, text)
	return err
}
