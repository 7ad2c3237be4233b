package session

import (
	"encoding/binary"
	"slices"
	"sort"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// A message is one outgoing MTProto message, from the time it is queued until
// nothing can be said of it any more.
type message struct {
	id        mtproto.MsgID // 0 until it is sent
	seqno     int32
	body      []byte
	content   bool          // content-related: the remote acknowledges it
	idKind    mtproto.MsgID // the low two bits of a server's id
	container mtproto.MsgID // the container it last left in, 0 for none
	sentAt    time.Time

	// A client's query, and its questions.
	request    RequestID // 0 for anything else
	make       func(mtproto.MsgID) []byte
	after      *message        // that has to be carried out first
	ended      bool            // it has its Result, or needs none
	repeat     bool            // to carry it out twice does no harm
	quick      bool            // it is to be acknowledged quickly
	exposed    bool            // it has left under its id, and the server may have taken it in
	doubtful   bool            // so it was under an id that it had before
	cancelled  bool            // nobody waits for it
	drop       *message        // the rpc_drop_answer about it
	greets     bool            // a ping that is to show that the server has the session
	drops      *message        // of an rpc_drop_answer: what it is about
	connection int             // over which it left last
	again      bool            // it left more than once under its id
	former     []mtproto.MsgID // the ids it had before, under which it may yet be answered
	acked      bool            // the remote has it
	toldAt     time.Time       // when the remote last told so
	answeredOn int             // the connection over which it first told that there is an answer, 0 for none
	asked      *message        // the question about its state that is open
	refusals   int             // times it was sent anew because it had been refused
	asks       []int64         // what a msgs_state_req asks for
	wants      bool            // another message than rpc_result answers it

	acks   []int64       // what a msgs_ack acknowledges, to acknowledge again
	answer mtproto.MsgID // server: the query that this answers
	queued bool          // stands in the queue
	gone   bool          // stands in the queue, but is not to be sent
	kept   bool          // counts towards Options.MaxPending
}

// messageCost is what the upkeep of a message takes, in bytes, besides its body.
const messageCost = 128

// idContainer is msg_container, which has a bare vector of bare messages
// and is written and read by hand (R-SM-10, R-SM-11).
const (
	idContainer   = uint32(0x73f1f8dc)
	containerHead = 8  // bytes: id and count
	elementHead   = 16 // bytes: msg_id, seqno, size
)

func (s *Session) enqueue(m *message) *message {
	if !m.queued {
		m.queued = true
		s.queue = append(s.queue, m)
	}
	if m.content && !m.kept {
		m.kept = true
		s.pending += len(m.body) + messageCost
	}
	return m
}

// dequeue takes a message that has come to its end out of the queue.
func (s *Session) dequeue(m *message) {
	if !m.queued || m.gone {
		return
	}
	m.gone = true
	if s.gone++; s.gone > 64 && s.gone > len(s.queue)/2 {
		s.queue = slices.DeleteFunc(s.queue, func(q *message) bool { return q.gone })
		s.gone = 0
	}
}

// unkeep takes a message out of what counts towards Options.MaxPending.
func (s *Session) unkeep(m *message) {
	if m.kept {
		m.kept = false
		s.pending -= len(m.body) + messageCost
	}
}

// service queues a service message.
func (s *Session) service(body tl.Object, content bool) *message {
	kind := mtproto.MsgID(0)
	if s.o.Side == mtproto.Server {
		kind = 3
	}
	return s.enqueue(&message{body: marshal(body), content: content, idKind: kind})
}

// respond queues a server's answer to a message, which is not a query.
func (s *Session) respond(body tl.Object) {
	m := s.service(body, false)
	if s.o.Side == mtproto.Server {
		m.idKind = 1
	}
}

// Send returns the next packet to write and the token of its quick
// acknowledgement, or nil if there is nothing to send now. Acknowledgements
// that wait go with whatever is sent (R-SM-21).
func (s *Session) Send(now time.Time) (packet []byte, token uint32, err error) {
	if s.o.Side == mtproto.Client && !s.connected {
		return nil, 0, nil
	}
	if s.renew && s.settled(now) {
		if err := s.restart(); err != nil {
			return nil, 0, err
		}
	}
	if !s.Sendable(now) {
		return nil, 0, nil
	}
	if len(s.acks) > 0 {
		s.queueAcks()
	}
	batch := s.takeBatch()
	s.quickAcks(batch)
	at := s.serverTime(now)
	for _, m := range batch {
		if m.id == 0 {
			m.id, m.seqno = s.ids.next(at, m.idKind, m.content)
			if m.make != nil {
				m.body = m.make(m.id)
			}
		}
		m.sentAt, m.connection, m.exposed = now, s.connections, true
	}
	e := &Envelope{SessionID: s.id}
	if len(batch) == 1 && batch[0].container == 0 {
		e.MsgID, e.SeqNo, e.Body = batch[0].id, batch[0].seqno, batch[0].body
	} else {
		kind := mtproto.MsgID(0)
		if s.o.Side == mtproto.Server {
			kind = 1
		}
		e.MsgID, e.SeqNo = s.ids.next(at, kind, false)
		e.Body = container(batch)
		for _, m := range batch {
			m.container = e.MsgID
		}
	}
	if s.o.Side == mtproto.Client {
		s.rememberFromClient(e.MsgID, batch)
		e.Salt = s.salts.current(at)
	} else {
		s.rememberFromServer(batch)
		e.Salt = s.o.ServerSalts.Current(now)
	}
	return Seal(s.o.Rand, &s.o.Key, s.o.Side, e)
}

// queueAcks puts the acknowledgements that wait before everything else.
func (s *Session) queueAcks() {
	n := min(len(s.acks), MaxAckIDs)
	ids := s.acks[:n:n]
	s.acks = s.acks[n:]
	for _, id := range ids {
		if e := s.seen.get(mtproto.MsgID(id)); e != nil {
			e.acked = true
		}
	}
	if len(s.acks) == 0 {
		s.acksAt = time.Time{}
	}
	// Before everything else, so that it goes out even if the batch is full.
	m := s.service(&mt.MsgsAck{MsgIDs: ids}, false)
	m.acks = ids
	copy(s.queue[1:], s.queue)
	s.queue[0] = m
}

// ready reports whether anything in the queue may be sent now.
func (s *Session) ready() bool {
	return slices.ContainsFunc(s.queue, func(m *message) bool { return !m.gone && !s.holds(m) })
}

// holds reports whether a message has to stay in the queue for now: a query,
// while the session is about to be given up; one that must not be carried out
// twice, until the server is known to have the session, for were it lost before
// that, nobody could tell afterwards from a server that has forgotten it; and one
// whose predecessor is to leave again, or may have to.
func (s *Session) holds(m *message) bool {
	first := m.after
	return m.request != 0 && (s.renew || !s.known && !m.repeat ||
		first != nil && !first.ended && (first.queued || first.asked != nil))
}

// takeBatch removes from the queue what the next packet holds.
func (s *Session) takeBatch() []*message {
	var batch, held []*message
	size, n := 0, 0
	for ; n < len(s.queue) && len(batch) < batchMessages; n++ {
		m := s.queue[n]
		switch {
		case m.gone:
			m.queued, m.gone = false, false
			s.gone--
			continue
		case s.holds(m):
			held = append(held, m)
			continue
		}
		if len(batch) > 0 && size+len(m.body) > batchBytes {
			break
		}
		size += len(m.body)
		m.queued = false
		batch = append(batch, m)
	}
	if s.queue = append(held, s.queue[n:]...); len(s.queue) == 0 {
		s.queue = nil
	}
	return batch
}

func container(batch []*message) []byte {
	size := containerHead
	for _, m := range batch {
		size += elementHead + len(m.body)
	}
	b := make([]byte, 0, size)
	b = binary.LittleEndian.AppendUint32(b, idContainer)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(batch)))
	for _, m := range batch {
		b = binary.LittleEndian.AppendUint64(b, uint64(m.id))
		b = binary.LittleEndian.AppendUint32(b, uint32(m.seqno))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(m.body)))
		b = append(b, m.body...)
	}
	return b
}

