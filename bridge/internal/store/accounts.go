package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"godwit/bridge"
)

const accountColumns = `id, name, kind, phone, user_id, state, cause, error, scope_method, scope_chat,
	since, until, suspected, created_at, epoch, node, came_from, updates_by`

// scanAccount reads a row of accountColumns.
func scanAccount(row scanner) (*bridge.Account, error) {
	a := new(bridge.Account)
	s := &a.Status
	err := row.Scan(&a.ID, &a.Name, &a.Kind, &a.Phone, &a.UserID, &s.State, &s.Cause, &s.Error, &s.Scope.Method,
		&s.Scope.Chat, timeColumn{&s.Since}, timeColumn{&s.Until}, &s.Suspected, timeColumn{&a.CreatedAt}, &a.Epoch, &a.Node,
		&s.From, &a.UpdatesBy)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// noAccount says that there is no account of an id, if that is what err says.
func noAccount(id bridge.AccountID, err error) error { return absent("account", string(id), err) }

// Account returns an account. The error is a *bridge.Error of CodeNotFound
// where there is none.
func (s *Store) Account(ctx context.Context, id bridge.AccountID) (*bridge.Account, error) {
	a, err := scanAccount(s.read.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts WHERE id = $1`, id))
	return a, noAccount(id, err)
}

// Accounts returns up to limit accounts whose id comes after another, in the
// order of their ids, which is that in which they were made. An empty id is
// before the first.
func (s *Store) Accounts(ctx context.Context, after bridge.AccountID, limit int) ([]*bridge.Account, error) {
	return collect(ctx, s.read, s.dialect, "accounts", scanAccount,
		`SELECT `+accountColumns+` FROM accounts WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// accounts returns the accounts that a statement finds.
func (t *Tx) accounts(statement string, args ...any) ([]*bridge.Account, error) {
	return collect(t.ctx, t.tx, t.dialect, "accounts", scanAccount, statement, args...)
}

// AddAccount adds an account. Its Epoch and Node are not used: nobody owns it
// yet.
func (t *Tx) AddAccount(a *bridge.Account) error {
	s := &a.Status
	_, err := t.exec(`INSERT INTO accounts (id, name, kind, phone, user_id, state, cause, error, scope_method, scope_chat,
		since, until, suspected, created_at, epoch, node, event_seq, shard, came_from, updates_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, '', 0, $15, $16, $17)`,
		a.ID, a.Name, a.Kind, a.Phone, a.UserID, s.State, s.Cause, s.Error, s.Scope.Method, s.Scope.Chat,
		s.Since, s.Until, s.Suspected, a.CreatedAt, bridge.ShardOf(a.ID), s.From, a.UpdatesBy)
	return err
}

// Account returns an account, which nobody else changes until the transaction
// has ended.
func (t *Tx) Account(id bridge.AccountID) (*bridge.Account, error) {
	a, err := scanAccount(t.row(`SELECT `+accountColumns+` FROM accounts WHERE id = $1`+t.dialect.forUpdate, id))
	return a, noAccount(id, err)
}

// LockedAccounts returns those of some accounts that there are, which nobody else
// changes until the transaction has ended.
func (t *Tx) LockedAccounts(ids []bridge.AccountID) (map[bridge.AccountID]*bridge.Account, error) {
	r := t.rows(nameTable)
	for _, id := range ids {
		r.add(id)
	}
	accounts := make(map[bridge.AccountID]*bridge.Account, len(ids))
	err := t.query(r, `SELECT `+accountColumns+` FROM accounts WHERE id IN (SELECT r.id FROM `+t.dialect.from(nameTable)+`)
		ORDER BY id`+t.dialect.forUpdate, func(row scanner) error {
		a, err := scanAccount(row)
		if err == nil {
			accounts[a.ID] = a
		}
		return err
	})
	return accounts, err
}

var statusTable = table{
	{"id", text}, {"state", text}, {"cause", text}, {"error", text}, {"scope_method", text}, {"scope_chat", integer},
	{"since", timestamp}, {"until", timestamp}, {"suspected", boolean}, {"came_from", text},
}

// SetStatuses stores the statuses of accounts, which are locked.
func (t *Tx) SetStatuses(accounts []*bridge.Account) error {
	if len(accounts) == 0 {
		return nil
	}
	_, err := t.setStatuses(accounts)
	return err
}

// setStatuses returns how many of the accounts there are.
func (t *Tx) setStatuses(accounts []*bridge.Account) (int64, error) {
	r := t.rows(statusTable)
	for _, a := range accounts {
		s := a.Status
		r.add(a.ID, s.State, s.Cause, s.Error, s.Scope.Method, s.Scope.Chat, s.Since, s.Until, s.Suspected, s.From)
	}
	return t.execRows(r, `UPDATE accounts SET state = r.state, cause = r.cause, error = r.error, scope_method = r.scope_method,
		scope_chat = r.scope_chat, since = r.since, until = r.until, suspected = r.suspected, came_from = r.came_from
		FROM `+t.dialect.from(statusTable)+` WHERE accounts.id = r.id`)
}

// SetStatus changes the status of an account.
func (t *Tx) SetStatus(id bridge.AccountID, s bridge.Status) error {
	n, err := t.setStatuses([]*bridge.Account{{ID: id, Status: s}})
	if err == nil && n == 0 {
		return noAccount(id, sql.ErrNoRows)
	}
	return err
}

// SetUpdatesBy changes how the updates of a bot come.
func (t *Tx) SetUpdatesBy(id bridge.AccountID, by bridge.UpdatesBy) error {
	n, err := t.exec(`UPDATE accounts SET updates_by = $2 WHERE id = $1`, id, by)
	if err == nil && n == 0 {
		return noAccount(id, sql.ErrNoRows)
	}
	return err
}

// SetIdentity notes who an account is at Telegram. The error is a *bridge.Error
// of CodeConflict where another account is the same person already, and of
// CodeOtherAccount where this one is somebody else.
func (t *Tx) SetIdentity(id bridge.AccountID, userID int64, phone string) error {
	a, err := t.Account(id)
	if err != nil {
		return err
	}
	if a.UserID != 0 && a.UserID != userID {
		return bridge.Errorf(bridge.CodeOtherAccount,
			"%s is user %d at Telegram, and user %d has signed in. Sign in as the former, or add another account.",
			id, a.UserID, userID)
	}
	var other bridge.AccountID
	err = t.row(`SELECT id FROM accounts WHERE user_id = $1 AND id <> $2`, userID, id).Scan(&other)
	switch {
	case err == nil:
		return bridge.Errorf(bridge.CodeConflict, "User %d is account %s already.", userID, other)
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("store: account %s: %w", id, err)
	}
	_, err = t.exec(`UPDATE accounts SET user_id = $2, phone = $3 WHERE id = $1`, id, userID, phone)
	return err
}

// DeleteAccount deletes an account and everything that is its own: messages,
// events, keys. [Store.Listen] tells of it.
func (t *Tx) DeleteAccount(id bridge.AccountID) error {
	n, err := t.exec(`DELETE FROM accounts WHERE id = $1`, id)
	if err == nil && n == 0 {
		return noAccount(id, sql.ErrNoRows)
	}
	if err == nil { // nobody can add any more
		_, err = t.exec(`DELETE FROM events WHERE account_id = $1`, id)
	}
	if err == nil && t.dialect == postgres {
		_, err = t.exec(`SELECT pg_notify($1, $2)`, eventsChannel, id)
	}
	return err
}

// Claim makes a node the owner of an account and returns the epoch under which
// it may write. What owners before it write from now on is refused.
func (t *Tx) Claim(id bridge.AccountID, node string) (epoch int64, err error) {
	err = t.row(`UPDATE accounts SET epoch = epoch + 1, node = $2 WHERE id = $1 RETURNING epoch`, id, node).Scan(&epoch)
	return epoch, noAccount(id, err)
}

// ClaimNew makes a node the owner of an account that has none, and reports
// whether it had none.
func (t *Tx) ClaimNew(id bridge.AccountID, node string) (bool, error) {
	n, err := t.exec(`UPDATE accounts SET epoch = epoch + 1, node = $2 WHERE id = $1 AND node = ''`, id, node)
	return n == 1, err
}

// ErrNotOwner says that an account has had another owner since the epoch that
// a write names.
var ErrNotOwner = errors.New("store: the account has another owner by now")

// CheckOwner returns ErrNotOwner unless epoch is the present one of an
// account, and keeps it the present one until the transaction has ended.
func (t *Tx) CheckOwner(id bridge.AccountID, epoch int64) error {
	a, err := t.Account(id)
	if err != nil {
		return err
	}
	if a.Epoch != epoch {
		return fmt.Errorf("%w: account %s, epoch %d, now %d of node %s", ErrNotOwner, id, epoch, a.Epoch, a.Node)
	}
	return nil
}
