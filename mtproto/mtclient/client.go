// Package mtclient keeps one client connected to one DC: it dials, makes an
// auth key where there is none, sends queries and hands out their answers, and
// connects anew when the connection is lost.
//
// Make a Client with [New], run it with [Client.Run], and call
// [Client.Invoke] or [Client.Do] from as many goroutines as you like. Queries
// that are under way when a connection is lost are answered over the next one.
//
// Queries and answers are bytes; package telegram puts the API on top.
//
// # What became of a query
//
// A query ends with the server's answer, or with an error that says what is
// certain of it. When a connection is lost, the server is asked over the next
// one which queries it had: those that it had not are sent again, those that
// it had are waited for. So an *[mtproto.OutcomeError] comes only where nobody
// can be asked any more: the context has ended, the client was closed, a key
// is gone, or the server has forgotten the session. It is one of
//
//   - [mtproto.ErrNotExecuted]: it was not carried out, and will not be;
//   - [mtproto.ErrExecuted]: it was, and the answer is lost;
//   - [mtproto.ErrOutcomeUnknown]: it may have been.
//
// No query is carried out twice, except that one which Request.Repeat allows
// that for is sent again where its outcome would be unknown.
//
// # Keys
//
// Queries are encrypted with a temporary key that is made anew each day, before
// the one before it ends: whoever steals the permanent key cannot read what was
// said (perfect forward secrecy, R-PF-01 to R-PF-13,
// https://core.telegram.org/api/pfs). The permanent key only vouches for it.
// Temporary keys stay in memory, unless Options.KeepTemporary is set.
//
// # Goroutines
//
//	Do ──▶ loop ──▶ writer ──▶ connection
//	         ▲                     │
//	         └────── reader ◀──────┘
//	       loop ──▶ updates ──▶ OnUpdate, OnNewSession
//
// Run itself is the loop. It alone touches the sessions, the key exchanges and
// the table of queries, and it never waits for the network. Each connection
// has a reader. Dialing, each packet that is written, and updates while they are
// handed out have goroutines of their own, so that a client at rest has two. None
// of them outlives Run. There is one connection, and a second one for as long as
// a temporary key takes the place of another.
//
// Numbers such as R-PF-13 are those of docs/requirements.md.
package mtclient

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
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
	// It is told of temporary keys only where KeepTemporary is set.
	Save func(Credentials) error
	// OnUpdate gets what the server sends by itself, boxed and unpacked, in
	// order, one after the other. It may keep body, take its time, and call Invoke.
	OnUpdate func(body []byte)
	// OnNewSession says that updates may have been lost (R-SM-61): the server
	// has begun a new session, or OnUpdate was too far behind. It is called in
	// turn with OnUpdate.
	OnNewSession func()
	// OnState is told of every change of state. It must return soon and must not
	// call Invoke.
	OnState func(State)

	// OnKey, if not nil, is told of each auth key that packets are about to be
	// encrypted with, temporary ones too, for those who read captures of their
	// own traffic. Whoever has the key can read it all.
	OnKey func(mtproto.AuthKey)

	DialTimeout     time.Duration // 15 s
	ExchangeTimeout time.Duration // for the making of a key: 60 s
	WriteTimeout    time.Duration // for one packet: 30 s
	PingInterval    time.Duration // 60 s
	// Linger is how long Invoke waits, after its context has ended, for the
	// server to say what has become of a query: 1 s; below 0 for not at all. It
	// does not wait while there is no connection.
	Linger     time.Duration
	MinBackoff time.Duration // before the second of two attempts to connect: 500 ms
	MaxBackoff time.Duration // to which that wait doubles: 60 s

	// PermanentKeyOnly has everything encrypted with the permanent key, without
	// perfect forward secrecy: for servers that know no temporary keys, and for
	// programs that end too soon for a second key exchange.
	PermanentKeyOnly bool
	// KeyLifetime is how long a temporary key is good: 23 to 24 hours, drawn at
	// random (R-PF-02). It is replaced when a 24th of that is left.
	KeyLifetime time.Duration

	// KeepTemporary has Save be told of temporary keys too, and Credentials.Temporary
	// used: a program that starts again then makes no key while the one before is
	// good. Telegram leaves that open: it is "for additional security" that such
	// keys stay in memory (R-PF-13). What was said in the last day is then as safe
	// as what Save stores.
	KeepTemporary bool

	// Temporary, if its key is not zero, is the key of another client to the same DC,
	// which makes and binds none then: it ends with ErrKeyExpired when that key is of
	// no use any more.
	Temporary Temporary
	// OnTemporary, if not nil, is told of each temporary key that the client has bound
	// to the permanent one, for others to use. It must return soon.
	OnTemporary func(Temporary)

	// CompressAbove is the size in bytes above which queries are compressed:
	// 1024; below 0 for never.
	CompressAbove int
	// MaxUpdates is how many updates wait for OnUpdate before they are given up
	// for a call of OnNewSession: 8192.
	MaxUpdates int

	Now    func() time.Time // time.Now
	Rand   io.Reader        // crypto/rand.Reader
	Logger mtproto.Logger   // none
}

