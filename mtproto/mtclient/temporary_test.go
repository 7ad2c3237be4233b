package mtclient

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/vectors"
	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// R-PF-03 to R-PF-06: the binding of the vectors, byte by byte.
func TestBindingVector(t *testing.T) {
	const vector = "bind_temp_auth_key.0."
	var permanent [mtproto.AuthKeySize]byte
	for i := range permanent {
		permanent[i] = byte(i)
	}
	key := mtproto.NewAuthKey([mtproto.AuthKeySize]byte(vectors.Hex(t, vector+"temp_auth_key")))
	random := slices.Concat(vectors.Hex(t, vector+"nonce_le"), vectors.Hex(t, vector+"random_int128"), vectors.Hex(t, vector+"padding"))
	b, err := newBinding(bytes.NewReader(random), mtproto.NewAuthKey(permanent), key.ID(),
		mtproto.SessionID(binary.LittleEndian.Uint64(vectors.Hex(t, vector+"temp_session_id_le"))),
		time.Unix(vectors.Int(t, vector+"expires_at"), 0))
	if err != nil {
		t.Fatal(err)
	}
	if got := b.query(mtproto.MsgID(vectors.Int(t, vector+"msg_id_int"))); !bytes.Equal(got, vectors.Hex(t, vector+"request_body")) {
		t.Errorf("binding %x", got)
	}
	if _, err := newBinding(bytes.NewReader(random[:20]), b.permanent, 1, 1, b.expires); err == nil {
		t.Error("no error without randomness")
	}
}

// temporaryKeys returns the temporary keys that the server knows, oldest first,
// and how many others.
func (s *server) temporaryKeys() (list []*serverKey, permanent int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.expires.IsZero() {
			permanent++
		} else {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b *serverKey) int { return a.expires.Compare(b.expires) })
	return list, permanent
}

func newTemporaryServer(t *testing.T) *server {
	s := newServer(t)
	s.temporary = true
	return s
}

// R-PF-01, R-PF-02, R-PF-08, R-PF-13: everything is said under a temporary key,
// of a day; the connection is initialised after the key is bound, again on the
// next connection; neither the key nor its salts are saved.
func TestTemporaryKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTemporaryServer(t)
		var wrapped []bool
		s.answer = func(c *serverConn, body []byte) ([]byte, error) {
			query, w := unwrap(body)
			wrapped = append(wrapped, w)
			return echo(c, query)
		}
		h := run(t, s, Options{Init: wrap})
		h.ask(1)
		h.ask(2)
		s.cut()
		advance(10 * time.Second)
		h.ask(3)
		h.stop(s)
		keys, permanent := s.temporaryKeys()
		if len(keys) != 1 || permanent != 1 || count(s.notes(), "bind") != 1 {
			t.Fatalf("%d temporary keys, %d permanent; %q", len(keys), permanent, s.notes())
		}
		if left := time.Until(keys[0].expires); left < 23*time.Hour-time.Minute || left > 24*time.Hour {
			t.Errorf("the key is good for %v", left)
		}
		if !slices.Equal(wrapped, []bool{true, false, true}) {
			t.Errorf("wrapped %v", wrapped)
		}
		if len(h.saved) != 1 || h.saved[0].Key.ID() != keys[0].bound || h.saved[0].Created.IsZero() {
			t.Errorf("saved %d times, %+v", len(h.saved), h.saved[0])
		}
		if n := len(s.keys[keys[0].bound].bodies); n != 0 {
			t.Errorf("%d packets under the permanent key", n)
		}
		if want := []Phase{Connecting, Exchanging, Exchanging, Ready, Waiting, Connecting, Ready, Closed}; !slices.Equal(h.phases(), want) {
			t.Errorf("phases %v, want %v", h.phases(), want)
		}
	})
}

