package mtserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/transport"
)

// R-SV-01, R-SV-02: a key exchange, a session and a query over every
// transport that there is.
func TestEveryTransport(t *testing.T) {
	for f := transport.Abridged; f <= transport.Full; f++ {
		for _, obfuscated := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v obfuscated=%v", f, obfuscated), func(t *testing.T) {
				serve(t, Options{}, func(t *testing.T, fx *fixture) {
					l := fx.dial(transport.Options{Framing: f, Obfuscated: obfuscated})
					made := l.exchange(authkey.ClientOptions{})
					p := newPeer(l, made.Key, made.Salt, 0)
					p.wantEcho()
					if len(p.created) != 1 {
						t.Errorf("%d new_session_created", len(p.created))
					}
					s := fx.h.session(t, 0)
					if s.ID() != p.core.ID() || s.KeyID() != made.Key.ID() || !s.Attached() || s.RemoteAddr() == nil {
						t.Errorf("session %d of key %d, attached=%v", s.ID(), s.KeyID(), s.Attached())
					}
					l.close()
				})
			})
		}
	}
}

// R-AK-15: the forms in which a client may name the DC, and a wrong one.
func TestHandshakeDC(t *testing.T) {
	serve(t, Options{DC: 3}, func(t *testing.T, f *fixture) {
		for _, dc := range []int{3, 10003, -3, -10003} {
			l := f.dial(transport.Options{})
			made := l.exchange(authkey.ClientOptions{DC: dc})
			k, ok := f.keys.Load(made.Key.ID())
			if !ok || k.Media != (dc < 0) || k.Temporary() || k.Salt != made.Salt {
				t.Errorf("DC %d: stored %v, media %v", dc, ok, k.Media)
			}
			l.close()
		}
		for _, dc := range []int{2, 10002, 20003, -4} {
			l := f.dial(transport.Options{})
			c := authkey.NewClient(authkey.ClientOptions{Keys: publicKeys(), DC: dc, Rand: f.srv.o.Rand})
			out, err := c.Start(time.Now())
			if err != nil {
				t.Fatal(err)
			}
			l.write(out)
			if out, err = c.Receive(time.Now(), l.packet()); err != nil {
				t.Fatal(err)
			}
			l.write(out)
			l.wantCode(transport.CodeInvalidDC)
			l.close()
		}
	})
}

// R-SV-02, R-AK-02, R-TR-33: a plaintext query that is none of the exchange's
// gets -404, and the connection can still make keys, several of them.
func TestHandshakeAgain(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		l := f.dial(transport.Options{})
		l.write(authkey.AppendPlain(nil, mtproto.MsgIDAt(time.Now()), ping(t)))
		l.wantCode(transport.CodeAuthKeyNotFound)
		first, second := l.exchange(authkey.ClientOptions{}), l.exchange(authkey.ClientOptions{})
		for _, made := range []authkey.Result{first, second} {
			p := newPeer(l, made.Key, made.Salt, 0)
			p.wantEcho()
		}
		l.close()
	})
}

// A failure to store the key ends the connection before the client can rely on
// the key.
func TestHandshakeStoreFails(t *testing.T) {
	serve(t, Options{Keys: brokenKeys{NewMemoryKeys()}}, func(t *testing.T, f *fixture) {
		l := f.dial(transport.Options{})
		c := authkey.NewClient(authkey.ClientOptions{Keys: publicKeys(), DC: 2, Rand: f.srv.o.Rand})
		out, err := c.Start(time.Now())
		for err == nil {
			l.write(out)
			in := l.next()
			if in.err != nil {
				break
			}
			out, err = c.Receive(time.Now(), in.packet)
		}
		if _, done := c.Done(); done || err != nil {
			t.Errorf("key made: %v, %v", done, err)
		}
	})
}

// brokenKeys is a store that stores nothing.
type brokenKeys struct{ *MemoryKeys }

var errBroken = errors.New("broken store")

func (brokenKeys) Save(Key) error             { return errBroken }
func (brokenKeys) Delete(mtproto.KeyID) error { return errBroken }

// R-EM-10, R-TR-35, R-IX-11: an unknown key gets -404 and may make one over the same
// connection; a known one is served whatever has been going on there.
func TestUnknownKey(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		l := f.dial(transport.Options{})
		stranger := newPeer(l, mtproto.NewAuthKey([256]byte{1}), 1, 0)
		stranger.core.Request(query("x"))
		stranger.flush()
		l.wantCode(transport.CodeAuthKeyNotFound)

		c := authkey.NewClient(authkey.ClientOptions{Keys: publicKeys(), DC: 2, Rand: f.srv.o.Rand})
		out, err := c.Start(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		l.write(out)
		l.packet() // the handshake has begun
		k := f.key()
		newPeer(l, k.AuthKey, k.Salt, 0).wantEcho()
		l.close()
	})
}

