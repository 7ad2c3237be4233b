package telegram

import (
	"context"
	"errors"
	"fmt"

	"godwit/tg"
)

// An Authenticator answers what a sign-in asks: it is the person at the
// keyboard, or stands in for one. An error of any method ends the sign-in and
// is returned by [Client.SignIn].
type Authenticator interface {
	// Phone returns the phone number of the account, in international form.
	Phone(ctx context.Context) (string, error)
	// Code returns the login code that Telegram has sent.
	Code(ctx context.Context, prompt CodePrompt) (string, error)
	// Password returns the account's 2FA password.
	Password(ctx context.Context, prompt PasswordPrompt) (string, error)
	// SignUp is asked where the phone number has no account. It returns the
	// name to make one with, or an error not to.
	SignUp(ctx context.Context, prompt SignUpPrompt) (Name, error)
}

// A CodePrompt says where the login code went.
type CodePrompt struct {
	Phone   string
	Type    tg.AuthSentCodeTypeClass // by app, SMS, call, …
	Length  int                      // in digits; 0: not known
	Attempt int                      // 1 for the first
	// Problem is why the code is asked for once more, nil the first time:
	// errors.Is tells tg.ErrPhoneCodeInvalid, tg.ErrPhoneCodeEmpty and
	// tg.ErrPhoneCodeExpired apart. After the last one, another code was sent.
	Problem error
}

// A PasswordPrompt says which password is wanted.
type PasswordPrompt struct {
	Hint    string // what the owner of the account wrote down to remember it by
	Attempt int    // 1 for the first
	// Problem is why the password is asked for once more, nil the first time:
	// tg.ErrPasswordHashInvalid says that it was wrong.
	Problem error
}

// A SignUpPrompt goes before a new account.
type SignUpPrompt struct {
	Phone string
	Terms *tg.HelpTermsOfService // that a new user agrees to; nil: none
}

// A Name is that of a new account. First must not be empty.
type Name struct{ First, Last string }

// Answers is an Authenticator made of values and functions. A question that it
// has no answer to ends the sign-in with an error that says which.
type Answers struct {
	PhoneNumber string
	AskCode     func(ctx context.Context, prompt CodePrompt) (string, error)
	AskPassword func(ctx context.Context, prompt PasswordPrompt) (string, error)
	NewAccount  *Name // nil: none is made
}

var _ Authenticator = Answers{}

// What a sign-in with Answers that have no answer fails with.
var (
	ErrNeedCode     = errors.New("telegram: a login code is needed")
	ErrNeedPassword = errors.New("telegram: the account has a 2FA password")
	ErrNoAccount    = errors.New("telegram: the phone number has no account")
)

// Phone implements Authenticator.
func (a Answers) Phone(context.Context) (string, error) { return a.PhoneNumber, nil }

// Code implements Authenticator.
func (a Answers) Code(ctx context.Context, prompt CodePrompt) (string, error) {
	if a.AskCode == nil {
		return "", ErrNeedCode
	}
	return a.AskCode(ctx, prompt)
}

// Password implements Authenticator.
func (a Answers) Password(ctx context.Context, prompt PasswordPrompt) (string, error) {
	if a.AskPassword == nil {
		return "", ErrNeedPassword
	}
	return a.AskPassword(ctx, prompt)
}

// SignUp implements Authenticator.
func (a Answers) SignUp(_ context.Context, prompt SignUpPrompt) (Name, error) {
	if a.NewAccount == nil {
		return Name{}, fmt.Errorf("%w: %s", ErrNoAccount, prompt.Phone)
	}
	return *a.NewAccount, nil
}

// FixedCode returns a function for Answers.AskCode that knows the code
// beforehand, as on a test network. If it was wrong, the sign-in ends.
func FixedCode(code string) func(context.Context, CodePrompt) (string, error) {
	return func(_ context.Context, prompt CodePrompt) (string, error) { return code, prompt.Problem }
}

// FixedPassword returns a function for Answers.AskPassword that knows the
// password beforehand. If it was wrong, the sign-in ends.
func FixedPassword(password string) func(context.Context, PasswordPrompt) (string, error) {
	return func(_ context.Context, prompt PasswordPrompt) (string, error) { return password, prompt.Problem }
}

// codeLength returns how many digits a code has, 0 where that is not told.
func codeLength(t tg.AuthSentCodeTypeClass) int {
	switch t := t.(type) {
	case *tg.AuthSentCodeTypeApp:
		return int(t.Length)
	case *tg.AuthSentCodeTypeSMS:
		return int(t.Length)
	case *tg.AuthSentCodeTypeCall:
		return int(t.Length)
	case *tg.AuthSentCodeTypeMissedCall:
		return int(t.Length)
	case *tg.AuthSentCodeTypeEmailCode:
		return int(t.Length)
	case *tg.AuthSentCodeTypeFragmentSMS:
		return int(t.Length)
	case *tg.AuthSentCodeTypeFirebaseSMS:
		return int(t.Length)
	}
	return 0
}
