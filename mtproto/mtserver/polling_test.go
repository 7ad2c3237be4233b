package mtserver

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// A poller is a client whose packets are HTTP requests. It decides itself what
// goes into each.
type poller struct {
	f    *fixture
	key  mtproto.AuthKey
	conn *HTTPConn

	mu   sync.Mutex // held while a packet is taken in
	core *session.Session
}

func (f *fixture) poller(k Key) *poller {
	f.t.Helper()
	core, err := session.New(session.Options{
		Side: mtproto.Client, Key: k.AuthKey, Rand: f.srv.o.Rand,
		Salts: []session.Salt{session.NewSalt(k.Salt, time.Now(), time.Now().Add(time.Hour))},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	p := &poller{f: f, key: k.AuthKey, core: core, conn: f.srv.NewHTTPConn(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)})}
	if err := core.Connected(time.Now()); err != nil {
		f.t.Fatal(err)
	}
	return p
}

// An outcome is what became of a request.
type outcome struct {
	events []session.Event
	empty  bool // nothing in the packet
	after  time.Duration
	err    error
}

// post sends what is queued, with the given wait, and returns where the outcome
// will be told.
func (p *poller) post(ctx context.Context, wait time.Duration) <-chan outcome {
	p.f.t.Helper()
	packet, _, err := p.core.SendHTTP(time.Now(), wait)
	if err != nil || packet == nil {
		p.f.t.Fatalf("packet of %d bytes, %v", len(packet), err)
	}
	return p.exchange(ctx, packet)
}

func (p *poller) exchange(ctx context.Context, packet []byte) <-chan outcome {
	start := time.Now()
	done := make(chan outcome, 1)
	go func() {
		answer, err := p.conn.Exchange(ctx, packet)
		o := outcome{after: time.Since(start), err: err}
		if err == nil {
			var e *session.Envelope
			p.mu.Lock()
			defer p.mu.Unlock()
			if e, o.err = session.Open(&p.key, mtproto.Server, answer); o.err == nil {
				o.empty = string(e.Body) == emptyContainer
				o.events, o.err = p.core.ReceiveEnvelope(time.Now(), e)
			}
		}
		done <- o
	}()
	return done
}

// emptyContainer is msg_container with no messages.
const emptyContainer = "\xdc\xf8\xf1\x73\x00\x00\x00\x00"

// results picks the answers out of events.
func results(t *testing.T, events []session.Event) (list []string) {
	t.Helper()
	for _, event := range events {
		switch e := event.(type) {
		case session.Result:
			if e.Err != nil {
				t.Error(e.Err)
			}
			list = append(list, string(e.Body))
		case session.Update:
			list = append(list, string(e.Body))
		}
	}
	return list
}

// opened is a poller whose session has begun.
func (f *fixture) begun() *poller {
	p := f.poller(f.key())
	o := <-p.post(f.t.Context(), 0)
	for o.err == nil && !o.empty {
		o = <-p.post(f.t.Context(), time.Millisecond)
	}
	if o.err != nil {
		f.t.Fatal(o.err)
	}
	return p
}

// R-HT-02, R-HT-03: a request is answered once, at once where the client wants
// that, and by an empty container when the wait ends.
func TestPollEnds(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		p := f.begun()
		for _, wait := range []time.Duration{0, time.Second, 25 * time.Second, 5 * time.Minute} {
			want := min(wait, longestWait)
			if wait == 0 {
				p.core.Request(query("soon")) // so that there is something to send
			}
			o := <-p.post(t.Context(), wait)
			if o.err != nil || o.after != want && wait > 0 {
				t.Errorf("waited %v of %v, %v", o.after, wait, o.err)
			}
			if wait > 0 && !o.empty {
				t.Errorf("something came: %v", o.events)
			}
			if wait == 0 && o.after > 0 {
				t.Errorf("a request that may not be held took %v", o.after)
			}
			for wait == 0 && len(results(t, o.events)) == 0 { // its answer comes with the next
				o = <-p.post(t.Context(), time.Second)
			}
		}
		// Without http_wait, 25 seconds.
		p.core.Request(query("no"))
		release := make(chan struct{})
		f.h.answer = slow(release)
		packet, _, err := p.core.Send(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		o := <-p.exchange(t.Context(), packet)
		if o.after > time.Second+defaultMaxWait { // an acknowledgement may come before
			t.Errorf("held for %v", o.after)
		}
		close(release)
	})
}

