package signin_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/mtproto/mtcrypto"
	"godwit/tg"
	"godwit/tl"

	"godwit/telegram/signin"
)

var (
	user      = &tg.User{ID: 42}
	signedIn  = &tg.AuthAuthorization{User: user}
	sms       = sent(&tg.AuthSentCodeTypeSMS{Length: 5})
	email     = sent(&tg.AuthSentCodeTypeEmailCode{EmailPattern: "a*b@c.d", Length: 6, ResetAvailablePeriod: tl.Some[int32](60)})
	needEmail = sent(&tg.AuthSentCodeTypeSetUpEmailRequired{GoogleSigninAllowed: true, AppleSigninAllowed: true})
	firebase  = sent(&tg.AuthSentCodeTypeFirebaseSMS{Length: 5})
	needName  = &tg.AuthAuthorizationSignUpRequired{TermsOfService: &tg.HelpTermsOfService{
		Text: "be nice", ID: tg.DataJSON{Data: "{}"}, MinAgeConfirm: tl.Some[int32](16),
	}}
	needPassword = refuse(401, "SESSION_PASSWORD_NEEDED")

	phone = signin.Answer{Action: signin.GivePhone, Text: "1"}
	code  = signin.Answer{Action: signin.GiveCode, Text: "12345"}
	name  = signin.Answer{Action: signin.GiveName, First: "Ada", Last: "Byron"}
	pass  = signin.Answer{Action: signin.GivePassword, Text: "secret"}
	begin = turn{give: phone, talk: []exchange{{"auth.sendCode", sms, nil}}, want: signin.AtCode}
)

func sent(t tg.AuthSentCodeTypeClass) *tg.AuthSentCode {
	return &tg.AuthSentCode{Type: t, PhoneCodeHash: "h", NextType: &tg.AuthCodeTypeCall{}, Timeout: tl.Some[int32](60)}
}

func does(a signin.Action) signin.Answer { return signin.Answer{Action: a} }

// password answers account.getPassword.
func password(recovery bool) *tg.AccountPassword {
	algo := &tg.PasswordKDFAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow{
		Salt1: make([]byte, 8), Salt2: make([]byte, 16), G: 3, P: mtcrypto.DHPrime().Bytes(),
	}
	srpB := bytes.Repeat([]byte{5}, 256)
	return &tg.AccountPassword{
		HasPassword: true, HasRecovery: recovery, CurrentAlgo: algo, NewAlgo: algo, SRPB: srpB, SRPID: tl.Some[int64](1),
		Hint: tl.Some("the usual"), NewSecureAlgo: &tg.SecurePasswordKDFAlgoUnknown{}, SecureRandom: []byte{1},
		PendingResetDate: tl.Some(int32(now.Unix())),
	}
}

// owing is the way to the password.
func owing(recovery bool) []turn {
	return []turn{begin, {give: code, want: signin.AtPassword, talk: []exchange{
		{"auth.signIn", nil, needPassword}, {"account.getPassword", password(recovery), nil},
	}}}
}

