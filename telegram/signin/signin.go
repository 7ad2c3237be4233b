// Package signin is the sign-in of a device, as a machine that goes from one
// question to the next: for a program at a terminal, for one that answers web
// requests, for a test.
//
// Start with [New]. [Flow.Prompt] says what is asked for and which answers are
// possible, [Flow.Submit] takes one and returns the next prompt, until its step
// is [Done]. [Flow.State] can be written down between any two answers, and
// [Resume] goes on from there, after a restart of the program too. Who has a
// telegram.Client uses its SignIn or BeginSignIn, which wrap a Flow and save
// what it ends in.
//
//	           ┌────────────────────────────────────────────────┐
//	           │                                  e-mail address │
//	start ─phone──▶ code ───────────────▶ done    e-mail code ◀──┘
//	  │  ▲     │     │ │                   ▲            │
//	  │  │     │     │ └──▶ name ──────────┤            └──▶ code
//	  │  └─────┴ cancel                    │
//	  │              │                     │
//	  ├─QR───▶ qr ───┼──▶ password ────────┤
//	  │              │        │            │
//	  │              │        └─recover──▶ recovery ──▶ new password ──▶ done
//	  └─bot token────┴─────────────────────┘
//
// What is wrong with an answer leads back to the same question, with the
// reason in [Prompt.Problem]; a code that has expired is replaced by a new one.
// Whatever another answer cannot mend is an error of Submit, such as a flood
// wait or a lost connection: it leaves the Flow where it was, so that the same
// answer can be given once more.
//
// The package keeps no clock, no randomness, no goroutine and no connection of
// its own.
//
// Numbers such as R-LG-08 are those of docs/requirements.md.
package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/tg"
)

// A Remote is what a Flow needs of a client: requests of the main data centre,
// and which one that is. A Remote follows PHONE_MIGRATE_X, NETWORK_MIGRATE_X
// and USER_MIGRATE_X by itself (R-LG-10).
type Remote interface {
	tg.Invoker
	// DC returns the main data centre.
	DC() int
	// SetDC makes another data centre the main one. It fails if the network
	// has none of that number.
	SetDC(dc int) error
}

// Options are what a Flow works with. All but LogoutTokens and ExceptIDs are
// required.
type Options struct {
	APIID   int
	APIHash string
	Remote  Remote
	Now     func() time.Time
	Rand    io.Reader // for proofs of a 2FA password

	// LogoutTokens are what earlier sign-outs have left, at most 20; one of them
	// can stand for a code (R-LG-01, R-LG-21).
	LogoutTokens [][]byte
	// ExceptIDs are the accounts that must not accept the QR code, because they
	// are signed in on this device already (R-LG-30).
	ExceptIDs []int64
}

// A Flow is one sign-in under way. It is not safe for concurrent use.
type Flow struct {
	o             Options
	state         State
	authorization *tg.AuthAuthorization
}

// New returns a sign-in that has not begun.
func New(o Options) *Flow {
	return &Flow{o: o, state: State{APIID: o.APIID, Prompt: Prompt{Step: AtStart, Attempt: 1}}}
}

