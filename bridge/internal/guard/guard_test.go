package guard

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
)

// A connection is written to as long as the account is certain to be the node's,
// and closed rather than written to when it is not; one that is closed waits for
// nothing.
func TestGuarded(t *testing.T) {
	var certain error
	wait := make(chan struct{})
	close(wait)
	ours, theirs := net.Pipe()
	dials := 0
	ask := func(ctx context.Context) error {
		select {
		case <-wait:
			return certain
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	open := func() (net.Conn, error) {
		return Open(t.Context(), ask, func(context.Context) (net.Conn, error) {
			dials++
			return ours, nil
		})
	}
	conn, err := open()
	if err != nil {
		t.Fatal(err)
	}
	received := make(chan string)
	go func() {
		data, _ := io.ReadAll(theirs) // until it is closed
		received <- string(data)
	}()
	if _, err := conn.Write([]byte("ours")); err != nil {
		t.Fatal(err)
	}
	certain = errors.New("another node's")
	var refused *RefusedError
	if _, err := conn.Write([]byte("not ours")); !errors.Is(err, certain) || !errors.As(err, &refused) {
		t.Errorf("written for another node: %v", err)
	}
	if got := <-received; got != "ours" {
		t.Errorf("Telegram has got %q", got)
	}
	if _, err := open(); !errors.Is(err, certain) || dials != 1 {
		t.Errorf("connected for another node: %v, %d times", err, dials)
	}

	certain = nil
	ours, theirs = net.Pipe()
	defer theirs.Close()
	if conn, err = open(); err != nil {
		t.Fatal(err)
	}
	wait = make(chan struct{}) // nobody knows
	written := make(chan error)
	go func() {
		_, err := conn.Write([]byte("later"))
		written <- err
	}()
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := <-written; !errors.Is(err, context.Canceled) {
		t.Errorf("written to what is closed: %v", err)
	}
}
