package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
	"godwit/internal/secrettest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

var now = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// A shelf is a database with accounts whose data keys are under one key.
type shelf struct {
	*testing.T
	*store.Store
	url      string
	accounts []bridge.AccountID
	keys     map[bridge.AccountID]*store.DataKey
}

func onBoth(t *testing.T, test func(s *shelf)) {
	pgtest.OnBoth(t, func(t *testing.T, url string) {
		s := &shelf{T: t, url: url, keys: make(map[bridge.AccountID]*store.DataKey)}
		var err error
		s.Store, err = store.Open(t.Context(), s.url)
		check(t, err)
		t.Cleanup(func() { check(t, s.Close()) })
		test(s)
	})
}

// fill adds accounts with data keys of a vault.
func (s *shelf) fill(v *Vault, n int) {
	check(s, s.Change(s.Context(), func(t *store.Tx) error {
		for range n {
			id, err := bridge.NewID[bridge.AccountID](now, rand.Reader)
			check(s, err)
			key, err := v.NewKey(s.Context(), id)
			check(s, err)
			check(s, t.AddAccount(&bridge.Account{
				ID: id, Kind: bridge.UserAccount, Status: bridge.Status{State: bridge.Online, Since: now}, CreatedAt: now,
			}))
			check(s, t.SetDataKey(id, key))
			s.accounts = append(s.accounts, id)
			s.keys[id] = key
		}
		return nil
	}))
}

// holds checks that the data key of every account is what it was, and under one
// of the vault's keys.
func (s *shelf) holds(v *Vault, before *Vault) {
	s.Helper()
	for id, old := range s.keys {
		key, err := s.DataKey(s.Context(), id)
		check(s, err)
		got, err := v.unwrap(s.Context(), id, key)
		check(s, err)
		want, err := before.unwrap(s.Context(), id, old)
		check(s, err)
		if !bytes.Equal(got, want) {
			s.Errorf("the data key of %s has changed", id)
		}
	}
}

func told(t *testing.T) func(int64) {
	last := int64(0)
	return func(done int64) {
		if done != last+1 {
			t.Errorf("told of %d after %d", done, last)
		}
		last = done
	}
}

// TestRotate has all data keys under another key, whole, those under a key that
// was not given left and named, and nothing of any in the database.
func TestRotate(t *testing.T) {
	onBoth(t, func(s *shelf) {
		dir := s.TempDir()
		first, second, third := open(s, dir+"/1"), open(s, dir+"/2"), open(s, dir+"/3")
		s.fill(New(first), rotatePage+3)
		s.fill(New(third), 2)
		v := New(second, first)
		var left *RotateError
		err := Rotate(s.Context(), s.Store, v, told(s.T))
		if !errors.As(err, &left) || len(left.Left) != 1 || left.Left[third.ID] != 2 {
			s.Errorf("left: %v", err)
		}
		check(s, Rotate(s.Context(), s.Store, New(second, third), told(s.T)))
		s.holds(New(second), New(first, third))
		counts, err := s.DataKeyCounts(s.Context())
		if err != nil || len(counts) != 1 || counts[second.ID] != int64(len(s.accounts)) {
			s.Errorf("%v, %v", counts, err)
		}
		var secrets []secrettest.Secret
		for id, key := range s.keys {
			plain, err := New(first, third).unwrap(s.Context(), id, key)
			check(s, err)
			secrets = append(secrets, secrettest.Secret{Name: "a data key", Value: plain})
		}
		if found := secrettest.Find(secrettest.Dump(s, s.url), secrets...); found != nil {
			s.Errorf("the database holds %v", found)
		}
	})
}

// A patchy key fails at times.
type patchy struct {
	withContext
	mu    sync.Mutex
	calls int
	fail  func(calls int) error
}

func (p *patchy) EncryptWithContext(_ context.Context, plaintext, associated []byte) ([]byte, error) {
	p.mu.Lock()
	p.calls++
	err := p.fail(p.calls)
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return p.Encrypt(plaintext, associated)
}

