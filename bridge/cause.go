package bridge

import (
	"strings"
	"time"
)

// A Refusal is an error of Telegram, in the terms of its protocol.
type Refusal struct {
	Code     int    // like HTTP's; negative for errors of the transport
	Type     string // without its number: FLOOD_WAIT; empty for errors of the transport
	Argument int    // the number: 30 of FLOOD_WAIT_30
	Method   string // that was refused, as the schema writes it
	Chat     int64  // that it was about
}

// peerFlood is the one error that restricts an account.
const peerFlood = "PEER_FLOOD"

// kinds are the errors that mean something for the account as a whole.
var kinds = map[string]Kind{
	"FLOOD_WAIT": FloodWait, "FLOOD_PREMIUM_WAIT": FloodWait, "TAKEOUT_INIT_DELAY": FloodWait,
	"FLOOD_TEST_PHONE_WAIT": FloodWait, "2FA_CONFIRM_WAIT": FloodWait, "SLOWMODE_WAIT": SlowMode,
	peerFlood:               PeerFlood,
	"AUTH_KEY_UNREGISTERED": KeyUnregistered, "AUTH_KEY_INVALID": KeyUnregistered,
	"SESSION_REVOKED": SessionRevoked, "SESSION_EXPIRED": SessionExpired,
	"AUTH_KEY_DUPLICATED": KeyDuplicated,
	"USER_DEACTIVATED":    Deactivated, "USER_DEACTIVATED_BAN": Deactivated, "PHONE_NUMBER_BANNED": Deactivated,
}

// CauseOf returns what an error of Telegram means for the account, and false
// for one that is about its request alone, such as a message that is too long
// (https://core.telegram.org/api/errors, R-ER-05 to R-ER-09).
func CauseOf(r Refusal) (Cause, bool) {
	c := Cause{Error: r.Type}
	switch kind, known := kinds[r.Type]; {
	case known:
		c.Kind = kind
	case r.Type == "" && r.Code == -404:
		c.Kind = KeyUnknown
	case r.Type == "" && r.Code == -429:
		c.Kind = TooManyConnections
	case r.Code >= 500, r.Code < 0 && !strings.HasPrefix(r.Type, "MSG_WAIT"):
		c.Kind = ServerFailure
	default:
		return Cause{}, false
	}
	switch c.Kind {
	case FloodWait:
		c.Wait, c.Scope.Method = seconds(r.Argument), r.Method
	case SlowMode:
		c.Wait, c.Scope.Chat = seconds(r.Argument), r.Chat
	}
	return c, true
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
