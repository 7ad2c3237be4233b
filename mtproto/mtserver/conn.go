package mtserver

import (
	"encoding/hex"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// A conn is one connection of a client. Its goroutine reads; whoever has
// something to send writes.
type conn struct {
	srv *Server
	net remote
	t   *transport.Conn // nil until the transport is known
	box *mailbox        // in place of t, where packets come in HTTP requests

	// Of the reading goroutine.
	handshake *authkey.Server
	proven    bool // a good encrypted packet has come

	writing chan struct{} // has room for the one who may write to t

	mu           sync.Mutex
	sessions     []*Session // attached
	timer        *time.Timer
	timerAt      time.Time // when the timer runs out, zero for not running
	disconnectAt time.Time // from ping_delay_disconnect, zero for none
	closed       bool
}

// A remote is what a connection is besides a way of packets: a net.Conn, or a
// transport.Conn.
type remote interface {
	RemoteAddr() net.Addr
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	Close() error
}

// keepBuffer is the size of the largest buffer that an idle connection keeps.
const keepBuffer = 4096

// serve reads packets until the connection ends. It began at start.
func (c *conn) serve(start time.Time) {
	defer c.end()
	t := c.t
	var buf []byte
	for {
		deadline := start.Add(c.srv.o.HandshakeTimeout)
		if c.proven {
			deadline = time.Now().Add(c.srv.o.IdleTimeout)
		}
		_ = c.net.SetReadDeadline(deadline)
		if c.srv.draining.Load() {
			return
		}
		p, err := t.ReadPacket(buf)
		if err == nil {
			err = c.packet(p)
		}
		if err != nil {
			c.logEnd(err)
			return
		}
		if buf = p; cap(buf) > keepBuffer {
			buf = nil
		}
	}
}

// packet deals with one packet. An error closes the connection.
func (c *conn) packet(p []byte) error {
	id, ok := session.PacketKeyID(p)
	switch {
	case !ok:
		return mtproto.Violation("R-EM-08", "packet of %d bytes", len(p))
	case id == 0:
		return c.plaintext(p)
	}
	return c.encrypted(id, p)
}

// plaintext is a step of a key exchange (R-SV-02).
func (c *conn) plaintext(p []byte) error {
	if c.handshake == nil {
		c.handshake = c.srv.newHandshake()
	}
	out, err := c.srv.continueHandshake(c.handshake, p)
	var reject *authkey.Reject
	switch {
	case errors.As(err, &reject):
		c.srv.log.Debug("key exchange refused", "remote", c.net.RemoteAddr(), "code", reject.Code, "error", reject.Err)
		return c.refuse(reject.Code)
	case err != nil || out == nil:
		return err
	}
	return c.write(func() error { return c.t.WritePacket(out) })
}

func (s *Server) newHandshake() *authkey.Server {
	return authkey.NewServer(authkey.ServerOptions{
		Key: s.o.PrivateKey, DC: s.o.DC, Rand: s.o.Rand,
		KeyExists: func(id mtproto.KeyID) bool { _, ok := s.o.Keys.Load(id); return ok },
		AcceptDC:  s.acceptDC,
		Fault:     s.o.KeyFault,
	})
}

// continueHandshake takes a packet of a key exchange and returns what answers
// it.
func (s *Server) continueHandshake(handshake *authkey.Server, p []byte) ([]byte, error) {
	now := s.o.Now()
	out, err := handshake.Receive(now, p)
	if err != nil {
		return nil, err
	}
	if result, ok := handshake.Done(); ok {
		if err := s.save(result, now); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// save stores a new key before the client learns of it. A client that did not
// see the last answer may ask for it again (R-AK-09): then the key is there.
func (s *Server) save(r authkey.Result, now time.Time) error {
	if _, ok := s.o.Keys.Load(r.Key.ID()); ok {
		return nil
	}
	k := Key{AuthKey: r.Key, Salt: r.Salt, Created: now, Media: r.DC < 0}
	if r.Temporary {
		k.ExpiresAt = r.ExpiresAt
	}
	return s.o.Keys.Save(k)
}

// open finds the key of an encrypted packet and opens it. Where the code is not
// 0 the client is told by that transport error, and the error, if there is one,
// ends the connection besides.
func (s *Server) open(id mtproto.KeyID, p []byte) (key *keyState, e *session.Envelope, code int32, err error) {
	key = s.key(id)
	if key == nil {
		// Not so during a handshake if the key exists: that would make a client
		// throw it away (R-TR-35).
		return nil, nil, transport.CodeAuthKeyNotFound, nil
	}
	if code, err := s.faultOf(key); code != 0 || err != nil {
		return nil, nil, code, err
	}
	e, err = session.Open(&key.key.AuthKey, mtproto.Client, p)
	if err != nil {
		if _, v1 := session.OpenV1(&key.key.AuthKey, mtproto.Client, p); v1 == nil {
			return nil, nil, transport.CodeAuthKeyNotFound, err // R-EM-52
		}
		return nil, nil, 0, err
	}
	if e.SessionID == 0 {
		return nil, nil, transport.CodeAuthKeyNotFound, nil // R-EM-60
	}
	return key, e, 0, nil
}

// encrypted is a packet of a session (R-SV-04).
func (c *conn) encrypted(id mtproto.KeyID, p []byte) error {
	key, e, code, err := c.srv.open(id, p)
	switch {
	case code != 0:
		return errors.Join(err, c.refuse(code))
	case errors.Is(err, errIgnored):
		return nil
	case err != nil:
		return err
	}
	sess, events, err := c.receive(key, e)
	if tooMany(err) {
		return errors.Join(err, c.refuse(transport.CodeFlood))
	}
	if err != nil {
		return err
	}
	if sess == nil { // the key has just been destroyed
		return c.refuse(transport.CodeAuthKeyNotFound)
	}
	c.proven, c.handshake = true, nil
	if c.t.QuickAckRequested() {
		token := quickAckToken(&key.key.AuthKey, p)
		if err := c.write(func() error { return c.t.WriteQuickAck(token) }); err != nil {
			return err
		}
	}
	if err := c.handle(sess, events); err != nil {
		return err
	}
	c.flush(sess)
	return nil
}

// tooMany reports whether a client has exceeded a limit of the protocol that
// is answered with -429 (R-SM-13, R-SM-22).
func tooMany(err error) bool {
	var violation *mtproto.ViolationError
	return errors.As(err, &violation) && violation.Rule == "R-SM-22"
}

// receive gives a packet to its session. The session is nil if the key is not
// known any more.
func (c *conn) receive(key *keyState, e *session.Envelope) (*Session, []session.Event, error) {
	for {
		sess, err := c.srv.session(key, e.SessionID)
		if err != nil {
			return nil, nil, errors.Join(err, c.refuse(transport.CodeFlood))
		}
		if sess == nil {
			return nil, nil, nil
		}
		events, err := sess.receive(c, e)
		if errors.Is(err, errSessionClosed) {
			continue // it went while we looked it up
		}
		return sess, events, err
	}
}

// handle does what a packet asks of the server.
func (c *conn) handle(sess *Session, events []session.Event) error {
	for _, event := range events {
		switch event := event.(type) {
		case session.Query:
			if !sess.enqueue(event) {
				c.srv.drop(sess) // it has taken queries in that nobody will answer
				err := mtproto.Violation("R-SM-13", "more than %d queries wait", c.srv.o.MaxQueries)
				return errors.Join(err, c.refuse(transport.CodeFlood))
			}
		case session.DisconnectAfter:
			if c.box == nil { // HTTP requests come and go
				c.disconnectAfter(event.Delay)
			}
		case session.DestroySession:
			c.srv.destroySession(sess, event.Session)
		case session.DestroyKey:
			c.destroyKey(sess)
		}
	}
	return nil
}

// refuse sends a transport error; the connection goes on. An HTTP request is
// refused by the error (R-TR-34).
func (c *conn) refuse(code int32) error {
	if c.box != nil {
		return &transport.Error{Code: code}
	}
	return c.write(func() error { return c.t.WriteError(code) })
}

// write lets f write to the transport, alone and not for ever.
func (c *conn) write(f func() error) error {
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	return c.writeLocked(f)
}

func (c *conn) writeLocked(f func() error) error {
	_ = c.net.SetWriteDeadline(time.Now().Add(c.srv.o.WriteTimeout))
	return f()
}

// flush sends what a session has to send over this connection. It waits for
// the client to take it: that is what slows a client down that asks for more
// than it reads.
func (c *conn) flush(sess *Session) {
	if c.box != nil {
		c.box.flush(c, sess, false)
		return
	}
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	for {
		p, err := sess.next(c)
		if err == nil && p == nil {
			return
		}
		if err == nil {
			err = c.writeLocked(func() error { return c.t.WritePacket(p) })
		}
		if err != nil {
			c.srv.log.Debug("write failed", "remote", c.net.RemoteAddr(), "error", err)
			_ = c.net.Close() // and the reader does the rest
			return
		}
	}
}

// drain is flush before the session or the connection ends: nothing may wait.
func (c *conn) drain(sess *Session) {
	if c.box != nil {
		c.box.flush(c, sess, true)
		return
	}
	c.flush(sess)
}

// attach and detach keep the list of sessions whose timers run here.
func (c *conn) attach(sess *Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions = append(c.sessions, sess)
}

func (c *conn) detach(sess *Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.sessions, sess); i >= 0 {
		c.sessions = slices.Delete(c.sessions, i, i+1)
	}
}

// disconnectAfter closes the connection unless the client says so again in
// time (R-SM-65).
func (c *conn) disconnectAfter(delay time.Duration) {
	at := c.srv.o.Now().Add(delay)
	c.mu.Lock()
	c.disconnectAt = at
	c.mu.Unlock()
	c.wakeAt(at)
}

// wakeAt makes the timer run out at the given time, or before.
func (c *conn) wakeAt(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.IsZero() || c.closed || !c.timerAt.IsZero() && !at.Before(c.timerAt) {
		return
	}
	c.timerAt = at
	delay := at.Sub(c.srv.o.Now())
	if c.timer == nil {
		c.timer = time.AfterFunc(delay, func() { c.srv.tasks.run(c.wake) })
		return
	}
	c.timer.Reset(delay)
}

// wake does what is due.
func (c *conn) wake() {
	now := c.srv.o.Now()
	c.mu.Lock()
	c.timerAt = time.Time{}
	disconnectAt := c.disconnectAt
	sessions := slices.Clone(c.sessions)
	c.mu.Unlock()
	if !disconnectAt.IsZero() && !now.Before(disconnectAt) {
		c.srv.log.Debug("no ping came in time", "remote", c.net.RemoteAddr())
		_ = c.net.Close()
		return
	}
	c.wakeAt(disconnectAt)
	for _, sess := range sessions {
		c.flush(sess)
	}
}

// end is what comes after the last packet. A connection of a server that is
// being drained stays open, since answers are still to be sent.
func (c *conn) end() {
	if !c.srv.draining.Load() || c.srv.ctx.Err() != nil {
		c.release()
	}
}

// release closes the connection and leaves its sessions without one.
func (c *conn) release() {
	_ = c.net.Close()
	c.srv.unlistConn(c)
	c.mu.Lock()
	c.closed = true
	if c.timer != nil {
		c.timer.Stop()
	}
	sessions := c.sessions
	c.sessions = nil
	c.mu.Unlock()
	for _, sess := range sessions {
		sess.disconnected(c)
	}
}

// logUnknown notes a connection that was closed since it spoke none of the
// transports.
func (c *conn) logUnknown(err error) {
	var unknown *transport.UnknownTransportError
	if !errors.As(err, &unknown) {
		c.srv.log.Debug("connection closed before it said anything", "remote", c.net.RemoteAddr(), "error", err)
		return
	}
	c.srv.log.Debug("unknown transport", "remote", c.net.RemoteAddr(),
		"first", hex.EncodeToString(unknown.First), "http", unknown.IsHTTP(), "error", unknown.Err)
}

// logEnd notes why a connection ended: loudly if the client broke a rule.
func (c *conn) logEnd(err error) {
	var violation *mtproto.ViolationError
	switch {
	case errors.As(err, &violation):
		c.srv.log.Info("client cut off", "remote", c.net.RemoteAddr(), "rule", violation.Rule, "error", err)
	case errors.Is(err, io.EOF):
		c.srv.log.Debug("connection closed by the client", "remote", c.net.RemoteAddr())
	default:
		c.srv.log.Debug("connection ended", "remote", c.net.RemoteAddr(), "error", err)
	}
}