// TestFlow takes every way through a sign-in, and every wrong turn of each
// (R-LG-01..R-LG-08, R-LG-10, R-LG-20, R-LG-30, R-LG-32, R-SP-10, R-SP-12,
// R-ER-10).
func TestFlow(t *testing.T) {
	tests := []struct {
		name  string
		turns []turn
	}{
		{"a code", []turn{begin, {give: code, want: signin.Done, talk: []exchange{{"auth.signIn", signedIn, nil}}}}},
		{"a wrong phone, then a right one", []turn{
			{give: phone, want: signin.AtStart, wrong: tg.ErrPhoneNumberInvalid, talk: []exchange{{"auth.sendCode", nil, refuse(400, "PHONE_NUMBER_INVALID")}}},
			{give: phone, want: signin.AtStart, wrong: tg.ErrPhoneNumberBanned, talk: []exchange{{"auth.sendCode", nil, refuse(400, "PHONE_NUMBER_BANNED")}}},
			{give: phone, want: signin.AtStart, wrong: tg.ErrPhoneNumberFlood, talk: []exchange{{"auth.sendCode", nil, refuse(400, "PHONE_NUMBER_FLOOD")}}},
			begin,
		}},
		{"waits and lost connections change nothing", []turn{
			{give: phone, want: signin.AtStart, fails: tg.ErrFloodWait, talk: []exchange{{"auth.sendCode", nil, refuse(420, "FLOOD_WAIT_90")}}},
			begin,
			{give: code, want: signin.AtCode, fails: tg.ErrFloodWait, talk: []exchange{{"auth.signIn", nil, refuse(420, "FLOOD_WAIT_90")}}},
			{give: code, want: signin.AtCode, fails: errNoDC, talk: []exchange{{"auth.signIn", nil, errNoDC}}},
			{give: code, want: signin.Done, talk: []exchange{{"auth.signIn", signedIn, nil}}},
		}},
		{"wrong codes", []turn{
			begin,
			{give: code, want: signin.AtCode, wrong: tg.ErrPhoneCodeInvalid, talk: []exchange{{"auth.signIn", nil, refuse(400, "PHONE_CODE_INVALID")}}},
			{give: code, want: signin.AtCode, wrong: tg.ErrPhoneCodeEmpty, talk: []exchange{{"auth.signIn", nil, refuse(400, "PHONE_CODE_EMPTY")}}},
			{give: code, want: signin.AtCode, wrong: tg.ErrPhoneCodeExpired, talk: []exchange{
				{"auth.signIn", nil, refuse(400, "PHONE_CODE_EXPIRED")}, {"auth.sendCode", sms, nil},
			}},
			{give: code, want: signin.Done, talk: []exchange{{"auth.signIn", signedIn, nil}}},
		}},
		{"begun anew", []turn{
			{give: phone, want: signin.AtCode, talk: []exchange{{"auth.sendCode", nil, refuse(500, "AUTH_RESTART")}, {"auth.sendCode", sms, nil}}},
			{give: code, want: signin.AtCode, talk: []exchange{{"auth.signIn", nil, refuse(500, "AUTH_RESTART")}, {"auth.sendCode", sms, nil}}},
		}},
		{"begun anew for ever", []turn{{give: phone, want: signin.AtStart, fails: tg.ErrAuthRestart, talk: []exchange{
			{"auth.sendCode", nil, refuse(500, "AUTH_RESTART")}, {"auth.sendCode", nil, refuse(500, "AUTH_RESTART")},
			{"auth.sendCode", nil, refuse(500, "AUTH_RESTART")}, {"auth.sendCode", nil, refuse(500, "AUTH_RESTART")},
		}}}},
		{"a new code that has expired already", []turn{{give: phone, want: signin.AtStart, fails: tg.ErrPhoneCodeExpired, talk: []exchange{
			{"auth.sendCode", nil, refuse(400, "PHONE_CODE_EXPIRED")},
		}}}},
		{"sent again", []turn{
			begin,
			{give: does(signin.Resend), want: signin.AtCode, talk: []exchange{{"auth.resendCode", sent(&tg.AuthSentCodeTypeCall{Length: 5}), nil}}},
			{give: does(signin.Resend), want: signin.AtCode, wrong: tg.ErrSendCodeUnavailable, talk: []exchange{{"auth.resendCode", nil, refuse(406, "SEND_CODE_UNAVAILABLE")}}},
			{give: does(signin.Resend), want: signin.AtCode, wrong: tg.ErrPhoneCodeExpired, talk: []exchange{
				{"auth.resendCode", nil, refuse(400, "PHONE_CODE_EXPIRED")}, {"auth.sendCode", sms, nil},
			}},
		}},
		{"cancelled", []turn{
			begin,
			{give: does(signin.Cancel), want: signin.AtCode, fails: errNoDC, talk: []exchange{{"auth.cancelCode", nil, errNoDC}}},
			{give: does(signin.Cancel), want: signin.AtStart, talk: []exchange{{"auth.cancelCode", boolean(true), nil}}},
			begin,
			{give: does(signin.Cancel), want: signin.AtStart, talk: []exchange{{"auth.cancelCode", nil, refuse(400, "PHONE_CODE_EXPIRED")}}},
		}},
		{"a token of an earlier sign-out", []turn{{give: phone, want: signin.Done, talk: []exchange{
			{"auth.sendCode", &tg.AuthSentCodeSuccess{Authorization: signedIn}, nil},
		}}}},
		{"a token, and a password", []turn{{give: phone, want: signin.AtPassword, talk: []exchange{
			{"auth.sendCode", nil, needPassword}, {"account.getPassword", password(false), nil},
		}}}},
		{"a new account", []turn{
			begin,
			{give: code, want: signin.AtName, talk: []exchange{{"auth.signIn", needName, nil}}},
			{give: name, want: signin.AtName, wrong: tg.ErrFirstnameInvalid, talk: []exchange{{"auth.signUp", nil, refuse(400, "FIRSTNAME_INVALID")}}},
			{give: name, want: signin.AtCode, wrong: tg.ErrPhoneCodeExpired, talk: []exchange{
				{"auth.signUp", nil, refuse(400, "PHONE_CODE_EXPIRED")}, {"auth.sendCode", sms, nil},
			}},
			{give: code, want: signin.AtName, talk: []exchange{{"auth.signIn", nil, refuse(400, "PHONE_NUMBER_UNOCCUPIED")}}},
			{give: name, want: signin.Done, talk: []exchange{{"auth.signUp", signedIn, nil}}},
		}},
		{"no new account", []turn{begin, {
			give: code, want: signin.AtCode, wrong: tg.ErrPhoneNumberAppSignupForbidden,
			talk: []exchange{{"auth.signIn", nil, refuse(400, "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN")}},
		}}},
		{"Firebase, which cannot be done", []turn{{give: phone, want: signin.AtCode, talk: []exchange{
			{"auth.sendCode", firebase, nil}, {"auth.resendCode", sms, nil},
		}}}},
		{"Firebase alone", []turn{
			{give: phone, want: signin.AtCode, wrong: tg.ErrSendCodeUnavailable, talk: []exchange{
				{"auth.sendCode", firebase, nil}, {"auth.resendCode", nil, refuse(406, "SEND_CODE_UNAVAILABLE")},
			}},
			{give: code, want: signin.Done, talk: []exchange{{"auth.signIn", signedIn, nil}}},
		}},
		{"a code by e-mail", []turn{
			{give: phone, want: signin.AtCode, talk: []exchange{{"auth.sendCode", email, nil}}},
			{give: code, want: signin.AtCode, wrong: tg.ErrCodeInvalid, talk: []exchange{{"auth.signIn", nil, refuse(400, "CODE_INVALID")}}},
			{give: does(signin.ResetEmail), want: signin.AtCode, talk: []exchange{{"auth.resetLoginEmail", email, nil}}},
			{give: does(signin.ResetEmail), want: signin.AtCode, wrong: tg.ErrTaskAlreadyExists, talk: []exchange{
				{"auth.resetLoginEmail", nil, refuse(400, "TASK_ALREADY_EXISTS")},
			}},
			{give: code, want: signin.Done, talk: []exchange{{"auth.signIn", signedIn, nil}}},
		}},
		{"an e-mail address to be set up", []turn{
			{give: phone, want: signin.AtEmail, talk: []exchange{{"auth.sendCode", needEmail, nil}}},
			{give: signin.Answer{Action: signin.GiveEmail, Text: "x"}, want: signin.AtEmail, wrong: tg.ErrEmailInvalid, talk: []exchange{
				{"account.sendVerifyEmailCode", nil, refuse(400, "EMAIL_INVALID")},
			}},
			{give: does(signin.GiveGoogleToken), want: signin.AtEmail, wrong: tg.ErrEmailNotAllowed, talk: []exchange{
				{"account.verifyEmail", nil, refuse(400, "EMAIL_NOT_ALLOWED")},
			}},
			{give: signin.Answer{Action: signin.GiveEmail, Text: "a@b.c"}, want: signin.AtEmailCode, talk: []exchange{
				{"account.sendVerifyEmailCode", &tg.AccountSentEmailCode{EmailPattern: "a@b.c", Length: 6}, nil},
			}},
			{give: code, want: signin.AtEmailCode, wrong: tg.ErrCodeInvalid, talk: []exchange{{"account.verifyEmail", nil, refuse(400, "CODE_INVALID")}}},
			{give: code, want: signin.AtEmailCode, wrong: tg.ErrEmailVerifyExpired, talk: []exchange{
				{"account.verifyEmail", nil, refuse(400, "EMAIL_VERIFY_EXPIRED")},
				{"account.sendVerifyEmailCode", &tg.AccountSentEmailCode{EmailPattern: "a@b.c", Length: 6}, nil},
			}},
			{give: does(signin.Resend), want: signin.AtEmailCode, talk: []exchange{
				{"account.sendVerifyEmailCode", &tg.AccountSentEmailCode{EmailPattern: "a@b.c", Length: 6}, nil},
			}},
			{give: code, want: signin.AtCode, talk: []exchange{
				{"account.verifyEmail", &tg.AccountEmailVerifiedLogin{Email: "a@b.c", SentCode: sms}, nil},
			}},
			{give: code, want: signin.Done, talk: []exchange{{"auth.signIn", signedIn, nil}}},
		}},
		{"an e-mail address by Apple", []turn{
			{give: phone, want: signin.AtEmail, talk: []exchange{{"auth.sendCode", needEmail, nil}}},
			{give: does(signin.GiveAppleToken), want: signin.AtCode, talk: []exchange{
				{"account.verifyEmail", &tg.AccountEmailVerified{Email: "a@b.c"}, nil}, {"auth.sendCode", sms, nil},
			}},
		}},
		{"a password", append(owing(false),
			turn{give: pass, want: signin.AtPassword, wrong: tg.ErrPasswordHashInvalid, talk: []exchange{
				{"account.getPassword", password(false), nil}, {"auth.checkPassword", nil, refuse(400, "PASSWORD_HASH_INVALID")},
			}},
			turn{give: pass, want: signin.AtPassword, fails: tg.ErrPhonePasswordFlood, talk: []exchange{
				{"account.getPassword", password(false), nil}, {"auth.checkPassword", nil, refuse(406, "PHONE_PASSWORD_FLOOD")},
			}},
			turn{give: pass, want: signin.Done, talk: []exchange{
				{"account.getPassword", password(false), nil}, {"auth.checkPassword", nil, refuse(400, "SRP_ID_INVALID")},
				{"account.getPassword", password(false), nil}, {"auth.checkPassword", nil, refuse(400, "SRP_PASSWORD_CHANGED")},
				{"account.getPassword", password(false), nil}, {"auth.checkPassword", signedIn, nil},
			}},
		)},
		{"a password that changes all the time", append(owing(false), turn{give: pass, want: signin.AtPassword, fails: tg.ErrSRPIDInvalid, talk: []exchange{
			{"account.getPassword", password(false), nil}, {"auth.checkPassword", nil, refuse(400, "SRP_ID_INVALID")},
			{"account.getPassword", password(false), nil}, {"auth.checkPassword", nil, refuse(400, "SRP_ID_INVALID")},
			{"account.getPassword", password(false), nil}, {"auth.checkPassword", nil, refuse(400, "SRP_ID_INVALID")},
		}})},
		{"a password given up for another account", append(owing(false), turn{give: does(signin.Cancel), want: signin.AtStart}, begin)},
		{"a lost password", append(owing(true),
			turn{give: does(signin.Recover), want: signin.AtPassword, wrong: tg.ErrPasswordRecoveryNa, talk: []exchange{
				{"auth.requestPasswordRecovery", nil, refuse(400, "PASSWORD_RECOVERY_NA")},
			}},
			turn{give: does(signin.Recover), want: signin.AtRecovery, talk: []exchange{{"auth.requestPasswordRecovery", &tg.AuthPasswordRecovery{EmailPattern: "a*"}, nil}}},
			turn{give: does(signin.Cancel), want: signin.AtPassword, talk: []exchange{{"account.getPassword", password(true), nil}}},
			turn{give: does(signin.Recover), want: signin.AtRecovery, talk: []exchange{{"auth.requestPasswordRecovery", &tg.AuthPasswordRecovery{EmailPattern: "a*"}, nil}}},
			turn{give: code, want: signin.AtRecovery, wrong: tg.ErrCodeInvalid, talk: []exchange{{"auth.checkRecoveryPassword", nil, refuse(400, "CODE_INVALID")}}},
			turn{give: code, want: signin.AtRecovery, wrong: tg.ErrCodeInvalid, talk: []exchange{{"auth.checkRecoveryPassword", boolean(false), nil}}},
			turn{give: code, want: signin.AtRecovery, wrong: tg.ErrPasswordRecoveryExpired, talk: []exchange{
				{"auth.checkRecoveryPassword", nil, refuse(400, "PASSWORD_RECOVERY_EXPIRED")},
				{"auth.requestPasswordRecovery", &tg.AuthPasswordRecovery{EmailPattern: "a*"}, nil},
			}},
			turn{give: does(signin.Resend), want: signin.AtRecovery, talk: []exchange{{"auth.requestPasswordRecovery", &tg.AuthPasswordRecovery{EmailPattern: "a*"}, nil}}},
			turn{give: code, want: signin.AtNewPassword, talk: []exchange{{"auth.checkRecoveryPassword", boolean(true), nil}}},
			turn{give: does(signin.GiveNewPassword), want: signin.AtRecovery, wrong: tg.ErrPasswordRecoveryExpired, talk: []exchange{
				{"auth.recoverPassword", nil, refuse(400, "PASSWORD_RECOVERY_EXPIRED")},
				{"auth.requestPasswordRecovery", &tg.AuthPasswordRecovery{EmailPattern: "a*"}, nil},
			}},
			turn{give: code, want: signin.AtNewPassword, talk: []exchange{{"auth.checkRecoveryPassword", boolean(true), nil}}},
			turn{give: signin.Answer{Action: signin.GiveNewPassword, Text: "another", Hint: "h"}, want: signin.Done, talk: []exchange{
				{"account.getPassword", password(true), nil}, {"auth.recoverPassword", signedIn, nil},
			}},
		)},
		{"a lost password and no recovery", append(owing(false),
			turn{give: does(signin.Recover), want: signin.AtPassword, fails: &signin.ActionError{Step: signin.AtPassword, Action: signin.Recover}},
			turn{give: does(signin.DeleteAccount), want: signin.AtPassword, wrong: tg.Err2FAConfirmWait, talk: []exchange{{"account.deleteAccount", nil, refuse(420, "2FA_CONFIRM_WAIT_604800")}}},
			turn{give: does(signin.DeleteAccount), want: signin.AtName, talk: []exchange{{"account.deleteAccount", boolean(true), nil}}},
			turn{give: name, want: signin.Done, talk: []exchange{{"auth.signUp", signedIn, nil}}},
		)},
		{"a bot", []turn{
			{give: does(signin.GiveBotToken), want: signin.AtStart, wrong: tg.ErrAccessTokenInvalid, talk: []exchange{{"auth.importBotAuthorization", nil, refuse(400, "ACCESS_TOKEN_INVALID")}}},
			{give: does(signin.GiveBotToken), want: signin.AtStart, wrong: tg.ErrAccessTokenExpired, talk: []exchange{{"auth.importBotAuthorization", nil, refuse(400, "ACCESS_TOKEN_EXPIRED")}}},
			{give: does(signin.GiveBotToken), want: signin.Done, talk: []exchange{{"auth.importBotAuthorization", signedIn, nil}}},
		}},
		{"a QR code, then a phone", []turn{
			{give: does(signin.ShowQR), want: signin.AtQR, talk: []exchange{{"auth.exportLoginToken", &tg.AuthLoginToken{Token: []byte{1}}, nil}}},
			begin,
		}},
		{"a QR code that leads elsewhere", []turn{{give: does(signin.ShowQR), want: signin.Done, talk: []exchange{
			{"auth.exportLoginToken", &tg.AuthLoginTokenMigrateTo{DCID: 4, Token: []byte{1}}, nil},
			{"auth.importLoginToken", &tg.AuthLoginTokenSuccess{Authorization: signedIn}, nil},
		}}}},
		{"a QR code that leads nowhere", []turn{{give: does(signin.ShowQR), want: signin.AtStart, fails: errNoDC, talk: []exchange{
			{"auth.exportLoginToken", &tg.AuthLoginTokenMigrateTo{DCID: 6, Token: []byte{1}}, nil},
		}}}},
		{"a QR code that expires on the way, and a password", []turn{{give: does(signin.ShowQR), want: signin.AtPassword, talk: []exchange{
			{"auth.exportLoginToken", &tg.AuthLoginTokenMigrateTo{DCID: 4, Token: []byte{1}}, nil},
			{"auth.importLoginToken", nil, refuse(400, "AUTH_TOKEN_EXPIRED")},
			{"auth.exportLoginToken", nil, needPassword}, {"account.getPassword", password(false), nil},
		}}, {give: does(signin.DeleteAccount), want: signin.AtStart, talk: []exchange{{"account.deleteAccount", boolean(true), nil}}}}},
		{"a QR code sent around", []turn{{give: does(signin.ShowQR), want: signin.AtStart, fails: tg.ErrAuthTokenInvalid, talk: []exchange{
			{"auth.exportLoginToken", &tg.AuthLoginTokenMigrateTo{DCID: 4, Token: []byte{1}}, nil},
			{"auth.importLoginToken", nil, refuse(400, "AUTH_TOKEN_INVALID")},
		}}}},
		{"an answer to another question", []turn{
			{give: code, want: signin.AtStart, fails: &signin.ActionError{Step: signin.AtStart, Action: signin.GiveCode}},
			{give: does("dance"), want: signin.AtStart, fails: &signin.ActionError{Step: signin.AtStart, Action: "dance"}},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, _ := play(t, test.turns)
			last := test.turns[len(test.turns)-1].want
			if got := f.Authorization(); (got != nil) != (last == signin.Done) {
				t.Errorf("authorization %v at %q", got, last)
			}
		})
	}
}

