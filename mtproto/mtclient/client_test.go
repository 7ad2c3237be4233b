package mtclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
	"godwit/tl"
)

func TestMain(m *testing.M) {
	testKey() // outside of the bubbles, since it takes long
	m.Run()
}

// TestFirstRun makes a key and asks: the key is saved before any query is sent
// under it.
func TestFirstRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		h := run(t, s, Options{})
		h.ask(5)
		h.stop(s)
		if want := []Phase{Connecting, Exchanging, Ready, Closed}; !slices.Equal(h.phases(), want) {
			t.Errorf("phases %v, want %v", h.phases(), want)
		}
		if log := s.notes(); len(log) < 2 || log[0] != "saved" || log[len(log)-1] != fmt.Sprintf("query %x", message(queryID, 5)) {
			t.Errorf("in this order: %q", log)
		}
		c := h.saved[0]
		if s.keys[c.Key.ID()] == nil || len(c.Salts) != 1 {
			t.Errorf("saved %+v", c)
		}
	})
}

// TestStoredCredentials goes on with what an earlier run has saved.
func TestStoredCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		first := run(t, s, Options{})
		first.ask(1)
		first.stop(s)
		second := run(t, s, Options{Credentials: first.saved[len(first.saved)-1]})
		second.ask(2)
		second.stop(s)
		if want := []Phase{Connecting, Ready, Closed}; !slices.Equal(second.phases(), want) {
			t.Errorf("phases %v, want %v", second.phases(), want)
		}
		if len(s.keys) != 1 {
			t.Errorf("%d keys were made", len(s.keys))
		}
	})
}

func TestParallelQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		h := run(t, s, Options{CompressAbove: 100})
		var all sync.WaitGroup
		for n := range uint64(300) {
			all.Go(func() { h.ask(n) })
		}
		all.Wait()
		h.stop(s)
	})
}

// TestCut loses the connection at every place where it matters: queries are
// answered over the next one, and carried out once (R-EM-63, R-SM-42).
func TestCut(t *testing.T) {
	for name, see := range map[string]func(*serverConn, []byte) bool{
		"before the query arrives": func(c *serverConn, _ []byte) bool {
			if c.number == 1 {
				_ = c.Close()
			}
			return c.number > 1
		},
		"with the query under way": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				s.see = see
				s.answer = func(c *serverConn, query []byte) ([]byte, error) {
					if c.number == 1 {
						return nil, errHold
					}
					return echo(c, query)
				}
				h := run(t, s, Options{Credentials: s.credentials()})
				var asked sync.WaitGroup
				asked.Go(func() { h.ask(7) })
				synctest.Wait()
				if see == nil {
					s.cut()
				}
				for !slices.Contains(h.phases(), Waiting) {
					synctest.Wait()
				}
				advance(2 * time.Second)
				s.release()
				asked.Wait()
				h.stop(s)
				if log := s.notes(); count(log, fmt.Sprintf("query %x", message(queryID, 7))) != 1 {
					t.Errorf("the query was carried out other than once: %q", log)
				}
			})
		})
	}
}

// advance lets time go by in a bubble.
func advance(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func count(list []string, s string) (n int) {
	for _, have := range list {
		if have == s {
			n++
		}
	}
	return n
}

// TestBadSalt covers R-EM-40 and R-EM-42: the right salt is learned and saved.
func TestBadSalt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := s.credentials()
		c.Salts = []session.Salt{session.NewSalt(1, time.Now(), time.Now().Add(time.Hour))}
		h := run(t, s, Options{Credentials: c})
		h.ask(3)
		h.stop(s)
		var values []mtproto.Salt
		for _, saved := range h.saved {
			for _, salt := range saved.Salts {
				values = append(values, salt.Value)
			}
		}
		if !slices.Contains(values, 77) {
			t.Errorf("saved salts %v", values)
		}
	})
}

