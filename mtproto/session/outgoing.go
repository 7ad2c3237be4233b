package session

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
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

	// A client's query.
	request  RequestID // 0 for anything else
	acked    bool      // the remote has it
	asked    bool      // its state has been asked for since the last answer
	refusals int       // times it was sent anew because it had been refused

	asks   []int64       // what a msgs_state_req asks for
	acks   []int64       // what a msgs_ack acknowledges, to acknowledge again
	answer mtproto.MsgID // server: the query that this answers
	queued bool          // stands in the queue
	kept   bool          // counts towards Options.MaxPending
}

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
		s.pending += len(m.body)
	}
	return m
}

// unkeep takes a message out of what counts towards Options.MaxPending.
func (s *Session) unkeep(m *message) {
	if m.kept {
		m.kept = false
		s.pending -= len(m.body)
	}
}

// service queues a service message.
func (s *Session) service(body tl.Encoder, content bool) *message {
	kind := mtproto.MsgID(0)
	if s.o.Side == mtproto.Server {
		kind = 3
	}
	return s.enqueue(&message{body: marshal(body), content: content, idKind: kind})
}

// respond queues a server's answer to a message, which is not a query.
func (s *Session) respond(body tl.Encoder) {
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
	if len(s.queue) == 0 && (len(s.acks) == 0 || len(s.acks) <= ackCount && now.Before(s.acksAt)) {
		return nil, 0, nil
	}
	if len(s.acks) > 0 {
		s.queueAcks()
	}
	batch := s.takeBatch()
	at := s.serverTime(now)
	for _, m := range batch {
		if m.id == 0 {
			m.id, m.seqno = s.ids.next(at, m.idKind, m.content)
		}
		m.sentAt = now
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
	s.remember(e.MsgID, batch)
	if s.o.Side == mtproto.Client {
		e.Salt = s.salts.current(at)
	} else {
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
	s.queue = append([]*message{m}, s.queue[:len(s.queue)-1]...)
}

// takeBatch removes from the queue what the next packet holds.
func (s *Session) takeBatch() []*message {
	n, size := 0, 0
	for n < len(s.queue) && n < batchMessages && (n == 0 || size+len(s.queue[n].body) <= batchBytes) {
		size += len(s.queue[n].body)
		s.queue[n].queued = false
		n++
	}
	batch := s.queue[:n:n]
	s.queue = s.queue[n:]
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

// maxServices is how many messages that nothing acknowledges, and containers,
// are remembered so that a refusal of them is understood (R-SM-14, R-SM-31).
const maxServices = 256

// remember keeps what was sent under outer until it is answered, acknowledged
// or, on a client, forgotten.
func (s *Session) remember(outer mtproto.MsgID, batch []*message) {
	if s.o.Side == mtproto.Server {
		// A client complains of nothing, so only what it must acknowledge counts.
		for _, m := range batch {
			if m.content {
				s.sent[m.id] = m
			}
		}
		return
	}
	for _, m := range batch {
		s.sent[m.id] = m
		if !m.content {
			s.services = append(s.services, m.id)
		}
	}
	if batch[0].container != 0 {
		s.containers[outer] = batch
		s.services = append(s.services, outer)
	}
	for len(s.services) > maxServices {
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
		if m.content && s.sent[m.id] == m {
			return true
		}
	}
	return false
}

// settle forgets a message that needs nothing more.
func (s *Session) settle(m *message) {
	if s.sent[m.id] == m {
		delete(s.sent, m.id)
	}
	s.unkeep(m)
	if s.answers[m.answer] == m {
		delete(s.answers, m.answer)
	}
}

// resendSame queues a message under the id it has; it will travel in a
// container (R-SM-12, R-SM-42).
func (s *Session) resendSame(m *message) {
	if m.container == 0 {
		m.container = 1 // any value: the next container's id takes its place
	}
	s.enqueue(m)
}

// resendAnew queues a message under a new id (R-SM-34). What only made sense
// at the time, a ping or a question, is not sent again.
func (s *Session) resendAnew(m *message) {
	s.settle(m)
	switch {
	case len(m.acks) > 0:
		s.acks = append(s.acks, m.acks...)
	case m.content || m.request != 0:
		m.id, m.seqno, m.container, m.acked, m.asked = 0, 0, 0, false, false
		s.enqueue(m)
	}
}

// Request queues a query and returns the name under which its Result will
// come. The session keeps query and must be its only user.
func (s *Session) Request(query []byte) RequestID {
	s.lastRequest++
	m := s.enqueue(&message{body: pack(query, s.o.CompressAbove), content: true, request: s.lastRequest})
	s.requests[s.lastRequest] = m
	return s.lastRequest
}

// Cancel gives up a query: no Result will come. If it has been sent the server
// is asked to drop its answer, but may have carried it out (R-SM-50).
func (s *Session) Cancel(id RequestID) {
	m := s.requests[id]
	if m == nil {
		return
	}
	delete(s.requests, id)
	s.queue = remove(s.queue, m)
	s.settle(m)
	if m.id != 0 {
		s.service(&mt.RPCDropAnswer{ReqMsgID: int64(m.id)}, false)
	}
}

// sortByID orders messages that have been sent by their ids.
func sortByID(queue []*message) {
	slices.SortStableFunc(queue, func(a, b *message) int {
		return cmp.Compare(uint64(a.id), uint64(b.id))
	})
}

// marshal encodes a service answer that cannot fail to encode.
func marshal(v tl.Encoder) []byte {
	b, err := tl.Marshal(v)
	if err != nil {
		// Only a vector beyond 2^31 or a string beyond 2^24 gets here, and none
		// of ours comes near.
		panic("session: " + err.Error())
	}
	return b
}

func remove(queue []*message, m *message) []*message {
	for i, q := range queue {
		if q == m {
			return append(queue[:i:i], queue[i+1:]...)
		}
	}
	return queue
}

// ErrPendingFull says that a server holds as many unacknowledged bytes for a
// client as MaxPending allows. The session should be dropped: the client then
// learns from new_session_created that it has missed updates.
var ErrPendingFull = errors.New("mtproto: too much is unacknowledged")

// Answer queues the boxed result of a query (rpc_result). A query that was
// answered before, or that was cancelled, is left alone.
func (s *Session) Answer(query mtproto.MsgID, result []byte) {
	if !s.processing[query] {
		return
	}
	delete(s.processing, query)
	body := pack(result, s.o.CompressAbove)
	b := make([]byte, 0, 12+len(body))
	b = binary.LittleEndian.AppendUint32(b, mt.IDRPCResult)
	b = binary.LittleEndian.AppendUint64(b, uint64(query))
	b = append(b, body...)
	m := s.enqueue(&message{body: b, content: true, idKind: 1, answer: query})
	s.answers[query] = m
	if len(s.answered) > 2*len(s.answers)+64 {
		s.answered = slices.DeleteFunc(s.answered, func(q mtproto.MsgID) bool { return s.answers[q] == nil })
	}
	s.answered = append(s.answered, query)
	s.trim(0)
	// The answer acknowledges the query (R-SM-20).
	if e := s.seen.get(query); e != nil {
		e.acked = true
	}
	if s.acks = removeID(s.acks, int64(query)); len(s.acks) == 0 {
		s.acksAt = time.Time{}
	}
}

// AnswerError queues the refusal of a query.
func (s *Session) AnswerError(query mtproto.MsgID, e *mtproto.RPCError) {
	body, err := tl.Marshal(&mt.RPCError{ErrorCode: int32(e.Code), ErrorMessage: e.Message()})
	if err != nil {
		body, _ = tl.Marshal(&mt.RPCError{ErrorCode: 500, ErrorMessage: "INTERNAL"})
	}
	s.Answer(query, body)
}

// Reply queues a service answer that is a message of its own, such as
// destroy_session_ok (R-SM-01).
func (s *Session) Reply(body []byte) {
	s.enqueue(&message{body: body, idKind: 1})
}

// Push queues an update. It fails with ErrPendingFull when the client has left
// too much unacknowledged.
func (s *Session) Push(body []byte) error {
	if !s.trim(len(body)) {
		return ErrPendingFull
	}
	s.enqueue(&message{body: pack(body, s.o.CompressAbove), content: true, idKind: 3})
	return nil
}

// trim forgets the oldest answers that have been sent until there is room for
// more bytes within MaxPending, and reports whether there is. Some clients
// never acknowledge what comes in containers, and TCP has delivered it.
func (s *Session) trim(more int) bool {
	for s.pending+more > s.o.MaxPending && len(s.answered) > 0 {
		m := s.answers[s.answered[0]]
		if m != nil && m.queued {
			break // not sent yet, as are all after it
		}
		s.answered = s.answered[1:]
		if m != nil {
			s.settle(m)
		}
	}
	return s.pending+more <= s.o.MaxPending
}

func removeID(ids []int64, id int64) []int64 {
	for i, have := range ids {
		if have == id {
			return append(ids[:i:i], ids[i+1:]...)
		}
	}
	return ids
}
