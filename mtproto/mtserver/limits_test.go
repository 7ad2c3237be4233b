package mtserver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/transport"
)

// A logbook keeps what is logged.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// line returns the line that contains text.
func (l *logbook) line(t *testing.T, text string) string {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		if strings.Contains(line, text) {
			return line
		}
	}
	t.Fatalf("no %q in the log:\n%s", text, &l.b)
	return ""
}

// R-OB-07: garbage is closed without an answer and noted at debug, with where
// it came from and how it began.
func TestGarbage(t *testing.T) {
	for name, garbage := range map[string]string{
		"http":  "POST /api HTTP/1.1\r\nContent-Length: 40\r\n\r\n",
		"tls":   "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"noise": strings.Repeat("garbage! ", 20),
	} {
		t.Run(name, func(t *testing.T) {
			var log logbook
			serve(t, Options{Logger: log.logger()}, func(t *testing.T, f *fixture) {
				c := f.net.dial(t)
				if _, err := c.Write([]byte(garbage)); err != nil && !errors.Is(err, io.ErrClosedPipe) {
					t.Fatal(err)
				}
				if answer, err := io.ReadAll(c); len(answer) != 0 || err != nil {
					t.Errorf("answered %q, %v", answer, err)
				}
				line := log.line(t, "unknown transport")
				for _, want := range []string{"level=DEBUG", "remote=pipe", "first=", "http=" + map[bool]string{true: "true", false: "false"}[name == "http"]} {
					if !strings.Contains(line, want) {
						t.Errorf("no %q in %s", want, line)
					}
				}
			})
		})
	}
}

// A client that breaks a rule is noted with the rule.
func TestViolationIsLogged(t *testing.T) {
	var log logbook
	serve(t, Options{Logger: log.logger()}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		p := seal(&r.key, mtproto.Client, plaintext(r.message(ping(t), false), 12, 20))
		p[9] ^= 1
		r.write(p)
		r.wantCut()
		if line := log.line(t, "client cut off"); !strings.Contains(line, "rule=R-EM-11") || !strings.Contains(line, "level=INFO") {
			t.Error(line)
		}
	})
}

// R-IX-31: a connection has HandshakeTimeout in all until it carries a good
// packet, and may be silent for IdleTimeout from then on.
func TestTimeouts(t *testing.T) {
	serve(t, Options{HandshakeTimeout: time.Minute, IdleTimeout: 5 * time.Minute}, func(t *testing.T, f *fixture) {
		silent, slow, plain := f.net.dial(t), f.net.dial(t), f.dial(transport.Options{})
		if _, err := slow.Write([]byte{0xee, 0xee}); err != nil {
			t.Fatal(err)
		}
		plain.write(make([]byte, 40)) // no query of a key exchange
		plain.wantCode(transport.CodeAuthKeyNotFound)
		r := f.raw(f.key())
		var pong mt.Pong
		r.ask(&mt.Ping{}, &pong)
		pass(59 * time.Second)
		plain.write(make([]byte, 40))
		plain.wantCode(transport.CodeAuthKeyNotFound)
		pass(time.Second)
		for _, c := range []net.Conn{silent, slow} {
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("silent connection: %v", err)
			}
		}
		plain.wantCut()
		pass(3 * time.Minute)
		r.ask(&mt.Ping{}, &pong)
		pass(5*time.Minute - time.Second)
		r.wantQuiet()
		pass(time.Second)
		r.wantCut()
	})
}

// A client that does not take its packets is cut off, and whoever pushes to it
// does not wait for that.
func TestWriteTimeout(t *testing.T) {
	serve(t, Options{WriteTimeout: 20 * time.Second}, func(t *testing.T, f *fixture) {
		k := f.key()
		c := f.net.dial(t)
		conn, err := transport.NewClient(c, transport.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p := newPeer(&link{t: t, net: c, conn: conn}, k.AuthKey, k.Salt, 0)
		p.core.Request(query("x"))
		p.flush()
		s := f.h.session(t, 0)
		began := time.Now()
		s.Push(query("not read"))
		if time.Since(began) != 0 {
			t.Error("Push waited")
		}
		pass(19 * time.Second)
		if !s.Attached() {
			t.Error("cut off too early")
		}
		pass(2 * time.Second)
		if s.Attached() {
			t.Error("not cut off")
		}
	})
}

// R-SM-13: a client with more queries waiting than MaxQueries gets -429 and is
// cut off.
func TestMaxQueries(t *testing.T) {
	h := &handler{}
	serve(t, Options{MaxQueries: 3, Handler: h}, func(t *testing.T, f *fixture) {
		h.answer = slow(make(chan struct{}))
		r := f.raw(f.key())
		for range 3 {
			r.send(r.message(query("x"), true))
		}
		r.waiting()
		r.send(r.message(query("x"), true))
		r.wantCode(transport.CodeFlood)
		r.wantCut()
		if opened, closed, queries := h.counts(); opened != 1 || closed != 1 || queries != 1 {
			t.Errorf("%d sessions opened, %d closed, %d queries", opened, closed, queries)
		}
	})
}

// Of the sessions of one key the one without a connection for longest makes
// room; while all are connected there is no room.
func TestMaxSessions(t *testing.T) {
	serve(t, Options{MaxSessions: 2}, func(t *testing.T, f *fixture) {
		k := f.key()
		clients := make([]*raw, 4)
		var pong mt.Pong
		for i := range clients {
			clients[i] = f.raw(k)
			clients[i].id = mtproto.SessionID(i + 1)
		}
		clients[0].ask(&mt.Ping{}, &pong)
		clients[1].ask(&mt.Ping{}, &pong)
		clients[2].send(clients[2].message(ping(t), false))
		clients[2].wantCode(transport.CodeFlood)
		clients[2].wantCut()
		clients[1].close()
		pass(time.Second)
		clients[0].close()
		pass(time.Second)
		clients[3].ask(&mt.Ping{}, &pong)
		wantSessions(t, f, k.AuthKey.ID(), 1, 4)
		if _, closed, _ := f.h.counts(); closed != 1 || f.h.closed[0].ID() != 2 {
			t.Errorf("%d sessions closed", closed)
		}
	})
}

func TestMaxConnections(t *testing.T) {
	serve(t, Options{MaxConnections: 1}, func(t *testing.T, f *fixture) {
		k := f.key()
		r := f.raw(k)
		var pong mt.Pong
		r.ask(&mt.Ping{}, &pong)
		f.dial(transport.Options{}).wantCut()
		r.close()
		synctest.Wait()
		r.on(f.dial(transport.Options{}))
		r.ask(&mt.Ping{}, &pong)
	})
}

// A session that would hold more than MaxPending is closed; when the client
// comes back it learns that it has missed something (R-SM-61).
func TestMaxPending(t *testing.T) {
	serve(t, Options{MaxPending: 4000}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		var pong mt.Pong
		r.ask(&mt.Ping{}, &pong)
		r.close()
		s := f.h.session(t, 0)
		for range 5 {
			s.Push(query(strings.Repeat("x", 1000)))
		}
		if _, closed, _ := f.h.counts(); closed != 1 {
			t.Fatalf("%d sessions closed", closed)
		}
		s.Push(query("too late"))
		r.on(f.dial(transport.Options{}))
		var created mt.NewSessionCreated
		r.ask(&mt.Ping{}, &created)
	})
}

