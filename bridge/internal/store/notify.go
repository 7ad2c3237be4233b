package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"

	"godwit/bridge"
)

// eventsChannel is what nodes tell each other of new events on, and of accounts
// that have been deleted, which they name.
const eventsChannel = "godwit_events"

// Changed receives when this process has stored events, once for however many
// there were since it was last received from. It is for one receiver.
func (s *Store) Changed() <-chan struct{} { return s.changed }

// Shared reports whether other processes may write to the database too.
func (s *Store) Shared() bool { return s.dialect == postgres }

// TellOthers tells [Store.Listen] of other processes that there are new events.
// It is not part of the transactions that store them: PostgreSQL would let only
// one of those commit at a time.
func (s *Store) TellOthers(ctx context.Context) error {
	if _, err := s.write.ExecContext(ctx, `SELECT pg_notify($1, '')`, eventsChannel); err != nil {
		return fmt.Errorf("store: telling of events: %w", err)
	}
	return nil
}

// Listen calls told whenever a process tells of new events, this one included,
// or of an account that has been deleted with its events, and once when it begins
// to listen, since word that was given before is lost. It uses a connection of its own, and returns when that fails or ctx ends.
func (s *Store) Listen(ctx context.Context, told func(deleted bridge.AccountID)) error {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return fmt.Errorf("store: listening: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+eventsChannel); err != nil {
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

// URL returns the URL that the database was opened by.
func (s *Store) URL() string { return s.url }

// Writer returns the connections that write, for packages that keep tables of
// their own in the database. SQLite has one, which must not be held for long.
func (s *Store) Writer() *sql.DB { return s.write }