// TestPayment has what must be paid for said in the error (R-LG-02).
func TestPayment(t *testing.T) {
	s := &script{t: t, rest: []exchange{{"auth.sendCode", &tg.AuthSentCodePaymentRequired{
		StoreProduct: "sms", Currency: "EUR", Amount: 199, SupportEmailAddress: "help@example.org",
	}, nil}}}
	f := signin.New(s.options())
	prompt, err := f.Submit(t.Context(), phone)
	var pay *signin.PaymentError
	if !errors.As(err, &pay) || pay.Amount != 199 || !strings.Contains(err.Error(), "1.99 EUR") || prompt.Step != signin.AtStart {
		t.Errorf("%v at %q", err, prompt.Step)
	}
}

// TestCodes describes each way in which a code comes (R-LG-03, R-LG-04).
func TestCodes(t *testing.T) {
	next := map[signin.Via]tg.AuthCodeTypeClass{
		signin.ViaSMS: &tg.AuthCodeTypeSMS{}, signin.ViaCall: &tg.AuthCodeTypeCall{}, signin.ViaFlashCall: &tg.AuthCodeTypeFlashCall{},
		signin.ViaMissedCall: &tg.AuthCodeTypeMissedCall{}, signin.ViaFragment: &tg.AuthCodeTypeFragmentSMS{}, "": nil,
	}
	for want, kind := range next {
		answer := &tg.AuthSentCode{Type: &tg.AuthSentCodeTypeApp{}, PhoneCodeHash: "h", NextType: kind, Timeout: tl.Some[int32](60)}
		f := afterCode(t, answer)
		c := f.Prompt().Code
		if c.Next != want || (want != "") != c.ResendAt.Equal(now.Add(time.Minute)) {
			t.Errorf("next is %q at %v, want %q", c.Next, c.ResendAt, want)
		}
		if slices.Contains(f.Prompt().Actions, signin.Resend) != (want != "") {
			t.Errorf("next is %q, actions are %v", want, f.Prompt().Actions)
		}
	}
	date := tl.Some(int32(now.Unix()))
	tests := []struct {
		kind tg.AuthSentCodeTypeClass
		want signin.Code
	}{
		{&tg.AuthSentCodeTypeApp{Length: 5}, signin.Code{Via: signin.ViaApp, Length: 5}},
		{&tg.AuthSentCodeTypeSMS{Length: 5}, signin.Code{Via: signin.ViaSMS, Length: 5}},
		{&tg.AuthSentCodeTypeCall{Length: 5}, signin.Code{Via: signin.ViaCall, Length: 5}},
		{&tg.AuthSentCodeTypeFlashCall{Pattern: "+4*"}, signin.Code{Via: signin.ViaFlashCall, Pattern: "+4*"}},
		{&tg.AuthSentCodeTypeMissedCall{Prefix: "+4", Length: 5}, signin.Code{Via: signin.ViaMissedCall, Pattern: "+4", Length: 5}},
		{&tg.AuthSentCodeTypeEmailCode{EmailPattern: "a*", Length: 6, GoogleSigninAllowed: true, AppleSigninAllowed: true, ResetPendingDate: date},
			signin.Code{Via: signin.ViaEmail, Pattern: "a*", Length: 6, Google: true, Apple: true, ResetAt: now}},
		{&tg.AuthSentCodeTypeEmailCode{EmailPattern: "a*", Length: 6, ResetAvailablePeriod: tl.Some[int32](3600)},
			signin.Code{Via: signin.ViaEmail, Pattern: "a*", Length: 6, ResetAfter: time.Hour}},
		{&tg.AuthSentCodeTypeFragmentSMS{URL: "https://x", Length: 5}, signin.Code{Via: signin.ViaFragment, URL: "https://x", Length: 5}},
		{&tg.AuthSentCodeTypeSMSWord{Beginning: tl.Some("g")}, signin.Code{Via: signin.ViaWord, Pattern: "g"}},
		{&tg.AuthSentCodeTypeSMSPhrase{}, signin.Code{Via: signin.ViaPhrase}},
	}
	for _, test := range tests {
		f := afterCode(t, &tg.AuthSentCode{Type: test.kind, PhoneCodeHash: "h"})
		if got := f.Prompt().Code; *got != test.want {
			t.Errorf("%T: %+v, want %+v", test.kind, *got, test.want)
		}
	}
}

