package mtclient

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// A loop is what Run runs: the only user of everything in it.
type loop struct {
	c       *Client
	o       *Options
	cancel  context.CancelFunc
	ctx     context.Context // of everything that the loop starts
	tasks   sync.WaitGroup
	inbox   chan event // from what the loop has started
	updates *updates
	waiting []*call // for a line that is usable

	main    *line
	next    *line   // to take the place of main; nil for none
	drained []*line // replaced, with queries that are not answered yet

	// The permanent key, and what is known with it.
	permanent   mtproto.AuthKey
	salts       []session.Salt
	created     time.Time     // by the server's clock; zero for long ago
	offset      time.Duration // the server's time minus ours
	offsetKnown bool
	kept        Temporary // of an earlier run, to be used next; without a key for none

	doomed []mtproto.SessionID // to be destroyed once the main line is usable
	spent  error               // why Options.Temporary is of no use any more; nil while it is

	holdUntil  time.Time // queries wait for next that long at most
	renewPause time.Time // no next before that
}

// An event is something that a goroutine of a line has the loop do.
type event struct {
	line *line
	do   func() error
}

func newLoop(c *Client) *loop {
	l := &loop{c: c, o: &c.o, inbox: make(chan event)}
	l.permanent, l.salts, l.created = l.o.Credentials.Key, l.o.Credentials.Salts, l.o.Credentials.Created
	if l.o.KeepTemporary {
		l.kept = l.o.Credentials.Temporary
	}
	l.o.Credentials = Credentials{} // which would be kept twice
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.updates = &updates{o: &c.o, ctx: l.ctx, tasks: &l.tasks}
	l.main = l.newLine()
	return l
}

// run goes on until ctx ends or there is a final error, which it returns.
func (l *loop) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	l.main.dial()
	for {
		err := l.renew(l.o.Now())
		l.release()
		l.destroyDoomed()
		for _, n := range l.lines() {
			if err == nil {
				err = l.failed(n, n.fill())
			}
		}
		if err == nil {
			err = l.step(ctx, timer)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case l.spent != nil:
			return l.spent
		}
	}
}

// lines returns all lines.
func (l *loop) lines() []*line {
	list := append(slices.Clone(l.drained), l.main)
	if l.next != nil {
		list = append(list, l.next)
	}
	return list
}

// failed deals with the end of a line's connection, if err is why. It returns
// the error with which Run ends, if that ends it.
func (l *loop) failed(n *line, err error) error {
	if err == nil || n.ended {
		return nil
	}
	final := n.lost(err)
	switch {
	case final == nil, n == l.main, errors.Is(final, ErrKeyUnknown):
		return final
	case n == l.next:
		l.dropNext(final)
	default:
		n.drainBy = l.o.Now() // drain ends it
	}
	return nil
}

// close answers every query that is left, has those that come later refused, ends
// everything that the loop has started, and waits for it.
func (l *loop) close(err error) {
	for _, n := range l.lines() {
		n.end(err)
	}
	for len(l.waiting) > 0 {
		q := l.waiting[0]
		l.waiting = l.waiting[1:]
		l.abandon(q, mtproto.NotExecuted, err) // which may have others wait
	}
	l.cancel()
	close(l.c.done) // what is waited for may invoke something
	l.tasks.Wait()
}

// end ends a line. The queries that it has are answered with err, or wait for
// another line.
func (n *line) end(err error) {
	n.dropKey(err)
	n.ended = true
	if n.dialing != nil {
		n.dialing()
	}
	if n.link != nil {
		n.link.close()
		n.link = nil
	}
}

// step waits for one thing to happen and deals with it. It returns the error
// with which Run ends.
func (l *loop) step(ctx context.Context, timer *time.Timer) error {
	timer.Reset(l.pause())
	select {
	case <-ctx.Done():
		return nil
	case q := <-l.c.calls:
		l.place(q)
		l.add(q)
	case q := <-l.c.cancels:
		l.drop(q)
	case id := <-l.c.destroy:
		l.doomed = append(l.doomed, id)
	case e := <-l.inbox:
		return l.failed(e.line, e.do())
	case <-timer.C:
		now := l.o.Now()
		for _, n := range l.lines() {
			if err := l.failed(n, n.tick(now)); err != nil {
				return err
			}
		}
	}
	return nil
}

// pause returns how long nothing is due.
func (l *loop) pause() time.Duration {
	now := l.o.Now()
	pause := time.Hour // a tick too many does no harm
	until := func(at time.Time) {
		if !at.IsZero() {
			pause = min(pause, at.Sub(now))
		}
	}
	for _, n := range l.lines() {
		until(n.deadline())
		until(n.drainBy)
	}
	switch next := l.next; {
	case next == nil:
		if at := l.main.renewAt(); !at.IsZero() {
			until(later(at, l.renewPause))
		}
	case next.waitsToBind():
		until(next.quietBy())
	case l.holding():
		until(l.holdUntil)
	}
	return pause
}
