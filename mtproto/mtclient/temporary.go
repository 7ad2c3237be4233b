package mtclient

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/tl"
)

// Temporary keys (R-PF-01 to R-PF-13). The order in which one is replaced, so
// that no query is lost or has to wait for the making of a key:
//
//	main   ────── queries ──────────────────────┐ ┄┄ answers still due ┄┄ ✂
//	next          dial, make a key …… bind ─────┴───── queries ──────────
//
// Binding a key ends the use of the one before (R-PF-07), so it waits for a
// moment in which nothing is under way, if there is one. Queries that are made
// between bind and its answer wait for that.
const (
	// bindPatience is how long queries wait for the answer to a binding that
	// replaces a key which still works.
	bindPatience = 10 * time.Second
	// drainTime is how long a line that was replaced waits for its answers.
	drainTime = time.Minute
	// renewPause is the wait after a failure to make the next key, as long as the
	// one before is good.
	renewPause = time.Minute
	// keptMargin is how long a key of an earlier run is good at least (R-PF-11).
	keptMargin = 2 * time.Minute
	// youngKey is the age in which a permanent key may not be known everywhere
	// yet, so that a refused binding does not mean that it is gone (R-PF-12).
	youngKey = 60 * time.Second
	// maxMoves is how often a query is given to another key.
	maxMoves = 8
)

// lifetime returns for how long a temporary key is asked for.
func (l *loop) lifetime() time.Duration {
	if l.o.KeyLifetime != 0 {
		return l.o.KeyLifetime
	}
	return (23*time.Hour + rand.N(time.Hour)).Round(time.Second)
}

// margin returns how long before its end a key is replaced: an hour of a day
// (R-PF-11), of which the first twelfth waits for a quiet moment.
func (n *line) margin() time.Duration {
	if n.o.KeyLifetime != 0 {
		return n.o.KeyLifetime / 24
	}
	return time.Hour
}

// renewAt returns when the line is to be replaced, by our clock, the zero time
// for never.
func (n *line) renewAt() time.Time {
	if n.session == nil || n.expires.IsZero() || !n.bound || n.foreign() {
		return time.Time{}
	}
	return n.ours(n.expires.Add(-n.margin()))
}

// ours returns when our clock will show what the server's shows at a time.
func (n *line) ours(at time.Time) time.Time {
	now := n.o.Now()
	return now.Add(at.Sub(n.session.ServerTime(now)))
}

// expired reports whether the line's key has ended.
func (n *line) expired(now time.Time) bool {
	return !n.expires.IsZero() && !n.session.ServerTime(now).Before(n.expires)
}

// foreign reports whether the key is another client's.
func (l *loop) foreign() bool { return !l.o.Temporary.Key.IsZero() }

// keeps reports whether there is a key of an earlier run that is good for a while.
func (n *line) keeps() bool {
	return !n.kept.Key.IsZero() && n.o.Now().Add(n.offset+keptMargin).Before(n.kept.Expires)
}

// use begins to use a temporary key that was bound before. o has what is known of
// the clock.
func (n *line) use(t *Temporary, o session.Options) error {
	o.Salts = slices.Clone(t.Salts)
	if err := n.newSession(t.Key, o); err != nil {
		return err
	}
	n.expires, n.bound = t.Expires, true
	return n.connected()
}

// destroyDoomed has the sessions forgotten that others have left.
func (l *loop) destroyDoomed() {
	if len(l.doomed) == 0 || !l.main.usable() {
		return
	}
	for _, id := range l.doomed {
		l.main.session.DestroySession(id)
	}
	l.doomed = nil
}

// bind asks the server to let the line's key speak for the permanent one. It
// does no harm to ask twice.
func (n *line) bind() error {
	b, err := newBinding(n.o.Rand, n.permanent, n.key.ID(), n.session.ID(), n.expires)
	if err != nil {
		return err
	}
	n.bound = false
	n.binding = n.session.Ask(session.Request{Make: b.query, Repeat: true})
	return nil
}

// A bindError is why a temporary key was not bound.
type bindError struct{ err error }

func (e *bindError) Error() string {
	return "mtclient: the temporary key is not bound: " + e.err.Error()
}

func (e *bindError) Unwrap() error { return e.err }

// boundBy takes the answer to a binding.
func (n *line) boundBy(r session.Result) error {
	n.binding = 0
	if r.Err != nil {
		return &bindError{r.Err}
	}
	if tl.NewReader(r.Body).PeekID() != tl.IDBoolTrue {
		return &bindError{errors.New("the server says no")}
	}
	if n.o.KeepTemporary {
		if err := n.saveTemporary(); err != nil {
			n.dropKey(err)
			return notSaved(err)
		}
	}
	n.bound, n.bindRefusals = true, 0
	if n.o.OnTemporary != nil {
		offset, _ := n.session.ClockOffset()
		n.o.OnTemporary(Temporary{Key: n.key, Expires: n.expires, Salts: n.session.Salts(), Offset: offset})
	}
	if n == n.next {
		n.replaceMain()
	}
	n.ready()
	return nil
}

