package store

import (
	"context"
	"database/sql"
	"time"

	"godwit/bridge"
)

const rampColumns = `id, name, plan, state, created_at, requested_by`

func scanRamp(row scanner) (*bridge.Ramp, error) {
	r := new(bridge.Ramp)
	err := row.Scan(&r.ID, &r.Name, jsonColumn{&r.Plan}, &r.State, timeColumn{&r.CreatedAt}, &r.RequestBy)
	return r, err
}

func noRamp(id bridge.RampID, err error) error { return absent("ramp", string(id), err) }

// Ramp returns a ramp. The error is a *bridge.Error of CodeNotFound where there
// is none.
func (s *Store) Ramp(ctx context.Context, id bridge.RampID) (*bridge.Ramp, error) {
	r, err := scanRamp(s.read.QueryRowContext(ctx, `SELECT `+rampColumns+` FROM ramps WHERE id = $1`, id))
	return r, noRamp(id, err)
}

// Ramp returns a ramp, which nobody else changes until the transaction has
// ended.
func (t *Tx) Ramp(id bridge.RampID) (*bridge.Ramp, error) {
	r, err := scanRamp(t.row(`SELECT `+rampColumns+` FROM ramps WHERE id = $1`+t.dialect.forUpdate, id))
	return r, noRamp(id, err)
}

// Ramps returns up to limit ramps whose id comes after another, in the order of
// their ids.
func (s *Store) Ramps(ctx context.Context, after bridge.RampID, limit int) ([]*bridge.Ramp, error) {
	return collect(ctx, s.read, s.dialect, "ramps", scanRamp,
		`SELECT `+rampColumns+` FROM ramps WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// SetRamp adds a ramp, or changes the name, plan and state of the one of its id.
func (t *Tx) SetRamp(r *bridge.Ramp) error {
	plan, err := jsonText(r.Plan)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO ramps (id, name, plan, state, created_at, requested_by) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, plan = excluded.plan, state = excluded.state`,
		r.ID, r.Name, plan, r.State, r.CreatedAt, r.RequestBy)
	return err
}

// DeleteRamp deletes a ramp. Its accounts are on none then, and what it has
// queued is canceled.
func (t *Tx) DeleteRamp(id bridge.RampID, now time.Time) error {
	if _, err := t.CancelActions(id, "", now); err != nil {
		return err
	}
	n, err := t.exec(`DELETE FROM ramps WHERE id = $1`, id)
	if err == nil && n == 0 {
		return noRamp(id, sql.ErrNoRows)
	}
	return err
}

const memberColumns = `ramp_id, account_id, starts_on, paused_on`

func scanRampMember(r scanner) (m bridge.RampMember, err error) {
	err = r.Scan(&m.RampID, &m.AccountID, &m.StartsOn, &m.PausedOn)
	return m, err
}

// RampMembers returns the accounts that are on a ramp, in the order of their ids.
func (s *Store) RampMembers(ctx context.Context, id bridge.RampID) ([]bridge.RampMember, error) {
	return collect(ctx, s.read, s.dialect, "members of "+string(id), scanRampMember,
		`SELECT `+memberColumns+` FROM ramp_members WHERE ramp_id = $1 ORDER BY account_id`, id)
}

// RampMembers returns the accounts that are on a ramp, in the order of their ids.
func (t *Tx) RampMembers(id bridge.RampID) ([]bridge.RampMember, error) {
	return collect(t.ctx, t.tx, t.dialect, "members of "+string(id), scanRampMember,
		`SELECT `+memberColumns+` FROM ramp_members WHERE ramp_id = $1 ORDER BY account_id`, id)
}

// SetRampMember puts an account on a ramp, or changes its days there. The error
// is a *bridge.Error of CodeConflict where it is on another ramp.
func (t *Tx) SetRampMember(m bridge.RampMember) error {
	if _, err := t.Account(m.AccountID); err != nil {
		return err
	}
	n, err := t.exec(`INSERT INTO ramp_members (account_id, ramp_id, starts_on, paused_on) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id) DO UPDATE SET starts_on = excluded.starts_on, paused_on = excluded.paused_on
		WHERE ramp_members.ramp_id = excluded.ramp_id`, m.AccountID, m.RampID, m.StartsOn, m.PausedOn)
	if err == nil && n == 0 {
		return bridge.Errorf(bridge.CodeConflict, "Account %s is on another ramp.", m.AccountID)
	}
	return err
}

// RemoveRampMember takes an account off a ramp. What it has queued there is
// canceled.
func (t *Tx) RemoveRampMember(id bridge.RampID, account bridge.AccountID, now time.Time) error {
	if _, err := t.CancelActions(id, account, now); err != nil {
		return err
	}
	n, err := t.exec(`DELETE FROM ramp_members WHERE ramp_id = $1 AND account_id = $2`, id, account)
	if err == nil && n == 0 {
		return bridge.Errorf(bridge.CodeNotFound, "Account %s is not on ramp %s.", account, id)
	}
	return err
}
