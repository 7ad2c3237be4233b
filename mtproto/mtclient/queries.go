package mtclient

import (
	"errors"
	"slices"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// add queues a query.
func (l *loop) add(q *call) {
	if l.session == nil {
		l.early = append(l.early, q)
		return
	}
	body := q.query
	q.wrapped = l.o.Init != nil && !l.inited
	if q.wrapped {
		body = l.o.Init(body)
	}
	q.id = l.session.Request(body)
	l.calls[q.id] = q
}

// drop gives a query up whose Invoke has ended.
func (l *loop) drop(q *call) {
	if i := slices.Index(l.early, q); i >= 0 {
		l.early = slices.Delete(l.early, i, i+1)
		return
	}
	if l.calls[q.id] == q {
		delete(l.calls, q.id)
		l.session.Cancel(q.id)
	}
}

// finish hands out an answer.
func (l *loop) finish(r session.Result) {
	q := l.calls[r.Request]
	if q == nil {
		return
	}
	delete(l.calls, r.Request)
	if wantsInit(r.Err) && l.o.Init != nil && !q.again {
		l.inited, q.again = false, true
		l.add(q)
		return
	}
	if r.Err == nil && q.wrapped {
		l.inited = true
	}
	q.answer <- answer{r.Body, r.Err}
}

// wantsInit reports whether the server does not know what initConnection
// tells, or does not any more (R-TL-37).
func wantsInit(err error) bool {
	return errors.Is(err, &mtproto.RPCError{Type: "CONNECTION_NOT_INITED"}) ||
		errors.Is(err, &mtproto.RPCError{Type: "CONNECTION_LAYER_INVALID"})
}

// saveSalts stores changed salts. A failure costs a round trip after the next
// start, and nothing else.
func (l *loop) saveSalts() {
	if err := l.o.Save(Credentials{Key: l.key, Salts: l.session.Salts()}); err != nil {
		l.o.Logger.Warn("salts could not be saved", "error", err)
	}
}
