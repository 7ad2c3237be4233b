package botapi

import (
	"errors"
	"net"
	"strings"
	"time"

	"github.com/go-telegram/bot"

	"godwit/bridge"
	"godwit/bridge/internal/guard"
)

// causeOf returns what an error means for the account as a whole, and false for
// one that is about a single request.
func causeOf(err error, method string) (bridge.Cause, bool) {
	var wait *bot.TooManyRequestsError
	var server *serverError
	switch {
	case errors.As(err, &wait):
		return bridge.Cause{
			Kind: bridge.FloodWait, Error: "TOO_MANY_REQUESTS", Wait: time.Duration(wait.RetryAfter) * time.Second,
			Scope: bridge.Scope{Method: method},
		}, true
	case errors.Is(err, bot.ErrorUnauthorized), errors.Is(err, bot.ErrorNotFound) && method == "getUpdates":
		// A token that was revoked, and one that never was.
		return bridge.Cause{Kind: bridge.SessionRevoked, Error: "UNAUTHORIZED"}, true
	case errors.Is(err, bot.ErrorConflict):
		// Somebody else polls for the bot's updates, or has set a webhook. Who
		// asks last gets them.
		return bridge.Cause{Kind: bridge.Disconnected, Error: "CONFLICT"}, true
	case errors.As(err, &server):
		return bridge.Cause{Kind: bridge.ServerFailure}, true
	case errors.Is(err, bot.ErrorForbidden), errors.Is(err, bot.ErrorBadRequest), errors.Is(err, bot.ErrorNotFound):
		return bridge.Cause{}, false
	}
	var migrated *bot.MigrateError
	return bridge.Cause{Kind: bridge.Disconnected}, !errors.As(err, &migrated)
}

// told returns what a user of the bridge is told of an error of the Bot API.
func told(err error, now time.Time) error {
	var own *bridge.Error
	var wait *bot.TooManyRequestsError
	var migrated *bot.MigrateError
	switch {
	case err == nil, errors.As(err, &own):
		return err
	case errors.As(err, &wait):
		return &bridge.Error{
			Code: bridge.CodeFloodWait, RetryAt: now.Add(time.Duration(wait.RetryAfter) * time.Second), Err: err,
			Detail: "Telegram wants this later: TOO_MANY_REQUESTS.",
		}
	case errors.Is(err, bot.ErrorUnauthorized):
		return &bridge.Error{
			Code: bridge.CodeLoginExpired, Err: err,
			Detail: "Telegram does not know the token of the bot. Get another one from @BotFather, and sign in with it.",
		}
	case errors.Is(err, bot.ErrorConflict):
		return &bridge.Error{
			Code: bridge.CodeConflict, Err: err,
			Detail: "Another program takes the updates of the bot, by polling or by a webhook. End it, or revoke the token.",
		}
	case errors.Is(err, bot.ErrorForbidden):
		return forbidden(err)
	case errors.As(err, &migrated):
		return &bridge.Error{
			Code: bridge.CodeTelegramRefused, Err: err, Detail: "The group has become a supergroup, which is another conversation.",
		}
	case errors.Is(err, bot.ErrorBadRequest), errors.Is(err, bot.ErrorNotFound):
		return &bridge.Error{Code: bridge.CodeTelegramRefused, Err: err, Detail: "Telegram says " + err.Error() + "."}
	}
	if refused := new(guard.RefusedError); errors.As(err, &refused) {
		return &bridge.Error{Code: bridge.CodeUnavailable, Err: err, Detail: "The account may be at another node of the bridge now. Try again."}
	}
	if dial := new(net.OpError); errors.As(err, &dial) && dial.Op == "dial" {
		return &bridge.Error{Code: bridge.CodeUnavailable, Err: err, Detail: "Telegram cannot be reached now. Try again."}
	}
	// The Bot API has no way to find out, and none to repeat a message without
	// its being sent twice.
	return &bridge.Error{
		Code: bridge.CodeOutcomeUnknown, Err: err,
		Detail: "The connection to Telegram was lost before it answered: it is not known whether this was done.",
	}
}

// forbidden says why a bot may not write to somebody.
func forbidden(err error) error {
	e := &bridge.Error{Code: bridge.CodeTelegramRefused, Err: err}
	switch s := err.Error(); {
	case strings.Contains(s, "blocked by the user"):
		e.Detail = "The person has blocked the bot."
	case strings.Contains(s, "initiate conversation"):
		e.Code = bridge.CodeSurfaceUnable
		e.Detail = "Bots cannot write first. The person has to write to the bot, or an account of kind user has to write to the person."
	case strings.Contains(s, "deactivated"):
		e.Detail = "The person's account does not exist any more."
	default:
		e.Detail = "Telegram says " + s + "."
	}
	return e
}