// bindRefused throws away a key that could not be bound, and returns an error
// if none ever will be: a permanent key for which the server takes no binding
// is gone (R-PF-12).
func (n *line) bindRefused(e *bindError) error {
	old := n.created.IsZero() || n.session.ServerTime(n.o.Now()).Sub(n.created) > youngKey
	n.bindRefusals++
	n.failures = max(n.failures, n.bindRefusals) // though the server answers
	switch invalid := isRefusal(e, "ENCRYPTED_MESSAGE_INVALID"); {
	case invalid && old:
		return fmt.Errorf("%w: %w", ErrKeyUnknown, e)
	case !invalid && n.bindRefusals >= maxBindRefusals:
		return e
	}
	n.dropKey(e)
	return nil
}

// dropKey gives a key up, and with it its session. The queries that have
// certainly not been carried out, or may be a second time, wait for the next.
func (n *line) dropKey(why error) {
	if n.session == nil {
		return
	}
	for _, q := range n.inOrder() {
		outcome := n.session.Withdraw(q.id)
		delete(n.calls, q.id)
		if q.cancelled || outcome != mtproto.NotExecuted && !q.Repeat {
			n.abandon(q, outcome, why)
			continue
		}
		q.line = nil
		n.waiting = append(n.waiting, q)
	}
	if n.foreign() && n.spent == nil {
		n.spent = why
		if !errors.Is(why, ErrKeyExpired) {
			n.spent = fmt.Errorf("%w: %w", ErrKeyExpired, why)
		}
	}
	n.session, n.key, n.expires = nil, mtproto.AuthKey{}, time.Time{}
	n.bound, n.binding = false, 0
}

// renew replaces keys in time. It is called before each step of the loop.
func (l *loop) renew(now time.Time) error {
	l.drain(now)
	main, next := l.main, l.next
	if main.session != nil && main.link != nil && main.exchange == nil && main.expired(now) {
		main.dropKey(ErrKeyExpired)
		return l.failed(main, ErrKeyExpired)
	}
	switch at := main.renewAt(); {
	case next == nil:
		if !at.IsZero() && !now.Before(at) && !now.Before(l.renewPause) {
			l.next = l.newLine()
			l.next.dial()
		}
	case next.waitsToBind() && (main.session == nil || main.session.Pending() == 0 || !now.Before(next.quietBy())):
		l.holdUntil = now.Add(bindPatience)
		return l.failed(next, next.bind())
	}
	return nil
}

// waitsToBind reports whether a key to come is there, and not bound yet.
func (n *line) waitsToBind() bool {
	return n.session != nil && n.link != nil && !n.bound && n.binding == 0
}

// quietBy returns when a key to come is bound even if queries are under way.
func (n *line) quietBy() time.Time { return n.since.Add(n.margin() / 12) }

// holding reports whether queries wait for the key to come to be bound, since
// the present one may be of no use any more.
func (l *loop) holding() bool {
	return l.next != nil && l.next.binding != 0 && l.o.Now().Before(l.holdUntil)
}

// replaceMain puts the line to come in the place of the main one, which goes
// on until what it has in hand is answered.
func (l *loop) replaceMain() {
	old := l.main
	l.main, l.next = l.next, nil
	l.o.Logger.Info("temporary key replaced", "unanswered", len(old.calls))
	old.drainBy = l.o.Now().Add(drainTime)
	l.drained = append(l.drained, old)
}

// drain ends the lines that were replaced and have nothing in hand any more.
func (l *loop) drain(now time.Time) {
	l.drained = slices.DeleteFunc(l.drained, func(n *line) bool {
		over := len(n.calls) == 0 || !now.Before(n.drainBy)
		if over {
			n.end(ErrKeyExpired)
		}
		return over
	})
}

// dropNext gives up making a key for a while.
func (l *loop) dropNext(err error) {
	l.o.Logger.Warn("no temporary key to replace the present one", "error", err, "retry_in", renewPause)
	l.next.end(err)
	l.next = nil
	l.renewPause = l.o.Now().Add(renewPause)
	l.rebind()
}

// rebind binds the main line's key again if that has been found not to be.
func (l *loop) rebind() {
	main := l.main
	if main.session == nil || main.bound || main.binding != 0 || l.next != nil && l.next.binding != 0 {
		return
	}
	if err := main.bind(); err != nil {
		l.o.Logger.Error("temporary key is not bound", "error", err)
	}
}
