package mtserver

import (
	"context"
	"errors"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
	"godwit/tl"
)

// A Session is one MTProto session of a client.
type Session struct {
	srv *Server
	key *keyState
	id  mtproto.SessionID

	mu       sync.Mutex
	core     *session.Session
	conn     *conn // nil without a connection
	polling  *conn // the one that stands for HTTP requests; nil without
	remote   net.Addr
	newest   mtproto.MsgID // of the packets received
	leftAt   time.Time     // when the last connection was lost
	opened   bool          // the handler has been told, or will be
	closed   bool
	flushing bool // a task will flush soon

	jobs      []job
	queries   int  // among the jobs, with the one in hand
	busy      bool // a query is in hand
	ending    bool // to be closed, after the query in hand
	working   bool
	followers []*follower // for queries that have not come
	outcomes  outcomes
	cancel    context.CancelFunc // of the work, nil while there is none
	value     any

	displaced *Session // whose temporary key was replaced by the one of this session
	heard     int      // packets of the client
}

// A job is something that the handler has to hear of, in its turn.
type job struct {
	kind  jobKind
	query session.Query
}

type jobKind uint8

const (
	jobQuery jobKind = iota
	jobOpened
	jobClosed
)

// errSessionClosed says that a packet came for a session that is forgotten.
var errSessionClosed = errors.New("mtserver: session closed")

// ID returns the id that the client has given the session.
func (s *Session) ID() mtproto.SessionID { return s.id }

// KeyID returns the id of the auth key that the session is authorized by: the
// permanent one where the client uses a temporary key. As long as that is not
// bound, it is the temporary key's own; so it changes once in such a session
// (R-PF-07).
func (s *Session) KeyID() mtproto.KeyID { return s.key.ownerID() }

// Media reports whether the session's key is for the media-only form of the DC
// (R-AK-15).
func (s *Session) Media() bool { return s.key.key.Media }

// Displaced returns the session of a client that was connected with another
// temporary key when this session's was bound in its place; nil if none was.
func (s *Session) Displaced() *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.displaced
}

// Rebound reports whether the session's temporary key was replaced by another
// and bound again after that: two clients that take turns look like this.
func (s *Session) Rebound() bool { return s.key.rebound.Load() }

// Heard returns how many good packets have come in the session.
func (s *Session) Heard() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard
}

// RemoteAddr returns the client's address, the last one if it is not
// connected now.
func (s *Session) RemoteAddr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remote
}

// Attached reports whether the client is connected.
func (s *Session) Attached() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil
}

// SetValue keeps a value with the session for the handler, in place of the
// one before.
func SetValue[T any](s *Session, v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value = v
}

// Value returns the value that was kept with the session, and whether there
// is one of that type.
func Value[T any](s *Session) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.value.(T)
	return v, ok
}

// Push sends a boxed update to the client, now or when it is connected again,
// and again after that until it is acknowledged. It does not wait. The session
// keeps body. What is pushed to a closed session is dropped; a session that
// would hold more than Options.MaxPending is closed.
func (s *Session) Push(body []byte) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	err := s.core.Push(body)
	if err == nil {
		s.flushSoon()
	}
	s.mu.Unlock()
	if err != nil {
		s.srv.log.Info("session closed, its client takes no updates", "remote", s.RemoteAddr(), "error", err)
		s.Close()
	}
}

// flushSoon has what is queued sent, without waiting for the client.
func (s *Session) flushSoon() {
	if s.conn == nil || s.flushing {
		return
	}
	s.flushing = true
	s.srv.tasks.run(func() {
		s.mu.Lock()
		s.flushing = false
		c := s.conn
		s.mu.Unlock()
		if c != nil {
			c.flush(s)
		}
	})
}

// Close forgets the session and closes its connection. It does not wait: what
// is queued is still sent, and a query in hand is still answered. Queries that
// wait are dropped.
func (s *Session) Close() {
	s.srv.unlist(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropQueries()
	s.ending = true
	if !s.busy {
		s.srv.tasks.run(s.end)
	}
}

// end sends what is queued and closes the session and its connection.
func (s *Session) end() {
	s.mu.Lock()
	c := s.conn
	s.mu.Unlock()
	if c != nil {
		c.drain(s)
	}
	s.srv.drop(s)
	if c != nil {
		_ = c.net.Close()
	}
}

// unbound has the handler forget the session, whose key speaks for another one
// no more: what comes next in it comes in a session that is opened anew. A query
// in hand is answered all the same.
func (s *Session) unbound() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened && !s.closed {
		s.opened = false
		s.enqueueLocked(job{kind: jobClosed})
	}
}

func (s *Session) dropQueries() {
	s.followers = nil
	s.jobs = slices.DeleteFunc(s.jobs, func(j job) bool { return j.kind == jobQuery })
}

