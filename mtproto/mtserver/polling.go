package mtserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// An HTTPConn is a connection over which a client's packets come as HTTP
// requests, each of which gets one packet in answer (R-HT-01, R-HT-02). The
// requests of one session may come over several of them. It is safe for
// concurrent use.
type HTTPConn struct {
	srv    *Server
	remote net.Addr

	mu    sync.Mutex
	boxes map[*mailbox]struct{} // into which answers went by this connection
}

// NewHTTPConn returns the HTTPConn for a client at an address.
func (s *Server) NewHTTPConn(remote net.Addr) *HTTPConn {
	return &HTTPConn{srv: s, remote: remote, boxes: make(map[*mailbox]struct{})}
}

// Close says that the connection is gone. What went out over it last may not
// have arrived, and is sent again with the client's next request unless it
// has been acknowledged.
func (h *HTTPConn) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for box := range h.boxes {
		box.lossy.Store(true)
	}
	clear(h.boxes)
}

// Exchange takes the packet of a request and returns that of the response,
// when there is one or the client wants to wait no longer: at once in a key
// exchange, else as http_wait says. The error wraps a *transport.Error where
// the client is to be refused by an HTTP status (R-TR-34), ErrServerClosed or
// the context's where there is nobody to answer, and is otherwise what the
// client has done wrong.
func (h *HTTPConn) Exchange(ctx context.Context, packet []byte) ([]byte, error) {
	s := h.srv
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return nil, ErrServerClosed
	}
	s.readers.Add(1)
	s.mu.Unlock()
	defer s.readers.Done()
	id, ok := session.PacketKeyID(packet)
	switch {
	case !ok:
		return nil, mtproto.Violation("R-EM-08", "packet of %d bytes", len(packet))
	case id == 0:
		return h.plaintext(packet)
	}
	key, e, code, err := s.open(id, packet)
	switch {
	case code != 0:
		return nil, errors.Join(err, &transport.Error{Code: code})
	case errors.Is(err, errIgnored):
		<-ctx.Done()
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	}
	return h.encrypted(ctx, key, e)
}

// plaintext is a step of a key exchange.
func (h *HTTPConn) plaintext(packet []byte) ([]byte, error) {
	x, err := h.srv.exchanges.find(h.srv, packet)
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	out, err := h.srv.continueHandshake(x.handshake, packet)
	var reject *authkey.Reject
	if errors.As(err, &reject) {
		return nil, fmt.Errorf("%w: %w", &transport.Error{Code: reject.Code}, reject.Err)
	}
	return out, err
}

// encrypted is a packet of a session.
func (h *HTTPConn) encrypted(ctx context.Context, key *keyState, e *session.Envelope) ([]byte, error) {
	for {
		sess, err := h.srv.session(key, e.SessionID)
		switch {
		case err != nil:
			return nil, errors.Join(err, &transport.Error{Code: transport.CodeFlood})
		case sess == nil: // the key has just been destroyed
			return nil, &transport.Error{Code: transport.CodeAuthKeyNotFound}
		}
		c, w := h.join(sess)
		if c == nil {
			return nil, ErrServerClosed
		}
		events, err := sess.receive(c, e)
		if errors.Is(err, errSessionClosed) {
			c.box.leave(w)
			continue // it went while we looked it up
		}
		if err == nil {
			c.box.allow(w, events)
			err = c.handle(sess, events)
		}
		if tooMany(err) {
			err = errors.Join(err, &transport.Error{Code: transport.CodeFlood})
		}
		if err != nil {
			c.box.leave(w)
			return nil, err
		}
		return h.wait(ctx, c, sess, w)
	}
}

// join has a request wait for an answer, in the mailbox of its session.
func (h *HTTPConn) join(sess *Session) (*conn, *heldRequest) {
	for {
		c := sess.pollingConn()
		if c == nil {
			return nil, nil
		}
		if w := c.box.join(h.remote); w != nil {
			h.mu.Lock()
			h.boxes[c.box] = struct{}{}
			h.mu.Unlock()
			return c, w
		}
		// It has just been given up.
	}
}

