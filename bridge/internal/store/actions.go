package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"godwit/bridge"
)

const actionColumns = `id, account_id, ramp_id, kind, target, content, random_id, state, not_before, attempts, error,
	telegram_id, created_at, started_at, finished_at, requested_by`

func scanAction(row scanner) (*bridge.QueuedAction, error) {
	a := new(bridge.QueuedAction)
	err := row.Scan(&a.ID, &a.AccountID, &a.RampID, &a.Kind, &a.Target, jsonColumn{&a.Content}, &a.RandomID, &a.State,
		timeColumn{&a.NotBefore}, &a.Attempts, &a.Error, &a.TelegramID, timeColumn{&a.CreatedAt}, timeColumn{&a.StartedAt},
		timeColumn{&a.FinishedAt}, &a.RequestBy)
	return a, err
}

func noAction(id bridge.ActionID, err error) error { return absent("action", string(id), err) }

// AddAction queues an action.
func (t *Tx) AddAction(a *bridge.QueuedAction) error {
	content, err := jsonText(a.Content)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO actions (`+actionColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		a.ID, a.AccountID, a.RampID, a.Kind, a.Target, content, a.RandomID, a.State, a.NotBefore, a.Attempts, a.Error,
		a.TelegramID, a.CreatedAt, a.StartedAt, a.FinishedAt, a.RequestBy)
	return err
}

// Action returns a queued action. The error is a *bridge.Error of CodeNotFound
// where there is none.
func (s *Store) Action(ctx context.Context, id bridge.ActionID) (*bridge.QueuedAction, error) {
	a, err := scanAction(s.read.QueryRowContext(ctx, `SELECT `+actionColumns+` FROM actions WHERE id = $1`, id))
	return a, noAction(id, err)
}

// Action returns a queued action, which nobody else changes until the
// transaction has ended.
func (t *Tx) Action(id bridge.ActionID) (*bridge.QueuedAction, error) {
	a, err := scanAction(t.row(`SELECT `+actionColumns+` FROM actions WHERE id = $1`+t.dialect.forUpdate, id))
	return a, noAction(id, err)
}

// RampActions returns up to limit actions of a ramp whose id comes after
// another, in the order in which they were given.
func (s *Store) RampActions(ctx context.Context, id bridge.RampID, after bridge.ActionID, limit int) ([]*bridge.QueuedAction, error) {
	return collect(ctx, s.read, s.dialect, "actions of "+string(id),
		scanAction,
		`SELECT `+actionColumns+` FROM actions WHERE ramp_id = $1 AND ramp_id <> '' AND id > $2 ORDER BY id LIMIT $3`, id, after, limit)
}

// An ActionCount is how many actions of a kind an account has in a state.
type ActionCount struct {
	AccountID bridge.AccountID
	Kind      bridge.ActionKind
	State     bridge.ActionState
	Count     int
}

// CountActions counts the actions of a ramp.
func (s *Store) CountActions(ctx context.Context, id bridge.RampID) ([]ActionCount, error) {
	return collect(ctx, s.read, s.dialect, "actions of "+string(id), func(r scanner) (c ActionCount, err error) {
		err = r.Scan(&c.AccountID, &c.Kind, &c.State, &c.Count)
		return c, err
	}, `SELECT account_id, kind, state, count(*) FROM actions WHERE ramp_id = $1 AND ramp_id <> ''
		GROUP BY account_id, kind, state ORDER BY account_id, kind, state`, id)
}

// A RampLoad is what an account of a ramp has to do already.
type RampLoad struct {
	AccountID bridge.AccountID
	Queued    int  // actions of a kind
	Joins     bool // it has joined a target, or will, and is not to leave it again
}

// RampLoads returns what the accounts of a ramp have to do already of a kind,
// and whether they are in a target.
func (t *Tx) RampLoads(id bridge.RampID, kind bridge.ActionKind, target string) ([]RampLoad, error) {
	return collect(t.ctx, t.tx, t.dialect, "actions of "+string(id), func(r scanner) (l RampLoad, err error) {
		var last bridge.ActionKind
		err = r.Scan(&l.AccountID, &l.Queued, &last)
		l.Joins = last == bridge.JoinAction
		return l, err
	}, `SELECT m.account_id,
			(SELECT count(*) FROM actions a WHERE a.account_id = m.account_id AND a.kind = $2 AND a.state = 'queued'),
			COALESCE((SELECT a.kind FROM actions a WHERE a.account_id = m.account_id AND a.target = $3 AND a.kind IN ('join', 'leave')
				AND a.state IN ('queued', 'running', 'done') ORDER BY a.id DESC LIMIT 1), '')
		FROM ramp_members m WHERE m.ramp_id = $1 ORDER BY m.account_id`, id, kind, target)
}

// unblocked is what lets a queued action go, apart from its time and its budget:
// nothing is left to be done for the same target that was given before, and its
// ramp is not paused.
const unblocked = `a.state = 'queued'
	AND NOT EXISTS (SELECT 1 FROM actions e WHERE e.account_id = a.account_id AND e.target = a.target AND e.id < a.id
		AND e.state IN ('queued', 'running'))
	AND NOT EXISTS (SELECT 1 FROM ramps r WHERE r.id = a.ramp_id AND r.state = 'paused')`

// A PendingAction is that an account has actions of a kind to do.
type PendingAction struct {
	Kind bridge.ActionKind
	At   time.Time // when the first of them may go, as far as its own time says; zero: at once
}

// PendingActions returns of which kinds an account has actions to do that
// nothing but their time and budget holds back.
func (t *Tx) PendingActions(id bridge.AccountID) ([]PendingAction, error) {
	return collect(t.ctx, t.tx, t.dialect, "actions of "+string(id), func(r scanner) (p PendingAction, err error) {
		var timed, all int
		if err = r.Scan(&p.Kind, &all, &timed, timeColumn{&p.At}); timed < all {
			p.At = time.Time{}
		}
		return p, err
	}, `SELECT a.kind, count(*), count(a.not_before), min(a.not_before) FROM actions a
		WHERE a.account_id = $1 AND `+unblocked+` GROUP BY a.kind ORDER BY a.kind`, id)
}

// StartAction makes the first queued action of a kind that may go now the
// running one and returns it; nil: there is none. It counts the attempt.
func (t *Tx) StartAction(id bridge.AccountID, kind bridge.ActionKind, now time.Time) (*bridge.QueuedAction, error) {
	a, err := scanAction(t.row(`UPDATE actions SET state = 'running', attempts = attempts + 1, started_at = $3, error = ''
		WHERE id = (SELECT a.id FROM actions a WHERE a.account_id = $1 AND a.kind = $2
			AND (a.not_before IS NULL OR a.not_before <= $3) AND `+unblocked+` ORDER BY a.id LIMIT 1)
		RETURNING `+actionColumns, id, kind, now))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: next action of %s: %w", id, err)
	}
	return a, nil
}

// EndAction stores how an action has ended: its State, NotBefore, Error,
// TelegramID and FinishedAt. It does nothing, and returns false, unless the
// action is running. What follows a join that failed fails too, up to the next
// join of the same target.
func (t *Tx) EndAction(a *bridge.QueuedAction) (bool, error) {
	n, err := t.exec(`UPDATE actions SET state = $2, not_before = $3, error = $4, telegram_id = $5, finished_at = $6
		WHERE id = $1 AND state = 'running'`, a.ID, a.State, a.NotBefore, a.Error, a.TelegramID, a.FinishedAt)
	if err != nil || n == 0 || a.Kind != bridge.JoinAction || a.State != bridge.ActionFailed {
		return n == 1, err
	}
	_, err = t.exec(`UPDATE actions SET state = 'failed', error = $4, finished_at = $5
		WHERE account_id = $1 AND target = $2 AND id > $3 AND state = 'queued' AND kind <> 'join'
		AND NOT EXISTS (SELECT 1 FROM actions j WHERE j.account_id = actions.account_id AND j.target = actions.target
			AND j.kind = 'join' AND j.state = 'queued' AND j.id > $3 AND j.id < actions.id)`,
		a.AccountID, a.Target, a.ID, "the join before it failed: "+a.Error, a.FinishedAt)
	return true, err
}

// RequeueActions queues anew what an owner before has left running. Joins and
// leaves can be repeated, and posts carry their RandomID.
func (t *Tx) RequeueActions(id bridge.AccountID) (int64, error) {
	return t.exec(`UPDATE actions SET state = 'queued' WHERE account_id = $1 AND state = 'running'`, id)
}

// CancelAction cancels an action that is queued. The error is a *bridge.Error of
// CodeConflict where it has been started.
func (t *Tx) CancelAction(id bridge.ActionID, now time.Time) error {
	a, err := t.Action(id)
	if err != nil {
		return err
	}
	if a.State != bridge.ActionQueued {
		return bridge.Errorf(bridge.CodeConflict, "Action %s is %s and cannot be canceled.", id, a.State)
	}
	_, err = t.exec(`UPDATE actions SET state = 'canceled', finished_at = $2 WHERE id = $1`, id, now)
	return err
}

// CancelActions cancels what a ramp has queued for an account, for all of them
// if that is empty.
func (t *Tx) CancelActions(id bridge.RampID, account bridge.AccountID, now time.Time) (int64, error) {
	return t.exec(`UPDATE actions SET state = 'canceled', finished_at = $3
		WHERE ramp_id = $1 AND ramp_id <> '' AND ($2 = '' OR account_id = $2) AND state = 'queued'`, id, account, now)
}
