package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtserver"
	"godwit/mtproto/transport"
	"godwit/mtproto/transport/proxy"
	"godwit/mtproto/transport/web"
)

// A Transport is a way in which clients may speak to a DC.
type Transport string

// The transports, all of which share a DC's port.
const (
	TransportTCP        Transport = "tcp"        // the framings of TCP as they are
	TransportObfuscated Transport = "obfuscated" // the same under obfuscation
	TransportWebSocket  Transport = "websocket"  // /apiws
	TransportHTTP       Transport = "http"       // /api and the like, packets as requests
	TransportTLS        Transport = "tls"        // those of the web, over TLS
	TransportMTProxy    Transport = "mtproxy"    // as an MTProxy to all DCs, by secret
)

// Transports returns all transports that there are.
func Transports() []Transport {
	return []Transport{TransportTCP, TransportObfuscated, TransportWebSocket, TransportHTTP, TransportTLS, TransportMTProxy}
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

// prepareProxy draws secrets if none are given: one of each kind.
func (sb *Sandbox) prepareProxy() error {
	if !sb.serves(TransportMTProxy) {
		sb.options.ProxySecrets = nil
		return nil
	}
	if sb.options.ProxySecrets == nil {
		sb.options.ProxySecrets = []transport.ProxySecret{{}, {Padded: true}, {Domain: proxyDomain}}
		for i := range sb.options.ProxySecrets {
			if _, err := io.ReadFull(sb.options.Rand, sb.options.ProxySecrets[i].Key[:]); err != nil {
				return fmt.Errorf("sandbox: randomness: %w", err)
			}
		}
	}
	for _, s := range sb.options.ProxySecrets {
		if s.Domain == "" {
			sb.secrets = append(sb.secrets, s.Key)
		}
	}
	sb.proxy = &proxy.Acceptor{Secrets: sb.options.ProxySecrets, Now: sb.options.Now, Rand: sb.options.Rand}
	return nil
}

// proxyDomain is the site that clients of the proxy seem to go to.
const proxyDomain = "example.com"

// startWeb begins to serve what accept finds to be HTTP: in the clear what is
// asked for, and over TLS all of it. The caller holds Sandbox.mu.
func (d *dc) startWeb() {
	exchanger := func(remote net.Addr) web.Exchanger { return d.server.NewHTTPConn(remote) }
	o := web.ServerOptions{Logger: d.log}
	if d.serves(TransportWebSocket) {
		o.Stream = d.stream
	}
	if d.serves(TransportHTTP) {
		o.Exchanger = exchanger
	}
	d.web = web.NewServer(o)
	if d.tls != nil {
		d.secureWeb = web.NewServer(web.ServerOptions{
			Stream: d.stream, Exchanger: exchanger, TLS: d.tls.Config, Logger: d.log,
		})
	}
}

// stopWeb ends what startWeb began, if it did.
func (d *dc) stopWeb() error {
	var failed error
	for _, s := range []*web.Server{d.web, d.secureWeb} {
		if s != nil {
			failed = errors.Join(failed, s.Close())
		}
	}
	return failed
}

// errNotServed says that a client came by a transport that is switched off.
var errNotServed = errors.New("sandbox: transport is not served")

// errRefusedConn says that a connection is closed by a FaultRefuse.
var errRefusedConn = errors.New("sandbox: connection refused on purpose")

// accept tells what a client that has connected speaks (R-TR-01, R-SV-01).
func (d *dc) accept(c net.Conn) (*transport.Conn, error) {
	if d.refused() {
		return nil, errRefusedConn
	}
	opening, c, err := transport.Sniff(c)
	if err != nil {
		return nil, err
	}
	switch opening {
	case transport.OpeningHTTP:
		if !d.serves(TransportWebSocket) && !d.serves(TransportHTTP) {
			return nil, errNotServed
		}
		d.web.ServeConn(c)
		return nil, mtserver.ErrTaken
	case transport.OpeningTLS:
		return d.acceptTLS(c)
	}
	return d.acceptPackets(c, false)
}

// acceptTLS serves a client that begins with a TLS client hello: one that is
// made with a secret as an MTProxy, any other as the site that it asks for, or
// what passes for it here (R-FT-03).
func (d *dc) acceptTLS(c net.Conn) (*transport.Conn, error) {
	if d.serves(TransportMTProxy) {
		hidden, secret, err := d.proxy.AcceptFakeTLS(c)
		var stranger *proxy.StrangerError
		switch {
		case err == nil:
			t, err := transport.Accept(hidden, transport.Options{Obfuscated: true, Secret: &secret.Key, Rand: d.options.Rand})
			if err != nil {
				return nil, err
			}
			return d.proxied(t, secret)
		case !errors.As(err, &stranger):
			return nil, err
		}
		d.log.Debug("client hello of no proxy client", "dc", d.id, "remote", c.RemoteAddr(), "error", stranger.Err)
		c = stranger.Conn
	}
	if d.tls == nil {
		return nil, errNotServed
	}
	d.secureWeb.ServeTLS(c)
	return nil, mtserver.ErrTaken
}

// proxied takes a client that has come by a secret, and hands it to the DC
// that it wants (R-OB-03).
func (d *dc) proxied(t *transport.Conn, secret transport.ProxySecret) (*transport.Conn, error) {
	if want := secret.Framing(t.Framing()); t.Framing() != want {
		return nil, mtproto.Violation("R-OB-11", "%v framing with a secret for %v", t.Framing(), want)
	}
	id := t.DC()
	if id < 0 {
		id = -id // for files
	}
	for _, other := range d.all() {
		switch {
		case other.id != id && other.id+testDC != id:
		case other == d:
			return t, nil
		default:
			other.server.ServeTransport(t)
			return nil, mtserver.ErrTaken
		}
	}
	err := mtproto.Violation("R-OB-03", "a client of the proxy wants DC %d", t.DC())
	return nil, errors.Join(err, t.SetWriteDeadline(time.Now().Add(refusalTimeout)), t.WriteError(transport.CodeInvalidDC))
}

const (
	testDC         = 10000 // what clients add to the id of a test DC
	refusalTimeout = 10 * time.Second
)

// acceptPackets tells the framing of a client. Over the web it has to be under
// obfuscation (R-HT-06).
func (d *dc) acceptPackets(c net.Conn, overWeb bool) (*transport.Conn, error) {
	o := transport.Options{Rand: d.options.Rand}
	if !overWeb {
		o.Secrets = d.secrets
	}
	t, err := transport.Accept(c, o)
	if err == nil && t.Secret() != nil {
		i := slices.IndexFunc(d.options.ProxySecrets, func(s transport.ProxySecret) bool {
			return s.Domain == "" && s.Key == *t.Secret()
		})
		return d.proxied(t, d.options.ProxySecrets[i])
	}
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
