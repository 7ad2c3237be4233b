package signin

import (
	"context"
	"errors"
	"fmt"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

// maxRestarts is how often Telegram may ask to begin anew within one answer.
const maxRestarts = 3

// sendCode has a code sent, the first one or another one where the one before
// has expired. A token of an earlier sign-out may make it needless (R-LG-01,
// R-LG-02).
func (f *Flow) sendCode(ctx context.Context, problem error) error {
	request := &tg.AuthSendCode{
		PhoneNumber: f.state.Prompt.Phone, APIID: int32(f.o.APIID), APIHash: f.o.APIHash,
		Settings: tg.CodeSettings{LogoutTokens: f.o.LogoutTokens},
	}
	f.state.CodeHash = ""
	for range 1 + maxRestarts {
		answer, err := tg.Call(ctx, f.o.Remote, request)
		if errors.Is(err, tg.ErrAuthRestart) {
			continue // R-ER-10
		}
		if err != nil {
			return f.refused(ctx, err)
		}
		return f.sent(ctx, answer, problem)
	}
	return fmt.Errorf("signin: asked to begin anew %d times: %w", maxRestarts, tg.ErrAuthRestart)
}

// sent deals with the answer to a request that has a code sent.
func (f *Flow) sent(ctx context.Context, answer tg.AuthSentCodeClass, problem error) error {
	switch answer := answer.(type) {
	case *tg.AuthSentCodeSuccess:
		return f.finish(ctx, answer.Authorization, nil)
	case *tg.AuthSentCodePaymentRequired:
		return &PaymentError{
			Product: answer.StoreProduct, Currency: answer.Currency, Amount: answer.Amount,
			Support: answer.SupportEmailAddress,
		}
	case *tg.AuthSentCode:
		if _, ok := answer.Type.(*tg.AuthSentCodeTypeFirebaseSMS); ok {
			return f.withoutFirebase(ctx, answer, problem)
		}
		f.awaitCode(answer, problem)
	}
	return nil
}

// withoutFirebase has a code sent in another way. It was to be sent after a
// proof of Google's or Apple's that this is one of Telegram's own apps, which
// cannot be given here; those apps do the same where it fails.
func (f *Flow) withoutFirebase(ctx context.Context, sent *tg.AuthSentCode, problem error) error {
	answer, err := tg.Call(ctx, f.o.Remote, &tg.AuthResendCode{
		PhoneNumber: f.state.Prompt.Phone, PhoneCodeHash: sent.PhoneCodeHash, Reason: tl.Some("PLAYINTEGRITY_UNAVAILABLE"),
	})
	f.awaitCode(sent, problem)
	if err != nil {
		return f.refused(ctx, err)
	}
	if again, ok := answer.(*tg.AuthSentCode); ok {
		f.state.Prompt.Attempt--
		f.awaitCode(again, problem)
		return nil
	}
	return f.sent(ctx, answer, problem)
}

// awaitCode asks for the code that has been sent, or for the e-mail address
// without which none is (R-LG-03, R-LG-08).
func (f *Flow) awaitCode(sent *tg.AuthSentCode, problem error) {
	f.state.CodeHash = sent.PhoneCodeHash
	f.state.Prompt.Code = codeOf(sent, f.o.Now())
	step := AtCode
	if _, ok := sent.Type.(*tg.AuthSentCodeTypeSetUpEmailRequired); ok {
		step = AtEmail
	}
	f.ask(step, problem)
}

// code deals with a code, of whichever kind was asked for.
func (f *Flow) code(ctx context.Context, code string) error {
	switch {
	case f.state.Prompt.Step == AtRecovery:
		return f.recoveryCode(ctx, code)
	case f.state.Prompt.Step == AtEmailCode, f.state.Prompt.Code.Via == ViaEmail:
		return f.emailVerification(ctx, &tg.EmailVerificationCode{Code: code})
	}
	return f.signIn(ctx, &tg.AuthSignIn{PhoneCode: tl.Some(code)})
}

// signIn signs in with what stands for the code (R-LG-06, R-LG-08).
func (f *Flow) signIn(ctx context.Context, request *tg.AuthSignIn) error {
	request.PhoneNumber, request.PhoneCodeHash = f.state.Prompt.Phone, f.state.CodeHash
	answer, err := tg.Call(ctx, f.o.Remote, request)
	return f.finish(ctx, answer, err)
}

// askName asks for the name of a new account (R-LG-07).
func (f *Flow) askName(terms *tg.HelpTermsOfService) {
	f.state.Prompt.Code, f.state.Prompt.Password, f.state.Prompt.Terms = nil, nil, nil
	if terms != nil {
		f.state.Prompt.Terms = &Terms{Text: terms.Text, MinAge: int(terms.MinAgeConfirm.Value)}
	}
	f.ask(AtName, nil)
}

// signUp makes an account (R-LG-07).
func (f *Flow) signUp(ctx context.Context, first, last string) error {
	answer, err := tg.Call(ctx, f.o.Remote, &tg.AuthSignUp{
		PhoneNumber: f.state.Prompt.Phone, PhoneCodeHash: f.state.CodeHash, FirstName: first, LastName: last,
	})
	return f.finish(ctx, answer, err)
}

// resend has the code sent again, in the next way that there is (R-LG-05).
func (f *Flow) resend(ctx context.Context) error {
	switch f.state.Prompt.Step {
	case AtRecovery:
		return f.recover(ctx, nil)
	case AtEmailCode:
		return f.sendEmailCode(ctx, f.state.Email, nil)
	}
	answer, err := tg.Call(ctx, f.o.Remote, &tg.AuthResendCode{
		PhoneNumber: f.state.Prompt.Phone, PhoneCodeHash: f.state.CodeHash,
	})
	if err != nil {
		return f.refused(ctx, err)
	}
	return f.sent(ctx, answer, nil)
}

// cancel goes back, and makes a code void that is on its way (R-LG-05).
func (f *Flow) cancel(ctx context.Context) error {
	step := f.state.Prompt.Step
	if step == AtRecovery || step == AtNewPassword {
		f.state.RecoveryCode = ""
		return f.needPassword(ctx)
	}
	if f.state.CodeHash != "" && step != AtPassword {
		_, err := tg.Call(ctx, f.o.Remote, &tg.AuthCancelCode{
			PhoneNumber: f.state.Prompt.Phone, PhoneCodeHash: f.state.CodeHash,
		})
		var refusal *mtproto.RPCError
		if err != nil && !errors.As(err, &refusal) {
			return err // a code that cannot be cancelled is no reason to stay
		}
	}
	f.state = State{APIID: f.state.APIID, Prompt: Prompt{Step: AtStart, Attempt: 1}}
	return nil
}

// botToken signs in as a bot (R-LG-20).
func (f *Flow) botToken(ctx context.Context, token string) error {
	answer, err := tg.Call(ctx, f.o.Remote, &tg.AuthImportBotAuthorization{
		APIID: int32(f.o.APIID), APIHash: f.o.APIHash, BotAuthToken: token,
	})
	return f.finish(ctx, answer, err)
}
