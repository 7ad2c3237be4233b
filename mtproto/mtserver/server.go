// Package mtserver serves MTProto 2.0 to clients: it listens, makes auth keys
// with them, runs their sessions and hands their queries to a [Handler]
// (PROTOCOL section 12.1).
//
// Start with [New] and [Server.Serve]:
//
//	s, err := mtserver.New(mtserver.Options{DC: 2, PrivateKey: key, Handler: h})
//	…
//	go s.Serve(listener)
//	…
//	s.Shutdown(ctx)
//
// A [Session] outlives the connections that it is used over: packets are
// routed by auth key and session id (R-TR-08, R-TR-09), and what a client has
// not acknowledged goes out again when it comes back (R-EM-62).
//
// Everything exported is safe for concurrent use.
//
// Numbers such as R-PF-07 are those of docs/requirements.md.
package mtserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/transport"
)

// A Handler does what a server is for. Its methods are called from several
// goroutines at once, but one after another for any one session: SessionOpened
// first, then the queries in the order in which the client sent them, then
// SessionClosed.
type Handler interface {
	// HandleRequest answers one query of the API and returns the boxed result.
	// The query has its wrappers on, such as invokeWithLayer. An error that is
	// an *mtproto.RPCError is sent as it is; any other, and a panic, is logged
	// and sent as 500 INTERNAL. The context ends with the session or the
	// server.
	HandleRequest(ctx context.Context, s *Session, msgID mtproto.MsgID, query []byte) ([]byte, error)
	// SessionOpened tells that a client has begun a session, or gone on with
	// one that had been forgotten.
	SessionOpened(s *Session)
	// SessionClosed tells that a session is forgotten.
	SessionClosed(s *Session)
	// KeyDestroyed tells that a client has destroyed its auth key, and with it
	// whatever was authorized by it (R-AK-40). It may come before SessionClosed
	// of the key's sessions.
	KeyDestroyed(key mtproto.KeyID)
}

// Options say how a Server behaves. DC, PrivateKey and Handler are required.
type Options struct {
	// DC is this server's id, from 1. Key exchanges for it are taken, in any of
	// the forms DC, DC+10000 (test) and the negatives of both (media only);
	// others end with -444 (R-AK-15).
	DC         int
	PrivateKey *mtcrypto.PrivateKey
	// Keys holds the auth keys; memory if nil.
	Keys    KeyStore
	Handler Handler
	// KeyFault, if not nil, says for each key exchange what is to be done wrong in
	// it, so that clients can be tried out (R-AK-39).
	KeyFault func() KeyFault
	// PacketFault, if not nil, says for each encrypted packet what goes wrong with
	// it. It is told the key by which the client is authorized, as Session.KeyID
	// tells it, and must not use the Server.
	PacketFault func(key mtproto.KeyID) PacketFault
	// UnboundMethods are the ids of the methods that a temporary key may call
	// before it is bound, besides auth.bindTempAuthKey: help.getConfig and
	// help.getNearestDc on Telegram (R-PF-07).
	UnboundMethods []uint32

	Now    func() time.Time // what time the server believes it is; time.Now if nil
	Rand   io.Reader        // crypto/rand's if nil
	Logger *slog.Logger     // silent if nil

	// Accept tells the transport of a connection that Serve has accepted;
	// transport.Accept if nil. One that is for others to serve is left to them
	// by ErrTaken: the server then neither uses nor closes it any more. Until
	// Accept returns, the connection counts among those of the server, and is
	// under the deadline of HandshakeTimeout for reading.
	Accept func(c net.Conn) (*transport.Conn, error)

	// HandshakeTimeout is how long a connection may take to its first good
	// encrypted packet; 0 means 2 minutes, since clients factor and some are
	// slow (R-IX-31).
	HandshakeTimeout time.Duration
	// IdleTimeout is how long a connection may then be silent; 0 means 15
	// minutes.
	IdleTimeout time.Duration
	// WriteTimeout is how long the client may take to accept a packet; 0 means
	// 30 seconds.
	WriteTimeout time.Duration
	// SessionTTL is how long a session without a connection is kept; 0 means 5
	// minutes.
	SessionTTL time.Duration

	// MaxConnections is how many may be open at once, 0 for any number. More
	// are closed at once.
	MaxConnections int
	// MaxSessions is how many sessions of one key are kept; 0 means 100. For
	// another one, the one that has been without a connection longest goes.
	MaxSessions int
	// MaxQueries is how many queries of one session may wait for the handler;
	// 0 means 1024, as many as fit into a container. A client that sends more
	// gets -429 and is cut off (R-SM-13).
	MaxQueries int
	// MaxPending is how many bytes of updates and answers are kept for a
	// session until they are acknowledged; 0 means 4 MiB. A session for which
	// an update would exceed it is closed, which tells the client that it has
	// missed some (R-SM-61). Answers count, but are sent all the same.
	MaxPending int
	// CompressAbove is the size in bytes above which answers and updates are
	// sent as gzip_packed where that makes them smaller; 0 for never.
	CompressAbove int
}

