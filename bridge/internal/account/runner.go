package account

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/telegram"
	"godwit/telegram/flow"
	"godwit/telegram/updates"
)

// A Runner is an account that is online, or on its way there. It holds the
// account under one epoch and ends by itself when another owner has come.
type Runner struct {
	e       *Environment
	account *bridge.Account
	epoch   int64
	watcher Watcher

	ctx    context.Context // ends when the Runner does
	stop   context.CancelFunc
	closed atomic.Bool   // by its owner
	done   chan struct{} // closed when nothing of the Runner is left

	mu      sync.Mutex
	client  *telegram.Client // nil until it is connected
	blob    *blob
	tasks   sync.WaitGroup // what goes on beside the connection
	history chore
	exports chore

	lastUpdate atomic.Int64 // unix milliseconds; 0: none yet
	connected  atomic.Bool
}

// A Watcher is told what happens to an account, in order, and must return soon.
type Watcher interface {
	// Happened is told what happens while the Runner goes on.
	Happened(bridge.Cause)
	// Ended is told why a Runner that was not closed has ended. For
	// bridge.Disconnected the account has to be started again, with back-off.
	Ended(bridge.Cause)
}

// Start brings an account online. It returns at once. turn, which may be nil, is
// waited for before connecting, so that not all accounts of a node begin at once;
// what it returns is called afterwards.
func (e *Environment) Start(
	a *bridge.Account, epoch int64, w Watcher, turn func(context.Context) (func(), error),
) *Runner {
	r := &Runner{e: e, account: a, epoch: epoch, watcher: w, done: make(chan struct{})}
	r.ctx, r.stop = context.WithCancel(context.Background())
	r.history, r.exports = chore{name: "history", do: e.Inbox.Backfill}, chore{name: "members", do: e.Inbox.Export}
	go r.begin(turn)
	return r
}

// Close takes the account offline and waits until nothing of the Runner is left.
// It must not be called from the Watcher.
func (r *Runner) Close() {
	r.closed.Store(true)
	r.stop()
	if c := r.clientOf(); c != nil {
		r.closeClient(c)
	}
	<-r.done
}

// begin brings the account online. Nothing waits for the end of that.
func (r *Runner) begin(turn func(context.Context) (func(), error)) {
	if err := r.connect(r.ctx, turn); err != nil {
		r.end(err)
		return
	}
	c := r.clientOf()
	c.OnEnd(func() { r.end(c.Err()) })
}

// end ends what is left of the Runner, of which err is the end.
func (r *Runner) end(err error) {
	defer close(r.done)
	r.connected.Store(false)
	r.mu.Lock()
	r.stop() // nothing is begun after this
	r.mu.Unlock()
	r.tasks.Wait()
	if c := r.clientOf(); c != nil {
		r.closeClient(c)
	}
	if !r.closed.Load() {
		r.watcher.Ended(r.endOf(err))
	}
}

func (r *Runner) closeClient(c *telegram.Client) {
	if err := c.Close(); err != nil {
		r.e.Logger.Warn("client not closed well", "account", r.account.ID, "error", err)
	}
}

// endOf returns what it means that the Runner has ended by itself.
func (r *Runner) endOf(err error) bridge.Cause {
	// Of a blob that is stale the owner is the same, and reads it anew.
	if errors.Is(err, store.ErrNotOwner) {
		return bridge.Cause{Kind: bridge.Superseded}
	}
	c, ok := CauseOf(err)
	switch {
	case errors.Is(err, errNoSession):
		return bridge.Cause{Kind: bridge.SessionRevoked, Error: "NO_SESSION"}
	case !ok:
		r.e.Logger.Error("account ended", "account", r.account.ID, "error", err)
		return bridge.Cause{Kind: bridge.Disconnected}
	case c.Kind == bridge.ServerFailure, c.Kind == bridge.TooManyConnections, c.Kind == bridge.FloodWait:
		// Whatever is the matter with Telegram, there is no connection.
		return bridge.Cause{Kind: bridge.Disconnected, Error: c.Error}
	}
	return c
}

