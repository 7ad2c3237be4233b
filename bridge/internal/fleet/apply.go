package fleet

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// An applier stores what becomes of the accounts of a node. What happens to
// others while it stores something is stored together, in one transaction, after
// that: when thousands of accounts come online, few are needed.
type applier struct {
	store *store.Store
	now   func() time.Time

	mu      sync.Mutex
	working bool
	waiting []*application
}

// maxTogether is of how many accounts one transaction stores what becomes of them.
const maxTogether = 200

// An application is something that has happened to an account, and what comes of
// it.
type application struct {
	id    bridge.AccountID
	epoch int64
	known bridge.Status // before it, to whoever has it stored
	cause bridge.Cause

	done       chan struct{} // closed when what follows is there
	account    *bridge.Account
	transition bridge.Transition
	err        error
}

// apply stores what becomes of an account, under an epoch, and returns the account
// as it is then. Known is the status that it had before. There is one at a time for
// each account.
func (p *applier) apply(
	id bridge.AccountID, epoch int64, known bridge.Status, c bridge.Cause,
) (*bridge.Account, bridge.Transition, error) {
	a := &application{id: id, epoch: epoch, known: known, cause: c, done: make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, a)
	if !p.working {
		p.working = true
		go p.work()
	}
	p.mu.Unlock()
	<-a.done
	return a.account, a.transition, a.err
}

// work stores until nobody waits.
func (p *applier) work() {
	for {
		p.mu.Lock()
		batch := p.waiting[:min(len(p.waiting), maxTogether)]
		p.waiting = p.waiting[len(batch):]
		if len(batch) == 0 {
			p.working, p.waiting = false, nil
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		if err := p.together(batch); err != nil {
			// What is the matter with one of them is no matter of the others.
			for i := range batch {
				batch[i].err = err
				if len(batch) > 1 {
					if err := p.together(batch[i : i+1]); err != nil {
						batch[i].err = err
					}
				}
			}
		}
		for _, a := range batch {
			close(a.done)
		}
	}
}

// together stores what becomes of several accounts at once. The error is of the
// transaction; what is wrong with an account alone is left with it.
func (p *applier) together(batch []*application) error {
	return p.store.Change(context.Background(), func(t *store.Tx) error {
		ids := make([]bridge.AccountID, len(batch))
		for i, a := range batch {
			ids[i] = a.id
		}
		accounts, err := t.LockedAccounts(ids)
		if err != nil {
			return err
		}
		var changed []*bridge.Account
		var events []*bridge.Event
		now := p.now()
		for _, a := range batch {
			a.account, a.err = accounts[a.id], nil
			switch {
			case a.account == nil:
				a.err = bridge.Errorf(bridge.CodeNotFound, "There is no account %s.", a.id)
				continue
			case a.account.Epoch != a.epoch:
				a.err = fmt.Errorf("%w: account %s", store.ErrNotOwner, a.id)
				continue
			}
			if a.isStored(now) {
				continue
			}
			a.transition = bridge.Next(now, a.account.Status, a.cause)
			if a.transition.Status != a.account.Status {
				a.account.Status = a.transition.Status
				changed = append(changed, a.account)
			}
			if c := a.cause; c.Scope != (bridge.Scope{}) {
				wait := store.Wait{Scope: c.Scope, Cause: c.Error, Since: now, Until: now.Add(c.Wait)}
				if err := t.SetWait(a.id, wait); err != nil {
					return err
				}
			}
			if events, err = tell(events, now, a.account, a.transition.Event, a.cause); err != nil {
				return err
			}
		}
		if err := t.SetStatuses(changed); err != nil {
			return err
		}
		return t.AddEvents(events...)
	})
}

// isStored reports whether the database has what comes of the cause already: it may
// have answered with an error after it had stored that. What happens once must not
// be taken for twice, which would have a session be given up.
func (a *application) isStored(now time.Time) bool {
	if sameButTimes(a.account.Status, a.known) {
		return false
	}
	a.transition = bridge.Next(now, a.known, a.cause)
	if !sameButTimes(a.account.Status, a.transition.Status) {
		return false
	}
	a.transition.Status = a.account.Status
	return true
}

// sameButTimes compares statuses but for their times, which the database cuts off.
func sameButTimes(s, other bridge.Status) bool {
	s.Since, s.Until = other.Since, other.Until
	return s == other
}

// tell adds what is told of a change of an account, if it is.
func tell(
	events []*bridge.Event, now time.Time, a *bridge.Account, kind bridge.EventType, c bridge.Cause,
) ([]*bridge.Event, error) {
	if kind == "" {
		return events, nil
	}
	change := bridge.ChangeOf(a, c)
	if kind == bridge.AccountFloodWait {
		change.Until = now.Add(c.Wait)
	}
	event, err := bridge.NewEvent(now, rand.Reader, kind, a.ID, a.Kind.Source(), "", change)
	if err != nil {
		return nil, err
	}
	return append(events, event), nil
}
