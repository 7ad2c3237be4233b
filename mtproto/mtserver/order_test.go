package mtserver

import (
	"context"
	"slices"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// afterMsg wraps a query in invokeAfterMsg, or invokeAfterMsgs for several.
func afterMsg(q []byte, after ...mtproto.MsgID) []byte {
	var b tl.Buffer
	if len(after) == 1 {
		b.ID(idInvokeAfterMsg)
	} else {
		b.ID(idInvokeAfterMsgs)
		b.Vector(len(after))
	}
	for _, id := range after {
		b.Long(int64(id))
	}
	return append(b.Bytes(), q...)
}

// R-SM-70, R-SM-72, R-TL-38: a query that names others is carried out when they
// have succeeded, refused when one of them has failed, and when one has not come
// after half a second.
func TestInvokeAfter(t *testing.T) {
	h := &handler{}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		fails := mtproto.NewRPCError(400, "BAD")
		h.answer = func(_ context.Context, _ *Session, _ mtproto.MsgID, q []byte) ([]byte, error) {
			if method, _ := innerQuery(q); string(method) == string(query("fails")) {
				return nil, fails
			}
			return query("fine"), nil
		}
		r := f.raw(f.key())
		good, bad := r.message(query("good"), true), r.message(query("fails"), true)
		r.answer(good)
		r.wantRefused(bad, 400, "BAD")
		if id, _ := r.answer(r.message(afterMsg(query("a"), good.MsgID), true)); id == mt.IDRPCError {
			t.Error("refused after one that succeeded")
		}
		layered := append(wrapperOf(idInvokeWithoutUpdates), afterMsg(query("a"), good.MsgID, bad.MsgID)...)
		r.wantRefused(r.message(layered, true), 400, "MSG_WAIT_FAILED")

		start := time.Now()
		r.wantRefused(r.message(afterMsg(query("a"), good.MsgID+1<<20), true), 400, "MSG_WAIT_TIMEOUT")
		if took := time.Since(start); took != 500*time.Millisecond {
			t.Errorf("waited %v", took)
		}

		// The predecessor comes a moment later.
		second := r.message(nil, true)
		first := second.MsgID + 400
		second.Body = afterMsg(query("b"), first)
		r.send(second)
		pass(100 * time.Millisecond)
		e := r.message(query("late"), true)
		e.MsgID = first
		r.send(e)
		var result mt.RPCResult
		for result.ReqMsgID != int64(second.MsgID) {
			r.await(&result)
		}
		if tl.NewReader(result.Result).PeekID() == mt.IDRPCError {
			t.Errorf("refused: %x", result.Result)
		}
	})
}

// wrapperOf is a wrapper without fields.
func wrapperOf(id uint32) []byte {
	var b tl.Buffer
	b.ID(id)
	return b.Bytes()
}

// A query may wait for one that stands behind it in the same container.
func TestInvokeAfterLater(t *testing.T) {
	h := &handler{}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		a, b := r.message(nil, true), r.message(query("second, and first to go"), true)
		a.Body = afterMsg(query("first, and second to go"), b.MsgID)
		r.send(r.message(container(a, b), false))
		done := map[int64]bool{}
		for !done[int64(a.MsgID)] || !done[int64(b.MsgID)] {
			var result mt.RPCResult
			r.await(&result)
			done[result.ReqMsgID] = true
			if tl.NewReader(result.Result).PeekID() == mt.IDRPCError {
				t.Fatalf("refused: %x", result.Result)
			}
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(h.queries) != 2 || !slices.Equal(h.queries[0], b.Body) {
			t.Errorf("handled %q", h.queries)
		}
	})
}
