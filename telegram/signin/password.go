package signin

import (
	"context"
	"errors"
	"fmt"

	"godwit/tg"
)

// needPassword asks for the 2FA password.
func (f *Flow) needPassword(ctx context.Context) error {
	current, err := tg.Call(ctx, f.o.Remote, &tg.AccountGetPassword{})
	if err != nil {
		return err
	}
	f.state.Prompt.Code, f.state.Prompt.QR = nil, nil
	f.state.Prompt.Password = &Password{
		Hint: current.Hint.Value, Recovery: current.HasRecovery, ResetAt: timeOf(current.PendingResetDate),
	}
	f.ask(AtPassword, nil)
	return nil
}

// password proves the 2FA password (R-SP-07, R-SP-10).
func (f *Flow) password(ctx context.Context, password string) error {
	var answer tg.AuthAuthorizationClass
	err := WithProof(ctx, f.o.Remote, f.o.Rand, password, func(proof tg.InputCheckPasswordSRPClass) (err error) {
		answer, err = tg.Call(ctx, f.o.Remote, &tg.AuthCheckPassword{Password: proof})
		return err
	})
	return f.finish(ctx, answer, err)
}

// recover has a code mailed that stands for the password (R-SP-12).
func (f *Flow) recover(ctx context.Context, problem error) error {
	sent, err := tg.Call(ctx, f.o.Remote, &tg.AuthRequestPasswordRecovery{})
	if err != nil {
		return f.refused(ctx, err)
	}
	f.state.RecoveryCode = ""
	f.state.Prompt.Code = &Code{Via: ViaEmail, Pattern: sent.EmailPattern}
	f.ask(AtRecovery, problem)
	return nil
}

// recoveryCode checks the code that stands for the password. It is used once
// it is known whether there is to be another password.
func (f *Flow) recoveryCode(ctx context.Context, code string) error {
	good, err := tg.Call(ctx, f.o.Remote, &tg.AuthCheckRecoveryPassword{Code: code})
	switch {
	case errors.Is(err, tg.ErrPasswordRecoveryExpired):
		return f.recover(ctx, err)
	case err != nil:
		return f.refused(ctx, err)
	case !good:
		return f.refused(ctx, tg.ErrCodeInvalid)
	}
	f.state.RecoveryCode = code
	f.ask(AtNewPassword, nil)
	return nil
}

// newPassword signs in by the code that stands for the password, which is then
// replaced, or taken away where the new one is empty.
func (f *Flow) newPassword(ctx context.Context, password, hint string) error {
	request := &tg.AuthRecoverPassword{Code: f.state.RecoveryCode}
	if password != "" {
		current, err := tg.Call(ctx, f.o.Remote, &tg.AccountGetPassword{})
		if err != nil {
			return err
		}
		if request.NewSettings, err = NewSettings(f.o.Rand, current, password, hint); err != nil {
			return err
		}
	}
	answer, err := tg.Call(ctx, f.o.Remote, request)
	if errors.Is(err, tg.ErrPasswordRecoveryExpired) || errors.Is(err, tg.ErrCodeInvalid) {
		return f.recover(ctx, err)
	}
	return f.finish(ctx, answer, err)
}

// deleteAccount deletes the account whose password is lost, and goes on to a
// new one of the same number. Telegram makes its owner wait first, which is a
// Problem with the seconds: tg.Err2FAConfirmWait.
func (f *Flow) deleteAccount(ctx context.Context, why string) error {
	if why == "" {
		why = "Forgot password"
	}
	gone, err := tg.Call(ctx, f.o.Remote, &tg.AccountDeleteAccount{Reason: why})
	switch {
	case err != nil:
		return f.refused(ctx, err)
	case !gone:
		return fmt.Errorf("signin: the account was not deleted")
	case f.state.CodeHash != "":
		f.askName(nil)
		return nil
	}
	f.state.Prompt = Prompt{}
	f.ask(AtStart, nil)
	return nil
}
