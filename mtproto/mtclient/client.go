// Package mtclient keeps one client connected to one DC: it dials, makes an
// auth key where there is none, sends queries and hands out their answers, and
// connects anew when the connection is lost.
//
// Make a Client with [New], run it with [Client.Run], and call
// [Client.Invoke] from as many goroutines as you like. Queries that are under
// way when a connection is lost are answered over the next one.
//
// Queries and answers are bytes; package telegram puts the API on top.
//
// # Goroutines
//
//	Invoke ──▶ loop ──▶ writer ──▶ connection
//	             ▲                     │
//	             └────── reader ◀──────┘
//	           loop ──▶ updates ──▶ OnUpdate, OnNewSession
//
// Run itself is the loop. It alone touches the session, the key exchange and
// the table of queries, and it never waits for the network. Each connection
// has a reader and a writer, and dialing has a goroutine of its own. None of
// them outlives Run.
package mtclient

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// Options say what a Client connects to and how. PublicKeys and one of Dial and
// Connect are required; a zero elsewhere stands for the default.
type Options struct {
	// Dial opens a connection to the DC. It must heed its context.
	Dial func(ctx context.Context) (net.Conn, error)
	// Connect opens a connection that carries packets already, in place of Dial
	// and of all of Transport but its MaxPacket, which is then to be that of the
	// connection.
	Connect func(ctx context.Context) (transport.PacketConn, error)
	// Transport is how packets are framed. Its MaxPacket, where set, is 1 MiB at
	// least.
	Transport transport.Options
	// DC is the id that is named when a key is made: that of the DC, plus 10000
	// for a test DC, and negated for one that serves files only (R-AK-15).
	DC int
	// PublicKeys are the RSA keys by which the DC is known.
	PublicKeys []mtcrypto.PublicKey
	// Credentials are those of an earlier run. Without a key, one is made.
	Credentials Credentials

	// Init wraps a query in invokeWithLayer and initConnection. It is applied to
	// the queries of each connection until one of them has been answered, and
	// again when the server asks for it (R-TL-36, R-TL-37). nil for never.
	Init func(query []byte) []byte
	// Save stores credentials. It is called before a new key is used, and with
	// each change of the salts. A key that could not be saved is not used.
	Save func(Credentials) error
	// OnUpdate gets what the server sends by itself, boxed and unpacked, in
	// order, on one goroutine. It may keep body, take its time, and call Invoke.
	OnUpdate func(body []byte)
	// OnNewSession says that updates may have been lost (R-SM-61): the server
	// has begun a new session, or OnUpdate was too far behind. It is called in
	// turn with OnUpdate.
	OnNewSession func()
	// OnState is told of every change of state. It must return soon and must not
	// call Invoke.
	OnState func(State)

	DialTimeout     time.Duration // 15 s
	ExchangeTimeout time.Duration // for the making of a key: 60 s
	WriteTimeout    time.Duration // for one packet: 30 s
	PingInterval    time.Duration // 60 s
	MinBackoff      time.Duration // before the second of two attempts to connect: 500 ms
	MaxBackoff      time.Duration // to which that wait doubles: 60 s

	// CompressAbove is the size in bytes above which queries are compressed. 0
	// stands for never.
	CompressAbove int
	// MaxUpdates is how many updates wait for OnUpdate before they are given up
	// for a call of OnNewSession: 8192.
	MaxUpdates int

	Now    func() time.Time // time.Now
	Rand   io.Reader        // crypto/rand.Reader
	Logger *slog.Logger     // none
}

// Credentials are what a client needs to go on with an auth key. They are
// secret.
type Credentials struct {
	Key   mtproto.AuthKey // the zero AuthKey for none
	Salts []session.Salt
}

// Phase is what a Client is doing.
type Phase uint8

// The phases, in the order in which a connection goes through them.
const (
	Waiting    Phase = iota // until the next attempt to connect
	Connecting              // dialing
	Exchanging              // making an auth key
	Ready                   // connected: queries are sent
	Closed                  // Run has ended
)

// String returns the phase's name in lower case.
func (p Phase) String() string {
	return [...]string{"waiting", "connecting", "exchanging", "ready", "closed"}[p]
}

// State is what Options.OnState is told.
type State struct {
	Phase Phase
	Until time.Time // of Waiting
	Err   error     // why the last connection ended, with Waiting and Closed
}

var (
	// ErrClosed says that Run has ended, and why it did by what it wraps besides.
	ErrClosed = errors.New("mtclient: client is closed")
	// ErrKeyUnknown says that the server does not know the auth key (any more):
	// only signing in anew helps. The error wraps the *transport.Error too.
	ErrKeyUnknown = errors.New("mtclient: the server does not know the auth key")
	// ErrQuerySize says that a query cannot be sent: it is empty, its size is no
	// multiple of 4, or it is too large for the transport.
	ErrQuerySize = errors.New("mtclient: size of query")
)

