package session

import (
	"cmp"
	"fmt"
	"slices"
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

// handle acts on one message.
func (s *Session) handle(now time.Time, m *element) error {
	r := tl.NewReader(m.body)
	var err error
	if s.o.Side == mtproto.Server {
		err = s.handleFromClient(now, m, r)
	} else {
		err = s.handleFromServer(now, m, r)
	}
	if err != nil {
		return err
	}
	if r.Err() != nil {
		return mtproto.Violation("R-TL-05", "service message: %v", r.Err())
	}
	return nil
}

// handleBoth acts on the messages that either side may send, and reports
// whether m was one.
func (s *Session) handleBoth(m *element, r *tl.Reader) bool {
	switch r.PeekID() {
	case mt.IDMsgsAck:
		var v mt.MsgsAck
		v.Decode(r)
		s.handleAcks(v.MsgIDs)
	case mt.IDMsgsStateReq:
		var v mt.MsgsStateReq
		v.Decode(r)
		s.handleStateRequest(m.id, v.MsgIDs)
	case mt.IDMsgResendReq:
		var v mt.MsgResendReq
		v.Decode(r)
		s.handleResendRequest(m.id, v.MsgIDs)
	case mt.IDPing:
		var v mt.Ping
		v.Decode(r)
		s.respond(&mt.Pong{MsgID: int64(m.id), PingID: v.PingID})
	case mt.IDMsgDetailedInfo:
		var v mt.MsgDetailedInfo
		v.Decode(r)
		s.handleDetailed(mtproto.MsgID(v.AnswerMsgID))
	case mt.IDMsgNewDetailedInfo:
		var v mt.MsgNewDetailedInfo
		v.Decode(r)
		s.handleDetailed(mtproto.MsgID(v.AnswerMsgID))
	case mt.IDMsgsAllInfo:
		var v mt.MsgsAllInfo
		v.Decode(r) // voluntary news that need no reaction (R-SM-46)
	default:
		return false
	}
	return true
}

// handleFromServer acts on a message that a client receives.
func (s *Session) handleFromServer(now time.Time, m *element, r *tl.Reader) error {
	if r.PeekID() != mt.IDMsgsAck {
		s.acknowledge(m)
	}
	if s.handleBoth(m, r) {
		return nil
	}
	switch r.PeekID() {
	case mt.IDRPCResult:
		return s.handleResult(now, m, r)
	case mt.IDBadMsgNotification:
		var v mt.BadMsgNotification
		v.Decode(r)
		return s.handleBadMsg(now, m.id, mtproto.MsgID(v.BadMsgID), int(v.ErrorCode))
	case mt.IDBadServerSalt:
		var v mt.BadServerSalt
		v.Decode(r)
		s.handleBadSalt(now, m.id, mtproto.MsgID(v.BadMsgID), mtproto.Salt(v.NewServerSalt))
	case mt.IDNewSessionCreated:
		var v mt.NewSessionCreated
		v.Decode(r)
		s.handleCreated(now, m.id, &v)
	case mt.IDPong:
		var v mt.Pong
		v.Decode(r)
		s.handlePong(now, m.id, mtproto.MsgID(v.MsgID))
	case mt.IDFutureSalts:
		var v mt.FutureSalts
		v.Decode(r)
		s.handleFutureSalts(&v)
	case mt.IDMsgsStateInfo:
		var v mt.MsgsStateInfo
		v.Decode(r)
		return s.handleStateInfo(mtproto.MsgID(v.ReqMsgID), v.Info)
	case mt.IDDestroySessionOK, mt.IDDestroySessionNone, mt.IDDestroyAuthKeyOK, mt.IDDestroyAuthKeyNone, mt.IDDestroyAuthKeyFail:
		// Nothing waits for these: what was destroyed is not used again.
	default:
		s.emit(Update{Body: m.body})
	}
	return nil
}

// handleFromClient acts on a message that a server receives.
func (s *Session) handleFromClient(now time.Time, m *element, r *tl.Reader) error {
	acks := r.PeekID() == mt.IDMsgsAck // never acknowledged (R-SM-25)
	if s.handleBoth(m, r) {
		if !acks {
			s.acknowledge(m)
		}
		return nil
	}
	switch r.PeekID() {
	case mt.IDPingDelayDisconnect:
		var v mt.PingDelayDisconnect
		v.Decode(r)
		s.respond(&mt.Pong{MsgID: int64(m.id), PingID: v.PingID})
		s.emit(DisconnectAfter{Delay: time.Duration(max(v.DisconnectDelay, 0)) * time.Second})
	case mt.IDGetFutureSalts:
		var v mt.GetFutureSalts
		v.Decode(r)
		s.sendFutureSalts(now, m.id, int(v.Num))
	case mt.IDMsgsStateInfo:
		var v mt.MsgsStateInfo
		v.Decode(r)
	case mt.IDRPCDropAnswer:
		var v mt.RPCDropAnswer
		v.Decode(r)
		s.handleDrop(m.id, mtproto.MsgID(v.ReqMsgID))
		return nil // its rpc_result acknowledges it
	case mt.IDDestroySession:
		var v mt.DestroySession
		v.Decode(r)
		s.emit(DestroySession{MsgID: m.id, Session: mtproto.SessionID(v.SessionID)})
	case mt.IDDestroyAuthKey:
		var v mt.DestroyAuthKey
		v.Decode(r)
		s.emit(DestroyKey{MsgID: m.id})
	case mt.IDHTTPWait, mt.IDPong:
		// The one says nothing over TCP (R-HT-03), the other answers nothing.
	default:
		s.processing[m.id] = true
		s.acknowledge(m) // taken back if the answer is quick
		s.emit(Query{MsgID: m.id, Body: m.body})
		return nil
	}
	s.acknowledge(m)
	return nil
}

// handleResult ends a query (rpc_result). An answer to what is not asked any
// more has been acknowledged and is dropped (R-SM-24, R-IX-22).
func (s *Session) handleResult(now time.Time, m *element, r *tl.Reader) error {
	r.Borrow(true)
	var v mt.RPCResult
	v.Decode(r)
	if r.Err() != nil || v.ReqMsgID == 0 || len(v.Result) < 4 {
		return mtproto.Violation("R-SM-24", "rpc_result that answers nothing")
	}
	id := mtproto.MsgID(v.ReqMsgID)
	sent := s.sent[id]
	if sent == nil {
		return nil
	}
	if !sent.sentAt.Before(s.connectedAt) {
		s.syncClock(now, m.id, false)
	}
	if sent.request == 0 {
		err := s.handleWrapped(now, m, v.Result)
		s.settle(sent)
		return err
	}
	if tl.NewReader(v.Result).PeekID() == mt.IDRPCAnswerDroppedRunning {
		return nil // belongs to a query that was cancelled
	}
	s.finish(sent, result(v.Result))
	return nil
}

// handleWrapped takes service answers that some servers put into rpc_result
// (R-SM-01).
func (s *Session) handleWrapped(now time.Time, m *element, body []byte) error {
	r := tl.NewReader(body)
	switch r.PeekID() {
	case mt.IDPong, mt.IDFutureSalts, mt.IDMsgsStateInfo:
		return s.handleFromServer(now, &element{id: m.id, body: body}, r)
	}
	return nil
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
	e.Decode(r)
	if r.Err() != nil {
		return Result{Err: fmt.Errorf("mtproto: rpc_error: %w", r.Err())}
	}
	return Result{Err: mtproto.NewRPCError(int(e.ErrorCode), e.ErrorMessage)}
}

// finish ends a query with a result.
func (s *Session) finish(m *message, result Result) {
	s.settle(m)
	s.queue = remove(s.queue, m)
	if s.requests[m.request] != m {
		return
	}
	delete(s.requests, m.request)
	result.Request = m.request
	s.emit(result)
}

// handleAcks notes what the remote has received (R-SM-20).
func (s *Session) handleAcks(ids []int64) {
	for _, id := range ids {
		m := s.sent[mtproto.MsgID(id)]
		switch {
		case m == nil:
		case m.request != 0:
			m.acked = true
		default:
			s.settle(m)
			s.queue = remove(s.queue, m)
		}
	}
}

// named returns the messages that a notification is about: one, or those of a
// container (R-SM-32). None are returned for an id that is not ours (R-SM-31).
func (s *Session) named(id mtproto.MsgID) (messages []*message, known bool) {
	if batch, ok := s.containers[id]; ok {
		for _, m := range batch {
			if s.sent[m.id] == m {
				messages = append(messages, m)
			}
		}
		return messages, true
	}
	if m := s.sent[id]; m != nil {
		return []*message{m}, true
	}
	return nil, false
}

// handleBadSalt takes the salt over and sends what was refused again
// (code 48, R-IX-12, R-IX-13).
func (s *Session) handleBadSalt(now time.Time, by, id mtproto.MsgID, salt mtproto.Salt) {
	messages, known := s.named(id)
	if !known {
		return
	}
	s.pongBy = time.Time{} // the server lives, and a refused ping has no pong
	s.syncClock(now, by, false)
	if s.salts.replace(s.serverTime(now), salt) {
		s.emit(SaltsChanged{})
	}
	for _, m := range messages {
		s.resendAnew(m)
	}
	delete(s.containers, id)
}

// handleBadMsg mends what a bad_msg_notification complains about
// (R-SM-31 to R-SM-36).
func (s *Session) handleBadMsg(now time.Time, by, id mtproto.MsgID, code int) error {
	messages, known := s.named(id)
	if !known {
		return nil
	}
	delete(s.containers, id)
	s.pongBy = time.Time{}
	switch code {
	case codeIDLow:
		s.syncClock(now, by, true)
	case codeIDHigh:
		// Ids already given are ahead of the clock, so they cannot go on (R-IX-02).
		s.syncClock(now, by, true)
		if err := s.restart(); err != nil {
			return err
		}
	case codeTooOld:
	default:
		if err := s.restart(); err != nil {
			return err
		}
	}
	for _, m := range messages {
		if m.refusals++; m.request != 0 && m.refusals >= maxTries {
			s.finish(m, Result{Err: &mtproto.BadMsgError{Code: code, MsgID: id}})
			continue
		}
		if s.sent[m.id] == m {
			s.resendAnew(m)
		}
	}
	return nil
}

// restart begins a new session and sends every unanswered query again in it
// (R-EM-63).
func (s *Session) restart() error {
	if err := s.drawID(); err != nil {
		return err
	}
	s.ids = allocator{}
	s.seen = window{}
	s.acks, s.acksAt = nil, time.Time{} // void in the new session (R-SM-25)
	clear(s.sent)
	clear(s.containers)
	s.services = nil
	for _, m := range s.queue {
		m.queued = false
	}
	s.queue = nil
	for _, m := range s.inOrder(func(*message) bool { return true }) {
		s.resendAnew(m)
	}
	return nil
}

// inOrder returns the unanswered queries for which which holds, in the order
// in which they were made.
func (s *Session) inOrder(which func(*message) bool) []*message {
	var list []*message
	for _, m := range s.requests {
		if which(m) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *message) int { return cmp.Compare(a.request, b.request) })
	return list
}

