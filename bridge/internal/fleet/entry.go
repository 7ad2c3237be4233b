package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"sync"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// An entry is an account that the node owns.
type entry struct {
	f     *Fleet
	id    bridge.AccountID
	epoch int64

	applying sync.Mutex    // one cause at a time; before telling
	telling  sync.Mutex    // of what there is to tell, in order; before mu
	ending   chan struct{} // closed when ended is set

	mu       sync.Mutex
	account  *bridge.Account
	run      *run          // nil: there is none
	leaving  chan struct{} // closed when the run before is; nil: it is
	wanted   bool          // another is to be started then
	signIn   SignIn
	restart  *time.Timer // starts the runner
	waitOver *time.Timer // ends a wait
	failures int         // starts in a row that came to nothing
	causes   []report
	draining bool // a goroutine deals with causes
	tasks    sync.WaitGroup
	ended    bool
}

// A run is a Runner from its start to its end, and its Watcher.
type run struct {
	e      *entry
	runner Runner
}

// Happened implements Watcher.
func (r *run) Happened(c bridge.Cause) { r.e.reported(report{r, c, false}) }

// Ended implements Watcher.
func (r *run) Ended(c bridge.Cause) { r.e.reported(report{r, c, true}) }

// A report is what a Runner reports, or a timer: then run is nil.
type report struct {
	run   *run
	cause bridge.Cause
	ended bool // and the Runner has ended
}

func newEntry(f *Fleet, a *bridge.Account) *entry {
	return &entry{f: f, id: a.ID, epoch: a.Epoch, account: a, ending: make(chan struct{})}
}

// begin brings the account online, if it is to be, after a while.
func (e *entry) begin(wait time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.schedule()
	if e.account.Status.State.Runs() {
		e.startIn(wait)
	}
}

// startIn starts the runner after a while. e.mu is held.
func (e *entry) startIn(wait time.Duration) {
	if e.restart != nil {
		e.restart.Stop()
	}
	if wait <= 0 {
		e.start()
		return
	}
	e.restart = time.AfterFunc(wait, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.start()
	})
}

// start starts the runner, if one is wanted and there is none. Two at once would
// use one key, and write what the other one has read: it waits for the one before
// to be closed. e.mu is held.
func (e *entry) start() {
	if e.ended || e.run != nil || !e.account.Status.State.Runs() {
		return
	}
	if e.leaving != nil {
		e.wanted = true
		return
	}
	// What it reports waits for e.mu.
	e.run = &run{e: e}
	e.run.runner = e.f.o.Starter.Start(e.account, e.epoch, e.run, e.f.turn)
}

// leave has the runner that there is closed, for which end waits. e.mu is held, and e
// has not ended.
func (e *entry) leave() {
	left, leaving := e.run, make(chan struct{})
	e.run, e.leaving = nil, leaving
	// A runner must not be waited for by what it reports to.
	e.tasks.Go(func() {
		left.runner.Close()
		e.mu.Lock()
		defer e.mu.Unlock()
		close(leaving)
		e.leaving = nil
		if e.wanted {
			e.wanted = false
			e.start()
		}
	})
}

// turn waits until an account may connect.
func (f *Fleet) turn(ctx context.Context) (func(), error) {
	select {
	case f.connecting <- struct{}{}:
		return func() { <-f.connecting }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// reported takes what is reported, to be dealt with in order by another
// goroutine, which there is only while there is something to deal with.
func (e *entry) reported(r report) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended || r.run != nil && e.run != r.run {
		return
	}
	e.causes = append(e.causes, r)
	if !e.draining {
		e.draining = true
		e.tasks.Go(e.drain)
	}
}

func (e *entry) drain() {
	for {
		e.mu.Lock()
		if len(e.causes) == 0 || e.ended {
			e.draining = false
			e.mu.Unlock()
			return
		}
		r := e.causes[0]
		e.causes = e.causes[1:]
		e.mu.Unlock()
		if r.cause.Kind == bridge.Superseded {
			e.f.o.Logger.Error("another node has taken the account", "account", e.id)
		}
		e.store(r)
		e.settle(r)
	}
}

// Between two tries to store what has happened.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// store stores what is reported, however long that takes: nobody reports it again,
// and the status would be a wrong one for as long as nothing else happens. It gives
// up when the account is not this node's any more, or the run that it was about not
// the present one.
func (e *entry) store(r report) {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		e.mu.Lock()
		late := r.run != nil && e.run != r.run
		e.mu.Unlock()
		if late {
			return
		}
		_, err := e.apply(r.cause)
		if err == nil || errors.Is(err, store.ErrNotOwner) || bridge.CodeOf(err) == bridge.CodeNotFound {
			return
		}
		e.f.o.Logger.Error("status not stored, and tried again", "account", e.id, "cause", r.cause.Kind, "after", wait, "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-e.ending:
			timer.Stop()
			return
		}
	}
}

