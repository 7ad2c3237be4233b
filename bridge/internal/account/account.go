// Package account is where the daemon meets Telegram: it alone imports package
// telegram. A [Runner] keeps one account online on the credentials that are
// sealed in the database; a [SignIn] gets them there.
//
// Start with an [Environment]. [Environment.Start] brings an account online,
// [Environment.BeginSignIn] and [Environment.ResumeSignIn] sign it in. What
// becomes of an account is not decided here: a Runner reports what happens to
// it, as bridge.Cause, and does what it is told.
package account

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/guard"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
	"godwit/bridge/internal/vault"
	"godwit/mtproto"
	"godwit/mtproto/transport"
	"godwit/telegram"
	"godwit/telegram/flow"
	"godwit/telegram/updates"
)

// An Environment is what all accounts of a node share. All fields are required,
// but for Device, Dial and Certain.
type Environment struct {
	Store   *store.Store
	Vault   *vault.Vault
	Network telegram.Network
	APIID   int
	APIHash string
	Device  telegram.Device
	Dial    telegram.DialFunc // how Telegram is reached; over TCP if nil
	// Certain is asked before anything is sent to Telegram, and fails where the
	// accounts may be another node's by now; nil: they never are.
	Certain func(context.Context) error
	Trace   *trace.Tracer // may be nil
	Inbox   Inbox
	Logger  *slog.Logger
	Now     func() time.Time
}

// An Inbox stores what Telegram tells an account.
type Inbox interface {
	// LoadState returns where the account stands in its updates.
	LoadState(ctx context.Context, id bridge.AccountID) (updates.State, error)
	// Deliver stores what a delivery means, and its change of the state, at
	// once. The error is store.ErrNotOwner where epoch is not the present one.
	Deliver(ctx context.Context, a *bridge.Account, epoch int64, c *telegram.Client, d updates.Delivery) error
	// Deleted and Read store what the account itself has done over this
	// connection, of which Telegram tells its other devices alone. UpTo is a
	// message, 0 for the last one.
	Deleted(ctx context.Context, id bridge.AccountID, epoch int64, p bridge.Peer, telegramID int) error
	Read(ctx context.Context, id bridge.AccountID, epoch int64, p bridge.Peer, upTo int) error
	// Backfill fetches and stores what is wanted of the account's past. It
	// returns when there is nothing left; after an error, it is to be called
	// again.
	Backfill(ctx context.Context, a *bridge.Account, epoch int64, c *telegram.Client) error
	// Export is as Backfill for the members of groups.
	Export(ctx context.Context, a *bridge.Account, epoch int64, c *telegram.Client) error
}

// options are those of every client.
func (e *Environment) options(a *bridge.Account) telegram.Options {
	o := telegram.Options{
		APIID: e.APIID, APIHash: e.APIHash, Network: e.Network, Device: e.Device, Dial: e.dial(),
		Logger: e.Logger.With("account", a.ID),
		// A request that has to wait goes back to whoever planned it.
		Patience: -1,
		// A node that starts again has thousands of accounts at once.
		KeepTemporaryKeys: true,
	}
	if e.Trace.On() {
		o.Observe = e.observe
	}
	return o
}

// dial returns how accounts reach Telegram.
func (e *Environment) dial() telegram.DialFunc {
	if e.Certain == nil {
		return e.Dial
	}
	dial := e.Dial
	if dial == nil {
		dial = transport.DialTCP
	}
	return func(ctx context.Context, address string) (net.Conn, error) {
		return guard.Open(ctx, e.Certain, func(ctx context.Context) (net.Conn, error) { return dial(ctx, address) })
	}
}

// observe has a request that is part of something traced be a span.
func (e *Environment) observe(ctx context.Context, method string) func(error) {
	if trace.Parent(ctx) == "" {
		return nil
	}
	_, span := e.Trace.Start(ctx, method, trace.Client)
	span.Text("rpc.system", "mtproto")
	span.Text("rpc.method", method)
	return func(err error) {
		var wait *flow.WaitError
		var refusal *mtproto.RPCError
		switch {
		case errors.As(err, &wait):
			span.Wait(wait.Wait.Until.Sub(e.Now()))
			span.Fail("WAIT")
		case errors.As(err, &refusal):
			span.Fail(refusal.Type)
		case err != nil:
			span.Fail("OTHER")
		}
		span.End(nil)
	}
}

// The fields of an account under which secrets are stored.
const (
	sessionField = "session" // the credentials of the account
	signInField  = "sign_in" // those of a sign-in that has not come to its end, and where it stands
)
