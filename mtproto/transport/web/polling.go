package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/transport"
)

// A Polling connects to data centres by HTTP: each packet is a POST of its own
// (R-HT-01). It implements [transport.Connector]; what it connects is a
// [transport.Poller]. The zero Polling posts to http://HOST:PORT/api of an
// endpoint.
type Polling struct {
	// Secure has requests go over TLS (https), to /apiw1, or to /apiw_test1 of a
	// test network (R-HT-05, R-HT-08).
	Secure bool
	// TLS is the configuration for Secure; nil trusts what the system does.
	TLS *tls.Config
	// MaxPacket is the size in bytes of the largest packet that is read; 0 means
	// transport.DefaultMaxPacket.
	MaxPacket int
	// Interval is how long the server may hold a request; 0 means 25 seconds,
	// which is what Telegram grants (R-HT-03).
	Interval time.Duration
	// Dial opens the connections underneath: transport.DialTCP if nil.
	Dial transport.DialFunc
}

var _ transport.Connector = (*Polling)(nil)

const (
	defaultInterval = 25 * time.Second
	// answerTimeout is how much longer than Interval a response may take.
	answerTimeout = 20 * time.Second
	// maxOpen is how many requests are under way at most: one that waits, and
	// those that are answered at once.
	maxOpen = 8
)

// Connect implements [transport.Connector]. It opens the first connection, so
// that an address where nobody is fails.
func (p *Polling) Connect(ctx context.Context, e transport.Endpoint) (transport.PacketConn, error) {
	if !e.Secret.IsZero() {
		return nil, errSecret
	}
	u := url.URL{Scheme: "http", Host: e.Address(), Path: pathHTTP}
	if p.Secure {
		u.Scheme, u.Path = "https", pathHTTPS
		if isTest(e) {
			u.Path = pathHTTPSTest
		}
	}
	first, err := dial(ctx, p.Dial, p.TLS, &u)
	if err != nil {
		return nil, fmt.Errorf("web: %s: %w", u.String(), err)
	}
	return p.newConn(&u, first), nil
}

// newConn returns the connection to a URL, of which the first one underneath
// is open.
func (p *Polling) newConn(u *url.URL, first net.Conn) *pollConn {
	c := &pollConn{
		url: "http://" + u.Host + u.Path, // TLS, if there is any, is underneath
		max: p.MaxPacket, interval: p.Interval, first: first,
		slots: make(chan struct{}, maxOpen), answers: make(chan answer, maxOpen),
	}
	if c.max == 0 {
		c.max = transport.DefaultMaxPacket
	}
	if c.interval == 0 {
		c.interval = defaultInterval
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.http = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if first := c.takeFirst(); first != nil {
				return first, nil
			}
			return dial(ctx, p.Dial, p.TLS, u)
		},
		MaxIdleConnsPerHost: maxOpen, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
	}
	return c
}

// A pollConn is a connection by HTTP.
type pollConn struct {
	url      string
	max      int
	interval time.Duration
	http     *http.Transport
	ctx      context.Context // ends when it is closed
	cancel   context.CancelFunc
	slots    chan struct{} // has room for each request under way
	answers  chan answer   // likewise

	mu    sync.Mutex // guards what follows
	first net.Conn   // opened, and not used yet
	reads deadline
	write deadline
}

var _ transport.Poller = (*pollConn)(nil)

type answer struct {
	packet []byte
	err    error
}

func (c *pollConn) takeFirst() net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.first
	c.first = nil
	return first
}

// PollInterval implements [transport.Poller].
func (c *pollConn) PollInterval() time.Duration { return c.interval }

// WritePacket implements [transport.PacketConn]. It waits if there are too many
// requests under way, and not for the response.
func (c *pollConn) WritePacket(p []byte) error {
	if len(p) == 0 || len(p) > c.max || len(p)%4 != 0 {
		return fmt.Errorf("web: packet of %d bytes: %w", len(p), transport.ErrPacketSize)
	}
	late, stop := c.write.after()
	defer stop()
	select {
	case c.slots <- struct{}{}:
	case <-late:
		return os.ErrDeadlineExceeded
	case <-c.ctx.Done():
		return net.ErrClosed
	}
	body := bytes.Clone(p)
	go func() {
		packet, err := c.post(body)
		c.answers <- answer{packet, err} // has room: the slot is given back after that
	}()
	return nil
}

// ReadPacket implements [transport.PacketConn].
func (c *pollConn) ReadPacket([]byte) ([]byte, error) {
	late, stop := c.reads.after()
	defer stop()
	select {
	case a := <-c.answers:
		<-c.slots
		return a.packet, a.err
	case <-late:
		return nil, os.ErrDeadlineExceeded
	case <-c.ctx.Done():
		return nil, net.ErrClosed
	}
}

// post sends a packet and returns the one that answers it.
func (c *pollConn) post(packet []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.interval+answerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(packet))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	// An idle connection may have been closed by the server: net/http then sends
	// what it takes for idempotent over another one. The server knows a message
	// that comes twice by its id. The header itself is not sent.
	request.Header["Idempotency-Key"] = nil
	response, err := c.http.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return nil, &transport.Error{Code: -int32(response.StatusCode)} // R-TR-34
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(c.max)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("web: %w", err)
	case response.StatusCode != http.StatusOK || len(body) == 0 || len(body) > c.max || len(body)%4 != 0:
		return nil, mtproto.Violation("R-HT-01", "HTTP: response %d of %d bytes", response.StatusCode, len(body))
	}
	return body, nil
}

// SetReadDeadline implements [transport.PacketConn]. It is for the reads that
// begin after it.
func (c *pollConn) SetReadDeadline(t time.Time) error { c.reads.set(t); return nil }

// SetWriteDeadline implements [transport.PacketConn]. It is for the writes that
// begin after it.
func (c *pollConn) SetWriteDeadline(t time.Time) error { c.write.set(t); return nil }

// Close implements [transport.PacketConn].
func (c *pollConn) Close() error {
	c.cancel()
	c.http.CloseIdleConnections()
	if first := c.takeFirst(); first != nil {
		return first.Close()
	}
	return nil
}

// A deadline is when something gives up.
type deadline struct {
	mu sync.Mutex
	at time.Time
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = t
}

// after returns a channel on which something comes at the deadline, and what
// gives it back.
func (d *deadline) after() (<-chan time.Time, func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.IsZero() {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(d.at))
	return timer.C, func() { timer.Stop() }
}
