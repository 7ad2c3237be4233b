package eventlog_test

import (
	"context"
	"errors"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/eventlog"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

// events returns all that a log shows of two accounts, by account.
func events(t *testing.T, l *eventlog.Log) map[bridge.AccountID]int {
	t.Helper()
	count := make(map[bridge.AccountID]int)
	for after := int64(0); ; {
		list, next, err := l.Read(t.Context(), after, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			count[e.AccountID]++
		}
		if next == after {
			return count
		}
		after = next
	}
}

// TestForget has nothing be read any more of an account that was deleted, at the
// node that has deleted it and at others, of what they keep in memory.
func TestForget(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, url string) {
		here := open(t, url)
		l := follow(t, here)
		gone, stays := addAccount(t, here), addAccount(t, here)
		logs := []*eventlog.Log{l}
		if here.Shared() {
			logs = append(logs, follow(t, open(t, url)))
		}
		for range 20 {
			for _, id := range []bridge.AccountID{gone, stays} {
				if err := here.Change(t.Context(), func(tx *store.Tx) error { return tx.AddEvent(newEvent(t, id)) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, l := range logs {
			await(t, l, func() bool { return events(t, l)[stays] == 20 })
			if n := events(t, l)[gone]; n != 20 {
				t.Fatalf("%d events before", n)
			}
		}
		if err := here.Change(t.Context(), func(tx *store.Tx) error { return tx.DeleteAccount(gone) }); err != nil {
			t.Fatal(err)
		}
		l.Forget(gone)
		for i, l := range logs {
			// Another node hears of it when it does, and has something new by then.
			await(t, l, func() bool {
				if events(t, l)[gone] == 0 {
					return true
				}
				if err := here.Change(t.Context(), func(tx *store.Tx) error { return tx.AddEvent(newEvent(t, stays)) }); err != nil {
					t.Fatal(err)
				}
				return false
			})
			if n := events(t, l)[stays]; n < 20 {
				t.Errorf("log %d: %d events of the other account", i, n)
			}
		}
	})
}

// TestForgetWithoutWord has nothing kept in memory of what others may delete
// while no word comes of that.
func TestForgetWithoutWord(t *testing.T) {
	s := &deaf{open(t, pgtest.Database(t))}
	id := addAccount(t, s.Store)
	l := follow(t, s)
	if err := s.Change(t.Context(), func(tx *store.Tx) error { return tx.AddEvent(newEvent(t, id)) }); err != nil {
		t.Fatal(err)
	}
	await(t, l, func() bool { return events(t, l)[id] == 1 })
	if err := s.Change(t.Context(), func(tx *store.Tx) error { return tx.DeleteAccount(id) }); err != nil {
		t.Fatal(err)
	}
	if n := events(t, l)[id]; n != 0 {
		t.Errorf("%d events of an account that is gone", n)
	}
}

// A deaf source is one of which no word comes.
type deaf struct{ *store.Store }

// Listen implements eventlog.Source.
func (deaf) Listen(ctx context.Context, told func(bridge.AccountID)) error {
	return errors.New("no connection")
}
