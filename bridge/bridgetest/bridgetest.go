// Package bridgetest fills the database of a daemon, for tests of what works on
// it from outside.
//
// Start with [Open].
package bridgetest

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/vault"
)

// A Daemon is what of a daemon touches the database: it keeps what is secret
// about accounts, as the owner of all of them.
type Daemon struct {
	store *store.Store
	vault *vault.Vault
}

// Open opens a database as a daemon does, with its key-encryption keys: the
// first wraps, the others are for what was wrapped before.
func Open(tb testing.TB, url string, keks ...string) *Daemon {
	tb.Helper()
	var list []*vault.KEK
	for _, url := range keks {
		k, err := vault.OpenKEK(tb.Context(), url)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, k)
	}
	s, err := store.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &Daemon{s, vault.New(list[0], list[1:]...)}
}

// An Owned is an account that the daemon runs.
type Owned struct {
	ID bridge.AccountID

	daemon  *Daemon
	key     *store.DataKey
	epoch   int64
	version int64
}

// Add adds an account that has a data key and nothing secret yet.
func (d *Daemon) Add(ctx context.Context) (*Owned, error) {
	id, err := bridge.NewID[bridge.AccountID](time.Now(), rand.Reader)
	if err != nil {
		return nil, err
	}
	o := &Owned{ID: id, daemon: d}
	if o.key, err = d.vault.NewKey(ctx, id); err != nil {
		return nil, err
	}
	err = d.store.Change(ctx, func(t *store.Tx) error {
		if err := t.AddAccount(&bridge.Account{
			ID: id, Name: "one", Kind: bridge.UserAccount, CreatedAt: time.Now(),
			Status: bridge.Status{State: bridge.Connecting, Since: time.Now()},
		}); err != nil {
			return err
		}
		if o.epoch, err = t.Claim(id, "node"); err != nil {
			return err
		}
		return t.SetDataKey(id, o.key)
	})
	return o, err
}

// field is where the secret is kept.
const field = "session"

// Write keeps something secret of the account.
func (o *Owned) Write(ctx context.Context, secret []byte) error {
	sealed, err := o.daemon.vault.Seal(ctx, o.ID, o.key, field, o.version+1, secret)
	if err != nil {
		return err
	}
	if err := o.daemon.store.Change(ctx, func(t *store.Tx) error {
		return t.SetSecret(o.ID, o.epoch, field, sealed)
	}); err != nil {
		return err
	}
	o.version++
	return nil
}

// Read returns what is kept of an account, as a daemon that has just started.
func (d *Daemon) Read(ctx context.Context, id bridge.AccountID) ([]byte, error) {
	key, err := d.store.DataKey(ctx, id)
	if err != nil {
		return nil, err
	}
	sealed, err := d.store.Secret(ctx, id, field)
	if err != nil {
		return nil, err
	}
	return d.vault.Open(ctx, id, key, field, sealed)
}

// Refused reports whether an error says that the account is somebody else's.
func Refused(err error) bool { return errors.Is(err, store.ErrNotOwner) }

// State returns the state of an account and the number of its events.
func (d *Daemon) State(ctx context.Context, id bridge.AccountID) (bridge.State, int, error) {
	a, err := d.store.Account(ctx, id)
	if err != nil {
		return "", 0, err
	}
	events, err := d.store.Events(ctx, id, 0, 100)
	return a.Status.State, len(events), err
}

// WrappedKey returns the data key of an account as it is stored, and the name of
// what wraps it.
func (d *Daemon) WrappedKey(ctx context.Context, id bridge.AccountID) (kek string, wrapped []byte, err error) {
	key, err := d.store.DataKey(ctx, id)
	if err != nil {
		return "", nil, err
	}
	return key.KEK, key.Wrapped, nil
}

// UnderFirst returns how many data keys are under the first of the daemon's
// key-encryption keys.
func (d *Daemon) UnderFirst(ctx context.Context) (int64, error) {
	counts, err := d.store.DataKeyCounts(ctx)
	return counts[d.vault.Primary()], err
}

// Authenticate returns what an API key lets its bearer do.
func (d *Daemon) Authenticate(ctx context.Context, token string) (*bridge.Grant, error) {
	parsed, err := bridge.ParseAPIToken(token)
	if err != nil {
		return nil, err
	}
	return d.store.AuthenticateKey(ctx, parsed, time.Now())
}

// Stopped notes that a person does not want to be written to, as the daemon
// does when they write so.
func (d *Daemon) Stopped(ctx context.Context, userID int64) (bridge.SuppressionID, error) {
	id, err := bridge.NewID[bridge.SuppressionID](time.Now(), rand.Reader)
	if err != nil {
		return "", err
	}
	return id, d.store.Change(ctx, func(t *store.Tx) error {
		_, err := t.Suppress(&bridge.Suppression{
			ID: id, Person: bridge.Person{UserID: userID}, Reason: bridge.SuppressedByStop, AddedBy: bridge.DaemonActor,
			AddedAt: time.Now(),
		})
		return err
	})
}
