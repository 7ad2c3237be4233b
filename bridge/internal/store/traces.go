package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"godwit/bridge"
)

var traceTable = table{{"subject", text}, {"parent", text}, {"at", timestamp}}

// A Trace says which span a message or an event came from.
type Trace struct {
	Subject string // its id
	Parent  string // a traceparent
	At      time.Time
}

// AddTraces stores where some messages and events came from.
func (t *Tx) AddTraces(list []Trace) error {
	if len(list) == 0 {
		return nil
	}
	r := t.rows(traceTable)
	for _, one := range list {
		r.add(one.Subject, one.Parent, one.At)
	}
	_, err := t.execRows(r, `INSERT INTO traces (`+traceTable.names("")+`) SELECT `+traceTable.names("r.")+` FROM `+
		t.dialect.from(traceTable)+` WHERE true ON CONFLICT (subject) DO NOTHING`)
	return err
}

// Trace returns the traceparent that a message or an event came from; empty: it is
// not known.
func (s *Store) Trace(ctx context.Context, subject string) (parent string, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT parent FROM traces WHERE subject = $1`, subject).Scan(&parent)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("store: the trace of %s: %w", subject, err)
	}
	return parent, nil
}

// ForgetTraces deletes what was stored before a time, and returns how much.
func (s *Store) ForgetTraces(ctx context.Context, before time.Time) (n int64, err error) {
	return s.forget(ctx, `DELETE FROM traces WHERE at < $1`, before)
}

// TraceOf returns that of an event.
func TraceOf(e *bridge.Event, parent string) Trace {
	return Trace{Subject: string(e.ID), Parent: parent, At: e.Timestamp}
}
