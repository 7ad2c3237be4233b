package session

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// ErrPendingFull says that a server holds as many unacknowledged bytes for a
// client as MaxPending allows. The session should be dropped: the client then
// learns from new_session_created that it has missed updates.
var ErrPendingFull = errors.New("mtproto: too much is unacknowledged")

// Answer queues the boxed result of a query (rpc_result). A query that was
// answered before, or that was cancelled, is left alone.
func (s *Session) Answer(query mtproto.MsgID, result []byte) {
	if !s.processing[query] {
		return
	}
	delete(s.processing, query)
	body := pack(result, s.o.CompressAbove)
	b := make([]byte, 0, 12+len(body))
	b = binary.LittleEndian.AppendUint32(b, mt.IDRPCResult)
	b = binary.LittleEndian.AppendUint64(b, uint64(query))
	b = append(b, body...)
	m := s.enqueue(&message{body: b, content: true, idKind: 1, answer: query})
	s.answers[query] = m
	if len(s.answered) > 2*len(s.answers)+64 {
		s.answered = slices.DeleteFunc(s.answered, func(q mtproto.MsgID) bool { return s.answers[q] == nil })
	}
	s.answered = append(s.answered, query)
	s.trim(0)
	// The answer acknowledges the query (R-SM-20).
	if e := s.seen.get(query); e != nil {
		e.acked = true
	}
	if i := slices.Index(s.acks, int64(query)); i >= 0 {
		s.acks = slices.Delete(s.acks, i, i+1)
	}
	if len(s.acks) == 0 {
		s.acksAt = time.Time{}
	}
}

// AnswerError queues the refusal of a query.
func (s *Session) AnswerError(query mtproto.MsgID, e *mtproto.RPCError) {
	body, err := tl.Marshal(&mt.RPCError{ErrorCode: int32(e.Code), ErrorMessage: e.Message()})
	if err != nil {
		body, _ = tl.Marshal(&mt.RPCError{ErrorCode: 500, ErrorMessage: "INTERNAL"})
	}
	s.Answer(query, body)
}

// Reply queues a service answer that is a message of its own, such as
// destroy_session_ok (R-SM-01).
func (s *Session) Reply(body []byte) {
	s.enqueue(&message{body: body, idKind: 1})
}

// Push queues an update. It fails with ErrPendingFull when the client has left
// too much unacknowledged.
func (s *Session) Push(body []byte) error {
	if !s.trim(len(body) + messageCost) {
		return ErrPendingFull
	}
	s.enqueue(&message{body: pack(body, s.o.CompressAbove), content: true, idKind: 3})
	return nil
}

// unsentFactor is how many times MaxPending answers may take that have not
// been sent, since the client is not connected or does not read.
const unsentFactor = 4

// trim forgets the oldest answers that have been sent until there is room for
// more bytes within MaxPending, and reports whether there is. Some clients
// never acknowledge what comes in containers, and TCP has delivered it.
func (s *Session) trim(more int) bool {
	for s.pending+more > s.o.MaxPending && len(s.answered) > 0 {
		query := s.answered[0]
		m := s.answers[query]
		if m != nil && m.queued && s.pending <= unsentFactor*s.o.MaxPending {
			break
		}
		s.answered = s.answered[1:]
		if m == nil {
			continue
		}
		s.forget(m)
		if e := s.seen.get(query); e != nil {
			e.forgotten = true
		}
	}
	return s.pending+more <= s.o.MaxPending
}

// detailedAbove is the size in bytes above which an answer is announced rather
// than sent once more to a client that repeats its query.
const detailedAbove = 4096

// repeat deals with a message that a client sent before: the answer goes out
// again if it may have been lost, else an acknowledgement (R-EM-16, R-SV-06).
// Of one so old that it may as well be new the client is told (code 20).
func (s *Session) repeat(now time.Time, m *element) {
	v := s.seen.judge(m.id)
	answer := s.answers[m.id]
	switch {
	case answer != nil && answer.id != 0 && !answer.queued && len(answer.body) > detailedAbove:
		// It has most likely arrived, and if not the client asks for it (R-SM-44).
		s.respond(&mt.MsgDetailedInfo{
			MsgID: int64(m.id), AnswerMsgID: int64(answer.id), Bytes: int32(len(answer.body)),
		})
	case answer != nil && answer.id != 0:
		s.resendSame(answer)
	case answer != nil: // on its way
	case s.processing[m.id]:
		s.acknowledge(m)
	case v == tooOld:
		s.refuse(now, m.id, m.seqno, codeTooOld)
	case !s.recall(m.id):
		s.acknowledge(m)
	}
}

// recall answers a query whose answer was forgotten, and reports whether id is
// one. The client did not see the answer, since it asks.
func (s *Session) recall(id mtproto.MsgID) bool {
	e := s.seen.get(id)
	if e == nil || !e.forgotten {
		return false
	}
	e.forgotten = false
	s.processing[id] = true
	s.AnswerError(id, mtproto.NewRPCError(500, "ANSWER_FORGOTTEN"))
	return true
}

// inHand reports whether a query has been taken in whose answer is not known
// to have arrived.
func (s *Session) inHand(id mtproto.MsgID) bool { return s.processing[id] || s.answers[id] != nil }

func (s *Session) anyInHand(elements []element) bool {
	for i := range elements {
		if s.inHand(elements[i].id) {
			return true
		}
	}
	return false
}

// Awaited reports whether a server has not had a query of that id in this
// session, as far as it remembers, or has it in hand still.
func (s *Session) Awaited(id mtproto.MsgID) bool {
	v := s.seen.judge(id)
	return v == unseen || s.processing[id]
}
