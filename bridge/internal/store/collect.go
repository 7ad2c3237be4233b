package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"godwit/bridge"
)

// A querier is what queries can be put to: the database, or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// collect returns what scan makes of the rows that a query finds. What names it
// in errors.
func collect[T any](
	ctx context.Context, q querier, d *dialect, what string, scan func(scanner) (T, error), query string, args ...any,
) (list []T, err error) {
	rows, err := q.QueryContext(ctx, query, d.values(args)...)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", what, err)
	}
	err = scanAll(rows, func(row scanner) error {
		v, err := scan(row)
		list = append(list, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return list, nil
}

// scanOne reads a row of one column.
func scanOne[T any](row scanner) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}

// counted returns the numbers that a query finds, each beside what it counts.
func counted[K comparable, N int | int64](ctx context.Context, s *Store, what, query string) (map[K]N, error) {
	type pair struct {
		of K
		n  N
	}
	list, err := collect(ctx, s.read, s.dialect, what, func(row scanner) (p pair, err error) {
		err = row.Scan(&p.of, &p.n)
		return p, err
	}, query)
	counts := make(map[K]N, len(list))
	for _, p := range list {
		counts[p.of] = p.n
	}
	return counts, err
}

// jsonText returns the JSON of a value. What the store keeps always has one.
func jsonText(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	return string(text), nil
}

// absent says that there is nothing of an id, if that is what err says.
func absent(what, id string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return bridge.Errorf(bridge.CodeNotFound, "There is no %s %s.", what, id)
	}
	if err != nil {
		return fmt.Errorf("store: %s %s: %w", what, id, err)
	}
	return nil
}

// forget deletes by a statement what is older than a time, and returns how much
// that was.
func (s *Store) forget(ctx context.Context, statement string, than time.Time) (n int64, err error) {
	err = s.Change(ctx, func(t *Tx) (err error) {
		n, err = t.exec(statement, than)
		return err
	})
	return n, err
}
