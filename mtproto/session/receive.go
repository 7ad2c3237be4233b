package session

import (
	"encoding/binary"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// Receive takes one whole encrypted packet from the remote and returns what
// came of it. After an error the connection must be closed: the remote has
// broken a rule (*mtproto.ViolationError) and nothing of the packet has been
// used (R-EM-19).
func (s *Session) Receive(now time.Time, packet []byte) ([]Event, error) {
	e, err := Open(&s.o.Key, s.o.Side.Remote(), packet)
	if err != nil {
		return nil, err
	}
	return s.ReceiveEnvelope(now, e)
}

// ReceiveEnvelope is Receive for a packet that has been opened, as a server
// must to find the session.
func (s *Session) ReceiveEnvelope(now time.Time, e *Envelope) ([]Event, error) {
	if e.SessionID != s.id {
		if s.o.Side == mtproto.Client && e.SessionID == s.oldID {
			return nil, nil // a late answer to the session before
		}
		return nil, mtproto.Violation("R-EM-13", "message of another session")
	}
	elements, err := s.elements(e)
	if err != nil {
		return nil, err
	}
	var ok bool
	if s.o.Side == mtproto.Server {
		ok, err = s.admitFromClient(now, e, elements)
	} else {
		ok, err = s.admitFromServer(now, e, elements)
	}
	if err != nil || !ok {
		return nil, err
	}
	for i := range elements {
		if elements[i].skip {
			continue
		}
		if err := s.handle(now, &elements[i]); err != nil {
			s.events = nil
			return nil, err
		}
	}
	if len(s.acks) > 0 && s.acksAt.IsZero() {
		s.acksAt = now.Add(s.ackDelay())
	}
	return s.takeEvents(), nil
}

func (s *Session) ackDelay() time.Duration {
	if s.o.Side == mtproto.Server {
		return serverAckDelay
	}
	return clientAckDelay
}

// An element is one message of a packet.
type element struct {
	id    mtproto.MsgID
	seqno int32
	body  []byte // unpacked
	skip  bool   // a duplicate
	bad   int32  // server: the code with which the element is refused
}

// elements takes a packet apart (R-SM-10, R-SM-11). On the server a malformed
// container is refused with code 64, which the returned element carries; on
// the client it is a violation.
func (s *Session) elements(e *Envelope) ([]element, error) {
	if len(e.Body) < 4 {
		return nil, mtproto.Violation("R-TL-05", "message without a constructor")
	}
	list, err := split(e)
	if err == nil {
		for i := range list {
			body, unpackErr := Unpack(list[i].body)
			if unpackErr != nil {
				return nil, mtproto.Violation("R-TL-30", "%v", unpackErr)
			}
			list[i].body = body
		}
		return list, nil
	}
	if s.o.Side == mtproto.Server {
		return []element{{id: e.MsgID, seqno: e.SeqNo, bad: codeContainer}}, nil
	}
	return nil, err
}

func split(e *Envelope) ([]element, error) {
	if !isContainer(e) {
		return []element{{id: e.MsgID, seqno: e.SeqNo, body: e.Body}}, nil
	}
	if len(e.Body) < containerHead {
		return nil, mtproto.Violation("R-SM-11", "container without a count")
	}
	n := binary.LittleEndian.Uint32(e.Body[4:])
	rest := e.Body[containerHead:]
	if n > MaxContainerMessages {
		return nil, mtproto.Violation("R-SM-10", "container of %d messages", n)
	}
	if int(n) > len(rest)/(elementHead+4) {
		return nil, mtproto.Violation("R-SM-11", "container of %d messages in %d bytes", n, len(rest))
	}
	list := make([]element, 0, n)
	for range n {
		if len(rest) < elementHead {
			return nil, mtproto.Violation("R-SM-11", "container ends early")
		}
		m := element{
			id:    mtproto.MsgID(binary.LittleEndian.Uint64(rest)),
			seqno: int32(binary.LittleEndian.Uint32(rest[8:])),
		}
		size := int64(int32(binary.LittleEndian.Uint32(rest[12:])))
		rest = rest[elementHead:]
		if size < 4 || size%4 != 0 || size > int64(len(rest)) {
			return nil, mtproto.Violation("R-SM-11", "element of %d bytes in %d", size, len(rest))
		}
		m.body, rest = rest[:size:size], rest[size:]
		switch {
		case !m.id.Before(e.MsgID):
			return nil, mtproto.Violation("R-EM-22", "container is not newer than its element")
		case binary.LittleEndian.Uint32(m.body) == idContainer:
			return nil, mtproto.Violation("R-SM-10", "container in a container")
		}
		list = append(list, m)
	}
	if len(rest) != 0 {
		return nil, mtproto.Violation("R-SM-11", "%d bytes after the last element", len(rest))
	}
	return list, nil
}

func isContainer(e *Envelope) bool {
	return binary.LittleEndian.Uint32(e.Body) == idContainer
}

// admitFromServer makes a client's checks of a packet in the order of section
// 4.2 and marks the elements that came before.
func (s *Session) admitFromServer(now time.Time, e *Envelope, elements []element) (bool, error) {
	if e.MsgID&1 == 0 {
		return false, mtproto.Violation("R-EM-14", "even message id from the server")
	}
	switch v, _ := s.seen.judge(e.MsgID); v {
	case tooOld:
		return false, mtproto.Violation("R-EM-15", "message id lower than all remembered")
	case duplicate:
		for i := range elements {
			s.acknowledge(&elements[i])
		}
		return false, nil
	}
	// Messages that repair the clock or the salt count whatever their time is
	// (R-EM-18).
	if s.synced && !repairs(elements) {
		age := s.serverTime(now).Sub(e.MsgID.Time())
		if age > maxAge || age < -maxAhead {
			return false, mtproto.Violation("R-EM-17", "message made %v ago by the server's clock", age.Round(time.Second))
		}
	}
	for i := range elements {
		m := &elements[i]
		if m.id&1 == 0 {
			return false, mtproto.Violation("R-EM-14", "even message id from the server")
		}
	}
	s.seen.insert(received{id: e.MsgID, seqno: e.SeqNo, container: isContainer(e)})
	if isContainer(e) {
		for i := range elements {
			if m := &elements[i]; s.note(m) != unseen {
				m.skip = true
				s.acknowledge(m)
			}
		}
	}
	return true, nil
}

// note remembers an element and tells what was known of its id.
func (s *Session) note(m *element) verdict {
	v, _ := s.seen.judge(m.id)
	if v == unseen {
		s.seen.insert(received{id: m.id, seqno: m.seqno})
	}
	return v
}

// repairs reports whether any element is of a kind that R-EM-18 excepts.
func repairs(elements []element) bool {
	for i := range elements {
		switch tl.NewReader(elements[i].body).PeekID() {
		case mt.IDBadMsgNotification, mt.IDBadServerSalt, mt.IDNewSessionCreated:
			return true
		}
	}
	return false
}

// admitFromClient makes a server's checks of a packet in the order of
// R-SM-35. It reports false where the packet has been refused with a
// notification or was a duplicate.
func (s *Session) admitFromClient(now time.Time, e *Envelope, elements []element) (bool, error) {
	switch {
	case !s.o.ServerSalts.Valid(now, e.Salt):
		s.respond(&mt.BadServerSalt{
			BadMsgID: int64(e.MsgID), BadMsgSeqno: e.SeqNo, ErrorCode: codeSalt,
			NewServerSalt: int64(s.o.ServerSalts.Current(now)),
		})
		return false, nil
	case now.Sub(e.MsgID.Time()) > maxAge:
		return s.refuse(e.MsgID, e.SeqNo, codeIDLow)
	case e.MsgID.Time().Sub(now) > maxAhead:
		return s.refuse(e.MsgID, e.SeqNo, codeIDHigh)
	case e.MsgID&3 != 0:
		return s.refuse(e.MsgID, e.SeqNo, codeIDBits)
	}
	if len(elements) == 1 && elements[0].bad != 0 {
		return s.refuse(e.MsgID, e.SeqNo, elements[0].bad)
	}
	switch v, _ := s.seen.judge(e.MsgID); v {
	case tooOld:
		return s.refuse(e.MsgID, e.SeqNo, codeTooOld)
	case duplicate:
		if s.seen.get(e.MsgID).container != isContainer(e) {
			return s.refuse(e.MsgID, e.SeqNo, codeContainerID)
		}
		for i := range elements {
			s.repeat(&elements[i])
		}
		return false, nil
	}
	for i := range elements {
		m := &elements[i]
		if m.id&3 != 0 {
			return s.refuse(m.id, m.seqno, codeIDBits)
		}
		if v, _ := s.seen.judge(m.id); v != unseen {
			continue
		}
		if code := s.seqnoCode(m); code != 0 {
			return s.refuse(m.id, m.seqno, code)
		}
	}
	if isContainer(e) && e.SeqNo&1 == 1 {
		return s.refuse(e.MsgID, e.SeqNo, codeSeqnoOdd)
	}
	s.open(now, e, elements)
	return true, nil
}

// open remembers an admitted packet of a client and, if it is the first of
// the session or older than the first, says so (R-SM-60).
func (s *Session) open(now time.Time, e *Envelope, elements []element) {
	first := e.MsgID
	for i := range elements {
		m := &elements[i]
		if m.id.Before(first) {
			first = m.id
		}
		switch {
		case m.id == e.MsgID:
			s.seen.insert(received{id: m.id, seqno: m.seqno, acked: m.seqno&1 == 0})
		case s.note(m) != unseen:
			m.skip = true
			s.repeat(m)
		}
	}
	if isContainer(e) {
		s.seen.insert(received{id: e.MsgID, seqno: e.SeqNo, container: true, acked: true})
	}
	if s.started && !first.Before(s.firstID) {
		return
	}
	unique, err := s.random64()
	if err != nil {
		unique = int64(first)
	}
	s.started, s.firstID = true, first
	s.service(&mt.NewSessionCreated{
		FirstMsgID: int64(first), UniqueID: unique, ServerSalt: int64(s.o.ServerSalts.Current(now)),
	}, true)
}

// seqnoCode checks the sequence number of a client's message (R-EM-32,
// R-EM-37). R-EM-33 forbids odd ones to msgs_ack, but a client in wide use
// (mtcute) gives them to everything, and Telegram puts up with it.
func (s *Session) seqnoCode(m *element) int32 {
	if m.seqno&1 == 0 && isQuery(m.body) {
		return codeSeqnoEven
	}
	return s.seen.orderCode(m.id, m.seqno)
}

// refuse queues a bad_msg_notification (R-SM-30).
func (s *Session) refuse(id mtproto.MsgID, seqno, code int32) (bool, error) {
	s.respond(&mt.BadMsgNotification{BadMsgID: int64(id), BadMsgSeqno: seqno, ErrorCode: code})
	return false, nil
}

// acknowledge notes that a message is to be acknowledged, if it asks for it
// (R-EM-31, R-SM-23).
func (s *Session) acknowledge(m *element) {
	if m.seqno&1 == 1 {
		s.acks = append(s.acks, int64(m.id))
	}
}

// repeat deals with a message that a client sent before: the answer goes out
// again if it may have been lost, else an acknowledgement (R-EM-16, R-SV-06).
func (s *Session) repeat(m *element) {
	if answer := s.answers[m.id]; answer != nil {
		if answer.id != 0 {
			s.resendSame(answer)
		}
		return
	}
	s.acknowledge(m)
}
