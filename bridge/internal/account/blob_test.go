package account

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/vault"
)

// counted is a key-encryption key that counts what it unwraps.
type counted struct {
	cipher.AEAD
	unwrapped atomic.Int64
}

func (c *counted) EncryptWithContext(_ context.Context, plaintext, associated []byte) ([]byte, error) {
	return c.Seal(nil, nil, plaintext, associated), nil
}

func (c *counted) DecryptWithContext(_ context.Context, ciphertext, associated []byte) ([]byte, error) {
	c.unwrapped.Add(1)
	return c.Open(nil, nil, ciphertext, associated)
}

// TestBlobOfAnother has the data key of an account dropped from memory once a
// write is refused, because somebody else has the account or it was shredded.
func TestBlobOfAnother(t *testing.T) {
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "x.db"))
	check(err)
	defer s.Close()
	secret := make([]byte, 32)
	rand.Read(secret)
	block, err := aes.NewCipher(secret)
	check(err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	check(err)
	kek := &counted{AEAD: aead}
	e := &Environment{Store: s, Vault: vault.New(vault.NewKEK("counted", kek))}
	id := bridge.AccountID("acc_one")
	var epoch int64
	check(s.Change(ctx, func(tx *store.Tx) error {
		now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		if err := tx.AddAccount(&bridge.Account{
			ID: id, Kind: bridge.UserAccount, Status: bridge.Status{State: bridge.Connecting, Since: now}, CreatedAt: now,
		}); err != nil {
			return err
		}
		epoch, err = tx.Claim(id, "node")
		return err
	}))
	b, err := e.openBlob(ctx, id, epoch, sessionField)
	check(err)
	for _, data := range []string{"one", "two", "three"} {
		check(b.write(ctx, []byte(data)))
	}
	if n := kek.unwrapped.Load(); n != 1 {
		t.Errorf("the data key was unwrapped %d times for one account", n)
	}
	check(vault.Shred(ctx, s, id, time.Date(2030, 1, 2, 3, 4, 6, 0, time.UTC), func(*store.Tx) error { return nil }))
	if err := b.write(ctx, []byte("four")); !errors.Is(err, store.ErrNotOwner) {
		t.Errorf("a shredded account is written to: %v", err)
	}
	if _, err := e.Vault.Seal(ctx, id, b.key, sessionField, 5, nil); err != nil || kek.unwrapped.Load() != 2 {
		t.Errorf("the data key was still in memory: %v, unwrapped %d times", err, kek.unwrapped.Load())
	}
}
