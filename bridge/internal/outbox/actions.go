package outbox

import (
	"context"
	"errors"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
)

// actionKey stands for the one queued action that an account does at a time, in
// the place of a conversation.
const actionKey bridge.ConversationID = "action"

// startAction starts a queued action of the account, if one may go now. It
// returns when to look again.
func (x *Outbox) startAction(l *lane) (wake time.Time, err error) {
	epoch, ok := x.o.Fleet.Epoch(l.id)
	s := x.situation(l)
	if !ok || s.busy[actionKey] || s.status.State == bridge.Restricted {
		return time.Time{}, nil
	}
	var a *bridge.QueuedAction
	err = x.o.Store.Change(x.ctx, func(t *store.Tx) error {
		if err := t.CheckOwner(l.id, epoch); err != nil {
			return err
		}
		a, wake, err = spend.StartAction(t, l.id, x.o.Now())
		return err
	})
	if err != nil || a == nil {
		return wake, err
	}
	x.occupy(l, actionKey, func() { x.act(epoch, a) })
	return time.Time{}, nil
}

// act does a queued action, and stores how it has ended.
func (x *Outbox) act(epoch int64, a *bridge.QueuedAction) {
	ctx, cancel := context.WithTimeout(x.ctx, x.o.Timeout)
	defer cancel()
	var o spend.Outcome
	r, err := x.o.Fleet.Runner(a.AccountID)
	if err == nil {
		o.TelegramID, err = r.Act(ctx, a)
	}
	if x.ctx.Err() != nil {
		return // whoever owns the account next does it again
	}
	o.Err = err
	now := x.o.Now()
	var e *bridge.Error
	if errors.As(err, &e) {
		if v := verdictOf(now, &bridge.Message{Attempts: a.Attempts}, e); v.state == bridge.Queued {
			o.RetryAt = v.retryAt
			if o.RetryAt.IsZero() {
				o.RetryAt = now.Add(maxBackoff)
			}
		}
	}
	x.keep(func() error {
		return x.o.Store.Change(context.WithoutCancel(x.ctx), func(t *store.Tx) error {
			if err := t.CheckOwner(a.AccountID, epoch); err != nil {
				return err
			}
			_, err := spend.End(t, a, o, now)
			return err
		})
	}, "account", a.AccountID, "action", a.ID)
}
