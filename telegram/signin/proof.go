package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"godwit/mtproto/mtcrypto"
	"godwit/tg"
	"godwit/tl"
)

// ErrUnknownPasswordKind says that the account's password is kept in a way
// that this version does not know (R-SP-01).
var ErrUnknownPasswordKind = errors.New("signin: the 2FA password is of a kind that needs a newer version")

// WithProof proves a password within a request. do makes the request; it is
// called again with a new proof where Telegram's half of the proof has been
// used up or the password has been changed meanwhile (R-SP-10). An account
// without a password takes any.
func WithProof(
	ctx context.Context, inv tg.Invoker, rand io.Reader, password string,
	do func(tg.InputCheckPasswordSRPClass) error,
) error {
	for range maxRestarts {
		current, err := tg.Call(ctx, inv, &tg.AccountGetPassword{})
		if err != nil {
			return err
		}
		proof, err := Proof(rand, current, password)
		if err != nil {
			return err
		}
		err = do(proof)
		if !errors.Is(err, tg.ErrSRPIDInvalid) && !errors.Is(err, tg.ErrSRPPasswordChanged) {
			return err
		}
	}
	return fmt.Errorf("signin: the parameters of the password change all the time: %w", tg.ErrSRPIDInvalid)
}

// Proof proves a password without telling it, by what account.getPassword has
// just returned (R-SP-01 to R-SP-08). It takes some 100 ms.
func Proof(rand io.Reader, current *tg.AccountPassword, password string) (tg.InputCheckPasswordSRPClass, error) {
	if !current.HasPassword {
		return &tg.InputCheckPasswordEmpty{}, nil
	}
	kind, ok := current.CurrentAlgo.(*tg.PasswordKDFAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow)
	if !ok {
		return nil, ErrUnknownPasswordKind
	}
	params := mtcrypto.SRPParams{Salt1: kind.Salt1, Salt2: kind.Salt2, G: int(kind.G), P: kind.P}
	a, m1, err := mtcrypto.SRPAnswer(rand, params, current.SRPB, []byte(password))
	if err != nil {
		return nil, err
	}
	return &tg.InputCheckPasswordSRP{SRPID: current.SRPID.Value, A: a, M1: m1}, nil
}

// clientSaltSize is how many random bytes a client adds to salt1 (R-SP-11).
const clientSaltSize = 32

// NewSettings returns the settings of a new password, by what
// account.getPassword has returned; those of none where it is empty (R-SP-11).
// It takes some 100 ms.
func NewSettings(
	rand io.Reader, current *tg.AccountPassword, password, hint string,
) (*tg.AccountPasswordInputSettings, error) {
	if password == "" {
		return &tg.AccountPasswordInputSettings{
			NewAlgo: &tg.PasswordKDFAlgoUnknown{}, NewPasswordHash: []byte{}, Hint: tl.Some(""),
		}, nil
	}
	kind, ok := current.NewAlgo.(*tg.PasswordKDFAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow)
	if !ok {
		return nil, ErrUnknownPasswordKind
	}
	salt := make([]byte, clientSaltSize)
	if _, err := io.ReadFull(rand, salt); err != nil {
		return nil, err
	}
	algo := *kind
	algo.Salt1 = slices.Concat(kind.Salt1, salt)
	params := mtcrypto.SRPParams{Salt1: algo.Salt1, Salt2: algo.Salt2, G: int(algo.G), P: algo.P}
	hash, err := mtcrypto.SRPVerifier(params, []byte(password))
	if err != nil {
		return nil, err
	}
	return &tg.AccountPasswordInputSettings{NewAlgo: &algo, NewPasswordHash: hash, Hint: tl.Some(hint)}, nil
}
