package telegram_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/tg"
)

// TestTwoFactor sets a password with a recovery address, changes both, and
// takes them away (R-SP-11, R-SP-12).
func TestTwoFactor(t *testing.T) {
	p := newPlace(t)
	const number = "9996620001"
	p.addUser(number, "Ada")
	c := p.signIn(p.options(), number)
	status := func() telegram.TwoFactor {
		t.Helper()
		s, err := c.TwoFactor(p.ctx)
		check(t, err)
		return s
	}
	change := func(current, next, address string) error {
		return c.SetPassword(p.ctx, telegram.PasswordChange{Current: current, New: next, Hint: "animal", RecoveryEmail: address})
	}
	if s := status(); s != (telegram.TwoFactor{}) {
		t.Errorf("a new account has %+v", s)
	}
	if err := change("", "", ""); err == nil {
		t.Error("an empty password was set")
	}
	if err := change("", "one", "nothing"); !errors.Is(err, tg.ErrEmailInvalid) {
		t.Errorf("no address: %v", err)
	}
	var unconfirmed *telegram.UnconfirmedEmailError
	if err := change("", "one", "ada@example.org"); !errors.As(err, &unconfirmed) || unconfirmed.CodeLength != 6 {
		t.Fatalf("an address that is new: %v", err)
	}
	if s := status(); s.Enabled || s.UnconfirmedEmail != "a*a@example.org" {
		t.Errorf("before the code: %+v", s)
	}
	if err := c.ConfirmRecoveryEmail(p.ctx, "1"); !errors.Is(err, tg.ErrCodeInvalid) {
		t.Errorf("a wrong code: %v", err)
	}
	check(t, c.ResendRecoveryEmail(p.ctx))
	check(t, c.ConfirmRecoveryEmail(p.ctx, mailed(p)))
	if s := status(); !s.Enabled || !s.Recovery || s.Hint != "animal" || s.UnconfirmedEmail != "" {
		t.Errorf("after the code: %+v", s)
	}
	if _, err := c.RecoveryEmail(p.ctx, "guess"); !errors.Is(err, tg.ErrPasswordHashInvalid) {
		t.Errorf("the address by a wrong password: %v", err)
	}
	if address, err := c.RecoveryEmail(p.ctx, "one"); err != nil || address != "ada@example.org" {
		t.Errorf("the address is %q, %v", address, err)
	}
	if err := change("guess", "two", ""); !errors.Is(err, tg.ErrPasswordHashInvalid) {
		t.Errorf("changed by a wrong password: %v", err)
	}
	check(t, change("one", "two", ""))
	if s := status(); !s.Enabled || !s.Recovery {
		t.Errorf("after another password: %+v", s)
	}
	if err := c.SetRecoveryEmail(p.ctx, "two", "other@example.org"); !errors.As(err, &unconfirmed) {
		t.Errorf("another address: %v", err)
	}
	check(t, c.CancelRecoveryEmail(p.ctx))
	if err := c.ConfirmRecoveryEmail(p.ctx, mailed(p)); !errors.Is(err, tg.ErrEmailHashExpired) {
		t.Errorf("a code of what was given up: %v", err)
	}
	check(t, c.SetRecoveryEmail(p.ctx, "two", ""))
	if s := status(); !s.Enabled || s.Recovery {
		t.Errorf("without an address: %+v", s)
	}
	if err := c.RemovePassword(p.ctx, "one"); !errors.Is(err, tg.ErrPasswordHashInvalid) {
		t.Errorf("taken away by an old password: %v", err)
	}
	check(t, c.RemovePassword(p.ctx, "two"))
	if s := status(); s.Enabled {
		t.Errorf("in the end: %+v", s)
	}
	secret := telegram.PasswordChange{Current: "one", New: "two"}
	if text := fmt.Sprintf("%v %+v %#v", secret, secret, secret); strings.Contains(text, "one") {
		t.Errorf("a password prints: %s", text)
	}
}

// TestResetPassword waits a week for a password to be taken away (R-SP-12).
func TestResetPassword(t *testing.T) {
	var days atomic.Int64
	p := newPlaceWith(t, sandbox.Options{Now: func() time.Time { return time.Now().AddDate(0, 0, int(days.Load())) }})
	p.addUser("9996610001", "Ada")
	check(t, p.SetPassword("9996610001", "secret", ""))
	a := answers("9996610001")
	a.AskPassword = telegram.FixedPassword("secret")
	o := p.options()
	o.Store = new(telegram.MemoryStore)
	c := p.connect(o)
	_, err := c.SignIn(p.ctx, a)
	check(t, err)
	var wait *telegram.PasswordResetError
	if err := c.ResetPassword(p.ctx); !errors.As(err, &wait) || wait.Declined || time.Until(wait.Until) < 6*24*time.Hour {
		t.Fatalf("at once: %v", err)
	}
	if s, err := c.TwoFactor(p.ctx); err != nil || !s.ResetAt.Equal(wait.Until) {
		t.Errorf("%+v, %v", s, err)
	}
	check(t, c.DeclinePasswordReset(p.ctx))
	if err := c.ResetPassword(p.ctx); !errors.As(err, &wait) || !wait.Declined {
		t.Fatalf("after it was declined: %v", err)
	}
	for _, day := range []int64{2, 10} {
		check(t, c.Close())
		days.Store(day)
		c = p.connect(o)
		err = c.ResetPassword(p.ctx)
	}
	check(t, err)
	if s, err := c.TwoFactor(p.ctx); err != nil || s.Enabled {
		t.Errorf("after a week: %+v, %v", s, err)
	}
}
