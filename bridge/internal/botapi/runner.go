package botapi

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
	"godwit/bridge/internal/vault"
)

const (
	pollTimeout = time.Minute // for an answer, long polling included
	pollSeconds = 50          // for Telegram to wait until there are updates
	maxUpdates  = 100         // at once; Telegram hands out no more

	firstBackoff = time.Second
	lastBackoff  = time.Minute
)

// allowedUpdates are the updates that are asked for: those that convert knows.
var allowedUpdates = []string{
	models.AllowedUpdateMessage, models.AllowedUpdateEditedMessage, models.AllowedUpdateChannelPost,
	models.AllowedUpdateEditedChannelPost, models.AllowedUpdateMessageReaction, models.AllowedUpdateMessageReactionCount,
	models.AllowedUpdateMyChatMember,
}

// A Watcher is told what happens to a bot, in order, and must return soon.
type Watcher interface {
	// Happened is told what happens while the Runner goes on.
	Happened(bridge.Cause)
	// Ended is told why a Runner that was not closed has ended.
	Ended(bridge.Cause)
}

// A Runner is a bot that is online, or on its way there. It holds the account
// under one epoch and ends by itself when another owner has come.
type Runner struct {
	e       *Environment
	account *bridge.Account
	epoch   int64
	watcher Watcher
	turn    func(context.Context) (func(), error)

	stop context.CancelFunc
	done chan struct{}

	connected  atomic.Bool
	lastUpdate atomic.Int64 // unix milliseconds; 0: none yet
	pending    atomic.Int64 // updates that Telegram has, as far as it has said

	mu     sync.Mutex
	bot    *bot.Bot // nil until the token is known
	http   *transport
	secret string // of the webhook; empty for polling
	limits limits

	storing sync.Mutex // one webhook at a time; guards what follows
	last    int64      // the number of the last update that is stored
	polled  int64      // up to which they have been polled for and stored
}

// Start brings a bot online. It returns at once. turn, which may be nil, is waited
// for before Telegram is asked anything, so that not all bots of a node begin at
// once; what it returns is called when Telegram has answered.
func (e *Environment) Start(
	a *bridge.Account, epoch int64, w Watcher, turn func(context.Context) (func(), error),
) *Runner {
	ctx, stop := context.WithCancel(context.Background())
	if turn == nil {
		turn = func(context.Context) (func(), error) { return func() {}, nil }
	}
	r := &Runner{e: e, account: a, epoch: epoch, watcher: w, turn: turn, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.run(ctx)
	}()
	return r
}

// Close takes the bot offline and waits until nothing of the Runner is left. It
// must not be called from the Watcher.
func (r *Runner) Close() {
	r.stop()
	<-r.done
}

// run keeps the bot online until ctx ends, or it cannot be.
func (r *Runner) run(ctx context.Context) {
	wait := firstBackoff
	for {
		err := r.session(ctx)
		if ctx.Err() != nil {
			r.connected.Store(false)
			return
		}
		was := r.connected.Swap(false)
		cause, ends := r.endOf(err)
		if ends {
			r.watcher.Ended(cause)
			return
		}
		if was {
			wait = firstBackoff
		}
		r.watcher.Happened(cause)
		timer := time.NewTimer(max(wait, cause.Wait))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		wait = min(2*wait, lastBackoff)
	}
}

// endOf returns what an error of a session means, and whether the Runner ends by
// it.
func (r *Runner) endOf(err error) (c bridge.Cause, ends bool) {
	var locked *vault.UnknownKEKError
	switch {
	case errors.As(err, &locked):
		return locked.Cause(), false
	case errors.Is(err, store.ErrNotOwner):
		return bridge.Cause{Kind: bridge.Superseded}, true
	case errors.Is(err, errNoToken):
		return bridge.Cause{Kind: bridge.SessionRevoked, Error: "NO_TOKEN"}, true
	}
	c, ok := causeOf(err, "getUpdates")
	if !ok || c.Kind == bridge.ServerFailure {
		c = bridge.Cause{Kind: bridge.Disconnected, Error: c.Error}
	}
	if c.Kind == bridge.Disconnected {
		r.e.Logger.Warn("bot disconnected", "account", r.account.ID, "error", err)
	}
	return c, c.Kind == bridge.SessionRevoked
}

