package account

import (
	"context"
	"errors"

	"godwit/bridge"
	"godwit/bridge/internal/vault"
	"godwit/mtproto"
	"godwit/mtproto/mtclient"
	"godwit/mtproto/transport"
	"godwit/telegram"
	"godwit/telegram/flow"
	"godwit/tg"
)

// CauseOf returns what an error means for the account as a whole, and false for
// one that is about a single request, or is not Telegram's.
func CauseOf(err error) (bridge.Cause, bool) {
	var wait *flow.WaitError
	var rpc *mtproto.RPCError
	var refused *transport.Error
	var unreachable *telegram.UnreachableError
	var locked *vault.UnknownKEKError
	switch {
	case errors.As(err, &locked):
		return locked.Cause(), true
	case errors.As(err, &wait):
		return causeOfWait(wait.Wait), true
	case errors.Is(err, mtclient.ErrKeyUnknown): // which can come of a refusal
		return bridge.Cause{Kind: bridge.KeyUnknown}, true
	case errors.As(err, &rpc):
		return bridge.CauseOf(bridge.Refusal{Code: rpc.Code, Type: rpc.Type, Argument: rpc.Argument, Method: rpc.Method})
	case errors.As(err, &refused):
		return bridge.CauseOf(bridge.Refusal{Code: int(refused.Code)})
	case errors.As(err, &unreachable):
		return bridge.Cause{Kind: bridge.Disconnected}, true
	}
	return bridge.Cause{}, false
}

// lostBy returns how the account's session is lost, as an error says; "" for one
// that says no such thing.
func lostBy(err error) bridge.Kind {
	if c, ok := CauseOf(err); ok && lostSession(c.Kind) {
		return c.Kind
	}
	return ""
}

// causeOfWait returns what it means that Telegram wants something later.
func causeOfWait(w flow.Wait) bridge.Cause {
	c := bridge.Cause{Kind: bridge.FloodWait, Error: w.Cause, Wait: w.Until.Sub(w.Since)}
	switch {
	case w.Chat != 0:
		c.Kind, c.Scope.Chat = bridge.SlowMode, w.Chat
	case w.Method != "":
		c.Scope.Method = w.Method
	default:
		c.Kind = bridge.TooManyConnections
	}
	return c
}

// told returns what a user of the bridge is told of an error of Telegram, or of
// having no connection to it.
func told(err error) error {
	var b *bridge.Error
	var wait *flow.WaitError
	var rpc *mtproto.RPCError
	var unknown *telegram.UnknownPeerError
	var reference *telegram.ReferenceError
	var access *telegram.AccessError
	var locked *vault.UnknownKEKError
	switch {
	case err == nil, errors.As(err, &b):
		return err
	case errors.As(err, &locked):
		return locked.Told()
	case lostBy(err) == bridge.Deactivated:
		return &bridge.Error{Code: bridge.CodeAccountBanned, Detail: "Telegram has closed the account.", Err: err}
	case lostBy(err) != "":
		return &bridge.Error{Code: bridge.CodeAccountNotOnline, Detail: "The account is not signed in any more.", Err: err}
	case errors.As(err, &wait):
		return &bridge.Error{
			Code: bridge.CodeFloodWait, RetryAt: wait.Wait.Until, Err: err,
			Detail: "Telegram wants this later: " + wait.Wait.Cause + ".",
		}
	case errors.As(err, &rpc):
		return &bridge.Error{Code: bridge.CodeTelegramRefused, Detail: "Telegram says " + rpc.Message() + ".", Err: err}
	case errors.As(err, &unknown), errors.As(err, &reference), errors.Is(err, telegram.ErrNoUser):
		return &bridge.Error{Code: bridge.CodeNotFound, Detail: err.Error() + ".", Err: err}
	case errors.As(err, &access):
		return &bridge.Error{Code: bridge.CodeSurfaceUnable, Detail: err.Error() + ".", Err: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, telegram.ErrClosed):
		return &bridge.Error{Code: bridge.CodeUnavailable, Detail: "Telegram has not answered in time. Try again.", Err: err}
	}
	var unreachable *telegram.UnreachableError
	if errors.As(err, &unreachable) {
		return &bridge.Error{Code: bridge.CodeUnavailable, Detail: "Telegram cannot be reached now. Try again.", Err: err}
	}
	return err
}

// Blocked reports whether an error says that a person has blocked the account.
func Blocked(err error) bool {
	return errors.Is(err, tg.ErrUserIsBlocked) || errors.Is(err, tg.ErrYouBlockedUser)
}
