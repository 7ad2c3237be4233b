package store

import (
	"context"
	"time"

	"godwit/bridge"
)

// A Wait is something that Telegram wants later of an account.
type Wait struct {
	Scope bridge.Scope
	Cause string // the error's type
	Since time.Time
	Until time.Time
}

// SetWait notes a wait of an account, in place of one of the same scope.
func (t *Tx) SetWait(id bridge.AccountID, w Wait) error {
	_, err := t.exec(`INSERT INTO waits (account_id, method, chat, cause, since, until) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account_id, method, chat) DO UPDATE
		SET cause = excluded.cause, since = excluded.since, until = excluded.until`,
		id, w.Scope.Method, w.Scope.Chat, w.Cause, w.Since, w.Until)
	return err
}

// Waits returns the waits of an account that are not over at a time.
func (s *Store) Waits(ctx context.Context, id bridge.AccountID, now time.Time) ([]Wait, error) {
	return collect(ctx, s.read, s.dialect, "waits of "+string(id), func(row scanner) (w Wait, err error) {
		err = row.Scan(&w.Scope.Method, &w.Scope.Chat, &w.Cause, timeColumn{&w.Since}, timeColumn{&w.Until})
		return w, err
	}, `SELECT method, chat, cause, since, until FROM waits
		WHERE account_id = $1 AND until > $2 ORDER BY until, method, chat`, id, now)
}
