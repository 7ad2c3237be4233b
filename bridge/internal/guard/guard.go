// Package guard keeps a node from speaking for accounts that may be another's by
// now: over connections of [Open], what a process does when it wakes up after it was frozen, or
// after the machine was, is to close its connections.
package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// A RefusedError says that nothing was sent, because it is not certain whose the
// account is.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return fmt.Sprintf("nothing is sent: %v", e.Err) }

// Unwrap returns why it is not certain.
func (e *RefusedError) Unwrap() error { return e.Err }

// Open opens a connection that says nothing unless certain returns nil: that is
// asked before it is opened, and before anything is written to it. It may wait for
// as long as its context, which ends with the connection. Where it fails, the error
// is a *RefusedError and the connection closed.
func Open(
	ctx context.Context, certain func(context.Context) error, dial func(context.Context) (net.Conn, error),
) (net.Conn, error) {
	if err := certain(ctx); err != nil {
		return nil, &RefusedError{err}
	}
	opened, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: opened, certain: certain}
	c.open, c.end = context.WithCancel(context.Background())
	return c, nil
}

// A conn is closed rather than written to where it is not certain whose the account
// is.
type conn struct {
	net.Conn
	certain func(context.Context) error
	open    context.Context // ends with the connection
	end     context.CancelFunc
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.certain(c.open); err != nil {
		return 0, errors.Join(&RefusedError{err}, c.Close())
	}
	return c.Conn.Write(p)
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.end()
	return c.Conn.Close()
}
