package session

import (
	"sort"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
)

// named returns the messages that a refusal is about: one, or those of a
// container (R-SM-32). None are returned for an id that is not ours (R-SM-31),
// and none that have left again since: the refusal is not of those.
func (s *Session) named(id mtproto.MsgID, code int) (messages []*message, known bool) {
	if batch, ok := s.containers[id]; ok {
		for _, m := range batch {
			if m.container == id && s.sent[m.id] == m {
				messages = append(messages, m)
			}
		}
		return messages, true
	}
	m := s.sent[id]
	switch {
	case m == nil:
		return nil, false
	case m.again && ofPackets(code):
		return nil, true
	}
	return []*message{m}, true
}

// ofPackets reports whether a code is about a packet as a whole.
func ofPackets(code int) bool {
	switch code {
	case codeIDLow, codeIDHigh, codeContainerID, codeSalt, codeContainer:
		return true
	}
	return false
}

// handleBadSalt takes the salt over and sends what was refused again
// (code 48, R-IX-12, R-IX-13).
func (s *Session) handleBadSalt(now time.Time, id mtproto.MsgID, salt mtproto.Salt) {
	messages, known := s.named(id, codeSalt)
	if !known {
		return
	}
	s.pongBy = time.Time{}     // the server lives, and a refused ping has no pong
	s.saltsAsked = time.Time{} // in case that was refused
	s.syncClock(now)
	s.salts.replace(s.serverTime(now), salt)
	s.emit(SaltsChanged{})
	s.refused(messages, id, codeSalt)
}

// handleBadMsg mends what a bad_msg_notification complains about
// (R-SM-31 to R-SM-36).
func (s *Session) handleBadMsg(now time.Time, id mtproto.MsgID, code int) {
	messages, known := s.named(id, code)
	if !known {
		return
	}
	s.pongBy = time.Time{}
	switch code {
	case codeIDLow:
		s.syncClock(now)
	case codeIDHigh:
		s.syncClock(now)
		s.renew = s.renew || !s.rewind(mtproto.MsgIDAt(s.serverTime(now).Add(MaxAhead)))
	case codeTooOld:
	default:
		if s.renew {
			s.renewBy = now // not even the question about what is in hand is understood
		}
		s.renew = true
	}
	s.refused(messages, id, code)
}

// refused sends messages again that the server has refused, the queries among
// them not without end. A query that had left before under its id keeps it, for
// the refusal does not tell what became of the query then.
func (s *Session) refused(messages []*message, id mtproto.MsgID, code int) {
	delete(s.containers, id)
	for _, m := range messages {
		m.refusals++
		switch {
		case m.request != 0 && m.refusals >= maxTries:
			m.exposed = m.exposed && m.again
			s.end(m, &mtproto.BadMsgError{Code: code, MsgID: id})
		case m.again && ofPackets(code):
			s.resendSame(m)
		default:
			m.exposed = m.exposed && (m.again || code == codeTooOld)
			s.lapse(m, &mtproto.BadMsgError{Code: code, MsgID: id})
		}
	}
}

// rewind makes the next message id follow the last one that the server may
// have taken in, and reports whether it is known. Ids above limit are ahead of
// the server's time, so it has refused them, or will (R-IX-02).
//
// What code 17 calls for is a choice (R-SM-33). TDLib and mtcute begin another
// session, Telethon goes on in this one with its last id forgotten, and Telegram
// puts up with either. We go on: in another session the server could not tell
// what became of the queries that are in hand. Should a packet have been on its way so long
// that it was not ahead any more, code 33 brings the new session about.
func (s *Session) rewind(limit mtproto.MsgID) bool {
	if !limit.Before(s.ids.last) {
		return true
	}
	i := len(s.recent)
	for i > 0 && limit.Before(s.recent[i-1]) {
		i--
	}
	if i == 0 && len(s.recent) >= maxRecent {
		return false
	}
	s.recent = s.recent[:i]
	s.ids.last = 0
	if i > 0 {
		s.ids.last = s.recent[i-1]
	}
	for _, m := range s.inOrder(func(m *message) bool { return m.queued && s.ids.last.Before(m.id) }) {
		s.settle(m)
		s.renumber(m)
	}
	return true
}

// settled reports whether a session that is to be given up may be: when nothing
// is under way in it any more, or not even the server can say what is. Until
// then it is asked, and no query leaves.
func (s *Session) settled(now time.Time) bool {
	open := func(m *message) bool { return m.exposed && !m.queued }
	switch {
	case len(s.inOrder(open)) == 0 || due(s.renewBy, now):
		return true
	case s.renewBy.IsZero():
		s.renewBy = now.Add(stateDelay)
		s.askStates(open)
	}
	return false
}

// restart begins a new session and sends the unanswered queries again in it
// (R-EM-63). The old one is ended first, and with it what the server still does
// for it (R-EM-64).
func (s *Session) restart() error {
	if err := s.drawID(); err != nil {
		return err
	}
	s.renew, s.renewBy = false, time.Time{}
	s.ids = allocator{}
	s.seen, s.known = window{}, false
	s.acks, s.acksAt = nil, time.Time{} // void in the new session (R-SM-25)
	clear(s.sent)
	clear(s.containers)
	clear(s.former)
	s.services, s.recent = nil, nil
	s.queue, s.gone = nil, 0
	s.service(&mt.DestroySession{SessionID: int64(s.oldID)}, false)
	for _, m := range s.inOrder(func(*message) bool { return true }) {
		m.queued, m.gone, m.id, m.former = false, false, 0, nil
		s.lapse(m, ErrGivenUp)
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
	sort.Slice(list, func(i, j int) bool { return list[i].request < list[j].request })
	return list
}
