package session

import (
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
)

// handleStateRequest tells what is known of messages that the remote sent
// (R-SM-40, R-SM-41).
func (s *Session) handleStateRequest(request mtproto.MsgID, ids []int64) {
	info := make([]byte, len(ids))
	for i, id := range ids {
		s.recall(mtproto.MsgID(id))
		info[i] = s.stateOf(mtproto.MsgID(id))
	}
	s.respond(&mt.MsgsStateInfo{ReqMsgID: int64(request), Info: info})
}

func (s *Session) stateOf(id mtproto.MsgID) byte {
	state := s.seen.state(id)
	if s.inHand(id) && state&stateMask != stateReceived {
		state = stateReceived // and so long ago that the window has moved on
	} else if state == stateMissing && id.Before(s.began) {
		state = stateUnknown // it may have come before the session was forgotten
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

// handleAllInfo takes what the remote tells unasked: what it has received it
// need not acknowledge (R-SM-46).
func (s *Session) handleAllInfo(v *mt.MsgsAllInfo) {
	received := make([]int64, 0, len(v.MsgIDs))
	for i, id := range v.MsgIDs {
		if v.Info[i]&stateMask == stateReceived {
			received = append(received, id)
		}
	}
	s.handleAcks(received)
}

// wants reports whether an answer to the message of that id is waited for.
func (s *Session) wants(id mtproto.MsgID) bool { return s.sent[id] != nil || s.former[id] != nil }

// handleDetailed deals with the announcement of a message that the remote did
// not want to repeat: it is fetched unless it has come, or is not wanted any
// more (R-SM-44, R-SM-45).
func (s *Session) handleDetailed(answer mtproto.MsgID, wanted bool) {
	if v := s.seen.judge(answer); v == unseen && wanted {
		s.service(&mt.MsgResendReq{MsgIDs: []int64{int64(answer)}}, false)
		return
	}
	s.acks = append(s.acks, int64(answer))
}

// askStates asks what became of the queries for which which holds, and reports
// whether there are any (R-SM-47).
func (s *Session) askStates(which func(*message) bool) bool {
	about := s.inOrder(func(m *message) bool { return m.id != 0 && !m.queued && which(m) })
	for list := range slices.Chunk(about, MaxAckIDs) {
		ids := make([]int64, len(list))
		for i, m := range list {
			ids[i] = int64(m.id)
		}
		question := s.service(&mt.MsgsStateReq{MsgIDs: ids}, false)
		question.asks, question.wants = ids, true
		for _, m := range list {
			m.asked = question
		}
	}
	return len(about) > 0
}

// question returns the msgs_state_req that is answered, nil if there is none.
func (s *Session) question(v *mt.MsgsStateInfo) *message {
	if m := s.sent[mtproto.MsgID(v.ReqMsgID)]; m != nil && m.asks != nil {
		return m
	}
	return nil
}

// handleStateInfo sends the queries again that the server does not have
// (R-SM-42). What was told of those that have left again since is out of date.
func (s *Session) handleStateInfo(now time.Time, v *mt.MsgsStateInfo) {
	question := s.question(v)
	if question == nil {
		return
	}
	s.settle(question)
	for i, id := range question.asks {
		id := mtproto.MsgID(id)
		m := s.sent[id]
		if m == nil || m.asked != question {
			continue
		}
		m.asked = nil
		switch state := v.Info[i] & stateMask; {
		case state == stateReceived:
			m.acked, m.toldAt = true, now
			if v.Info[i]&stateAnswered != 0 && m.answeredOn == 0 {
				m.answeredOn = s.connections
			}
		case state == stateUnknown, m.cancelled, s.ids.last.Before(id):
			// Of an id that is ahead of what we use now the server may have forgotten
			// everything when its clock was set back.
			s.lapse(m, ErrNoState)
		default:
			// It may yet arrive over an earlier connection. Under the id that it has, in
			// a container, the server takes one of the two for a repetition.
			s.resendSame(m)
		}
	}
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
		s.forget(answer)
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
			ValidSince: salt.ValidSince,
			ValidUntil: salt.ValidUntil,
			Salt:       int64(salt.Value),
		})
	}
	s.respond(answer)
}

// handleFutureSalts takes salts for later.
func (s *Session) handleFutureSalts(now time.Time, v *mt.FutureSalts) {
	asked := s.sent[mtproto.MsgID(v.ReqMsgID)]
	if asked == nil || !asked.wants {
		return
	}
	s.learnClock(now, asked)
	s.settle(asked)
	salts := make([]Salt, 0, maxSalts)
	for _, salt := range v.Salts[:min(len(v.Salts), maxSalts)] {
		salts = append(salts, Salt{mtproto.Salt(salt.Salt), salt.ValidSince, salt.ValidUntil})
	}
	if s.salts.add(s.serverTime(now), salts...) {
		s.emit(SaltsChanged{})
	}
}