// R-PF-11, R-PF-07: a key is replaced before it ends, while queries go on: none
// is lost, none waits longer than the answer to a binding takes, and what is
// under way all the time is answered.
func TestRenewal(t *testing.T) {
	for name, busy := range map[string]bool{"with quiet moments": false, "never quiet": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTemporaryServer(t)
				s.answer = func(c *serverConn, query []byte) ([]byte, error) {
					if n := binary.LittleEndian.Uint64(query[4:]); busy && n >= 1000 {
						return nil, errHold
					}
					return echo(c, query)
				}
				h := run(t, s, Options{KeyLifetime: 24 * time.Hour})
				start := time.Now()
				var slow sync.WaitGroup
				n := uint64(0)
				for ; time.Since(start) < 50*time.Hour; n++ {
					if busy && n%60 == 0 {
						// It takes an hour, so that one is always under way.
						slow.Go(func() { h.ask(1000 + n) })
						synctest.Wait()
					}
					before := time.Now()
					h.ask(n % 1000)
					if took := time.Since(before); took != 0 {
						t.Errorf("a query after %v took %v", time.Since(start), took)
					}
					advance(time.Minute)
					if busy && n%60 == 59 {
						s.releaseOn()
						slow.Wait()
					}
				}
				slow.Wait()
				h.stop(s)
				if keys, _ := s.temporaryKeys(); len(keys) != 3 || s.conns != 3 {
					t.Errorf("%d keys, %d connections", len(keys), s.conns)
				}
				if len(h.errors()) != 1 {
					t.Errorf("errors %v", h.errors())
				}
			})
		})
	}
}

// R-TR-32: a temporary key that the server does not know any more is replaced.
// A query that it may have had under it is sent again only if that does no harm.
func TestTemporaryKeyForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTemporaryServer(t)
		hold := true
		s.answer = func(c *serverConn, query []byte) ([]byte, error) {
			if hold {
				return nil, errHold
			}
			return echo(c, query)
		}
		h := run(t, s, Options{})
		var asked sync.WaitGroup
		asked.Go(func() {
			_, err := h.Invoke(context.Background(), message(queryID, 1))
			if !errors.Is(err, mtproto.ErrOutcomeUnknown) || !errors.Is(err, ErrKeyExpired) {
				t.Errorf("Invoke: %v", err)
			}
		})
		asked.Go(func() {
			body, err := h.Do(context.Background(), Request{Query: message(queryID, 2), Repeat: true})
			if err != nil || !bytes.Equal(body, message(answerID, 2)) {
				t.Errorf("Do: %x, %v", body, err)
			}
		})
		synctest.Wait()
		hold = false
		s.mu.Lock()
		for id, k := range s.keys {
			if !k.expires.IsZero() {
				delete(s.keys, id)
			}
		}
		s.mu.Unlock()
		s.cut()
		asked.Wait()
		h.ask(3)
		h.stop(s)
		if keys, permanent := s.temporaryKeys(); len(keys) != 1 || permanent != 1 {
			t.Errorf("%d temporary keys, %d permanent", len(keys), permanent)
		}
		if list := h.errors(); len(list) != 3 || !errors.Is(list[1], &transport.Error{Code: transport.CodeAuthKeyNotFound}) {
			t.Errorf("errors %v", list)
		}
	})
}

// R-PF-02: a key that ends while there is no connection is not used again.
func TestTemporaryKeyExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTemporaryServer(t)
		h := run(t, s, Options{KeyLifetime: time.Hour, Dial: nil})
		h.ask(1)
		s.down.Store(true)
		s.cut()
		advance(2 * time.Hour)
		s.down.Store(false)
		h.ask(2)
		h.stop(s)
		if keys, _ := s.temporaryKeys(); len(keys) != 2 || len(keys[0].bodies) > 8 {
			t.Errorf("%d keys", len(keys))
		}
		if slices.ContainsFunc(h.errors(), func(err error) bool { return errors.Is(err, &transport.Error{Code: -404}) }) {
			t.Errorf("errors %v", h.errors())
		}
	})
}

