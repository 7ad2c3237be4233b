package sandbox

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"

	"godwit/mtproto/mtcrypto"
	"godwit/tg"
	"godwit/tl"
)

func init() {
	registerFree(getPassword)
	registerFree(checkPassword)
	register(updatePasswordSettings)
}

// srpG is the generator used with Telegram's prime (CLIENTS: some clients
// accept no other).
const srpG = 3

// Sizes of what a new password is made with (R-SP-11).
const (
	saltSize       = 8  // that the server gives as salt1
	clientSaltSize = 32 // that the client appends
	verifierSize   = 256
)

var (
	errPasswordWrong = refusal(400, "PASSWORD_HASH_INVALID")
	errSRPID         = refusal(400, "SRP_ID_INVALID")
)

// algo returns the parameters under which u sets a new password.
func (w *world) algo(u *user) mtcrypto.SRPParams {
	h := hmac.New(sha256.New, w.secret[:])
	h.Write([]byte(u.phone))
	sum := h.Sum(nil)
	return mtcrypto.SRPParams{
		Salt1: sum[:saltSize], Salt2: sum[saltSize : 3*saltSize],
		G: srpG, P: mtcrypto.DHPrime().Bytes(),
	}
}

func algoObject(p mtcrypto.SRPParams) tg.PasswordKDFAlgoClass {
	return &tg.PasswordKDFAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow{
		Salt1: p.Salt1, Salt2: p.Salt2, G: int32(p.G), P: p.P,
	}
}

// owner returns whose password a caller deals with: the account that it is
// signed in to, or the one to which it has to give the password.
func (c *call) owner() (*user, error) {
	switch {
	case c.user != nil:
		return c.user, nil
	case c.key.pending != nil:
		return c.key.pending.user, nil
	case c.key.ended != nil:
		return nil, c.key.ended
	}
	return nil, errUnregistered
}

// getPassword serves account.getPassword (R-SP-01).
func getPassword(c *call, _ *tg.AccountGetPassword) (*tg.AccountPassword, error) {
	u, err := c.owner()
	if err != nil {
		return nil, err
	}
	w := c.world()
	out := &tg.AccountPassword{
		NewAlgo:       algoObject(w.algo(u)),
		NewSecureAlgo: &tg.SecurePasswordKDFAlgoUnknown{},
		SecureRandom:  make([]byte, 256),
	}
	w.random(out.SecureRandom)
	if u.access.email != "" {
		out.LoginEmailPattern = text(emailPattern(u.access.email))
	}
	if next := u.access.next; next != nil {
		out.EmailUnconfirmedPattern = text(emailPattern(next.set.email))
	}
	if u.password == nil {
		return out, nil
	}
	server, err := mtcrypto.NewSRPServer(w.rand, u.password.params, u.password.verifier)
	if err != nil {
		return nil, err
	}
	c.key.srp = &srpChallenge{id: w.randomID(), server: server}
	out.HasPassword = true
	out.CurrentAlgo = algoObject(u.password.params)
	out.SRPB = server.B()
	out.SRPID = tl.Some(c.key.srp.id)
	out.Hint = text(u.password.hint)
	out.HasRecovery = u.password.email != ""
	if u.access.resetAt != 0 {
		out.PendingResetDate = tl.Some(u.access.resetAt)
	}
	return out, nil
}

// checkPassword serves auth.checkPassword (R-SP-07 to R-SP-10).
func checkPassword(c *call, q *tg.AuthCheckPassword) (tg.AuthAuthorizationClass, error) {
	u, err := c.owner()
	if err != nil {
		return nil, err
	}
	if err := c.prove(u, q.Password); err != nil {
		return nil, err
	}
	if c.user != nil {
		return &tg.AuthAuthorization{User: c.world().userObject(u, u)}, nil
	}
	return c.signedIn(u), nil
}

// prove checks the password of u. Each challenge is good for one try
// (R-SP-09).
func (c *call) prove(u *user, in tg.InputCheckPasswordSRPClass) error {
	if u.password == nil {
		return nil
	}
	proof, ok := in.(*tg.InputCheckPasswordSRP)
	if !ok {
		return errPasswordWrong
	}
	challenge := c.key.srp
	c.key.srp = nil
	if challenge == nil || challenge.id != proof.SRPID {
		return errSRPID
	}
	if !challenge.server.Check(proof.A, proof.M1) {
		return errPasswordWrong
	}
	return nil
}

// updatePasswordSettings serves account.updatePasswordSettings (R-SP-11).
func updatePasswordSettings(c *call, q *tg.AccountUpdatePasswordSettings) (boolean, error) {
	if err := c.prove(c.user, q.Password); err != nil {
		return false, err
	}
	next := &q.NewSettings
	set := c.user.password
	switch {
	case next.NewAlgo == nil && !next.Email.Set, next.NewAlgo == nil && set == nil:
		return false, refusal(400, "NEW_SETTINGS_EMPTY")
	case next.NewAlgo != nil && len(next.NewPasswordHash) == 0:
		c.setPassword(c.user, nil)
		return true, nil
	case next.NewAlgo != nil:
		made, err := c.passwordOf(c.user, next)
		if err != nil {
			return false, err
		}
		if set != nil {
			made.email = set.email
		}
		set = made
	}
	changed := *set
	if address := next.Email.Or(""); address != "" {
		return false, c.setEmail(&changed, address)
	}
	if next.Email.Set {
		changed.email = ""
	}
	c.setPassword(c.user, &changed)
	return true, nil
}

// passwordOf returns the password that settings describe.
func (c *call) passwordOf(u *user, next *tg.AccountPasswordInputSettings) (*password, error) {
	algo, ok := next.NewAlgo.(*tg.PasswordKDFAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow)
	if !ok {
		return nil, refusal(400, "NEW_SETTINGS_INVALID")
	}
	want := c.world().algo(u)
	switch {
	case !bytes.HasPrefix(algo.Salt1, want.Salt1), len(algo.Salt1) != saltSize+clientSaltSize, !bytes.Equal(algo.Salt2, want.Salt2):
		return nil, refusal(400, "NEW_SALT_INVALID")
	case int(algo.G) != want.G, !bytes.Equal(algo.P, want.P), len(next.NewPasswordHash) != verifierSize:
		return nil, refusal(400, "NEW_SETTINGS_INVALID")
	}
	want.Salt1 = algo.Salt1
	return &password{params: want, verifier: next.NewPasswordHash, hint: next.Hint.Or("")}, nil
}
