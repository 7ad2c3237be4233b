// Package outbox sends what the accounts of this node are given to send: in
// order in each conversation, by priority in each account, within its budgets,
// and when Telegram wants it.
//
// Start with [New]. [Outbox.Changed] is told what becomes of the accounts, and
// [Outbox.Wake] that there is something new to send.
//
// Every message is stored before anybody is told that it was taken, with the
// random id that Telegram tells repetitions by. It is noted as being sent, with
// what it costs the budgets, before Telegram is asked, and asked for again by
// whoever owns the account next if the answer was not stored: so it is sent
// once, whatever fails when. The Bot API knows no random ids. What a bot has sent
// without an answer is not sent again, and fails with CodeOutcomeUnknown.
package outbox

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"godwit/bridge"
	"godwit/bridge/internal/fleet"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
)

// A Fleet is what runs the accounts of this node.
type Fleet interface {
	Runner(id bridge.AccountID) (fleet.Runner, error)
	Epoch(id bridge.AccountID) (epoch int64, ok bool)
}

// Options are what an Outbox is made of. All are required but the numbers.
type Options struct {
	Store  *store.Store
	Fleet  Fleet
	Inbox  *inbox.Inbox
	Guard  Guard
	Logger *slog.Logger
	Now    func() time.Time

	Trace *trace.Tracer // may be nil
	// Parallel is how many conversations of an account are sent to at once: 4.
	Parallel int
	// Timeout is how long a request may take: 2 min. After it, what has become of
	// it is found out by sending again.
	Timeout time.Duration
}

// A Guard says whether somebody may be written to. It is asked in the
// transaction that starts the message.
type Guard interface {
	// Check returns a *bridge.Error of CodeSuppressed where not.
	Check(t *store.Tx, h store.Head) error
}

// An Outbox sends.
type Outbox struct {
	// Sent and Failed count messages since the process began.
	Sent, Failed prometheus.Counter

	o      Options
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu    sync.Mutex
	lanes map[bridge.AccountID]*lane
}

// A lane is what is known of an account. A goroutine works on it only while
// there is something to send.
type lane struct {
	id   bridge.AccountID
	kind bridge.AccountKind

	mu      sync.Mutex
	status  bridge.Status
	settled handling // that has been carried out
	working bool
	again   bool // something has happened since work began
	quiet   bool // nothing was given to it since there was nothing to do
	timer   *time.Timer
	ended   bool
	busy    map[bridge.ConversationID]bool
}

// New returns an Outbox that sends for accounts that it is told of.
func New(o Options) *Outbox {
	if o.Parallel == 0 {
		o.Parallel = 4
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Minute
	}
	x := &Outbox{
		o: o, lanes: make(map[bridge.AccountID]*lane),
		Sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "godwit_messages_delivered_total", Help: "Messages that Telegram has taken.",
		}),
		Failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "godwit_messages_failed_total", Help: "Messages that cannot be sent.",
		}),
	}
	x.ctx, x.cancel = context.WithCancel(context.Background())
	return x
}

// Close stops sending and waits for what is on its way to be given up.
func (x *Outbox) Close() {
	x.cancel()
	x.mu.Lock()
	for _, l := range x.lanes {
		l.end()
	}
	clear(x.lanes)
	x.mu.Unlock()
	x.tasks.Wait()
}

func (l *lane) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.timer != nil {
		l.timer.Stop()
	}
}

// Changed takes an account that this node owns as it is now, nil: not any more.
func (x *Outbox) Changed(id bridge.AccountID, a *bridge.Account) {
	x.mu.Lock()
	defer x.mu.Unlock()
	l := x.lanes[id]
	if a == nil {
		if l != nil {
			l.end()
			delete(x.lanes, id)
		}
		return
	}
	if x.ctx.Err() != nil {
		return
	}
	if l == nil {
		l = &lane{id: id, kind: a.Kind, busy: make(map[bridge.ConversationID]bool)}
		x.lanes[id] = l
	}
	l.mu.Lock()
	l.status = a.Status
	l.mu.Unlock()
	x.wake(l)
}

// Wake has the outbox look for what is to be sent of an account, if this node
// owns it.
func (x *Outbox) Wake(id bridge.AccountID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if l := x.lanes[id]; l != nil {
		x.given(l)
	}
}

// given has somebody work on a lane that may have been given something to do.
// x.mu is held.
func (x *Outbox) given(l *lane) {
	l.mu.Lock()
	l.quiet = false
	l.mu.Unlock()
	x.wake(l)
}

// WakeAll has the outbox look for what is to be sent of all accounts that this
// node owns.
func (x *Outbox) WakeAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, l := range x.lanes {
		x.given(l)
	}
}

// wake has somebody work on the lane. x.mu is held.
func (x *Outbox) wake(l *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended || x.ctx.Err() != nil:
	case l.working:
		l.again = true
	default:
		l.working, l.again = true, false
		x.tasks.Go(func() { x.work(l) })
	}
}

// work sends until there is nothing to send for now.
func (x *Outbox) work(l *lane) {
	for {
		wake, err := x.pass(l)
		if err != nil && x.ctx.Err() == nil {
			x.o.Logger.Error("outbox", "account", l.id, "error", err)
			wake = sooner(wake, x.o.Now().Add(errorPause))
		}
		l.mu.Lock()
		if l.again && !l.ended && err == nil {
			l.again = false
			l.mu.Unlock()
			continue
		}
		l.working = false
		if l.timer != nil {
			l.timer.Stop()
			l.timer = nil
		}
		if !wake.IsZero() && !l.ended {
			l.timer = time.AfterFunc(max(wake.Sub(x.o.Now()), 0), func() { x.Wake(l.id) })
		}
		l.mu.Unlock()
		return
	}
}

