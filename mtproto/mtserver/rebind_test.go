package mtserver

import (
	"encoding/binary"
	"testing"

	"godwit/mtproto/internal/mt"
	"godwit/mtproto/transport"
	"godwit/tl"
)

// R-PF-07: when the next temporary key is bound, what is in hand under the one
// before is still answered, and what comes later is refused.
func TestReplacedKeyIsAnswered(t *testing.T) {
	h := &handler{}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		permanent := f.key()
		old := f.temporary(permanent, false, 1)
		release := make(chan struct{})
		h.answer = slow(release)
		inHand := old.message(query("in hand"), true)
		old.send(inHand)
		if opened, closed, queries := h.counts(); opened != 1 || closed != 0 || queries != 1 {
			t.Fatalf("%d opened, %d closed, %d queries", opened, closed, queries)
		}
		next := f.temporary(permanent, false, 2)
		if s := h.session(t, 1); s.Displaced() == nil || s.Rebound() {
			t.Errorf("displaced %v, rebound %v", s.Displaced(), s.Rebound())
		}
		close(release)
		var result mt.RPCResult
		for result.ReqMsgID != int64(inHand.MsgID) {
			old.await(&result)
		}
		if tl.NewReader(result.Result).PeekID() == mt.IDRPCError {
			t.Errorf("answer %x", result.Result)
		}
		old.wantRefused(old.message(query("late"), true), 401, "AUTH_KEY_PERM_EMPTY")
		if opened, closed, _ := h.counts(); opened != 3 || closed != 1 {
			t.Errorf("%d opened, %d closed", opened, closed) // the old one again, unbound
		}
		if id, refusal := old.bind(permanent, nil); id != tl.IDBoolTrue {
			t.Fatalf("not bound again: %s", refusal.ErrorMessage)
		}
		if s := h.session(t, 2); !s.Rebound() {
			t.Error("not told that the key was bound again")
		}
		next.wantRefused(next.message(query("late"), true), 401, "AUTH_KEY_PERM_EMPTY")
	})
}

// R-PF-13: auth.dropTempAuthKeys forgets temporary keys but for some, after it
// is answered.
func TestDropTemporaryKeys(t *testing.T) {
	drop := func(except ...*raw) []byte {
		b := binary.LittleEndian.AppendUint32(nil, idDropTempAuthKeys)
		b = binary.LittleEndian.AppendUint32(b, tl.IDVector)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(except)))
		for _, r := range except {
			b = binary.LittleEndian.AppendUint64(b, uint64(r.key.ID()))
		}
		return b
	}
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		permanent, other := f.key(), f.key()
		own, media, foreign := f.temporary(permanent, false, 1), f.temporary(permanent, true, 2), f.temporary(other, false, 3)
		for range 2 { // nothing is left for the second time
			if id, refusal := own.answer(own.message(drop(own), true)); id != tl.IDBoolTrue {
				t.Fatalf("refused: %s", refusal.ErrorMessage)
			}
		}
		media.wantCut()
		media.on(f.dial(transport.Options{}))
		media.send(media.message(ping(t), false))
		media.wantCode(transport.CodeAuthKeyNotFound)
		wantSessions(t, f, permanent.AuthKey.ID(), 1)
		wantSessions(t, f, other.AuthKey.ID(), 3)
		if id, refusal := own.answer(own.message(drop(), true)); id != tl.IDBoolTrue {
			t.Fatalf("refused: %s", refusal.ErrorMessage)
		}
		own.wantCut()
		if _, ok := f.keys.Load(own.key.ID()); ok {
			t.Error("the caller's own key is still stored")
		}
		foreign.wantRefused(foreign.message(append(drop(), 1, 2, 3, 4), true), 400, "INPUT_FETCH_FAIL")
		unbound := f.raw(f.keyUntil(f.srv.o.Now().Add(1e12)))
		unbound.wantRefused(unbound.message(drop(), true), 401, "AUTH_KEY_PERM_EMPTY")
	})
}
