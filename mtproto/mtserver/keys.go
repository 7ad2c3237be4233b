package mtserver

import (
	"sync"
	"sync/atomic"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// A Key is an auth key with what a server has to remember about it.
type Key struct {
	AuthKey mtproto.AuthKey
	Salt    mtproto.Salt // the first one, from the key exchange (R-AK-34)
	Created time.Time
	// ExpiresAt is when a temporary key ends; zero for a permanent one.
	ExpiresAt time.Time
	// Media says that the key was made for the media-only form of the DC
	// (R-AK-15).
	Media bool
	// Bound is the permanent key that a temporary one speaks for, 0 while it
	// speaks for none (R-PF-07).
	Bound mtproto.KeyID
}

// Temporary reports whether the key is for perfect forward secrecy (R-PF-01).
func (k *Key) Temporary() bool { return !k.ExpiresAt.IsZero() }

// A KeyStore holds auth keys. Its methods are called from several goroutines
// at once, and with a lock held: they must not call the Server.
type KeyStore interface {
	// Load returns the key of that id, and whether there is one.
	Load(id mtproto.KeyID) (Key, bool)
	// Save stores a key, in place of what was stored under its id.
	Save(k Key) error
	// Delete forgets a key. Deleting one that is not there is no error.
	Delete(id mtproto.KeyID) error
}

// MemoryKeys is a KeyStore that lasts as long as the process.
type MemoryKeys struct {
	mu      sync.Mutex
	keys    map[mtproto.KeyID]Key
	sweepAt int // number of keys at which the expired ones are looked for
}

// NewMemoryKeys returns an empty store.
func NewMemoryKeys() *MemoryKeys {
	return &MemoryKeys{keys: make(map[mtproto.KeyID]Key), sweepAt: 1024}
}

// Load returns the key of that id, and whether there is one.
func (m *MemoryKeys) Load(id mtproto.KeyID) (Key, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.keys[id]
	return k, ok
}

// Save stores a key. It never fails. Keys that expired before this one was
// created are forgotten some time.
func (m *MemoryKeys) Save(k Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[k.AuthKey.ID()] = k
	if len(m.keys) >= m.sweepAt {
		for id, old := range m.keys {
			if old.Temporary() && old.ExpiresAt.Before(k.Created) {
				delete(m.keys, id)
			}
		}
		m.sweepAt = max(1024, 2*len(m.keys))
	}
	return nil
}

// Delete forgets a key. It never fails.
func (m *MemoryKeys) Delete(id mtproto.KeyID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.keys, id)
	return nil
}

// A keyState is a key in use.
type keyState struct {
	key      Key // but for Bound, which owner tells
	salts    *session.ServerSalts
	owner    atomic.Uint64                  // the permanent key's id; 0 for a temporary one that is not bound
	sessions map[mtproto.SessionID]*Session // guarded by Server.mu
	replaced bool                           // was bound, until another key was; guarded by Server.mu
	rebound  atomic.Bool                    // was bound again after that
}

func newKeyState(k Key) *keyState {
	state := &keyState{key: k, salts: session.NewServerSalts(k.AuthKey, k.Salt, k.Created)}
	if k.Temporary() {
		state.owner.Store(uint64(k.Bound))
	} else {
		state.owner.Store(uint64(k.AuthKey.ID()))
	}
	return state
}

func (k *keyState) id() mtproto.KeyID { return k.key.AuthKey.ID() }

// unbound reports whether it is a temporary key that speaks for none.
func (k *keyState) unbound() bool { return k.owner.Load() == 0 }

// ownerID returns the id of the key that sessions of this key count as.
func (k *keyState) ownerID() mtproto.KeyID {
	if owner := mtproto.KeyID(k.owner.Load()); owner != 0 {
		return owner
	}
	return k.id()
}

func (k *keyState) expired(now time.Time) bool {
	return k.key.Temporary() && !now.Before(k.key.ExpiresAt)
}

func (k *keyState) appendSessions(list []*Session) []*Session {
	for _, sess := range k.sessions {
		list = append(list, sess)
	}
	return list
}

// A binding is a place for one temporary key of a permanent one. Connections
// to the media-only form of a DC have their own (R-PF-07).
type binding struct {
	permanent mtproto.KeyID
	media     bool
}

// key returns what is known of an auth key, nil if it is not known or has
// expired.
func (s *Server) key(id mtproto.KeyID) *keyState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keyLocked(id)
}

func (s *Server) keyLocked(id mtproto.KeyID) *keyState {
	k := s.keys[id]
	if k == nil {
		stored, ok := s.o.Keys.Load(id)
		if ok && stored.Bound != 0 {
			_, ok = s.o.Keys.Load(stored.Bound) // with the permanent key it is gone
		}
		if !ok {
			return nil
		}
		k = newKeyState(stored)
		k.salts.Renew(s.saltGeneration)
	}
	if k.expired(s.o.Now()) {
		return nil
	}
	return k
}

// forget deletes a key, and for a permanent one those bound to it, and returns
// the sessions that this ends.
func (s *Server) forget(k *keyState) ([]*Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := []mtproto.KeyID{k.id()}
	for _, media := range []bool{false, true} {
		b := binding{k.id(), media}
		if temporary, ok := s.bindings[b]; ok {
			ids = append(ids, temporary)
			delete(s.bindings, b)
		}
	}
	if own := (binding{k.ownerID(), k.key.Media}); s.bindings[own] == k.id() {
		delete(s.bindings, own)
	}
	var ended []*Session
	for _, id := range ids {
		if err := s.o.Keys.Delete(id); err != nil {
			return ended, err
		}
		if live := s.keys[id]; live != nil {
			ended = live.appendSessions(ended)
		}
	}
	return ended, nil
}
