package telegram_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"godwit/mtproto/transport"
	"godwit/mtproto/transport/web"
)

// connectors are the ways to the place that are not plain TCP.
func (p *place) connectors() map[string]transport.Connector {
	trust, err := web.Trust(p.file.TLSCertificate)
	check(p.t, err)
	padded := transport.Options{Framing: transport.PaddedIntermediate}
	return map[string]transport.Connector{
		"WebSocket":                      &web.WebSocket{},
		"WebSocket, padded intermediate": &web.WebSocket{Transport: padded},
		"WebSocket over TLS":             &web.WebSocket{Secure: true, TLS: trust},
		"WebSocket over TLS, full (of godwit)": &web.WebSocket{
			Secure: true, TLS: trust, Transport: transport.Options{Framing: transport.Full},
		},
	}
}

// TestConnectors has two people talk over each transport, one of whom lives on
// the second DC and loses the connection in between (R-HT-05, R-HT-06).
func TestConnectors(t *testing.T) {
	p := newPlace(t)
	for name, connector := range p.connectors() {
		t.Run(name, func(t *testing.T) { p.talkBy(t, connector) })
	}
}

// talkBy lets two people meet and talk.
func (p *place) talkBy(t *testing.T, connector transport.Connector) {
	t.Helper()
	n := talks.Add(1)
	ann, ben := fmt.Sprintf("999661%04d", 500+n), fmt.Sprintf("999662%04d", 500+n)
	p.addUser(ann, "Ann")
	p.addUser(ben, "Ben")
	in := newInbox()
	cut := &cutter{Connector: connector}
	o := p.options()
	o.Connector, o.Handler = cut, in.handler()
	bens := p.signIn(o, ben)
	o = p.options()
	o.Connector = connector
	anns := p.signIn(o, ann)
	peer := p.contact(anns, ben)
	p.send(anns, peer, "one", "two")
	in.want(t, p.ctx, "one", "two")
	cut.cut()
	p.send(anns, peer, "three")
	in.want(t, p.ctx, "three")
	in.drained(t)
	check(t, anns.Close())
	check(t, bens.Close())
}

// talks counts the talks, whose people all have phones of their own.
var talks atomic.Int64

// A cutter is a Connector whose connections can be cut.
type cutter struct {
	transport.Connector
	mu    sync.Mutex
	conns []transport.PacketConn
}

func (c *cutter) Connect(ctx context.Context, e transport.Endpoint) (transport.PacketConn, error) {
	conn, err := c.Connector.Connect(ctx, e)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.conns = append(c.conns, conn)
	}
	return conn, err
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}
