package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"godwit/bridge"
)

// Shred makes everything that was sealed of an account unreadable for good, and
// has nobody own it: what its owner writes from now on is refused. The error is
// a *bridge.Error of CodeNotFound where there is no account, or where it has no
// data key.
//
// Backups of the database still hold the data key as it was wrapped. They are
// worth nothing without the key-encryption key: rotate it, and destroy the old one.
func (t *Tx) Shred(id bridge.AccountID) error {
	if _, err := t.Claim(id, ""); err != nil {
		return err
	}
	noise := make([]byte, 64)
	rand.Read(noise)
	n, err := t.exec(`UPDATE data_keys SET wrapped = $2 WHERE account_id = $1`, id, noise)
	if err == nil && n == 0 {
		return bridge.Errorf(bridge.CodeNotFound, "Account %s has no data key.", id)
	}
	if err != nil {
		return err
	}
	if _, err = t.exec(`DELETE FROM data_keys WHERE account_id = $1`, id); err != nil {
		return err
	}
	_, err = t.exec(`DELETE FROM secrets WHERE account_id = $1`, id)
	return err
}

// Scrub rewrites the files of the database that data keys were stored in, so
// that they hold none that was deleted. PostgreSQL locks the table of data keys
// meanwhile, and keeps what it has logged until it needs the space.
func (s *Store) Scrub(ctx context.Context) error {
	if s.dialect == postgres {
		return s.rewriteDataKeys(ctx)
	}
	var busy, log, done int64
	err := s.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &done)
	if err == nil && busy != 0 {
		err = errors.New("others are using it")
	}
	if err != nil {
		return fmt.Errorf("store: emptying the log of the database: %w", err)
	}
	return nil
}

// rewriteDataKeys has PostgreSQL write the table into a new file. It waits a
// while for the lock, but not so long that everybody waits behind it.
func (s *Store) rewriteDataKeys(ctx context.Context) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer conn.Close()
	for _, statement := range []string{`SET lock_timeout = '10s'`, `VACUUM FULL data_keys`, `RESET lock_timeout`} {
		if _, e := conn.ExecContext(ctx, statement); e != nil && err == nil {
			err = fmt.Errorf("store: rewriting the table of data keys: %w", e)
		}
	}
	return err
}

// DataKeyCounts returns how many data keys each key-encryption key wraps.
func (s *Store) DataKeyCounts(ctx context.Context) (map[string]int64, error) {
	return counted[string, int64](ctx, s, "data keys", `SELECT kek, count(*) FROM
		(SELECT kek FROM data_keys UNION ALL SELECT kek FROM webhooks) AS k GROUP BY kek`)
}
