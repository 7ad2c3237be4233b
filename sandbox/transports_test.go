package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"godwit/mtproto/transport"
	"godwit/mtproto/transport/web"
)

// started is a sandbox that listens, and what its connection file says.
func started(t *testing.T, o Options) (*Sandbox, Info) {
	t.Helper()
	o.PrivateKey = testKey()
	sb, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := sb.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	return sb, sb.Info()
}

// unknownKey asks something under a key that the server does not know, and
// returns what comes of it.
func unknownKey(t *testing.T, connector transport.Connector, dc DC) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := connector.Connect(ctx, transport.Endpoint{DC: dc.ID, Host: dc.Host, Port: dc.Port})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := errors.Join(c.SetReadDeadline(time.Now().Add(30*time.Second)), c.SetWriteDeadline(time.Now().Add(30*time.Second))); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 24+64)
	_, _ = rand.Read(p)
	if err := c.WritePacket(p); err != nil {
		return err
	}
	_, err = c.ReadPacket(nil)
	return err
}

// connectors are all ways to a DC, by the transport that they need.
func connectors(t *testing.T, info Info) map[Transport]transport.Connector {
	t.Helper()
	list := map[Transport]transport.Connector{
		TransportTCP:        &transport.TCP{},
		TransportObfuscated: &transport.TCP{Options: transport.Options{Obfuscated: true}},
		TransportWebSocket:  &web.WebSocket{},
	}
	if info.TLSCertificate != "" {
		trust, err := web.Trust(info.TLSCertificate)
		if err != nil {
			t.Fatal(err)
		}
		list[TransportTLS] = &web.WebSocket{Secure: true, TLS: trust}
	}
	return list
}

// R-TR-01, R-SV-01, R-HT-07: each DC serves all transports on its one port,
// and says over each of them what is wrong in the way of the transport.
func TestTransports(t *testing.T) {
	_, info := started(t, Options{})
	if !slices.Equal(info.Transports, Transports()) || info.TLSCertificate == "" {
		t.Errorf("connection file: %q", info.Transports)
	}
	for name, connector := range connectors(t, info) {
		for _, dc := range info.DCs {
			if err := unknownKey(t, connector, dc); !errors.Is(err, &transport.Error{Code: -404}) {
				t.Errorf("%s, DC %d: %v", name, dc.ID, err)
			}
		}
	}
}

// What is switched off is not there, and the rest is.
func TestTransportsByChoice(t *testing.T) {
	for _, only := range Transports() {
		_, info := started(t, Options{Transports: []Transport{only}})
		for name, connector := range connectors(t, info) {
			err := unknownKey(t, connector, info.DCs[0])
			if served := errors.Is(err, &transport.Error{Code: -404}); served != (name == only) {
				t.Errorf("%s where only %s is served: %v", name, only, err)
			}
		}
	}
	for _, list := range [][]Transport{{}, {"pigeon"}} {
		if _, err := New(Options{Transports: list}); err == nil {
			t.Errorf("transports %q are taken", list)
		}
	}
}

// A client that stops in the middle of an opening, whatever it opens, keeps
// neither a goroutine nor the sandbox from closing.
func TestHalfOpen(t *testing.T) {
	sb, info := started(t, Options{DCs: 1})
	for _, first := range []string{
		"", "P", "GET /apiws HTTP/1.1\r\nHost: x\r\n", "\x16\x03\x01\x02\x00\x01", "\x16\x03", "\xef", "\xee\xee", "half of a header",
	} {
		c, err := net.Dial("tcp", addressOf(info.DCs[0]))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, first); err != nil {
			t.Fatal(err)
		}
	}
	// A WebSocket in which nothing comes.
	ws, err := (&web.WebSocket{}).DialURL(t.Context(), "ws://"+addressOf(info.DCs[0])+"/apiws")
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if err := sb.Close(); err != nil {
		t.Error(err)
	}
	if _, err := ws.Read(make([]byte, 1)); err == nil {
		t.Error("the WebSocket outlives the sandbox")
	}
}

func addressOf(dc DC) string {
	return transport.Endpoint{Host: dc.Host, Port: dc.Port}.Address()
}
