package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/telegram"
)

// A blob is a secret of an account that the holder of an epoch keeps in the
// database. Each write replaces exactly what was read or written before it.
type blob struct {
	e     *Environment
	id    bridge.AccountID
	epoch int64
	field string
	key   *store.DataKey

	mu      sync.Mutex
	version int64
	opened  []byte            // what was stored, until it is read
	saved   [sha256.Size]byte // the hash of what is stored, to spare writes that change nothing
}

// openBlob returns a blob that has been read.
func (e *Environment) openBlob(ctx context.Context, id bridge.AccountID, epoch int64, field string) (*blob, error) {
	key, sealed, err := e.Store.KeyAndSecret(ctx, id, field)
	if bridge.CodeOf(err) == bridge.CodeNotFound {
		key, err = e.Vault.KeyOf(ctx, e.Store, id)
	}
	if err != nil {
		return nil, err
	}
	b := &blob{e: e, id: id, epoch: epoch, field: field, key: key}
	if sealed.Version == 0 {
		return b, err
	}
	b.version = sealed.Version
	b.opened, err = e.Vault.Open(ctx, id, key, field, sealed)
	b.saved = sha256.Sum256(b.opened)
	return b, err
}

// read returns what was stored when the blob was opened, nil for nothing. It can be
// read once: thousands of accounts need not keep it.
func (b *blob) read() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	data := b.opened
	b.opened = nil
	return data
}

// write stores data. It is sealed for its version, and refused where another
// owner of the account has written since.
func (b *blob) write(ctx context.Context, data []byte) error {
	return b.change(ctx, data, func(*store.Tx) error { return nil })
}

// change stores data together with something else.
func (b *blob) change(ctx context.Context, data []byte, also func(*store.Tx) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	hash := sha256.Sum256(data)
	if b.version != 0 && hash == b.saved {
		return b.e.Store.Change(ctx, also)
	}
	sealed, err := b.e.Vault.Seal(ctx, b.id, b.key, b.field, b.version+1, data)
	if err != nil {
		return err
	}
	err = b.e.Store.Change(ctx, func(t *store.Tx) error {
		if err := t.SetSecret(b.id, b.epoch, b.field, sealed); err != nil {
			return err
		}
		return also(t)
	})
	if errors.Is(err, store.ErrNotOwner) {
		b.e.Vault.Forget(b.id) // the account is another node's now, or shredded
	}
	if err != nil {
		return err
	}
	b.version, b.saved = sealed.Version, hash
	return nil
}

// saveTimeout is how long a client waits for its credentials to be stored. It
// ends if they are not: going on would rely on what is not safe.
const saveTimeout = 30 * time.Second

// A credentialStore is the telegram.Store of an account.
type credentialStore struct {
	*blob
}

// Load implements telegram.Store.
func (s credentialStore) Load() (telegram.Credentials, error) {
	var c telegram.Credentials
	data := s.read()
	if data == nil {
		return c, nil
	}
	err := c.UnmarshalBinary(data)
	return c, err
}

// Save implements telegram.Store.
func (s credentialStore) Save(c *telegram.Credentials) error {
	data, err := c.MarshalBinary()
	if err != nil {
		return fmt.Errorf("account: credentials of %s: %w", s.id, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
	defer cancel()
	return s.write(ctx, data)
}
