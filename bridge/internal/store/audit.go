package store

import (
	"context"
	"database/sql"

	"godwit/bridge"
)

// Audit adds an entry to the audit log, which the database keeps anybody from
// changing.
func (t *Tx) Audit(e *bridge.AuditEntry) error {
	if err := e.Check(); err != nil {
		return err
	}
	var detail any
	if len(e.Detail) > 0 {
		detail = string(e.Detail)
	}
	_, err := t.exec(`INSERT INTO audit_log (id, at, actor, action, account_id, subject, request_id, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		e.ID, e.At, e.Actor, e.Action, e.AccountID, e.Subject, e.RequestID, detail)
	return err
}

// An AuditFilter says which entries of the audit log are wanted. What is empty
// does not matter.
type AuditFilter struct {
	Actor     bridge.Actor
	AccountID bridge.AccountID
	Before    bridge.AuditID // older than this one
}

// Audited returns up to limit entries of the audit log, the newest first.
func (s *Store) Audited(ctx context.Context, f AuditFilter, limit int) ([]bridge.AuditEntry, error) {
	before := f.Before
	if before == "" {
		before = "aud_~" // after all of them
	}
	// Each condition that is there has an index of its own.
	query, args := `SELECT id, at, actor, action, account_id, subject, request_id, detail FROM audit_log WHERE id < $1`, []any{before, limit}
	switch {
	case f.AccountID != "" && f.Actor != "":
		query, args = query+` AND account_id = $3 AND account_id <> '' AND actor = $4`, append(args, f.AccountID, f.Actor)
	case f.AccountID != "":
		query, args = query+` AND account_id = $3 AND account_id <> ''`, append(args, f.AccountID)
	case f.Actor != "":
		query, args = query+` AND actor = $3`, append(args, f.Actor)
	}
	return collect(ctx, s.read, s.dialect, "the audit log", func(row scanner) (e bridge.AuditEntry, err error) {
		var detail sql.NullString
		err = row.Scan(&e.ID, timeColumn{&e.At}, &e.Actor, &e.Action, &e.AccountID, &e.Subject, &e.RequestID, &detail)
		if detail.Valid {
			e.Detail = []byte(detail.String)
		}
		return e, err
	}, query+` ORDER BY id DESC LIMIT $2`, args...)
}