// wait waits until the request can be answered.
func (h *HTTPConn) wait(ctx context.Context, c *conn, sess *Session, w *heldRequest) ([]byte, error) {
	defer c.box.leave(w)
	if c.box.lossy.Swap(false) {
		if err := sess.again(c); err != nil {
			return nil, err
		}
	}
	c.flush(sess)
	for {
		select {
		case p := <-w.answer:
			return p, nil
		case <-w.timer.C:
			if p, err := c.box.due(c, sess, w); p != nil || err != nil {
				return p, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.box.closed:
			select {
			case p := <-w.answer: // the last one
				return p, nil
			default:
				return nil, ErrServerClosed
			}
		}
	}
}

// pollingConn returns the connection that stands for the session's HTTP
// requests, nil if the server is closing.
func (s *Session) pollingConn() *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.polling != nil && !s.polling.box.isClosed() {
		return s.polling
	}
	c := &conn{srv: s.srv, writing: make(chan struct{}, 1)}
	c.box = &mailbox{conn: c, closed: make(chan struct{})}
	c.net = c.box
	if !s.srv.listPolling(c) {
		return nil
	}
	s.polling = c
	return c
}

// listPolling has a connection ended with the server, unless that is closing.
func (s *Server) listPolling(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

// again has everything sent once more that the client has not acknowledged.
func (s *Session) again(c *conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return nil
	}
	s.core.Disconnected()
	return s.core.Connected(s.srv.o.Now())
}

// pending reports whether there is something to send over c, and if not sees to
// it that c looks again when something will be.
func (s *Session) pending(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return false
	}
	if s.core.Sendable(s.srv.o.Now()) {
		return true
	}
	c.wakeAt(s.core.Deadline())
	return false
}

// empty returns a packet that says nothing.
func (s *Session) empty() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.core.SendEmpty(s.srv.o.Now())
}

// A mailbox stands for the connection of a session whose packets come in HTTP
// requests: those that wait for an answer get what the session sends, the
// oldest first.
type mailbox struct {
	conn   *conn
	remote atomic.Pointer[net.Addr] // of the last request
	lossy  atomic.Bool              // what was sent may not have arrived
	closed chan struct{}

	mu      sync.Mutex // guards what follows; before Session.mu
	ended   bool
	waiting []*heldRequest
	first   time.Time   // when the oldest message was queued that waits to be sent; zero for none
	latest  time.Time   // and the newest
	idle    *time.Timer // runs while nobody waits
}

// A heldRequest is one that is being held.
type heldRequest struct {
	session.HTTPWait
	until  time.Time // when it has to be answered at the latest
	answer chan []byte
	timer  *time.Timer
}

// What holds for requests without http_wait (R-HT-03), and limits.
const (
	defaultMaxWait = 25 * time.Second
	longestWait    = time.Minute
	// pollingIdle is for how long a client may have no request waiting until it
	// counts as not connected.
	pollingIdle = 30 * time.Second
)

// join adds a held request, unless the mailbox is closed.
func (b *mailbox) join(remote net.Addr) *heldRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return nil
	}
	b.remote.Store(&remote)
	if b.idle != nil {
		b.idle.Stop()
	}
	w := &heldRequest{answer: make(chan []byte, 1)}
	w.MaxWait = defaultMaxWait
	w.until = time.Now().Add(defaultMaxWait)
	w.timer = time.NewTimer(defaultMaxWait)
	b.waiting = append(b.waiting, w)
	return w
}

// allow notes for how long the client lets its request be held.
func (b *mailbox) allow(w *heldRequest, events []session.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, event := range events {
		if wait, ok := event.(session.HTTPWait); ok { // of several the last counts
			w.HTTPWait = wait
			w.MaxWait = min(w.MaxWait, longestWait)
			w.until = time.Now().Add(w.MaxWait)
			w.timer.Reset(w.MaxWait)
		}
	}
}

