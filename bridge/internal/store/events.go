package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"godwit/bridge"
)

var (
	eventTable = table{
		{"account_id", text}, {"seq", integer}, {"id", text}, {"type", text}, {"at", timestamp}, {"source", text},
		{"schema_version", integer}, {"data", document}, {"conversation_id", text},
	}
	eventCount = table{{"account_id", text}, {"count", integer}}
)

// AddEvent stores an event, as AddEvents does.
func (t *Tx) AddEvent(e *bridge.Event) error { return t.AddEvents(e) }

// AddEvents stores events in their order, each with the next Seq of its
// account, which it sets.
func (t *Tx) AddEvents(events ...*bridge.Event) error {
	if len(events) == 0 {
		return nil
	}
	next, err := t.nextSeqs(events)
	if err != nil {
		return err
	}
	r := t.rows(eventTable)
	for _, e := range events {
		next[e.AccountID]++
		e.Seq = next[e.AccountID]
		r.add(e.AccountID, e.Seq, e.ID, e.Type, e.Timestamp, e.Source, e.SchemaVersion, e.Data, e.ConversationID)
	}
	t.events = true
	_, err = t.execRows(r, `INSERT INTO events (`+eventTable.names("")+`) SELECT `+eventTable.names("r.")+` FROM `+
		t.dialect.from(eventTable))
	return err
}

// nextSeqs takes the Seqs that some events are to have, and returns the one
// before the first of each account. The accounts stay locked until the
// transaction has ended. That makes Seq visible in its order, and keeps
// positions in the same order.
func (t *Tx) nextSeqs(events []*bridge.Event) (map[bridge.AccountID]int64, error) {
	counts := make(map[bridge.AccountID]int64)
	for _, e := range events {
		counts[e.AccountID]++
	}
	ids := slices.Sorted(maps.Keys(counts))
	others := slices.ContainsFunc(ids, func(id bridge.AccountID) bool { return !t.locked[id] })
	if len(ids) > 1 && others { // always in this order, lest two wait for each other
		if _, err := t.LockAccounts(ids); err != nil {
			return nil, err
		}
	}
	r := t.rows(eventCount)
	for _, id := range ids {
		r.add(id, counts[id])
	}
	next := make(map[bridge.AccountID]int64, len(ids))
	err := t.query(r, `UPDATE accounts SET event_seq = event_seq + r.count FROM `+t.dialect.from(eventCount)+`
		WHERE accounts.id = r.account_id RETURNING id, event_seq`, func(row scanner) error {
		var id bridge.AccountID
		var seq int64
		err := row.Scan(&id, &seq)
		next[id] = seq - counts[id]
		return err
	})
	for _, id := range ids {
		if _, there := next[id]; !there && err == nil {
			err = noAccount(id, sql.ErrNoRows)
		}
	}
	return next, err
}

const eventColumns = `position, account_id, seq, id, type, at, source, schema_version, data, conversation_id`

// Events returns up to limit events of an account after one of them, in their
// order. After 0 is from the first.
func (s *Store) Events(ctx context.Context, id bridge.AccountID, after int64, limit int) ([]bridge.Event, error) {
	return s.events(ctx, `account_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, id, after, limit)
}

// EventsBetween returns up to limit events of all accounts after one position
// and up to another, in their order. Whether there will ever be others between
// the two, [Store.LastPosition] says.
func (s *Store) EventsBetween(ctx context.Context, after, upTo int64, limit int) ([]bridge.Event, error) {
	return s.events(ctx, `position > $1 AND position <= $2 ORDER BY position LIMIT $3`, after, upTo, limit)
}

func (s *Store) events(ctx context.Context, where string, args ...any) ([]bridge.Event, error) {
	return collect(ctx, s.read, s.dialect, "events", func(row scanner) (e bridge.Event, err error) {
		var data string
		err = row.Scan(&e.Position, &e.AccountID, &e.Seq, &e.ID, &e.Type, timeColumn{&e.Timestamp}, &e.Source,
			&e.SchemaVersion, &data, &e.ConversationID)
		e.Data = []byte(data)
		return e, err
	}, `SELECT `+eventColumns+` FROM events WHERE `+where, args...)
}

// EventPosition returns the position of an event. The error is a *bridge.Error
// of CodeNotFound where there is none of that id.
func (s *Store) EventPosition(ctx context.Context, id bridge.EventID) (position int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT position FROM events WHERE id = $1`, id).Scan(&position)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, bridge.Errorf(bridge.CodeNotFound, "There is no event %s.", id)
	case err != nil:
		return 0, fmt.Errorf("store: event %s: %w", id, err)
	}
	return position, nil
}

// LastPosition returns the last position that was given to an event, whose
// transaction may still be under way, or have failed. Everything up to there is
// visible as soon as none of the transactions is left that [Store.EventWriters]
// names when it is called afterwards.
func (s *Store) LastPosition(ctx context.Context) (position int64, err error) {
	err = s.read.QueryRowContext(ctx, s.dialect.lastPosition).Scan(&position)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("store: last position: %w", err)
	}
	return position, nil
}

// EventWriters names the transactions that may have stored events and have not
// ended: those that hold PostgreSQL's lock of rows being written into the table
// of events. It is taken before the first position is given to a transaction,
// and released after what it has written is visible. In SQLite there are none,
// since what is visible is in order there.
func (s *Store) EventWriters(ctx context.Context) (map[string]bool, error) {
	writers := make(map[string]bool)
	if s.dialect.eventWriters == "" {
		return writers, nil
	}
	list, err := collect(ctx, s.read, s.dialect, "writers of events", scanOne[string], s.dialect.eventWriters)
	for _, transaction := range list {
		writers[transaction] = true
	}
	return writers, err
}