// TestRotatePatchy has a service that cannot be reached tried again, for some
// time, and any other failure end it, with every data key as it was.
func TestRotatePatchy(t *testing.T) {
	onBoth(t, func(s *shelf) {
		old := open(s, s.TempDir()+"/old")
		s.fill(New(old), 20)
		far := &patchy{withContext: open(s, s.TempDir()+"/new").aead.(withContext)}
		v := New(NewKEK("far", far), old)
		var mu sync.Mutex
		pauses := 0
		r := &rotation{store: s.Store, vault: v, tell: func(int64) {}, pause: func(context.Context, int) error {
			mu.Lock()
			defer mu.Unlock()
			pauses++
			return nil
		}}
		unreachable := &KEKError{KEK: "far", Reason: KEKUnreachable}
		far.fail = func(int) error { return unreachable }
		if err := r.pass(s.Context()); !errors.Is(err, unreachable) || pauses < rotateTries-1 {
			s.Errorf("%v after %d pauses", err, pauses)
		}
		denied := &KEKError{KEK: "far", Reason: KEKDenied}
		far.fail = func(int) error { return denied }
		pauses = 0
		if err := r.pass(s.Context()); !errors.Is(err, denied) || pauses != 0 {
			s.Errorf("%v after %d pauses", err, pauses)
		}
		s.holds(New(old), New(old))
		far.fail = func(calls int) error {
			if calls%3 == 0 {
				return unreachable
			}
			return nil
		}
		check(s, r.pass(s.Context()))
		if r.done != 20 {
			s.Errorf("%d are done", r.done)
		}
		s.holds(v, New(old))
		ended, cancel := context.WithCancel(s.Context())
		cancel()
		if err := Rotate(ended, s.Store, New(old, NewKEK("far", far)), func(int64) {}); !errors.Is(err, context.Canceled) {
			s.Errorf("after the end: %v", err)
		}
	})
}

// TestRotateForgetful has no data key replaced by what cannot be unwrapped.
func TestRotateForgetful(t *testing.T) {
	onBoth(t, func(s *shelf) {
		old := open(s, s.TempDir()+"/old")
		s.fill(New(old), 3)
		err := Rotate(s.Context(), s.Store, New(NewKEK("odd", forgetful{old.aead.(withContext)}), old), func(int64) {})
		if err == nil {
			s.Error("it was taken")
		}
		s.holds(New(old), New(old))
	})
}

// TestPause ends with the context.
func TestPause(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := pause(ended, 10); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestShredTogether has an account shredded together with what goes with it, or
// not at all, and leaves a ban as it is.
func TestShredTogether(t *testing.T) {
	onBoth(t, func(s *shelf) {
		k := open(s, s.TempDir()+"/kek")
		s.fill(New(k), 2)
		id, banned := s.accounts[0], s.accounts[1]
		broken := errors.New("broken")
		if err := Shred(s.Context(), s.Store, id, now, func(*store.Tx) error { return broken }); !errors.Is(err, broken) {
			s.Error(err)
		}
		s.holds(New(k), New(k))
		nothing := func(*store.Tx) error { return nil }
		check(s, s.Change(s.Context(), func(t *store.Tx) error {
			return t.SetStatus(banned, bridge.Status{State: bridge.Banned, Since: now})
		}))
		for _, id := range s.accounts {
			check(s, Shred(s.Context(), s.Store, id, now, nothing))
			if err := Shred(s.Context(), s.Store, id, now, nothing); !errors.Is(err, &bridge.Error{Code: bridge.CodeNotFound}) {
				s.Errorf("shredded twice: %v", err)
			}
		}
		for id, want := range map[bridge.AccountID]bridge.State{id: bridge.SignedOut, banned: bridge.Banned} {
			if a, err := s.Account(s.Context(), id); err != nil || a.Status.State != want || a.Node != "" {
				s.Errorf("%+v, %v, want %s", a, err, want)
			}
		}
	})
}
