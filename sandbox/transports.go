package sandbox

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"godwit/mtproto/mtserver"
	"godwit/mtproto/transport"
	"godwit/mtproto/transport/web"
)

// A Transport is a way in which clients may speak to a DC.
type Transport string

// The transports, all of which share a DC's port.
const (
	TransportTCP        Transport = "tcp"        // the framings of TCP as they are
	TransportObfuscated Transport = "obfuscated" // the same under obfuscation
	TransportWebSocket  Transport = "websocket"  // /apiws
	TransportTLS        Transport = "tls"        // those of the web, over TLS
)

// Transports returns all transports that there are.
func Transports() []Transport {
	return []Transport{TransportTCP, TransportObfuscated, TransportWebSocket, TransportTLS}
}

func checkTransports(list []Transport) error {
	for _, t := range list {
		if !slices.Contains(Transports(), t) {
			return fmt.Errorf("sandbox: transport %q, want any of %q", t, Transports())
		}
	}
	if len(list) == 0 {
		return errors.New("sandbox: no transport")
	}
	return nil
}

func (sb *Sandbox) serves(t Transport) bool { return slices.Contains(sb.options.Transports, t) }

// prepareTLS makes the certificate if one is needed.
func (sb *Sandbox) prepareTLS() error {
	if !sb.serves(TransportTLS) {
		return nil
	}
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(sb.options.Listen); err == nil && host != "" && !slices.Contains(hosts, host) {
		hosts = append(hosts, host)
	}
	var err error
	sb.tls, err = web.SelfSigned(sb.options.Now(), hosts...)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// startWeb begins to serve what accept finds to be HTTP. The caller holds
// Sandbox.mu.
func (d *dc) startWeb() {
	o := web.ServerOptions{Stream: d.stream, Logger: d.log}
	if d.tls != nil {
		o.TLS = d.tls.Config
	}
	d.web = web.NewServer(o)
}

func (d *dc) stopWeb() error {
	if d.web == nil {
		return nil
	}
	return d.web.Close()
}

// errNotServed says that a client came by a transport that is switched off.
var errNotServed = errors.New("sandbox: transport is not served")

// accept tells what a client that has connected speaks (R-TR-01, R-SV-01).
func (d *dc) accept(c net.Conn) (*transport.Conn, error) {
	opening, c, err := transport.Sniff(c)
	if err != nil {
		return nil, err
	}
	switch opening {
	case transport.OpeningHTTP:
		if !d.serves(TransportWebSocket) {
			return nil, errNotServed
		}
		d.web.ServeConn(c)
		return nil, mtserver.ErrTaken
	case transport.OpeningTLS:
		if d.tls == nil {
			return nil, errNotServed
		}
		d.web.ServeTLS(c)
		return nil, mtserver.ErrTaken
	}
	return d.acceptPackets(c, false)
}

// acceptPackets tells the framing of a client. Over the web it has to be under
// obfuscation (R-HT-06).
func (d *dc) acceptPackets(c net.Conn, overWeb bool) (*transport.Conn, error) {
	t, err := transport.Accept(c, transport.Options{Rand: d.options.Rand})
	switch {
	case err != nil:
		return nil, err
	case overWeb && !t.Obfuscated(),
		!overWeb && t.Obfuscated() && !d.serves(TransportObfuscated),
		!overWeb && !t.Obfuscated() && !d.serves(TransportTCP):
		return nil, errNotServed
	}
	return t, nil
}

// streamTimeout is how long a WebSocket may take to its first packet.
const streamTimeout = 2 * time.Minute

// stream serves a client that speaks through a WebSocket.
func (d *dc) stream(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(streamTimeout))
	t, err := d.acceptPackets(c, true)
	if err != nil {
		d.log.Debug("WebSocket without MTProto", "dc", d.id, "remote", c.RemoteAddr(), "error", err)
		return
	}
	d.server.ServeTransport(t)
}
