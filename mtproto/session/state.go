package session

import (
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
)

// handleStateRequest tells what is known of messages that the remote sent
// (R-SM-40, R-SM-41).
func (s *Session) handleStateRequest(request mtproto.MsgID, ids []int64) {
	if len(ids) > MaxAckIDs {
		return
	}
	info := make([]byte, len(ids))
	for i, id := range ids {
		info[i] = s.stateOf(mtproto.MsgID(id))
	}
	s.respond(&mt.MsgsStateInfo{ReqMsgID: int64(request), Info: info})
}

func (s *Session) stateOf(id mtproto.MsgID) byte {
	state := s.seen.state(id)
	if state&stateMask != stateReceived {
		return state
	}
	if s.processing[id] {
		state |= stateRunning
	}
	if s.answers[id] != nil {
		state |= stateRunning | stateAnswered
	}
	return state
}

// handleResendRequest sends messages again, or tells what is known of them if
// any can't be (R-SM-43).
func (s *Session) handleResendRequest(request mtproto.MsgID, ids []int64) {
	for _, id := range ids {
		if m := s.sent[mtproto.MsgID(id)]; m == nil || !m.content {
			s.handleStateRequest(request, ids)
			return
		}
	}
	for _, id := range ids {
		s.resendSame(s.sent[mtproto.MsgID(id)])
	}
}

// handleDetailed deals with the announcement of a message that the remote did
// not want to repeat: it is fetched unless it has come (R-SM-44, R-SM-45).
func (s *Session) handleDetailed(answer mtproto.MsgID) {
	if v, _ := s.seen.judge(answer); v == unseen {
		s.service(&mt.MsgResendReq{MsgIDs: []int64{int64(answer)}}, false)
		return
	}
	s.acks = append(s.acks, int64(answer))
}

// askStates asks what became of the queries for which which holds, and reports
// whether there are any (R-SM-47).
func (s *Session) askStates(which func(*message) bool) (asked bool) {
	var ids []int64
	for _, m := range s.requests {
		if m.id != 0 && !m.queued && !m.asked && which(m) && len(ids) < MaxAckIDs {
			m.asked = true
			ids = append(ids, int64(m.id))
		}
	}
	if len(ids) > 0 {
		s.service(&mt.MsgsStateReq{MsgIDs: ids}, false).asks = ids
	}
	return len(ids) > 0
}

// handleStateInfo sends again, under new ids, the queries that the server does
// not have (R-SM-42).
func (s *Session) handleStateInfo(request mtproto.MsgID, info []byte) error {
	asked := s.sent[request]
	if asked == nil || asked.asks == nil {
		return nil
	}
	if len(info) != len(asked.asks) {
		return mtproto.Violation("R-SM-41", "state of %d messages instead of %d", len(info), len(asked.asks))
	}
	s.settle(asked)
	missing := make(map[mtproto.MsgID]bool)
	for i, id := range asked.asks {
		m := s.sent[mtproto.MsgID(id)]
		if m == nil || m.request == 0 {
			continue
		}
		m.asked = false
		if info[i]&stateMask == stateReceived {
			m.acked = true
		} else {
			missing[m.id] = true
		}
	}
	s.resendAll(func(m *message) bool { return missing[m.id] })
	return nil
}

// handleDrop answers rpc_drop_answer (R-SM-50).
func (s *Session) handleDrop(id, query mtproto.MsgID) {
	s.processing[id] = true
	answer := s.answers[query]
	switch {
	case s.processing[query]:
		running := marshal(&mt.RPCAnswerDroppedRunning{})
		s.Answer(query, running)
		s.Answer(id, running)
	case answer != nil:
		s.settle(answer)
		s.queue = remove(s.queue, answer)
		s.Answer(id, marshal(&mt.RPCAnswerDropped{
			MsgID: int64(answer.id), SeqNo: answer.seqno, Bytes: int32(len(answer.body)),
		}))
	default:
		s.Answer(id, marshal(&mt.RPCAnswerUnknown{}))
	}
}

// sendFutureSalts answers get_future_salts (R-SM-63).
func (s *Session) sendFutureSalts(now time.Time, request mtproto.MsgID, n int) {
	answer := &mt.FutureSalts{ReqMsgID: int64(request), Now: int32(now.Unix())}
	for _, salt := range s.o.ServerSalts.Future(now, n) {
		answer.Salts = append(answer.Salts, mt.FutureSalt{
			ValidSince: int32(salt.ValidSince.Unix()),
			ValidUntil: int32(salt.ValidUntil.Unix()),
			Salt:       int64(salt.Value),
		})
	}
	s.respond(answer)
}

// handleFutureSalts takes salts for later.
func (s *Session) handleFutureSalts(v *mt.FutureSalts) {
	asked := s.sent[mtproto.MsgID(v.ReqMsgID)]
	if asked == nil {
		return
	}
	s.settle(asked)
	salts := make([]Salt, 0, len(v.Salts))
	for _, salt := range v.Salts {
		salts = append(salts, Salt{
			Value:      mtproto.Salt(salt.Salt),
			ValidSince: time.Unix(int64(salt.ValidSince), 0),
			ValidUntil: time.Unix(int64(salt.ValidUntil), 0),
		})
	}
	if s.salts.add(salts...) {
		s.emit(SaltsChanged{})
	}
}
