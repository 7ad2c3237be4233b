package mtserver

import (
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// R-TR-09, R-IX-02: a packet from the future that was refused does not tie the
// session to the connection it came over.
func TestRefusedPacketDoesNotHoldTheSession(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		var pong mt.Pong
		r.ask(&mt.Ping{}, &pong)
		e := r.message(ping(t), false)
		e.MsgID = mtproto.MsgIDAt(time.Now().Add(time.Hour))
		r.send(e)
		var bad mt.BadMsgNotification
		if r.await(&bad); bad.ErrorCode != 17 {
			t.Fatalf("code %d", bad.ErrorCode)
		}
		old := r.link
		pass(time.Second)
		r.on(f.dial(transport.Options{}))
		r.send(r.message(ping(t), false))
		synctest.Wait()
		if len(r.in) == 0 {
			t.Error("the answer went over the old connection")
		}
		old.close()
	})
}

// R-SM-13, R-SM-22: lists that are too long get -429, and the client is cut
// off.
func TestTooManyIDs(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		r.send(r.message(marshal(t, &mt.MsgsAck{MsgIDs: make([]int64, session.MaxAckIDs+1)}), false))
		r.wantCode(transport.CodeFlood)
		r.wantCut()
	})
}
