package mtserver

import (
	"errors"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
)

// errTooManySessions says that a key has MaxSessions that are all connected.
var errTooManySessions = errors.New("mtserver: too many sessions of one key")

// session returns the session of that key and id, a new one if there is none.
// It returns nil if the key is not known any more.
func (s *Server) session(key *keyState, id mtproto.SessionID) (*Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if live := s.keys[key.id()]; live != nil {
		key = live
	} else if key = s.keyLocked(key.id()); key == nil {
		return nil, nil
	}
	if sess := key.sessions[id]; sess != nil {
		return sess, nil
	}
	if len(key.sessions) >= s.o.MaxSessions {
		oldest := key.longestAlone()
		if oldest == nil {
			return nil, errTooManySessions
		}
		s.dropLocked(oldest)
	}
	core, err := session.New(session.Options{
		Side: mtproto.Server, Key: key.key.AuthKey, ID: id, Rand: s.o.Rand,
		ServerSalts: key.salts, CompressAbove: s.o.CompressAbove, MaxPending: s.o.MaxPending,
	})
	if err != nil {
		return nil, err
	}
	sess := &Session{srv: s, key: key, id: id, core: core, leftAt: s.o.Now()}
	s.list(sess)
	return sess, nil
}

// list makes a session known, and its key with it.
func (s *Server) list(sess *Session) {
	key := sess.key
	if key.sessions == nil {
		key.sessions = make(map[mtproto.SessionID]*Session, 1)
	}
	key.sessions[sess.id] = sess
	s.keys[key.id()] = key
	if owner := key.ownerID(); owner != key.id() {
		b := binding{owner, key.key.Media}
		if _, ok := s.bindings[b]; !ok {
			s.bindings[b] = key.id()
		}
	}
	s.sessions++
	if s.sessions == 1 {
		s.startSweeper()
	}
}

// unlist takes a session out of those that packets find.
func (s *Server) unlist(sess *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlistLocked(sess)
}

func (s *Server) unlistLocked(sess *Session) {
	key := sess.key
	if key.sessions[sess.id] != sess {
		return
	}
	delete(key.sessions, sess.id)
	s.sessions--
	if len(key.sessions) == 0 {
		delete(s.keys, key.id())
	}
}

// drop forgets a session. Its connection goes on, without it.
func (s *Server) drop(sess *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(sess)
}

func (s *Server) dropLocked(sess *Session) {
	s.unlistLocked(sess)
	sess.mu.Lock()
	defer sess.mu.Unlock()
	if sess.closed {
		return
	}
	sess.closed = true
	if sess.conn != nil {
		sess.conn.detach(sess)
		sess.conn = nil
	}
	sess.dropQueries()
	if sess.cancel != nil {
		sess.cancel()
	}
	if sess.opened {
		sess.enqueueLocked(job{kind: jobClosed})
	}
}

// alone reports whether a session has no connection, and since when.
func (s *Session) alone() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leftAt, s.conn == nil
}

// longestAlone returns the session that has been without a connection longest,
// nil if all have one.
func (k *keyState) longestAlone() (oldest *Session) {
	var since time.Time
	for _, sess := range k.sessions {
		if at, alone := sess.alone(); alone && (oldest == nil || at.Before(since)) {
			oldest, since = sess, at
		}
	}
	return oldest
}

// startSweeper has what is old looked for from time to time, until there are
// no sessions.
func (s *Server) startSweeper() {
	if s.sweeper == nil {
		s.sweeper = time.AfterFunc(s.o.SessionTTL/2, func() { s.tasks.run(s.sweep) })
	} else {
		s.sweeper.Reset(s.o.SessionTTL / 2)
	}
}

// sweep forgets sessions that have been without a connection for SessionTTL
// (R-EM-61), and keys that have expired (R-PF-02).
func (s *Server) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	for id, key := range s.keys {
		expired := key.expired(now)
		for _, sess := range key.sessions {
			if at, alone := sess.alone(); expired || alone && now.Sub(at) >= s.o.SessionTTL {
				s.dropLocked(sess)
			}
		}
		if !expired {
			continue
		}
		if b := (binding{key.ownerID(), key.key.Media}); s.bindings[b] == id {
			delete(s.bindings, b)
		}
		if err := s.o.Keys.Delete(id); err != nil {
			s.log.Error("expired key not deleted", "error", err)
		}
	}
	if s.sessions > 0 && s.ctx.Err() == nil {
		s.startSweeper()
	}
}

// destroySession answers destroy_session (R-SM-67). The session that it came
// in stays.
func (s *Server) destroySession(from *Session, id mtproto.SessionID) {
	s.mu.Lock()
	other := from.key.sessions[id]
	if other == from {
		other = nil
	}
	if other != nil {
		s.dropLocked(other)
	}
	s.mu.Unlock()
	if other != nil {
		from.reply(&mt.DestroySessionOK{SessionID: int64(id)})
	} else {
		from.reply(&mt.DestroySessionNone{SessionID: int64(id)})
	}
}

// destroyKey answers destroy_auth_key (R-AK-40) and forgets the key with its
// sessions. Other connections that used it are closed.
func (c *conn) destroyKey(sess *Session) {
	key := sess.key
	ended, err := c.srv.forget(key)
	if err != nil {
		c.srv.log.Error("key not destroyed", "error", err)
		sess.reply(&mt.DestroyAuthKeyFail{})
		return
	}
	sess.reply(&mt.DestroyAuthKeyOK{})
	c.drain(sess)
	for _, other := range ended {
		if other.onConn(c) {
			c.srv.drop(other)
		} else {
			other.Close()
		}
	}
	c.srv.o.Handler.KeyDestroyed(key.id())
}

func (s *Session) onConn(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn == c
}
