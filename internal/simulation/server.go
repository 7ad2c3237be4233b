package simulation

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/tl"
)

const simDC = 2

// rsaKey is the DC's key, the same in every run.
var rsaKey = sync.OnceValue(func() *mtcrypto.PrivateKey {
	key, err := mtcrypto.GeneratePrivateKey(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		panic(err) // ChaCha8 does not fail
	}
	return key
})

const (
	idleTimeout = 15 * time.Minute // of a connection that says nothing
	sessionTTL  = 5 * time.Minute  // of a session without a connection
)

// A server does with the cores what mtproto/mtserver does, with events in the
// place of goroutines.
type server struct {
	w      *world
	skew   time.Duration // its clock minus the true time
	life   int           // from one restart to the next
	jumped bool          // its clock has been set at some time
	keys   []*serverKey  // outlast restarts
	conns  []*conn
	log    *updateLog
	born   int // sessions so far
}

// A serverKey is an auth key with its sessions.
type serverKey struct {
	key      mtproto.AuthKey
	salts    *session.ServerSalts
	sessions []*serverSession
}

// A serverSession is a session from its creation until it is forgotten.
type serverSession struct {
	number   int
	key      *serverKey
	core     *session.Session
	conn     *conn // nil without a connection
	newest   mtproto.MsgID
	leftAt   time.Time // the true time
	gone     bool
	executed map[uint32]bool
	wake     *event
}

// serverConn is what the server knows of a connection.
type serverConn struct {
	exchange *authkey.Server
	saved    bool
	idle     *event
	hangUp   *event
}

func newServer(w *world) *server { return &server{w: w, log: newUpdateLog(w.choice)} }

func (s *server) now() time.Time { return s.w.now.Add(s.skew) }

// newKey makes a key that both sides have from before the run.
func (s *server) newKey() (mtproto.AuthKey, []session.Salt) {
	var raw [mtproto.AuthKeySize]byte
	_, _ = s.w.secret.Read(raw[:])
	key := mtproto.NewAuthKey(raw)
	salt := mtproto.Salt(s.w.secret.Uint64())
	made := s.now().Add(-s.w.upTo(2 * time.Hour))
	s.keys = append(s.keys, &serverKey{key: key, salts: session.NewServerSalts(key, salt, made)})
	if s.w.chance(0.2) {
		salt++ // what the client has stored is of no use any more
	}
	return key, []session.Salt{session.NewSalt(salt, made, made.Add(time.Hour))}
}

// receive takes a packet that has arrived.
func (s *server) receive(c *conn, packet []byte) {
	if !c.serverOpen {
		return
	}
	if !slices.Contains(s.conns, c) {
		s.conns = append(s.conns, c)
	}
	c.serverSide.idle.cancel()
	c.serverSide.idle = s.w.after(idleTimeout, "server hangs up on the idle", func() { s.w.net.shut(c) })
	id, ok := session.PacketKeyID(packet)
	switch {
	case !ok:
		s.cutOff(c, errors.New("packet too short"))
	case id == 0:
		s.plain(c, packet)
	default:
		s.encrypted(c, id, packet)
	}
}

// plain is a step of a key exchange.
func (s *server) plain(c *conn, packet []byte) {
	side := &c.serverSide
	if side.exchange == nil {
		side.exchange = authkey.NewServer(authkey.ServerOptions{Key: rsaKey(), DC: simDC, Rand: s.w.secret})
	}
	out, err := side.exchange.Receive(s.now(), packet)
	var reject *authkey.Reject
	switch {
	case errors.As(err, &reject):
		if !c.tampered && !s.w.p.mixes() {
			s.w.violation("server: key exchange: %v", err)
		}
		s.refuse(c)
		return
	case err != nil:
		s.w.violation("server: key exchange: %v", err)
		return
	}
	if made, done := side.exchange.Done(); done && !side.saved {
		side.saved = true
		s.keys = append(s.keys, &serverKey{key: made.Key, salts: session.NewServerSalts(made.Key, made.Salt, s.now())})
	}
	s.write(c, out)
}

// refuse answers with the transport error -404.
func (s *server) refuse(c *conn) {
	c.send(&c.toClient, []byte{0x6c, 0xfe, 0xff, 0xff}, func(p []byte) {
		if len(p) == 4 && p[0] == 0x6c {
			s.w.client.refused(c)
		}
	})
}

func (s *server) write(c *conn, packet []byte) {
	s.w.tell(mtproto.Server, packet)
	c.send(&c.toClient, packet, func(p []byte) { s.w.client.receive(c, p) })
}

// encrypted is a packet of a session.
func (s *server) encrypted(c *conn, id mtproto.KeyID, packet []byte) {
	key := s.key(id)
	if key == nil {
		s.refuse(c)
		return
	}
	e, err := session.Open(&key.key, mtproto.Client, packet)
	if err != nil {
		s.cutOff(c, err)
		return
	}
	s.w.net.remember(packet)
	sess := s.session(key, e.SessionID)
	events, err := sess.core.ReceiveEnvelope(s.now(), e)
	if err != nil {
		s.cutOff(c, err)
		return
	}
	s.attach(sess, c, e.MsgID)
	for _, event := range events {
		switch event := event.(type) {
		case session.Query:
			s.query(sess, event)
		case session.DisconnectAfter:
			s.disconnectAfter(c, event.Delay)
		case session.DestroySession:
			s.destroy(sess, event)
		}
	}
	s.flush(sess)
}

// cutOff closes the connection of a client that has broken the protocol, as an
// honest client never does.
func (s *server) cutOff(c *conn, err error) {
	if !c.tampered {
		s.w.violation("server: %v", err)
	}
	s.w.net.shut(c)
}