// TestClockSkew covers R-IX-01: our clock may be wrong by hours.
func TestClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{-5 * time.Hour, 5 * time.Hour, -400 * time.Second, 60 * time.Second} {
		for _, stored := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v, stored key %v", skew, stored), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newServer(t)
					s.clock = skew
					var o Options
					if stored {
						o.Credentials = s.credentials()
					}
					h := run(t, s, o)
					h.ask(1)
					s.cut()
					h.ask(2)
					h.stop(s)
				})
			})
		}
	}
}

func TestRPCError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.answer = func(*serverConn, []byte) ([]byte, error) { return nil, mtproto.NewRPCError(420, "FLOOD_WAIT_30") }
		h := run(t, s, Options{Credentials: s.credentials()})
		_, err := h.Invoke(context.Background(), message(queryID, 1))
		var refusal *mtproto.RPCError
		if !errors.As(err, &refusal) || refusal.Code != 420 || refusal.Type != "FLOOD_WAIT" || refusal.Argument != 30 {
			t.Errorf("error %v", err)
		}
		h.stop(s)
	})
}

// TestCancel covers R-SM-50: the end of Invoke's context asks the server to
// drop the answer, and nothing else.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.answer = func(_ *serverConn, query []byte) ([]byte, error) {
			if bytes.Equal(query, message(queryID, 1)) {
				return nil, errHold
			}
			return echo(nil, query)
		}
		h := run(t, s, Options{Credentials: s.credentials()})
		ctx, cancel := context.WithCancel(context.Background())
		var asked sync.WaitGroup
		asked.Go(func() {
			if _, err := h.Invoke(ctx, message(queryID, 1)); !errors.Is(err, context.Canceled) {
				t.Errorf("Invoke: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		asked.Wait()
		h.ask(2)
		drop, err := tl.Marshal(&mt.RPCDropAnswer{ReqMsgID: int64(s.held[0].query.MsgID)})
		if err != nil {
			t.Fatal(err)
		}
		if !s.sent(drop) {
			t.Error("the server was not asked to drop the answer")
		}
		h.stop(s)
	})
}

// TestCancelEarly gives up a query while there is no key yet.
func TestCancelEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		block := true
		s.see = func(*serverConn, []byte) bool { return !block }
		h := run(t, s, Options{ExchangeTimeout: 10 * time.Second})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := h.Invoke(ctx, message(queryID, 1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Invoke: %v", err)
		}
		synctest.Wait()
		block = false
		h.ask(2)
		h.stop(s)
		if s.sent(message(queryID, 1)) {
			t.Error("the query was sent")
		}
	})
}

// TestClosed ends Run with queries in all places.
func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.answer = func(*serverConn, []byte) ([]byte, error) { return nil, errHold }
		h := run(t, s, Options{})
		var asked sync.WaitGroup
		check := func() {
			if _, err := h.Invoke(context.Background(), message(queryID, 1)); !errors.Is(err, ErrClosed) || !errors.Is(err, context.Canceled) {
				t.Errorf("Invoke: %v", err)
			}
		}
		asked.Go(check)
		synctest.Wait()
		h.stop(s)
		asked.Wait()
		check()
		if err := h.Run(context.Background()); err == nil {
			t.Error("Run twice")
		}
	})
}

