package mtserver

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
	"godwit/tl"
)

// R-SV-09: service queries that have an answer get it as a message of its own,
// or as rpc_result where section 5 says so (R-SM-01, R-SM-50).
func TestServiceQueries(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		var pong mt.Pong
		if r.ask(&mt.Ping{PingID: 6}, &pong); pong.PingID != 6 || pong.MsgID != int64(r.last) {
			t.Errorf("R-SM-64: %+v", pong)
		}
		if r.ask(&mt.PingDelayDisconnect{PingID: 7, DisconnectDelay: 60}, &pong); pong.PingID != 7 {
			t.Errorf("R-SM-65: %+v", pong)
		}
		var salts mt.FutureSalts
		if r.ask(&mt.GetFutureSalts{Num: 3}, &salts); len(salts.Salts) != 3 || salts.ReqMsgID != int64(r.last) {
			t.Errorf("R-SM-63: %+v", salts)
		}
		known := int64(r.last)
		var info mt.MsgsStateInfo
		if r.ask(&mt.MsgsStateReq{MsgIDs: []int64{known, known + 1<<40}}, &info); len(info.Info) != 2 || info.Info[0]&7 != 4 || info.Info[1]&7 != 3 {
			t.Errorf("R-SM-40, R-SM-41: %+v", info)
		}
		if r.ask(&mt.MsgResendReq{MsgIDs: []int64{known}}, &info); len(info.Info) != 1 {
			t.Errorf("R-SM-43: %+v", info)
		}
		var result mt.RPCResult
		r.ask(&mt.RPCDropAnswer{ReqMsgID: known + 4000}, &result)
		if tl.NewReader(result.Result).PeekID() != mt.IDRPCAnswerUnknown {
			t.Errorf("R-SM-50: %x", result.Result)
		}
		r.send(r.message(marshal(t, &mt.HTTPWait{MaxWait: 1}), false)) // R-HT-03: says nothing over TCP
		r.wantQuiet()
		if _, _, queries := f.h.counts(); queries != 0 {
			t.Errorf("%d of these reached the handler", queries)
		}
	})
}

// R-SM-43: what the server has sent it sends again, under the same id.
func TestResendRequest(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		r.send(r.message(query("x"), true))
		var first, again mt.RPCResult
		original := r.await(&first)
		m := r.ask(&mt.MsgResendReq{MsgIDs: []int64{int64(original.id)}}, &again)
		if m.id != original.id || !bytes.Equal(m.body, original.body) {
			t.Errorf("%x sent again as %x", original.id, m.id)
		}
	})
}

// R-SM-50: a query that is dropped while it is in hand ends with
// rpc_answer_dropped_running, and its late answer is not sent.
func TestDropRunning(t *testing.T) {
	var release chan struct{}
	h := &handler{}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		release = make(chan struct{})
		h.answer = slow(release)
		r := f.raw(f.key())
		q := r.message(query("long"), true)
		r.send(q)
		r.waiting()
		drop := r.message(marshal(t, &mt.RPCDropAnswer{ReqMsgID: int64(q.MsgID)}), false)
		r.send(drop)
		ended := map[int64]uint32{}
		for _, m := range r.waiting() {
			var result mt.RPCResult
			if tl.Unmarshal(m.body, &result) == nil {
				ended[result.ReqMsgID] = tl.NewReader(result.Result).PeekID()
			}
		}
		for _, id := range []mtproto.MsgID{q.MsgID, drop.MsgID} {
			if ended[int64(id)] != mt.IDRPCAnswerDroppedRunning {
				t.Errorf("results %x", ended)
			}
		}
		close(release)
		r.wantQuiet()
	})
}

// R-SM-65: the connection ends when the delay has passed, not when another
// ping has come before.
func TestPingDelayDisconnect(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		var pong mt.Pong
		for range 4 {
			r.ask(&mt.PingDelayDisconnect{DisconnectDelay: 75}, &pong)
			pass(60 * time.Second)
		}
		r.ask(&mt.PingDelayDisconnect{DisconnectDelay: 75}, &pong)
		pass(74 * time.Second)
		r.wantQuiet()
		pass(time.Second)
		r.wantCut()
		if opened, closed, _ := f.h.counts(); opened != 1 || closed != 0 {
			t.Errorf("%d sessions opened, %d closed", opened, closed)
		}
	})
}

