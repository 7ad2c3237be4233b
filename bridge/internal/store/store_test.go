package store_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 678901000, time.UTC)

// A bench is a test on an empty database.
type bench struct {
	*testing.T
	*store.Store
	url string
}

func (b *bench) ctx() context.Context { return b.T.Context() }

// onBoth runs a test on each kind of database.
func onBoth(t *testing.T, test func(b *bench)) {
	pgtest.OnBoth(t, func(t *testing.T, url string) {
		b := &bench{T: t, url: url}
		b.Store = b.open()
		test(b)
	})
}

func (b *bench) open() *store.Store {
	b.Helper()
	s, err := store.Open(b.ctx(), b.url)
	b.check(err)
	b.Cleanup(func() { b.check(s.Close()) })
	return s
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) change(change func(*store.Tx) error) {
	b.Helper()
	b.check(b.Change(b.ctx(), change))
}

func (b *bench) refuse(want error, change func(*store.Tx) error) {
	b.Helper()
	if err := b.Change(b.ctx(), change); !errors.Is(err, want) {
		b.Errorf("%v, want %v", err, want)
	}
}

func newAccount(t testing.TB, userID int64) *bridge.Account {
	id, err := bridge.NewID[bridge.AccountID](epoch, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &bridge.Account{
		ID: id, Name: "the desk", Kind: bridge.UserAccount, UserID: userID,
		Status: bridge.Status{State: bridge.New, Since: epoch}, CreatedAt: epoch,
	}
}

func (b *bench) add(userID int64) *bridge.Account {
	b.Helper()
	a := newAccount(b, userID)
	b.change(func(t *store.Tx) error { return t.AddAccount(a) })
	return a
}

var (
	notFound = &bridge.Error{Code: bridge.CodeNotFound}
	conflict = &bridge.Error{Code: bridge.CodeConflict}
	other    = &bridge.Error{Code: bridge.CodeOtherAccount}
)

func TestAccounts(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := b.add(0)
		got, err := b.Account(b.ctx(), a.ID)
		b.check(err)
		if !reflect.DeepEqual(got, a) {
			b.Errorf("got %+v\nwant %+v", got, a)
		}
		a.Status = bridge.Status{
			State: bridge.Throttled, Cause: bridge.FloodWait, Error: "FLOOD_WAIT",
			Scope: bridge.Scope{Method: "messages.sendMessage", Chat: -5}, Since: epoch.Add(time.Hour),
			Until: epoch.Add(2 * time.Hour), Suspected: true,
		}
		b.change(func(t *store.Tx) error { return t.SetStatus(a.ID, a.Status) })
		got, err = b.open().Account(b.ctx(), a.ID) // as another process sees it
		b.check(err)
		if !reflect.DeepEqual(got, a) {
			b.Errorf("got %+v\nwant %+v", got, a)
		}
		b.refuse(notFound, func(t *store.Tx) error { return t.SetStatus("acc_none", a.Status) })
		if _, err := b.Account(b.ctx(), "acc_none"); !errors.Is(err, notFound) {
			b.Errorf("no account: %v", err)
		}
		b.change(func(t *store.Tx) error { return t.DeleteAccount(a.ID) })
		b.refuse(notFound, func(t *store.Tx) error { return t.DeleteAccount(a.ID) })
	})
}

func TestListing(t *testing.T) {
	onBoth(t, func(b *bench) {
		want := make(map[bridge.AccountID]bool)
		for range 7 {
			want[b.add(0).ID] = true
		}
		var after bridge.AccountID
		for pages := 0; ; pages++ {
			page, err := b.Accounts(b.ctx(), after, 3)
			b.check(err)
			for _, a := range page {
				if a.ID <= after || !want[a.ID] {
					b.Fatalf("%s after %s", a.ID, after)
				}
				delete(want, a.ID)
				after = a.ID
			}
			if len(page) < 3 {
				break
			}
		}
		if len(want) > 0 {
			b.Errorf("%d accounts are not listed", len(want))
		}
	})
}

