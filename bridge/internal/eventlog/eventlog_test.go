package eventlog_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/eventlog"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// follow runs a log until the test ends.
func follow(t *testing.T, source eventlog.Source) *eventlog.Log {
	l := eventlog.New(source, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return l
}

func newID[T bridge.AccountID | bridge.EventID](t testing.TB) T {
	id, err := bridge.NewID[T](epoch, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func addAccount(t *testing.T, s *store.Store) bridge.AccountID {
	t.Helper()
	a := &bridge.Account{
		ID: newID[bridge.AccountID](t), Kind: bridge.UserAccount,
		Status: bridge.Status{State: bridge.New, Since: epoch}, CreatedAt: epoch,
	}
	if err := s.Change(t.Context(), func(t *store.Tx) error { return t.AddAccount(a) }); err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func newEvent(t testing.TB, account bridge.AccountID) *bridge.Event {
	return &bridge.Event{
		ID: newID[bridge.EventID](t), Type: bridge.AccountOnline, Timestamp: epoch, AccountID: account, Source: bridge.MTProto,
		SchemaVersion: bridge.SchemaVersion, Data: json.RawMessage(`{}`),
	}
}

// await calls ready again whenever there is more in a log, until it is true.
func await(t *testing.T, l *eventlog.Log, ready func() bool) {
	t.Helper()
	for {
		changed := l.Changed()
		if ready() {
			return
		}
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatal("the log stands still")
		}
	}
}

// TestLateCommit has an event that commits after a later one. Whoever goes by
// what is visible skips it; the log waits for it.
func TestLateCommit(t *testing.T) {
	url := pgtest.Database(t)
	s := open(t, url)
	a, b := addAccount(t, s), addAccount(t, s)
	l := follow(t, open(t, url))
	early, late := newEvent(t, a), newEvent(t, b)
	written, commit := make(chan struct{}), make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		err := s.Change(t.Context(), func(t *store.Tx) error {
			err := t.AddEvent(early)
			close(written)
			<-commit
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-written
	if err := s.Change(t.Context(), func(t *store.Tx) error { return t.AddEvent(late) }); err != nil {
		t.Fatal(err)
	}
	visible, err := s.EventsBetween(t.Context(), 0, 1<<62, 9)
	if err != nil || len(visible) != 1 || visible[0].ID != late.ID {
		t.Fatalf("%v, %v: the later event is to be visible alone", visible, err)
	}
	// A second log, which is shown the same state from its beginning.
	second := eventlog.New(s, slog.New(slog.DiscardHandler))
	for range 3 {
		if err := second.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if end := second.End(); end != 0 {
			t.Fatalf("complete up to %d, before an event that is still to come", end)
		}
	}
	close(commit)
	writing.Wait()
	await(t, l, func() bool { return l.End() >= visible[0].Position })
	events, _, err := l.Read(t.Context(), 0, 9)
	if err != nil || len(events) != 2 || events[0].ID != early.ID || events[1].ID != late.ID {
		t.Errorf("%v, %v", events, err)
	}
}

// TestNothingSkipped has many write at once, for as long as it pleases each,
// some in vain, and readers on two nodes follow: each event once, in one order,
// which for each account is that of its own numbers.
func TestNothingSkipped(t *testing.T) {
	const writers, changes, accounts = 8, 60, 5
	pgtest.OnBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		other := s
		if s.Shared() {
			other = open(t, url)
		}
		var ids []bridge.AccountID
		for range accounts {
			ids = append(ids, addAccount(t, s))
		}
		logs := []*eventlog.Log{follow(t, s)}
		if other != s {
			logs = append(logs, follow(t, other))
		}
		stored, orders := write(t, s, ids, writers, changes), make([][]bridge.EventID, len(logs))
		var following sync.WaitGroup
		for i, l := range logs {
			following.Go(func() { orders[i] = readAll(t, l, stored) })
		}
		following.Wait()
		for _, order := range orders {
			if len(order) != len(orders[0]) {
				t.Fatalf("%d events on one node, %d on the other", len(order), len(orders[0]))
			}
			for i := range order {
				if order[i] != orders[0][i] {
					t.Fatalf("event %d is %s on one node and %s on the other", i, order[i], orders[0][i])
				}
			}
		}
	})
}

// written is what was stored, which is not known before done.
type written struct {
	done  <-chan struct{}
	count *atomic.Int64
}

// write has many store events at once.
func write(t *testing.T, s *store.Store, accounts []bridge.AccountID, writers, changes int) written {
	w := written{count: new(atomic.Int64)}
	done := make(chan struct{})
	w.done = done
	inVain := errors.New("in vain")
	var writing sync.WaitGroup
	for i := range writers {
		random := mathrand.New(mathrand.NewPCG(1, uint64(i)))
		writing.Go(func() {
			for range changes {
				n := 1 + random.IntN(4)
				fails := random.IntN(5) == 0
				linger := time.Duration(random.IntN(8)) * time.Millisecond
				events := make([]*bridge.Event, n)
				for j := range events {
					events[j] = newEvent(t, accounts[random.IntN(len(accounts))])
				}
				err := s.Change(t.Context(), func(t *store.Tx) error {
					if err := t.AddEvents(events...); err != nil {
						return err
					}
					<-time.After(linger)
					if fails {
						return inVain
					}
					return nil
				})
				switch {
				case err == nil:
					w.count.Add(int64(n))
				case !errors.Is(err, inVain):
					t.Error(err)
				}
			}
		})
	}
	go func() { writing.Wait(); close(done) }()
	return w
}

// readAll reads a log while it is written.
func readAll(t *testing.T, l *eventlog.Log, w written) (order []bridge.EventID) {
	seq := make(map[bridge.AccountID]int64)
	var at, position int64
	for {
		changed := l.Changed()
		events, to, err := l.Read(t.Context(), at, 7)
		if err != nil {
			t.Error(err)
			return nil
		}
		for _, e := range events {
			if e.Position <= position || e.Seq != seq[e.AccountID]+1 {
				t.Errorf("%s at %d after %d, with seq %d after %d", e.ID, e.Position, position, e.Seq, seq[e.AccountID])
				return nil
			}
			position, seq[e.AccountID] = e.Position, e.Seq
			order = append(order, e.ID)
		}
		at = to
		if len(events) > 0 {
			continue
		}
		select {
		case <-w.done:
			if int64(len(order)) >= w.count.Load() {
				return order
			}
			<-changed
		case <-changed:
		}
	}
}

// TestFromAnyPoint has events read that are kept in memory, and those that are
// kept no more.
func TestFromAnyPoint(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		account := addAccount(t, s)
		before := newEvent(t, account)
		add := func(events ...*bridge.Event) {
			t.Helper()
			if err := s.Change(t.Context(), func(t *store.Tx) error { return t.AddEvents(events...) }); err != nil {
				t.Fatal(err)
			}
		}
		add(before)
		l := follow(t, s)
		await(t, l, func() bool { return l.End() >= 1 })
		const many = 100
		events := make([]*bridge.Event, many)
		long := json.RawMessage(`"` + strings.Repeat("a", 100<<10) + `"`) // fewer of these than all are kept
		for i := range events {
			events[i] = newEvent(t, account)
			events[i].Data = long
		}
		add(events...)
		await(t, l, func() bool { return l.End() > many })
		all := append([]*bridge.Event{before}, events...)
		for _, from := range []int64{0, 1, 7, 15, 19, 20, 21, 22, 25, 90, many, many + 1, many + 99} {
			got, next, err := l.Read(t.Context(), from, 20)
			want := all[min(from, many+1):min(from+20, many+1)]
			if err != nil || len(got) != len(want) || next != max(from, min(from+20, many+1)) {
				t.Fatalf("from %d: %d events, on from %d, %v", from, len(got), next, err)
			}
			for i, e := range got {
				if e.ID != want[i].ID {
					t.Fatalf("from %d: event %d is %d", from, i, e.Position)
				}
			}
		}
		position, err := l.Position(t.Context(), events[41].ID)
		if err != nil || position != 43 {
			t.Errorf("event 43 is at %d, %v", position, err)
		}
		if _, err := l.Position(t.Context(), "evt_none"); !errors.Is(err, &bridge.Error{Code: bridge.CodeNotFound}) {
			t.Errorf("no event: %v", err)
		}
	})
}

// TestListen has one node hear from another.
func TestListen(t *testing.T) {
	url := pgtest.Database(t)
	one, two := open(t, url), open(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan bridge.AccountID)
	ended := make(chan error)
	go func() {
		ended <- one.Listen(ctx, func(deleted bridge.AccountID) { told <- deleted })
	}()
	<-told // it listens
	for range 3 {
		if err := two.TellOthers(t.Context()); err != nil {
			t.Fatal(err)
		}
		if deleted := <-told; deleted != "" {
			t.Errorf("told of %s", deleted)
		}
	}
	id := addAccount(t, two)
	if err := two.Change(t.Context(), func(t *store.Tx) error { return t.DeleteAccount(id) }); err != nil {
		t.Fatal(err)
	}
	if deleted := <-told; deleted != id {
		t.Errorf("told of %q, want %s", deleted, id)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A source is one that nobody hears from.
type source struct {
	mu     sync.Mutex
	events []bridge.Event
	broken bool
	looks  int
}

func (s *source) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.events = append(s.events, bridge.Event{Position: int64(len(s.events) + 1)})
	}
}

func (s *source) breaks(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

func (s *source) LastPosition(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	if s.broken {
		return 0, errors.New("broken")
	}
	return int64(len(s.events)), nil
}

func (s *source) EventWriters(context.Context) (map[string]bool, error) { return nil, nil }

func (s *source) EventsBetween(_ context.Context, after, upTo int64, limit int) ([]bridge.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events[after:min(upTo, after+int64(limit))], nil
}

func (s *source) EventPosition(context.Context, bridge.EventID) (int64, error) { return 0, nil }

func (s *source) Changed() <-chan struct{}         { return nil }
func (s *source) Shared() bool                     { return true }
func (s *source) TellOthers(context.Context) error { return nil }
func (s *source) Listen(context.Context, func(bridge.AccountID)) error {
	return fmt.Errorf("no connection")
}

// TestPolling has events seen although no word of them comes, and although the
// database is gone for a while.
func TestPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(source)
		s.add(3)
		l := follow(t, s)
		synctest.Wait()
		for range 5 {
			s.add(2)
			<-time.After(time.Second)
			synctest.Wait()
			if int(l.End()) != len(s.events) {
				t.Errorf("%d, want %d", l.End(), len(s.events))
			}
		}
		s.breaks(true)
		<-time.After(time.Minute)
		s.breaks(false)
		s.add(1)
		<-time.After(time.Second)
		synctest.Wait()
		if int(l.End()) != len(s.events) {
			t.Errorf("%d, want %d", l.End(), len(s.events))
		}
		if s.looks > 70 {
			t.Errorf("%d looks in 66 seconds", s.looks)
		}
	})
}