// R-SM-67: destroy_session ends another session of the key, and none that is
// not there or is the current one.
func TestDestroySession(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		k := f.key()
		other := f.raw(k)
		other.id = 78
		var pong mt.Pong
		other.ask(&mt.Ping{}, &pong)
		r := f.raw(k)
		var ok mt.DestroySessionOK
		if r.ask(&mt.DestroySession{SessionID: 78}, &ok); ok.SessionID != 78 {
			t.Errorf("ok for %d", ok.SessionID)
		}
		if opened, closed, _ := f.h.counts(); opened != 2 || closed != 1 || f.h.closed[0].ID() != 78 {
			t.Errorf("%d sessions opened, %d closed", opened, closed)
		}
		for _, id := range []int64{78, 77, 1} {
			var none mt.DestroySessionNone
			if r.ask(&mt.DestroySession{SessionID: id}, &none); none.SessionID != id {
				t.Errorf("none for %d", none.SessionID)
			}
		}
		// Used again it is a new session.
		var created mt.NewSessionCreated
		other.ask(&mt.Ping{}, &created)
	})
}

// R-AK-40: destroy_auth_key ends the key, all that used it, and nothing else.
func TestDestroyAuthKey(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		k, bystander := f.key(), f.peer(f.key())
		bystander.wantEcho()
		other := f.raw(k)
		other.id = 78
		var pong mt.Pong
		other.ask(&mt.Ping{}, &pong)
		r := f.raw(k)
		var ok mt.DestroyAuthKeyOK
		r.ask(&mt.DestroyAuthKey{}, &ok)
		for {
			if in := other.next(); in.err != nil {
				break
			}
		}
		r.send(r.message(ping(t), false))
		r.wantCode(transport.CodeAuthKeyNotFound)
		if opened, closed, _ := f.h.counts(); opened != 3 || closed != 2 || len(f.h.destroyed) != 1 || f.h.destroyed[0] != k.AuthKey.ID() {
			t.Errorf("%d sessions opened, %d closed, keys %d destroyed", opened, closed, f.h.destroyed)
		}
		if _, stored := f.keys.Load(k.AuthKey.ID()); stored {
			t.Error("the key is still stored")
		}
		bystander.wantEcho()
	})
}

// A key that the store will not let go is not destroyed.
func TestDestroyAuthKeyFails(t *testing.T) {
	keys := NewMemoryKeys()
	serve(t, Options{Keys: stickyKeys{keys}}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		var fail mt.DestroyAuthKeyFail
		r.ask(&mt.DestroyAuthKey{}, &fail)
		var pong mt.Pong
		r.ask(&mt.Ping{}, &pong)
		if _, closed, _ := f.h.counts(); closed != 0 || len(f.h.destroyed) != 0 {
			t.Errorf("%d sessions closed, keys %d destroyed", closed, f.h.destroyed)
		}
	})
}

// stickyKeys is a store that deletes nothing.
type stickyKeys struct{ *MemoryKeys }

func (stickyKeys) Delete(mtproto.KeyID) error { return errBroken }

// R-SV-09, R-EM-62, R-SM-26, R-IX-30: a session lives on without its connection. What
// was in hand is answered over the next one, what was pushed meanwhile and
// what was not acknowledged comes too, in order, and each once.
func TestReconnect(t *testing.T) {
	var release chan struct{}
	h := &handler{}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		release = make(chan struct{})
		k := f.key()
		p := f.peer(k)
		p.wantEcho()
		h.answer = slow(release)
		s := f.h.session(t, 0)
		s.Push(query("update 0"))
		p.pump()
		request := p.core.Request(query("long"))
		p.flush()
		f.h.counts()
		p.close()
		f.h.counts()
		if s.Attached() {
			t.Error("attached without a connection")
		}
		close(release)
		s.Push(query("update 1"))
		s.Push(query("update 2"))
		pass(time.Minute)

		p.reconnect(f.dial(transport.Options{Framing: transport.Full, Obfuscated: true}))
		p.core.Request(query("poke"))
		p.flush()
		if result := p.result(request); result.Err != nil {
			t.Error(result.Err)
		}
		p.settle()
		for i, update := range p.updates {
			if want := query("update " + string(rune('0'+i))); update != string(want) {
				t.Errorf("update %d is %q", i, update)
			}
		}
		if opened, closed, queries := f.h.counts(); opened != 1 || closed != 0 || queries != 3 {
			t.Errorf("%d sessions opened, %d closed, %d queries", opened, closed, queries)
		}
		if len(p.updates) != 3 || len(p.created) != 1 || !s.Attached() {
			t.Errorf("%d updates, %d new sessions", len(p.updates), len(p.created))
		}
	})
}