// A KeyFault is something that is done wrong in a key exchange on purpose: one
// of the faults of package authkey.
type KeyFault = authkey.Fault

// ErrServerClosed is what Serve returns after Shutdown or Close.
var ErrServerClosed = errors.New("mtserver: server closed")

// ErrTaken is what Options.Accept returns of a connection that others serve.
var ErrTaken = errors.New("mtserver: connection taken over")

// A Server serves one DC, on any number of listeners.
type Server struct {
	o   Options
	log *slog.Logger

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	keys      map[mtproto.KeyID]*keyState // those with sessions
	bindings  map[binding]mtproto.KeyID   // temporary keys of permanent ones
	sessions  int
	sweeper   *time.Timer // runs while there are sessions
	closing   bool

	saltGeneration uint64 // how often the salts were changed

	exchanges exchanges // key exchanges by HTTP

	draining atomic.Bool // connections are to be read no more
	readers  sync.WaitGroup
	tasks    tasks
	ctx      context.Context
	cancel   context.CancelFunc
}

// New returns a Server that does nothing yet. It fails on missing or negative
// options.
func New(o Options) (*Server, error) {
	if o.DC < 1 || o.DC >= testDC || o.PrivateKey == nil || o.Handler == nil {
		return nil, errors.New("mtserver: DC, PrivateKey and Handler are required")
	}
	if o.MaxConnections < 0 || o.MaxSessions < 0 || o.MaxQueries < 0 || o.MaxPending < 0 || o.CompressAbove < 0 {
		return nil, errors.New("mtserver: negative limit")
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.HandshakeTimeout, 2 * time.Minute},
		{&o.IdleTimeout, 15 * time.Minute},
		{&o.WriteTimeout, 30 * time.Second},
		{&o.SessionTTL, 5 * time.Minute},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		} else if *d.value < 0 {
			return nil, fmt.Errorf("mtserver: negative timeout %v", *d.value)
		}
	}
	if o.MaxSessions == 0 {
		o.MaxSessions = 100
	}
	if o.MaxQueries == 0 {
		o.MaxQueries = 1024
	}
	if o.Keys == nil {
		o.Keys = NewMemoryKeys()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	} else {
		o.Rand = &lockedReader{r: o.Rand}
	}
	if o.Accept == nil {
		o.Accept = func(c net.Conn) (*transport.Conn, error) {
			return transport.Accept(c, transport.Options{Rand: o.Rand})
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		o: o, log: o.Logger,
		listeners: make(map[net.Listener]struct{}),
		conns:     make(map[*conn]struct{}),
		keys:      make(map[mtproto.KeyID]*keyState),
		bindings:  make(map[binding]mtproto.KeyID),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// A lockedReader lets many goroutines share a source of randomness that is
// not made for it.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// Serve accepts connections from l until the server is closed, and closes l.
// It returns ErrServerClosed, or why l gave up.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return ErrServerClosed
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
	}()
	for {
		c, err := l.Accept()
		if err == nil {
			s.serve(c)
			continue
		}
		if s.isClosing() {
			return ErrServerClosed
		}
		if !passing(err) {
			return fmt.Errorf("mtserver: accept: %w", err)
		}
		s.log.Warn("accept failed, going on", "error", err)
		select {
		case <-time.After(acceptPause):
		case <-s.ctx.Done():
		}
	}
}

// acceptPause is the wait after an accept that failed for want of resources.
const acceptPause = 100 * time.Millisecond

