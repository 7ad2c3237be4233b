package mtclient

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto/authkey"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

var small = transport.Options{MaxPacket: 1024}

// ends waits for Run to end by itself.
func (h *harness) ends(s *server) error {
	err := <-h.ended
	h.cancel()
	s.tasks.Wait()
	return err
}

// refuse answers packets of a kind with a transport error, so many times.
func refuse(code int32, plain bool, times int) func(*serverConn, []byte) bool {
	return func(c *serverConn, packet []byte) bool {
		id, _ := session.PacketKeyID(packet)
		if (id == 0) != plain || times == 0 {
			return true
		}
		times--
		_ = c.WriteError(code) // the client may have gone
		_ = c.Close()
		return false
	}
}

// TestKeyUnknown covers R-TR-32: a permanent key that the server refuses twice
// is of no use.
func TestKeyUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, other := newServer(t), newServer(t)
		h := run(t, s, Options{Credentials: other.credentials()})
		_, err := h.Invoke(context.Background(), message(queryID, 1))
		if !errors.Is(err, ErrClosed) || !errors.Is(err, ErrKeyUnknown) {
			t.Errorf("Invoke: %v", err)
		}
		err = h.ends(s)
		if !errors.Is(err, ErrKeyUnknown) || !errors.Is(err, &transport.Error{Code: transport.CodeAuthKeyNotFound}) {
			t.Errorf("Run: %v", err)
		}
		if s.conns != 2 {
			t.Errorf("%d connections", s.conns)
		}
	})
}

// TestRefusals covers R-TR-30, R-IX-10 and R-AK-15: which transport errors are
// final, and how often one may come before it is.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name  string
		code  int32
		plain bool
		times int
		conns int
		final bool
	}{
		{"-404 once", -404, false, 1, 2, false},
		{"-404 four times while making a key", -404, true, 4, 5, false},
		{"-404 for ever while making a key", -404, true, -1, maxExchangeRefusals, true},
		{"-444 while making a key", -444, true, -1, 1, true},
		{"-403", -403, false, 3, 4, false},
		{"-429", -429, false, 2, 3, false},
		{"unknown code", -500, false, 2, 3, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				s.see = refuse(test.code, test.plain, test.times)
				var o Options
				if !test.plain {
					o.Credentials = s.credentials()
				}
				h := run(t, s, o)
				start := time.Now()
				if test.final {
					if err := h.ends(s); !errors.Is(err, &transport.Error{Code: test.code}) {
						t.Errorf("Run: %v", err)
					}
				} else {
					h.ask(1)
					h.stop(s)
				}
				if s.conns != test.conns {
					t.Errorf("%d connections, want %d", s.conns, test.conns)
				}
				if least := 60 * time.Second; test.code == -429 && time.Since(start) < least {
					t.Errorf("back after %v, want %v at least", time.Since(start), least)
				}
			})
		})
	}
}

// TestUnknownPublicKeys covers R-AK-11: we never go on without a key we trust.
func TestUnknownPublicKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		h := run(t, s, Options{PublicKeys: mtcrypto.ProductionKeys()})
		var unknown *authkey.UnknownKeysError
		if err := h.ends(s); !errors.As(err, &unknown) {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestUnreachable tries again after waits that double up to a limit.
func TestUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		refused := errors.New("connection refused")
		var attempts []time.Time
		h := run(t, s, Options{
			Credentials: s.credentials(),
			MinBackoff:  time.Second, MaxBackoff: 8 * time.Second,
			Dial: func(ctx context.Context) (net.Conn, error) {
				attempts = append(attempts, time.Now())
				if len(attempts) <= 6 {
					return nil, refused
				}
				return s.dial(ctx)
			},
		})
		h.ask(1)
		h.stop(s)
		for i, most := range []time.Duration{1, 2, 4, 8, 8, 8} {
			most *= time.Second
			if wait := attempts[i+1].Sub(attempts[i]); wait < most/2 || wait > most {
				t.Errorf("wait %d is %v, want %v to %v", i, wait, most/2, most)
			}
		}
		if list := h.errors(); len(list) != 7 || !errors.Is(list[0], refused) {
			t.Errorf("errors %v", list)
		}
	})
}

// TestDialHangs bounds the time of an attempt, and ends one when Run ends.
func TestDialHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		hang := func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		h := run(t, s, Options{Credentials: s.credentials(), Dial: hang, DialTimeout: 3 * time.Second})
		advance(3 * time.Second)
		if list := h.errors(); len(list) != 1 || !errors.Is(list[0], context.DeadlineExceeded) {
			t.Errorf("errors %v", list)
		}
		advance(time.Second)
		if phases := h.phases(); phases[len(phases)-1] != Connecting {
			t.Errorf("phases %v", phases)
		}
		h.stop(s)
	})
}

// TestDialedTooLate closes a connection that comes when Run has ended.
func TestDialedTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		h := run(t, s, Options{Credentials: s.credentials(), Dial: func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done()
			return s.dial(ctx)
		}})
		synctest.Wait()
		h.stop(s) // waits for the server's end of the connection
	})
}

// garbage serves connections on which rubbish comes from the other end.
func garbage(rubbish []byte) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) {
		client, remote := net.Pipe()
		go func() {
			go func() { _, _ = io.Copy(io.Discard, remote) }()
			_, _ = remote.Write(rubbish)
			_ = remote.Close()
		}()
		return client, nil
	}
}