// R-PF-12, R-PF-09: a permanent key whose word the server does not take is
// gone, unless it is so young that the server may not know it everywhere.
func TestBindingRefused(t *testing.T) {
	invalid := mtproto.NewRPCError(400, "ENCRYPTED_MESSAGE_INVALID")
	for _, test := range []struct {
		name  string
		error *mtproto.RPCError
		times int
		age   time.Duration // of the permanent key; 0 for one that is made
		final error
		keys  int
	}{
		{"old key", invalid, 1, time.Hour, ErrKeyUnknown, 1},
		{"new key", invalid, 3, 0, nil, 4},
		{"young key", invalid, 1, 30 * time.Second, nil, 2},
		{"new key that is never known", invalid, 1000, 0, ErrKeyUnknown, 8},
		{"TEMP_AUTH_KEY_EMPTY", mtproto.NewRPCError(400, "TEMP_AUTH_KEY_EMPTY"), 2, time.Hour, nil, 3},
		{"TEMP_AUTH_KEY_ALREADY_BOUND", mtproto.NewRPCError(400, "TEMP_AUTH_KEY_ALREADY_BOUND"), 1, time.Hour, nil, 2},
		{"unknown method", mtproto.NewRPCError(400, "INPUT_METHOD_INVALID"), 1000, time.Hour, mtproto.NewRPCError(400, "INPUT_METHOD_INVALID"), 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTemporaryServer(t)
				times := test.times
				s.refuseBinding = func() *mtproto.RPCError {
					if times--; times >= 0 {
						return test.error
					}
					return nil
				}
				var o Options
				if test.age != 0 {
					o.Credentials = s.credentials()
					o.Credentials.Created = time.Now().Add(-test.age)
				}
				h := run(t, s, o)
				if test.final != nil {
					_, err := h.Invoke(context.Background(), message(queryID, 1))
					if !errors.Is(err, mtproto.ErrNotExecuted) || !errors.Is(err, ErrClosed) {
						t.Errorf("Invoke: %v", err)
					}
					if err := h.ends(s); !errors.Is(err, test.final) || !errors.Is(err, test.error) {
						t.Errorf("Run: %v", err)
					}
				} else {
					h.ask(1)
					h.stop(s)
				}
				if keys, _ := s.temporaryKeys(); len(keys) < test.keys-1 || len(keys) > test.keys+1 || test.keys < 6 && len(keys) != test.keys {
					t.Errorf("%d temporary keys, want %d", len(keys), test.keys)
				}
			})
		})
	}
}

// R-IX-23, R-PF-06: a binding that is lost, or refused for its salt, is made
// anew under its next message id.
func TestBindingIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTemporaryServer(t)
		s.see = func(c *serverConn, packet []byte) bool {
			if id, _ := session.PacketKeyID(packet); id != 0 && c.number < 3 {
				_ = c.Close()
				return false
			}
			return true
		}
		h := run(t, s, Options{})
		h.ask(1)
		h.stop(s)
		if keys, _ := s.temporaryKeys(); len(keys) != 1 || s.conns != 3 {
			t.Errorf("%d temporary keys, %d connections", len(keys), s.conns)
		}
	})
}

// R-PF-07: a key that does not speak for the permanent one any more, since
// another program has bound one, is bound again.
func TestBoundElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTemporaryServer(t)
		h := run(t, s, Options{})
		h.ask(1)
		keys, _ := s.temporaryKeys()
		s.mu.Lock()
		keys[0].bound = 0
		s.mu.Unlock()
		var all sync.WaitGroup
		for n := range uint64(20) {
			all.Go(func() { h.ask(n) })
		}
		all.Wait()
		h.stop(s)
		if n := count(s.notes(), "bind"); n != 2 {
			t.Errorf("bound %d times", n)
		}
	})
}
