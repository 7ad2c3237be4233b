package mtclient

import (
	"errors"
	"slices"
	"sort"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// A call is a query on its way, from Do to the loop and back.
type call struct {
	Request
	answer chan answer // has room for the one answer

	// The loop's.
	line      *line // that has it; nil while it waits for one
	id        session.RequestID
	wrapped   bool // Init was applied
	again     bool // for the second time, since the server asked for it
	moves     int  // from one key to another
	cancelled bool // Do waits only to learn what became of it

	before    *call   // in its order; nil for none that is unanswered
	followers []*call // that wait for the answer to this one
	waited    bool    // is sent only when the one before is answered
	done      bool
}

type answer struct {
	body []byte
	err  error
}

// A cancellation asks for the outcome of a call whose context has ended.
type cancellation struct {
	call    *call
	outcome chan mtproto.Outcome // has room for one
}

// add gives a query to the main line, or has it wait for that.
func (l *loop) add(q *call) {
	if !l.main.usable() || l.holding() {
		q.line = nil
		l.waiting = append(l.waiting, q)
		return
	}
	l.main.ask(q)
}

// release gives the queries that wait to the main line, if that is usable.
func (l *loop) release() {
	if len(l.waiting) == 0 || !l.main.usable() || l.holding() {
		return
	}
	waiting := l.waiting
	l.waiting = nil
	for _, q := range waiting {
		l.main.ask(q)
	}
}

// ask gives a query to the session.
func (n *line) ask(q *call) {
	after, ok := n.after(q)
	if !ok {
		return
	}
	body := q.Query
	q.wrapped = n.o.Init != nil && !n.inited
	if q.wrapped {
		body = n.o.Init(body)
	}
	q.line = n
	q.id = n.session.Ask(session.Request{Body: body, Repeat: q.Repeat, After: after, QuickAck: q.Received != nil})
	n.calls[q.id] = q
}

// inOrder returns the line's queries in the order in which they were made.
func (n *line) inOrder() []*call {
	list := make([]*call, 0, len(n.calls))
	for _, q := range n.calls {
		list = append(list, q)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].id < list[j].id })
	return list
}

// drop gives a query up whose context has ended, and tells what is certain of
// it. Where that is not much and the server can be asked, the answer follows.
func (l *loop) drop(c cancellation) {
	q := c.call
	n := q.line
	switch i := slices.Index(l.waiting, q); {
	case i >= 0:
		l.waiting = slices.Delete(l.waiting, i, i+1)
		l.abandon(q, mtproto.NotExecuted, ErrClosed) // nobody reads why
		c.outcome <- mtproto.NotExecuted
	case q.before.unfollow(q):
		l.abandon(q, mtproto.NotExecuted, ErrClosed)
		c.outcome <- mtproto.NotExecuted
	case n == nil || n.calls[q.id] != q: // answered
		c.outcome <- mtproto.OutcomeUnknown
	default:
		q.cancelled = true
		outcome := n.session.Cancel(q.id)
		if outcome == mtproto.NotExecuted {
			delete(n.calls, q.id)
			l.abandon(q, outcome, ErrClosed)
		}
		n.pump()
		c.outcome <- outcome
	}
}

// unfollow takes a query out of those that wait for the answer to q, and reports
// whether it was among them.
func (q *call) unfollow(follower *call) bool {
	if q == nil {
		return false
	}
	i := slices.Index(q.followers, follower)
	if i >= 0 {
		q.followers = slices.Delete(q.followers, i, i+1)
	}
	return i >= 0
}

// finish hands out an answer.
func (n *line) finish(r session.Result) {
	q := n.calls[r.Request]
	if q == nil {
		return
	}
	delete(n.calls, r.Request)
	unbound := isRefusal(r.Err, "AUTH_KEY_PERM_EMPTY") && !n.expires.IsZero()
	switch {
	case q.cancelled:
		if unbound {
			r.Err = &mtproto.OutcomeError{Outcome: mtproto.NotExecuted, Err: session.ErrCancelled}
		}
	case unbound && n.foreign():
		// Whoever made the key has another one, and this client ends.
		r.Err = &mtproto.OutcomeError{Outcome: mtproto.NotExecuted, Err: ErrKeyExpired}
		n.spent = ErrKeyExpired
	case unbound && q.moves < maxMoves:
		// The key speaks for the permanent one no more, and nothing was carried out
		// (R-PF-07).
		q.moves++
		if n == n.main {
			n.bound = false
			n.rebind()
		}
		n.again(q)
		return
	case q.waitRefused(r.Err):
		q.waited = true
		n.again(q)
		return
	case wantsInit(r.Err) && n.o.Init != nil && !q.again:
		n.inited, q.again = false, true
		n.again(q)
		return
	}
	if r.Err == nil && q.wrapped {
		n.inited = true
	}
	n.deliver(q, answer{r.Body, r.Err})
}

// isRefusal reports whether the server has refused a query with an error of
// that type.
func isRefusal(err error, kind string) bool { return errors.Is(err, &mtproto.RPCError{Type: kind}) }

// wantsInit reports whether the server does not know what initConnection
// tells, or does not any more (R-TL-37).
func wantsInit(err error) bool {
	return isRefusal(err, "CONNECTION_NOT_INITED") || isRefusal(err, "CONNECTION_LAYER_INVALID")
}

// saveSalts stores changed salts of a key that is stored itself. A failure costs a
// round trip after the next start, and nothing else.
func (n *line) saveSalts() {
	var err error
	switch {
	case n.expires.IsZero():
		n.salts = n.session.Salts()
		err = n.o.Save(Credentials{Key: n.key, Salts: n.salts, Created: n.created})
	case n.o.KeepTemporary && n == n.main && n.bound:
		err = n.saveTemporary()
	}
	if err != nil {
		n.o.Logger.Warn("salts could not be saved", "error", err)
	}
}

// saveTemporary stores the line's temporary key.
func (n *line) saveTemporary() error {
	return n.o.Save(Credentials{
		Key: n.permanent, Salts: n.salts, Created: n.created,
		Temporary: Temporary{Key: n.key, Expires: n.expires, Salts: n.session.Salts()},
	})
}