// settle starts a runner in place of one that has ended, if the account is still
// to run.
func (e *entry) settle(r report) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.cause.Kind == bridge.Connected {
		e.failures = 0
	}
	if !r.ended || e.run != r.run {
		return
	}
	e.run = nil
	switch {
	case r.cause.Kind == bridge.Superseded:
	case e.account.Status.Suspected:
		e.startIn(e.f.o.CheckDelay)
	default:
		e.startIn(e.backoff())
		e.failures++
	}
}

// backoff returns how long to wait before the next start: it doubles, and is
// drawn from its upper half so that accounts that failed together do not come
// back together. e.mu is held.
func (e *entry) backoff() time.Duration {
	d := e.f.o.MinBackoff << min(e.failures, 16)
	d = min(d, e.f.o.MaxBackoff)
	half := max(int64(d/2), 1)
	n, err := rand.Int(rand.Reader, big.NewInt(half))
	if err != nil {
		return d
	}
	return time.Duration(half + n.Int64())
}

// apply stores what becomes of the account, and does what there is to do.
func (e *entry) apply(c bridge.Cause) (*bridge.Account, error) {
	e.applying.Lock()
	defer e.applying.Unlock()
	changed, t, err := e.f.applier.apply(e.id, e.epoch, e.status(), c)
	if err != nil {
		return nil, err
	}
	e.act(changed, c, t)
	return changed, nil
}

// act does what a change asks for. Parking, releasing and holding back follow
// from the status, which whoever sends looks at.
func (e *entry) act(a *bridge.Account, c bridge.Cause, t bridge.Transition) {
	log := e.f.o.Logger.With("account", e.id, "state", a.Status.State, "cause", c.Kind, "error", c.Error)
	e.mu.Lock()
	if e.ended {
		e.mu.Unlock()
		return
	}
	e.account = a
	e.schedule()
	for _, action := range t.Actions {
		switch action {
		case bridge.Connect:
			e.start()
		case bridge.Alert:
			log.Warn("an account needs somebody")
		case bridge.Incident:
			log.Error("two have used one session")
		}
	}
	if e.run != nil && !a.Status.State.Runs() {
		e.leave()
		e.failures = 0
	}
	e.mu.Unlock()
	log.Debug("account changed", "actions", t.Actions)
	e.tell()
}

// tell tells of the account as it is now, unless it has been told that it has gone.
func (e *entry) tell() {
	e.telling.Lock()
	defer e.telling.Unlock()
	e.mu.Lock()
	a, ended := e.account, e.ended
	e.mu.Unlock()
	if !ended {
		e.f.o.OnChange(e.id, a)
	}
}

// tellGone tells that the account has gone. It has ended.
func (e *entry) tellGone() {
	e.telling.Lock()
	defer e.telling.Unlock()
	e.f.o.OnChange(e.id, nil)
}

// schedule sets the timer of the wait that the status is in. e.mu is held.
func (e *entry) schedule() {
	if e.waitOver != nil {
		e.waitOver.Stop()
		e.waitOver = nil
	}
	until := e.account.Status.Until
	if until.IsZero() || e.ended {
		return
	}
	e.waitOver = time.AfterFunc(max(until.Sub(e.f.o.Now()), 0), func() {
		e.reported(report{cause: bridge.Cause{Kind: bridge.WaitOver}})
	})
}

// end stops everything and waits for it.
func (e *entry) end() {
	e.mu.Lock()
	e.ended = true
	close(e.ending)
	for _, t := range []*time.Timer{e.restart, e.waitOver} {
		if t != nil {
			t.Stop()
		}
	}
	run, signIn := e.run, e.signIn
	e.run, e.signIn = nil, nil
	e.mu.Unlock()
	if run != nil {
		run.runner.Close()
	}
	if signIn != nil {
		signIn.Close()
	}
	e.tasks.Wait()
}

// stored is status, as whoever reads the database sees it: a change that is about
// to be carried out is waited for.
func (e *entry) stored() bridge.Status {
	e.applying.Lock()
	defer e.applying.Unlock()
	return e.status()
}

func (e *entry) status() bridge.Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.account.Status
}