// A Client is one connection to one DC, renewed as often as needed.
type Client struct {
	o       Options
	running atomic.Bool
	calls   chan *call
	cancels chan *call
	done    chan struct{} // closed when Run ends
	err     error         // why Run ended; set before done is closed
}

// A call is a query on its way, from Invoke to the loop and back.
type call struct {
	query  []byte
	answer chan answer // has room for the one answer

	// The loop's.
	id      session.RequestID
	wrapped bool // Init was applied
	again   bool // for the second time, since the server asked for it
}

type answer struct {
	body []byte
	err  error
}

// New returns a Client that does nothing until it is run. An error says which
// option is missing or out of range.
func New(o Options) (*Client, error) {
	if o.Dial == nil && o.Connect == nil {
		return nil, errors.New("mtclient: Options.Dial is missing, and Options.Connect too")
	}
	if len(o.PublicKeys) == 0 && o.Credentials.Key.IsZero() {
		return nil, errors.New("mtclient: Options.PublicKeys is empty, and there is no auth key")
	}
	if o.Transport.MaxPacket != 0 && o.Transport.MaxPacket < minMaxPacket {
		return nil, fmt.Errorf("mtclient: Options.Transport.MaxPacket is below %d", minMaxPacket)
	}
	// It does not touch the connection, so that it can tell what it thinks of
	// the options without one.
	if _, err := transport.NewClient(nil, o.Transport); err != nil {
		return nil, err
	}
	setDefault(&o.DialTimeout, 15*time.Second)
	setDefault(&o.ExchangeTimeout, 60*time.Second)
	setDefault(&o.WriteTimeout, 30*time.Second)
	setDefault(&o.MinBackoff, 500*time.Millisecond)
	setDefault(&o.MaxBackoff, 60*time.Second)
	setDefault(&o.MaxUpdates, 8192)
	setDefault(&o.Transport.MaxPacket, transport.DefaultMaxPacket)
	setDefault(&o.Rand, rand.Reader)
	setDefault(&o.Logger, slog.New(slog.DiscardHandler))
	if o.Connect == nil {
		o.Connect = o.connectByDial
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Save == nil {
		o.Save = func(Credentials) error { return nil }
	}
	if o.OnState == nil {
		o.OnState = func(State) {}
	}
	return &Client{o: o, calls: make(chan *call), cancels: make(chan *call), done: make(chan struct{})}, nil
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// Run keeps the client connected until ctx ends, and returns ctx's error, or
// until going on is of no use. Then the error is
//
//   - ErrKeyUnknown, where the server refuses the auth key twice;
//   - *authkey.UnknownKeysError, where it has none of Options.PublicKeys;
//   - a *transport.Error of -444, where Options.DC is another DC, or of -404,
//     where the server refuses to make a key again and again.
//
// Run may be called once.
func (c *Client) Run(ctx context.Context) error {
	if !c.running.CompareAndSwap(false, true) {
		return errors.New("mtclient: Run was called before")
	}
	l := newLoop(c)
	c.err = l.run(ctx)
	close(c.done)
	l.close()
	c.o.OnState(State{Phase: Closed, Err: c.err})
	return c.err
}

const (
	// overhead is the room that a packet needs beside a query: up to 64 KiB of
	// acknowledgements, what Init adds, heads and padding.
	overhead = 72 << 10
	// minMaxPacket has room for what the session puts into one container.
	minMaxPacket = 1 << 20
)

// Invoke sends a query and waits for its answer, which is boxed and unpacked
// and belongs to the caller. Invoke keeps query, which must not be changed.
// While there is no connection, queries wait.
//
// The error is a *mtproto.RPCError where the server refuses the query, and
// ctx's where that ends first: the server is then asked to drop the answer,
// but may have carried out the query (R-SM-50). Others are ErrClosed,
// ErrQuerySize, and *mtproto.BadMsgError.
func (c *Client) Invoke(ctx context.Context, query []byte) ([]byte, error) {
	if len(query) == 0 || len(query)%4 != 0 || len(query) > c.o.Transport.MaxPacket-overhead {
		return nil, fmt.Errorf("%w: %d bytes", ErrQuerySize, len(query))
	}
	q := &call{query: query, answer: make(chan answer, 1)}
	select {
	case c.calls <- q:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.done:
		return nil, c.closed()
	}
	select {
	case a := <-q.answer:
		return a.body, a.err
	case <-ctx.Done():
		select {
		case c.cancels <- q:
		case <-c.done:
		}
		return nil, ctx.Err()
	case <-c.done:
		select {
		case a := <-q.answer:
			return a.body, a.err
		default:
			return nil, c.closed()
		}
	}
}

func (c *Client) closed() error { return fmt.Errorf("%w: %w", ErrClosed, c.err) }
