package telegram

import "sync"

// A Store keeps the credentials of one device.
//
// A client loads them once, when it connects, and saves them after every
// change: a key, a salt, a sign-in, an update that has been handled. Save must
// not return before what it was given is safe, and must not keep what it was
// given, which goes on changing. A client calls one method at a time. Two
// clients must not share a Store: Telegram ends a session that is used twice at
// once (R-ER-09, R-IX-20).
type Store interface {
	// Load returns what was saved last, the zero Credentials if nothing was.
	Load() (Credentials, error)
	// Save replaces what is stored.
	Save(*Credentials) error
}

// A MemoryStore keeps credentials as long as the program runs. The zero
// MemoryStore is empty and ready to use. It is safe for concurrent use.
type MemoryStore struct {
	mu   sync.Mutex
	data []byte
}

// Load implements Store.
func (s *MemoryStore) Load() (Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c Credentials
	if s.data == nil {
		return c, nil
	}
	err := c.UnmarshalBinary(s.data)
	return c, err
}

// Save implements Store.
func (s *MemoryStore) Save(c *Credentials) error {
	data, err := c.MarshalBinary()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = data
	return nil
}

// String returns [redacted].
func (s *MemoryStore) String() string { return redacted }

// GoString returns [redacted].
func (s *MemoryStore) GoString() string { return redacted }
