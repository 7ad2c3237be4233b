package mtserver

import (
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// Queries that wait for others: invokeAfterMsg and invokeAfterMsgs (R-SM-70 to
// R-SM-72). The queries of a session come one after another as they were sent,
// so that what is left to do is not to run one whose predecessor has failed,
// and to wait a little for a predecessor that comes later.

const (
	// waitTime is how long a query waits for one that has not come (R-SM-70).
	waitTime = 500 * time.Millisecond
	// maxOutcomes is of how many queries it is remembered how they ended.
	maxOutcomes = 1024
)

var (
	errWaitFailed  = mtproto.NewRPCError(400, "MSG_WAIT_FAILED")
	errWaitTimeout = mtproto.NewRPCError(400, "MSG_WAIT_TIMEOUT")
)

// outcomes remembers how the last queries of a session ended.
type outcomes struct {
	failed map[mtproto.MsgID]bool
	order  []mtproto.MsgID
}

func (o *outcomes) add(id mtproto.MsgID, failed bool) {
	if o.failed == nil {
		o.failed = make(map[mtproto.MsgID]bool)
	}
	o.failed[id] = failed
	if o.order = append(o.order, id); len(o.order) > maxOutcomes {
		delete(o.failed, o.order[0])
		o.order = o.order[1:]
	}
}

// A follower is a query that waits for one that has not come.
type follower struct {
	query session.Query
	after []mtproto.MsgID
}

// missing returns which of the named queries have not ended, and whether one
// has failed. One of which nothing is remembered, though it was received, ended
// long ago.
func (s *Session) missing(after []mtproto.MsgID) (open []mtproto.MsgID, failed bool) {
	for _, id := range after {
		switch f, ended := s.outcomes.failed[id]; {
		case f:
			return nil, true
		case !ended && s.core.Awaited(id):
			open = append(open, id)
		}
	}
	return open, false
}

// await has a query wait for what it names, and reports whether there is
// anything to wait for. A predecessor that failed is told as an error.
func (s *Session) await(q session.Query, after []mtproto.MsgID) (waits bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	open, failed := s.missing(after)
	switch {
	case failed:
		return false, errWaitFailed
	case len(open) == 0:
		return false, nil
	}
	w := &follower{query: q, after: after}
	s.followers = append(s.followers, w)
	s.busy = false
	time.AfterFunc(waitTime, func() { s.srv.tasks.run(func() { s.giveUp(w) }) })
	return true, nil
}

// giveUp ends a query that still waits.
func (s *Session) giveUp(w *follower) {
	s.mu.Lock()
	i := slices.Index(s.followers, w)
	if i >= 0 {
		s.followers = slices.Delete(s.followers, i, i+1)
	}
	s.mu.Unlock()
	if i >= 0 {
		s.finish(s.srv.ctx, w.query, nil, errWaitTimeout)
	}
}

// resume has the queries that need not wait any more handled, those first that
// came first. s.mu is held.
func (s *Session) resume() {
	s.followers = slices.DeleteFunc(s.followers, func(w *follower) bool {
		open, failed := s.missing(w.after)
		over := failed || len(open) == 0
		if over {
			s.enqueueLocked(job{query: w.query})
		}
		return over
	})
}
