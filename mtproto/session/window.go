package session

import (
	"slices"
	"time"

	"godwit/mtproto"
)

const (
	// windowSize is how many message ids a receiver remembers (R-EM-15 names no
	// number; TDLib and mtcute keep 1000).
	windowSize = 1024
	// windowRest is how many of those that came windowAge before the last one or
	// earlier, of a session that rests.
	windowRest = 64
	windowAge  = time.Hour
)

// window remembers the message ids received last, in order.
type window struct {
	entries []received // sorted by id; grows to twice what is remembered, then is cut
	full    bool
}

type received struct {
	id        mtproto.MsgID
	seqno     int32
	container bool
	acked     bool // we have acknowledged it, or it needs no acknowledgement
	forgotten bool // server: a query whose answer was given up unacknowledged
}

// verdict is what a window says of an id.
type verdict uint8

const (
	unseen    verdict = iota
	duplicate         // remembered
	tooOld            // lower than all that is remembered (R-EM-15)
)

func (w *window) find(id mtproto.MsgID) (int, bool) {
	return slices.BinarySearchFunc(w.entries, id, func(e received, id mtproto.MsgID) int {
		switch {
		case e.id == id:
			return 0
		case e.id.Before(id):
			return -1
		}
		return 1
	})
}

// judge tells whether id has been received.
func (w *window) judge(id mtproto.MsgID) verdict {
	i, found := w.find(id)
	switch {
	case found:
		return duplicate
	case i == 0 && w.full:
		return tooOld
	}
	return unseen
}

// insert remembers e, whose id judge called unseen.
func (w *window) insert(e received) {
	i, _ := w.find(e.id)
	w.entries = slices.Insert(w.entries, i, e)
	n := len(w.entries)
	switch {
	case n >= 2*windowSize:
		w.cut(windowSize)
	case n >= 2*windowRest && w.entries[n-windowRest-1].id.Before(mtproto.MsgIDAt(w.entries[n-1].id.Time().Add(-windowAge))):
		w.cut(windowRest)
	}
}

// cut forgets all but the last n, and gives back what a busy time has taken.
func (w *window) cut(n int) {
	w.full = true
	last := w.entries[len(w.entries)-n:]
	if cap(w.entries) > 4*n {
		w.entries = slices.Clone(last)
		return
	}
	w.entries = w.entries[:copy(w.entries, last)]
}

// get returns the entry of id, nil if it is not remembered.
func (w *window) get(id mtproto.MsgID) *received {
	if i, found := w.find(id); found {
		return &w.entries[i]
	}
	return nil
}

// orderCode checks a sequence number against those of the neighbouring ids
// (R-EM-37): 0, or the code of the bad_msg_notification.
func (w *window) orderCode(id mtproto.MsgID, seqno int32) int32 {
	i, _ := w.find(id)
	switch {
	case i > 0 && disordered(w.entries[i-1].seqno, seqno):
		return codeSeqnoLow
	case i < len(w.entries) && disordered(seqno, w.entries[i].seqno):
		return codeSeqnoHigh
	}
	return 0
}

// disordered reports whether no two messages can have these seqnos, the one
// with the lower id first.
func disordered(lower, higher int32) bool {
	return lower > higher || lower == higher && lower&1 == 1
}

// state returns the state byte of an id for msgs_state_info (R-SM-40), less
// the flags that only the session knows.
func (w *window) state(id mtproto.MsgID) byte {
	if e := w.get(id); e != nil {
		state := byte(stateReceived)
		if e.acked {
			state |= stateAcked
		}
		if e.seqno&1 == 0 {
			state |= stateNoAck
		}
		return state
	}
	i, _ := w.find(id)
	switch {
	case i == len(w.entries):
		return stateTooHigh
	case i == 0 && w.full:
		return stateUnknown
	}
	return stateMissing
}

// State bytes (R-SM-40).
const (
	stateUnknown  = 1
	stateMissing  = 2
	stateTooHigh  = 3
	stateReceived = 4
	stateAcked    = 8
	stateNoAck    = 16
	stateRunning  = 32
	stateAnswered = 64
	stateMask     = 7
)