// errorPause is how long an account is left alone after the database has failed.
const errorPause = time.Second

// situation returns a copy of what decides.
func (x *Outbox) situation(l *lane) situation {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := situation{status: l.status, busy: make(map[bridge.ConversationID]bool, len(l.busy)), room: x.o.Parallel - len(l.busy)}
	for id := range l.busy {
		s.busy[id] = true
	}
	return s
}

// lookAhead is of how many conversations the next message is looked at at once.
const lookAhead = 64

// pass starts what may go now. It returns when to look again.
func (x *Outbox) pass(l *lane) (time.Time, error) {
	if idle, err := x.idle(l); err != nil || idle {
		return time.Time{}, err
	}
	if err := x.settle(l); err != nil {
		return time.Time{}, err
	}
	var wake time.Time
	var held []bridge.BudgetKind
	for {
		s := x.situation(l)
		if !sends(s.status) || s.room <= 0 {
			return wake, nil
		}
		at, more, err := x.round(l, s, &held)
		wake = sooner(wake, at)
		if err != nil {
			return wake, err
		}
		if !more {
			break
		}
	}
	at, err := x.startAction(l)
	return sooner(wake, at), err
}

// round starts what may go of the next messages, apart from those of budgets that
// hold them back, and adds to these. It returns when to look again, and whether to
// do so at once: what was in the way of others has been given up, or is known now to
// wait for its budget.
func (x *Outbox) round(l *lane, s situation, held *[]bridge.BudgetKind) (wake time.Time, more bool, err error) {
	now := x.o.Now()
	heads, due, err := x.o.Store.Heads(x.ctx, l.id, now, lookAhead, *held...)
	if err != nil {
		return time.Time{}, false, err
	}
	if s.waits, err = x.o.Store.Waits(x.ctx, l.id, now); err != nil {
		return time.Time{}, false, err
	}
	p := planOf(now, s, heads)
	begun, err := x.start(l, p.send)
	if err != nil {
		return time.Time{}, false, err
	}
	more = begun.ended
	for _, kind := range begun.held {
		if !slices.Contains(*held, kind) {
			*held, more = append(*held, kind), true
		}
	}
	return sooner(sooner(p.wake, due), begun.wake), more, nil
}

// idle reports whether there is nothing to do for a lane, now or later, until it
// is given something: most accounts have nothing to do most of the time. It asks
// the database where that was so before, or where the account is about to come to
// another state; otherwise there is likely to be something.
func (x *Outbox) idle(l *lane) (bool, error) {
	l.mu.Lock()
	wanted := handlingOf(l.status.State)
	ask := l.quiet || l.settled != wanted
	l.quiet = true // until something is given to it while the database is asked
	l.mu.Unlock()
	if !ask {
		return false, nil
	}
	idle, err := x.o.Store.Idle(x.ctx, l.id)
	if err != nil || !idle {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = wanted // what there is to be done for that is done for nothing
	return true, nil
}

// A handling is what is done with what an account has to send, by its state.
type handling int

const (
	unsettled handling = iota
	released           // it goes
	parked             // it waits
	givenUp
)

func handlingOf(s bridge.State) handling {
	switch {
	case s == bridge.Banned:
		return givenUp
	case s.Runs():
		return released
	}
	return parked
}

// settle parks, releases or gives up what is to be sent when the account has
// come to another state.
func (x *Outbox) settle(l *lane) error {
	l.mu.Lock()
	status, settled := l.status, l.settled
	l.mu.Unlock()
	wanted := handlingOf(status.State)
	if wanted == settled {
		return nil
	}
	epoch, ok := x.o.Fleet.Epoch(l.id)
	if !ok {
		return nil
	}
	for more := true; more; {
		err := x.o.Store.Change(x.ctx, func(t *store.Tx) error {
			more = false
			err := t.CheckOwner(l.id, epoch)
			if err == nil && settled == unsettled {
				more, err = x.takeOver(t, l)
			}
			switch {
			case err != nil:
			case wanted == givenUp:
				more, err = x.giveUp(t, l.id)
			case wanted == released:
				_, err = t.Unpark(l.id)
			default:
				_, err = t.Park(l.id, string(bridge.CodeAccountNotOnline)+": the account is "+string(status.State))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	l.mu.Lock()
	l.settled = wanted
	l.mu.Unlock()
	return nil
}

// giveUpAtOnce is how many messages one transaction gives up.
const giveUpAtOnce = 500

// giveUp fails messages that will never be sent, and reports whether there may be
// more of them.
func (x *Outbox) giveUp(t *store.Tx, id bridge.AccountID) (bool, error) {
	list, err := t.FailPending(id, string(bridge.CodeAccountBanned)+": Telegram has banned the account", giveUpAtOnce)
	if err != nil {
		return false, err
	}
	return x.tellFailed(t, list)
}

// tellFailed tells of messages that have been failed, and reports whether there
// may be more of them: they are as many as are given up at once.
func (x *Outbox) tellFailed(t *store.Tx, list []store.Head) (more bool, err error) {
	for _, h := range list {
		if err := x.tell(t, bridge.MessageFailed, h); err != nil {
			return false, err
		}
	}
	x.Failed.Add(float64(len(list)))
	return len(list) == giveUpAtOnce, nil
}

// occupy does something in a place of a lane, which nothing else is done in
// meanwhile: a conversation, or that of the queued actions.
func (x *Outbox) occupy(l *lane, place bridge.ConversationID, do func()) {
	l.mu.Lock()
	l.busy[place] = true
	l.mu.Unlock()
	x.tasks.Go(func() {
		do()
		l.mu.Lock()
		delete(l.busy, place)
		l.mu.Unlock()
		x.Wake(l.id)
	})
}
