package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"godwit/bridge"
)

// A DataKey is an account's data key as it is stored: wrapped by a
// key-encryption key, which KEK names.
type DataKey struct {
	KEK     string
	Wrapped []byte
}

// A Sealed is something secret of an account as it is stored. Version rises by
// one with each change.
type Sealed struct {
	Version    int64
	Ciphertext []byte
}

// keyOwner returns where the data key of an account is, or of a webhook: those
// have one each too, and are taken for accounts by whoever deals in keys.
func keyOwner(id bridge.AccountID) (table, column string) {
	if _, err := bridge.ParseID[bridge.WebhookID](string(id)); err == nil {
		return "webhooks", "id"
	}
	return "data_keys", "account_id"
}

// DataKey returns the data key of an account. The error is a *bridge.Error of
// CodeNotFound where it has none: none yet, or none any more.
func (s *Store) DataKey(ctx context.Context, id bridge.AccountID) (*DataKey, error) {
	k := new(DataKey)
	table, column := keyOwner(id)
	err := s.read.QueryRowContext(ctx, `SELECT kek, wrapped FROM `+table+` WHERE `+column+` = $1`, id).Scan(&k.KEK, &k.Wrapped)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, noDataKey(id)
	case err != nil:
		return nil, fmt.Errorf("store: data key of %s: %w", id, err)
	}
	return k, nil
}

// Secret returns what is sealed of an account under a name. Nothing is a
// Sealed of version 0.
func (s *Store) Secret(ctx context.Context, id bridge.AccountID, field string) (Sealed, error) {
	var v Sealed
	err := s.read.QueryRowContext(ctx, `SELECT version, sealed FROM secrets WHERE account_id = $1 AND field = $2`,
		id, field).Scan(&v.Version, &v.Ciphertext)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Sealed{}, fmt.Errorf("store: %s of %s: %w", field, id, err)
	}
	return v, nil
}

// KeyAndSecret is [Store.DataKey] and [Store.Secret] at once.
func (s *Store) KeyAndSecret(ctx context.Context, id bridge.AccountID, field string) (*DataKey, Sealed, error) {
	k, v := new(DataKey), Sealed{}
	err := s.read.QueryRowContext(ctx, `SELECT k.kek, k.wrapped, COALESCE(s.version, 0), s.sealed FROM data_keys k
		LEFT JOIN secrets s ON s.account_id = k.account_id AND s.field = $2 WHERE k.account_id = $1`, id, field).
		Scan(&k.KEK, &k.Wrapped, &v.Version, &v.Ciphertext)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, Sealed{}, noDataKey(id)
	case err != nil:
		return nil, Sealed{}, fmt.Errorf("store: %s of %s: %w", field, id, err)
	}
	return k, v, nil
}

func noDataKey(id bridge.AccountID) error {
	return bridge.Errorf(bridge.CodeNotFound, "Account %s has no data key.", id)
}

// SetDataKey stores the data key of an account that has none.
func (t *Tx) SetDataKey(id bridge.AccountID, k *DataKey) error {
	_, err := t.exec(`INSERT INTO data_keys (account_id, kek, wrapped) VALUES ($1, $2, $3)`, id, k.KEK, k.Wrapped)
	return err
}

// ReplaceDataKey stores a data key wrapped anew, unless it has changed since it
// was old, which it reports.
func (t *Tx) ReplaceDataKey(id bridge.AccountID, old, k *DataKey) (bool, error) {
	table, column := keyOwner(id)
	n, err := t.exec(`UPDATE `+table+` SET kek = $3, wrapped = $4 WHERE `+column+` = $1 AND wrapped = $2`,
		id, old.Wrapped, k.KEK, k.Wrapped)
	return n == 1, err
}

// DataKeysNotUnder returns up to limit accounts, and webhooks, after another one whose data
// keys are wrapped by other key-encryption keys than one.
func (s *Store) DataKeysNotUnder(ctx context.Context, kek string, after bridge.AccountID, limit int) ([]bridge.AccountID, error) {
	return collect(ctx, s.read, s.dialect, "data keys", scanOne[bridge.AccountID],
		`SELECT account_id FROM data_keys WHERE kek <> $1 AND account_id > $2
		UNION ALL SELECT id FROM webhooks WHERE kek <> $1 AND id > $2 ORDER BY account_id LIMIT $3`, kek, after, limit)
}

// DeleteSecret deletes what is sealed of an account under a name, if anything is.
func (t *Tx) DeleteSecret(id bridge.AccountID, field string) error {
	_, err := t.exec(`DELETE FROM secrets WHERE account_id = $1 AND field = $2`, id, field)
	return err
}

// ErrStale says that a secret has changed since it was read.
var ErrStale = errors.New("store: what is to be replaced has changed meanwhile")

// SetSecret stores what is sealed of an account under a name: v.Version is one
// more than what it replaces, and 1 for the first. The error is ErrStale where
// that is not so, and ErrNotOwner where epoch is not the account's present one.
func (t *Tx) SetSecret(id bridge.AccountID, epoch int64, field string, v Sealed) error {
	if err := t.CheckOwner(id, epoch); err != nil {
		return err
	}
	var n int64
	var err error
	if v.Version == 1 {
		n, err = t.exec(`INSERT INTO secrets (account_id, field, version, sealed) VALUES ($1, $2, 1, $3)
			ON CONFLICT DO NOTHING`, id, field, v.Ciphertext)
	} else {
		n, err = t.exec(`UPDATE secrets SET version = $3, sealed = $4 WHERE account_id = $1 AND field = $2 AND version = $3 - 1`,
			id, field, v.Version, v.Ciphertext)
	}
	if err == nil && n == 0 {
		return fmt.Errorf("%w: %s of %s, version %d", ErrStale, field, id, v.Version)
	}
	return err
}
