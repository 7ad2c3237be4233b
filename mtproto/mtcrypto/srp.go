package mtcrypto

import (
	"crypto/pbkdf2"
	"crypto/sha512"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"math/big"

	"godwit/mtproto"
)

const (
	srpIterations = 100_000
	srpMinB       = 248 // bytes of srp_B (R-SP-08)
	srpDraws      = 16  // of a; any but a broken source of randomness needs one
)

// SRPParams are the fields of
// passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow
// (R-SP-01).
type SRPParams struct {
	Salt1, Salt2 []byte
	G            int
	P            []byte // big-endian
}

// SRPAnswer proves a password to the server that sent srpB: a and m1 are what
// inputCheckPasswordSRP wants (R-SP-03 to R-SP-08). A server whose params or
// srpB are not safe to use is a *mtproto.ViolationError. It takes some 100 ms.
func SRPAnswer(rand io.Reader, params SRPParams, srpB, password []byte) (a, m1 []byte, err error) {
	group, err := newSRPGroup(params)
	if err != nil {
		return nil, nil, err
	}
	gb := new(big.Int).SetBytes(srpB)
	if len(srpB) < srpMinB || len(srpB) > dhSize {
		return nil, nil, mtproto.Violation("R-SP-08", "srp_B of %d bytes", len(srpB))
	}
	if err := CheckDHPublic(group.p, gb); err != nil {
		return nil, nil, err
	}
	secret, ga, err := group.draw(rand)
	if err != nil {
		return nil, nil, err
	}
	x, err := params.passwordHash(password)
	if err != nil {
		return nil, nil, err
	}
	u := group.hash(ga, gb)
	// s = (g_b - k*v) ^ (a + u*x)
	base := group.power(x)
	base.Mul(base, group.k)
	base.Sub(gb, base).Mod(base, group.p)
	exponent := new(big.Int).Add(secret, x.Mul(x, u))
	s := base.Exp(base, exponent, group.p)
	return pad(ga), group.proof(params, ga, gb, s), nil
}

// SRPVerifier returns what a server keeps of a password: v, 256 bytes, which
// is also new_password_hash (R-SP-04, R-SP-11). It takes some 100 ms.
func SRPVerifier(params SRPParams, password []byte) ([]byte, error) {
	group, err := newSRPGroup(params)
	if err != nil {
		return nil, err
	}
	x, err := params.passwordHash(password)
	if err != nil {
		return nil, err
	}
	return pad(group.power(x)), nil
}

// An SRPServer checks one attempt to prove a password.
type SRPServer struct {
	params    SRPParams
	group     *srpGroup
	v, b, gb  *big.Int
	completed bool
}

// NewSRPServer draws the secret of one attempt (R-SP-09).
func NewSRPServer(rand io.Reader, params SRPParams, verifier []byte) (*SRPServer, error) {
	group, err := newSRPGroup(params)
	if err != nil {
		return nil, err
	}
	s := &SRPServer{params: params, group: group, v: new(big.Int).SetBytes(verifier)}
	kv := new(big.Int).Mul(group.k, s.v)
	for range srpDraws {
		var power *big.Int
		if s.b, power, err = group.draw(rand); err != nil {
			return nil, err
		}
		s.gb = power.Add(power, kv)
		s.gb.Mod(s.gb, group.p)
		if CheckDHPublic(group.p, s.gb) == nil {
			return s, nil
		}
	}
	return nil, errSRPRandom
}

// B returns srp_B, 256 bytes.
func (s *SRPServer) B() []byte { return pad(s.gb) }

// Check reports whether a and m1 prove the password. It does so once: every
// later call is false (R-SP-09).
func (s *SRPServer) Check(a, m1 []byte) bool {
	ga := new(big.Int).SetBytes(a)
	if s.completed || len(a) > dhSize || CheckDHPublic(s.group.p, ga) != nil {
		return false
	}
	s.completed = true
	// s = (g_a * v^u) ^ b
	u := s.group.hash(ga, s.gb)
	shared := u.Exp(s.v, u, s.group.p)
	shared.Mul(shared, ga).Mod(shared, s.group.p)
	shared.Exp(shared, s.b, s.group.p)
	return subtle.ConstantTimeCompare(s.group.proof(s.params, ga, s.gb, shared), m1) == 1
}

// An srpGroup holds the numbers that both sides of SRP derive from g and p.
type srpGroup struct{ p, g, k *big.Int }

func newSRPGroup(params SRPParams) (*srpGroup, error) {
	group := &srpGroup{p: new(big.Int).SetBytes(params.P), g: big.NewInt(int64(params.G))}
	if err := CheckDHPrime(group.p, params.G); err != nil { // R-SP-02
		return nil, err
	}
	group.k = group.hash(group.p, group.g)
	return group, nil
}

var errSRPRandom = errors.New("mtcrypto: SRP: the source of randomness gives no usable number")

// power returns g to the power of e.
func (g *srpGroup) power(e *big.Int) *big.Int { return GeneratorPower(int(g.g.Int64()), g.p, e) }

// draw returns a random exponent of 2048 bits and the public value that it
// gives, drawn anew if that is out of bounds (R-SP-08).
func (g *srpGroup) draw(rand io.Reader) (secret, public *big.Int, err error) {
	var raw [dhSize]byte
	for range srpDraws {
		if _, err := io.ReadFull(rand, raw[:]); err != nil {
			return nil, nil, fmt.Errorf("mtcrypto: SRP: %w", err)
		}
		secret = new(big.Int).SetBytes(raw[:])
		public = g.power(secret)
		if CheckDHPublic(g.p, public) == nil {
			return secret, public, nil
		}
	}
	return nil, nil, errSRPRandom
}

// hash is the SHA-256 of two numbers in their padded form.
func (g *srpGroup) hash(a, b *big.Int) *big.Int {
	sum := sum256(pad(a), pad(b))
	return new(big.Int).SetBytes(sum[:])
}

// proof is M1 of R-SP-06.
func (g *srpGroup) proof(params SRPParams, ga, gb, shared *big.Int) []byte {
	mix, hg := sum256(pad(g.p)), sum256(pad(g.g))
	for i := range mix {
		mix[i] ^= hg[i]
	}
	salt1, salt2 := sum256(params.Salt1), sum256(params.Salt2)
	key := sum256(pad(shared))
	m1 := sum256(mix[:], salt1[:], salt2[:], pad(ga), pad(gb), key[:])
	return m1[:]
}

// passwordHash is PH2 of R-SP-03.
func (params *SRPParams) passwordHash(password []byte) (*big.Int, error) {
	salted := func(data, salt []byte) []byte {
		sum := sum256(salt, data, salt)
		return sum[:]
	}
	ph1 := salted(salted(password, params.Salt1), params.Salt2)
	stretched, err := pbkdf2.Key(sha512.New, string(ph1), params.Salt1, srpIterations, sha512.Size)
	if err != nil {
		return nil, fmt.Errorf("mtcrypto: SRP: %w", err)
	}
	return new(big.Int).SetBytes(salted(stretched, params.Salt2)), nil
}

// pad returns n as 256 big-endian bytes, the form in which numbers are hashed
// and sent. n is below p.
func pad(n *big.Int) []byte { return n.FillBytes(make([]byte, dhSize)) }