func TestIdentity(t *testing.T) {
	onBoth(t, func(b *bench) {
		ann, bob := b.add(0), b.add(7)
		b.refuse(conflict, func(t *store.Tx) error { return t.SetIdentity(ann.ID, 7, "1") })
		b.change(func(t *store.Tx) error { return t.SetIdentity(ann.ID, 8, "9996610001") })
		b.change(func(t *store.Tx) error { return t.SetIdentity(ann.ID, 8, "9996610002") })
		b.refuse(other, func(t *store.Tx) error { return t.SetIdentity(bob.ID, 9, "1") })
		a, err := b.Account(b.ctx(), ann.ID)
		b.check(err)
		if a.UserID != 8 || a.Phone != "9996610002" {
			b.Errorf("is user %d, %s", a.UserID, a.Phone)
		}
	})
}

// TestUndone has nothing left of a change that fails.
func TestUndone(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := newAccount(b, 0)
		broken := errors.New("broken")
		b.refuse(broken, func(t *store.Tx) error {
			if err := t.AddAccount(a); err != nil {
				return err
			}
			return broken
		})
		if _, err := b.Account(b.ctx(), a.ID); !errors.Is(err, notFound) {
			b.Errorf("something is left: %v", err)
		}
	})
}

// TestOwners has what an owner writes refused as soon as there is another.
func TestOwners(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := b.add(0)
		claim := func(node string) (epoch int64) {
			b.change(func(t *store.Tx) (err error) {
				epoch, err = t.Claim(a.ID, node)
				return err
			})
			return epoch
		}
		first := claim("one")
		write := func(epoch, version int64) func(*store.Tx) error {
			return func(t *store.Tx) error {
				return t.SetSecret(a.ID, epoch, "session", store.Sealed{Version: version, Ciphertext: []byte{byte(version)}})
			}
		}
		b.change(write(first, 1))
		b.change(write(first, 2))
		second := claim("two")
		if second <= first {
			b.Fatalf("epoch %d after %d", second, first)
		}
		b.refuse(store.ErrNotOwner, write(first, 3))
		b.refuse(store.ErrStale, write(second, 2))
		b.refuse(store.ErrStale, write(second, 1))
		b.refuse(store.ErrStale, write(second, 4))
		b.change(write(second, 3))
		got, err := b.Secret(b.ctx(), a.ID, "session")
		b.check(err)
		if want := (store.Sealed{Version: 3, Ciphertext: []byte{3}}); !reflect.DeepEqual(got, want) {
			b.Errorf("got %v, want %v", got, want)
		}
		if none, err := b.Secret(b.ctx(), a.ID, "nothing"); err != nil || none.Version != 0 || none.Ciphertext != nil {
			b.Errorf("nothing is %v, %v", none, err)
		}
		b.refuse(notFound, func(t *store.Tx) error { _, err := t.Claim("acc_none", "one"); return err })
	})
}

func TestDataKeys(t *testing.T) {
	onBoth(t, func(b *bench) {
		a, c := b.add(0), b.add(0)
		if a.ID > c.ID {
			a, c = c, a
		}
		key := &store.DataKey{KEK: "one", Wrapped: []byte("wrapped")}
		for _, id := range []bridge.AccountID{a.ID, c.ID} {
			b.change(func(t *store.Tx) error { return t.SetDataKey(id, key) })
		}
		list, err := b.DataKeysNotUnder(b.ctx(), "two", "", 1)
		if err != nil || len(list) != 1 || list[0] != a.ID {
			b.Errorf("%v, %v", list, err)
		}
		anew := &store.DataKey{KEK: "two", Wrapped: []byte("anew")}
		replace := func(old *store.DataKey) (done bool) {
			b.change(func(t *store.Tx) (err error) {
				done, err = t.ReplaceDataKey(a.ID, old, anew)
				return err
			})
			return done
		}
		if !replace(key) || replace(key) {
			b.Error("a data key is not replaced once")
		}
		got, err := b.DataKey(b.ctx(), a.ID)
		if err != nil || !reflect.DeepEqual(got, anew) {
			b.Errorf("%v, %v", got, err)
		}
		if list, err := b.DataKeysNotUnder(b.ctx(), "two", "", 9); err != nil || len(list) != 1 || list[0] != c.ID {
			b.Errorf("%v, %v", list, err)
		}
	})
}

