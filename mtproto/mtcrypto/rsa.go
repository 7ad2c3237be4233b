package mtcrypto

import (
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"

	"godwit/tl"
)

const (
	rsaBits     = 2048
	rsaSize     = rsaBits / 8
	rsaExponent = 65537
)

// A PublicKey is the RSA key of a DC, 2048 bits.
type PublicKey struct {
	N *big.Int
	E int
}

// Fingerprint returns the 64-bit name of the key: the end of the SHA-1 of its
// numbers as bare TL strings (R-AK-12).
func (k PublicKey) Fingerprint() int64 {
	var b tl.Buffer
	b.ByteString(k.N.Bytes())
	b.ByteString(big.NewInt(int64(k.E)).Bytes())
	sum := sum1(b.Bytes())
	return int64(binary.LittleEndian.Uint64(sum[12:]))
}

// PEM returns the key as a PKCS#1 "RSA PUBLIC KEY" block.
func (k PublicKey) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: k.pkcs1()}))
}

func (k PublicKey) check() error {
	if k.N == nil || k.N.Sign() < 0 || k.N.BitLen() != rsaBits || k.N.Bit(0) == 0 || k.E < 3 || k.E%2 == 0 {
		return errors.New("mtcrypto: not an RSA key of 2048 bits")
	}
	return nil
}

// encrypt returns m^E mod N as 256 bytes.
func (k PublicKey) encrypt(m *big.Int) []byte {
	c := new(big.Int).Exp(m, big.NewInt(int64(k.E)), k.N)
	return c.FillBytes(make([]byte, rsaSize))
}

// ParsePublicKeys returns the RSA keys of all PEM blocks in text, which must
// be "RSA PUBLIC KEY" (PKCS#1) or "PUBLIC KEY" (PKIX) and hold keys of 2048
// bits. Text without any block is an error.
func ParsePublicKeys(text []byte) ([]PublicKey, error) {
	var keys []PublicKey
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		key, err := parseBlock(block)
		if err == nil {
			err = key.check()
		}
		if err != nil {
			return nil, fmt.Errorf("mtcrypto: key %d: %w", len(keys)+1, err)
		}
		keys, text = append(keys, key), rest
	}
	if len(keys) == 0 {
		return nil, errors.New("mtcrypto: no PEM block with a public key")
	}
	return keys, nil
}

func parseBlock(block *pem.Block) (PublicKey, error) {
	switch block.Type {
	case "RSA PUBLIC KEY":
		return parsePKCS1(block.Bytes)
	case "PUBLIC KEY":
		return parsePKIX(block.Bytes)
	}
	return PublicKey{}, fmt.Errorf("unexpected PEM block %q", block.Type)
}

// A PrivateKey is the RSA key of a DC with its secret part, for servers. It
// prints as [redacted].
type PrivateKey struct {
	public PublicKey
	p, q   *big.Int
	// The exponents modulo p-1 and q-1, and the inverse of q modulo p: to compute
	// modulo each of the primes takes a third of the time (RFC 8017, 3.2).
	dp, dq, inverse *big.Int
}

// newPrivateKey returns nil where the exponent of the public key does not suit
// the primes.
func newPrivateKey(p, q *big.Int) *PrivateKey {
	e, one := big.NewInt(rsaExponent), big.NewInt(1)
	k := &PrivateKey{public: PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent}, p: p, q: q, inverse: new(big.Int).ModInverse(q, p)}
	k.dp = new(big.Int).ModInverse(e, new(big.Int).Sub(p, one))
	k.dq = new(big.Int).ModInverse(e, new(big.Int).Sub(q, one))
	if k.dp == nil || k.dq == nil || k.inverse == nil {
		return nil
	}
	return k
}

// power returns c to the power of the secret exponent.
func (k *PrivateKey) power(c *big.Int) *big.Int {
	m := new(big.Int).Exp(c, k.dp, k.p)
	n := new(big.Int).Exp(c, k.dq, k.q)
	m.Sub(m, n).Mul(m, k.inverse).Mod(m, k.p)
	return n.Add(n, m.Mul(m, k.q))
}

// Public returns the public part.
func (k *PrivateKey) Public() PublicKey { return k.public }

// String returns [redacted].
func (k PrivateKey) String() string { return "[redacted]" }

// GoString returns [redacted].
func (k PrivateKey) GoString() string { return "[redacted]" }

// GeneratePrivateKey makes a key of 2048 bits with the exponent 65537. Its
// fingerprint has 16 hex digits without a leading zero, since there are
// clients that would not find it otherwise. It takes about half a second.
func GeneratePrivateKey(rand io.Reader) (*PrivateKey, error) {
	for {
		p, err := randomPrime(rand)
		if err != nil {
			return nil, err
		}
		q, err := randomPrime(rand)
		if err != nil {
			return nil, err
		}
		k := newPrivateKey(p, q)
		if k == nil || k.public.check() != nil || uint64(k.public.Fingerprint())>>60 == 0 {
			continue
		}
		return k, nil
	}
}

// randomPrime returns a prime of 1024 bits, the two highest of which are set,
// so that the product of two has 2048.
func randomPrime(rand io.Reader) (*big.Int, error) {
	raw := make([]byte, rsaSize/2)
	for {
		if _, err := io.ReadFull(rand, raw); err != nil {
			return nil, fmt.Errorf("mtcrypto: RSA key: %w", err)
		}
		raw[0] |= 0xc0
		raw[len(raw)-1] |= 1
		if p := new(big.Int).SetBytes(raw); p.ProbablyPrime(primeRounds) {
			return p, nil
		}
	}
}
