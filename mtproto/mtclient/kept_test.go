package mtclient

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
)

// R-PF-11, R-PF-13: a temporary key that is kept serves the next run too, without
// another key or binding, unless it ends soon or the server has forgotten it or
// its binding. A new one is stored with its salts before it is used.
func TestKeptTemporaryKey(t *testing.T) {
	for name, test := range map[string]struct {
		keep           bool
		between        func(*server)
		keys, bindings int
	}{
		"good":              {true, func(*server) {}, 1, 1},
		"not kept":          {false, func(*server) {}, 2, 2},
		"ends in a minute":  {true, func(s *server) { advance(untilEnd(s) - time.Minute) }, 2, 2},
		"has ended":         {true, func(s *server) { advance(untilEnd(s) + time.Hour) }, 2, 2},
		"forgotten":         {true, func(s *server) { s.forgetTemporary(func(id mtproto.KeyID) { delete(s.keys, id) }) }, 1, 2},
		"not bound anymore": {true, func(s *server) { s.forgetTemporary(func(id mtproto.KeyID) { s.keys[id].bound = 0 }) }, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTemporaryServer(t)
				first := run(t, s, Options{KeepTemporary: test.keep})
				first.ask(1)
				first.stop(s)
				test.between(s)
				stored := first.saved[len(first.saved)-1]
				second := run(t, s, Options{KeepTemporary: test.keep, Credentials: stored})
				second.ask(2)
				second.stop(s)
				if keys, permanent := s.temporaryKeys(); len(keys) != test.keys || permanent != 1 {
					t.Errorf("%d temporary keys, want %d; %d permanent", len(keys), test.keys, permanent)
				}
				if n := count(s.notes(), "bind"); n != test.bindings {
					t.Errorf("bound %d times, want %d", n, test.bindings)
				}
				if has := !stored.Temporary.Key.IsZero(); has != test.keep || has && len(stored.Temporary.Salts) == 0 {
					t.Errorf("stored %v, with %d salts", has, len(stored.Temporary.Salts))
				}
			})
		})
	}
}

func untilEnd(s *server) time.Duration {
	keys, _ := s.temporaryKeys()
	return time.Until(keys[0].expires)
}

// forgetTemporary has something done to each temporary key.
func (s *server) forgetTemporary(forget func(mtproto.KeyID)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, k := range s.keys {
		if !k.expires.IsZero() {
			forget(id)
		}
	}
}

// A temporary key that cannot be stored is not used where it is to be kept.
func TestTemporaryKeyNotSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTemporaryServer(t)
		full, refusals := errors.New("the disk is full"), 0
		h := run(t, s, Options{KeepTemporary: true, Save: func(c Credentials) error {
			if c.Temporary.Key.IsZero() {
				return nil
			}
			if refusals++; refusals == 1 {
				return full
			}
			return nil
		}})
		h.ask(1)
		h.stop(s)
		if list := h.errors(); len(list) < 1 || !errors.Is(list[0], full) {
			t.Errorf("errors %v", list)
		}
		keys, _ := s.temporaryKeys()
		if len(keys) != 2 || keys[0].bound != 0 && keys[1].bound != 0 {
			t.Errorf("%d temporary keys", len(keys))
		}
	})
}
