package bridge

import "time"

// A SignIn is what a sign-in of an account asks for now. The steps and actions
// are those of Telegram's own sign-in (https://core.telegram.org/api/auth),
// which may go another way each time: whoever asks a person shows the step and
// offers the actions.
type SignIn struct {
	Step    string         `json:"step" doc:"What is asked for: start, code, email, email_code, name, password, recovery, new_password, qr; done ends it." example:"code"`
	Actions []string       `json:"actions" doc:"The answers that are possible now." example:"[\"code\",\"resend\",\"cancel\"]"`
	Attempt int            `json:"attempt,omitempty" doc:"How often this has been asked, 1 for the first time."`
	Problem *SignInProblem `json:"problem,omitempty" doc:"What was wrong with the answer before."`
	Phone   string         `json:"phone,omitempty"`

	Code     *SignInCode     `json:"code,omitempty"`
	Password *SignInPassword `json:"password,omitempty"`
	QR       *SignInQR       `json:"qr,omitempty"`
	Terms    string          `json:"terms,omitempty" doc:"What a new user agrees to."`
}

// A SignInProblem is what was wrong with an answer that can be given again.
type SignInProblem struct {
	Code   Code   `json:"code"`
	Detail string `json:"detail"`
}

// A SignInCode says where a code has been sent.
type SignInCode struct {
	Via      string    `json:"via" doc:"How it was sent: app, sms, call, flash_call, missed_call, email, fragment, …"`
	Length   int       `json:"length,omitempty" doc:"In characters, where it is known."`
	Pattern  string    `json:"pattern,omitempty" doc:"Of the number that calls, or of the e-mail address."`
	Next     string    `json:"next,omitempty" doc:"How it would be sent again."`
	ResendAt time.Time `json:"resend_at,omitzero" doc:"When it can be sent again."`
}

// A SignInPassword says which 2FA password is wanted.
type SignInPassword struct {
	Hint     string `json:"hint,omitempty" doc:"What its owner wrote down to remember it by."`
	Recovery bool   `json:"recovery,omitempty" doc:"Whether it can be recovered by e-mail."`
}

// A SignInQR is what a QR code is to hold, for another device of the account to
// scan.
type SignInQR struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires" doc:"When another one takes its place."`
}

// An Answer is given to a SignIn. It prints without what is secret in it.
type Answer struct {
	Action string `json:"action" doc:"One of the actions of the sign-in." example:"code"`
	Text   string `json:"text,omitempty" doc:"The phone number, code, password, bot token or address." maxLength:"4096"`
	First  string `json:"first_name,omitempty" maxLength:"64"`
	Last   string `json:"last_name,omitempty" maxLength:"64"`
	Hint   string `json:"hint,omitempty" doc:"Of a new password." maxLength:"255"`
}

// String returns the action alone.
func (a Answer) String() string { return a.Action }

// GoString is as String.
func (a Answer) GoString() string { return a.Action }

// A LoginCode is one that Telegram has written to an account, for who signs it in on
// another device. It is never stored.
type LoginCode struct {
	Code string    `json:"code" doc:"Digits. It is good once, for some minutes." example:"12345"`
	At   time.Time `json:"at" doc:"When Telegram wrote it."`
}

// String returns nothing that is secret.
func (c LoginCode) String() string { return "[redacted]" }

// GoString is as String.
func (c LoginCode) GoString() string { return c.String() }

// A Device is one that is signed in to an account.
type Device struct {
	ID          int64     `json:"id,string" doc:"Names it when it is to be ended or confirmed; 0 is the bridge itself."`
	Model       string    `json:"model"`
	System      string    `json:"system"`
	App         string    `json:"app"`
	IP          string    `json:"ip"`
	Country     string    `json:"country"`
	SignedInAt  time.Time `json:"signed_in_at"`
	ActiveAt    time.Time `json:"active_at"`
	Unconfirmed bool      `json:"unconfirmed,omitempty" doc:"Nobody has confirmed its sign-in yet."`
}
