package web

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"godwit/mtproto"
	"godwit/mtproto/transport"
)

// A WebSocket connects to data centres by WebSocket. It implements
// [transport.Connector]. The zero WebSocket connects to ws://HOST:PORT/apiws
// of an endpoint, or to /apiws_test of one of a test network (R-HT-05), and
// speaks abridged.
type WebSocket struct {
	// Secure has connections go over TLS (wss).
	Secure bool
	// TLS is the configuration for Secure; nil trusts what the system does.
	TLS *tls.Config
	// Transport says how packets go. It is Obfuscated whatever it says, since
	// Telegram takes nothing else here (R-HT-06), and the DC is the endpoint's
	// where it is 0.
	Transport transport.Options
	// Dial opens the connection underneath: transport.DialTCP if nil.
	Dial transport.DialFunc
}

var _ transport.Connector = (*WebSocket)(nil)

// Connect implements [transport.Connector].
func (w *WebSocket) Connect(ctx context.Context, e transport.Endpoint) (transport.PacketConn, error) {
	if !e.Secret.IsZero() {
		return nil, errSecret
	}
	u := url.URL{Scheme: "ws", Host: e.Address(), Path: pathWebSocket}
	if w.Secure {
		u.Scheme = "wss"
	}
	if isTest(e) {
		u.Path = pathWebSocketTest
	}
	stream, err := w.DialURL(ctx, u.String())
	if err != nil {
		return nil, err
	}
	o := w.Transport
	o.Obfuscated = true
	if o.DC == 0 {
		o.DC = e.DC
	}
	packets, err := transport.NewClient(stream, o)
	if err != nil {
		_ = stream.Close() // it was not used
		return nil, err
	}
	return packets, nil
}

// errSecret says that an address is one of TCP alone.
var errSecret = errors.New("web: an address with a secret is not reached by HTTP")

// DialURL opens a WebSocket to a URL of the scheme ws or wss and returns it as
// the stream of bytes that MTProto needs. The error is a *StatusError where
// the server refuses; it names the URL in any case.
func (w *WebSocket) DialURL(ctx context.Context, address string) (net.Conn, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return nil, fmt.Errorf("web: %q is no address of a WebSocket", address)
	}
	c, err := dial(ctx, w.Dial, w.TLS, u)
	if err != nil {
		return nil, fmt.Errorf("web: %s: %w", address, err)
	}
	var stream net.Conn
	err = transport.Handshake(ctx, c, func() (err error) {
		stream, err = open(c, u)
		return err
	})
	if err != nil {
		_ = c.Close() // the handshake's error is the one that tells
		return nil, fmt.Errorf("web: %s: %w", address, err)
	}
	return stream, nil
}

// dial opens the connection to the host of a URL, under TLS if its scheme ends
// in s.
func dial(ctx context.Context, dial transport.DialFunc, config *tls.Config, u *url.URL) (net.Conn, error) {
	if dial == nil {
		dial = transport.DialTCP
	}
	secure := u.Scheme == "wss" || u.Scheme == "https"
	port := u.Port()
	switch {
	case port != "":
	case secure:
		port = "443"
	default:
		port = "80"
	}
	c, err := dial(ctx, net.JoinHostPort(u.Hostname(), port))
	if err != nil || !secure {
		return c, err
	}
	if config == nil {
		config = new(tls.Config)
	}
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName = u.Hostname()
	}
	secured := tls.Client(c, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the handshake's error is the one that tells
		return nil, err
	}
	return secured, nil
}

// A StatusError says that a server answered the opening of a WebSocket with
// another status than 101.
type StatusError struct {
	Code int // of HTTP, such as 404
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("HTTP status %d %s instead of a WebSocket", e.Code, http.StatusText(e.Code))
}

// maxHandshake is the most bytes that a server may answer an opening with.
const maxHandshake = 64 << 10

// open does the client's part of the opening handshake (RFC 6455, section 4.1).
func open(c net.Conn, u *url.URL) (net.Conn, error) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key := base64.StdEncoding.EncodeToString(nonce[:])
	request := &http.Request{
		Method: http.MethodGet, URL: u, Host: u.Host,
		Header: http.Header{
			"Upgrade":                {"websocket"},
			"Connection":             {"Upgrade"},
			"Sec-Websocket-Key":      {key},
			"Sec-Websocket-Version":  {"13"},
			"Sec-Websocket-Protocol": {subprotocol},
		},
	}
	if err := request.Write(c); err != nil {
		return nil, err
	}
	limit := &io.LimitedReader{R: c, N: maxHandshake}
	in := bufio.NewReaderSize(limit, readBuffer)
	response, err := http.ReadResponse(in, request) //nolint:bodyclose // it is the connection that holds it
	if err != nil {
		return nil, unexpected(err)
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return nil, &StatusError{response.StatusCode}
	}
	if err := checkOpened(response.Header, key); err != nil {
		return nil, err
	}
	limit.N = 1<<63 - 1
	return newConn(c, in, mtproto.Client), nil
}

// readBuffer is small, as that of package transport, which reads on top.
const readBuffer = 2048

func checkOpened(h http.Header, key string) error {
	switch protocol := h.Get("Sec-WebSocket-Protocol"); {
	case !hasToken(h, "Upgrade", "websocket") || !hasToken(h, "Connection", "upgrade"):
		return violation("the answer switches to %q", h.Get("Upgrade"))
	case h.Get("Sec-WebSocket-Accept") != acceptKey(key):
		return violation("the answer belongs to another key")
	case protocol != "" && protocol != subprotocol:
		return violation("the answer speaks %q", protocol)
	case h.Get("Sec-WebSocket-Extensions") != "":
		return violation("the answer has extensions that were not asked for")
	}
	return nil
}

// acceptKey is what proves that a server has understood (RFC 6455, section
// 4.2.2).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// hasToken reports whether a header that is a list has an element, in
// whatever case.
func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for element := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(element), token) {
				return true
			}
		}
	}
	return false
}