// connect connects, and reports it.
func (r *Runner) connect(ctx context.Context, turn func(context.Context) (func(), error)) error {
	if turn != nil {
		release, err := turn(ctx)
		if err != nil {
			return err
		}
		defer release()
	}
	b, err := r.e.openBlob(ctx, r.account.ID, r.epoch, sessionField)
	if err != nil {
		return err
	}
	waits, err := r.e.Store.Waits(ctx, r.account.ID, r.e.Now())
	if err != nil {
		return err
	}
	o := r.e.options(r.account)
	for _, w := range waits {
		o.Waits = append(o.Waits, flow.Wait{
			Method: w.Scope.Method, Chat: w.Scope.Chat, Cause: w.Cause, Since: w.Since, Until: w.Until,
		})
	}
	o.Store = credentialStore{b}
	o.Peers = peerStore{r.e, r.account.ID}
	o.OnWait = func(w flow.Wait) { r.watcher.Happened(causeOfWait(w)) }
	o.OnConnection = r.connection
	o.LoadState = func(ctx context.Context) (updates.State, error) {
		return r.e.Inbox.LoadState(ctx, r.account.ID)
	}
	o.Handler = r.deliver
	client, err := telegram.Connect(ctx, o)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.client, r.blob = client, b
	r.mu.Unlock()
	if r.closed.Load() {
		return telegram.ErrClosed
	}
	if lapsed := client.Lapsed(); lapsed != nil {
		return lapsed
	}
	if client.Self() == nil {
		return errNoSession
	}
	r.connected.Store(true)
	r.watcher.Happened(bridge.Cause{Kind: bridge.Connected})
	r.Backfill()
	r.Export()
	return nil
}

// errNoSession says that the stored credentials are not signed in: the account was
// signed out, and that was not stored.
var errNoSession = errors.New("account: the credentials are of nobody")

// connection is told when the connection is lost and when it is back.
func (r *Runner) connection(lost error) {
	r.connected.Store(lost == nil)
	if lost != nil {
		r.watcher.Happened(bridge.Cause{Kind: bridge.Disconnected})
		return
	}
	r.watcher.Happened(bridge.Cause{Kind: bridge.Connected})
}

func (r *Runner) deliver(ctx context.Context, c *telegram.Client, d updates.Delivery) error {
	if err := r.e.Inbox.Deliver(ctx, r.account, r.epoch, c, d); err != nil {
		return err
	}
	r.lastUpdate.Store(r.e.Now().UnixMilli())
	if d.Lost != nil {
		r.Backfill()
	}
	return nil
}

func (r *Runner) clientOf() *telegram.Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.client
}

// online returns the client of an account that is connected, or an error that
// tells users that it is not.
func (r *Runner) online() (*telegram.Client, error) {
	if c := r.clientOf(); c != nil && r.connected.Load() {
		return c, nil
	}
	return nil, bridge.Errorf(bridge.CodeAccountNotOnline, "Account %s has no connection to Telegram at the moment.", r.account.ID)
}

// Health adds what the Runner knows to h.
func (r *Runner) Health(ctx context.Context, h *bridge.Health) error {
	h.Connected = r.connected.Load()
	if at := r.lastUpdate.Load(); at != 0 {
		h.LastUpdate = time.UnixMilli(at).UTC()
	}
	c := r.clientOf()
	if c == nil {
		return nil
	}
	h.LastPong = c.LastHeard()
	for _, w := range c.Waits() {
		h.Waits = append(h.Waits, bridge.Wait{Method: w.Method, Chat: w.Chat, Until: w.Until})
	}
	lags, err := c.Lagging(ctx)
	if ctx.Err() != nil {
		return told(err)
	}
	if err != nil {
		return nil //nolint:nilerr // the client has ended, and there is nothing to lag behind
	}
	for _, lag := range lags {
		h.PTSLag += int(lag.Behind())
	}
	return nil
}

// SignOut ends the session at Telegram. Done again, it does nothing.
func (r *Runner) SignOut(ctx context.Context) error {
	c, err := r.online()
	if err != nil {
		return err
	}
	err = c.SignOut(ctx)
	if errors.Is(err, telegram.ErrNotSignedIn) {
		return nil
	}
	return told(err)
}
