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
	do    func(context.Context, *telegram.Client) error
	busy  bool
	woken chan struct{} // has room for one: somebody has asked for more meanwhile
}

func newChore(name string, do func(context.Context, *telegram.Client) error) *chore {
	return &chore{name: name, do: do, woken: make(chan struct{}, 1)}
}

// Backfill has what is wanted of the account's past fetched in the background,
// behind all else that it does, for as long as the Runner is online. It does so
// by itself when it connects, and when it has missed something; it is to be
// called when somebody has asked for more.
func (r *Runner) Backfill() { r.begin(r.history) }

// Export is as Backfill for the members of groups.
func (r *Runner) Export() { r.begin(r.exports) }

// begin has a chore done, or looked at once more if it is being done.
func (r *Runner) begin(t *chore) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == nil || r.background == nil || r.background.Err() != nil {
		return // it will be when it connects
	}
	if t.busy {
		select {
		case t.woken <- struct{}{}:
		default:
		}
		return
	}
	t.busy = true
	c, ctx := r.client, r.background
	r.tasks.Go(func() { r.work(ctx, c, t) })
}

// Between two tries of a chore that have failed.
const (
	firstTry = time.Second
	lastTry  = 5 * time.Minute
)

func (r *Runner) work(ctx context.Context, c *telegram.Client, t *chore) {
	for wait := firstTry; ; {
		err := t.do(ctx, c)
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
		case <-t.woken: // what has to wait may be another thing than what is asked for
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
	default:
		t.busy = false
	}
	return t.busy
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