// Close lets out what is queued and the answer in hand, drops the queries that
// wait, and then the client, which may come back.
func TestSessionClose(t *testing.T) {
	h := &handler{}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		release := make(chan struct{})
		h.answer = func(_ context.Context, s *Session, _ mtproto.MsgID, q []byte) ([]byte, error) {
			<-release
			s.Push(query("bye"))
			s.Close()
			return q, nil
		}
		r := f.raw(f.key())
		first, second := r.message(query("log out"), true), r.message(query("dropped"), true)
		r.send(first)
		r.send(second)
		r.waiting()
		close(release)
		var result mt.RPCResult
		if r.await(&result); result.ReqMsgID != int64(first.MsgID) {
			t.Errorf("answer to %d", result.ReqMsgID)
		}
		r.wantCut()
		if opened, closed, queries := h.counts(); opened != 1 || closed != 1 || queries != 1 {
			t.Errorf("%d sessions opened, %d closed, %d queries", opened, closed, queries)
		}

		h.answer = nil
		r.on(f.dial(transport.Options{}))
		var created mt.NewSessionCreated
		r.ask(&mt.Ping{}, &created)
		r.waiting()
		s := h.session(t, 1)
		s.Push(query("bye"))
		s.Close()
		if list := r.receive(); !bytes.Equal(list[0].body, query("bye")) {
			t.Errorf("got %x", list[0].body)
		}
		r.wantCut()
		s.Close() // again, to no effect
		if opened, closed, _ := h.counts(); opened != 2 || closed != 2 {
			t.Errorf("%d sessions opened, %d closed", opened, closed)
		}
	})
}

// Shutdown lets the query in hand be answered; its context cuts that short.
func TestShutdown(t *testing.T) {
	for _, patient := range []bool{true, false} {
		h := &handler{}
		serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
			release := make(chan struct{})
			h.answer = slow(release)
			p := f.peer(f.key())
			request := p.core.Request(query("in hand"))
			p.flush()
			p.settle()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- f.srv.Shutdown(ctx) }()
			pass(time.Second)
			p.settle() // the query has been acknowledged
			if patient {
				close(release)
				if result := p.result(request); result.Err != nil {
					t.Error(result.Err)
				}
			}
			if err := <-ended; errors.Is(err, context.DeadlineExceeded) == patient {
				t.Errorf("Shutdown: %v", err)
			}
			for in := p.next(); in.err == nil; in = p.next() {
				if !patient {
					t.Error("something was sent for the query that was cut short")
				}
			}
			if opened, closed, _ := f.h.counts(); opened != 1 || closed != 1 {
				t.Errorf("%d sessions opened, %d closed", opened, closed)
			}
		})
	}
}

// A listener that runs out of something is tried again, one that breaks ends
// Serve.
func TestAcceptFails(t *testing.T) {
	srv, err := New(Options{DC: 1, PrivateKey: rsaKey(), Handler: &handler{}})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		failing := &failingListener{network: newNetwork(), errors: []error{syscall.EMFILE, syscall.ECONNABORTED, errBroken}}
		if err := srv.Serve(failing); !errors.Is(err, errBroken) {
			t.Errorf("Serve: %v", err)
		}
		select {
		case <-failing.closed:
		default:
			t.Error("the listener was not closed")
		}
	})
}

// A failingListener fails in the given ways, one after the other.
type failingListener struct {
	*network
	errors []error
}

func (l *failingListener) Accept() (net.Conn, error) {
	err := l.errors[0]
	l.errors = l.errors[1:]
	return nil, err
}
