// Package operator does for the daemon's operator what needs no daemon: it works
// on the database, while daemons use it or when none runs.
//
// Start with [Open].
package operator

import (
	"context"
	"crypto/rand"
	"encoding/json"
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
	var others []*vault.KEK
	for _, url := range from {
		k, err := openKEK(ctx, url, false)
		if err != nil {
			return r, err
		}
		others = append(others, k)
	}
	primary, err := openKEK(ctx, to, true) // last, so that a mistake above makes no file
	if err != nil {
		return r, err
	}
	counts, err := o.store.DataKeyCounts(ctx)
	if err != nil {
		return r, err
	}
	r.KEK = primary.ID
	nothing := func(*store.Tx) error { return nil }
	e := &bridge.AuditEntry{Action: bridge.AuditKeysRotate}
	if err := o.change(ctx, e, map[string]any{"to": primary.ID}, nothing); err != nil {
		return r, err
	}
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
	e, err := o.entry(&bridge.AuditEntry{Action: bridge.AuditKeysShred, AccountID: id}, nil)
	if err != nil {
		return err
	}
	return vault.Shred(ctx, o.store, id, e.At, func(t *store.Tx) error { return t.Audit(e) })
}

// change does something and notes that the operator has asked for it.
func (o *Operator) change(ctx context.Context, e *bridge.AuditEntry, detail map[string]any, do func(*store.Tx) error) error {
	e, err := o.entry(e, detail)
	if err != nil {
		return err
	}
	return o.store.Change(ctx, func(t *store.Tx) error {
		if err := do(t); err != nil {
			return err
		}
		return t.Audit(e)
	})
}

// entry completes an entry of the audit log.
func (o *Operator) entry(e *bridge.AuditEntry, detail map[string]any) (_ *bridge.AuditEntry, err error) {
	e.Actor, e.At = bridge.OperatorActor, o.now().UTC()
	if e.ID, err = bridge.NewID[bridge.AuditID](e.At, rand.Reader); err != nil || detail == nil {
		return e, err
	}
	e.Detail, err = json.Marshal(detail)
	return e, err
}