// TestGarbage gets rubbish from the server, in both phases, and goes on with a
// server that is one (R-EM-19).
func TestGarbage(t *testing.T) {
	random := make([]byte, 1<<10)
	rand.Read(random)
	for name, rubbish := range map[string][]byte{
		"random bytes":     random,
		"HTTP":             []byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
		"TLS alert":        {21, 3, 1, 0, 2, 2, 40},
		"empty packet":     {0},
		"huge packet":      {0x7f, 0xff, 0xff, 0xff},
		"framed rubbish":   append([]byte{32}, random[:128]...),
		"nothing":          {},
		"plain to session": append([]byte{10}, make([]byte, 40)...),
	} {
		for _, stored := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newServer(t)
					var o Options
					if stored {
						o.Credentials = s.credentials()
					}
					bad, attempts := garbage(rubbish), 0
					o.Dial = func(ctx context.Context) (net.Conn, error) {
						if attempts++; attempts <= 2 {
							return bad(ctx)
						}
						return s.dial(ctx)
					}
					h := run(t, s, o)
					h.ask(1)
					h.stop(s)
					if list := h.errors(); len(list) != 3 {
						t.Errorf("errors %v", list)
					}
				})
			})
		}
	}
}

// TestSilentServer finds out by pings that a server does not answer any more
// (R-SM-64).
func TestSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		silent := false
		s.see = func(c *serverConn, _ []byte) bool { return !silent || c.number > 1 }
		h := run(t, s, Options{Credentials: s.credentials(), PingInterval: 20 * time.Second})
		h.ask(1)
		silent = true
		start := time.Now()
		h.ask(2)
		if took := time.Since(start); took > time.Minute {
			t.Errorf("took %v", took)
		}
		h.stop(s)
		if list := h.errors(); !errors.Is(list[0], session.ErrSilent) {
			t.Errorf("errors %v", list)
		}
	})
}

// TestSilentExchange bounds the time that the making of a key may take.
func TestSilentExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.see = func(c *serverConn, _ []byte) bool { return c.number > 1 || c.packets < 2 }
		h := run(t, s, Options{ExchangeTimeout: 10 * time.Second})
		h.ask(1)
		h.stop(s)
		if list := h.errors(); !errors.Is(list[0], errExchangeTimeout) || len(list) != 2 {
			t.Errorf("errors %v", list)
		}
	})
}

// TestStuckWrite gives up a connection on which nothing can be written.
func TestStuckWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		attempts := 0
		h := run(t, s, Options{
			Credentials: s.credentials(), WriteTimeout: 5 * time.Second,
			Dial: func(ctx context.Context) (net.Conn, error) {
				if attempts++; attempts > 1 {
					return s.dial(ctx)
				}
				client, remote := net.Pipe()
				s.tasks.Go(func() {
					<-time.After(time.Minute)
					_ = remote.Close()
				})
				return client, nil
			},
		})
		h.ask(1)
		h.stop(s)
		var timeout net.Error
		if list := h.errors(); !errors.As(list[0], &timeout) || !timeout.Timeout() {
			t.Errorf("errors %v", list)
		}
	})
}

// TestBusyWriter has acknowledgements fall due while the writer waits for the
// server to read: time goes on in a bubble only if nothing spins.
func TestBusyWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		var stuck chan struct{}
		s.see = func(*serverConn, []byte) bool {
			if stuck != nil {
				<-stuck
			}
			return true
		}
		h := run(t, s, Options{Credentials: s.credentials(), WriteTimeout: time.Minute})
		h.ask(1)
		stuck = make(chan struct{})
		var asked sync.WaitGroup
		for n := range uint64(3) { // one is read, one is being written, one waits
			asked.Go(func() { h.ask(n) })
			synctest.Wait()
		}
		s.push(1)
		advance(40 * time.Second)
		close(stuck)
		asked.Wait()
		h.stop(s)
		if len(h.errors()) != 1 {
			t.Errorf("errors %v", h.errors())
		}
	})
}

// TestSaveFails does not use a key that is not saved.
func TestSaveFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		full := errors.New("disk full")
		saves := 0
		h := run(t, s, Options{Save: func(Credentials) error {
			if saves++; saves != 2 && saves < 4 {
				return full
			}
			return nil
		}})
		h.ask(1) // the second key is saved, its salts are not at first
		h.stop(s)
		if list := h.errors(); len(list) != 2 || !errors.Is(list[0], full) {
			t.Errorf("errors %v", list)
		}
		used := 0
		for _, k := range s.keys {
			if len(k.bodies) > 0 {
				used++
			}
		}
		if len(s.keys) != 2 || used != 1 {
			t.Errorf("%d keys were made and %d used", len(s.keys), used)
		}
	})
}

// TestBadTransport closes a connection for which no obfuscation header can be
// drawn.
func TestBadTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		random := io.LimitReader(rand.Reader, 64) // for the header that New tries
		h := run(t, s, Options{Credentials: s.credentials(), Transport: transport.Options{Obfuscated: true, Rand: random}})
		advance(time.Minute)
		h.stop(s) // waits for the server's end of the connections
		if phases := h.phases(); slices.Contains(phases, Ready) || !slices.Contains(phases, Waiting) {
			t.Errorf("phases %v", phases)
		}
	})
}

func TestPhaseNames(t *testing.T) {
	for phase, want := range map[Phase]string{Waiting: "waiting", Ready: "ready", Closed: "closed"} {
		if got := phase.String(); got != want {
			t.Errorf("%d is %q", phase, got)
		}
	}
}