// Credentials are what a client needs to go on with an auth key. They are
// secret.
type Credentials struct {
	Key   mtproto.AuthKey // the permanent key; the zero AuthKey for none
	Salts []session.Salt  // of the permanent key
	// Created is when the key was made, by the server's clock; zero for long ago.
	// The server may not know a new key everywhere for a minute (R-PF-12).
	Created time.Time
	// Temporary speaks for Key, where Options.KeepTemporary is set; without a key
	// for none.
	Temporary Temporary
}

// A Temporary is a temporary key that speaks for a permanent one, with what is
// known of it. It is secret.
type Temporary struct {
	Key     mtproto.AuthKey
	Expires time.Time      // by the server's clock
	Salts   []session.Salt // of this key
	Offset  time.Duration  // the server's time minus ours; not of a key that was kept
}

// Phase is what a Client is doing.
type Phase uint8

// The phases, in the order in which a connection goes through them.
const (
	Waiting    Phase = iota // until the next attempt to connect
	Connecting              // dialing
	Exchanging              // making auth keys
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
	// ErrKeyExpired says that a temporary key has come to its end, or that the
	// server has forgotten it, before a query under it was answered.
	ErrKeyExpired = errors.New("mtclient: the temporary key has ended")
	// ErrQuerySize says that a query cannot be sent: it is empty, its size is no
	// multiple of 4, or it is too large for the transport.
	ErrQuerySize = errors.New("mtclient: size of query")
)

// A Client is one connection to one DC, renewed as often as needed.
type Client struct {
	o       Options
	running atomic.Bool
	calls   chan *call
	cancels chan cancellation
	done    chan struct{} // closed when Run ends
	err     error         // why Run ended; set before done is closed
	destroy chan mtproto.SessionID
	session atomic.Uint64 // that is in use; 0 for none yet
	heard   atomic.Int64  // when the server last sent what was right, in Unix nanoseconds; 0 for never
}

