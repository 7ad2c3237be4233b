package telegram

import (
	"context"
	"errors"
	"time"

	"godwit/mtproto/transport"
)

// An attempt opens a connection to one address. It heeds its context.
type attempt func(ctx context.Context) (transport.PacketConn, error)

var errNoAddress = errors.New("no address of it can be used with this transport")

// race makes attempts in order: the next one as soon as one has failed or the
// last one has been under way for attemptDelay (RFC 8305, section 5). It
// returns the first connection that is made, when all other attempts have
// ended, or the errors of all.
func race(ctx context.Context, attempts []attempt) (transport.PacketConn, error) {
	if len(attempts) == 0 {
		return nil, errNoAddress
	}
	type outcome struct {
		index int
		conn  transport.PacketConn
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.NewTimer(attemptDelay)
	defer timer.Stop()
	outcomes := make(chan outcome)
	failures := make([]error, len(attempts))
	running, next := 0, 0
	start := func() {
		index := next
		next++
		running++
		timer.Reset(attemptDelay)
		go func() {
			conn, err := attempts[index](ctx)
			outcomes <- outcome{index, conn, err}
		}()
	}
	var winner transport.PacketConn
	for start(); running > 0; {
		more := winner == nil && next < len(attempts) && ctx.Err() == nil
		var due <-chan time.Time
		if more {
			due = timer.C
		}
		select {
		case <-due:
			start()
		case o := <-outcomes:
			running--
			switch {
			case o.err != nil:
				failures[o.index] = o.err
				if more {
					start()
				}
			case winner != nil:
				_ = o.conn.Close() // too late to be of use
			default:
				winner = o.conn
				cancel()
			}
		}
	}
	if winner == nil {
		return nil, errors.Join(failures...)
	}
	return winner, nil
}