// R-HT-03: what is queued waits for more, wait_after long since the last of it
// and max_delay since the first.
func TestPollDelays(t *testing.T) {
	for name, test := range map[string]struct {
		wait   mt.HTTPWait
		pushes []time.Duration // after the request
		after  time.Duration
	}{
		"at once":               {mt.HTTPWait{MaxWait: 25000}, []time.Duration{time.Second}, time.Second},
		"waits for more":        {mt.HTTPWait{MaxDelay: 1000, WaitAfter: 100, MaxWait: 25000}, []time.Duration{1 * time.Second}, 1100 * time.Millisecond},
		"each starts the wait":  {mt.HTTPWait{MaxDelay: 1000, WaitAfter: 100, MaxWait: 25000}, []time.Duration{0, 80 * time.Millisecond, 160 * time.Millisecond}, 260 * time.Millisecond},
		"but not for ever":      {mt.HTTPWait{MaxDelay: 200, WaitAfter: 100, MaxWait: 25000}, []time.Duration{0, 80 * time.Millisecond, 160 * time.Millisecond}, 200 * time.Millisecond},
		"max_wait goes before":  {mt.HTTPWait{MaxDelay: 5000, WaitAfter: 5000, MaxWait: 1000}, []time.Duration{500 * time.Millisecond}, time.Second},
		"negative times are no": {mt.HTTPWait{MaxDelay: -1, WaitAfter: -1, MaxWait: -1}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, Options{}, func(t *testing.T, f *fixture) {
				p := f.begun()
				sess := f.h.session(t, 0)
				r := p.raw(marshal(t, &test.wait))
				done := p.exchange(t.Context(), r)
				go func() {
					start := time.Now()
					for _, at := range test.pushes {
						pass(at - time.Since(start))
						sess.Push(query("news"))
					}
				}()
				o := <-done
				if got := results(t, o.events); o.err != nil || o.after != test.after || len(got) != len(test.pushes) {
					t.Errorf("%q after %v, %v; want %d after %v", got, o.after, o.err, len(test.pushes), test.after)
				}
				synctest.Wait()
			})
		})
	}
}

// raw seals a message of its own making, as the session would.
func (p *poller) raw(body []byte) []byte {
	p.f.t.Helper()
	packet, _, err := p.core.SendHTTP(time.Now(), time.Hour)
	if err != nil {
		p.f.t.Fatal(err)
	}
	e, err := session.Open(&p.key, mtproto.Client, packet)
	if err != nil {
		p.f.t.Fatal(err)
	}
	e.Body = body
	sealed, _, err := session.Seal(p.f.srv.o.Rand, &p.key, mtproto.Client, e)
	if err != nil {
		p.f.t.Fatal(err)
	}
	return sealed
}

// R-HT-02: several requests may wait; each is answered once, the oldest first,
// and an answer may come by another one than its query went by.
func TestSeveralRequests(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		p := f.begun()
		first := p.post(t.Context(), 20*time.Second)
		synctest.Wait()
		p.core.Ask(session.Request{Body: query("asked"), Repeat: true})
		second := p.post(t.Context(), 10*time.Second)
		o := <-first
		if got := results(t, o.events); o.err != nil || len(got) != 1 {
			t.Errorf("the older request has %q, %v", got, o.err)
		}
		if o := <-second; o.err != nil || !o.empty || o.after != 10*time.Second {
			t.Errorf("the newer one has %+v", o)
		}
	})
}

// What a lost connection may have swallowed comes again, once.
func TestLostResponse(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		p := f.begun()
		sess := f.h.session(t, 0)
		packet, _, err := p.core.SendHTTP(time.Now(), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		sess.Push(query("lost"))
		if _, err := p.conn.Exchange(t.Context(), packet); err != nil { // which the client never reads
			t.Fatal(err)
		}
		p.conn.Close()
		p.conn = f.srv.NewHTTPConn(&net.TCPAddr{})
		o := <-p.post(t.Context(), time.Second)
		if got := results(t, o.events); o.err != nil || len(got) != 1 {
			t.Errorf("%q, %v", got, o.err)
		}
		if o := <-p.post(t.Context(), time.Second); o.err != nil || len(results(t, o.events)) != 0 {
			t.Errorf("and then %+v", o)
		}
		// A client that goes away while it waits.
		ctx, cancel := context.WithCancel(t.Context())
		gone := p.post(ctx, 20*time.Second)
		synctest.Wait()
		cancel()
		if o := <-gone; !errors.Is(o.err, context.Canceled) {
			t.Errorf("%v", o.err)
		}
		sess.Push(query("later"))
		if o := <-p.post(t.Context(), time.Second); len(results(t, o.events)) != 1 {
			t.Errorf("%+v", o)
		}
	})
}

// A client without a request counts as gone after a while, and comes back to
// its session.
func TestPollingGoneAndBack(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		p := f.begun()
		sess := f.h.session(t, 0)
		if !sess.Attached() || sess.RemoteAddr().String() != "192.0.2.1:0" {
			t.Errorf("attached %v, at %v", sess.Attached(), sess.RemoteAddr())
		}
		pass(pollingIdle + time.Second)
		if sess.Attached() {
			t.Error("a client that does not ask is connected")
		}
		sess.Push(query("missed"))
		o := <-p.post(t.Context(), time.Second)
		if got := results(t, o.events); o.err != nil || len(got) != 1 || !sess.Attached() {
			t.Errorf("%q, %v", got, o.err)
		}
	})
}

