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

// Backfill has what is wanted of the account's past fetched in the background,
// behind all else that it does, for as long as the Runner is online. It does so
// by itself when it connects, and when it has missed something; it is to be
// called when somebody has asked for more.
func (r *Runner) Backfill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == nil || r.background == nil || r.background.Err() != nil {
		return // it will when it connects
	}
	if r.filling {
		r.fillAgain = true
		return
	}
	r.filling = true
	c, ctx := r.client, r.background
	r.tasks.Go(func() { r.fill(ctx, c) })
}

// Between two tries to fetch the past that have failed.
const (
	firstFill = time.Second
	lastFill  = 5 * time.Minute
)

func (r *Runner) fill(ctx context.Context, c *telegram.Client) {
	for wait := firstFill; ; {
		err := r.e.Inbox.Backfill(ctx, r.account, r.epoch, c)
		switch {
		case err == nil:
			if !r.moreToFill() {
				return
			}
			wait = firstFill
			continue
		case ctx.Err() != nil, errors.Is(err, store.ErrNotOwner):
			return
		}
		pause := wait
		if until := laterOf(err); !until.IsZero() {
			pause = max(until.Sub(r.e.Now()), firstFill)
		} else {
			r.e.Logger.Warn("history not fetched, and tried again", "account", r.account.ID, "after", wait, "error", err)
			wait = min(2*wait, lastFill)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// moreToFill reports whether there may be something new to fetch; if not, nobody
// looks any more.
func (r *Runner) moreToFill() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.filling, r.fillAgain = r.fillAgain, false
	return r.filling
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
