package session

import (
	"encoding/binary"
	"errors"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// What OutcomeErrors of a Result wrap.
var (
	// ErrForgotten says that the server has forgotten the session, and with it
	// what it did for the query.
	ErrForgotten = errors.New("mtproto: the server has forgotten the session")
	// ErrNoState says that the server does not tell, or does not know, whether it
	// had the query before the connection was lost.
	ErrNoState = errors.New("mtproto: the server does not know the state of the query")
	// ErrGivenUp says that the session was given up on account of a
	// bad_msg_notification before the query was answered.
	ErrGivenUp = errors.New("mtproto: the session was given up")
	// ErrNoAnswer says that the server has told of an answer and does not send it.
	ErrNoAnswer = errors.New("mtproto: the server does not send its answer")
	// ErrCancelled says that the query was given up by Cancel.
	ErrCancelled = errors.New("mtproto: the query was cancelled")
)

// A Request is a query and what may be done with it.
type Request struct {
	// Body is the query. The session keeps it and must be its only user.
	Body []byte
	// Make, if not nil, makes the body in the place of Body when the message id
	// is given, and anew with each other id that the query gets: for
	// auth.bindTempAuthKey, which repeats its message id (R-PF-06).
	Make func(mtproto.MsgID) []byte
	// Repeat says that to carry the query out twice does no harm. It is then
	// sent again where the server cannot say any more whether it had it; others
	// end with an *mtproto.OutcomeError.
	Repeat bool
	// After names a query that has to be carried out first, 0 for none. As long as
	// that one is unanswered, this one is sent in an invokeAfterMsg (R-SM-70).
	After RequestID
	// QuickAck says that the server is to be asked to tell as soon as it has the
	// query: see Session.QuickAcks.
	QuickAck bool
}

// QuickAcks returns the queries of the packet that Send returned last that
// were asked with QuickAck. The packet is then to be sent with that request
// (R-TR-20); the token that Send returned with it will tell (R-TR-21).
func (s *Session) QuickAcks() []RequestID { return s.quick }

// DestroySession has the server forget another session of the same key, which is
// used no more (R-SM-67). Nothing waits for the answer.
func (s *Session) DestroySession(id mtproto.SessionID) {
	s.service(&mt.DestroySession{SessionID: int64(id)}, true)
}

// quickAcks notes the queries of a packet for QuickAcks.
func (s *Session) quickAcks(batch []*message) {
	s.quick = nil
	for _, m := range batch {
		if m.quick {
			s.quick = append(s.quick, m.request)
		}
	}
}

// Request queues a query that must not be carried out twice.
func (s *Session) Request(query []byte) RequestID { return s.Ask(Request{Body: query}) }

// Ask queues a query and returns the name under which its Result will come.
func (s *Session) Ask(r Request) RequestID {
	s.lastRequest++
	m := &message{
		body: pack(r.Body, s.o.CompressAbove), content: true,
		request: s.lastRequest, make: r.Make, repeat: r.Repeat, quick: r.QuickAck,
	}
	if m.after = s.requests[r.After]; m.after != nil {
		m.make = m.inTurn(m.body, r.Make)
	}
	s.requests[s.lastRequest] = s.enqueue(m)
	return s.lastRequest
}

// inTurn returns how the body of a query is made that comes after another: in a
// wrapper that names the id which that one has, as long as it has no answer. The
// wrapper is never packed (R-TL-31).
func (m *message) inTurn(body []byte, inner func(mtproto.MsgID) []byte) func(mtproto.MsgID) []byte {
	return func(id mtproto.MsgID) []byte {
		q := body
		if inner != nil {
			q = inner(id)
		}
		if m.after.ended {
			return q
		}
		b := binary.LittleEndian.AppendUint32(make([]byte, 0, 12+len(q)), idInvokeAfterMsg)
		return append(binary.LittleEndian.AppendUint64(b, uint64(m.after.id)), q...)
	}
}

// idInvokeAfterMsg is invokeAfterMsg, a wrapper of the API that is the protocol's
// in all but name (R-TL-33).
const idInvokeAfterMsg uint32 = 0xcb9f372d

// Cancel gives up a query, of which it returns what is certain now.
//
// With NotExecuted that is the end: no Result will come. Otherwise the server
// is asked to drop the answer (R-SM-50), and the Result says what it made of
// that: the answer, if that was on its way, or an *mtproto.OutcomeError.
func (s *Session) Cancel(id RequestID) mtproto.Outcome {
	m := s.requests[id]
	switch {
	case m == nil || m.cancelled:
		return mtproto.OutcomeUnknown
	case m.outcome() == mtproto.NotExecuted:
		delete(s.requests, id)
		m.over()
		s.forget(m)
		return mtproto.NotExecuted
	}
	m.cancelled = true
	if m.queued || !s.connected { // it does not leave again, and nobody can be asked
		s.end(m, ErrCancelled)
	} else {
		s.dropAnswer(m)
	}
	return mtproto.OutcomeUnknown
}

// dropAnswer asks the server to drop the answer to a query.
func (s *Session) dropAnswer(m *message) {
	m.drop = s.service(&mt.RPCDropAnswer{ReqMsgID: int64(m.id)}, false)
	m.drop.drops, m.drop.wants = m, true
}

// Withdraw takes a query out of the session, whose Result does not come, and
// returns what is certain of it. The server is not told.
func (s *Session) Withdraw(id RequestID) mtproto.Outcome {
	m := s.requests[id]
	if m == nil {
		return mtproto.OutcomeUnknown
	}
	delete(s.requests, id)
	m.over()
	s.forget(m)
	return m.outcome()
}

// Recall is Withdraw for a query that has certainly not been carried out. It
// reports whether the query is one.
func (s *Session) Recall(id RequestID) bool {
	m := s.requests[id]
	if m == nil || m.outcome() != mtproto.NotExecuted {
		return false
	}
	s.Withdraw(id)
	return true
}

// over notes that a query has come to its end, and lets go of the one before.
func (m *message) over() { m.ended, m.after, m.make = true, nil, nil }

// outcome returns what is certain of a query without an answer.
func (m *message) outcome() mtproto.Outcome {
	if m.exposed || m.doubtful {
		return mtproto.OutcomeUnknown
	}
	return mtproto.NotExecuted
}

// end ends a query without an answer.
func (s *Session) end(m *message, why error) { s.endAs(m, m.outcome(), why) }

func (s *Session) endAs(m *message, o mtproto.Outcome, why error) {
	s.finish(m, Result{Err: &mtproto.OutcomeError{Outcome: o, Err: why}})
}

// lapse deals with a message of which the server cannot say any more whether it
// had it: it is sent anew, unless it is a query that might be carried out twice
// by that, or that nobody waits for.
func (s *Session) lapse(m *message, why error) {
	switch {
	case m.cancelled:
		s.end(m, ErrCancelled)
	case m.request != 0 && m.exposed && !m.repeat:
		s.end(m, why)
	default:
		s.resendAnew(m)
	}
}

// handleDropped takes the answer to rpc_drop_answer (R-SM-50). Where the server
// has nothing to drop, the query was answered before, and that answer has come
// or is lost, or it never arrived.
func (s *Session) handleDropped(drop *message, body []byte) {
	m := drop.drops
	if s.requests[m.request] != m {
		return
	}
	switch tl.NewReader(body).PeekID() {
	case mt.IDRPCAnswerDropped:
		s.endAs(m, mtproto.Executed, ErrCancelled)
	default:
		s.end(m, ErrCancelled)
	}
}
