package store

import (
	"context"
	"database/sql"
	"time"

	"godwit/bridge"
)

const exportColumns = `id, account_id, peer, title, list, query, state, seen, total, shown, gap, code, error, retry_at,
	created_at, started_at, finished_at, expires_at, next_offset, requested_by`

func scanExport(row scanner) (*bridge.Export, error) {
	e := new(bridge.Export)
	err := row.Scan(&e.ID, &e.AccountID, peerColumn{&e.Group}, &e.Title, &e.List, &e.Query, &e.State, &e.Seen, &e.Total,
		&e.Limit, &e.Gap, &e.Code, &e.Error, timeColumn{&e.RetryAt}, timeColumn{&e.CreatedAt}, timeColumn{&e.StartedAt},
		timeColumn{&e.FinishedAt}, timeColumn{&e.ExpiresAt}, &e.Offset, &e.RequestBy)
	return e, err
}

func noExport(id bridge.ExportID, err error) error { return absent("export", string(id), err) }

// AddExport stores an export that is to be made.
func (t *Tx) AddExport(e *bridge.Export) error {
	_, err := t.exec(`INSERT INTO exports (`+exportColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		e.ID, e.AccountID, e.Group.String(), e.Title, e.List, e.Query, e.State, e.Seen, e.Total, e.Limit, e.Gap, e.Code,
		e.Error, e.RetryAt, e.CreatedAt, e.StartedAt, e.FinishedAt, e.ExpiresAt, e.Offset, e.RequestBy)
	return err
}

// Export returns an export of an account. The error is a *bridge.Error of
// CodeNotFound where there is none.
func (s *Store) Export(ctx context.Context, account bridge.AccountID, id bridge.ExportID) (*bridge.Export, error) {
	e, err := scanExport(s.read.QueryRowContext(ctx,
		`SELECT `+exportColumns+` FROM exports WHERE account_id = $1 AND id = $2`, account, id))
	return e, noExport(id, err)
}

// Export is that of Store, and nobody else changes what it returns until the
// transaction has ended.
func (t *Tx) Export(account bridge.AccountID, id bridge.ExportID) (*bridge.Export, error) {
	e, err := scanExport(t.row(
		`SELECT `+exportColumns+` FROM exports WHERE account_id = $1 AND id = $2`+t.dialect.forUpdate, account, id))
	return e, noExport(id, err)
}

// Exports returns up to limit exports of an account that were asked for before
// another one, the latest first. An empty id is after the last.
func (s *Store) Exports(ctx context.Context, account bridge.AccountID, before bridge.ExportID, limit int) ([]*bridge.Export, error) {
	return collect(ctx, s.read, s.dialect, "exports of "+string(account), scanExport, `SELECT `+exportColumns+` FROM exports
		WHERE account_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, account, before, limit)
}

const pendingExport = `state IN ('queued', 'running')`

// NextExport returns the export of an account that is not done and was asked for
// first after another one; nil: there is none. An empty id is before the first.
func (s *Store) NextExport(ctx context.Context, account bridge.AccountID, after bridge.ExportID) (*bridge.Export, error) {
	list, err := collect(ctx, s.read, s.dialect, "exports of "+string(account), scanExport, `SELECT `+exportColumns+`
		FROM exports WHERE account_id = $1 AND id > $2 AND `+pendingExport+` ORDER BY id LIMIT 1`, account, after)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// PendingExports returns how many exports of an account are not done.
func (t *Tx) PendingExports(account bridge.AccountID) (n int, err error) {
	if err = t.row(`SELECT count(*) FROM exports WHERE account_id = $1 AND `+pendingExport, account).Scan(&n); err != nil {
		return 0, failed(err)
	}
	return n, nil
}

// SetExport stores how far an export has come: all of it but who has asked for
// what and when. It does nothing, and returns false, where the export is done,
// has been canceled, or is not there any more.
func (t *Tx) SetExport(e *bridge.Export) (bool, error) {
	n, err := t.exec(`UPDATE exports SET peer = $2, title = $3, state = $4, seen = $5, total = $6, shown = $7, gap = $8,
		code = $9, error = $10, retry_at = $11, started_at = $12, finished_at = $13, expires_at = $14, next_offset = $15
		WHERE id = $1 AND `+pendingExport, e.ID, e.Group.String(), e.Title, e.State, e.Seen, e.Total, e.Limit, e.Gap, e.Code,
		e.Error, e.RetryAt, e.StartedAt, e.FinishedAt, e.ExpiresAt, e.Offset)
	return n == 1, err
}

// DeleteExport deletes an export of an account with all that it holds.
func (t *Tx) DeleteExport(account bridge.AccountID, id bridge.ExportID) error {
	n, err := t.exec(`DELETE FROM exports WHERE account_id = $1 AND id = $2`, account, id)
	if err == nil && n == 0 {
		return noExport(id, sql.ErrNoRows)
	}
	return err
}

// DeleteExportsAt deletes the exports that are to be kept no longer than up to a
// time.
func (s *Store) DeleteExportsAt(ctx context.Context, at time.Time) (n int64, err error) {
	return s.forget(ctx, `DELETE FROM exports WHERE expires_at <= $1`, at)
}

var exportMemberTable = table{{"export_id", text}, {"position", integer}, {"peer", text}, {"member", text}}

// AddMembers adds to what an export holds, after how many it has by now. None of
// them may be there already.
func (t *Tx) AddMembers(id bridge.ExportID, have int, members []bridge.Member) error {
	if len(members) == 0 {
		return nil
	}
	r := t.rows(exportMemberTable)
	for i := range members {
		encoded, err := jsonText(&members[i])
		if err != nil {
			return err
		}
		r.add(id, have+i+1, members[i].Peer, encoded)
	}
	_, err := t.execRows(r, `INSERT INTO export_members (`+exportMemberTable.names("")+`) SELECT `+
		exportMemberTable.names("r.")+` FROM `+t.dialect.from(exportMemberTable))
	return err
}

// ExportMembers returns up to limit of those that an export holds, in their
// order, after so many of them.
func (s *Store) ExportMembers(ctx context.Context, id bridge.ExportID, after, limit int) ([]bridge.Member, error) {
	return collect(ctx, s.read, s.dialect, "members of "+string(id), func(row scanner) (m bridge.Member, err error) {
		err = row.Scan(jsonColumn{&m})
		return m, err
	}, `SELECT member FROM export_members WHERE export_id = $1 AND position > $2 ORDER BY position LIMIT $3`, id, after, limit)
}

// ExportPeers returns who is in an export, in their order.
func (s *Store) ExportPeers(ctx context.Context, id bridge.ExportID) ([]bridge.Peer, error) {
	return collect(ctx, s.read, s.dialect, "members of "+string(id), func(row scanner) (p bridge.Peer, err error) {
		err = row.Scan(peerColumn{&p})
		return p, err
	}, `SELECT peer FROM export_members WHERE export_id = $1 ORDER BY position`, id)
}
