package account

import (
	"context"
	"errors"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/telegram"
	"godwit/telegram/flow"
)

// A chore is what an account does in the background for as long as there is
// something to do, such as to fetch its past. Runner.mu guards it.
type chore struct {
	name  string // for the log
	do    func(ctx context.Context, a *bridge.Account, epoch int64, c *telegram.Client) error
	woken chan struct{} // has room for one: somebody has asked for more meanwhile; nil: it rests
}

// Backfill has what is wanted of the account's past fetched in the background,
// behind all else that it does, for as long as the Runner is online. It does so
// by itself when it connects, and when it has missed something; it is to be
// called when somebody has asked for more.
func (r *Runner) Backfill() { r.look(&r.history) }

// Export is as Backfill for the members of groups.
func (r *Runner) Export() { r.look(&r.exports) }

// look has a chore done, or looked at once more if it is being done.
func (r *Runner) look(t *chore) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == nil || r.ctx.Err() != nil {
		return // it will be when it connects
	}
	if t.woken != nil {
		select {
		case t.woken <- struct{}{}:
		default:
		}
		return
	}
	t.woken = make(chan struct{}, 1)
	c, woken := r.client, t.woken
	r.tasks.Go(func() { r.work(r.ctx, c, t, woken) })
}

// Between two tries of a chore that have failed.
const (
	firstTry = time.Second
	lastTry  = 5 * time.Minute
)

func (r *Runner) work(ctx context.Context, c *telegram.Client, t *chore, woken <-chan struct{}) {
	for wait := firstTry; ; {
		err := t.do(ctx, r.account, r.epoch, c)
		switch {
		case err == nil:
			if !r.more(t) {
				return
			}
			wait = firstTry
			continue
		case ctx.Err() != nil, errors.Is(err, store.ErrNotOwner):
			return
		}
		pause := wait
		if until := laterOf(err); !until.IsZero() {
			pause = max(until.Sub(r.e.Now()), firstTry)
		} else {
			r.e.Logger.Warn(t.name+" not fetched, and tried again", "account", r.account.ID, "after", wait, "error", err)
			wait = min(2*wait, lastTry)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-woken: // what has to wait may be another thing than what is asked for
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// more reports whether there may be something new to do; if not, nobody looks
// any more.
func (r *Runner) more(t *chore) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-t.woken:
		return true
	default:
		t.woken = nil
		return false
	}
}

// laterOf returns when something is to be tried again, if the error says so.
func laterOf(err error) time.Time {
	var wait *flow.WaitError
	var own *bridge.Error
	switch {
	case errors.As(err, &wait):
		return wait.Wait.Until
	case errors.As(err, &own):
		return own.RetryAt
	}
	return time.Time{}
}
