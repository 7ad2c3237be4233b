package mtserver

import (
	"io"
	"testing"
	"testing/synctest"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// Whatever a stranger sends, the server forgets the connection when it ends,
// and goes on.
func FuzzConnection(f *testing.F) {
	rsaKey()
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte{0xef, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add(append([]byte{0xee, 0xee, 0xee, 0xee, 40, 0, 0, 0}, make([]byte, 40)...))
	f.Add([]byte{0xdd, 0xdd, 0xdd, 0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Add(append([]byte{52, 0, 0, 0}, make([]byte, 60)...))
	f.Fuzz(func(t *testing.T, input []byte) {
		synctest.Test(t, func(t *testing.T) {
			f := start(t, Options{})
			defer f.stop()
			c := f.net.dial(t)
			go func() { _, _ = io.Copy(io.Discard, c) }()
			_, _ = c.Write(input) // the server may close it before the end
			synctest.Wait()
			c.Close()
			synctest.Wait()
			if n := len(f.srv.conns); n != 0 {
				t.Errorf("%d connections left", n)
			}
			if opened, _, queries := f.h.counts(); opened != 0 || queries != 0 {
				t.Errorf("%d sessions, %d queries of a stranger", opened, queries)
			}
		})
	})
}

// Whatever a client with a good key sends, others and its own next connection
// are served.
func FuzzMessage(f *testing.F) {
	rsaKey()
	f.Add(query("x"), int32(1), int64(0))
	f.Add(ping(f), int32(0), int64(4))
	f.Add(container(&session.Envelope{MsgID: 8, SeqNo: 1, Body: query("x")}), int32(2), int64(0))
	for _, wrapIt := range wrappers {
		f.Add(wrapIt(query("inside")), int32(1), int64(0))
	}
	f.Add(marshal(f, &mt.MsgsStateReq{MsgIDs: []int64{1, 2}}), int32(0), int64(0))
	f.Add(marshal(f, &mt.DestroySession{SessionID: 77}), int32(0), int64(0))
	f.Add(marshal(f, &mt.RPCDropAnswer{ReqMsgID: 77}), int32(0), int64(0))
	f.Fuzz(func(t *testing.T, body []byte, seqno int32, shift int64) {
		if len(body) > 1<<16 {
			return // slow
		}
		synctest.Test(t, func(t *testing.T) {
			f := start(t, Options{})
			defer f.stop()
			r := f.raw(f.key())
			e := r.message(append(body, make([]byte, -len(body)&3)...), false)
			e.SeqNo = seqno
			e.MsgID += mtproto.MsgID(4 * (shift % (1 << 40)))
			r.send(e)
			synctest.Wait()
			r.close()
			synctest.Wait()
			r.on(f.dial(transport.Options{}))
			r.id++
			var pong mt.Pong
			if _, ok := f.keys.Load(r.key.ID()); ok { // unless it sent destroy_auth_key
				r.ask(&mt.Ping{}, &pong)
			}
		})
	})
}
