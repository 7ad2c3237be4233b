package simulation

import (
	"encoding/binary"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/tg"
	"godwit/tl"
)

// query has a query carried out and answered, now or later.
func (s *server) query(sess *serverSession, q session.Query) {
	if q.Body == nil || tl.NewReader(q.Body).PeekID() != queryID {
		s.answerLater(sess, q, s.fetch)
		return
	}
	if len(q.Body) < 8 {
		s.w.violation("server: query %x", q.Body)
		return
	}
	number := binary.LittleEndian.Uint32(q.Body[4:])
	s.w.books.executed(number, sess)
	if s.w.o.Sabotage == ExecuteTwice && number%16 == 5 {
		s.w.books.executed(number, sess)
	}
	if number%7 == 3 { // has an effect that is told as an update too
		s.publish(1)
	}
	s.answerLater(sess, q, func(q session.Query) ([]byte, *mtproto.RPCError) {
		if number%11 == 4 {
			return nil, mtproto.NewRPCError(400, "NUMBER_INVALID")
		}
		body := make([]byte, 8+4*s.w.choice.IntN(1+s.w.choice.IntN(100)))
		binary.LittleEndian.PutUint32(body, answerID)
		binary.LittleEndian.PutUint32(body[4:], number)
		return body, nil
	})
}

// answerLater answers a query after as long as it takes.
func (s *server) answerLater(sess *serverSession, q session.Query, answer func(session.Query) ([]byte, *mtproto.RPCError)) {
	var delay time.Duration
	if !s.w.quiet && s.w.chance(s.w.p.slow) {
		delay = s.w.upTo(time.Second << s.w.choice.IntN(8))
	}
	finish := func() {
		if sess.gone {
			return
		}
		if body, refusal := answer(q); refusal != nil {
			sess.core.AnswerError(q.MsgID, refusal)
		} else {
			sess.core.Answer(q.MsgID, body)
		}
		s.flush(sess)
	}
	if delay == 0 {
		finish()
		return
	}
	s.w.after(delay, "answered", finish)
}

// fetch answers the requests of the update engine.
func (s *server) fetch(q session.Query) ([]byte, *mtproto.RPCError) {
	r := tl.NewReader(q.Body)
	var answer tl.Object
	switch r.PeekID() {
	case tg.IDUpdatesGetState:
		answer = s.log.updatesState()
	case tg.IDUpdatesGetDifference:
		var m tg.UpdatesGetDifference
		r.Object(&m)
		answer = s.log.difference(&m)
	case tg.IDUpdatesGetChannelDifference:
		var m tg.UpdatesGetChannelDifference
		r.Object(&m)
		answer = s.log.channelDifference(&m)
	}
	if err := r.Finish(); err != nil || answer == nil {
		s.w.violation("server: query %x: %v", q.Body[:min(8, len(q.Body))], err)
		return nil, mtproto.NewRPCError(400, "INPUT_FETCH_FAIL")
	}
	if !s.w.quiet && s.w.chance(s.w.p.slow/2) {
		return nil, mtproto.NewRPCError(500, "INTERNAL")
	}
	return s.w.marshal(answer), nil
}

// publish has things happen to the account and tells all its sessions, except
// where the telling is forgotten.
func (s *server) publish(n int) {
	for range n {
		body := s.w.marshal(s.log.happen())
		if !s.w.quiet && s.w.chance(s.w.p.loseUpdate) {
			continue
		}
		s.each(func(sess *serverSession) {
			if err := sess.core.Push(body); err != nil {
				s.forget(sess)
				return
			}
			s.flush(sess)
		})
	}
}
