package sandbox

import (
	"fmt"

	"godwit/mtproto"
	"godwit/tg"
)

func init() {
	registerFree(requestPasswordRecovery)
	registerFree(checkRecoveryPassword)
	registerFree(recoverPassword)
	registerFree(deleteAccount)
	register(getPasswordSettings)
	register(confirmPasswordEmail)
	register(resendPasswordEmail)
	register(cancelPasswordEmail)
	register(resetPassword)
	register(declinePasswordReset)
}

// How long it takes to do without a password that is lost (R-SP-12).
const (
	passwordResetAfter = 7 * day // seconds
	passwordRetryAfter = day
	accountDeleteAfter = 7 * day
)

// A newPassword is set once its e-mail address is confirmed.
type newPassword struct {
	set    *password
	mailed mailed
}

// SetRecoveryEmail gives the 2FA password of an account an e-mail address that
// it can be recovered by, or takes it away if it is empty.
func (sb *Sandbox) SetRecoveryEmail(phone, address string) error {
	if address != "" && !validEmail(address) {
		return fmt.Errorf("sandbox: %q is no e-mail address", address)
	}
	w := sb.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.phones[cleanPhone(phone)]
	switch {
	case u == nil:
		return fmt.Errorf("sandbox: nobody has the phone number %s", phone)
	case u.password == nil:
		return fmt.Errorf("sandbox: %s has no password to recover", phone)
	}
	u.password.email = address
	return nil
}

// requestPasswordRecovery serves auth.requestPasswordRecovery (R-SP-12).
func requestPasswordRecovery(c *call, _ *tg.AuthRequestPasswordRecovery) (*tg.AuthPasswordRecovery, error) {
	u, err := c.owner()
	switch {
	case err != nil:
		return nil, err
	case u.password == nil:
		return nil, refusal(400, "PASSWORD_EMPTY")
	case u.password.email == "":
		return nil, refusal(400, "PASSWORD_RECOVERY_NA")
	}
	u.access.recovery = c.mail(u.password.email)
	return &tg.AuthPasswordRecovery{EmailPattern: emailPattern(u.password.email)}, nil
}

// checkRecovery returns whose password a code stands for.
func (c *call) checkRecovery(code string) (*user, error) {
	u, err := c.owner()
	if err != nil {
		return nil, err
	}
	return u, u.access.recovery.check(c.world().now(), code, "PASSWORD_RECOVERY_EXPIRED")
}

// checkRecoveryPassword serves auth.checkRecoveryPassword (R-SP-12).
func checkRecoveryPassword(c *call, q *tg.AuthCheckRecoveryPassword) (boolean, error) {
	_, err := c.checkRecovery(q.Code)
	return err == nil, err
}

// recoverPassword serves auth.recoverPassword (R-SP-12): the password is
// replaced, or taken away without a new one.
func recoverPassword(c *call, q *tg.AuthRecoverPassword) (tg.AuthAuthorizationClass, error) {
	u, err := c.checkRecovery(q.Code)
	if err != nil {
		return nil, err
	}
	var set *password
	if next := q.NewSettings; next != nil && len(next.NewPasswordHash) > 0 {
		if set, err = c.passwordOf(u, next); err != nil {
			return nil, err
		}
	}
	u.access.recovery = mailed{}
	c.setPassword(u, set)
	if c.user != nil {
		return &tg.AuthAuthorization{User: c.world().userObject(u, u)}, nil
	}
	return c.signedIn(u), nil
}

// setPassword sets a password, or takes it away, and whatever was asked for
// because the one before was lost.
func (c *call) setPassword(u *user, set *password) {
	u.password = set
	a := &u.access
	a.next, a.resetAt, a.deleteAt = nil, 0, 0
}

// getPasswordSettings serves account.getPasswordSettings.
func getPasswordSettings(c *call, q *tg.AccountGetPasswordSettings) (*tg.AccountPasswordSettings, error) {
	if err := c.prove(c.user, q.Password); err != nil {
		return nil, err
	}
	out := &tg.AccountPasswordSettings{}
	if c.user.password != nil {
		out.Email = text(c.user.password.email)
	}
	return out, nil
}

