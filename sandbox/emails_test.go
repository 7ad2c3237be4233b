package sandbox

import (
	"testing"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// R-LG-08: an account that has to have a login e-mail gets one on the way.
func TestSetUpEmail(t *testing.T) {
	l := newLab(t)
	if err := l.SetCodeWays(alicePhone, CodeNeedsEmail, CodeByCall); err != nil {
		t.Fatal(err)
	}
	d := l.device(1)
	sent := d.begin(alicePhone)
	if _, ok := sent.Type.(*tg.AuthSentCodeTypeSetUpEmailRequired); !ok {
		t.Fatalf("sent %T", sent.Type)
	}
	fails(d, &tg.AuthSignIn{PhoneNumber: alicePhone, PhoneCodeHash: sent.PhoneCodeHash, PhoneCode: tl.Some("11111")}, 400, "PHONE_CODE_INVALID")
	purpose := &tg.EmailVerifyPurposeLoginSetup{PhoneNumber: alicePhone, PhoneCodeHash: sent.PhoneCodeHash}
	ask := func(address string) *tg.AccountSendVerifyEmailCode {
		return &tg.AccountSendVerifyEmailCode{Purpose: purpose, Email: address}
	}
	give := func(code string) *tg.AccountVerifyEmail {
		return &tg.AccountVerifyEmail{Purpose: purpose, Verification: &tg.EmailVerificationCode{Code: code}}
	}
	fails(d, ask("alice"), 400, "EMAIL_INVALID")
	fails(d, ask("alice@blocked.example"), 400, "EMAIL_NOT_ALLOWED")
	fails(d, give("1"), 400, "EMAIL_VERIFY_EXPIRED")
	const address = "alice@example.org"
	if code := must(d, ask(address)); code.EmailPattern != "a***e@example.org" || code.Length != emailCodeLength {
		t.Errorf("sent %+v", code)
	}
	fails(d, give("0"), 400, "CODE_INVALID")
	fails(d, give(" "), 400, "CODE_EMPTY")
	fails(d, &tg.AccountVerifyEmail{Purpose: purpose, Verification: &tg.EmailVerificationGoogle{}}, 400, "EMAIL_TOKEN_INVALID")
	verified := must(d, give(l.lastCode(address))).(*tg.AccountEmailVerifiedLogin)
	next := verified.SentCode.(*tg.AuthSentCode)
	if _, ok := next.Type.(*tg.AuthSentCodeTypeCall); !ok || verified.Email != address {
		t.Fatalf("verified %+v", verified)
	}
	signUpBy(t, d, next.PhoneCodeHash)

	// From now on the code goes there.
	if err := l.SetCodeWays(alicePhone); err != nil {
		t.Fatal(err)
	}
	second := l.device(1)
	sent = second.begin(alicePhone)
	if _, ok := sent.Type.(*tg.AuthSentCodeTypeEmailCode); !ok {
		t.Fatalf("sent %T", sent.Type)
	}
	code := l.lastCode(address)
	must(second, &tg.AuthSignIn{
		PhoneNumber: alicePhone, PhoneCodeHash: sent.PhoneCodeHash, EmailVerification: &tg.EmailVerificationCode{Code: code},
	})
	if p := must(second, &tg.AccountGetPassword{}); p.LoginEmailPattern.Value != "a***e@example.org" {
		t.Errorf("login e-mail %+v", p)
	}
}

func signUpBy(t *testing.T, d *device, hash string) {
	t.Helper()
	answer := must(d, &tg.AuthSignIn{PhoneNumber: alicePhone, PhoneCodeHash: hash, PhoneCode: tl.Some("11111")})
	if _, ok := answer.(*tg.AuthAuthorizationSignUpRequired); !ok {
		t.Fatalf("%T", answer)
	}
	must(d, &tg.AuthSignUp{PhoneNumber: alicePhone, PhoneCodeHash: hash, FirstName: "Alice"})
}

// R-LG-08: a login e-mail is changed by its owner.
func TestChangeEmail(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	change := &tg.EmailVerifyPurposeLoginChange{}
	ask := &tg.AccountSendVerifyEmailCode{Purpose: change, Email: "new@example.org"}
	fails(alice, ask, 400, "EMAIL_NOT_SETUP")
	fails(l.device(1), ask, 401, "AUTH_KEY_UNREGISTERED")
	fails(alice, &tg.AccountSendVerifyEmailCode{Purpose: &tg.EmailVerifyPurposePassport{}, Email: "new@example.org"}, 400, "EMAIL_NOT_ALLOWED")
	if err := l.SetLoginEmail(alicePhone, "old@example.org", 0); err != nil {
		t.Fatal(err)
	}
	must(alice, ask)
	l.clock.advance(defaultCodeTTL)
	give := &tg.AccountVerifyEmail{Purpose: change, Verification: &tg.EmailVerificationCode{Code: l.lastCode("new@example.org")}}
	fails(alice, give, 400, "EMAIL_VERIFY_EXPIRED")
	must(alice, ask)
	give.Verification = &tg.EmailVerificationCode{Code: l.lastCode("new@example.org")}
	if got := must(alice, give).(*tg.AccountEmailVerified); got.Email != "new@example.org" {
		t.Errorf("verified %+v", got)
	}
	l.device(1).begin(alicePhone)
	l.lastCode("new@example.org")
}

// R-LG-08: a login e-mail that is lost is given up, after a while.
func TestResetEmail(t *testing.T) {
	l := newLab(t)
	if _, err := l.AddUser(alicePhone, "Alice", ""); err != nil {
		t.Fatal(err)
	}
	d := l.device(1)
	reset := func(sent *tg.AuthSentCode) *tg.AuthResetLoginEmail {
		return &tg.AuthResetLoginEmail{PhoneNumber: alicePhone, PhoneCodeHash: sent.PhoneCodeHash}
	}
	fails(d, reset(d.begin(alicePhone)), 400, "EMAIL_INSTALL_MISSING")
	const wait = 48 * time.Hour
	if err := l.SetLoginEmail(alicePhone, "alice@example.org", wait); err != nil {
		t.Fatal(err)
	}
	sent := d.begin(alicePhone)
	if kind := sent.Type.(*tg.AuthSentCodeTypeEmailCode); kind.ResetAvailablePeriod.Value != int32(wait/time.Second) || kind.ResetPendingDate.Set {
		t.Errorf("sent %+v", kind)
	}
	sent = must(d, reset(sent)).(*tg.AuthSentCode)
	if kind := sent.Type.(*tg.AuthSentCodeTypeEmailCode); kind.ResetPendingDate.Value != int32(l.clock.Now().Add(wait).Unix()) {
		t.Errorf("sent %+v", kind)
	}
	fails(d, reset(sent), 400, "TASK_ALREADY_EXISTS")
	l.clock.advance(wait)
	sent = must(d, reset(d.begin(alicePhone))).(*tg.AuthSentCode)
	if _, ok := sent.Type.(*tg.AuthSentCodeTypeSMS); !ok {
		t.Errorf("sent %T", sent.Type)
	}
}
