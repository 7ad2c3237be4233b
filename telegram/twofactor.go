package telegram

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"

	"godwit/telegram/signin"
)

// TwoFactor tells about the account's 2FA password (R-SP-01).
type TwoFactor struct {
	Enabled  bool
	Hint     string // to remember the password by
	Recovery bool   // there is an e-mail address to recover it by

	// UnconfirmedEmail looks like the address that has yet to be confirmed, with
	// ConfirmRecoveryEmail; "": none.
	UnconfirmedEmail string
	LoginEmail       string    // looks like the address that login codes go to; "": none
	ResetAt          time.Time // when ResetPassword takes the password away; zero: not asked for
}

// TwoFactor asks about the account's 2FA password.
func (c *Client) TwoFactor(ctx context.Context) (TwoFactor, error) {
	p, err := tg.Call(ctx, c, &tg.AccountGetPassword{})
	if err != nil {
		return TwoFactor{}, err
	}
	out := TwoFactor{
		Enabled: p.HasPassword, Hint: p.Hint.Value, Recovery: p.HasRecovery,
		UnconfirmedEmail: p.EmailUnconfirmedPattern.Value, LoginEmail: p.LoginEmailPattern.Value,
	}
	if p.PendingResetDate.Set {
		out.ResetAt = time.Unix(int64(p.PendingResetDate.Value), 0)
	}
	return out, nil
}

// A PasswordChange is a new 2FA password. It prints as [redacted].
type PasswordChange struct {
	Current string // the password until now; "": there is none
	New     string // must not be empty: RemovePassword takes one away
	Hint    string // shown to whoever is asked for the password
	// RecoveryEmail is where a code is sent if the password is lost. With "" it
	// stays as it is.
	RecoveryEmail string
}

// String returns [redacted].
func (PasswordChange) String() string { return redacted }

// GoString returns [redacted].
func (PasswordChange) GoString() string { return redacted }

// An UnconfirmedEmailError says that a change waits until the recovery e-mail
// address is confirmed: a code is on its way there, for ConfirmRecoveryEmail
// (R-SP-12).
type UnconfirmedEmailError struct {
	CodeLength int // in digits; 0: not told
}

func (e *UnconfirmedEmailError) Error() string {
	return "telegram: nothing is changed before the code is given that was sent to the recovery e-mail address"
}

// SetPassword sets the account's 2FA password, or changes it (R-SP-11). The
// error is an *UnconfirmedEmailError if there is a new recovery address, or a
// *mtproto.RPCError: tg.ErrPasswordHashInvalid if the current password is
// wrong, tg.ErrEmailInvalid, and so on.
func (c *Client) SetPassword(ctx context.Context, change PasswordChange) error {
	if change.New == "" {
		return errors.New("telegram: the new password is empty")
	}
	return c.changePassword(ctx, change.Current, func(current *tg.AccountPassword) (*tg.AccountPasswordInputSettings, error) {
		settings, err := signin.NewSettings(rand.Reader, current, change.New, change.Hint)
		if err == nil && change.RecoveryEmail != "" {
			settings.Email = tl.Some(change.RecoveryEmail)
		}
		return settings, err
	})
}

// RemovePassword takes the account's 2FA password away (R-SP-11). A wrong one
// is tg.ErrPasswordHashInvalid.
func (c *Client) RemovePassword(ctx context.Context, current string) error {
	return c.changePassword(ctx, current, func(p *tg.AccountPassword) (*tg.AccountPasswordInputSettings, error) {
		return signin.NewSettings(rand.Reader, p, "", "")
	})
}

// SetRecoveryEmail changes the address by which a lost password is recovered;
// an empty one takes it away. The error is as that of SetPassword.
func (c *Client) SetRecoveryEmail(ctx context.Context, password, address string) error {
	return c.changePassword(ctx, password, func(*tg.AccountPassword) (*tg.AccountPasswordInputSettings, error) {
		return &tg.AccountPasswordInputSettings{Email: tl.Some(address)}, nil
	})
}

