package telegram

import (
	"context"
	"errors"
	"fmt"

	"godwit/telegram/signin"
)

// An Authenticator answers what a sign-in asks: it is the person at the
// keyboard, or stands in for one. Prompt.Step says what is asked for and
// Prompt.Actions which answers there are. An error ends the sign-in and is
// returned by [Client.SignIn].
//
// At the step [signin.AtQR] the QR code of the prompt is to be shown and the
// zero Answer returned. The next prompt comes when another device has accepted
// it or, with another code to show, when it has expired.
type Authenticator interface {
	Answer(ctx context.Context, prompt signin.Prompt) (signin.Answer, error)
}

// An AuthenticatorFunc is a function as an Authenticator.
type AuthenticatorFunc func(ctx context.Context, prompt signin.Prompt) (signin.Answer, error)

// Answer implements Authenticator.
func (f AuthenticatorFunc) Answer(ctx context.Context, prompt signin.Prompt) (signin.Answer, error) {
	return f(ctx, prompt)
}

// A Name is that of a new account. First must not be empty.
type Name struct{ First, Last string }

// Answers is an Authenticator made of values and functions. A question that it
// has no answer to ends the sign-in with an error that says which.
type Answers struct {
	PhoneNumber string
	// AskCode gets the login code. It is asked for the code of an e-mail address
	// that is being set up too.
	AskCode     func(ctx context.Context, prompt signin.Prompt) (string, error)
	AskPassword func(ctx context.Context, prompt signin.Prompt) (string, error)
	ShowQR      func(ctx context.Context, qr signin.QR) error // for SignInQR
	NewAccount  *Name                                         // nil: none is made
	Email       string                                        // for an account that has to have one
}

var _ Authenticator = Answers{}

// What a sign-in with Answers that have no answer fails with.
var (
	ErrNeedPhone    = errors.New("telegram: a phone number is needed")
	ErrNeedCode     = errors.New("telegram: a login code is needed")
	ErrNeedPassword = errors.New("telegram: the account has a 2FA password")
	ErrNeedEmail    = errors.New("telegram: the account needs an e-mail address to sign in by")
	ErrNoAccount    = errors.New("telegram: the phone number has no account")
	ErrNoQR         = errors.New("telegram: nothing to show a QR code with")
)

// Answer implements Authenticator.
func (a Answers) Answer(ctx context.Context, prompt signin.Prompt) (signin.Answer, error) {
	switch prompt.Step {
	case signin.AtStart:
		switch {
		case prompt.Problem != nil:
			return signin.Answer{}, prompt.Problem
		case a.PhoneNumber == "":
			return signin.Answer{}, ErrNeedPhone
		}
		return signin.Answer{Action: signin.GivePhone, Text: a.PhoneNumber}, nil
	case signin.AtCode, signin.AtEmailCode:
		return ask(ctx, prompt, signin.GiveCode, a.AskCode, ErrNeedCode)
	case signin.AtPassword:
		return ask(ctx, prompt, signin.GivePassword, a.AskPassword, ErrNeedPassword)
	case signin.AtEmail:
		switch {
		case a.Email == "":
			return signin.Answer{}, ErrNeedEmail
		case prompt.Problem != nil:
			return signin.Answer{}, prompt.Problem
		}
		return signin.Answer{Action: signin.GiveEmail, Text: a.Email}, nil
	case signin.AtName:
		switch {
		case a.NewAccount == nil:
			return signin.Answer{}, fmt.Errorf("%w: %s", ErrNoAccount, prompt.Phone)
		case prompt.Problem != nil:
			return signin.Answer{}, prompt.Problem
		}
		return signin.Answer{Action: signin.GiveName, First: a.NewAccount.First, Last: a.NewAccount.Last}, nil
	case signin.AtQR:
		if a.ShowQR == nil {
			return signin.Answer{}, ErrNoQR
		}
		return signin.Answer{}, a.ShowQR(ctx, *prompt.QR)
	}
	return signin.Answer{}, fmt.Errorf("telegram: Answers have none to the step %q of a sign-in", prompt.Step)
}

func ask(
	ctx context.Context, prompt signin.Prompt, action signin.Action,
	f func(context.Context, signin.Prompt) (string, error), missing error,
) (signin.Answer, error) {
	if f == nil {
		return signin.Answer{}, missing
	}
	text, err := f(ctx, prompt)
	return signin.Answer{Action: action, Text: text}, err
}

// FixedCode returns a function for Answers.AskCode that knows the code
// beforehand, as on a test network. If it was wrong, the sign-in ends.
func FixedCode(code string) func(context.Context, signin.Prompt) (string, error) { return fixed(code) }

// FixedPassword returns a function for Answers.AskPassword that knows the
// password beforehand. If it was wrong, the sign-in ends.
func FixedPassword(password string) func(context.Context, signin.Prompt) (string, error) {
	return fixed(password)
}

func fixed(text string) func(context.Context, signin.Prompt) (string, error) {
	return func(_ context.Context, prompt signin.Prompt) (string, error) { return text, prompt.Problem }
}
