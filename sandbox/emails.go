package sandbox

import (
	"fmt"
	"strings"
	"time"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	registerFree(sendVerifyEmailCode)
	registerFree(verifyEmail)
	registerFree(resetLoginEmail)
}

// emailCodeLength is how many digits codes have that are sent by e-mail.
const emailCodeLength = 6

// access is how an account is signed in to, beside its password.
type access struct {
	email        string        // login e-mail; "" without
	emailReset   time.Duration // how long giving it up takes
	emailResetAt int32         // 0: not asked for
	change       mailed        // to another login e-mail

	recovery mailed       // stands for the password
	next     *newPassword // waits for its e-mail address to be confirmed
	resetAt  int32        // when the password is taken away; 0: not asked for
	retryAt  int32        // when that may be asked for again
	deleteAt int32        // when the account may be deleted without the password
	ttlDays  int32        // after which unused devices are signed out; 0: the default
}

// A mailed code is on its way to an address.
type mailed struct {
	address, code string
	expires       time.Time
}

// mail sends a code to an address.
func (c *call) mail(address string) mailed {
	w := c.world()
	m := mailed{address: address, code: w.digits(), expires: w.now().Add(c.dc.options.CodeTTL)}
	c.handOut(CodeByEmail, address, m.code)
	return m
}

// check tells whether a code is the one that was sent; expired is what is said
// of one that is too old.
func (m *mailed) check(now time.Time, code, expired string) error {
	switch {
	case m.address == "", !now.Before(m.expires):
		return refusal(400, expired)
	case strings.TrimSpace(code) == "":
		return refusal(400, "CODE_EMPTY")
	case strings.TrimSpace(code) != m.code:
		return refusal(400, "CODE_INVALID")
	}
	return nil
}

// SetLoginEmail gives an account a login e-mail, to which its codes are sent,
// or takes it away if it is empty. Giving it up from outside takes resetAfter.
func (sb *Sandbox) SetLoginEmail(phone, address string, resetAfter time.Duration) error {
	if address != "" && !validEmail(address) {
		return fmt.Errorf("sandbox: %q is no e-mail address", address)
	}
	w := sb.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.phones[cleanPhone(phone)]
	if u == nil {
		return fmt.Errorf("sandbox: nobody has the phone number %s", phone)
	}
	u.access.email, u.access.emailReset, u.access.emailResetAt = address, resetAfter, 0
	return nil
}

// validEmail tells whether s looks like an address.
func validEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(s, " \t\r\n<>") &&
		!strings.Contains(domain, "@") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".")
}

// blockedDomain is refused, as Telegram refuses some.
const blockedDomain = "@blocked.example"

// checkEmail refuses an address that cannot be used.
func checkEmail(address string) error {
	switch {
	case !validEmail(address):
		return refusal(400, "EMAIL_INVALID")
	case strings.HasSuffix(address, blockedDomain):
		return refusal(400, "EMAIL_NOT_ALLOWED")
	}
	return nil
}

// emailPattern hides most of an address.
func emailPattern(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	return local[:1] + strings.Repeat("*", max(1, len(local)-2)) + local[len(local)-1:] + "@" + domain
}

// emailCodeType describes a code that goes to the login e-mail (R-LG-08).
func (c *call) emailCodeType(u *user) tg.AuthSentCodeTypeClass {
	out := &tg.AuthSentCodeTypeEmailCode{EmailPattern: emailPattern(u.access.email), Length: emailCodeLength}
	if u.access.emailResetAt != 0 {
		out.ResetPendingDate = tl.Some(u.access.emailResetAt)
	} else {
		out.ResetAvailablePeriod = tl.Some(int32(u.access.emailReset / time.Second))
	}
	return out
}

// sendVerifyEmailCode serves account.sendVerifyEmailCode (R-LG-08).
func sendVerifyEmailCode(c *call, q *tg.AccountSendVerifyEmailCode) (*tg.AccountSentEmailCode, error) {
	place, err := c.verified(q.Purpose)
	if err != nil {
		return nil, err
	}
	if err := checkEmail(q.Email); err != nil {
		return nil, err
	}
	*place.mailed = c.mail(q.Email)
	return &tg.AccountSentEmailCode{EmailPattern: emailPattern(q.Email), Length: emailCodeLength}, nil
}

// A verification is what an address is verified for.
type verification struct {
	mailed *mailed
	sent   *code // nil unless it is to sign in
	phone  string
}

// verified finds what an address is verified for.
func (c *call) verified(purpose tg.EmailVerifyPurposeClass) (*verification, error) {
	switch purpose := purpose.(type) {
	case *tg.EmailVerifyPurposeLoginSetup:
		phone, sent, err := c.pendingCode(purpose.PhoneNumber, purpose.PhoneCodeHash)
		switch {
		case err != nil:
			return nil, err
		case sent.way != CodeNeedsEmail:
			return nil, refusal(400, "EMAIL_NOT_ALLOWED")
		}
		return &verification{mailed: &sent.setup, sent: sent, phone: phone}, nil
	case *tg.EmailVerifyPurposeLoginChange:
		switch {
		case c.user == nil:
			return nil, errUnregistered
		case c.user.access.email == "":
			return nil, refusal(400, "EMAIL_NOT_SETUP")
		}
		return &verification{mailed: &c.user.access.change}, nil
	}
	return nil, refusal(400, "EMAIL_NOT_ALLOWED")
}

// verifyEmail serves account.verifyEmail (R-LG-08).
func verifyEmail(c *call, q *tg.AccountVerifyEmail) (tg.AccountEmailVerifiedClass, error) {
	place, err := c.verified(q.Purpose)
	if err != nil {
		return nil, err
	}
	proof, ok := q.Verification.(*tg.EmailVerificationCode)
	if !ok {
		return nil, refusal(400, "EMAIL_TOKEN_INVALID")
	}
	if err := place.mailed.check(c.world().now(), proof.Code, "EMAIL_VERIFY_EXPIRED"); err != nil {
		return nil, err
	}
	address := place.mailed.address
	*place.mailed = mailed{}
	if place.sent == nil {
		c.user.access.email, c.user.access.emailResetAt = address, 0
		return &tg.AccountEmailVerified{Email: address}, nil
	}
	rest := place.sent.rest
	if len(rest) == 0 {
		rest = []CodeWay{CodeBySMS}
	}
	return &tg.AccountEmailVerifiedLogin{Email: address, SentCode: c.send(place.phone, rest, address)}, nil
}

// resetLoginEmail serves auth.resetLoginEmail (R-LG-08).
func resetLoginEmail(c *call, q *tg.AuthResetLoginEmail) (tg.AuthSentCodeClass, error) {
	phone, sent, err := c.pendingCode(q.PhoneNumber, q.PhoneCodeHash)
	if err != nil {
		return nil, err
	}
	w := c.world()
	u := w.phones[phone]
	if u == nil || u.access.email == "" || sent.way != CodeByEmail {
		return nil, refusal(400, "EMAIL_INSTALL_MISSING")
	}
	a := &u.access
	switch now := w.unix(); {
	case a.emailResetAt == 0 && a.emailReset > 0:
		a.emailResetAt = now + int32(a.emailReset/time.Second)
		return c.send(phone, []CodeWay{CodeByEmail}, ""), nil
	case a.emailResetAt > now:
		return nil, refusal(400, "TASK_ALREADY_EXISTS")
	}
	a.email, a.emailResetAt = "", 0
	delete(w.logins.ways, phone)
	return c.send(phone, w.codeWays(phone), ""), nil
}
