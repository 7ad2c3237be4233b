package mtclient

import (
	"context"
	"slices"
	"sync"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// A Sequence is an order in which the server is to carry queries out, although
// none waits for the answer to the one before (invokeAfterMsg, R-SM-70 to
// R-SM-72). It is for the queries of one Client. The zero Sequence is ready to
// use.
//
//	var order mtclient.Sequence
//	for _, query := range queries {
//		place := order.Next()
//		go func() { body, err := client.Do(ctx, mtclient.Request{Query: query, Place: place}); … }()
//	}
//
// A query that the server refuses holds nothing up: those after it are carried
// out all the same, in their order.
type Sequence struct {
	mu   sync.Mutex
	last *Place
}

// A Place is that of one query in a Sequence.
type Place struct {
	before *Place // nil for the first, and when it does not matter any more
	filled chan struct{}
	once   sync.Once
	call   *call // set before filled is closed; nil for none
}

// Next takes the next place. Those after it wait until it is filled by a query
// that is handed to Client.Do, or released.
func (s *Sequence) Next() *Place {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = &Place{before: s.last, filled: make(chan struct{})}
	return s.last
}

// Release lets the places after this one be filled, if it has not been filled
// itself. Client.Do does it too.
func (p *Place) Release() { p.once.Do(func() { close(p.filled) }) }

// wait waits until the place before has been filled.
func (p *Place) wait(ctx context.Context) error {
	if p.before == nil {
		return nil
	}
	select {
	case <-p.before.filled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// place notes where a query stands in its order. The query before, if it is
// unanswered, is the one to come after; a place without a query is passed over.
func (l *loop) place(q *call) {
	if q.Place == nil {
		return
	}
	for p := q.Place.before; p != nil && q.before == nil; p = p.before {
		q.before = p.call
	}
	if q.before != nil && q.before.done {
		q.before = nil
	}
	q.Place.call, q.Place.before = q, nil
}

// after returns the query of the same line that q is to come after, 0 for none.
// If q has to wait for an answer first, it reports false and has it do so.
func (n *line) after(q *call) (session.RequestID, bool) {
	b := q.before
	switch {
	case b == nil || b.done:
		return 0, true
	case b.line == n && n.calls[b.id] == b && !q.waited:
		return b.id, true
	}
	b.followers = append(b.followers, q)
	q.line = nil
	return 0, false
}

// again gives a query that was refused, and not carried out, to a line once
// more, and after it those that come after it and have not left.
func (n *line) again(q *call) {
	back := []*call{q}
	for _, f := range n.inOrder() {
		if f.before != nil && slices.Contains(back, f.before) && n.session.Recall(f.id) {
			delete(n.calls, f.id)
			back = append(back, f)
		}
	}
	for _, f := range back {
		n.add(f)
	}
}

// waitRefused reports whether the server has refused a query since the one
// before it has failed or takes long (R-SM-71). Nothing was carried out: it is
// sent again when that one is answered.
func (q *call) waitRefused(err error) bool {
	refused := isRefusal(err, "MSG_WAIT_FAILED") || isRefusal(err, "MSG_WAIT_TIMEOUT")
	return refused && q.before != nil && !q.waited
}

// deliver ends a query with its answer. Those that waited for it go on.
func (l *loop) deliver(q *call, a answer) {
	q.done, q.before = true, nil
	q.answer <- a
	followers := q.followers
	q.followers = nil
	for _, f := range followers {
		l.add(f)
	}
}

// abandon ends a query without an answer of the server.
func (l *loop) abandon(q *call, outcome mtproto.Outcome, why error) {
	l.deliver(q, answer{err: &mtproto.OutcomeError{Outcome: outcome, Err: why}})
}
