package telegram

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"godwit/mtproto/mtcrypto"
	"godwit/tg"
)

// ErrUnknownPasswordKind says that the account's password is kept in a way
// that this version does not know (R-SP-01).
var ErrUnknownPasswordKind = errors.New("telegram: the 2FA password is of a kind that needs a newer version")

// password asks for the 2FA password until it is right (R-SP-07, R-SP-10).
func (s *signIn) password(ctx context.Context) (*tg.AuthAuthorization, error) {
	var problem error
	for attempt := 1; ; attempt++ {
		current, err := tg.Call(ctx, s.c, &tg.AccountGetPassword{})
		if err != nil {
			return nil, err
		}
		password, err := s.ask.Password(ctx, PasswordPrompt{
			Hint: current.Hint.Value, Attempt: attempt, Problem: problem,
		})
		if err != nil {
			return nil, err
		}
		answer, err := s.c.checkPassword(ctx, current, password)
		switch {
		case err == nil:
			return authorized(answer)
		case !errors.Is(err, tg.ErrPasswordHashInvalid):
			return nil, err
		}
		problem = err
	}
}

// checkPassword proves a password to Telegram. Parameters that have changed
// meanwhile are fetched anew, without asking for the password again (R-SP-10).
func (c *Client) checkPassword(
	ctx context.Context, current *tg.AccountPassword, password string,
) (tg.AuthAuthorizationClass, error) {
	for range maxRestarts {
		proof, err := passwordProof(current, password)
		if err != nil {
			return nil, err
		}
		answer, err := tg.Call(ctx, c, &tg.AuthCheckPassword{Password: proof})
		if !errors.Is(err, tg.ErrSRPIDInvalid) && !errors.Is(err, tg.ErrSRPPasswordChanged) {
			return answer, err
		}
		if current, err = tg.Call(ctx, c, &tg.AccountGetPassword{}); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the parameters of the password change all the time: %w", tg.ErrSRPIDInvalid)
}

// passwordProof proves a password without telling it (R-SP-01 to R-SP-08).
func passwordProof(current *tg.AccountPassword, password string) (tg.InputCheckPasswordSRPClass, error) {
	if !current.HasPassword {
		return &tg.InputCheckPasswordEmpty{}, nil
	}
	kind, ok := current.CurrentAlgo.(*tg.PasswordKDFAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow)
	if !ok {
		return nil, ErrUnknownPasswordKind
	}
	params := mtcrypto.SRPParams{Salt1: kind.Salt1, Salt2: kind.Salt2, G: int(kind.G), P: kind.P}
	a, m1, err := mtcrypto.SRPAnswer(rand.Reader, params, current.SRPB, []byte(password))
	if err != nil {
		return nil, err
	}
	return &tg.InputCheckPasswordSRP{SRPID: current.SRPID.Value, A: a, M1: m1}, nil
}
