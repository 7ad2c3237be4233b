package bridge

import (
	"errors"
	"fmt"
	"time"
)

// A Code says what went wrong, to programs. The set is closed: users of the
// HTTP API may rely on there being no others in this version of it.
type Code string

// The codes.
const (
	CodeInternal          Code = "internal"           // a mistake of ours; the log says which
	CodeUnavailable       Code = "unavailable"        // the database, or the node that owns the account, cannot be reached now
	CodeInvalidRequest    Code = "invalid_request"    // a field is missing or wrong
	CodeUnauthorized      Code = "unauthorized"       // no API key, or one that is not known
	CodeForbidden         Code = "forbidden"          // the API key may not do this
	CodeNotFound          Code = "not_found"          // there is no such thing
	CodeConflict          Code = "conflict"           // it has changed, or exists already
	CodeIdempotencyReused Code = "idempotency_reused" // the same Idempotency-Key for another request
	CodeAccountNotOnline  Code = "account_not_online" // it has to be signed in or started first
	CodeAccountRestricted Code = "account_restricted" // Telegram does not let it write to strangers
	CodeAccountBanned     Code = "account_banned"     // Telegram has banned it
	CodeBudgetExhausted   Code = "budget_exhausted"   // of the account, for now; see retry_at
	CodeSuppressed        Code = "suppressed"         // the person does not want to be written to
	CodeFloodWait         Code = "flood_wait"         // Telegram wants it later; see retry_at
	CodeTelegramRefused   Code = "telegram_refused"   // Telegram's error is in the detail
	CodeOutcomeUnknown    Code = "outcome_unknown"    // it may have been done, and to repeat it may do it twice
	CodeSurfaceUnable     Code = "surface_unable"     // bots, or users, cannot do this; the detail says who can
	CodeLoginCodeInvalid  Code = "login_code_invalid" // the code was wrong; ask again
	CodeLoginExpired      Code = "login_expired"      // the code, link or token; begin again
	CodePasswordInvalid   Code = "password_invalid"   // the 2FA password was wrong; ask again
	CodeOtherAccount      Code = "other_account"      // somebody else has signed in than was asked to
	CodeTooLarge          Code = "too_large"          // a file or text over the limit that the detail names
)

// Codes are all codes.
var Codes = []Code{
	CodeInternal, CodeUnavailable, CodeInvalidRequest, CodeUnauthorized,
	CodeForbidden, CodeNotFound, CodeConflict, CodeIdempotencyReused,
	CodeAccountNotOnline, CodeAccountRestricted, CodeAccountBanned, CodeBudgetExhausted,
	CodeSuppressed, CodeFloodWait, CodeTelegramRefused, CodeSurfaceUnable,
	CodeLoginCodeInvalid, CodeLoginExpired, CodePasswordInvalid, CodeOtherAccount,
	CodeTooLarge,
	CodeOutcomeUnknown,
}

// An Error is what users of the bridge are told. Detail is written for them and
// holds nothing that is secret or internal; Err is for the log alone.
type Error struct {
	Code    Code
	Detail  string    // a sentence that names what was wrong and what to do
	RetryAt time.Time // from when on it can be tried again; zero: not known
	Err     error
}

func (e *Error) Error() string {
	s := fmt.Sprintf("bridge: %s: %s", e.Code, e.Detail)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf returns the code of an error: that of the Error in it, or CodeInternal.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// Errorf returns an Error whose detail is formatted as by fmt.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}
