package telegram

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"
)

// A DialFunc opens a connection to an address of the form host:port.
type DialFunc func(ctx context.Context, address string) (net.Conn, error)

// dialTimeout is how long one address is given when there are others.
const dialTimeout = 10 * time.Second

func dialTCP(ctx context.Context, address string) (net.Conn, error) {
	d := net.Dialer{KeepAlive: 30 * time.Second}
	return d.DialContext(ctx, "tcp", address)
}

// An UnreachableError says that no address of a data centre could be
// connected to.
type UnreachableError struct {
	DC  int
	Err error // why, for every address
}

func (e *UnreachableError) Error() string {
	return "telegram: DC " + strconv.Itoa(e.DC) + " cannot be reached: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// An UnknownDCError says that the network has no such data centre.
type UnknownDCError struct{ DC int }

func (e *UnknownDCError) Error() string {
	return "telegram: the network has no DC " + strconv.Itoa(e.DC)
}

// addresses returns where a data centre may be: as help.getConfig told last,
// then as the network says.
func (c *Client) addresses(dc int) []string {
	c.mu.Lock()
	all := slices.Concat(c.credentials.Addresses, c.o.Network.DCs)
	c.mu.Unlock()
	var list []string
	for _, d := range all {
		if d.ID == dc && !slices.Contains(list, d.address()) {
			list = append(list, d.address())
		}
	}
	return list
}

// dial connects to a data centre, trying its addresses in turn.
func (c *Client) dial(ctx context.Context, dc int) (net.Conn, error) {
	addresses := c.addresses(dc)
	var failures []error
	for i, address := range addresses {
		conn, err := c.dialAddress(ctx, address, i == len(addresses)-1)
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	return nil, &UnreachableError{dc, errors.Join(failures...)}
}

// dialAddress connects to one address; the last one may take as long as ctx
// allows.
func (c *Client) dialAddress(ctx context.Context, address string, last bool) (net.Conn, error) {
	if !last {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, dialTimeout)
		defer cancel()
	}
	conn, err := c.o.Dial(ctx, address)
	var op *net.OpError
	if err != nil && !errors.As(err, &op) { // which names the address itself
		err = fmt.Errorf("%s: %w", address, err)
	}
	return conn, err
}
