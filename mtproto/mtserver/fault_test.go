package mtserver

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/transport"
	"godwit/tl"
)

// R-TR-33: packets of a key are refused or ignored as long as they are to be,
// and the client can go on after that.
func TestPacketFaults(t *testing.T) {
	var fault atomic.Pointer[PacketFault]
	fault.Store(new(PacketFault))
	var asked mtproto.KeyID
	o := Options{PacketFault: func(key mtproto.KeyID) PacketFault {
		asked = key
		return *fault.Load()
	}}
	serve(t, o, func(t *testing.T, f *fixture) {
		k := f.key()
		p := f.peer(k)
		p.wantEcho()
		if asked != k.AuthKey.ID() {
			t.Errorf("asked for key %x, want %x", asked, k.AuthKey.ID())
		}
		for _, code := range []int32{transport.CodeAuthKeyNotFound, transport.CodeFlood} {
			fault.Store(&PacketFault{Code: code})
			p.core.Request(query("refused"))
			p.flush()
			p.wantCode(code)
		}
		fault.Store(&PacketFault{Ignore: true})
		p.core.Request(query("ignored"))
		p.flush()
		p.wantQuiet()
		fault.Store(new(PacketFault))
		p.wantEcho()
		if _, _, queries := f.h.counts(); queries != 2 {
			t.Errorf("%d queries were handled, want 2", queries)
		}
	})
}

// A query that is lost gets no answer, and its session is gone.
func TestLostQuery(t *testing.T) {
	h := &handler{}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		k := f.key()
		p := f.peer(k)
		p.wantEcho()
		h.answer = func(context.Context, *Session, mtproto.MsgID, []byte) ([]byte, error) { return nil, ErrLost }
		p.core.Request(query("lost"))
		p.flush()
		p.wantLost()
		if opened, closed, queries := h.counts(); opened != 1 || closed != 1 || queries != 2 {
			t.Errorf("%d sessions opened, %d closed, %d queries", opened, closed, queries)
		}
		h.answer = nil
		p = f.peer(k)
		p.wantEcho()
		if opened, _, _ := h.counts(); opened != 2 {
			t.Errorf("%d sessions opened, want the second", opened)
		}
	})
}

// wantLost reads until the connection ends, and wants no answer before.
func (p *peer) wantLost() {
	p.t.Helper()
	clear(p.results)
	for in := p.next(); in.err == nil; in = p.next() {
		if _, err := p.core.Receive(time.Now(), in.packet); err != nil {
			p.t.Fatal(err)
		}
	}
	if len(p.results) > 0 {
		p.t.Errorf("answers came: %v", p.results)
	}
}

// A connection can be closed without the session.
func TestDisconnect(t *testing.T) {
	for _, all := range []bool{false, true} {
		serve(t, Options{}, func(t *testing.T, f *fixture) {
			p := f.peer(f.key())
			p.wantEcho()
			if all {
				f.srv.Disconnect()
			} else {
				f.h.session(t, 0).Disconnect()
			}
			p.wantLost()
			p.reconnect(f.dial(transport.Options{Framing: transport.Intermediate}))
			p.wantEcho()
			if opened, _, _ := f.h.counts(); opened != 1 {
				t.Errorf("%d sessions, want 1", opened)
			}
		})
	}
}

// R-TR-33, R-PF-07: keys are forgotten while their clients are connected: a
// permanent one with the temporary one that speaks for it, or that one alone.
func TestForgetKey(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		permanent, other := f.key(), f.key()
		temporary := f.keyUntil(time.Now().Add(time.Hour))
		bound := f.raw(temporary)
		if id, refusal := bound.bind(permanent, nil); id != tl.IDBoolTrue {
			t.Fatalf("not bound: %v", refusal)
		}
		stays := f.peer(other)
		stays.wantEcho()
		if err := f.srv.ForgetTemporary(permanent.AuthKey.ID()); err != nil {
			t.Fatal(err)
		}
		bound.send(bound.message(query("under a key that is gone"), true))
		bound.wantCode(transport.CodeAuthKeyNotFound)
		direct := f.peer(permanent)
		direct.wantEcho()
		if err := f.srv.ForgetKey(permanent.AuthKey.ID()); err != nil {
			t.Fatal(err)
		}
		direct.core.Request(query("under a key that is gone"))
		direct.flush()
		direct.wantCode(transport.CodeAuthKeyNotFound)
		stays.wantEcho()
		if err := f.srv.ForgetKey(permanent.AuthKey.ID()); err != nil {
			t.Errorf("a second time: %v", err)
		}
	})
}

// R-EM-42: clients are told of new salts when all of theirs are refused, those
// that come later too.
func TestChangeSalts(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		k := f.key()
		p := f.peer(k)
		p.wantEcho()
		before := p.core.Salts()
		for range 2 {
			f.srv.ChangeSalts()
			p.wantEcho()
		}
		for _, salt := range before {
			for _, now := range p.core.Salts() {
				if salt.Value == now.Value && int64(now.ValidSince) <= time.Now().Unix() {
					t.Errorf("salt %x is still in use", salt.Value)
				}
			}
		}
		p.close()
		later := f.peer(k)
		later.wantEcho()
	})
}
