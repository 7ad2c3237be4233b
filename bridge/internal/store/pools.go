package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"godwit/bridge"
)

const poolColumns = `id, name, policy, created_at`

func scanPool(row scanner) (*bridge.Pool, error) {
	p := new(bridge.Pool)
	err := row.Scan(&p.ID, &p.Name, jsonColumn{&p.Policy}, timeColumn{&p.CreatedAt})
	return p, err
}

func noPool(id bridge.PoolID, err error) error { return absent("pool", string(id), err) }

// Pool returns a pool. The error is a *bridge.Error of CodeNotFound where there
// is none.
func (s *Store) Pool(ctx context.Context, id bridge.PoolID) (*bridge.Pool, error) {
	p, err := scanPool(s.read.QueryRowContext(ctx, `SELECT `+poolColumns+` FROM pools WHERE id = $1`, id))
	return p, noPool(id, err)
}

// Pool returns a pool, which nobody else changes, or gives work to, until the
// transaction has ended.
func (t *Tx) Pool(id bridge.PoolID) (*bridge.Pool, error) {
	p, err := scanPool(t.row(`SELECT `+poolColumns+` FROM pools WHERE id = $1`+t.dialect.forUpdate, id))
	return p, noPool(id, err)
}

// PoolOf returns the pool that an account is in, as Pool does; nil: it is in
// none.
func (t *Tx) PoolOf(account bridge.AccountID) (*bridge.Pool, error) {
	var id bridge.PoolID
	err := t.row(`SELECT pool_id FROM pool_members WHERE account_id = $1`, account).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: pool of %s: %w", account, err)
	}
	return t.Pool(id)
}

// Pools returns up to limit pools whose id comes after another, in the order of
// their ids.
func (s *Store) Pools(ctx context.Context, after bridge.PoolID, limit int) ([]*bridge.Pool, error) {
	return collect(ctx, s.read, s.dialect, "pools", scanPool,
		`SELECT `+poolColumns+` FROM pools WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// SetPool adds a pool, or changes the name and policy of the one of its id.
func (t *Tx) SetPool(p *bridge.Pool) error {
	policy, err := jsonText(p.Policy)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO pools (id, name, policy, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, policy = excluded.policy`, p.ID, p.Name, policy, p.CreatedAt)
	return err
}

// DeletePool deletes a pool, and what it knows of people. Its accounts stay.
func (t *Tx) DeletePool(id bridge.PoolID) error {
	n, err := t.exec(`DELETE FROM pools WHERE id = $1`, id)
	if err == nil && n == 0 {
		return noPool(id, sql.ErrNoRows)
	}
	return err
}

// A PoolMember is an account of a pool.
type PoolMember struct {
	AccountID bridge.AccountID
	State     bridge.State
	Budget    BudgetRow
	// Queued is how many first messages wait for the account's budget.
	Queued int
}

// PoolMembers returns the accounts of a pool, in the order of their ids.
func (s *Store) PoolMembers(ctx context.Context, id bridge.PoolID) ([]PoolMember, error) {
	return poolMembers(ctx, s.read, s.dialect, id)
}

// PoolMembers returns the accounts of a pool, in the order of their ids.
func (t *Tx) PoolMembers(id bridge.PoolID) ([]PoolMember, error) {
	return poolMembers(t.ctx, t.tx, t.dialect, id)
}

func poolMembers(ctx context.Context, q querier, d *dialect, id bridge.PoolID) ([]PoolMember, error) {
	return collect(ctx, q, d, "members of "+string(id), func(r scanner) (m PoolMember, err error) {
		member, plan := new(bridge.RampMember), new(bridge.RampPlan)
		err = r.Scan(&m.AccountID, &m.State, &m.Budget.Zone, jsonColumn{&m.Budget.Plan}, &m.Budget.State,
			&member.RampID, &member.StartsOn, &member.PausedOn, jsonColumn{plan}, &m.Queued)
		if member.RampID != "" {
			member.AccountID = m.AccountID
			m.Budget.Member, m.Budget.Ramp = member, plan
		}
		return m, err
	}, `SELECT a.id, a.state, COALESCE(b.zone, ''), COALESCE(b.plan, '{}'), COALESCE(b.state, ''),
			COALESCE(rm.ramp_id, ''), COALESCE(rm.starts_on, ''), COALESCE(rm.paused_on, ''), COALESCE(r.plan, '{}'),
			(SELECT count(*) FROM messages w JOIN conversations c ON c.id = w.conversation_id
				WHERE w.account_id = a.id AND w.state IN ('queued', 'sending', 'parked') AND NOT c.person_wrote
				AND c.peer NOT LIKE 'group:%' AND c.peer NOT LIKE 'channel:%')
		FROM pool_members m JOIN accounts a ON a.id = m.account_id LEFT JOIN budgets b ON b.account_id = a.id
		LEFT JOIN ramp_members rm ON rm.account_id = a.id LEFT JOIN ramps r ON r.id = rm.ramp_id
		WHERE m.pool_id = $1 ORDER BY a.id`, id)
}

// AddPoolMember adds an account to a pool. The error is a *bridge.Error of
// CodeConflict where it is in another pool.
func (t *Tx) AddPoolMember(id bridge.PoolID, account bridge.AccountID) error {
	if _, err := t.Account(account); err != nil {
		return err
	}
	n, err := t.exec(`INSERT INTO pool_members (account_id, pool_id) VALUES ($1, $2)
		ON CONFLICT (account_id) DO UPDATE SET pool_id = excluded.pool_id WHERE pool_members.pool_id = excluded.pool_id`, account, id)
	if err == nil && n == 0 {
		return bridge.Errorf(bridge.CodeConflict, "Account %s is in another pool.", account)
	}
	return err
}

// RemovePoolMember takes an account out of a pool. Whom it has written to stays
// known there.
func (t *Tx) RemovePoolMember(id bridge.PoolID, account bridge.AccountID) error {
	n, err := t.exec(`DELETE FROM pool_members WHERE pool_id = $1 AND account_id = $2`, id, account)
	if err == nil && n == 0 {
		return bridge.Errorf(bridge.CodeNotFound, "Account %s is not in pool %s.", account, id)
	}
	return err
}

// PoolsOf returns the pools that an account is in.
func (s *Store) PoolsOf(ctx context.Context, id bridge.AccountID) ([]bridge.PoolID, error) {
	return collect(ctx, s.read, s.dialect, "pools of "+string(id), scanOne[bridge.PoolID],
		`SELECT pool_id FROM pool_members WHERE account_id = $1 ORDER BY pool_id`, id)
}