// R-TR-08, R-TR-09: packets are routed by key and session, not by socket: two
// sessions of different keys share a connection, and a session moves to the
// connection that it was used over last, but not by a packet sent twice.
func TestRouting(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		one, two := f.raw(f.key()), f.raw(f.key())
		two.close()
		two.on(one.link)
		var pong mt.Pong
		first := one.message(ping(t), false)
		one.send(first)
		one.await(&pong)
		synctest.Wait() // the handler is told of a session beside its first answer
		two.ask(&mt.Ping{PingID: 2}, &pong)
		for i, key := range []*raw{one, two} {
			if s := f.h.session(t, i); s.KeyID() != key.key.ID() || !s.Attached() {
				t.Errorf("session %d is of key %d", i, s.KeyID())
			}
		}
		one.waiting()
		// A replay over another connection.
		thief := f.dial(transport.Options{Framing: transport.Abridged})
		packet, _, err := session.Seal(f.srv.o.Rand, &one.key, mtproto.Client, first)
		if err != nil {
			t.Fatal(err)
		}
		thief.write(packet)
		f.h.session(t, 0).Push(query("private"))
		if list := one.waiting(); len(list) != 1 || !bytes.Equal(list[0].body, query("private")) {
			t.Errorf("%d messages for the owner", len(list))
		}
		thief.wantQuiet()
		// The owner itself may move.
		old := one.link
		one.on(f.dial(transport.Options{Framing: transport.Intermediate}))
		one.ask(&mt.Ping{}, &pong)
		f.h.session(t, 0).Push(query("moved"))
		if list := one.waiting(); len(list) == 0 {
			t.Error("nothing pushed over the new connection")
		}
		old.wantQuiet()
	})
}

// R-EM-61: a session without a connection is forgotten after SessionTTL, one
// with a connection is not; used again it is new (R-SM-60).
func TestSessionTTL(t *testing.T) {
	serve(t, Options{SessionTTL: 4 * time.Minute}, func(t *testing.T, f *fixture) {
		k := f.key()
		stays, goes := f.raw(k), f.raw(k)
		goes.id = 78
		var pong mt.Pong
		stays.ask(&mt.Ping{}, &pong)
		goes.ask(&mt.Ping{}, &pong)
		goes.close()
		pass(3 * time.Minute)
		if _, closed, _ := f.h.counts(); closed != 0 {
			t.Fatal("closed too early")
		}
		pass(4 * time.Minute)
		if _, closed, _ := f.h.counts(); closed != 1 || f.h.closed[0].ID() != 78 {
			t.Fatalf("%d sessions closed", closed)
		}
		goes.on(f.dial(transport.Options{}))
		var created mt.NewSessionCreated
		e := goes.message(ping(t), false)
		goes.send(e)
		if goes.await(&created); created.FirstMsgID != int64(e.MsgID) || created.ServerSalt != int64(k.Salt) {
			t.Errorf("%+v", created)
		}
		stays.ask(&mt.Ping{}, &pong)
		if opened, closed, _ := f.h.counts(); opened != 3 || closed != 1 {
			t.Errorf("%d sessions opened, %d closed", opened, closed)
		}
	})
}

// R-SV-04, R-SM-60: an older message that comes late makes one more
// new_session_created, a newer one none.
func TestSessionCreated(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		older, newer := r.message(query("older"), true), r.message(query("newer"), true)
		r.send(newer)
		var created mt.NewSessionCreated
		if m := r.await(&created); created.FirstMsgID != int64(newer.MsgID) || m.seqno&1 != 1 {
			t.Errorf("%+v", created)
		}
		unique := created.UniqueID
		r.waiting()
		r.send(older)
		if r.await(&created); created.FirstMsgID != int64(older.MsgID) || created.UniqueID == unique {
			t.Errorf("%+v", created)
		}
		r.waiting()
		r.send(r.message(query("newest"), true))
		for _, m := range r.waiting() {
			if tl.NewReader(m.body).PeekID() == mt.IDNewSessionCreated {
				t.Error("a newer message made another new_session_created")
			}
		}
	})
}

// A handler may push as soon as it hears of a session, and from within a query.
func TestPushFromHandler(t *testing.T) {
	h := &handler{opens: func(s *Session) { s.Push(query("hello")) }}
	h.answer = func(_ context.Context, s *Session, _ mtproto.MsgID, q []byte) ([]byte, error) {
		s.Push(query("from within"))
		return q, nil
	}
	serve(t, Options{Handler: h, CompressAbove: 64}, func(t *testing.T, f *fixture) {
		p := f.peer(f.key())
		long := bytes.Repeat([]byte{0, 1, 2, 3}, 1000)
		if result := p.call(append(query("x"), long...)); result.Err != nil || !bytes.HasSuffix(result.Body, long) {
			t.Errorf("%d bytes, %v", len(result.Body), result.Err)
		}
		p.settle()
		if len(p.updates) != 2 || p.updates[0] != string(query("hello")) || p.updates[1] != string(query("from within")) {
			t.Errorf("updates %q", p.updates)
		}
	})
}
