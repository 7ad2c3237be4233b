package vault

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// Shred makes everything that was sealed of an account unreadable for good, and
// has the account signed out: its owner finds itself without it at its next
// write. Telegram does not learn of it: the device stays in the account's list
// until it is ended from another one. Also runs in the same transaction.
//
// The error is a *bridge.Error of CodeNotFound where there is no account, or
// nothing of it to shred.
func Shred(ctx context.Context, s *store.Store, id bridge.AccountID, now time.Time, also func(*store.Tx) error) error {
	err := s.Change(ctx, func(t *store.Tx) error {
		if err := t.Shred(id); err != nil {
			return err
		}
		if err := signOut(t, id, now); err != nil {
			return err
		}
		return also(t)
	})
	if err != nil {
		return err
	}
	if err := s.Scrub(ctx); err != nil {
		return fmt.Errorf("vault: %s is shredded, but its data key is not overwritten in the database's files yet: %w", id, err)
	}
	return nil
}

// signOut notes that the account cannot come back by itself. A ban stays one.
func signOut(t *store.Tx, id bridge.AccountID, now time.Time) error {
	a, err := t.Account(id)
	if err != nil || a.Status.State == bridge.Banned {
		return err
	}
	next := bridge.Next(now, a.Status, bridge.Cause{Kind: bridge.SignedOutBy})
	if err := t.SetStatus(id, next.Status); err != nil || next.Event == "" {
		return err
	}
	e, err := bridge.NewEvent(now, rand.Reader, next.Event, id, a.Kind.Source(), "", map[string]string{"cause": "shredded"})
	if err != nil {
		return err
	}
	return t.AddEvent(e)
}