func (s *server) key(id mtproto.KeyID) *serverKey {
	for _, k := range s.keys {
		if k.key.ID() == id {
			return k
		}
	}
	return nil
}

// session returns the session of that id, a new one if there is none.
func (s *server) session(key *serverKey, id mtproto.SessionID) *serverSession {
	for _, sess := range key.sessions {
		if sess.core.ID() == id {
			return sess
		}
	}
	s.born++
	sess := &serverSession{
		number: s.born, key: key, leftAt: s.w.now, executed: map[uint32]bool{},
		core: s.w.mustSession(session.Options{
			Side: mtproto.Server, Key: key.key, ID: id, Rand: s.w.secret,
			ServerSalts: key.salts, CompressAbove: s.w.p.compress,
		}),
	}
	key.sessions = append(key.sessions, sess)
	s.w.tracef("server: session %d begins", sess.number)
	return sess
}

// attach moves a session to the connection over which its newest packet came.
func (s *server) attach(sess *serverSession, c *conn, id mtproto.MsgID) {
	newer := sess.newest.Before(id)
	if newer && id.Time().Sub(s.now()) <= session.MaxAhead {
		sess.newest = id
	}
	if sess.conn == c || sess.conn != nil && !newer {
		return
	}
	if sess.conn != nil {
		sess.core.Disconnected()
	}
	sess.conn = c
	if err := sess.core.Connected(s.now()); err != nil {
		s.w.violation("server: Connected: %v", err)
	}
}

// flush sends what a session has to say, as far as its connection takes it.
func (s *server) flush(sess *serverSession) {
	c := sess.conn
	for !sess.gone && c != nil && !c.toClient.busyUntil.After(s.w.now) {
		packet, _, err := sess.core.Send(s.now())
		if err != nil {
			s.w.violation("server: Send: %v", err)
			return
		}
		if packet == nil {
			break
		}
		s.write(c, packet)
	}
	s.plan(sess)
}

// plan has a session flushed again when something is due.
func (s *server) plan(sess *serverSession) {
	sess.wake.cancel()
	sess.wake = nil
	c := sess.conn
	if c == nil || sess.gone {
		return
	}
	at := s.w.now.Add(time.Hour)
	if d := sess.core.Deadline(); !d.IsZero() {
		at = s.w.now.Add(max(d.Sub(s.now()), time.Millisecond))
	}
	if busy := c.toClient.busyUntil; busy.After(s.w.now) {
		at = busy
	} else if at.Equal(s.w.now.Add(time.Hour)) {
		return
	}
	sess.wake = s.w.at(at, "server wakes", func() { s.flush(sess) })
}

// closed tells the server that a connection has ended.
func (s *server) closed(c *conn) {
	if !c.serverOpen {
		return
	}
	c.serverOpen = false
	c.serverSide.idle.cancel()
	c.serverSide.hangUp.cancel()
	s.conns = slices.DeleteFunc(s.conns, func(other *conn) bool { return other == c })
	s.w.net.forget(c)
	s.each(func(sess *serverSession) {
		if sess.conn != c {
			return
		}
		sess.conn, sess.leftAt = nil, s.w.now
		sess.core.Disconnected()
		s.w.after(sessionTTL, "session may be forgotten", func() {
			if sess.conn == nil && !sess.gone && s.w.now.Sub(sess.leftAt) >= sessionTTL {
				s.forget(sess)
			}
		})
	})
}

// each calls f for every session.
func (s *server) each(f func(*serverSession)) {
	for _, k := range s.keys {
		for _, sess := range slices.Clone(k.sessions) {
			f(sess)
		}
	}
}

// forget forgets a session, and with it what it was asked and has not
// answered. Its connection goes on.
func (s *server) forget(sess *serverSession) {
	s.w.tracef("server: session %d is forgotten", sess.number)
	sess.gone = true
	sess.wake.cancel()
	sess.key.sessions = slices.DeleteFunc(sess.key.sessions, func(other *serverSession) bool { return other == sess })
}

func (s *server) disconnectAfter(c *conn, delay time.Duration) {
	c.serverSide.hangUp.cancel()
	c.serverSide.hangUp = s.w.after(delay, "no ping came in time", func() { s.w.net.shut(c) })
}

func (s *server) destroy(from *serverSession, e session.DestroySession) {
	known := false
	for _, sess := range slices.Clone(from.key.sessions) {
		if sess != from && sess.core.ID() == e.Session {
			known = true
			s.forget(sess)
		}
	}
	var b tl.Buffer
	if known {
		b.ID(0xe22045fc)
	} else {
		b.ID(0x62d350c9)
	}
	b.Long(int64(e.Session))
	from.core.Reply(b.Bytes())
}

// restart ends the server's life: it loses connections, sessions, and the
// queries that it was working on. Another life begins a second later.
func (s *server) restart() {
	s.life++
	s.w.report.Restarts++
	s.each(s.forget)
	for _, c := range slices.Clone(s.conns) {
		s.w.net.shut(c)
	}
}

// forgetOne forgets a session out of turn.
func (s *server) forgetOne() {
	var all []*serverSession
	s.each(func(sess *serverSession) { all = append(all, sess) })
	if len(all) > 0 {
		s.forget(all[s.w.choice.IntN(len(all))])
	}
}

// forgetKeys forgets every key: clients have to make new ones.
func (s *server) forgetKeys() {
	s.each(s.forget)
	s.keys = nil
}

// jump sets the server's clock. Back it goes with a restart only, as on a
// machine that has been put right.
func (s *server) jump() {
	by := s.w.step()
	s.w.tracef("server's clock jumps by %v", by)
	s.skew += by
	s.jumped = true
	if by < -time.Second || s.w.chance(0.5) {
		s.restart()
	}
}