// changePassword changes what a password proves the right to.
func (c *Client) changePassword(
	ctx context.Context, password string,
	settings func(*tg.AccountPassword) (*tg.AccountPasswordInputSettings, error),
) error {
	current, err := tg.Call(ctx, c, &tg.AccountGetPassword{})
	if err != nil {
		return err
	}
	next, err := settings(current)
	if err != nil {
		return fmt.Errorf("telegram: %w", err)
	}
	err = signin.WithProof(ctx, c, rand.Reader, password, func(proof tg.InputCheckPasswordSRPClass) error {
		return done(tg.Call(ctx, c, &tg.AccountUpdatePasswordSettings{Password: proof, NewSettings: *next}))
	})
	var refusal *mtproto.RPCError
	if errors.As(err, &refusal) && errors.Is(err, tg.ErrEmailUnconfirmed) {
		return &UnconfirmedEmailError{CodeLength: refusal.Argument}
	}
	return err
}

// RecoveryEmail returns the address by which a lost password is recovered, ""
// if there is none.
func (c *Client) RecoveryEmail(ctx context.Context, password string) (address string, err error) {
	err = signin.WithProof(ctx, c, rand.Reader, password, func(proof tg.InputCheckPasswordSRPClass) error {
		settings, err := tg.Call(ctx, c, &tg.AccountGetPasswordSettings{Password: proof})
		if err == nil {
			address = settings.Email.Value
		}
		return err
	})
	return address, err
}

// ConfirmRecoveryEmail gives the code that was sent to a new recovery address;
// then the change that waited for it is made. A wrong code is
// tg.ErrCodeInvalid, one that is too old tg.ErrEmailHashExpired (R-SP-12).
func (c *Client) ConfirmRecoveryEmail(ctx context.Context, code string) error {
	return done(tg.Call(ctx, c, &tg.AccountConfirmPasswordEmail{Code: code}))
}

// ResendRecoveryEmail has another code sent to a new recovery address.
func (c *Client) ResendRecoveryEmail(ctx context.Context) error {
	return done(tg.Call(ctx, c, &tg.AccountResendPasswordEmail{}))
}

// CancelRecoveryEmail gives up the change that waits for a code.
func (c *Client) CancelRecoveryEmail(ctx context.Context) error {
	return done(tg.Call(ctx, c, &tg.AccountCancelPasswordEmail{}))
}

// A PasswordResetError says that a password is not taken away before a date.
type PasswordResetError struct {
	// Declined says that it was asked for and declined lately, and can be asked
	// for again at Until. Otherwise, ResetPassword is to be called once more then.
	Declined bool
	Until    time.Time
}

func (e *PasswordResetError) Error() string {
	if e.Declined {
		return "telegram: resetting the password was declined lately; it can be asked for again at " + e.Until.Format(time.DateTime)
	}
	return "telegram: the password can be taken away at " + e.Until.Format(time.DateTime)
}

// ResetPassword takes away a 2FA password that is lost and cannot be recovered
// by e-mail. Telegram does that a week after it was asked first: until then
// the error is a *PasswordResetError (R-SP-12).
func (c *Client) ResetPassword(ctx context.Context) error {
	answer, err := tg.Call(ctx, c, &tg.AccountResetPassword{})
	if err != nil {
		return err
	}
	switch answer := answer.(type) {
	case *tg.AccountResetPasswordRequestedWait:
		return &PasswordResetError{Until: time.Unix(int64(answer.UntilDate), 0)}
	case *tg.AccountResetPasswordFailedWait:
		return &PasswordResetError{Declined: true, Until: time.Unix(int64(answer.RetryDate), 0)}
	}
	return nil
}

// DeclinePasswordReset keeps a password that ResetPassword was to take away.
func (c *Client) DeclinePasswordReset(ctx context.Context) error {
	return done(tg.Call(ctx, c, &tg.AccountDeclinePasswordReset{}))
}
