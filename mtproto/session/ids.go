package session

import (
	"time"

	"godwit/mtproto"
)

// allocator gives message ids and sequence numbers, both in one step and in
// the order in which messages leave (R-EM-36).
type allocator struct {
	last    mtproto.MsgID
	content int32 // content-related messages so far
}

// next returns an id for a message made at the given server time and its
// seqno (R-EM-20, R-EM-30). The low two bits of the id are kind: 0 for a
// client's, 1 for a server's answer, 3 for what a server sends by itself.
func (a *allocator) next(at time.Time, kind mtproto.MsgID, content bool) (mtproto.MsgID, int32) {
	id := mtproto.MsgIDAt(at)
	if !a.last.Before(id) {
		id = a.last&^3 + 4
	}
	if uint64(id)&0xffffffff == 0 {
		id += 4 // the low half must not be empty
	}
	id |= kind
	a.last = id
	seqno := a.content * 2
	if content {
		seqno++
		a.content++
	}
	return id, seqno
}
