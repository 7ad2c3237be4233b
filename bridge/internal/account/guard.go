package account

import (
	"context"
	"errors"
	"net"

	"godwit/mtproto/transport"
	"godwit/telegram"
)

// dial returns how accounts reach Telegram: with connections that say nothing in
// the name of an account unless it is certain to be this node's.
func (e *Environment) dial() telegram.DialFunc {
	if e.Certain == nil {
		return e.Dial
	}
	dial := e.Dial
	if dial == nil {
		dial = transport.DialTCP
	}
	return func(ctx context.Context, address string) (net.Conn, error) {
		if err := e.Certain(ctx); err != nil {
			return nil, err
		}
		conn, err := dial(ctx, address)
		if err != nil {
			return nil, err
		}
		g := &guarded{Conn: conn, certain: e.Certain}
		g.open, g.end = context.WithCancel(context.Background())
		return g, nil
	}
}

// A guarded connection is closed rather than written to where it is not certain
// whose the account is.
type guarded struct {
	net.Conn
	certain func(context.Context) error
	open    context.Context // ends with the connection
	end     context.CancelFunc
}

// Write implements net.Conn.
func (g *guarded) Write(p []byte) (int, error) {
	if err := g.certain(g.open); err != nil {
		return 0, errors.Join(err, g.Close())
	}
	return g.Conn.Write(p)
}

// Close implements net.Conn.
func (g *guarded) Close() error {
	g.end()
	return g.Conn.Close()
}
