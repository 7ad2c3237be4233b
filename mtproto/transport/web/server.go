package web

import (
	"crypto/tls"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ServerOptions say what a Server serves. What is nil is not served.
type ServerOptions struct {
	// Stream serves a WebSocket, as a stream of bytes under no deadline, until
	// it ends.
	Stream func(c net.Conn)
	// Exchanger returns what answers the packets that are posted over one
	// connection.
	Exchanger func(remote net.Addr) Exchanger
	// TLS is the configuration for connections that begin with TLS; without
	// one they are closed.
	TLS    *tls.Config
	Logger *slog.Logger // silent if nil
}

// A Server serves HTTP on connections that are handed to it one by one: what
// else comes to the same port is not its business. All methods are safe for
// concurrent use.
type Server struct {
	o      ServerOptions
	http   *http.Server
	handed *handed
	serve  sync.WaitGroup // the goroutine that takes what is handed over

	mu      sync.Mutex // guards what follows
	closed  bool
	open    sync.WaitGroup // requests being served, WebSockets among them
	sockets map[net.Conn]struct{}

	exchangers map[net.Conn]Exchanger
}

// Timeouts of the server's connections. A request that is held is not idle.
const (
	headTimeout = 30 * time.Second
	idleTimeout = 5 * time.Minute
	maxHeader   = 16 << 10 // bytes
)

// NewServer returns a Server, which runs until it is closed.
func NewServer(o ServerOptions) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		o: o, sockets: make(map[net.Conn]struct{}), exchangers: make(map[net.Conn]Exchanger),
		handed: &handed{conns: make(chan net.Conn), closed: make(chan struct{})},
	}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.route),
		ReadHeaderTimeout: headTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog:    log.New(logWriter{o.Logger}, "", 0),
		ConnContext: s.connContext, ConnState: s.connState,
	}
	s.serve.Go(func() { _ = s.http.Serve(s.handed) }) // which ends when the Server is closed
	return s
}

// ServeConn takes over a connection that begins with an HTTP request.
func (s *Server) ServeConn(c net.Conn) {
	// A deadline that was set until it showed what it is would cut it off later.
	_ = c.SetDeadline(time.Time{})
	select {
	case s.handed.conns <- c:
	case <-s.handed.closed:
		_ = c.Close() // nobody is there to serve it
	}
}

// ServeTLS takes over a connection that begins with a TLS client hello.
func (s *Server) ServeTLS(c net.Conn) {
	if s.o.TLS == nil {
		_ = c.Close() // what it wants is not to be had
		return
	}
	s.ServeConn(tls.Server(c, s.o.TLS))
}

// Close ends all connections, WebSockets among them, and returns when nothing
// is served any more.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for c := range s.sockets {
		_ = c.Close() // so that Stream ends
	}
	s.mu.Unlock()
	err := s.http.Close()
	s.serve.Wait()
	s.open.Wait()
	return err
}

// begin counts a request, unless the server is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open.Add(1)
	return true
}

// route serves one request.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler) // closes the connection
	}
	defer s.open.Done()
	switch {
	case isExchange(r):
		s.exchange(w, r)
	case s.o.Stream != nil && strings.HasPrefix(r.URL.Path, pathWebSocket):
		s.upgrade(w, r)
	default:
		http.NotFound(w, r)
	}
}

// upgrade serves a WebSocket.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	c, err := Upgrade(w, r)
	if err != nil {
		s.o.Logger.Debug("no WebSocket", "remote", r.RemoteAddr, "path", r.URL.Path, "error", err)
		return
	}
	defer c.Close()
	if s.list(c) {
		s.o.Stream(c)
		s.unlist(c)
	}
}

// list has a WebSocket closed with the server, unless that is closed already.
func (s *Server) list(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.sockets[c] = struct{}{}
	return true
}

func (s *Server) unlist(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sockets, c)
}

// handed is the listener whose connections are those handed over.
type handed struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handed) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *handed) Addr() net.Addr { return &net.TCPAddr{} }

// A logWriter logs what net/http has to complain of: clients, mostly.
type logWriter struct{ log *slog.Logger }

func (w logWriter) Write(p []byte) (int, error) {
	w.log.Debug("HTTP", "message", strings.TrimSpace(string(p)))
	return len(p), nil
}