// TestEvents has the events of an account numbered without gaps, whoever adds
// them and whichever changes fail.
func TestEvents(t *testing.T) {
	onBoth(t, func(b *bench) {
		a, c := b.add(0), b.add(0)
		event := func(id bridge.AccountID) *bridge.Event {
			eventID, err := bridge.NewID[bridge.EventID](epoch, rand.Reader)
			b.check(err)
			return &bridge.Event{
				ID: eventID, Type: bridge.AccountOnline, Timestamp: epoch, AccountID: id, Source: bridge.MTProto,
				SchemaVersion: bridge.SchemaVersion, Data: json.RawMessage(`[1]`),
			}
		}
		broken := errors.New("broken")
		var adding sync.WaitGroup
		for i := range 4 {
			adding.Go(func() {
				for range 10 {
					err := b.Change(b.ctx(), func(t *store.Tx) error {
						if err := t.AddEvent(event(a.ID)); err != nil || i > 0 {
							return err
						}
						return broken
					})
					if err != nil && !errors.Is(err, broken) {
						b.Error(err)
					}
				}
			})
		}
		adding.Wait()
		last := event(c.ID)
		b.change(func(t *store.Tx) error { return t.AddEvent(last) })
		events, err := b.Events(b.ctx(), a.ID, 0, 100)
		b.check(err)
		if len(events) != 30 {
			b.Fatalf("%d events", len(events))
		}
		for i, e := range events {
			if e.Seq != int64(i+1) {
				b.Fatalf("event %d has seq %d", i, e.Seq)
			}
		}
		if rest, err := b.Events(b.ctx(), a.ID, 20, 3); err != nil || len(rest) != 3 || rest[0].Seq != 21 {
			b.Errorf("%v, %v", rest, err)
		}
		got, err := b.Events(b.ctx(), c.ID, 0, 9)
		if len(got) == 1 {
			last.Position = got[0].Position
		}
		if err != nil || len(got) != 1 || last.Seq != 1 || !reflect.DeepEqual(&got[0], last) {
			b.Errorf("%+v, want %+v, %v", got, last, err)
		}
		b.refuse(notFound, func(t *store.Tx) error { return t.AddEvent(event("acc_none")) })
	})
}

func TestOpen(t *testing.T) {
	for _, url := range []string{"", "mysql://x", "sqlite:", "sqlite:" + filepath.Join(t.TempDir(), "none", "x.db"),
		"postgres://127.0.0.1:1/x?connect_timeout=1"} {
		if s, err := store.Open(t.Context(), url); err == nil {
			s.Close()
			t.Errorf("%q was opened", url)
		}
	}
}

