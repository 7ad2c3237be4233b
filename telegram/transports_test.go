package telegram_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"godwit/internal/proxytest"
	"godwit/mtproto/transport"
	"godwit/mtproto/transport/proxy"
	"godwit/mtproto/transport/web"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/tg"
)

// connectors are the ways to the place that are not plain TCP.
func (p *place) connectors() map[string]transport.Connector {
	trust, err := web.Trust(p.file.TLSCertificate)
	check(p.t, err)
	padded := transport.Options{Framing: transport.PaddedIntermediate}
	list := map[string]transport.Connector{
		"WebSocket":                      &web.WebSocket{},
		"WebSocket, padded intermediate": &web.WebSocket{Transport: padded},
		"HTTP":                           &web.Polling{},
		"HTTPS":                          &web.Polling{Secure: true, TLS: trust},
		"WebSocket over TLS":             &web.WebSocket{Secure: true, TLS: trust},
		"WebSocket over TLS, full (of godwit)": &web.WebSocket{
			Secure: true, TLS: trust, Transport: transport.Options{Framing: transport.Full},
		},
	}
	socks, connect := proxytest.SOCKS5(p.t, "ann", "secret"), proxytest.Connect(p.t, "", "")
	list["SOCKS5"] = &transport.TCP{Dial: (&proxy.SOCKS5{Address: socks.Address, User: "ann", Password: "secret"}).Dial}
	list["HTTP CONNECT"] = &transport.TCP{Dial: (&proxy.Connect{Address: connect.Address}).Dial}
	list["WebSocket over TLS by way of SOCKS5"] = &web.WebSocket{
		Secure: true, TLS: trust, Dial: (&proxy.SOCKS5{Address: socks.Address, User: "ann", Password: "secret"}).Dial,
	}
	for i, link := range p.file.MTProxies {
		m, err := proxy.Parse(link)
		check(p.t, err)
		list["MTProxy with a secret that is "+[]string{"plain", "padded", "for fake TLS"}[i]] = m.Connector(padded)
	}
	return list
}

// TestConnectors has two people talk over each transport, one of whom lives on
// the second DC and loses the connection in between (R-HT-01 to R-HT-08, R-OB-05,
// R-OB-09, R-FT-06).
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
	in.want(p.ctx, t, "one", "two")
	cut.cut()
	p.send(anns, peer, "three")
	in.want(p.ctx, t, "three")
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

// TestFamilies connects by IPv6 where there is one and Telegram prefers it,
// and by IPv4 where there is none (R-TR-06).
func TestFamilies(t *testing.T) {
	key, err := serverKey()
	check(t, err)
	sb, err := sandbox.New(sandbox.Options{PrivateKey: key, Listen: ":0", DCs: 1})
	check(t, err)
	check(t, sb.Start())
	defer sb.Close()
	dc := sb.Info().DCs[0]
	path := filepath.Join(t.TempDir(), "connection.json")
	check(t, sb.WriteInfo(path))
	network, file, err := connectionfile.Load(path)
	check(t, err)
	network.DCs = append(network.DCs, telegram.DC{ID: 1, Host: "::1", Port: dc.Port})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	probe, err := transport.DialTCP(ctx, net.JoinHostPort("::1", strconv.Itoa(dc.Port)))
	there := err == nil
	if there {
		probe.Close()
	}
	for _, prefer := range []bool{false, true} {
		store := new(telegram.MemoryStore)
		check(t, store.Save(&telegram.Credentials{PreferIPv6: prefer}))
		var used atomic.Pointer[net.Addr]
		client, err := telegram.Connect(ctx, telegram.Options{
			APIID: file.APIID, APIHash: file.APIHash, Network: network, Store: store,
			Dial: func(ctx context.Context, address string) (net.Conn, error) {
				c, err := transport.DialTCP(ctx, address)
				if err == nil {
					remote := c.RemoteAddr()
					used.Store(&remote)
				}
				return c, err
			},
		})
		check(t, err)
		ip := (*used.Load()).(*net.TCPAddr).IP
		if byIPv6 := ip.To4() == nil; byIPv6 != (prefer && there) {
			t.Errorf("IPv6 preferred: %v, there: %v; connected to %v", prefer, there, ip)
		}
		check(t, client.Close())
	}
}

// TestOnReceived has the sender told that a message was received, before it is
// answered, in every framing that can tell (R-TR-20 to R-TR-25).
func TestOnReceived(t *testing.T) {
	p := newPlace(t)
	for name, test := range map[string]struct {
		connector transport.Connector
		told      bool
	}{
		"abridged":            {&transport.TCP{}, true},
		"intermediate":        {&transport.TCP{Options: transport.Options{Framing: transport.Intermediate}}, true},
		"padded intermediate": {&transport.TCP{Options: transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true}}, true},
		"full":                {&transport.TCP{Options: transport.Options{Framing: transport.Full}}, false},
		"WebSocket":           {&web.WebSocket{}, true},
		"HTTP":                {&web.Polling{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			n := talks.Add(1)
			ann := fmt.Sprintf("999661%04d", 500+n)
			p.addUser(ann, "Ann")
			o := p.options()
			o.Connector = test.connector
			c := p.signIn(o, ann)
			var told atomic.Int64
			ctx := telegram.OnReceived(p.ctx, func() { told.Add(1) })
			_, err := c.SendText(ctx, &tg.InputPeerSelf{}, "on its way")
			check(t, err)
			want := int64(0)
			if test.told {
				want = 1
			}
			if got := told.Load(); got != want {
				t.Errorf("told %d times, want %d", got, want)
			}
			check(t, c.Close())
		})
	}
}
