package account

import (
	"context"
	"errors"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
	"godwit/mtproto"
	"godwit/telegram"
	"godwit/telegram/flow"
	"godwit/tg"
)

// backfillPage is how many messages or conversations are stored at once.
const backfillPage = 100

// Backfill fetches what is wanted of an account's past: the list of its
// conversations, once, and then the histories that were asked for, urgent ones
// first. It returns when there is nothing left, and can be called again at any
// time: what was fetched is not fetched anew. Everything else that the account
// does goes first.
//
// The error says what stopped it, such as a *flow.WaitError, which says until
// when. A history that Telegram refuses is left, with the reason stored, and
// stops nothing.
func (r *Recorder) Backfill(ctx context.Context, a *bridge.Account, epoch int64, c *telegram.Client) error {
	ctx = telegram.WithPriority(ctx, flow.Backfill)
	f := &backfiller{r: r, client: c, account: a, epoch: epoch, converter: converter{selfOf(a, c)}}
	for more, err := f.list(ctx); ; more, err = f.next(ctx) {
		if err != nil || !more {
			return err
		}
	}
}

// maxFilling is how many accounts of a node fetch a page of their past at once.
const maxFilling = 4

// turn waits until an account may fetch a page. What it returns is called
// afterwards.
func (r *Recorder) turn(ctx context.Context) (func(), error) {
	r.makeFilling.Do(func() { r.filling = make(chan struct{}, maxFilling) })
	select {
	case r.filling <- struct{}{}:
		return func() { <-r.filling }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// admit spends what something costs that an account is about to do.
func (r *Recorder) admit(ctx context.Context, id bridge.AccountID, kind bridge.BudgetKind) error {
	if r.Admit == nil {
		return nil
	}
	return r.Admit(ctx, id, kind)
}

// A backfiller fetches the past of an account.
type backfiller struct {
	r         *Recorder
	client    *telegram.Client
	account   *bridge.Account
	epoch     int64
	converter converter
}

// list stores the conversations of the account's list, if that is wanted and they
// have not been stored, or some may have been missed since.
func (f *backfiller) list(ctx context.Context) (more bool, err error) {
	release, err := f.r.turn(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	listed, more, err := f.r.Store.PastWanted(ctx, f.account.ID)
	if err == nil && (!listed.Once && f.r.History > 0 || listed.Stale) {
		return true, f.dialogs(ctx, listed.Once)
	}
	return more, err
}

// next fetches a page of what is wanted next, and reports whether there was
// something.
func (f *backfiller) next(ctx context.Context) (more bool, err error) {
	release, err := f.r.turn(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	next, err := f.r.Store.Backfills(ctx, f.account.ID, 1)
	if err != nil || len(next) == 0 {
		return false, err
	}
	if next[0].Kind == store.HistoryBackfill { // what was missed does not wait
		if err := f.r.admit(ctx, f.account.ID, bridge.BudgetHistory); err != nil {
			return false, err
		}
	}
	return true, f.page(ctx, next[0])
}

func (f *backfiller) batch() *inbox.Batch {
	return &inbox.Batch{Account: f.account.ID, Epoch: f.epoch, Source: bridge.MTProto}
}

// dialogs stores the conversations of the account's list, with their last
// messages. If they have been listed before, those that are new are news.
func (f *backfiller) dialogs(ctx context.Context, before bool) error {
	b := f.batch()
	for d, err := range f.client.DialogsIn(ctx, telegram.AllFolders) {
		if err != nil {
			return err
		}
		peer := convertPeer(d.Raw.Peer)
		b.Peers = append(b.Peers, inbox.Peer{Peer: peer, Title: d.Title, Partly: true})
		b.Changes = append(b.Changes, &inbox.Dialog{
			Peer: peer, Unread: int(d.Raw.UnreadCount), ReadUpTo: int(d.Raw.ReadInboxMaxID),
			ReadByPeer: int(d.Raw.ReadOutboxMaxID), Last: f.last(d), History: f.r.History, News: before,
		})
		if len(b.Peers) < backfillPage {
			continue
		}
		if err := f.r.apply(ctx, b); err != nil {
			return err
		}
		b = f.batch()
	}
	b.Listed = true
	return f.r.apply(ctx, b)
}

func (f *backfiller) last(d telegram.Dialog) *inbox.Message {
	m := f.converter.convertMessage(d.Last)
	if m != nil {
		m.Old = true
	}
	return m
}

// page fetches the next messages of a history, and stores them with how far it
// has come.
func (f *backfiller) page(ctx context.Context, fill *store.Backfill) error {
	b := f.batch()
	came := *fill
	b.Backfill = &came
	err := f.fetch(ctx, b)
	switch {
	case err == nil:
	case refusedAlone(err):
		came.Done, came.Error = true, err.Error()
	default:
		return err
	}
	return f.r.apply(ctx, b)
}

// refusedAlone reports whether an error is about one conversation, rather than
// the account or its connection.
func refusedAlone(err error) bool {
	var rpc *mtproto.RPCError
	var unknown *telegram.UnknownPeerError
	switch {
	case errors.As(err, &unknown):
		return true
	case !errors.As(err, &rpc), rpc.Code < 0, rpc.Code >= 500:
		return false
	}
	_, ofAccount := bridge.CauseOf(bridge.Refusal{Code: rpc.Code, Type: rpc.Type})
	return !ofAccount
}

// fetch adds a page of messages to a batch.
func (f *backfiller) fetch(ctx context.Context, b *inbox.Batch) error {
	fill := b.Backfill
	conversation, err := f.r.Store.Conversation(ctx, fill.Conversation)
	if err != nil {
		return err
	}
	peer, err := f.client.InputPeer(telegramPeer(conversation.Peer))
	if err != nil {
		return err
	}
	limit := backfillPage
	if fill.Wanted > 0 {
		limit = min(limit, fill.Wanted-fill.Fetched)
	}
	seen := &onlooker{Client: f.client}
	n := 0
	news := fill.Kind == store.GapBackfill
	for m, err := range telegram.HistoryOf(ctx, seen, peer, telegram.HistoryOptions{
		Before: fill.Before, After: fill.After, OldestFirst: news, Limit: limit, Service: true,
	}) {
		if err != nil {
			return err
		}
		converted := f.converter.convertMessage(m)
		converted.Old = !news
		b.Changes = append(b.Changes, converted)
		if news {
			fill.After = converted.TelegramID
		} else {
			fill.Before = converted.TelegramID
		}
		n++
	}
	b.Peers = seen.peers
	fill.Fetched += n
	fill.Done = n < limit || fill.Wanted > 0 && fill.Fetched >= fill.Wanted
	fill.Error = ""
	return nil
}

// An onlooker is a client that notes whom it learns of.
type onlooker struct {
	*telegram.Client
	peers []inbox.Peer
}

// LearnFrom is as that of the client.
func (o *onlooker) LearnFrom(messages []tg.MessageClass, users []tg.UserClass, chats []tg.ChatClass) {
	o.peers = append(o.peers, convertPeers(users, chats)...)
	o.Client.LearnFrom(messages, users, chats)
}
