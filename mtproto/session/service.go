package session

import (
	"fmt"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// Codes of bad_msg_notification (section 5.4).
const (
	codeIDLow       = 16
	codeIDHigh      = 17
	codeIDBits      = 18
	codeContainerID = 19
	codeTooOld      = 20
	codeSeqnoLow    = 32
	codeSeqnoHigh   = 33
	codeSeqnoOdd    = 34
	codeSeqnoEven   = 35
	codeSalt        = 48
	codeContainer   = 64
)

// isQuery reports whether a body is a query of the API, which is always
// content-related (R-EM-32), and not a service message (R-EM-34).
func isQuery(body []byte) bool {
	switch tl.NewReader(body).PeekID() {
	case mt.IDMsgsAck, mt.IDPing, mt.IDPingDelayDisconnect, mt.IDPong, mt.IDGetFutureSalts, mt.IDMsgsStateReq,
		mt.IDMsgsStateInfo, mt.IDMsgsAllInfo, mt.IDMsgDetailedInfo, mt.IDMsgNewDetailedInfo, mt.IDMsgResendReq,
		mt.IDRPCDropAnswer, mt.IDDestroySession, mt.IDHTTPWait, mt.IDDestroyAuthKey, mt.IDAuthBindTempAuthKey:
		return false
	}
	return true
}

// handleBoth acts on the messages that either side may send. The others need no
// reaction.
func (s *Session) handleBoth(m *element) {
	switch v := m.value.(type) {
	case *mt.MsgsAck:
		s.handleAcks(v.MsgIDs)
	case *mt.MsgsStateReq:
		s.handleStateRequest(m.id, v.MsgIDs)
	case *mt.MsgResendReq:
		s.handleResendRequest(m.id, v.MsgIDs)
	case *mt.Ping:
		s.respond(&mt.Pong{MsgID: int64(m.id), PingID: v.PingID})
	case *mt.MsgsAllInfo:
		s.handleAllInfo(v)
	case *mt.MsgDetailedInfo:
		s.handleDetailed(mtproto.MsgID(v.AnswerMsgID), s.wants(mtproto.MsgID(v.MsgID)))
	case *mt.MsgNewDetailedInfo:
		s.handleDetailed(mtproto.MsgID(v.AnswerMsgID), true)
	}
}

// handleFromServer acts on a message that a client receives.
func (s *Session) handleFromServer(now time.Time, m *element) {
	if _, acks := m.value.(*mt.MsgsAck); !acks { // never acknowledged (R-SM-25)
		s.acknowledge(m)
	}
	switch v := m.value.(type) {
	case nil:
		s.emit(Update{Body: m.body})
	case *mt.RPCResult:
		s.handleResult(now, m, v)
	case *mt.BadMsgNotification:
		s.handleBadMsg(now, mtproto.MsgID(v.BadMsgID), int(v.ErrorCode))
	case *mt.BadServerSalt:
		s.handleBadSalt(now, mtproto.MsgID(v.BadMsgID), mtproto.Salt(v.NewServerSalt))
	case *mt.NewSessionCreated:
		s.handleCreated(now, v)
	case *mt.Pong:
		s.handlePong(now, mtproto.MsgID(v.MsgID))
	case *mt.FutureSalts:
		s.handleFutureSalts(now, v)
	case *mt.MsgsStateInfo:
		s.handleStateInfo(now, v)
	default:
		// For the others, what was destroyed, nothing waits.
		s.handleBoth(m)
	}
}

// handleFromClient acts on a message that a server receives.
func (s *Session) handleFromClient(now time.Time, m *element) {
	switch v := m.value.(type) {
	case nil:
		s.processing[m.id] = true
		s.emit(Query{MsgID: m.id, Body: m.body})
	case *mt.PingDelayDisconnect:
		s.respond(&mt.Pong{MsgID: int64(m.id), PingID: v.PingID})
		s.emit(DisconnectAfter{Delay: time.Duration(max(v.DisconnectDelay, 0)) * time.Second})
	case *mt.GetFutureSalts:
		s.sendFutureSalts(now, m.id, int(v.Num))
	case *mt.RPCDropAnswer:
		s.handleDrop(m.id, mtproto.MsgID(v.ReqMsgID))
		return // its rpc_result acknowledges it
	case *mt.HTTPWait:
		s.emit(httpWait(v))
		return // needs no acknowledgement (R-HT-03)
	case *mt.DestroySession:
		s.emit(DestroySession{MsgID: m.id, Session: mtproto.SessionID(v.SessionID)})
	case *mt.DestroyAuthKey:
		s.emit(DestroyKey{MsgID: m.id})
	case *mt.MsgsAck:
		s.handleAcks(v.MsgIDs)
		return // never acknowledged (R-SM-25)
	default:
		// Of the others, pong and msgs_state_info answer nothing.
		s.handleBoth(m)
	}
	s.acknowledge(m) // of a query it is taken back if the answer is quick
}

// handleResult ends a query (rpc_result). An answer to what is not asked any
// more has been acknowledged and is dropped (R-SM-24, R-IX-22). One to an id
// that the query had before is as good as any (R-SM-34).
func (s *Session) handleResult(now time.Time, m *element, v *mt.RPCResult) {
	id := mtproto.MsgID(v.ReqMsgID)
	sent := s.sent[id]
	switch {
	case sent != nil:
		s.learnClock(now, sent)
	case s.former[id] != nil:
		sent = s.former[id]
	default:
		return
	}
	switch {
	case sent.drops != nil:
		s.settle(sent)
		s.handleDropped(sent, v.Result)
	case sent.request == 0:
		s.handleWrapped(now, m, v.Result)
		s.settle(sent)
	case sent.cancelled && tl.NewReader(v.Result).PeekID() == mt.IDRPCAnswerDroppedRunning:
		s.end(sent, ErrCancelled)
	default:
		s.finish(sent, result(v.Result))
	}
}

// handleWrapped takes service answers that some servers put into rpc_result
// (R-SM-01).
func (s *Session) handleWrapped(now time.Time, m *element, body []byte) {
	inner := &element{id: m.id, body: body}
	if s.parse(inner) != nil {
		return
	}
	switch inner.value.(type) {
	case *mt.Pong, *mt.FutureSalts, *mt.MsgsStateInfo:
		s.handleFromServer(now, inner)
	}
}

func result(body []byte) Result {
	body, err := Unpack(body)
	if err != nil {
		return Result{Err: err}
	}
	r := tl.NewReader(body)
	if r.PeekID() != mt.IDRPCError {
		return Result{Body: body}
	}
	var e mt.RPCError
	r.Object(&e)
	if r.Err() != nil {
		return Result{Err: fmt.Errorf("mtproto: rpc_error: %w", r.Err())}
	}
	return Result{Err: mtproto.NewRPCError(int(e.ErrorCode), e.ErrorMessage)}
}

// finish ends a query with a result.
func (s *Session) finish(m *message, result Result) {
	s.forget(m)
	if s.requests[m.request] != m {
		return
	}
	delete(s.requests, m.request)
	m.over()
	m.body = nil // a container may name m for long
	result.Request = m.request
	s.emit(result)
}

// handleAcks notes what the remote has received (R-SM-20).
func (s *Session) handleAcks(ids []int64) {
	for _, id := range ids {
		m := s.sent[mtproto.MsgID(id)]
		switch {
		case m == nil || m.wants:
		case m.request != 0:
			m.acked = true
		default:
			s.forget(m)
		}
	}
}

// handleCreated notes that the server made the session anew: queries older
// than its first message never reached it (R-SM-60 to R-SM-62).
func (s *Session) handleCreated(now time.Time, v *mt.NewSessionCreated) {
	if s.created && s.lastUnique == v.UniqueID {
		return
	}
	s.created, s.lastUnique = true, v.UniqueID
	first := mtproto.MsgID(v.FirstMsgID)
	if m := s.sent[first]; m != nil && s.fresh(m) {
		s.syncClock(now)
	}
	if at := s.serverTime(now); s.salts.add(at, named(at, mtproto.Salt(v.ServerSalt))) {
		s.emit(SaltsChanged{})
	}
	// An id that we have not given says nothing about our queries: not every
	// server names the message that made the session.
	if first&3 == 0 && !s.ids.last.Before(first) {
		for _, m := range s.inOrder(func(m *message) bool {
			return m.id != 0 && m.id.Before(first) && m.container.Before(first)
		}) {
			s.lapse(m, ErrForgotten)
		}
	}
	s.emit(Created{UniqueID: v.UniqueID})
}

// handlePong notes a sign of life (R-SM-64).
func (s *Session) handlePong(now time.Time, ping mtproto.MsgID) {
	m := s.sent[ping]
	if m == nil || !m.wants {
		return
	}
	s.learnClock(now, m)
	s.settle(m)
	s.pongBy = time.Time{}
}
