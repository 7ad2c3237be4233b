package signin

import (
	"context"
	"errors"

	"godwit/tg"
)

// setup is why an address is verified: to sign in (R-LG-08).
func (f *Flow) setup() tg.EmailVerifyPurposeClass {
	return &tg.EmailVerifyPurposeLoginSetup{PhoneNumber: f.state.Prompt.Phone, PhoneCodeHash: f.state.CodeHash}
}

// sendEmailCode has a code sent to the address that the account is to have.
func (f *Flow) sendEmailCode(ctx context.Context, address string, problem error) error {
	sent, err := tg.Call(ctx, f.o.Remote, &tg.AccountSendVerifyEmailCode{Purpose: f.setup(), Email: address})
	if err != nil {
		return f.refused(ctx, err)
	}
	f.state.Email = address
	f.state.Prompt.Code = &Code{Via: ViaEmail, Pattern: sent.EmailPattern, Length: int(sent.Length)}
	f.ask(AtEmailCode, problem)
	return nil
}

// emailVerification proves to have an address: the one that the account signs
// in by, or the one that it is to have. The latter has Telegram send a code in
// another way, or to that address (R-LG-08).
func (f *Flow) emailVerification(ctx context.Context, proof tg.EmailVerificationClass) error {
	if f.state.Prompt.Step == AtCode {
		return f.signIn(ctx, &tg.AuthSignIn{EmailVerification: proof})
	}
	answer, err := tg.Call(ctx, f.o.Remote, &tg.AccountVerifyEmail{Purpose: f.setup(), Verification: proof})
	switch {
	case errors.Is(err, tg.ErrEmailVerifyExpired) && f.state.Email != "":
		return f.sendEmailCode(ctx, f.state.Email, err)
	case err != nil:
		return f.refused(ctx, err)
	}
	f.state.Email = ""
	if verified, ok := answer.(*tg.AccountEmailVerifiedLogin); ok {
		return f.sent(ctx, verified.SentCode, nil)
	}
	return f.sendCode(ctx, nil)
}

// resetEmail gives up the login e-mail: at once, or after some days, for which
// the prompt then has the date (R-LG-08).
func (f *Flow) resetEmail(ctx context.Context) error {
	answer, err := tg.Call(ctx, f.o.Remote, &tg.AuthResetLoginEmail{
		PhoneNumber: f.state.Prompt.Phone, PhoneCodeHash: f.state.CodeHash,
	})
	if err != nil {
		return f.refused(ctx, err)
	}
	return f.sent(ctx, answer, nil)
}
