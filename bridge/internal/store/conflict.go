package store

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// IsConflict reports whether a transaction has failed because of another one,
// and may be made again: a deadlock, or a unique value that both have written
// (https://www.postgresql.org/docs/15/errcodes-appendix.html).
func IsConflict(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "40001", "40P01", "23505":
		return true
	}
	return false
}