// session takes updates until that fails.
func (r *Runner) session(ctx context.Context) error {
	release, err := r.turn(ctx)
	if err != nil {
		return err
	}
	release = sync.OnceFunc(release)
	defer release()
	token, err := r.e.token(ctx, r.account.ID)
	if err != nil {
		return err
	}
	b, t, err := r.e.client(token)
	if err != nil {
		return err
	}
	state, err := r.e.Store.UpdateState(ctx, r.account.ID)
	if err != nil {
		return err
	}
	offset := offsetOf(state, r.e.Now())
	r.storing.Lock()
	r.last, r.polled = 0, offset-1
	r.storing.Unlock()
	if r.account.UpdatesBy == bridge.ByWebhook {
		if r.e.Webhook != nil {
			return r.listen(ctx, b, t, release)
		}
		r.e.Logger.Warn("this node has no public URL for the webhook of a bot: its updates are polled for", "account", r.account.ID)
	}
	// A webhook keeps updates from being polled for. What waits there stays.
	if _, err := b.DeleteWebhook(ctx, &bot.DeleteWebhookParams{}); err != nil {
		return t.redacted(err)
	}
	release()
	r.online(b, t, "")
	return r.poll(ctx, t, offset)
}

// online says that Telegram has answered.
func (r *Runner) online(b *bot.Bot, t *transport, secret string) {
	r.mu.Lock()
	r.bot, r.http, r.secret = b, t, secret
	r.mu.Unlock()
	r.connected.Store(true)
	r.watcher.Happened(bridge.Cause{Kind: bridge.Connected})
}

// forgotten is after how long without updates an offset is worth nothing:
// Telegram keeps updates for a day, and numbers those after a week at random
// (https://core.telegram.org/bots/api#update).
const forgotten = 6 * 24 * time.Hour

// offsetOf returns from where updates are wanted; 0 stands for all.
func offsetOf(s store.UpdateState, now time.Time) int64 {
	if s.Seq == 0 || now.Sub(time.Unix(s.Date, 0)) > forgotten {
		return 0
	}
	return s.Seq + 1
}

// poll asks for updates and stores them. An offset confirms those before it, so
// it rises when they have been stored.
func (r *Runner) poll(ctx context.Context, t *transport, offset int64) error {
	for {
		asking, cancel := context.WithTimeout(ctx, pollTimeout)
		list, err := t.updates(asking, offset, pollSeconds)
		cancel()
		if err != nil {
			return err
		}
		if len(list) == 0 {
			// Everything up to the offset is confirmed. Whatever comes next is
			// wanted, even if its number is lower: see forgotten.
			offset = 0
			continue
		}
		last := &store.Counters{Seq: list[len(list)-1].ID, Date: r.e.Now().Unix()}
		if err := r.store(ctx, list, &store.UpdateChange{Counters: last}); err != nil {
			return err
		}
		offset = list[len(list)-1].ID + 1
	}
}

// store stores what updates mean, with how far they have been polled for, if
// they have.
func (r *Runner) store(ctx context.Context, list []*models.Update, state *store.UpdateChange) (err error) {
	ctx, span := r.e.Trace.Start(ctx, "updates", trace.Consumer)
	span.Account(r.account.ID)
	span.Number("godwit.changes", len(list))
	defer func() { span.End(err) }()
	b := convert(list)
	b.Account, b.Epoch, b.State = r.account.ID, r.epoch, state
	if err := r.e.Inbox.Apply(ctx, b); err != nil {
		return err
	}
	r.lastUpdate.Store(r.e.Now().UnixMilli())
	return nil
}

// Health adds what the Runner knows to h.
func (r *Runner) Health(_ context.Context, h *bridge.Health) error {
	h.Connected, h.PTSLag = r.connected.Load(), int(r.pending.Load())
	if at := r.lastUpdate.Load(); at != 0 {
		h.LastUpdate = time.UnixMilli(at).UTC()
	}
	return nil
}

// client returns what makes the requests of a bot that is online, or an error
// that tells users that it is not.
func (r *Runner) client() (*bot.Bot, *transport, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bot == nil || !r.connected.Load() {
		return nil, nil, bridge.Errorf(bridge.CodeAccountNotOnline, "Bot %s has no connection to Telegram at the moment.", r.account.ID)
	}
	return r.bot, r.http, nil
}

// failed reports what an error means for the account, and returns what users
// are told.
func (r *Runner) failed(err error, method string) error {
	if cause, ok := causeOf(err, method); ok && cause.Kind != bridge.Disconnected && cause.Kind != bridge.ServerFailure {
		r.watcher.Happened(cause)
	}
	return told(err, r.e.Now())
}
