package telegram

import (
	"maps"
	"sync"
)

// A PeerStore keeps the access hashes of peers, so that they can be named in
// requests after a restart. Hashes are worth nothing to other accounts: each
// account needs a PeerStore of its own. A client may call it from several
// goroutines at once.
type PeerStore interface {
	// AccessHash returns the hash of a peer; ok is false if it is not known.
	AccessHash(id PeerID) (hash int64, ok bool, err error)
	// SavePeers adds peers, or replaces their hashes. It must not keep the map.
	SavePeers(map[PeerID]int64) error
}

// MemoryPeers is a PeerStore that forgets with the program. The zero
// MemoryPeers is empty and ready to use.
type MemoryPeers struct {
	mu     sync.Mutex
	hashes map[PeerID]int64
}

// AccessHash implements PeerStore.
func (m *MemoryPeers) AccessHash(id PeerID) (hash int64, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hash, ok = m.hashes[id]
	return hash, ok, nil
}

// SavePeers implements PeerStore.
func (m *MemoryPeers) SavePeers(peers map[PeerID]int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hashes == nil {
		m.hashes = make(map[PeerID]int64)
	}
	maps.Copy(m.hashes, peers)
	return nil
}

// Len returns how many peers are kept.
func (m *MemoryPeers) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.hashes)
}
