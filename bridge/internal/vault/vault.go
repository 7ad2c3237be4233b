// Package vault seals what is secret about accounts, by envelope encryption:
// each account has a data key, which a key-encryption key wraps, and everything
// secret of the account is sealed with AES-256-GCM under its data key. What is
// sealed is bound to the account, the name of the field and its version, so
// that rows of the database cannot be exchanged for one another.
//
// Start with [OpenKEK] and [New]. [Vault.NewKey] makes a data key,
// [Vault.Seal] and [Vault.Open] use it, [Vault.Rewrap] brings it under another
// key-encryption key, [Rotate] does that for all of them. [Shred] deletes the
// data key of an account, which makes everything of it unreadable:
// [Vault.Forget] drops it from memory too.
//
// A data key is unwrapped once and kept in memory, so that a key-encryption
// key in a cloud is asked once for each account and not for each write.
package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// dataKeySize is that of AES-256, in bytes.
const dataKeySize = 32

// ErrSealed says that what is sealed cannot be opened: it has been changed, or
// is another account's, field's or version's, or the key is another.
var ErrSealed = errors.New("vault: the seal does not hold")

// An UnknownKEKError says that a data key is wrapped by a key-encryption key
// that the vault was not given.
type UnknownKEKError struct {
	Account bridge.AccountID
	KEK     string
}

func (e *UnknownKEKError) Error() string {
	return fmt.Sprintf("vault: the data key of %s is wrapped by %s, which is none of the keys given", e.Account, e.KEK)
}

// Cause returns what it means for the account.
func (e *UnknownKEKError) Cause() bridge.Cause {
	return bridge.Cause{Kind: bridge.DataKeyLocked, Error: e.KEK}
}

// Told returns what a user of the bridge is told of it.
func (e *UnknownKEKError) Told() error {
	return &bridge.Error{Code: bridge.CodeUnavailable, Detail: bridge.Status{Cause: bridge.DataKeyLocked, Error: e.KEK}.WhatToDo(), Err: e}
}

// A Vault seals and opens. It is safe for concurrent use.
type Vault struct {
	primary *KEK
	keks    map[string]*KEK

	mu       sync.Mutex
	unlocked map[bridge.AccountID]*dataKey
}

// A dataKey is one that has been unwrapped.
type dataKey struct {
	wrapped []byte
	aead    tink.AEAD
}

// New returns a vault that wraps new data keys by primary, and can use those
// that were wrapped by others.
func New(primary *KEK, others ...*KEK) *Vault {
	v := &Vault{
		primary: primary, keks: map[string]*KEK{primary.ID: primary}, unlocked: make(map[bridge.AccountID]*dataKey),
	}
	for _, k := range others {
		v.keks[k.ID] = k
	}
	return v
}

// String gives nothing away.
func (v *Vault) String() string { return "vault under " + v.primary.ID }

// GoString is as String.
func (v *Vault) GoString() string { return v.String() }

// LogValue is as String.
func (v *Vault) LogValue() slog.Value { return slog.StringValue(v.String()) }

// Primary returns the name of the key-encryption key that wraps new data keys.
func (v *Vault) Primary() string { return v.primary.ID }

// Missing returns the names of those key-encryption keys, of all that wrap
// something, that the vault was not given.
func (v *Vault) Missing(wrapping map[string]int64) []string {
	var missing []string
	for kek := range wrapping {
		if v.keks[kek] == nil {
			missing = append(missing, kek)
		}
	}
	slices.Sort(missing)
	return missing
}

// NewKey makes a data key for an account.
func (v *Vault) NewKey(ctx context.Context, id bridge.AccountID) (*store.DataKey, error) {
	key := make([]byte, dataKeySize)
	rand.Read(key)
	defer clear(key)
	return v.wrap(ctx, id, key)
}

// KeyOf returns the data key of an account as it is stored. One is made, and
// stored, if there is none.
func (v *Vault) KeyOf(ctx context.Context, s *store.Store, id bridge.AccountID) (*store.DataKey, error) {
	key, err := s.DataKey(ctx, id)
	if bridge.CodeOf(err) != bridge.CodeNotFound {
		return key, err
	}
	if key, err = v.NewKey(ctx, id); err != nil {
		return nil, err
	}
	if err := s.Change(ctx, func(t *store.Tx) error { return t.SetDataKey(id, key) }); err != nil {
		return nil, fmt.Errorf("vault: storing the data key of %s: %w", id, err)
	}
	return key, nil
}