// R-EM-60: session id 0 gets -404.
func TestSessionZero(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		r.id = 0
		r.send(r.message(ping(t), false))
		r.wantCode(transport.CodeAuthKeyNotFound)
		if opened, _, _ := f.h.counts(); opened != 0 {
			t.Errorf("%d sessions opened", opened)
		}
	})
}

// R-SV-10, R-ER-14: what the handler refuses reaches the client as it is, and
// what goes wrong inside is no business of the client's.
func TestHandlerErrors(t *testing.T) {
	h := &handler{answer: func(_ context.Context, _ *Session, _ mtproto.MsgID, q []byte) ([]byte, error) {
		switch string(q[5:9]) {
		case "deny":
			return nil, mtproto.NewRPCError(400, "INPUT_METHOD_INVALID_287454020")
		case "wrap":
			return nil, fmt.Errorf("wrapped: %w", mtproto.NewRPCError(420, "FLOOD_WAIT_7"))
		case "fail":
			return nil, errors.New("the disk is full")
		case "nope":
			return nil, nil
		case "oddl":
			return []byte{1, 2, 3, 4, 5}, nil
		}
		panic("handler bug")
	}}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		p := f.peer(f.key())
		wantRPCError(t, p.call(query("deny")), 400, "INPUT_METHOD_INVALID")
		wantRPCError(t, p.call(query("wrap")), 420, "FLOOD_WAIT")
		for _, text := range []string{"fail", "nope", "oddl", "panic"} {
			wantRPCError(t, p.call(query(text)), 500, "INTERNAL")
		}
	})
}

// Queries of one session are handled one at a time and in the order of the
// client, also those that come while another is in hand (R-SM-70).
func TestQueriesInOrder(t *testing.T) {
	var order []string
	h := &handler{answer: func(ctx context.Context, s *Session, _ mtproto.MsgID, q []byte) ([]byte, error) {
		order = append(order, "begin "+string(q[5:7]))
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		order = append(order, "end "+string(q[5:7]))
		return q, nil
	}}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		p := f.peer(f.key())
		var want []string
		last := p.core.Request(query("00"))
		p.flush()
		want = append(want, "begin 00", "end 00")
		for i := 1; i < 20; i++ {
			text := fmt.Sprintf("%02d", i)
			last = p.core.Request(query(text))
			if i%3 == 0 {
				p.flush()
			}
			want = append(want, "begin "+text, "end "+text)
		}
		p.flush()
		p.result(last)
		if fmt.Sprint(order) != fmt.Sprint(want) {
			t.Errorf("order was %v", order)
		}
	})
}

// The handler's value of a session has its type.
func TestSessionValue(t *testing.T) {
	type mine struct{ n int }
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		f.peer(f.key()).wantEcho()
		s := f.h.session(t, 0)
		if v, ok := Value[*mine](s); ok || v != nil {
			t.Errorf("value before it was set: %v", v)
		}
		SetValue(s, &mine{3})
		if v, ok := Value[*mine](s); !ok || v.n != 3 {
			t.Errorf("value %v, %v", v, ok)
		}
		if v, ok := Value[mine](s); ok || v.n != 0 {
			t.Errorf("value of another type: %v", v)
		}
	})
}