// TestOpenAtOnce has nodes that start at the same time make the tables once.
func TestOpenAtOnce(t *testing.T) {
	url := pgtest.Database(t)
	var opening sync.WaitGroup
	for range 4 {
		opening.Go(func() {
			s, err := store.Open(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	opening.Wait()
}

// TestLocksAtOnce has locks checked while others are taken.
func TestLocksAtOnce(t *testing.T) {
	onBoth(t, func(b *bench) {
		locks, err := b.OpenLocks(b.ctx(), 1, time.Minute)
		b.check(err)
		defer locks.Close()
		var working sync.WaitGroup
		for worker := range 2 {
			working.Go(func() {
				for i := range 200 {
					if worker == 0 {
						err := locks.Check(b.ctx(), 10*time.Second)
						if err != nil {
							b.Error(err)
							return
						}
					} else if ok, err := locks.TryLock(b.ctx(), i); err != nil || !ok {
						b.Errorf("lock %d: %v, %v", i, ok, err)
						return
					}
				}
			})
		}
		working.Wait()
	})
}

// TestLockLife has a node that is not heard from lose its locks, and one that is
// heard from keep them.
func TestLockLife(t *testing.T) {
	s, err := store.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	open := func(key int, life time.Duration) *store.Locks {
		t.Helper()
		l, err := s.OpenLocks(t.Context(), key, life)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	take := func(l *store.Locks, shard int) bool {
		t.Helper()
		ok, err := l.TryLock(t.Context(), shard)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	silent, heard, other := open(1, 500*time.Millisecond), open(2, 500*time.Millisecond), open(3, time.Minute)
	if !take(silent, 1) || !take(heard, 2) {
		t.Fatal("the locks are not free")
	}
	deadline := time.Now().Add(time.Minute)
	for !take(other, 1) {
		if err := heard.Check(t.Context(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("a node that is not heard from keeps its locks")
		}
	}
	if take(other, 2) {
		t.Error("a node that is heard from has lost its locks")
	}
	if err := silent.Check(t.Context(), 10*time.Second); err == nil {
		t.Error("a node that has lost its locks does not notice")
	}
}

// TestTogether has what is read and written of several accounts at once be the
// same as one by one.
func TestTogether(t *testing.T) {
	onBoth(t, func(b *bench) {
		one, two := b.add(0), b.add(0)
		for _, a := range []*bridge.Account{one, two} {
			a.Status = bridge.Status{
				State: bridge.Throttled, Cause: bridge.SlowMode, Error: "SLOWMODE_WAIT", Scope: bridge.Scope{Chat: -5},
				Since: epoch.Add(time.Hour), Until: epoch.Add(2 * time.Hour), Suspected: true,
			}
		}
		two.Status = bridge.Status{State: bridge.SigningIn, Since: epoch, From: bridge.SignedOut}
		b.change(func(t *store.Tx) error { return t.SetStatuses(nil) })
		b.change(func(t *store.Tx) error { return t.SetStatuses([]*bridge.Account{one, two}) })
		b.change(func(t *store.Tx) error {
			got, err := t.LockedAccounts([]bridge.AccountID{two.ID, one.ID, "acc_none"})
			if want := map[bridge.AccountID]*bridge.Account{one.ID: one, two.ID: two}; !reflect.DeepEqual(got, want) {
				b.Errorf("got %+v\nwant %+v", got, want)
			}
			return err
		})
		if _, _, err := b.KeyAndSecret(b.ctx(), one.ID, "session"); !errors.Is(err, notFound) {
			b.Errorf("no key: %v", err)
		}
		key := &store.DataKey{KEK: "kek", Wrapped: []byte{1, 2}}
		b.change(func(t *store.Tx) error { return t.SetDataKey(one.ID, key) })
		for version := range int64(2) {
			got, sealed, err := b.KeyAndSecret(b.ctx(), one.ID, "session")
			b.check(err)
			if !reflect.DeepEqual(got, key) || sealed.Version != version || (sealed.Ciphertext == nil) != (version == 0) {
				b.Errorf("got %+v, %+v, want version %d", got, sealed, version)
			}
			b.change(func(t *store.Tx) error {
				return t.SetSecret(one.ID, 0, "session", store.Sealed{Version: version + 1, Ciphertext: []byte{3}})
			})
		}
		idle, err := b.Idle(b.ctx(), one.ID)
		b.check(err)
		listed, wanted, err := b.PastWanted(b.ctx(), one.ID)
		b.check(err)
		if !idle || wanted || listed != (store.Listing{}) {
			b.Errorf("of an account that nothing has happened to: %t, %t, %+v", idle, wanted, listed)
		}
		b.change(func(t *store.Tx) error { return t.SetDialogsListed(one.ID) })
		if listed, _, err = b.PastWanted(b.ctx(), one.ID); err != nil || listed != (store.Listing{Once: true}) {
			b.Errorf("listed: %+v, %v", listed, err)
		}
		if _, _, err := b.PastWanted(b.ctx(), "acc_none"); !errors.Is(err, notFound) {
			b.Errorf("of no account: %v", err)
		}
	})
}

// TestSole has a second daemon be refused on a file, and not on PostgreSQL.
func TestSole(t *testing.T) {
	onBoth(t, func(b *bench) {
		first, err := b.Sole()
		b.check(err)
		other := b.open()
		second, err := other.Sole()
		if b.Shared() {
			b.check(err)
			b.check(second.Close())
			return
		}
		if !errors.Is(err, store.ErrInUse) {
			b.Errorf("a second daemon: %v", err)
		}
		b.check(first.Close())
		again, err := other.Sole()
		b.check(err)
		b.check(again.Close())
	})
}