func (v *Vault) wrap(ctx context.Context, id bridge.AccountID, key []byte) (*store.DataKey, error) {
	wrapped, err := v.primary.aead.EncryptWithContext(ctx, key, []byte(id))
	if err != nil {
		return nil, fmt.Errorf("vault: wrapping the data key of %s by %s: %w", id, v.primary.ID, err)
	}
	return &store.DataKey{KEK: v.primary.ID, Wrapped: wrapped}, nil
}

// Rewrap returns a data key wrapped by the primary key-encryption key, which
// has unwrapped it again: it is to take the place of the only copy.
func (v *Vault) Rewrap(ctx context.Context, id bridge.AccountID, k *store.DataKey) (*store.DataKey, error) {
	key, err := v.unwrap(ctx, id, k)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	wrapped, err := v.wrap(ctx, id, key)
	if err != nil {
		return nil, err
	}
	again, err := v.unwrap(ctx, id, wrapped)
	if err != nil {
		return nil, err
	}
	defer clear(again)
	if !bytes.Equal(key, again) {
		return nil, fmt.Errorf("vault: %s unwraps another data key of %s than it has wrapped", v.primary.ID, id)
	}
	return wrapped, nil
}

func (v *Vault) unwrap(ctx context.Context, id bridge.AccountID, k *store.DataKey) ([]byte, error) {
	kek, ok := v.keks[k.KEK]
	if !ok {
		return nil, &UnknownKEKError{id, k.KEK}
	}
	key, err := kek.aead.DecryptWithContext(ctx, k.Wrapped, []byte(id))
	if err != nil {
		return nil, fmt.Errorf("vault: unwrapping the data key of %s by %s: %w", id, k.KEK, err)
	}
	return key, nil
}

// unlock returns a data key that is ready to use.
func (v *Vault) unlock(ctx context.Context, id bridge.AccountID, k *store.DataKey) (tink.AEAD, error) {
	v.mu.Lock()
	known := v.unlocked[id]
	v.mu.Unlock()
	if known != nil && bytes.Equal(known.wrapped, k.Wrapped) {
		return known.aead, nil
	}
	key, err := v.unwrap(ctx, id, k)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	aead, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, fmt.Errorf("vault: the data key of %s: %w", id, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.unlocked[id] = &dataKey{bytes.Clone(k.Wrapped), aead}
	return aead, nil
}

// Forget drops an account's data key from memory.
func (v *Vault) Forget(id bridge.AccountID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.unlocked, id)
}

// Seal seals something secret of an account, to be stored as this version of a
// field.
func (v *Vault) Seal(
	ctx context.Context, id bridge.AccountID, k *store.DataKey, field string, version int64, secret []byte,
) (store.Sealed, error) {
	aead, err := v.unlock(ctx, id, k)
	if err != nil {
		return store.Sealed{}, err
	}
	sealed, err := aead.Encrypt(secret, bound(id, field, version))
	if err != nil {
		return store.Sealed{}, fmt.Errorf("vault: sealing %s of %s: %w", field, id, err)
	}
	return store.Sealed{Version: version, Ciphertext: sealed}, nil
}

// Open returns what was sealed. The error is ErrSealed where the seal does not
// hold.
func (v *Vault) Open(
	ctx context.Context, id bridge.AccountID, k *store.DataKey, field string, s store.Sealed,
) ([]byte, error) {
	aead, err := v.unlock(ctx, id, k)
	if err != nil {
		return nil, err
	}
	secret, err := aead.Decrypt(s.Ciphertext, bound(id, field, s.Version))
	if err != nil {
		return nil, fmt.Errorf("%w: %s of %s, version %d", ErrSealed, field, id, s.Version)
	}
	return secret, nil
}

// bound is the associated data of a seal. Neither ids nor names of fields hold
// a zero byte.
func bound(id bridge.AccountID, field string, version int64) []byte {
	data := append([]byte(id), 0)
	data = append(data, field...)
	data = append(data, 0)
	return binary.BigEndian.AppendUint64(data, uint64(version))
}
