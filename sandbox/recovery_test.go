package sandbox

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
	"godwit/tg"
	"godwit/tl"
)

// settingsOf returns the settings of a new password.
func settingsOf(t *testing.T, p *tg.AccountPassword, secret string) tg.AccountPasswordInputSettings {
	t.Helper()
	algo := *p.NewAlgo.(*tg.PasswordKDFAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow)
	algo.Salt1 = append(bytes.Clone(algo.Salt1), make([]byte, clientSaltSize)...)
	v, err := mtcrypto.SRPVerifier(mtcrypto.SRPParams{Salt1: algo.Salt1, Salt2: algo.Salt2, G: int(algo.G), P: algo.P}, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return tg.AccountPasswordInputSettings{NewAlgo: &algo, NewPasswordHash: v, Hint: tl.Some("h")}
}

// R-SP-12: a password whose e-mail address is not confirmed is not set yet.
func TestPasswordEmail(t *testing.T) {
	l := newLab(t)
	d := l.person(alicePhone, "Alice")
	none := &tg.InputCheckPasswordEmpty{}
	fails(d, &tg.AccountUpdatePasswordSettings{Password: none}, 400, "NEW_SETTINGS_EMPTY")
	settings := settingsOf(t, must(d, &tg.AccountGetPassword{}), "secret")
	settings.Email = tl.Some("alice")
	fails(d, &tg.AccountUpdatePasswordSettings{Password: none, NewSettings: settings}, 400, "EMAIL_INVALID")
	const address = "alice@example.org"
	settings.Email = tl.Some(address)
	fails(d, &tg.AccountUpdatePasswordSettings{Password: none, NewSettings: settings}, 400, "EMAIL_UNCONFIRMED_6")
	if p := must(d, &tg.AccountGetPassword{}); p.HasPassword || p.EmailUnconfirmedPattern.Value != "a***e@example.org" {
		t.Errorf("before the code: %+v", p)
	}
	fails(d, &tg.AccountConfirmPasswordEmail{Code: "0"}, 400, "CODE_INVALID")
	old := l.lastCode(address)
	must(d, &tg.AccountResendPasswordEmail{})
	fails(d, &tg.AccountConfirmPasswordEmail{Code: old}, 400, "CODE_INVALID")
	must(d, &tg.AccountConfirmPasswordEmail{Code: l.lastCode(address)})
	fails(d, &tg.AccountConfirmPasswordEmail{Code: "0"}, 400, "EMAIL_HASH_EXPIRED")
	p := must(d, &tg.AccountGetPassword{})
	if !p.HasPassword || !p.HasRecovery || p.EmailUnconfirmedPattern.Set {
		t.Errorf("after the code: %+v", p)
	}
	got := must(d, &tg.AccountGetPasswordSettings{Password: proof(t, p, "secret")})
	if got.Email.Value != address {
		t.Errorf("settings %+v", got)
	}

	// Another address, and none in the end.
	email := func(address string) *tg.AccountUpdatePasswordSettings {
		return &tg.AccountUpdatePasswordSettings{
			Password:    proof(t, must(d, &tg.AccountGetPassword{}), "secret"),
			NewSettings: tg.AccountPasswordInputSettings{Email: tl.Some(address)},
		}
	}
	fails(d, email("other@example.org"), 400, "EMAIL_UNCONFIRMED_6")
	must(d, &tg.AccountCancelPasswordEmail{})
	fails(d, &tg.AccountCancelPasswordEmail{}, 400, "EMAIL_HASH_EXPIRED")
	fails(d, &tg.AccountResendPasswordEmail{}, 400, "EMAIL_HASH_EXPIRED")
	must(d, email(""))
	if p := must(d, &tg.AccountGetPassword{}); !p.HasPassword || p.HasRecovery {
		t.Errorf("without an address: %+v", p)
	}
}

// owing returns a device that has given everything but the password.
func (l *lab) owing(phone string) *device {
	l.t.Helper()
	d := l.device(1)
	fails(d, &tg.AuthSignIn{PhoneNumber: phone, PhoneCodeHash: d.sendCode(phone), PhoneCode: tl.Some("11111")}, 401, "SESSION_PASSWORD_NEEDED")
	return d
}

// R-SP-12: a lost password is replaced by e-mail, or taken away.
func TestRecovery(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	fails(l.device(1), &tg.AuthRequestPasswordRecovery{}, 401, "AUTH_KEY_UNREGISTERED")
	fails(alice, &tg.AuthRequestPasswordRecovery{}, 400, "PASSWORD_EMPTY")
	if err := l.SetPassword(alicePhone, "secret", ""); err != nil {
		t.Fatal(err)
	}
	d := l.owing(alicePhone)
	fails(d, &tg.AuthRequestPasswordRecovery{}, 400, "PASSWORD_RECOVERY_NA")
	const address = "al@example.org"
	if err := l.SetRecoveryEmail(alicePhone, address); err != nil {
		t.Fatal(err)
	}
	fails(d, &tg.AuthCheckRecoveryPassword{Code: "0"}, 400, "PASSWORD_RECOVERY_EXPIRED")
	if got := must(d, &tg.AuthRequestPasswordRecovery{}); got.EmailPattern != "a*l@example.org" {
		t.Errorf("sent to %q", got.EmailPattern)
	}
	fails(d, &tg.AuthCheckRecoveryPassword{Code: "0"}, 400, "CODE_INVALID")
	fails(d, &tg.AuthRecoverPassword{Code: ""}, 400, "CODE_EMPTY")
	l.clock.advance(defaultCodeTTL)
	fails(d, &tg.AuthRecoverPassword{Code: l.lastCode(address)}, 400, "PASSWORD_RECOVERY_EXPIRED")
	must(d, &tg.AuthRequestPasswordRecovery{})
	must(d, &tg.AuthCheckRecoveryPassword{Code: l.lastCode(address)})
	settings := settingsOf(t, must(d, &tg.AccountGetPassword{}), "another")
	must(d, &tg.AuthRecoverPassword{Code: l.lastCode(address), NewSettings: &settings})
	must(d, &tg.UpdatesGetState{})

	d = l.owing(alicePhone)
	must(d, &tg.AuthCheckPassword{Password: proof(t, must(d, &tg.AccountGetPassword{}), "another")})
	if err := l.SetRecoveryEmail(alicePhone, address); err != nil {
		t.Fatal(err)
	}
	must(d, &tg.AuthRequestPasswordRecovery{})
	must(d, &tg.AuthRecoverPassword{Code: l.lastCode(address)})
	if p := must(d, &tg.AccountGetPassword{}); p.HasPassword {
		t.Error("the password is still there")
	}
}

// R-SP-12: who is signed in does without a lost password after a week.
func TestResetPassword(t *testing.T) {
	l := newLab(t)
	d := l.person(alicePhone, "Alice")
	fails(d, &tg.AccountResetPassword{}, 400, "PASSWORD_EMPTY")
	if err := l.SetPassword(alicePhone, "secret", ""); err != nil {
		t.Fatal(err)
	}
	fails(d, &tg.AccountDeclinePasswordReset{}, 400, "RESET_REQUEST_MISSING")
	until := int32(l.clock.Now().Unix()) + passwordResetAfter
	for range 2 {
		if got := must(d, &tg.AccountResetPassword{}).(*tg.AccountResetPasswordRequestedWait); got.UntilDate != until {
			t.Errorf("until %d, want %d", got.UntilDate, until)
		}
	}
	if p := must(d, &tg.AccountGetPassword{}); p.PendingResetDate.Value != until {
		t.Errorf("pending %+v", p)
	}
	must(d, &tg.AccountDeclinePasswordReset{})
	if _, ok := must(d, &tg.AccountResetPassword{}).(*tg.AccountResetPasswordFailedWait); !ok {
		t.Error("asked for again at once")
	}
	l.clock.advance(passwordRetryAfter * time.Second)
	must(d, &tg.AccountResetPassword{})
	l.clock.advance(passwordResetAfter * time.Second)
	if _, ok := must(d, &tg.AccountResetPassword{}).(*tg.AccountResetPasswordOK); !ok {
		t.Error("a week is over and the password is still there")
	}
	if p := must(d, &tg.AccountGetPassword{}); p.HasPassword {
		t.Error("the password is still there")
	}
}

// R-SP-12: without the password, an account is deleted after a week, and its
// number signs up anew.
func TestDeleteAccount(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	bob := l.person(bobPhone, "Bob")
	toAlice := bob.meet(alicePhone)
	bob.say(toAlice, "hello")
	if err := l.SetPassword(alicePhone, "secret", ""); err != nil {
		t.Fatal(err)
	}
	fails(l.device(1), &tg.AccountDeleteAccount{}, 401, "AUTH_KEY_UNREGISTERED")
	d := l.owing(alicePhone)
	_, err := call1(d, &tg.AccountDeleteAccount{})
	if want := (&mtproto.RPCError{Code: 420, Type: "2FA_CONFIRM_WAIT", Argument: accountDeleteAfter}); !errors.Is(err, want) {
		t.Fatalf("%v, want %v", err, want)
	}
	wrong := proof(t, must(d, &tg.AccountGetPassword{}), "guess")
	fails(d, &tg.AccountDeleteAccount{Password: wrong}, 400, "PASSWORD_HASH_INVALID")
	l.clock.advance(accountDeleteAfter * time.Second)
	must(d, &tg.AccountDeleteAccount{})
	fails(alice, &tg.UpdatesGetState{}, 401, "AUTH_KEY_UNREGISTERED")
	fails(bob, &tg.ContactsResolvePhone{Phone: alicePhone}, 400, "PHONE_NOT_OCCUPIED")
	users := must(bob, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUser{UserID: toAlice.UserID, AccessHash: toAlice.AccessHash}}})
	if gone := users[0].(*tg.User); !gone.Deleted || gone.FirstName.Set {
		t.Errorf("what is left is %+v", gone)
	}
	signUpBy(t, d, d.sendCode(alicePhone))
	must(d, &tg.AccountDeleteAccount{}) // without a password, at once
	fails(d, &tg.UpdatesGetState{}, 401, "AUTH_KEY_UNREGISTERED")
}