func afterCode(t *testing.T, answer *tg.AuthSentCode) *signin.Flow {
	t.Helper()
	s := &script{t: t, rest: []exchange{{"auth.sendCode", answer, nil}}}
	f := signin.New(s.options())
	if _, err := f.Submit(t.Context(), phone); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestRequests has what was given arrive where it belongs.
func TestRequests(t *testing.T) {
	_, s := play(t, []turn{
		begin,
		{give: code, want: signin.AtName, talk: []exchange{{"auth.signIn", needName, nil}}},
		{give: name, want: signin.Done, talk: []exchange{{"auth.signUp", signedIn, nil}}},
	})
	sendCode, signUp := s.sent[0].(*tg.AuthSendCode), s.sent[2].(*tg.AuthSignUp)
	if sendCode.APIID != 1 || sendCode.APIHash != "hash" || sendCode.PhoneNumber != "1" || len(sendCode.Settings.LogoutTokens) != 1 {
		t.Errorf("auth.sendCode %+v", sendCode)
	}
	if in := s.sent[1].(*tg.AuthSignIn); in.PhoneCode.Value != "12345" || in.PhoneCodeHash != "h" || in.EmailVerification != nil {
		t.Errorf("auth.signIn %+v", in)
	}
	if signUp.FirstName != "Ada" || signUp.LastName != "Byron" || signUp.PhoneCodeHash != "h" || signUp.PhoneNumber != "1" {
		t.Errorf("auth.signUp %+v", signUp)
	}
	_, s = play(t, []turn{
		{give: phone, want: signin.AtCode, talk: []exchange{{"auth.sendCode", email, nil}}},
		{give: code, want: signin.Done, talk: []exchange{{"auth.signIn", signedIn, nil}}},
	})
	in := s.sent[1].(*tg.AuthSignIn)
	if proof, ok := in.EmailVerification.(*tg.EmailVerificationCode); !ok || proof.Code != "12345" || in.PhoneCode.Set {
		t.Errorf("auth.signIn with an e-mail code %+v", in)
	}
	_, s = play(t, []turn{{give: does(signin.ShowQR), want: signin.AtQR, talk: []exchange{{"auth.exportLoginToken", &tg.AuthLoginToken{Token: []byte{255}}, nil}}}})
	if export := s.sent[0].(*tg.AuthExportLoginToken); !slices.Equal(export.ExceptIDs, []int64{9}) {
		t.Errorf("auth.exportLoginToken %+v", export)
	}
}

// TestSentPhoneCode has the code that is awaited replaced (R-LG-05).
func TestSentPhoneCode(t *testing.T) {
	f := afterCode(t, sms)
	next := &tg.UpdateSentPhoneCode{SentCode: &tg.AuthSentCode{Type: &tg.AuthSentCodeTypeCall{Length: 4}, PhoneCodeHash: "other"}}
	if !f.Received(next) || f.Prompt().Code.Via != signin.ViaCall || f.State().CodeHash != "other" {
		t.Errorf("prompt %+v", f.Prompt())
	}
	if f.Received(&tg.UpdateConfig{}) || f.Received(&tg.UpdateSentPhoneCode{SentCode: &tg.AuthSentCodePaymentRequired{}}) {
		t.Error("what changes nothing changes the prompt")
	}
	if !f.Received(&tg.UpdateSentPhoneCode{SentCode: &tg.AuthSentCodeSuccess{Authorization: signedIn}}) || f.Prompt().Step != signin.Done {
		t.Errorf("prompt %+v", f.Prompt())
	}
	if f.Received(next) {
		t.Error("a code after the end")
	}
}

// TestResumeRefuses has a state that is not one named.
func TestResumeRefuses(t *testing.T) {
	good := afterCode(t, sms).State()
	for name, change := range map[string]func(*signin.State){
		"another application":        func(s *signin.State) { s.APIID = 2 },
		"no step":                    func(s *signin.State) { s.Prompt.Step = "" },
		"a step of a later version":  func(s *signin.State) { s.Prompt.Step = "dance" },
		"done":                       func(s *signin.State) { s.Prompt.Step = signin.Done },
		"a DC that is not there":     func(s *signin.State) { s.DC = 6 },
		"a code that was not sent":   func(s *signin.State) { s.CodeHash = "" },
		"no code":                    func(s *signin.State) { s.Prompt.Code = nil },
		"no password":                func(s *signin.State) { s.Prompt.Step = signin.AtPassword },
		"no QR code":                 func(s *signin.State) { s.Prompt.Step = signin.AtQR },
		"no code before the new one": func(s *signin.State) { s.Prompt.Step = signin.AtNewPassword },
	} {
		bad := good
		change(&bad)
		if _, err := signin.Resume((&script{t: t}).options(), bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestSecrets print nowhere.
func TestSecrets(t *testing.T) {
	f, _ := play(t, append(owing(true),
		turn{give: does(signin.Recover), want: signin.AtRecovery, talk: []exchange{{"auth.requestPasswordRecovery", &tg.AuthPasswordRecovery{}, nil}}},
		turn{give: code, want: signin.AtNewPassword, talk: []exchange{{"auth.checkRecoveryPassword", boolean(true), nil}}},
	))
	state := f.State()
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, state) + fmt.Sprintf(format, code); strings.Contains(text, "12345") {
			t.Errorf("%s prints %s", format, text)
		}
	}
	if text, err := json.Marshal(f.Prompt()); err != nil || bytes.Contains(text, []byte("12345")) {
		t.Errorf("a prompt that can be shown is %s, %v", text, err)
	}
}