// Heard returns when the server was last heard of under a key of this client's,
// the zero time for never. It answers pings at least, each Options.PingInterval.
func (c *Client) Heard() time.Time {
	if at := c.heard.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// New returns a Client that does nothing until it is run. An error says which
// option is missing or out of range.
func New(o Options) (*Client, error) {
	if o.Dial == nil && o.Connect == nil {
		return nil, errors.New("mtclient: Options.Dial is missing, and Options.Connect too")
	}
	if len(o.PublicKeys) == 0 && (o.Credentials.Key.IsZero() || !o.PermanentKeyOnly) {
		return nil, errors.New("mtclient: Options.PublicKeys is empty, and a key has to be made")
	}
	if o.KeyLifetime < 0 || o.KeyLifetime > maxKeyLifetime || o.KeyLifetime != o.KeyLifetime.Truncate(time.Second) {
		return nil, fmt.Errorf("mtclient: Options.KeyLifetime is %v, want whole seconds up to %v", o.KeyLifetime, maxKeyLifetime)
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
	setDefault(&o.Linger, time.Second)
	setDefault(&o.CompressAbove, 1024)
	setDefault(&o.MaxUpdates, 8192)
	setDefault(&o.Transport.MaxPacket, transport.DefaultMaxPacket)
	setDefault(&o.Rand, rand.Reader)
	o.Logger = mtproto.LoggerOr(o.Logger)
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
	return &Client{
		o: o, calls: make(chan *call), cancels: make(chan cancellation), destroy: make(chan mtproto.SessionID),
		done: make(chan struct{}),
	}, nil
}

// Session returns the session that queries are sent in, 0 while there is none.
func (c *Client) Session() mtproto.SessionID { return mtproto.SessionID(c.session.Load()) }

// DestroySession has the server forget a session of another client under the same
// key, which has ended (R-EM-64, R-SM-67). It does not wait for that: where there is
// no connection, it is done over the next one, if there is any.
func (c *Client) DestroySession(id mtproto.SessionID) {
	select {
	case c.destroy <- id:
	case <-c.done:
	}
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
//   - ErrKeyUnknown, where the server refuses the permanent key, itself or to
//     vouch for a temporary one;
//   - *authkey.UnknownKeysError, where it has none of Options.PublicKeys;
//   - a *transport.Error of -444, where Options.DC is another DC, or of -404,
//     where the server refuses to make a key again and again;
//   - a *mtproto.RPCError, where it refuses again and again to bind a temporary
//     key;
//   - ErrKeyExpired, where Options.Temporary has come to its end.
//
// Run may be called once.
func (c *Client) Run(ctx context.Context) error {
	if !c.running.CompareAndSwap(false, true) {
		return errors.New("mtclient: Run was called before")
	}
	l := newLoop(c)
	c.err = l.run(ctx)
	l.close(c.closed())
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

// maxKeyLifetime is the longest that fits into expires_in.
const maxKeyLifetime = (1<<31 - 1) * time.Second

// A Request is a query and what the client may do with it.
type Request struct {
	// Query is boxed. The client keeps it, and it must not be changed.
	Query []byte
	// Repeat says that to carry the query out twice does no harm: it only reads,
	// or the server tells repetitions by something in it. It is then sent again
	// where its outcome would be unknown.
	Repeat bool
	// Place, if not nil, is the query's in an order of queries.
	Place *Place
	// Received, if not nil, is called once the server has told that it has the
	// query, before it is carried out (R-TR-24): at most once for each time that
	// it had to be sent, and never over HTTP or full framing (R-TR-25). It must
	// return soon and must not call Do.
	Received func()
}

// Invoke sends a query that must not be carried out twice; see Do.
func (c *Client) Invoke(ctx context.Context, query []byte) ([]byte, error) {
	return c.Do(ctx, Request{Query: query})
}

// Do sends a query and waits for its answer, which is boxed and unpacked and
// belongs to the caller. While there is no connection, queries wait.
//
// The error is a *mtproto.RPCError where the server refuses the query, and an
// *mtproto.OutcomeError where there is no answer. That wraps ctx's error where
// ctx ends first: the server has then been asked to drop the answer
// (R-SM-50), and Options.Linger allows for its word on that. It wraps
// ErrClosed, ErrKeyExpired or an error of package session where the client or
// what it holds has ended. ErrQuerySize comes before anything is sent.
func (c *Client) Do(ctx context.Context, r Request) ([]byte, error) {
	if len(r.Query) == 0 || len(r.Query)%4 != 0 || len(r.Query) > c.o.Transport.MaxPacket-overhead {
		return nil, fmt.Errorf("%w: %d bytes", ErrQuerySize, len(r.Query))
	}
	q := &call{Request: r, answer: make(chan answer, 1)}
	if err := c.hand(ctx, q); err != nil {
		return nil, &mtproto.OutcomeError{Outcome: mtproto.NotExecuted, Err: err}
	}
	select {
	case a := <-q.answer:
		return a.body, a.err
	case <-ctx.Done():
		return c.giveUp(ctx, q)
	}
}

// hand gives a query to the loop, in its turn.
func (c *Client) hand(ctx context.Context, q *call) error {
	if q.Place != nil {
		defer q.Place.Release()
		if err := q.Place.wait(ctx); err != nil {
			return err
		}
	}
	select {
	case c.calls <- q:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
		return c.closed()
	}
}

// giveUp cancels a query whose context has ended, and waits a moment for what
// the server makes of that.
func (c *Client) giveUp(ctx context.Context, q *call) ([]byte, error) {
	cancel := cancellation{q, make(chan mtproto.Outcome, 1)}
	select {
	case c.cancels <- cancel:
	case <-c.done:
		a := <-q.answer
		return a.body, a.err
	}
	outcome := <-cancel.outcome
	if outcome == mtproto.NotExecuted {
		return nil, &mtproto.OutcomeError{Outcome: outcome, Err: ctx.Err()}
	}
	timer := time.NewTimer(max(c.o.Linger, 0))
	defer timer.Stop()
	var a answer
	select {
	case a = <-q.answer:
	default:
		select {
		case a = <-q.answer:
		case <-timer.C:
			a.err = &mtproto.OutcomeError{Outcome: outcome}
		}
	}
	var lost *mtproto.OutcomeError
	if errors.As(a.err, &lost) {
		return nil, &mtproto.OutcomeError{Outcome: lost.Outcome, Err: ctx.Err()}
	}
	return a.body, a.err
}

func (c *Client) closed() error { return fmt.Errorf("%w: %w", ErrClosed, c.err) }
