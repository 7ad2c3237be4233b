package store

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

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

// isDeadlock reports whether the database has undone a transaction because of
// another one, whatever it was about.
func isDeadlock(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// IsDown reports whether an error says that the database cannot be reached now,
// or is about to stop or to start.
func IsDown(err error) bool {
	var connecting *pgconn.ConnectError
	var e *pgconn.PgError
	var network net.Error
	switch {
	case errors.As(err, &connecting), errors.As(err, &network), errors.Is(err, driver.ErrBadConn), errors.Is(err, io.ErrUnexpectedEOF),
		pgconn.SafeToRetry(err): // a connection that has been closed
		return true
	case errors.As(err, &e):
		return strings.HasPrefix(e.Code, "57P") || strings.HasPrefix(e.Code, "08")
	}
	return false
}