func TestQuerySize(t *testing.T) {
	c, err := New(Options{Dial: newServer(t).dial, Credentials: newServer(t).credentials(), PermanentKeyOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 3, 4 << 20} {
		if _, err := c.Invoke(context.Background(), make([]byte, size)); !errors.Is(err, ErrQuerySize) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestNewErrors(t *testing.T) {
	s := newServer(t)
	keys := []mtcrypto.PublicKey{testKey().Public()}
	for name, o := range map[string]Options{
		"no Dial":       {Credentials: s.credentials()},
		"no key at all": {Dial: s.dial, PermanentKeyOnly: true},
		"no RSA keys":   {Dial: s.dial, Credentials: s.credentials()},
		"long lifetime": {Dial: s.dial, PublicKeys: keys, KeyLifetime: 100 * 365 * 24 * time.Hour},
		"half a second": {Dial: s.dial, PublicKeys: keys, KeyLifetime: time.Second / 2},
		"tiny packets":  {Dial: s.dial, PublicKeys: keys, Transport: small},
		"bad framing":   {Dial: s.dial, PublicKeys: keys, Transport: transport.Options{Framing: 200}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// wrap is an Options.Init of the tests.
func wrap(query []byte) []byte { return append(message(initID, 0)[:4], query...) }

// unwrap returns the query, and whether it was wrapped.
func unwrap(query []byte) ([]byte, bool) { return bytes.CutPrefix(query, message(initID, 0)[:4]) }

// TestInit covers R-TL-36, R-TL-37 and R-IX-29: queries of a connection are wrapped
// until one has been answered, and once more when the server asks for it.
func TestInit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		var wrapped []bool
		forgotten := false
		s.answer = func(c *serverConn, body []byte) ([]byte, error) {
			query, w := unwrap(body)
			wrapped = append(wrapped, w)
			if forgotten && !w {
				return nil, mtproto.NewRPCError(400, "CONNECTION_NOT_INITED")
			}
			forgotten = false
			if bytes.Equal(query, message(queryID, 99)) {
				return nil, mtproto.NewRPCError(400, "CONNECTION_LAYER_INVALID")
			}
			return echo(c, query)
		}
		h := run(t, s, Options{Credentials: s.credentials(), Init: wrap})
		expect := func(what string, want ...bool) {
			t.Helper()
			s.mu.Lock()
			defer s.mu.Unlock()
			if !slices.Equal(wrapped, want) {
				t.Errorf("%s: wrapped %v, want %v", what, wrapped, want)
			}
			wrapped = nil
		}
		h.ask(1)
		h.ask(2)
		expect("first connection", true, false)
		s.cut()
		advance(10 * time.Second)
		h.ask(3)
		h.ask(4)
		expect("second connection", true, false)
		forgotten = true
		h.ask(5)
		h.ask(6)
		expect("R-TL-37", false, true, false)
		_, err := h.Invoke(context.Background(), message(queryID, 99))
		if !errors.Is(err, &mtproto.RPCError{Type: "CONNECTION_LAYER_INVALID"}) {
			t.Errorf("error %v", err)
		}
		expect("asked for in vain", false, true)
		h.stop(s)
	})
}

// TestUpdates covers their order, R-SM-61, and that OnUpdate may be slow and
// may invoke queries (R-IX-27).
func TestUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		var mu sync.Mutex
		var got []string
		var h *harness
		note := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, s)
		}
		h = run(t, s, Options{
			Credentials: s.credentials(),
			OnUpdate: func(body []byte) {
				if bytes.Equal(body, message(updateID, 1)) {
					h.ask(50)
					<-time.After(time.Minute)
				}
				note(fmt.Sprintf("%x", body))
			},
			OnNewSession: func() { note("new session") },
		})
		h.ask(1)
		want := []string{"new session"}
		for n := range uint64(5) {
			s.push(n)
			want = append(want, fmt.Sprintf("%x", message(updateID, n)))
		}
		synctest.Wait()
		h.ask(2)
		advance(2 * time.Minute)
		h.stop(s)
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestUpdateOverflow covers R-IX-28: updates are not dropped silently.
func TestUpdateOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		resume := make(chan struct{})
		var got []string
		h := run(t, s, Options{
			Credentials: s.credentials(),
			MaxUpdates:  3,
			OnUpdate: func(body []byte) {
				<-resume
				got = append(got, fmt.Sprintf("%x", body))
			},
			OnNewSession: func() { got = append(got, "new session") },
		})
		h.ask(1)
		for n := range uint64(5) { // one is being handled, three wait, one is too many
			s.push(n)
			synctest.Wait()
		}
		close(resume)
		synctest.Wait()
		h.stop(s)
		want := []string{"new session", fmt.Sprintf("%x", message(updateID, 0)), "new session", fmt.Sprintf("%x", message(updateID, 4))}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
