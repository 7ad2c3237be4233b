package telegram

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"godwit/mtproto/transport"
)

// A DialFunc opens a connection to an address of the form host:port. It heeds
// its context.
type DialFunc = transport.DialFunc

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

// attemptDelay is how long an address is given before the next one is tried
// beside it (RFC 8305, section 5).
const attemptDelay = 250 * time.Millisecond

// otherPorts are those on which Telegram listens besides the one that an
// address names, unless it says this_port_only (R-TR-06).
var otherPorts = []int{443, 80, 5222}

// addresses returns where a data centre may be, in the order in which the
// addresses are to be tried: as help.getConfig told last, then as the network
// says, the families of IP taking turns (RFC 8305, section 4); then on
// Telegram's own network the other ports.
func (c *Client) addresses(dc int) []DC {
	c.mu.Lock()
	all := slices.Concat(c.credentials.Addresses, c.o.Network.DCs)
	preferIPv6 := c.credentials.PreferIPv6
	c.mu.Unlock()
	all = slices.DeleteFunc(all, func(d DC) bool {
		return d.ID != dc || !c.o.usable(d)
	})
	if c.o.Network.Refresh {
		for _, d := range slices.Clone(all) {
			if d.ThisPortOnly {
				continue
			}
			for _, port := range otherPorts {
				d.Port = port
				all = append(all, d)
			}
		}
	}
	var preferred, others, list []DC
	seen := map[string]bool{}
	for _, d := range all {
		switch address := d.address(); {
		case seen[address]:
			continue
		case d.isIPv6() == preferIPv6:
			preferred = append(preferred, d)
		default:
			others = append(others, d)
		}
		seen[d.address()] = true
	}
	for i := range max(len(preferred), len(others)) {
		if i < len(preferred) {
			list = append(list, preferred[i])
		}
		if i < len(others) {
			list = append(list, others[i])
		}
	}
	return list
}

// connect connects to a data centre at whichever of its addresses answers
// first.
func (c *Client) connect(ctx context.Context, dc int, addresses []DC) (transport.PacketConn, error) {
	var attempts []attempt
	for _, d := range addresses {
		attempts = append(attempts, func(ctx context.Context) (transport.PacketConn, error) {
			return c.connectTo(ctx, d)
		})
	}
	conn, err := race(ctx, attempts)
	if err != nil {
		return nil, &UnreachableError{dc, err}
	}
	return conn, nil
}

// connectTo connects to one address.
func (c *Client) connectTo(ctx context.Context, d DC) (transport.PacketConn, error) {
	conn, err := c.o.Connector.Connect(ctx, transport.Endpoint{
		DC: c.number(d.ID), Host: d.Host, Port: d.Port, Secret: d.Secret,
	})
	var op *net.OpError
	if err != nil && !errors.As(err, &op) { // which names the address itself
		err = fmt.Errorf("%s: %w", d.address(), err)
	}
	return conn, err
}

// number is how a data centre is named in the key exchange and to proxies
// (R-AK-15, R-OB-03).
func (c *Client) number(dc int) int {
	if c.o.Network.Test {
		return dc + 10000
	}
	return dc
}