// R-TR-34: what is wrong with a packet is told by a transport error, which the
// response's status is made of.
func TestExchangeRefused(t *testing.T) {
	serve(t, Options{MaxSessions: 1}, func(t *testing.T, f *fixture) {
		k := f.key()
		p := f.poller(k)
		held := p.post(t.Context(), 20*time.Second)
		for {
			o := <-held
			held = p.post(t.Context(), 20*time.Second)
			synctest.Wait()
			if o.err != nil || len(held) == 0 {
				break
			}
		}
		conn := f.srv.NewHTTPConn(&net.TCPAddr{})
		code := func(packet []byte) int32 {
			_, err := conn.Exchange(t.Context(), packet)
			var refusal *transport.Error
			if !errors.As(err, &refusal) {
				t.Errorf("%v", err)
				return 0
			}
			return refusal.Code
		}
		if got := code(make([]byte, 20)); got != -404 {
			t.Errorf("a plaintext packet that is none: %d", got)
		}
		if got := code(append([]byte{1}, make([]byte, 100)...)); got != -404 {
			t.Errorf("an unknown key: %d", got)
		}
		other := f.poller(k) // another session, which is one too many
		packet, _, err := other.core.SendHTTP(time.Now(), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if got := code(packet); got != -429 {
			t.Errorf("a session too many: %d", got)
		}
		packet, _, err = p.core.SendHTTP(time.Now(), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		packet[50] ^= 1
		var violation *mtproto.ViolationError
		if _, err := conn.Exchange(t.Context(), packet); !errors.As(err, &violation) {
			t.Errorf("a packet that was changed: %v", err)
		}
		if _, err := conn.Exchange(t.Context(), nil); !errors.As(err, &violation) {
			t.Errorf("no packet: %v", err)
		}
		// The server's end answers who waits.
		go f.srv.Close()
		if o := <-held; !errors.Is(o.err, ErrServerClosed) {
			t.Errorf("%v", o.err)
		}
		if _, err := conn.Exchange(t.Context(), packet); !errors.Is(err, ErrServerClosed) {
			t.Errorf("%v", err)
		}
	})
}

// A key is made over requests that come by different connections, several at
// once; exchanges that are not gone on with are forgotten.
func TestExchangeByHTTP(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		type client struct {
			*authkey.Client
			packet []byte
		}
		var clients []*client
		for range 3 {
			c := &client{Client: authkey.NewClient(authkey.ClientOptions{Keys: publicKeys(), DC: 2, Rand: f.srv.o.Rand})}
			var err error
			if c.packet, err = c.Start(time.Now()); err != nil {
				t.Fatal(err)
			}
			clients = append(clients, c)
		}
		for done := 0; done < len(clients); {
			done = 0
			for _, c := range clients {
				if _, ok := c.Done(); ok {
					done++
					continue
				}
				answer, err := f.srv.NewHTTPConn(&net.TCPAddr{}).Exchange(t.Context(), c.packet)
				if err != nil {
					t.Fatal(err)
				}
				if c.packet, err = c.Receive(time.Now(), answer); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, c := range clients {
			made, _ := c.Done()
			if _, ok := f.keys.Load(made.Key.ID()); !ok {
				t.Error("a key is not known")
			}
		}
		for i := range maxExchanges + 10 {
			packet := make([]byte, nonceAt+16)
			packet[nonceAt], packet[nonceAt+1] = byte(i), byte(i>>8)
			_, _ = f.srv.NewHTTPConn(&net.TCPAddr{}).Exchange(t.Context(), packet)
		}
		if n := len(f.srv.exchanges.list); n != maxExchanges {
			t.Errorf("%d exchanges are kept", n)
		}
		pass(f.srv.o.HandshakeTimeout + time.Second)
		packet := make([]byte, nonceAt+16)
		_, _ = f.srv.NewHTTPConn(&net.TCPAddr{}).Exchange(t.Context(), packet)
		if n := len(f.srv.exchanges.list); n != 1 {
			t.Errorf("%d exchanges are kept after a while", n)
		}
	})
}

// What becomes due while the mailbox looks for it is sent (R-SM-20): a packet
// is only made for somebody who waits.
func TestPollDueMeanwhile(t *testing.T) {
	var ahead atomic.Int64 // how much later it is at each look at the clock
	var looks atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load() * looks.Add(1))) }
	serve(t, Options{Now: now}, func(t *testing.T, f *fixture) {
		release := make(chan struct{})
		f.h.answer = slow(release)
		p := f.begun()
		sess := f.h.session(t, 0)
		p.core.Request(query("slow"))
		if o := <-p.post(t.Context(), 0); o.err != nil {
			t.Fatal(o.err)
		}
		sess.mu.Lock()
		c, due := sess.conn, sess.core.Deadline()
		sess.mu.Unlock()
		if due.IsZero() {
			t.Fatal("nothing is to be acknowledged")
		}
		looks.Store(-1)
		ahead.Store(int64(2 * time.Until(due)))
		c.box.flush(c, sess, false) // it is due at the second look
		ahead.Store(0)
		pass(time.Until(due) + time.Second)
		if !sess.pending(c) {
			t.Error("the acknowledgement is lost")
		}
		close(release)
	})
}
