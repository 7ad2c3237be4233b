// Package operator does for the daemon's operator what needs no daemon: it works
// on the database, while daemons use it or when none runs.
//
// Start with [Open].
package operator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/vault"
)

// An Operator works on one database. It is safe for concurrent use.
type Operator struct {
	store *store.Store
	now   func() time.Time
}

// Open opens the database at postgres://user@host/database or sqlite:PATH, and
// brings its tables up to date. A file that does not exist is made only with
// create.
func Open(ctx context.Context, url string, create bool) (*Operator, error) {
	if path, isFile := strings.CutPrefix(url, "sqlite:"); isFile && !create {
		if err := exists(path); err != nil {
			return nil, fmt.Errorf("the database %s: %w", url, err)
		}
	}
	s, err := store.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	return &Operator{s, time.Now}, nil
}

// exists keeps a mistake in a path from making a file.
func exists(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no such file")
	}
	return err
}

// Close closes the database.
func (o *Operator) Close() error { return o.store.Close() }

// Account returns an account. The error is a *bridge.Error of CodeNotFound where
// there is none.
func (o *Operator) Account(ctx context.Context, id bridge.AccountID) (*bridge.Account, error) {
	return o.store.Account(ctx, id)
}

// A Rotation is how far RotateKeys has come.
type Rotation struct {
	Done, Total int64  // data keys; Total grows when accounts are added meanwhile
	KEK         string // what they are brought under
}

// RotateKeys brings all data keys under another key-encryption key, while
// daemons use them, and tells of each. Both are URLs; from names the present
// ones. Who begins again after an interruption goes on with the rest.
func (o *Operator) RotateKeys(ctx context.Context, from []string, to string, tell func(Rotation)) (Rotation, error) {
	var r Rotation
	primary, err := openKEK(ctx, to, true)
	if err != nil {
		return r, err
	}
	var others []*vault.KEK
	for _, url := range from {
		k, err := openKEK(ctx, url, false)
		if err != nil {
			return r, err
		}
		others = append(others, k)
	}
	counts, err := o.store.DataKeyCounts(ctx)
	if err != nil {
		return r, err
	}
	r.KEK = primary.ID
	for kek, n := range counts {
		if kek != primary.ID {
			r.Total += n
		}
	}
	err = vault.Rotate(ctx, o.store, vault.New(primary, others...), func(done int64) {
		r.Done, r.Total = max(r.Done, done), max(r.Total, done)
		tell(r)
	})
	return r, err
}

// openKEK opens a key-encryption key and tries it.
func openKEK(ctx context.Context, url string, create bool) (*vault.KEK, error) {
	if path, isFile := strings.CutPrefix(url, "file:"); isFile && !create {
		if err := exists(path); err != nil {
			return nil, fmt.Errorf("key-encryption key %s: %w", url, err)
		}
	}
	k, err := vault.OpenKEK(ctx, url)
	if err != nil {
		return nil, err
	}
	return k, k.Check(ctx)
}

// ShredKeys makes everything that was sealed of an account unreadable for good,
// and has it signed out. A daemon that runs the account is refused its next
// write. The error is a *bridge.Error of CodeNotFound where there is no such
// account, or nothing to shred.
func (o *Operator) ShredKeys(ctx context.Context, id bridge.AccountID) error {
	return vault.Shred(ctx, o.store, id, o.now(), func(*store.Tx) error { return nil })
}