// passing reports whether a failure to accept ends by itself.
func passing(err error) bool {
	for _, errno := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// serve starts reading from an accepted connection.
func (s *Server) serve(nc net.Conn) {
	c := &conn{srv: s, net: nc, writing: make(chan struct{}, 1)}
	if !s.admit(c) {
		return
	}
	go func() {
		defer s.readers.Done()
		start := time.Now()
		_ = nc.SetReadDeadline(start.Add(s.o.HandshakeTimeout))
		t, err := s.o.Accept(nc)
		switch {
		case errors.Is(err, ErrTaken):
			s.unlistConn(c)
		case err != nil:
			c.logUnknown(err)
			c.end()
		default:
			c.t = t
			c.serve(start)
		}
	}()
}

// ServeTransport serves one connection, whose framing has been told already,
// until it ends, as Serve does with those of a listener.
func (s *Server) ServeTransport(t *transport.Conn) {
	c := &conn{srv: s, net: t, t: t, writing: make(chan struct{}, 1)}
	if !s.admit(c) {
		return
	}
	defer s.readers.Done()
	c.serve(time.Now())
}

// admit lists a connection, or closes it where there is no room. One that is
// admitted counts among the readers.
func (s *Server) admit(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if full := s.o.MaxConnections > 0 && len(s.conns) >= s.o.MaxConnections; s.closing || full {
		_ = c.net.Close()
		if full {
			s.log.Debug("too many connections", "remote", c.net.RemoteAddr())
		}
		return false
	}
	s.conns[c] = struct{}{}
	s.readers.Add(1)
	return true
}

// Shutdown stops accepting connections and reading queries, waits for those
// that are being handled to be answered, and closes the server. If the context
// ends first its error is returned, and the rest has been cut short.
func (s *Server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	s.closeListeners()
	s.mu.Lock()
	for c := range s.conns {
		// Wakes the reader, which sees that it is to end.
		_ = c.net.SetReadDeadline(time.Unix(1, 0))
	}
	s.mu.Unlock()
	err := s.tasks.wait(ctx)
	_ = s.Close()
	return err
}

// Close ends everything at once and returns when all goroutines of the server
// have ended. Handlers find their contexts cancelled and are waited for, so
// they must not call it themselves.
func (s *Server) Close() error {
	s.closeListeners()
	s.cancel()
	s.mu.Lock()
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, c := range conns {
		c.release()
	}
	s.readers.Wait()
	for sess := range s.Sessions() {
		s.drop(sess)
	}
	s.mu.Lock()
	if s.sweeper != nil {
		s.sweeper.Stop()
	}
	s.mu.Unlock()
	s.tasks.close()
	return nil
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

func (s *Server) closeListeners() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	for l := range s.listeners {
		l.Close()
	}
}

// Sessions returns the sessions that exist when the iteration begins.
func (s *Server) Sessions() iter.Seq[*Session] {
	return s.each(func(list []*Session) []*Session {
		for _, key := range s.keys {
			list = key.appendSessions(list)
		}
		return list
	})
}

// SessionsOf returns the sessions whose KeyID is key when the iteration begins.
func (s *Server) SessionsOf(key mtproto.KeyID) iter.Seq[*Session] {
	return s.each(func(list []*Session) []*Session {
		if k := s.keys[key]; k != nil && k.ownerID() == key {
			list = k.appendSessions(list)
		}
		for _, media := range []bool{false, true} {
			if k := s.keys[s.bindings[binding{key, media}]]; k != nil {
				list = k.appendSessions(list)
			}
		}
		return list
	})
}

// each iterates over what list returns under the lock, without the lock.
func (s *Server) each(list func([]*Session) []*Session) iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		s.mu.Lock()
		sessions := list(nil)
		s.mu.Unlock()
		for _, sess := range sessions {
			if !yield(sess) {
				return
			}
		}
	}
}

// testDC is what test DCs add to their id in the key exchange (R-AK-15).
const testDC = 10000

// acceptDC reports whether a client may name this DC so.
func (s *Server) acceptDC(dc int) bool {
	if dc < 0 {
		dc = -dc
	}
	return dc == s.o.DC || dc == s.o.DC+testDC
}

// unlistConn takes a connection out of those that the server ends.
func (s *Server) unlistConn(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}
