package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"godwit/bridge"
)

const keyColumns = `id, name, scopes, accounts, pools, created_at, expires_at, last_used_at, revoked_at, hash`

// A storedKey is a key and what is kept of its token.
type storedKey struct {
	bridge.APIKey
	hash []byte
}

func scanKey(row scanner) (storedKey, error) {
	var k storedKey
	var scopes, accounts, pools string
	err := row.Scan(&k.ID, &k.Name, &scopes, &accounts, &pools, timeColumn{&k.CreatedAt}, timeColumn{&k.ExpiresAt},
		timeColumn{&k.LastUsedAt}, timeColumn{&k.RevokedAt}, &k.hash)
	return k, errors.Join(err, json.Unmarshal([]byte(scopes), &k.Scopes), json.Unmarshal([]byte(accounts), &k.Accounts),
		json.Unmarshal([]byte(pools), &k.Pools))
}

// CheckKey returns a *bridge.Error of CodeNotFound if an account or a pool that a
// key is for does not exist.
func (t *Tx) CheckKey(k *bridge.APIKey) error {
	for _, id := range k.Accounts {
		if _, err := t.Account(id); err != nil {
			return err
		}
	}
	for _, id := range k.Pools {
		if _, err := t.Pool(id); err != nil {
			return err
		}
	}
	return nil
}

// AddKey adds an API key whose token has a hash.
func (t *Tx) AddKey(k *bridge.APIKey, hash bridge.TokenHash) error {
	var lists []any
	for _, list := range []any{k.Scopes, k.Accounts, k.Pools} {
		text, err := json.Marshal(list)
		if err != nil {
			return fmt.Errorf("store: API key %s: %w", k.ID, err)
		}
		lists = append(lists, string(text))
	}
	_, err := t.exec(`INSERT INTO api_keys (id, name, scopes, accounts, pools, lookup, hash, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		k.ID, k.Name, lists[0], lists[1], lists[2], hash.Lookup(), hash[:], k.CreatedAt, k.ExpiresAt)
	return err
}

// Keys returns up to limit API keys after another one, in the order in which
// they were made. An empty id is before the first.
func (s *Store) Keys(ctx context.Context, after bridge.KeyID, limit int) ([]bridge.APIKey, error) {
	return collect(ctx, s.read, s.dialect, "API keys", func(row scanner) (bridge.APIKey, error) {
		k, err := scanKey(row)
		return k.APIKey, err
	}, `SELECT `+keyColumns+` FROM api_keys WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// RevokeKey makes an API key useless from now on. It stays listed. The error is a
// *bridge.Error of CodeNotFound where there is none, and of CodeConflict where it
// is revoked already.
func (t *Tx) RevokeKey(id bridge.KeyID, at time.Time) error {
	n, err := t.exec(`UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, id, at)
	if err != nil || n == 1 {
		return err
	}
	var name string
	if err := t.row(`SELECT name FROM api_keys WHERE id = $1`, id).Scan(&name); err == nil {
		return bridge.Errorf(bridge.CodeConflict, "API key %s is revoked already.", id)
	} else if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("store: API key %s: %w", id, err)
	}
	return bridge.Errorf(bridge.CodeNotFound, "There is no API key %s.", id)
}

// keyUse is how often it is noted that a key was used.
const keyUse = time.Minute

// AuthenticateKey returns what a token lets its bearer do, and notes that it was
// used. The error is a *bridge.Error of CodeUnauthorized for one that is not
// known, or not valid any more.
func (s *Store) AuthenticateKey(ctx context.Context, token bridge.APIToken, now time.Time) (*bridge.Grant, error) {
	hash := token.Hash()
	found, err := collect(ctx, s.read, s.dialect, "API keys", scanKey,
		`SELECT `+keyColumns+` FROM api_keys WHERE lookup = $1`, hash.Lookup())
	if err != nil {
		return nil, err
	}
	for _, k := range found {
		if !hash.Equal(bridge.TokenHash(k.hash)) {
			continue
		}
		if err := k.Valid(now); err != nil {
			return nil, err
		}
		return s.grant(ctx, &k.APIKey, now)
	}
	return nil, bridge.Errorf(bridge.CodeUnauthorized, "The API key is not known.")
}

func (s *Store) grant(ctx context.Context, k *bridge.APIKey, now time.Time) (*bridge.Grant, error) {
	var pooled []bridge.AccountID
	for _, pool := range k.Pools {
		members, err := collect(ctx, s.read, s.dialect, "pools", func(row scanner) (id bridge.AccountID, err error) {
			return id, row.Scan(&id)
		}, `SELECT account_id FROM pool_members WHERE pool_id = $1`, pool)
		if err != nil {
			return nil, err
		}
		pooled = append(pooled, members...)
	}
	if now.Sub(k.LastUsedAt) >= keyUse {
		err := s.Change(ctx, func(t *Tx) error {
			_, err := t.exec(`UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
				k.ID, now)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return bridge.NewGrant(*k, pooled), nil
}
