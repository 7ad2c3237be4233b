package mtserver

import (
	"errors"
	"maps"
	"slices"

	"godwit/mtproto"
)

// What goes wrong on purpose, so that clients can be tried out. A KeyFault is
// for key exchanges; what follows is for clients that have their keys.

// A PacketFault is what becomes of an encrypted packet before it is looked at.
type PacketFault struct {
	Code   int32 // the transport error that answers it; 0 for none
	Ignore bool  // the packet is taken, and nothing done
}

// errIgnored says that a packet is to be ignored.
var errIgnored = errors.New("mtserver: packet ignored on purpose")

// faultOf returns what Options.PacketFault says of a packet under key.
func (s *Server) faultOf(key *keyState) (int32, error) {
	if s.o.PacketFault == nil {
		return 0, nil
	}
	fault := s.o.PacketFault(key.ownerID())
	if fault.Ignore {
		return 0, errIgnored
	}
	return fault.Code, nil
}

// ErrLost is what a Handler returns of a query that is to get no answer: the
// session is forgotten and its connection cut, as by a server that has failed.
// Nobody can find out afterwards whether the query was carried out.
var ErrLost = errors.New("mtserver: query lost")

// lose forgets the session and cuts its connection.
func (s *Session) lose() {
	s.mu.Lock()
	c := s.conn
	s.mu.Unlock()
	s.srv.drop(s)
	if c != nil {
		_ = c.net.Close()
	}
}

// Disconnect closes the connection of the session at once. The session is kept:
// the client may come back to it.
func (s *Session) Disconnect() {
	s.mu.Lock()
	c := s.conn
	s.mu.Unlock()
	if c != nil {
		_ = c.net.Close()
	}
}

// Disconnect closes every connection at once, those without a session too.
// Sessions are kept.
func (s *Server) Disconnect() {
	s.mu.Lock()
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, c := range conns {
		_ = c.net.Close()
	}
}

// ForgetKey forgets an auth key with its sessions, and with a permanent one the
// temporary keys that are bound to it. Connections stay, so that a client finds
// out by -404 (R-TR-33). The Handler is not told by KeyDestroyed. A key that is
// not known is no error; one that cannot be deleted is.
func (s *Server) ForgetKey(id mtproto.KeyID) error {
	k := s.key(id)
	if k == nil {
		return nil
	}
	ended, err := s.forget(k)
	s.dropAll(ended)
	return err
}

// ForgetTemporary forgets the temporary keys that are bound to a permanent one,
// as ForgetKey does.
func (s *Server) ForgetTemporary(permanent mtproto.KeyID) error {
	ended, err := s.forgetTemporary(permanent, nil)
	s.dropAll(ended)
	return err
}

func (s *Server) dropAll(sessions []*Session) {
	for _, sess := range sessions {
		s.drop(sess)
	}
}

// ChangeSalts has the server accept none of the salts that it has told clients
// of, so that each of them is told a new one by bad_server_salt (R-EM-42).
func (s *Server) ChangeSalts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saltGeneration++
	for _, k := range s.keys {
		k.salts.Renew(s.saltGeneration)
	}
}
