package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"godwit/bridge"
)

// AddLoginLink stores a login link by the hash of its token. Those of the
// account before it are good no more.
func (t *Tx) AddLoginLink(hash []byte, id bridge.AccountID, expires time.Time) error {
	if err := t.DeleteLoginLinks(id); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO login_links (token_hash, account_id, expires_at) VALUES ($1, $2, $3)`, hash, id, expires)
	return err
}

// DeleteLoginLinks has no login link of an account be good any more.
func (t *Tx) DeleteLoginLinks(id bridge.AccountID) error {
	_, err := t.exec(`DELETE FROM login_links WHERE account_id = $1`, id)
	return err
}

// LoginLink returns the account that a login link signs in. The error is a
// *bridge.Error of CodeLoginExpired where the link is not good.
func (s *Store) LoginLink(ctx context.Context, hash []byte, now time.Time) (bridge.AccountID, error) {
	var id bridge.AccountID
	err := s.read.QueryRowContext(ctx, `SELECT account_id FROM login_links WHERE token_hash = $1 AND expires_at > $2`,
		s.dialect.values([]any{hash, now})...).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", bridge.Errorf(bridge.CodeLoginExpired, "This login link is used up or too old. Ask for another one.")
	case err != nil:
		return "", fmt.Errorf("store: login link: %w", err)
	}
	return id, nil
}