const (
	// maxServices is how many messages that nothing acknowledges, and
	// containers, are remembered so that a refusal of them is understood
	// (R-SM-14, R-SM-31), and serviceAge for how long: that comes at once, and a
	// session that rests has sent a ping a minute, for days.
	maxServices = 256
	serviceAge  = 2 * time.Minute
	// maxRecent is how many ids of packets are remembered; see rewind.
	maxRecent = 128
	// maxFormer is under how many of the ids that it had a query is known.
	maxFormer = 4
)

// rememberFromServer keeps what a client has to acknowledge. Of anything else
// it complains in vain.
func (s *Session) rememberFromServer(batch []*message) {
	for _, m := range batch {
		if m.content {
			s.sent[m.id] = m
		}
	}
}

// rememberFromClient keeps what was sent in the packet of the id outer until
// it is answered or forgotten.
func (s *Session) rememberFromClient(outer mtproto.MsgID, batch []*message) {
	s.recent = append(s.recent, outer)
	if len(s.recent) > 2*maxRecent {
		s.recent = append([]mtproto.MsgID(nil), s.recent[maxRecent:]...)
	}
	for _, m := range batch {
		s.sent[m.id] = m
		if !m.content && !m.wants {
			s.services = append(s.services, m.id)
		}
	}
	if batch[0].container != 0 {
		s.containers[outer] = batch
		s.services = append(s.services, outer)
	}
	old := mtproto.MsgIDAt(outer.Time().Add(-serviceAge))
	for len(s.services) > maxServices || len(s.services) > 0 && s.services[0].Before(old) {
		id := s.services[0]
		s.services = s.services[1:]
		if m := s.sent[id]; m != nil && !m.content {
			delete(s.sent, id)
		}
		if !s.unanswered(id) {
			delete(s.containers, id)
		} else if s.containers[id] != nil {
			s.services = append(s.services, id)
			break
		}
	}
}

