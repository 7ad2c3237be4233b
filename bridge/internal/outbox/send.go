package outbox

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/account"
	"godwit/bridge/internal/fleet"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
)

// A beginning is what has come of the messages that were to be started.
type beginning struct {
	wake    time.Time // when to look again for those that were not
	started []store.Head
	held    []bridge.BudgetKind // that are used up for now
	ended   bool                // some are not to be sent any more
}

// start notes which messages are on their way, as far as the budgets allow for
// them, and sends those.
func (x *Outbox) start(l *lane, list []store.Head) (b beginning, err error) {
	epoch, ok := x.o.Fleet.Epoch(l.id)
	if !ok || len(list) == 0 {
		return beginning{}, nil
	}
	err = x.o.Store.Change(x.ctx, func(t *store.Tx) error {
		b = beginning{}
		if err := t.CheckOwner(l.id, epoch); err != nil {
			return err
		}
		for _, h := range list {
			if err := x.admit(t, h, &b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return beginning{}, err
	}
	for _, h := range b.started {
		h.Message.Attempts++
		x.occupy(l, h.Conversation.ID, func() { x.send(l, epoch, h) })
	}
	return b, nil
}

// admit starts a message if it may go now, and notes that.
func (x *Outbox) admit(t *store.Tx, h store.Head, b *beginning) error {
	now := x.o.Now()
	if once(h.Message) && h.Message.State == bridge.Sending {
		b.ended = true
		return x.fail(t, h, unknown)
	}
	err := x.o.Guard.Check(t, h)
	if refused := new(bridge.Error); errors.As(err, &refused) {
		started, err := t.StartSend(h.Message.ID)
		if err != nil || !started {
			return err
		}
		v := verdictOf(now, h.Message, refused)
		b.ended = b.ended || v.state == bridge.Failed
		return x.fail(t, h, v)
	}
	if err != nil {
		return err
	}
	// What was under way when its owner ended has been paid for.
	if kind := budgetOf(h); h.Message.State != bridge.Sending {
		v, err := spend.Start(t, h.Message.AccountID, kind, now)
		if err != nil {
			return err
		}
		if !v.Now() {
			b.held, b.wake = append(b.held, kind), sooner(b.wake, v.At)
			return nil
		}
	}
	goes, err := t.StartSend(h.Message.ID)
	if goes {
		b.started = append(b.started, h)
	}
	return err
}

// budgetOf returns what the next request for a message is an action of. Nobody is
// written to before it is known that they are there.
func budgetOf(h store.Head) bridge.BudgetKind {
	if !h.Conversation.Peer.Resolved() {
		return bridge.BudgetLookups
	}
	return bridge.BudgetOf(h.Conversation.Peer.Kind, h.Acquaintance)
}

// send sends a message that has been started, and stores what has become of it.
func (x *Outbox) send(l *lane, epoch int64, h store.Head) {
	ctx, cancel := x.request(h.Message)
	defer cancel()
	ctx, span := x.trace(ctx, h.Message)
	r, err := x.o.Fleet.Runner(l.id)
	goes := true
	if err == nil {
		goes, err = x.resolve(ctx, r, epoch, &h)
	}
	var sent *inbox.Batch
	if err == nil {
		if !goes {
			span.End(nil)
			return
		}
		sent, err = r.Send(ctx, h.Conversation.Peer, h.Message)
	}
	defer span.End(err)
	if x.ctx.Err() != nil && !once(h.Message) {
		return // whoever owns the account next finds out
	}
	outcome := func() error { return x.failed(epoch, h, err) }
	if err == nil {
		x.Sent.Inc()
		outcome = func() error { return x.delivered(ctx, h, sent) }
	}
	x.keep(outcome, "account", l.id, "message", h.Message.ID)
}

// maxKeepPause bounds the time between two attempts to store an outcome.
const maxKeepPause = 10 * time.Second

// keep stores what Telegram has answered, however long that takes: nobody else knows.
// When the node or its ownership ends before, whoever owns the account next asks
// again, with the same random id, or gives it up: see once.
func (x *Outbox) keep(outcome func() error, about ...any) {
	for wait := errorPause; ; wait = min(2*wait, maxKeepPause) {
		err := outcome()
		if err == nil || errors.Is(err, store.ErrNotOwner) || bridge.CodeOf(err) == bridge.CodeNotFound || x.ctx.Err() != nil {
			return
		}
		x.o.Logger.Error("outcome not stored, and tried again", append(about, "after", wait, "error", err)...)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-x.ctx.Done():
			timer.Stop()
			return
		}
	}
}

// resolve finds out whom a name belongs to, and reports whether they may be
// written to now; if not, the message waits for that. They may turn out to be
// somebody who must not be written to.
func (x *Outbox) resolve(ctx context.Context, r fleet.Runner, epoch int64, h *store.Head) (goes bool, err error) {
	if h.Conversation.Peer.Resolved() {
		return true, nil
	}
	found, err := r.Resolve(ctx, h.Conversation.Peer)
	if err != nil {
		return false, err
	}
	asked := h.Conversation
	var refused *bridge.Error
	err = x.o.Store.Change(ctx, func(t *store.Tx) (err error) {
		refused = nil
		if err := t.CheckOwner(h.Message.AccountID, epoch); err != nil {
			return err
		}
		if h.Conversation, err = t.ResolveConversation(asked, found.Peer); err != nil {
			return err
		}
		if h.Acquaintance, err = t.Acquaintance(h.Conversation); err != nil {
			return err
		}
		if err := x.o.Guard.Check(t, *h); err != nil {
			if errors.As(err, &refused) {
				return nil // what was learned is kept
			}
			return err
		}
		v, err := spend.Start(t, h.Message.AccountID, budgetOf(*h), x.o.Now())
		if goes = v.Now(); err != nil || goes {
			return err
		}
		return t.PutBack(h.Message.ID, time.Time{}, "")
	})
	if err == nil && refused != nil {
		return false, refused
	}
	return goes, err
}

// delivered stores that Telegram has a message.
func (x *Outbox) delivered(ctx context.Context, h store.Head, sent *inbox.Batch) error {
	ctx = context.WithoutCancel(ctx)
	if len(sent.Changes) > 0 {
		return x.o.Inbox.Apply(ctx, sent)
	}
	// Telegram has had it before, and the answer was lost. What came of it is
	// among the messages that it tells of, or will be.
	var telegramID int
	err := x.o.Store.Change(ctx, func(t *store.Tx) (err error) {
		telegramID, err = t.Sent(h.Message)
		if err != nil || telegramID != 0 {
			return err
		}
		ended, err := t.EndSend(h.Message.ID, bridge.Delivered, time.Time{}, "")
		if err != nil || !ended {
			return err
		}
		h.Message.State = bridge.Delivered
		return x.tell(t, bridge.MessageSent, h)
	})
	if err != nil || telegramID == 0 {
		return err
	}
	sent.Changes = []inbox.Change{&inbox.Sent{RandomID: h.Message.RandomID, TelegramID: telegramID}}
	return x.o.Inbox.Apply(ctx, sent)
}

// trace begins the span of a message on its way, below that of whoever has given
// it to the bridge.
func (x *Outbox) trace(ctx context.Context, m *bridge.Message) (context.Context, *trace.Span) {
	if !x.o.Trace.On() {
		return ctx, nil
	}
	parent, err := x.o.Store.Trace(ctx, string(m.ID))
	if err != nil {
		x.o.Logger.Warn("a span has lost its parent", "message", m.ID, "error", err)
	}
	ctx, span := x.o.Trace.Start(trace.Below(ctx, parent), "send", trace.Consumer)
	span.Account(m.AccountID)
	span.Text("godwit.message.id", string(m.ID))
	span.Number("godwit.attempt", m.Attempts)
	return ctx, span
}

// failed stores that a message could not be sent.
func (x *Outbox) failed(epoch int64, h store.Head, cause error) error {
	var e *bridge.Error
	switch {
	case errors.As(cause, &e):
	case store.IsDown(cause):
		e = &bridge.Error{Code: bridge.CodeUnavailable, Detail: "The database could not be reached.", Err: cause}
	default:
		e = &bridge.Error{Code: bridge.CodeInternal, Detail: "The bridge has failed; its log says how.", Err: cause}
		x.o.Logger.Error("message not sent", "account", h.Message.AccountID, "message", h.Message.ID, "error", cause)
	}
	now := x.o.Now()
	return x.o.Store.Change(context.WithoutCancel(x.ctx), func(t *store.Tx) error {
		if err := t.CheckOwner(h.Message.AccountID, epoch); err != nil {
			return err
		}
		if err := noteWait(t, now, h, cause); err != nil {
			return err
		}
		if account.Blocked(cause) {
			if err := x.suppress(t, now, h); err != nil {
				return err
			}
		}
		return x.fail(t, h, verdictOf(now, h.Message, e))
	})
}

// suppress has nobody write any more to a person who has blocked the account.
func (x *Outbox) suppress(t *store.Tx, now time.Time, h store.Head) error {
	if h.Conversation.Peer.Kind != bridge.UserPeer {
		return nil
	}
	id, err := bridge.NewID[bridge.SuppressionID](now, rand.Reader)
	if err != nil {
		return err
	}
	_, err = t.Suppress(&bridge.Suppression{
		ID: id, Reason: bridge.SuppressedByBlock, AddedBy: bridge.DaemonActor, AddedAt: now,
		Note:   "account " + string(h.Message.AccountID),
		Person: bridge.Person{UserID: h.Conversation.Peer.ID, Phone: h.Conversation.Phone},
	})
	return err
}

// noteWait notes what Telegram wants later, so that nothing else is tried before.
func noteWait(t *store.Tx, now time.Time, h store.Head, err error) error {
	c, ok := account.CauseOf(err)
	if !ok {
		return nil
	}
	switch c.Kind {
	case bridge.FloodWait, bridge.SlowMode:
		w := store.Wait{Scope: c.Scope, Cause: c.Error, Since: now, Until: now.Add(c.Wait)}
		if err := t.SetWait(h.Message.AccountID, w); err != nil {
			return err
		}
	case bridge.PeerFlood:
	default:
		return nil
	}
	if c.Kind == bridge.SlowMode {
		return nil // it says nothing of what the account may do elsewhere
	}
	return spend.Refused(t, h.Message.AccountID, budgetOf(h), now, c.Wait)
}

// fail stores a verdict, and tells of it if it is final.
func (x *Outbox) fail(t *store.Tx, h store.Head, v verdict) error {
	if v.unasked {
		return t.PutBack(h.Message.ID, v.retryAt, v.reason)
	}
	ended, err := t.EndSend(h.Message.ID, v.state, v.retryAt, v.reason)
	if err != nil || !ended || v.state != bridge.Failed {
		return err
	}
	x.Failed.Inc()
	h.Message.State, h.Message.Error = v.state, v.reason
	return x.tell(t, bridge.MessageFailed, h)
}

// tell adds an event about a message.
func (x *Outbox) tell(t *store.Tx, kind bridge.EventType, h store.Head) error {
	e, err := bridge.NewEvent(x.o.Now(), rand.Reader, kind, h.Message.AccountID, h.Message.Source, h.Conversation.ID,
		bridge.DataOf(h.Message, h.Conversation.Peer))
	if err != nil {
		return err
	}
	return t.AddEvent(e)
}
