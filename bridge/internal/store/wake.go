package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"godwit/bridge"
)

// workChannel is what nodes tell each other on of accounts that have something
// to do.
const workChannel = "godwit_work"

// TellWork tells the nodes that share the database that an account has something
// to do. With SQLite there is nobody to tell.
func (s *Store) TellWork(ctx context.Context, id bridge.AccountID) error {
	if !s.Shared() {
		return nil
	}
	if _, err := s.write.ExecContext(ctx, `SELECT pg_notify($1, $2)`, workChannel, id); err != nil {
		return fmt.Errorf("store: telling of work: %w", err)
	}
	return nil
}

// ListenWork calls told for each account that a node tells of, this one
// included, and with no account when it begins to listen, since word that was
// given before is lost. It uses a connection of its own, and returns when that
// fails or ctx ends; with SQLite, when ctx ends.
func (s *Store) ListenWork(ctx context.Context, told func(bridge.AccountID)) error {
	if !s.Shared() {
		<-ctx.Done()
		return ctx.Err()
	}
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return fmt.Errorf("store: listening: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+workChannel); err != nil {
		return fmt.Errorf("store: listening: %w", err)
	}
	told("")
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("store: listening: %w", err)
		}
		told(bridge.AccountID(n.Payload))
	}
}

// Ping fails unless the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.read.PingContext(ctx) }