// unanswered reports whether a container holds a message that still waits.
func (s *Session) unanswered(container mtproto.MsgID) bool {
	for _, m := range s.containers[container] {
		if m.content && m.container == container && s.sent[m.id] == m {
			return true
		}
	}
	return false
}

// settle forgets a message that needs nothing more under its id.
func (s *Session) settle(m *message) {
	if s.sent[m.id] == m {
		delete(s.sent, m.id)
	}
	s.unkeep(m)
	if s.answers[m.answer] == m {
		delete(s.answers, m.answer)
	}
}

// forget forgets a message that needs nothing more at all.
func (s *Session) forget(m *message) {
	s.settle(m)
	s.dequeue(m)
	for _, id := range m.former {
		delete(s.former, id)
	}
	m.former = nil
}

// resendSame queues a message under the id it has; it will travel in a
// container (R-SM-12, R-SM-42).
func (s *Session) resendSame(m *message) {
	if s.ids.last.Before(m.id) { // it was refused, or will be: see rewind
		s.resendAnew(m)
		return
	}
	if m.container == 0 {
		m.container = 1 // any value: the next container's id takes its place
	}
	m.again = true
	s.enqueue(m)
}

// resendAnew queues a message under a new id (R-SM-34). What only made sense
// at the time, such as a ping, is not sent again.
func (s *Session) resendAnew(m *message) {
	s.settle(m)
	switch {
	case len(m.acks) > 0:
		s.acks = append(s.acks, m.acks...)
	case len(m.asks) > 0:
		s.askStates(func(q *message) bool { return q.asked == m })
	case m.greets && !s.known:
		s.renumber(m)
	case m.drops != nil && s.requests[m.drops.request] == m.drops:
		s.dropAnswer(m.drops)
	case m.request != 0:
		if m.id != 0 && len(m.former) < maxFormer {
			m.former = append(m.former, m.id)
			s.former[m.id] = m
		}
		s.renumber(m)
	}
}

// renumber queues a query that is to get a new id.
func (s *Session) renumber(m *message) {
	m.doubtful = m.doubtful || m.exposed
	m.id, m.seqno, m.container, m.exposed = 0, 0, 0, false
	m.acked, m.again, m.asked = false, false, nil
	m.toldAt, m.answeredOn = time.Time{}, 0
	s.enqueue(m)
}

// sortByID orders messages that have been sent by their ids.
func sortByID(queue []*message) {
	sort.SliceStable(queue, func(i, j int) bool { return queue[i].id.Before(queue[j].id) })
}

// marshal encodes a service answer that cannot fail to encode.
func marshal(v tl.Object) []byte {
	b, err := tl.Marshal(v)
	if err != nil {
		// Only a vector beyond 2^31 or a string beyond 2^24 gets here, and none
		// of ours comes near.
		panic("session: " + err.Error())
	}
	return b
}
