package store

import (
	"context"
	"slices"

	"godwit/bridge"
)

const suppressionColumns = `s.id, s.user_id, s.phone, s.username, s.reason, s.added_by, s.added_at, s.note`

func scanSuppression(row scanner) (v bridge.Suppression, err error) {
	p := &v.Person
	err = row.Scan(&v.ID, &p.UserID, &p.Phone, &p.Username, &v.Reason, &v.AddedBy, timeColumn{&v.AddedAt}, &v.Note)
	return v, err
}

// Suppress puts a person on the suppression list, unless an entry of the same
// reason says all of it already, which it reports. The error is a *bridge.Error
// of CodeInvalidRequest for an entry that cannot be.
func (t *Tx) Suppress(v *bridge.Suppression) (added bool, err error) {
	if err := v.Check(); err != nil {
		return false, err
	}
	keys, err := v.Person.Keys()
	if err != nil {
		return false, err
	}
	var same int
	err = t.row(`SELECT count(*) FROM (SELECT k.suppression_id FROM suppression_keys k
		JOIN suppressions s ON s.id = k.suppression_id WHERE k.key IN ($1, $2, $3) AND s.reason = $4
		GROUP BY k.suppression_id HAVING count(*) = $5) AS whole`, append(three(keys), v.Reason, len(keys))...).Scan(&same)
	if err != nil || same > 0 {
		return false, err
	}
	if _, err := t.exec(`INSERT INTO suppressions (id, user_id, phone, username, reason, added_by, added_at, note)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		v.ID, v.Person.UserID, v.Person.Phone, v.Person.Username, v.Reason, v.AddedBy, v.AddedAt, v.Note); err != nil {
		return false, err
	}
	for _, key := range keys {
		if _, err := t.exec(`INSERT INTO suppression_keys (key, suppression_id) VALUES ($1, $2)`, key, v.ID); err != nil {
			return false, err
		}
	}
	return true, nil
}

// three returns the keys of a person as three arguments, which are as many as
// there can be.
func three(keys []bridge.PersonKey) []any {
	list := []any{"", "", ""} // no key is empty
	for i, key := range keys {
		list[i] = key
	}
	return list
}

const suppressedQuery = `SELECT ` + suppressionColumns + ` FROM suppression_keys k JOIN suppressions s ON s.id = k.suppression_id
	WHERE k.key IN ($1, $2, $3) ORDER BY s.id LIMIT 1`

// Suppressed returns why a person is not to be written to: the oldest entry of
// the suppression list that any of up to three keys is of; nil for none.
func (s *Store) Suppressed(ctx context.Context, keys []bridge.PersonKey) (*bridge.Suppression, error) {
	return suppressed(ctx, s.read, s.dialect, keys)
}

// Suppressed is as that of a Store.
func (t *Tx) Suppressed(keys []bridge.PersonKey) (*bridge.Suppression, error) {
	return suppressed(t.ctx, t.tx, t.dialect, keys)
}

func suppressed(ctx context.Context, q querier, d *dialect, keys []bridge.PersonKey) (*bridge.Suppression, error) {
	for part := range slices.Chunk(keys, 3) {
		found, err := collect(ctx, q, d, "the suppression list", scanSuppression, suppressedQuery, three(part)...)
		if err != nil || len(found) > 0 {
			return first(found), err
		}
	}
	return nil, nil
}

func first(list []bridge.Suppression) *bridge.Suppression {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// A SuppressionList is for who needs to know whether people are on the list and
// no more.
type SuppressionList struct{}

// Suppressed reports whether any of some keys is on the list.
func (SuppressionList) Suppressed(t *Tx, keys []bridge.PersonKey) (bool, error) {
	v, err := t.Suppressed(keys)
	return v != nil, err
}

// Suppression returns an entry of the suppression list. The error is a
// *bridge.Error of CodeNotFound where there is none.
func (s *Store) Suppression(ctx context.Context, id bridge.SuppressionID) (*bridge.Suppression, error) {
	found, err := collect(ctx, s.read, s.dialect, "the suppression list", scanSuppression,
		`SELECT `+suppressionColumns+` FROM suppressions s WHERE s.id = $1`, id)
	if err == nil && len(found) == 0 {
		err = noSuppression(id)
	}
	return first(found), err
}

func noSuppression(id bridge.SuppressionID) error {
	return bridge.Errorf(bridge.CodeNotFound, "There is no entry %s on the suppression list.", id)
}

// Suppressions returns up to limit entries of the suppression list after another
// one, in the order in which they were added. An empty id is before the first.
func (s *Store) Suppressions(ctx context.Context, after bridge.SuppressionID, limit int) ([]bridge.Suppression, error) {
	return collect(ctx, s.read, s.dialect, "the suppression list", scanSuppression,
		`SELECT `+suppressionColumns+` FROM suppressions s WHERE s.id > $1 ORDER BY s.id LIMIT $2`, after, limit)
}

// Unsuppress takes an entry off the suppression list. The error is a
// *bridge.Error of CodeNotFound where there is none.
func (t *Tx) Unsuppress(id bridge.SuppressionID) error {
	n, err := t.exec(`DELETE FROM suppressions WHERE id = $1`, id)
	if err == nil && n == 0 {
		return noSuppression(id)
	}
	return err
}
