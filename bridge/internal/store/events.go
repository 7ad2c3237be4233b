package store

import (
	"context"
	"fmt"

	"godwit/bridge"
)

// AddEvent stores an event, with the next Seq of its account, which it sets.
func (t *Tx) AddEvent(e *bridge.Event) error {
	err := t.row(`UPDATE accounts SET event_seq = event_seq + 1 WHERE id = $1 RETURNING event_seq`, e.AccountID).Scan(&e.Seq)
	if err := noAccount(e.AccountID, err); err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO events (account_id, seq, id, type, at, source, schema_version, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		e.AccountID, e.Seq, e.ID, e.Type, e.Timestamp, e.Source, e.SchemaVersion, string(e.Data))
	return err
}

// Events returns up to limit events of an account after one of them, in their
// order. After 0 is from the first.
func (s *Store) Events(ctx context.Context, id bridge.AccountID, after int64, limit int) ([]bridge.Event, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT account_id, seq, id, type, at, source, schema_version, data FROM events
		WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("store: events: %w", err)
	}
	defer rows.Close()
	var list []bridge.Event
	for rows.Next() {
		var e bridge.Event
		var data string
		if err := rows.Scan(&e.AccountID, &e.Seq, &e.ID, &e.Type, timeColumn{&e.Timestamp}, &e.Source,
			&e.SchemaVersion, &data); err != nil {
			return nil, fmt.Errorf("store: events: %w", err)
		}
		e.Data = []byte(data)
		list = append(list, e)
	}
	return list, rows.Err()
}
