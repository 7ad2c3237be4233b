// Package session runs MTProto 2.0 sessions: message ids, sequence numbers,
// salts, acknowledgements, containers, state and resend requests, and every
// check that a receiver owes (https://core.telegram.org/mtproto/description,
// R-EM and R-SM).
//
// Start with [New]. A client queues queries with [Session.Ask] and reads their
// ends from the events that [Session.Receive] returns; a server answers the
// [Query] events with [Session.Answer] and sends updates with [Session.Push].
// After any call, take packets from [Session.Send] until there are none, then
// events from [Session.Events], and call [Session.Tick] at [Session.Deadline].
//
// The package does no I/O and reads no clock: packets and the time come in as
// arguments, packets, events and the next deadline go out. Client and server
// are the same code; what differs hangs off [mtproto.Side]. A Session is not
// safe for concurrent use.
//
// # What a packet holds
//
//	auth_key_id 8 | msg_key 16 | AES-256-IGE of:
//	    salt 8 | session_id 8 | msg_id 8 | seqno 4 | length 4 | body | padding 12..1024
//
// The body is one message, or a msg_container of several.
//
// Numbers such as R-SM-11 are those of docs/requirements.md.
package session

import (
	"io"
	"time"

	"godwit/mtproto"
)

// Limits and defaults of a session.
const (
	// MaxContainerMessages is how many messages a container may hold (R-SM-10).
	MaxContainerMessages = 1024
	// MaxAckIDs is how many ids one msgs_ack, msgs_state_req or
	// msg_resend_req may hold (R-SM-22).
	MaxAckIDs = 8192
	// MaxUnpacked is the size in bytes to which a gzip_packed may inflate, and
	// those of one packet together (R-TL-31).
	MaxUnpacked = 16 << 20
	// MaxAhead is by how much the time of a message may be ahead of ours, and
	// MaxAge by how much behind (R-EM-17).
	MaxAhead = 30 * time.Second
	MaxAge   = 300 * time.Second

	batchMessages = 512     // messages that we put into one container
	batchBytes    = 1 << 19 // bytes after which no more messages are added
	ackCount      = 16      // acks that wait no longer (R-SM-21)
	maxTries      = 8       // refusals after which a query is given up

	clientAckDelay = 30 * time.Second
	serverAckDelay = time.Second
	defaultPing    = 60 * time.Second
	stateDelay     = 15 * time.Second
	stallDelay     = 60 * time.Second
)

// Options are what a session starts with.
type Options struct {
	Side mtproto.Side
	Key  mtproto.AuthKey
	Rand io.Reader // for padding, session ids and ping ids; required

	// ID is the session's id. A client may leave it 0 to have one drawn.
	ID mtproto.SessionID

	// Salts are a client's stored salts, the initial one of the key exchange at
	// the least. A wrong one costs a round trip.
	Salts []Salt

	// ServerSalts are the salts of the key on the server's side; required there.
	ServerSalts *ServerSalts

	// ClockOffset is the server's time minus ours, for a client that knows it.
	// ClockKnown says that it does: only then are message times checked before
	// the first answer (R-EM-17, R-IX-01).
	ClockOffset time.Duration
	ClockKnown  bool

	// CompressAbove is the size in bytes above which bodies are sent as
	// gzip_packed where that makes them smaller. 0 stands for never.
	CompressAbove int

	// PingInterval is how often a client pings, to show that it is there and to
	// see that the server is. 0 stands for a minute.
	PingInterval time.Duration

	// MaxPending bounds the bytes of messages that a server keeps until they are
	// acknowledged, with some for the upkeep of each: beyond it, old answers are
	// forgotten and Push fails. 0 stands for 4 MiB.
	MaxPending int
}

// A RequestID names a client's query within its Session. It stays the same
// when the query has to be sent again under another message id.
type RequestID uint64

// A Session is one MTProto session, seen from one side.
type Session struct {
	o       Options
	id      mtproto.SessionID
	oldID   mtproto.SessionID // the id before a client started afresh
	started bool              // server: new_session_created has been queued
	firstID mtproto.MsgID     // server: lowest message id seen
	began   mtproto.MsgID     // server: id of the packet that came first

	// Outgoing. A message leaves queue for sent; content-related ones stay
	// there until they are answered or acknowledged.
	ids         allocator
	queue       []*message
	gone        int // messages in queue that are not to be sent any more
	sent        map[mtproto.MsgID]*message
	containers  map[mtproto.MsgID][]*message
	services    []mtproto.MsgID // ids in sent or containers that no answer removes, oldest first
	pending     int             // bytes of content-related messages in queue and sent
	acks        []int64
	acksAt      time.Time
	requests    map[RequestID]*message // client: queries without an answer
	quick       []RequestID            // of the last packet: those to be acknowledged quickly
	lastRequest RequestID
	former      map[mtproto.MsgID]*message // client: those queries by the ids they had before
	recent      []mtproto.MsgID            // client: ids of the packets sent last
	renew       bool                       // client: another session has to begin
	renewBy     time.Time                  // when it does at the latest; zero for not decided

	// Incoming.
	packet     mtproto.MsgID // id of the packet that is being dealt with
	seen       window
	early      []mtproto.MsgID            // server: packets refused as ahead of time
	processing map[mtproto.MsgID]bool     // server: queries being worked on
	answers    map[mtproto.MsgID]*message // server: answers not yet acknowledged, by query
	answered   []mtproto.MsgID            // server: the queries of answers, oldest first
	known      bool                       // client: the server has the session, or had it
	created    bool                       // client: new_session_created has come
	lastUnique int64                      // client: its unique_id

	// Time.
	salts       clientSalts
	clock       clock
	synced      bool
	connected   bool
	connections int // client: so many there have been
	pingAt      time.Time
	pongBy      time.Time
	stateAt     time.Time
	saltsAsked  time.Time

	events []Event
}

