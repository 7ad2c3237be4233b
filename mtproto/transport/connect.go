package transport

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"
)

// A PacketConn carries whole packets to a server and back, whatever is
// underneath. A [*Conn] is one; package mtproto/transport/web has one over
// HTTP. What the documentation of a Conn says of concurrency and of errors
// holds for every PacketConn.
type PacketConn interface {
	// ReadPacket waits for a packet and returns it, in the memory of buf if it
	// fits there.
	ReadPacket(buf []byte) ([]byte, error)
	// WritePacket sends a packet. It does not keep p or change it.
	WritePacket(p []byte) error
	// SetReadDeadline and SetWriteDeadline say when reading and writing give
	// up; the zero time means never.
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	// Close makes reads and writes under way fail.
	Close() error
}

// A QuickAcker is a PacketConn on which the server can be asked to tell at
// once that it has decrypted a packet (R-TR-20). None is over HTTP (R-TR-25).
type QuickAcker interface {
	PacketConn
	// WritePacketQuickAck is WritePacket with that request.
	WritePacketQuickAck(p []byte) error
	// OnQuickAck says what ReadPacket is to call with each quick
	// acknowledgement, in place of Options.QuickAck. It is to be called before
	// the first ReadPacket.
	OnQuickAck(f func(token uint32))
}

// A Poller is a PacketConn over which the server sends nothing by itself: each
// packet that is written is answered by exactly one, possibly by an empty
// container, and possibly much later and out of turn (R-HT-02). Its user keeps
// one packet unanswered so that updates can come.
type Poller interface {
	PacketConn
	// PollInterval is how long the server is to hold a packet for which it has
	// no answer.
	PollInterval() time.Duration
}

// An Endpoint is one address of a data centre, as dcOption has it (R-AP-03).
type Endpoint struct {
	// DC is the id as it stands in the obfuscation header: plus 10000 for a
	// test DC, negated for one that serves files only (R-OB-03).
	DC   int
	Host string // a name or an IP address
	Port int
	// Secret is what the DC wants connections to that address to be under; zero
	// for nothing.
	Secret ProxySecret
}

// Address returns the endpoint's address in the form host:port.
func (e Endpoint) Address() string { return net.JoinHostPort(e.Host, strconv.Itoa(e.Port)) }

// A Connector opens connections to data centres: a [*TCP], or one of those in
// mtproto/transport/web and mtproto/transport/proxy. It is safe for concurrent
// use.
type Connector interface {
	// Connect opens a connection to e. The context is for connecting alone. An
	// error names the address.
	Connect(ctx context.Context, e Endpoint) (PacketConn, error)
}

// A DialFunc opens a connection to an address of the form host:port. It heeds
// its context.
type DialFunc func(ctx context.Context, address string) (net.Conn, error)

// keepAlive is the time between TCP's own signs of life.
const keepAlive = 30 * time.Second

// DialTCP is the DialFunc that opens a TCP connection without any proxy.
func DialTCP(ctx context.Context, address string) (net.Conn, error) {
	d := net.Dialer{KeepAlive: keepAlive}
	return d.DialContext(ctx, "tcp", address)
}

// TCP connects to data centres by TCP. The zero TCP speaks plain abridged.
type TCP struct {
	// Options say how packets go. DC is the endpoint's where it is 0. An
	// endpoint with a Secret is spoken to under obfuscation whatever they say,
	// and in the framing that the secret asks for (R-OB-09, R-OB-11).
	Options Options
	// Dial opens the connection: DialTCP if nil. A proxy goes here.
	Dial DialFunc
	// Hide puts a connection under fake TLS, for secrets that ask for it: the
	// FakeTLS of package mtproto/transport/proxy. Without it, endpoints with
	// such a secret cannot be connected to.
	Hide func(ctx context.Context, c net.Conn, secret ProxySecret) (net.Conn, error)
}

// ErrNoFakeTLS says that an endpoint asks for fake TLS and TCP.Hide is nil.
var ErrNoFakeTLS = errors.New("transport: the address asks for fake TLS, which is not set up")

// Connect implements [Connector].
func (t *TCP) Connect(ctx context.Context, e Endpoint) (PacketConn, error) {
	if e.Secret.Domain != "" && t.Hide == nil {
		return nil, ErrNoFakeTLS
	}
	dial := t.Dial
	if dial == nil {
		dial = DialTCP
	}
	c, err := dial(ctx, e.Address())
	if err != nil {
		return nil, err
	}
	if e.Secret.Domain != "" {
		hidden, err := t.Hide(ctx, c, e.Secret)
		if err != nil {
			_ = c.Close() // it was not used
			return nil, err
		}
		c = hidden
	}
	conn, err := NewClient(c, e.options(t.Options))
	if err != nil {
		_ = c.Close() // it was not used
		return nil, err
	}
	return conn, nil
}

// options returns o as it is to be for the endpoint.
func (e Endpoint) options(o Options) Options {
	if o.DC == 0 {
		o.DC = e.DC
	}
	if !e.Secret.IsZero() {
		o.Obfuscated, o.Secret, o.Framing = true, &e.Secret.Key, e.Secret.Framing(o.Framing)
		o.Enclosed = o.Enclosed || e.Secret.Domain != ""
	}
	return o
}

// Handshake calls f, which reads from c and writes to it, and cuts it short
// when ctx ends: then the error is ctx's. Deadlines that f has set are taken
// away.
func Handshake(ctx context.Context, c net.Conn, f func() error) error {
	stop := context.AfterFunc(ctx, func() {
		_ = c.SetDeadline(time.Unix(1, 0)) // wakes up who reads or writes
	})
	err := f()
	if !stop() {
		// The deadline has been set, or is about to be.
		return errors.Join(ctx.Err(), err)
	}
	_ = c.SetDeadline(time.Time{}) // a connection that has ended meanwhile shows in what is next
	return err
}