// setEmail has a password wait until its e-mail address is confirmed: the
// error says how long the code is that was sent there (R-SP-12).
func (c *call) setEmail(set *password, address string) error {
	if !validEmail(address) {
		return refusal(400, "EMAIL_INVALID")
	}
	set.email = address
	c.user.access.next = &newPassword{set: set, mailed: c.mail(address)}
	return &mtproto.RPCError{Code: 400, Type: "EMAIL_UNCONFIRMED", Argument: emailCodeLength}
}

// awaited returns the password that waits for a code.
func (c *call) awaited() (*newPassword, error) {
	if c.user.access.next == nil {
		return nil, refusal(400, "EMAIL_HASH_EXPIRED")
	}
	return c.user.access.next, nil
}

// confirmPasswordEmail serves account.confirmPasswordEmail (R-SP-12).
func confirmPasswordEmail(c *call, q *tg.AccountConfirmPasswordEmail) (boolean, error) {
	next, err := c.awaited()
	if err != nil {
		return false, err
	}
	if err := next.mailed.check(c.world().now(), q.Code, "EMAIL_HASH_EXPIRED"); err != nil {
		return false, err
	}
	c.setPassword(c.user, next.set)
	return true, nil
}

func resendPasswordEmail(c *call, _ *tg.AccountResendPasswordEmail) (boolean, error) {
	next, err := c.awaited()
	if err != nil {
		return false, err
	}
	next.mailed = c.mail(next.set.email)
	return true, nil
}

func cancelPasswordEmail(c *call, _ *tg.AccountCancelPasswordEmail) (boolean, error) {
	if _, err := c.awaited(); err != nil {
		return false, err
	}
	c.user.access.next = nil
	return true, nil
}

// resetPassword serves account.resetPassword (R-SP-12): the password is taken
// away a week after that was asked for first.
func resetPassword(c *call, _ *tg.AccountResetPassword) (tg.AccountResetPasswordResultClass, error) {
	a := &c.user.access
	switch now := c.world().unix(); {
	case c.user.password == nil:
		return nil, refusal(400, "PASSWORD_EMPTY")
	case a.resetAt == 0 && now < a.retryAt:
		return &tg.AccountResetPasswordFailedWait{RetryDate: a.retryAt}, nil
	case a.resetAt == 0:
		a.resetAt = now + passwordResetAfter
		fallthrough
	case now < a.resetAt:
		return &tg.AccountResetPasswordRequestedWait{UntilDate: a.resetAt}, nil
	}
	c.setPassword(c.user, nil)
	return &tg.AccountResetPasswordOK{}, nil
}

func declinePasswordReset(c *call, _ *tg.AccountDeclinePasswordReset) (boolean, error) {
	a := &c.user.access
	if a.resetAt == 0 {
		return false, refusal(400, "RESET_REQUEST_MISSING")
	}
	a.resetAt, a.retryAt = 0, c.world().unix()+passwordRetryAfter
	return true, nil
}

// deleteAccount serves account.deleteAccount (R-SP-12). Who does not prove the
// password waits a week, so that the owner can object by signing in.
func deleteAccount(c *call, q *tg.AccountDeleteAccount) (boolean, error) {
	u, err := c.owner()
	if err != nil {
		return false, err
	}
	if q.Password != nil {
		if err := c.prove(u, q.Password); err != nil {
			return false, err
		}
	} else if u.password != nil {
		now := c.world().unix()
		if u.access.deleteAt == 0 {
			u.access.deleteAt = now + accountDeleteAfter
		}
		if wait := u.access.deleteAt - now; wait > 0 {
			return false, &mtproto.RPCError{Code: 420, Type: "2FA_CONFIRM_WAIT", Argument: int(wait)}
		}
	}
	c.remember(u)
	return true, nil
}

// remember makes an account one that has been: its number is free again, its
// devices are signed out, and what it wrote stays.
func (c *call) remember(u *user) {
	w := c.world()
	for k := range u.keys {
		w.signOut(k)
	}
	for _, k := range w.keys {
		if k.pending != nil && k.pending.user == u {
			w.signOut(k)
		}
	}
	w.setName(u.key(), u.username, "")
	delete(w.phones, u.phone)
	delete(w.logins.ways, u.phone)
	u.deleted, u.phone, u.username, u.first, u.last, u.about = true, "", "", "", "", ""
	u.password, u.access = nil, access{}
}