// New returns a session that has sent and received nothing.
func New(o Options) (*Session, error) {
	if o.MaxPending == 0 {
		o.MaxPending = 4 << 20
	}
	if o.PingInterval == 0 {
		o.PingInterval = defaultPing
	}
	s := &Session{o: o, id: o.ID, synced: o.ClockKnown}
	s.clock.offset = o.ClockOffset
	s.sent = make(map[mtproto.MsgID]*message)
	s.containers = make(map[mtproto.MsgID][]*message)
	if o.Side == mtproto.Client {
		s.requests = make(map[RequestID]*message)
		s.former = make(map[mtproto.MsgID]*message)
		s.salts.add(time.Time{}, o.Salts...)
		s.o.Salts = nil // they would be kept twice
		if s.id == 0 {
			if err := s.drawID(); err != nil {
				return nil, err
			}
		}
		return s, nil
	}
	s.synced = true
	s.processing = make(map[mtproto.MsgID]bool)
	s.answers = make(map[mtproto.MsgID]*message)
	return s, nil
}

// ID returns the session id. A client's changes when the session has to start
// afresh.
func (s *Session) ID() mtproto.SessionID { return s.id }

// Salts returns the salts that a client knows, to be stored with its key.
func (s *Session) Salts() []Salt { return s.salts.list() }

// ClockOffset returns the server's time minus ours, and whether it is known.
func (s *Session) ClockOffset() (time.Duration, bool) { return s.clock.offset, s.synced }

// Pending returns how many queries a client is waiting for.
func (s *Session) Pending() int { return len(s.requests) }

// drawID gives a client's session a fresh id, never 0 (R-EM-60).
func (s *Session) drawID() error {
	s.oldID, s.id = s.id, 0
	for s.id == 0 || s.id == s.oldID {
		id, err := s.random64()
		if err != nil {
			return err
		}
		s.id = mtproto.SessionID(id)
	}
	return nil
}

// An Event is something that the caller of Receive or Tick has to know.
type Event interface{ event() }

type (
	// Result ends a client's query.
	Result struct {
		Request RequestID
		Body    []byte // the boxed answer, unpacked; nil with Err
		Err     error  // *mtproto.RPCError, *mtproto.OutcomeError, or why the answer can't be read
	}

	// Update is a body that the server sent by itself.
	Update struct{ Body []byte }

	// Created says that the server has made the session anew: updates may have
	// been lost (R-SM-61).
	Created struct{ UniqueID int64 }

	// SaltsChanged says that Salts has new values, to be stored.
	SaltsChanged struct{}

	// Query is a client's query, to be answered with Answer or AnswerError.
	Query struct {
		MsgID mtproto.MsgID
		Body  []byte
	}

	// DisconnectAfter asks the server to close the connection unless another
	// one comes within Delay (ping_delay_disconnect, R-SM-65).
	DisconnectAfter struct{ Delay time.Duration }

	// DestroySession asks the server to forget a session of the same key; Reply
	// answers it (R-SM-67).
	DestroySession struct {
		MsgID   mtproto.MsgID
		Session mtproto.SessionID
	}

	// DestroyKey asks the server to forget the auth key; Reply answers it
	// (R-AK-40).
	DestroyKey struct{ MsgID mtproto.MsgID }
)

func (Result) event()          {}
func (Update) event()          {}
func (Created) event()         {}
func (SaltsChanged) event()    {}
func (Query) event()           {}
func (DisconnectAfter) event() {}
func (DestroySession) event()  {}
func (DestroyKey) event()      {}

func (s *Session) emit(e Event) { s.events = append(s.events, e) }

// Events returns what has come of other calls than Receive since it was asked
// last: queries that have ended.
func (s *Session) Events() []Event { return s.takeEvents() }

func (s *Session) takeEvents() []Event {
	events := s.events
	s.events = nil
	return events
}
