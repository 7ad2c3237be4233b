package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"godwit/bridge/internal/store"
	"godwit/telegram"
	"godwit/telegram/signin"
)

// A signInStore keeps the credentials of a sign-in and where it stands, in one
// secret. It is the telegram.Store of the sign-in's client.
type signInStore struct {
	*blob

	mu  sync.Mutex
	now signInSecret
}

// A signInSecret is what is stored. Nothing in it may be printed.
type signInSecret struct {
	Credentials []byte        `json:"credentials,omitempty"`
	State       *signin.State `json:"state,omitempty"`
}

func (s *signInStore) load() error {
	data := s.read()
	if data == nil {
		return nil
	}
	if err := json.Unmarshal(data, &s.now); err != nil {
		return fmt.Errorf("account: what is stored of the sign-in of %s cannot be read", s.id)
	}
	return nil
}

// update changes what is stored.
func (s *signInStore) update(ctx context.Context, change func(*signInSecret) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.now
	if err := change(&next); err != nil {
		return err
	}
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("account: sign-in of %s: %w", s.id, err)
	}
	if err := s.write(ctx, data); err != nil {
		return err
	}
	s.now = next
	return nil
}

// begin forgets what was there before.
func (s *signInStore) begin(ctx context.Context, c telegram.Credentials) error {
	return s.update(ctx, func(v *signInSecret) (err error) {
		*v = signInSecret{}
		v.Credentials, err = c.MarshalBinary()
		return err
	})
}

func (s *signInStore) setState(ctx context.Context, state signin.State) error {
	return s.update(ctx, func(v *signInSecret) error {
		v.State = &state
		return nil
	})
}

// state returns where the sign-in stands, nil for its start, and whether it has
// begun.
func (s *signInStore) state() (*signin.State, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.State, s.now.Credentials != nil
}

// credentials returns what MarshalBinary has made of them.
func (s *signInStore) credentials() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now.Credentials == nil {
		return nil, errors.New("account: the sign-in has no credentials")
	}
	return s.now.Credentials, nil
}

// end deletes everything.
func (s *signInStore) end(ctx context.Context) error {
	return s.e.Store.Change(ctx, func(t *store.Tx) error {
		if err := t.CheckOwner(s.id, s.epoch); err != nil {
			return err
		}
		return t.DeleteSecret(s.id, s.field)
	})
}

// Load implements telegram.Store.
func (s *signInStore) Load() (telegram.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c telegram.Credentials
	if s.now.Credentials == nil {
		return c, nil
	}
	err := c.UnmarshalBinary(s.now.Credentials)
	return c, err
}

// Save implements telegram.Store.
func (s *signInStore) Save(c *telegram.Credentials) error {
	ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
	defer cancel()
	return s.update(ctx, func(v *signInSecret) (err error) {
		v.Credentials, err = c.MarshalBinary()
		return err
	})
}