// leave takes a held request out. An answer that it has not taken is lost.
func (b *mailbox) leave(w *heldRequest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w.timer.Stop()
	b.remove(w)
	select {
	case <-w.answer:
		b.lossy.Store(true)
	default:
	}
	if len(b.waiting) == 0 && !b.ended {
		if b.idle == nil {
			b.idle = time.AfterFunc(pollingIdle, b.giveUp)
		} else {
			b.idle.Reset(pollingIdle)
		}
	}
}

func (b *mailbox) remove(w *heldRequest) {
	for i, other := range b.waiting {
		if other == w {
			b.waiting = append(b.waiting[:i:i], b.waiting[i+1:]...)
			return
		}
	}
}

// giveUp ends a mailbox into which no request comes any more.
func (b *mailbox) giveUp() {
	b.mu.Lock()
	if len(b.waiting) > 0 || b.ended {
		b.mu.Unlock()
		return
	}
	b.endLocked()
	b.mu.Unlock()
	b.conn.srv.tasks.run(b.conn.release)
}

// flush hands what the session has to send to those who wait, or sees to it
// that it will be. With now, it is not held back until there may be more.
func (b *mailbox) flush(c *conn, sess *Session, now bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := time.Now()
	if !sess.pending(c) {
		b.first = time.Time{}
		return
	}
	if b.first.IsZero() {
		b.first = at
	}
	b.latest = at
	for len(b.waiting) > 0 && sess.pending(c) {
		w := b.waiting[0]
		if due := b.dueAt(w); !now && at.Before(due) {
			w.timer.Reset(due.Sub(at))
			return
		}
		p, err := sess.next(c)
		if err != nil {
			c.srv.log.Error("packet not made", "error", err)
		}
		if p == nil {
			return
		}
		b.first = at
		w.answer <- p
		b.waiting = b.waiting[1:]
	}
}

// dueAt is when what is queued has to be sent: MaxDelay goes before WaitAfter,
// and MaxWait before both.
func (b *mailbox) dueAt(w *heldRequest) time.Time {
	at := b.latest.Add(w.WaitAfter)
	if most := b.first.Add(w.MaxDelay); most.Before(at) {
		at = most
	}
	if w.until.Before(at) {
		at = w.until
	}
	return at
}

// due is called when a request's timer has run out. It returns what to answer,
// nil if that is to come.
func (b *mailbox) due(c *conn, sess *Session, w *heldRequest) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case p := <-w.answer:
		return p, nil
	default:
	}
	now := time.Now()
	if !sess.pending(c) {
		if now.Before(w.until) {
			w.timer.Reset(w.until.Sub(now))
			return nil, nil
		}
		b.remove(w)
		return sess.empty()
	}
	if b.first.IsZero() { // it has become due by itself, as acknowledgements do
		b.first, b.latest = now, now
	}
	if at := b.dueAt(w); now.Before(at) {
		w.timer.Reset(at.Sub(now))
		return nil, nil
	}
	p, err := sess.next(c)
	if p != nil {
		b.first = now
		b.remove(w)
	}
	return p, err
}

func (b *mailbox) isClosed() bool {
	select {
	case <-b.closed:
		return true
	default:
		return false
	}
}

// Close ends the mailbox: who waits is told.
func (b *mailbox) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endLocked()
	return nil
}

func (b *mailbox) endLocked() {
	if b.ended {
		return
	}
	b.ended = true
	if b.idle != nil {
		b.idle.Stop()
	}
	close(b.closed)
}

// RemoteAddr returns where the last request came from.
func (b *mailbox) RemoteAddr() net.Addr {
	if remote := b.remote.Load(); remote != nil {
		return *remote
	}
	return &net.TCPAddr{}
}

// SetReadDeadline does nothing: requests have deadlines of their own.
func (b *mailbox) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing, likewise.
func (b *mailbox) SetWriteDeadline(time.Time) error { return nil }
