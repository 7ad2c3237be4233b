package bridge

import "time"

// A State is where an account stands.
type State string

// The states of an account.
const (
	New           State = "new"            // nobody has signed in yet
	SigningIn     State = "signing_in"     // a sign-in has begun
	Connecting    State = "connecting"     // signed in, without a connection
	Online        State = "online"         // connected, and Telegram answers
	Throttled     State = "throttled"      // online; something has to wait
	Restricted    State = "restricted"     // online; may not write to people who have not written
	Paused        State = "paused"         // by its operator
	LoginRequired State = "login_required" // Telegram does not accept the session any more
	Banned        State = "banned"         // by Telegram, for good
	SignedOut     State = "signed_out"     // by its operator
)

// States are all states, in the order in which they are usually come to.
var States = []State{
	New, SigningIn, Connecting, Online, Throttled, Restricted, Paused, LoginRequired, Banned, SignedOut,
}

// Runs reports whether an account in this state is to have a connection.
func (s State) Runs() bool {
	switch s {
	case Connecting, Online, Throttled, Restricted:
		return true
	}
	return false
}

// A Status is the state of an account and how it came to it. The zero Status
// is not valid: an account starts as New.
type Status struct {
	State State
	Cause Kind // of the last change of the state
	// Error is the type of the error that Cause was, such as SESSION_REVOKED; of
	// DataKeyLocked, the name of the key-encryption key; empty for none.
	Error string
	Scope Scope     // of Throttled: what waits
	Since time.Time // when the state was come to
	Until time.Time // of Throttled and Restricted: the zero time if it is not known
	From  State     // of SigningIn: what it is again if nothing comes of that
	// Suspected says that Telegram did not know the session once. It is asked
	// again before that is believed.
	Suspected bool
}

// A Scope is what of an account has to wait: a method or a chat.
type Scope struct {
	Method string // as the schema writes it
	Chat   int64  // the id of a supergroup in slow mode
}

// A Kind is the sort of thing that happens to an account.
type Kind string

// What happens to an account. The comments name the errors of Telegram that are
// of the kind.
const (
	SignInBegun        Kind = "sign_in_begun"
	SignInFailed       Kind = "sign_in_failed"  // it was given up
	SignInRefused      Kind = "sign_in_refused" // somebody else has signed in
	SignedInAgain      Kind = "signed_in"       // also for the first time
	Started            Kind = "started"         // its operator, or the daemon, wants it online
	Connected          Kind = "connected"       // Telegram has answered
	Disconnected       Kind = "disconnected"
	DataKeyLocked      Kind = "data_key_locked" // none of the daemon's key-encryption keys unwraps its data key
	PausedByOperator   Kind = "paused"
	SignedOutBy        Kind = "signed_out"
	FloodWait          Kind = "flood_wait"            // FLOOD_WAIT_X, FLOOD_PREMIUM_WAIT_X and others of code 420
	SlowMode           Kind = "slow_mode"             // SLOWMODE_WAIT_X
	WaitOver           Kind = "wait_over"             // the time of Until has come
	PeerFlood          Kind = "peer_flood"            // PEER_FLOOD
	KeyUnregistered    Kind = "auth_key_unregistered" // AUTH_KEY_UNREGISTERED
	KeyUnknown         Kind = "auth_key_unknown"      // transport error -404 for the permanent key
	SessionRevoked     Kind = "session_revoked"       // SESSION_REVOKED
	SessionExpired     Kind = "session_expired"       // SESSION_EXPIRED
	KeyDuplicated      Kind = "auth_key_duplicated"   // AUTH_KEY_DUPLICATED
	Deactivated        Kind = "deactivated"           // USER_DEACTIVATED, USER_DEACTIVATED_BAN, PHONE_NUMBER_BANNED
	TooManyConnections Kind = "too_many_connections"  // transport error -429
	Superseded         Kind = "superseded"            // another node runs it; changes nothing
	ServerFailure      Kind = "server_failure"        // code 500 and above, -503, no answer in time
)

// A Cause is something that happened to an account.
type Cause struct {
	Kind  Kind
	Error string        // as that of a Status
	Wait  time.Duration // of FloodWait and SlowMode; of PeerFlood and server failures, where it is known
	Scope Scope         // of FloodWait and SlowMode
}

// An Action is something that has to be done because of a change.
type Action string

// The actions.
const (
	Connect      Action = "connect"       // open a connection, or renew it, with back-off
	Disconnect   Action = "disconnect"    // close it
	CheckSession Action = "check_session" // after SessionCheckDelay, ask Telegram who the account is
	Reschedule   Action = "reschedule"    // what falls under the scope, for the end of the wait
	Release      Action = "release"       // what was rescheduled or parked
	Park         Action = "park"          // everything that is to be sent, until Release
	HoldStrange  Action = "hold_strange"  // first messages to people who have not written
	BackOff      Action = "back_off"      // all connections to that data centre
	Retry        Action = "retry"         // the request, if it is safe to repeat
	OfferLogin   Action = "offer_login"   // make a login link that can be used once
	Alert        Action = "alert"         // tell whoever answers for the account
	Incident     Action = "incident"      // tell whoever answers for the daemon
	Forget       Action = "forget"        // what is to be sent; nothing will be any more
)

// SessionCheckDelay is how long after the first AUTH_KEY_UNREGISTERED the
// session is checked once more, before the account is told to sign in anew.
const SessionCheckDelay = 30 * time.Second

// A Transition is what becomes of an account.
type Transition struct {
	Status  Status
	Actions []Action
	Event   EventType // empty: nobody is told
}

// Next says what becomes of an account in a status when something happens to
// it. It is the whole of the rules, and does nothing by itself. What makes no
// sense in a state changes nothing, since it was overtaken: the answer to a
// request can come when the account has been paused.
//
// The credentials of an account are never deleted by a transition.
func Next(now time.Time, s Status, c Cause) Transition {
	t := &transition{now: now, cause: c, Transition: Transition{Status: s}}
	switch c.Kind {
	case SignInBegun, SignInFailed, SignInRefused, SignedInAgain, Started, PausedByOperator, SignedOutBy:
		t.byOperator()
	default:
		// A ban can show when somebody signs in again, too.
		if s.State.Runs() || s.State == SigningIn && c.Kind == Deactivated {
			t.byTelegram()
		}
	}
	return t.Transition
}
