package account

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
	"godwit/telegram"
	"godwit/telegram/updates"
)

// A Recorder stores in the inbox what Telegram tells accounts. It is safe for
// concurrent use.
type Recorder struct {
	Store  *store.Store
	Inbox  *inbox.Inbox
	Logger *slog.Logger
	// History is how many messages of each conversation are fetched in the
	// background when an account is added; 0: none, and what is asked for alone.
	History int
	// Admit returns nil if an account may do something now of a kind that has a
	// budget, and spends that; otherwise it returns a *bridge.Error that says when.
	// If it is nil, anything may be done.
	Admit func(ctx context.Context, id bridge.AccountID, kind bridge.BudgetKind) error
	// Refused notes for how long Telegram wants nothing of a kind; nil: nobody does.
	Refused func(ctx context.Context, id bridge.AccountID, kind bridge.BudgetKind, wait time.Duration) error

	Trace *trace.Tracer // may be nil

	makeFilling sync.Once
	filling     chan struct{} // holds one for each account that fetches a page
}

var _ Inbox = (*Recorder)(nil)

// LoadState returns where an account stands in its updates.
func (r *Recorder) LoadState(ctx context.Context, id bridge.AccountID) (updates.State, error) {
	state, err := r.Store.UpdateState(ctx, id)
	return convertState(state), err
}

// Deliver stores what a delivery means, and its change of the state, at once.
// While the database does not, it is tried again: what Telegram tells meanwhile
// waits. The error is store.ErrNotOwner where epoch is not the present one.
func (r *Recorder) Deliver(
	ctx context.Context, a *bridge.Account, epoch int64, c *telegram.Client, d updates.Delivery,
) error {
	b := converter{self: selfOf(a, c)}.convert(d)
	b.Account, b.Epoch = a.ID, epoch
	return r.apply(ctx, b)
}

// Deleted stores that the account has deleted a message.
func (r *Recorder) Deleted(ctx context.Context, id bridge.AccountID, epoch int64, p bridge.Peer, telegramID int) error {
	d := &inbox.Deletion{TelegramIDs: []int{telegramID}}
	if p.Kind == bridge.ChannelPeer {
		d.Channel = p
	}
	return r.Inbox.Apply(ctx, did(id, epoch, d))
}

// Read stores that the account has read a conversation up to a message, or, for
// 0, up to the last one.
func (r *Recorder) Read(ctx context.Context, id bridge.AccountID, epoch int64, p bridge.Peer, upTo int) error {
	last, unread, err := r.Store.UnreadAfter(ctx, id, p, upTo)
	if err != nil {
		return err
	}
	if upTo == 0 {
		upTo, unread = last, 0
	}
	return r.Inbox.Apply(ctx, did(id, epoch, &inbox.Read{Peer: p, By: bridge.ReadByAccount, UpTo: upTo, Unread: unread}))
}

func did(id bridge.AccountID, epoch int64, c inbox.Change) *inbox.Batch {
	return &inbox.Batch{Account: id, Epoch: epoch, Source: bridge.MTProto, Changes: []inbox.Change{c}}
}

// selfOf returns the user id of an account.
func selfOf(a *bridge.Account, c *telegram.Client) int64 {
	if self := c.Self(); self != nil {
		return self.ID
	}
	return a.UserID
}

// Between two tries to store something.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// apply stores a batch, however long that takes.
func (r *Recorder) apply(ctx context.Context, b *inbox.Batch) (err error) {
	ctx, span := r.Trace.Start(ctx, "updates", trace.Consumer)
	span.Account(b.Account)
	span.Number("godwit.changes", len(b.Changes))
	defer func() { span.End(err) }()
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		err := r.Inbox.Apply(ctx, b)
		if err == nil || errors.Is(err, store.ErrNotOwner) || bridge.CodeOf(err) == bridge.CodeNotFound || ctx.Err() != nil {
			return err
		}
		r.Logger.Error("not stored, and tried again", "account", b.Account, "after", wait, "error", err)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
