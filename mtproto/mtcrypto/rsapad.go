package mtcrypto

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
)

// MaxPadded is how many bytes EncryptPadded can take (R-AK-14).
const MaxPadded = 144

const (
	paddedSize = 192
	maxDraws   = 128 // of a temporary key; each fits with a chance of one half at least
)

// ErrDecryption says that what came encrypted was not made for this key.
var ErrDecryption = errors.New("mtcrypto: RSA decryption failed")

var zeroIV [32]byte

// EncryptPadded encrypts up to MaxPadded bytes as RSA_PAD says (R-AK-16); the
// result has 256 bytes. Random padding of data is drawn first, then temporary
// keys of 32 bytes until one fits the modulus.
func EncryptPadded(rand io.Reader, pub *PublicKey, data []byte) ([]byte, error) {
	if err := pub.check(); err != nil {
		return nil, err
	}
	if len(data) > MaxPadded {
		return nil, fmt.Errorf("mtcrypto: RSA_PAD of %d bytes, over %d", len(data), MaxPadded)
	}
	padded := make([]byte, paddedSize)
	if _, err := io.ReadFull(rand, padded[copy(padded, data):]); err != nil {
		return nil, fmt.Errorf("mtcrypto: RSA_PAD: %w", err)
	}
	reversed := slices.Clone(padded)
	slices.Reverse(reversed)

	for range maxDraws {
		var temp [32]byte
		if _, err := io.ReadFull(rand, temp[:]); err != nil {
			return nil, fmt.Errorf("mtcrypto: RSA_PAD: %w", err)
		}
		block := padBlock(temp, padded, reversed)
		if x := new(big.Int).SetBytes(block); x.Cmp(pub.N) < 0 {
			return pub.encrypt(x), nil
		}
	}
	return nil, errors.New("mtcrypto: RSA_PAD: the source of randomness repeats itself")
}

// padBlock does steps 4 to 6 of R-AK-16: it returns the 256 bytes that RSA is
// applied to.
func padBlock(temp [32]byte, padded, reversed []byte) []byte {
	block := make([]byte, rsaSize)
	body := block[32:]
	hash := sum256(temp[:], padded)
	copy(body[copy(body, reversed):], hash[:])
	EncryptIGE(body, body, &temp, &zeroIV)
	mask := sum256(body)
	for i := range temp {
		block[i] = temp[i] ^ mask[i]
	}
	return block
}

// DecryptPadded undoes EncryptPadded. The result has 192 bytes: the data and a
// random tail. The error is ErrDecryption (R-AK-17).
func DecryptPadded(priv *PrivateKey, encrypted []byte) ([]byte, error) {
	block, err := priv.decrypt(encrypted)
	if err != nil {
		return nil, err
	}
	body := block[32:]
	temp := sum256(body)
	for i := range temp {
		temp[i] ^= block[i]
	}
	DecryptIGE(body, body, &temp, &zeroIV)
	data, hash := body[:paddedSize:paddedSize], body[paddedSize:]
	slices.Reverse(data)
	if sum256(temp[:], data) != [32]byte(hash) {
		return nil, ErrDecryption
	}
	return data, nil
}

// DecryptLegacy decrypts what older clients send in the place of RSA_PAD: the
// SHA-1 of the data, the data and a random tail, 255 bytes in all. Where the
// data end only their reader can tell, who then has to compare sum. The error
// is ErrDecryption (R-AK-18).
func DecryptLegacy(priv *PrivateKey, encrypted []byte) (sum [sha1.Size]byte, data []byte, err error) {
	block, err := priv.decrypt(encrypted)
	if err != nil {
		return sum, nil, err
	}
	if block[0] != 0 {
		return sum, nil, ErrDecryption
	}
	return [sha1.Size]byte(block[1:]), block[1+sha1.Size:], nil
}

// decrypt is plain RSA: the 256 bytes of encrypted^d mod n.
func (k *PrivateKey) decrypt(encrypted []byte) ([]byte, error) {
	c := new(big.Int).SetBytes(encrypted)
	if len(encrypted) != rsaSize || c.Cmp(k.public.N) >= 0 {
		return nil, ErrDecryption
	}
	return k.power(c).FillBytes(make([]byte, rsaSize)), nil
}