// Resume returns a sign-in that goes on from a stored state. The Remote must
// have the auth keys that it had then, since a code is good on one key alone
// (R-LG-10). It fails if the state is that of another application, or if its
// data centre is not there, or if it is not what State has returned.
func Resume(o Options, s State) (*Flow, error) {
	if s.APIID != o.APIID {
		return nil, fmt.Errorf("signin: the state belongs to the application %d, not %d", s.APIID, o.APIID)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.DC != 0 {
		if err := o.Remote.SetDC(s.DC); err != nil {
			return nil, fmt.Errorf("signin: %w", err)
		}
	}
	return &Flow{o: o, state: s.clone()}, nil
}

// State returns all that is needed to go on later.
func (f *Flow) State() State {
	s := f.state.clone()
	s.DC = f.o.Remote.DC()
	return s
}

// Prompt returns what is asked for now.
func (f *Flow) Prompt() Prompt {
	p := f.state.clone().Prompt
	p.Actions = f.state.actions()
	return p
}

// Authorization returns what the sign-in has ended in, nil before that
// (R-LG-09).
func (f *Flow) Authorization() *tg.AuthAuthorization { return f.authorization }

// An ActionError says that an answer does not belong to what was asked.
type ActionError struct {
	Step   Step
	Action Action
}

func (e *ActionError) Error() string {
	return fmt.Sprintf("signin: %q is no answer at the step %q", e.Action, e.Step)
}

// Is reports whether target is an ActionError of the same step and action.
func (e *ActionError) Is(target error) bool {
	t, ok := target.(*ActionError)
	return ok && *t == *e
}

// A PaymentError says that Telegram sends no code to this number before
// something has been paid for, which its own apps can do (R-LG-02).
type PaymentError struct {
	Product  string // in the app store
	Currency string // ISO 4217
	Amount   int64  // in the currency's smallest unit
	Support  string // an e-mail address
}

func (e *PaymentError) Error() string {
	return fmt.Sprintf("signin: Telegram wants %d.%02d %s for %q before it sends a code to this number; support: %s",
		e.Amount/100, e.Amount%100, e.Currency, e.Product, e.Support)
}

// Submit gives an answer and returns what is asked next. The error is an
// *ActionError for an answer that is not among Prompt.Actions, a *PaymentError,
// a *mtproto.RPCError that no other answer mends, or the Remote's; then nothing
// has changed.
func (f *Flow) Submit(ctx context.Context, a Answer) (Prompt, error) {
	if !slices.Contains(f.state.actions(), a.Action) {
		return f.Prompt(), &ActionError{f.state.Prompt.Step, a.Action}
	}
	before := f.state.clone()
	if err := f.take(ctx, a); err != nil {
		f.state = before
		return f.Prompt(), err
	}
	return f.Prompt(), nil
}

// take deals with an answer that is among those that are possible.
func (f *Flow) take(ctx context.Context, a Answer) error {
	switch a.Action {
	case GivePhone:
		f.state.Prompt.Phone = a.Text
		return f.sendCode(ctx, nil)
	case GiveBotToken:
		return f.botToken(ctx, a.Text)
	case ShowQR:
		return f.exportToken(ctx)
	case GiveCode:
		return f.code(ctx, a.Text)
	case GiveEmail:
		return f.sendEmailCode(ctx, a.Text, nil)
	case GiveGoogleToken:
		return f.emailVerification(ctx, &tg.EmailVerificationGoogle{Token: a.Text})
	case GiveAppleToken:
		return f.emailVerification(ctx, &tg.EmailVerificationApple{Token: a.Text})
	case GiveName:
		return f.signUp(ctx, a.First, a.Last)
	case GivePassword:
		return f.password(ctx, a.Text)
	case GiveNewPassword:
		return f.newPassword(ctx, a.Text, a.Hint)
	case Resend:
		return f.resend(ctx)
	case ResetEmail:
		return f.resetEmail(ctx)
	case Recover:
		return f.recover(ctx, nil)
	case DeleteAccount:
		return f.deleteAccount(ctx, a.Text)
	}
	return f.cancel(ctx) // the only one left
}

// Refresh renews what grows old by itself: at the step [AtQR] it gets a new
// code in place of the one that is shown, or what the device that accepted it
// has signed in (R-LG-30, R-LG-32). Elsewhere it does nothing.
func (f *Flow) Refresh(ctx context.Context) (Prompt, error) {
	if f.state.Prompt.Step != AtQR {
		return f.Prompt(), nil
	}
	before := f.state.clone()
	if err := f.exportToken(ctx); err != nil {
		f.state = before
		return f.Prompt(), err
	}
	return f.Prompt(), nil
}

// Received takes an update that came on the connection before anybody is
// signed in, and reports whether the prompt has changed. updateSentPhoneCode
// replaces the code that is awaited (R-LG-05); for updateLoginToken, call
// Refresh.
func (f *Flow) Received(u tg.UpdateClass) bool {
	sent, ok := u.(*tg.UpdateSentPhoneCode)
	if !ok || f.state.Prompt.Step != AtCode {
		return false
	}
	switch answer := sent.SentCode.(type) {
	case *tg.AuthSentCode:
		f.awaitCode(answer, nil)
		return true
	case *tg.AuthSentCodeSuccess:
		if authorization, ok := answer.Authorization.(*tg.AuthAuthorization); ok {
			f.done(authorization)
			return true
		}
	}
	return false
}

// ask goes on to a question, or back to it with the reason.
func (f *Flow) ask(step Step, problem error) {
	p := &f.state.Prompt
	if p.Step == step {
		p.Attempt++
	} else {
		p.Step, p.Attempt = step, 1
	}
	p.Problem = problem
}

// done ends the sign-in.
func (f *Flow) done(a *tg.AuthAuthorization) {
	f.authorization = a
	f.state.CodeHash, f.state.RecoveryCode = "", ""
	f.state.Prompt = Prompt{Step: Done, Phone: f.state.Prompt.Phone}
}

// finish deals with the answer to a request that may sign in: somebody is
// signed in, has to give a password first, or has no account yet (R-LG-06).
func (f *Flow) finish(ctx context.Context, answer tg.AuthAuthorizationClass, err error) error {
	if err != nil {
		return f.refused(ctx, err)
	}
	switch answer := answer.(type) {
	case *tg.AuthAuthorization:
		f.done(answer)
	case *tg.AuthAuthorizationSignUpRequired:
		f.askName(answer.TermsOfService)
	}
	return nil
}

// mendable are the refusals that another answer to the same question mends.
var mendable = []error{
	tg.ErrPhoneNumberInvalid, tg.ErrPhoneNumberBanned, tg.ErrPhoneNumberFlood,
	tg.ErrPhoneNumberAppSignupForbidden, tg.ErrAccessTokenInvalid, tg.ErrAccessTokenExpired,
	tg.ErrPhoneCodeInvalid, tg.ErrPhoneCodeEmpty, tg.ErrSendCodeUnavailable,
	tg.ErrCodeInvalid, tg.ErrCodeEmpty, errEmailCodeInvalid, errEmailTokenInvalid,
	tg.ErrEmailInvalid, tg.ErrEmailNotAllowed, tg.ErrEmailInstallMissing, tg.ErrTaskAlreadyExists,
	tg.ErrFirstnameInvalid, tg.ErrLastnameInvalid,
	tg.ErrPasswordHashInvalid, tg.ErrPasswordRecoveryNa, tg.ErrNewSettingsInvalid,
	tg.Err2FAConfirmWait, errRecentConfirm,
}

// Refusals that clients of Telegram's own know and its list of errors lacks.
var (
	errEmailCodeInvalid  = &mtproto.RPCError{Type: "EMAIL_CODE_INVALID"}
	errEmailTokenInvalid = &mtproto.RPCError{Type: "EMAIL_TOKEN_INVALID"}
	errRecentConfirm     = &mtproto.RPCError{Type: "2FA_RECENT_CONFIRM"}
)

// refused deals with what Telegram does not accept: it asks again where that
// helps, and begins with a new code where the one before is of no use any more
// (R-LG-06, R-ER-10).
func (f *Flow) refused(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, tg.ErrSessionPasswordNeeded):
		return f.needPassword(ctx)
	case errors.Is(err, tg.ErrPhoneNumberUnoccupied) && f.state.Prompt.Step == AtCode:
		f.askName(nil)
		return nil
	case f.state.CodeHash != "" && errors.Is(err, tg.ErrPhoneCodeExpired):
		return f.sendCode(ctx, err)
	case f.state.CodeHash != "" && errors.Is(err, tg.ErrAuthRestart): // no fault of the answer's
		return f.sendCode(ctx, nil)
	}
	for _, target := range mendable {
		if errors.Is(err, target) {
			f.ask(f.state.Prompt.Step, err)
			return nil
		}
	}
	return err
}
