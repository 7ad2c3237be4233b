package session

import (
	"encoding/binary"
	"slices"
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
	s.packet = e.MsgID
	elements, err := s.elements(e)
	if err != nil {
		return nil, err
	}
	if s.o.Side == mtproto.Server {
		if !s.admitFromClient(now, e, elements) {
			return s.takeEvents(), nil
		}
		s.noteFromClient(now, e, elements)
	} else {
		if ok, err := s.admitFromServer(now, e, elements); !ok {
			return nil, err
		}
		s.noteFromServer(e, elements)
		s.known = s.known || slices.ContainsFunc(elements, showsSession)
	}
	for i := range elements {
		if m := &elements[i]; m.skip {
			continue
		} else if s.o.Side == mtproto.Server {
			s.handleFromClient(now, m)
		} else {
			s.handleFromServer(now, m)
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
	body  []byte    // unpacked
	value tl.Object // what the body says, if that is of the protocol itself
	skip  bool      // not to be handled: it came before
	bad   int32     // server: the code with which the packet is refused
}

// elements takes a packet apart (R-SM-10, R-SM-11). On the server a malformed
// container is refused with code 64, which the returned element carries; on
// the client it is a violation.
func (s *Session) elements(e *Envelope) ([]element, error) {
	if len(e.Body) < 4 {
		return nil, mtproto.Violation("R-TL-05", "message without a constructor")
	}
	list, err := split(e)
	if err != nil {
		if s.o.Side == mtproto.Server {
			return []element{{id: e.MsgID, seqno: e.SeqNo, bad: codeContainer}}, nil
		}
		return nil, err
	}
	room := MaxUnpacked // for all elements together
	for i := range list {
		m := &list[i]
		body, err := unpack(m.body, room)
		switch {
		case err != nil:
			return nil, mtproto.Violation("R-TL-30", "%v", err)
		case len(body) < 4:
			return nil, mtproto.Violation("R-TL-05", "gzip_packed holds nothing")
		case len(body) > len(m.body):
			room -= len(body)
		}
		m.body = body
		if err := s.parse(m); err != nil {
			return nil, err
		}
	}
	return list, nil
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
// 4.2. It reports false for a packet that came before.
func (s *Session) admitFromServer(now time.Time, e *Envelope, elements []element) (bool, error) {
	if e.MsgID&1 == 0 {
		return false, mtproto.Violation("R-EM-14", "even message id from the server")
	}
	switch v := s.seen.judge(e.MsgID); v {
	case tooOld:
		if !s.synced {
			// So are all on a new connection after the server's clock was set back
			// (R-EM-16): what there is now does not go on with this session.
			s.renew, s.renewBy = true, now
		}
		return false, mtproto.Violation("R-EM-15", "message id lower than all remembered")
	case duplicate:
		for i := range elements {
			s.acknowledge(&elements[i])
		}
		return false, nil
	}
	// Messages that repair the clock or the salt count whatever their time is
	// (R-EM-18).
	if s.synced && !s.repairs(elements) {
		age := s.serverTime(now).Sub(e.MsgID.Time())
		if age > MaxAge || age < -MaxAhead {
			return false, mtproto.Violation("R-EM-17", "message made %v ago by the server's clock", age.Round(time.Second))
		}
	}
	for i := range elements {
		if elements[i].id&1 == 0 {
			return false, mtproto.Violation("R-EM-14", "even message id from the server")
		}
	}
	return true, nil
}

// noteFromServer remembers an admitted packet of the server and marks the
// elements that came before.
func (s *Session) noteFromServer(e *Envelope, elements []element) {
	s.seen.insert(received{id: e.MsgID, seqno: e.SeqNo, container: isContainer(e)})
	if !isContainer(e) {
		return
	}
	for i := range elements {
		m := &elements[i]
		v := s.note(m)
		if _, result := m.value.(*mt.RPCResult); v == unseen || v == tooOld && result {
			continue // a query ends once, whatever is known of its answer's id
		}
		m.skip = true
		s.acknowledge(m)
	}
}

// showsSession reports whether an element from the server shows that it has the
// session: one that refuses a message does not.
func showsSession(m element) bool {
	switch m.value.(type) {
	case *mt.BadMsgNotification, *mt.BadServerSalt:
		return false
	}
	return true
}

// note remembers an element and tells what was known of its id.
func (s *Session) note(m *element) verdict {
	v := s.seen.judge(m.id)
	if v == unseen {
		s.seen.insert(received{id: m.id, seqno: m.seqno})
	}
	return v
}

// repairs reports whether any element is of a kind that R-EM-18 excepts, and
// about a message that is really ours.
func (s *Session) repairs(elements []element) bool {
	for i := range elements {
		id := mtproto.MsgID(0)
		switch v := elements[i].value.(type) {
		case *mt.BadMsgNotification:
			id = mtproto.MsgID(v.BadMsgID)
		case *mt.BadServerSalt:
			id = mtproto.MsgID(v.BadMsgID)
		case *mt.NewSessionCreated:
			id = mtproto.MsgID(v.FirstMsgID)
		}
		if s.sent[id] != nil || s.containers[id] != nil {
			return true
		}
	}
	return false
}

// admitFromClient makes a server's checks of a packet in the order of
// R-SM-35, but for one thing. It reports false where the packet has been refused
// with a notification or was a duplicate. Those are found out first, before salt
// and time: an outsider who sends a packet again when its salt or time is over
// must not make us refuse what we have taken in, or the client would ask a second
// time and have it carried out twice.
func (s *Session) admitFromClient(now time.Time, e *Envelope, elements []element) bool {
	v := s.seen.judge(e.MsgID)
	if v == duplicate && !s.another(e, elements) || v == tooOld && s.anyInHand(elements) {
		for i := range elements {
			s.repeat(now, &elements[i])
		}
		return false
	}
	if slices.Contains(s.early, e.MsgID) {
		return false
	}
	if id, seqno, code := s.refusal(now, e, elements, v); code != 0 {
		if e.MsgID.Time().Sub(now) > MaxAhead {
			// It is not to be taken in when its time has come, and an outsider sends
			// it again: the client will have sent it anew.
			s.early = append(s.early[max(0, len(s.early)-maxEarly+1):], e.MsgID)
		}
		s.refuse(now, id, seqno, code)
		return false
	}
	return true
}

// maxEarly is how many packets are remembered that were ahead of their time.
const maxEarly = 256

// refusal returns the code with which a packet of a client is refused, 0 for
// none, and what is wrong: the packet or an element of it. v is what is known
// of the packet's id.
func (s *Session) refusal(now time.Time, e *Envelope, elements []element, v verdict) (id mtproto.MsgID, seqno, code int32) {
	switch {
	case !s.o.ServerSalts.Valid(now, e.Salt):
		code = codeSalt
	case now.Sub(e.MsgID.Time()) > MaxAge:
		code = codeIDLow
	case e.MsgID.Time().Sub(now) > MaxAhead:
		code = codeIDHigh
	case e.MsgID&3 != 0:
		code = codeIDBits
	case len(elements) == 1 && elements[0].bad != 0:
		code = elements[0].bad
	case v == duplicate:
		code = codeContainerID
	case v == tooOld:
		code = codeTooOld
	default:
		if id, seqno, code := s.numbersCode(elements); code != 0 {
			return id, seqno, code
		}
		if isContainer(e) && e.SeqNo&1 == 1 {
			code = codeSeqnoOdd
		}
	}
	return e.MsgID, e.SeqNo, code
}

// another reports whether a packet is not the one that came under its id
// before: one of them is a container, or it holds something new.
func (s *Session) another(e *Envelope, elements []element) bool {
	if s.seen.get(e.MsgID).container != isContainer(e) {
		return true
	}
	for i := range elements {
		if v := s.seen.judge(elements[i].id); v == unseen || elements[i].bad != 0 {
			return true
		}
	}
	return false
}

// numbersCode checks the ids and sequence numbers of a client's messages. It
// returns the first that is wrong, with the code for it.
func (s *Session) numbersCode(elements []element) (id mtproto.MsgID, seqno, code int32) {
	var last *element
	for i := range elements {
		m := &elements[i]
		if m.id&3 != 0 {
			return m.id, m.seqno, codeIDBits
		}
		if v := s.seen.judge(m.id); v != unseen {
			continue
		}
		if code := s.seqnoCode(m, last); code != 0 {
			return m.id, m.seqno, code
		}
		last = m
	}
	return 0, 0, 0
}

// noteFromClient remembers an admitted packet of a client and, if it is the
// first of the session or older than the first, says so (R-SM-60).
func (s *Session) noteFromClient(now time.Time, e *Envelope, elements []element) {
	first := e.MsgID
	for i := range elements {
		m := &elements[i]
		switch {
		case m.id == e.MsgID:
			s.seen.insert(received{id: m.id, seqno: m.seqno, acked: m.seqno&1 == 0})
		case s.note(m) != unseen:
			m.skip = true
			s.repeat(now, m)
		case m.id.Before(first):
			first = m.id
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
	if !s.started {
		s.began = e.MsgID
	}
	s.started, s.firstID = true, first
	s.service(&mt.NewSessionCreated{
		FirstMsgID: int64(first), UniqueID: unique, ServerSalt: int64(s.o.ServerSalts.Current(now)),
	}, true)
}

// seqnoCode checks the sequence number of a client's message (R-EM-32,
// R-EM-37) against all that came before, the last of which is given if it is in
// the same packet. R-EM-33 forbids odd ones to msgs_ack, but a client in wide
// use (mtcute) gives them to everything, and Telegram puts up with it.
func (s *Session) seqnoCode(m, last *element) int32 {
	switch {
	case m.seqno&1 == 0 && isQuery(m.body):
		return codeSeqnoEven
	case last != nil && last.id.Before(m.id) && disordered(last.seqno, m.seqno):
		return codeSeqnoLow
	case last != nil && m.id.Before(last.id) && disordered(m.seqno, last.seqno):
		return codeSeqnoHigh
	}
	return s.seen.orderCode(m.id, m.seqno)
}

// refuse queues a bad_msg_notification, or a bad_server_salt (R-SM-30).
func (s *Session) refuse(now time.Time, id mtproto.MsgID, seqno, code int32) {
	if code != codeSalt {
		s.respond(&mt.BadMsgNotification{BadMsgID: int64(id), BadMsgSeqno: seqno, ErrorCode: code})
		return
	}
	s.respond(&mt.BadServerSalt{
		BadMsgID: int64(id), BadMsgSeqno: seqno, ErrorCode: code,
		NewServerSalt: int64(s.o.ServerSalts.Current(now)),
	})
}

// acknowledge notes that a message is to be acknowledged, if it asks for it
// (R-EM-31, R-SM-23).
func (s *Session) acknowledge(m *element) {
	if m.seqno&1 == 1 {
		s.acks = append(s.acks, int64(m.id))
	}
}