// receive gives a packet that came over c to the session, and attaches the
// session to c if the packet is newer than those before (R-TR-09): one that
// somebody sends a second time does not move a session.
func (s *Session) receive(c *conn, e *session.Envelope) ([]session.Event, error) {
	now := s.srv.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.ending {
		return nil, errSessionClosed
	}
	events, err := s.core.ReceiveEnvelope(now, e)
	if err != nil {
		return nil, err
	}
	s.heard++
	newer := s.newest.Before(e.MsgID)
	if newer && e.MsgID.Time().Sub(now) <= session.MaxAhead {
		// One that is further ahead was refused, and the client goes on with lower
		// ids (R-EM-17).
		s.newest = e.MsgID
	}
	if s.conn != c && (s.conn == nil || newer) {
		if s.conn != nil {
			s.conn.detach(s)
			s.core.Disconnected()
		}
		s.conn, s.remote = c, c.net.RemoteAddr()
		c.attach(s)
		if err := s.core.Connected(now); err != nil {
			return nil, err
		}
	}
	if !s.opened {
		s.opened = true
		s.enqueueLocked(job{kind: jobOpened})
	}
	return events, nil
}

// disconnected notes that c is gone.
func (s *Session) disconnected(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == c {
		s.conn = nil
		s.leftAt = s.srv.o.Now()
		s.core.Disconnected()
	}
}

// next returns the next packet to send over c, nil if there is none now.
func (s *Session) next(c *conn) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return nil, nil
	}
	p, _, err := s.core.Send(s.srv.o.Now())
	if p == nil && err == nil {
		c.wakeAt(s.core.Deadline())
	}
	return p, err
}

// reply queues a service answer.
func (s *Session) reply(v tl.Object) {
	body, err := tl.Marshal(v)
	if err != nil {
		return // no service answer of ours is too long
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.core.Reply(body)
}

// enqueue has a query answered in its turn. It reports false if too many wait
// already.
func (s *Session) enqueue(q session.Query) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.ending {
		return true
	}
	if s.queries >= s.srv.o.MaxQueries {
		return false
	}
	s.queries++
	s.enqueueLocked(job{query: q})
	return true
}

func (s *Session) enqueueLocked(j job) {
	s.jobs = append(s.jobs, j)
	if !s.working {
		s.working = true
		ctx, cancel := context.WithCancel(s.srv.ctx)
		s.cancel = cancel
		s.srv.tasks.run(func() { s.work(ctx) })
	}
}

// work does the jobs, one after the other, until there are none.
func (s *Session) work(ctx context.Context) {
	for {
		s.mu.Lock()
		if len(s.jobs) == 0 {
			s.cancel()
			s.working, s.cancel, s.jobs = false, nil, nil
			s.mu.Unlock()
			return
		}
		j := s.jobs[0]
		s.jobs = s.jobs[1:]
		s.busy = j.kind == jobQuery
		s.mu.Unlock()
		switch j.kind {
		case jobOpened:
			s.srv.o.Handler.SessionOpened(s)
		case jobClosed:
			s.srv.o.Handler.SessionClosed(s)
		case jobQuery:
			s.query(ctx, j.query)
		}
	}
}

// query has a query answered and sends the answer. What was cut short because
// the session or the server ends gets none: the client will ask again.
func (s *Session) query(ctx context.Context, q session.Query) {
	method, after := innerQuery(q.Body)
	waits, err := s.await(q, after)
	if waits {
		return
	}
	var result []byte
	if err == nil {
		result, err = s.answer(ctx, q, method)
	}
	s.finish(ctx, q, result, err)
}

// finish ends a query and sends its answer.
func (s *Session) finish(ctx context.Context, q session.Query, result []byte, err error) {
	if errors.Is(err, ErrLost) {
		s.lose()
		return
	}
	s.mu.Lock()
	s.queries--
	s.busy = false
	s.outcomes.add(q.MsgID, err != nil)
	s.resume()
	switch {
	case err == nil:
		s.core.Answer(q.MsgID, result)
	case ctx.Err() == nil:
		s.core.AnswerError(q.MsgID, s.refusal(q, err))
	}
	c, ending := s.conn, s.ending
	s.mu.Unlock()
	switch {
	case ending:
		s.end()
	case c != nil:
		c.flush(s)
	}
}

// refusal is what the client is told of an error.
func (s *Session) refusal(q session.Query, err error) *mtproto.RPCError {
	var refusal *mtproto.RPCError
	if errors.As(err, &refusal) {
		return refusal
	}
	s.srv.log.Error("query failed", "remote", s.remote, "msg_id", int64(q.MsgID), "error", err)
	return mtproto.NewRPCError(500, "INTERNAL")
}

var errBadAnswer = errors.New("mtserver: the handler's answer is no boxed value")

func (s *Session) answer(ctx context.Context, q session.Query, method []byte) (result []byte, err error) {
	switch id := tl.NewReader(method).PeekID(); {
	case id == mt.IDAuthBindTempAuthKey:
		return s.bind(q.MsgID, method)
	case id == idDropTempAuthKeys:
		return s.dropTemporary(method)
	case s.key.unbound() && !s.srv.mayUnbound(id):
		return nil, errPermanentEmpty
	}
	defer func() {
		if v := recover(); v != nil {
			s.srv.log.Error("handler panicked", "panic", v, "stack", string(debug.Stack()))
			err = mtproto.NewRPCError(500, "INTERNAL")
		}
	}()
	result, err = s.srv.o.Handler.HandleRequest(ctx, s, q.MsgID, q.Body)
	if err == nil && (len(result) < 4 || len(result)%4 != 0) {
		err = errBadAnswer
	}
	return result, err
}