// Over real TCP everything is the same.
func TestLoopback(t *testing.T) {
	srv, err := New(Options{DC: 2, PrivateKey: rsaKey(), Handler: &handler{}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	nc, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	f := &fixture{t: t, srv: srv}
	l := f.over(nc, transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true})
	made := l.exchange(authkey.ClientOptions{})
	p := newPeer(l, made.Key, made.Salt, 0)
	for range 10 {
		p.wantEcho()
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	l.wantCut()
	if err := srv.Serve(listener); !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve after Shutdown: %v", err)
	}
}

func TestOptions(t *testing.T) {
	good := Options{DC: 1, PrivateKey: rsaKey(), Handler: &handler{}}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Options){
		"no DC":            func(o *Options) { o.DC = 0 },
		"test DC":          func(o *Options) { o.DC = 10001 },
		"no key":           func(o *Options) { o.PrivateKey = nil },
		"no handler":       func(o *Options) { o.Handler = nil },
		"negative timeout": func(o *Options) { o.IdleTimeout = -1 },
		"negative limit":   func(o *Options) { o.MaxQueries = -1 },
	} {
		o := good
		spoil(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// A quick acknowledgement names the packet by its token (R-TR-21,
// R-TR-24), and none is given for what is refused.
func TestQuickAck(t *testing.T) {
	for _, framing := range []transport.Framing{transport.Abridged, transport.Intermediate, transport.PaddedIntermediate} {
		t.Run(framing.String(), func(t *testing.T) {
			serve(t, Options{}, func(t *testing.T, f *fixture) {
				k := f.key()
				p := newPeer(f.dial(transport.Options{Framing: framing}), k.AuthKey, k.Salt, 0)
				p.core.Request(query("sent"))
				packet, token, err := p.core.Send(time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if err := p.conn.WritePacketQuickAck(packet); err != nil {
					t.Fatal(err)
				}
				p.pump()
				if got := <-p.acks; got != token {
					t.Errorf("token %x, want %x", got, token)
				}
				packet[len(packet)-1] ^= 1
				if err := p.conn.WritePacketQuickAck(packet); err != nil {
					t.Fatal(err)
				}
				for {
					if in := p.next(); in.err != nil {
						break
					}
				}
				if len(p.acks) != 0 {
					t.Error("a forged packet was acknowledged")
				}
			})
		})
	}
}

// R-SV-08: ids of the server rise within a session across connections, end in
// 1 for answers and 3 for the rest, tell the server's time, and seqnos count
// what is content-related.
func TestServerMessageIDs(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		k := f.key()
		r := f.raw(k)
		var all []element
		for range 3 {
			r.send(r.message(query("one"), true))
			r.send(r.message(ping(t), false))
			all = append(all, r.waiting()...)
			r.close()
			r.on(f.dial(transport.Options{Framing: transport.Abridged}))
		}
		slices.SortStableFunc(all, func(a, b element) int { return cmp.Compare(uint64(a.id), uint64(b.id)) })
		// What was not acknowledged came again after each reconnect.
		all = slices.CompactFunc(all, func(a, b element) bool { return a.id == b.id && a.seqno == b.seqno })
		var last mtproto.MsgID
		contents := int32(0)
		for _, m := range all {
			if !last.Before(m.id) || m.id&1 != 1 || time.Since(m.id.Time()).Abs() > time.Minute {
				t.Errorf("id %x after %x", m.id, last)
			}
			last = m.id
			if m.seqno>>1 != contents {
				t.Errorf("seqno %d after %d content-related messages", m.seqno, contents)
			}
			contents += m.seqno & 1
		}
		if contents != 4 { // new_session_created and 3 results
			t.Errorf("%d content-related messages", contents)
		}
		var pong mt.Pong
		if m := r.ask(&mt.Ping{PingID: 9}, &pong); m.id&3 != 1 || pong.PingID != 9 {
			t.Errorf("pong %x for %d", m.id, pong.PingID)
		}
	})
}

// Many clients at once, with connections that come and go, while updates are
// pushed to all of them: every query is answered and nobody gets another's.
func TestManyClients(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		const clients, rounds = 24, 12
		keys := make([]Key, 6)
		for i := range keys {
			keys[i] = f.key()
		}
		stop := make(chan struct{})
		var pushers, wg sync.WaitGroup
		pushers.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
				for s := range f.srv.Sessions() {
					s.Push(query("to all"))
				}
			}
		})
		for i := range clients {
			wg.Go(func() {
				k := keys[i%len(keys)]
				p := newPeer(f.dial(transport.Options{Framing: transport.Framing(i % 4)}), k.AuthKey, k.Salt, 0)
				for round := range rounds {
					q := query(fmt.Sprintf("client %d, round %d", i, round))
					if result := p.call(q); result.Err != nil || string(result.Body) != string(q) {
						t.Errorf("%q answered %q, %v", q, result.Body, result.Err)
					}
					<-time.After(time.Duration(i+1) * time.Millisecond)
					if round%3 == 2 {
						p.close()
						p.reconnect(f.dial(transport.Options{Obfuscated: true}))
					}
				}
				if len(p.updates) == 0 {
					t.Errorf("client %d got no update", i)
				}
			})
		}
		wg.Wait()
		close(stop)
		pushers.Wait()
		if opened, closed, queries := f.h.counts(); opened != clients || closed != 0 || queries != clients*rounds {
			t.Errorf("%d sessions opened, %d closed, %d queries", opened, closed, queries)
		}
	})
}