// resendAll sends the queries for which which holds again under new ids,
// except those that wait to be sent.
func (s *Session) resendAll(which func(*message) bool) {
	for _, m := range s.inOrder(func(m *message) bool { return m.id != 0 && !m.queued && which(m) }) {
		s.resendAnew(m)
	}
}

// syncClock sets our idea of the server's time by a message it has just made
// (R-SM-36, R-AK-35). Unless it is forced it only does so once.
func (s *Session) syncClock(now time.Time, id mtproto.MsgID, force bool) {
	if !s.synced || force {
		s.offset = id.Time().Sub(now)
		s.synced = true
	}
}

// handleCreated notes that the server made the session anew: queries older
// than its first message never reached it (R-SM-60 to R-SM-62).
func (s *Session) handleCreated(now time.Time, by mtproto.MsgID, v *mt.NewSessionCreated) {
	if s.created && s.lastUnique == v.UniqueID {
		return
	}
	s.created, s.lastUnique = true, v.UniqueID
	s.syncClock(now, by, false)
	if s.salts.add(Salt{
		Value: mtproto.Salt(v.ServerSalt), ValidSince: s.serverTime(now), ValidUntil: s.serverTime(now).Add(saltPeriod),
	}) {
		s.emit(SaltsChanged{})
	}
	// An id that no client can have given says nothing about our queries: not
	// every server names the message that made the session.
	if first := mtproto.MsgID(v.FirstMsgID); first&3 == 0 {
		s.resendAll(func(m *message) bool {
			return m.id.Before(first) && m.container.Before(first)
		})
	}
	s.emit(Created{UniqueID: v.UniqueID})
}

// handlePong notes a sign of life (R-SM-64).
func (s *Session) handlePong(now time.Time, by, ping mtproto.MsgID) {
	m := s.sent[ping]
	if m == nil {
		return
	}
	s.syncClock(now, by, false)
	s.settle(m)
	s.pongBy = time.Time{}
}
