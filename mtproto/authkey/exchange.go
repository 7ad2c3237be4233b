package authkey

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"math/big"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
	"godwit/tl"
)

const (
	maxRetries = 5  // dh_gen_retry in one exchange
	maxDraws   = 16 // of an exponent; any but a broken source of randomness needs one
)

// errRandom wraps a failure of the source of randomness.
func errRandom(err error) error { return fmt.Errorf("authkey: randomness: %w", err) }

// nonces name an exchange (R-AK-09) and key its encrypted part.
type nonces struct {
	nonce, server tl.Int128
	new           tl.Int256
}

// check holds what a remote repeats against what was agreed.
func (n *nonces) check(rule string, nonce, server tl.Int128) error {
	if nonce != n.nonce || server != n.server {
		return mtproto.Violation(rule, "nonce or server_nonce differs")
	}
	return nil
}

// hash returns new_nonce_hash1, 2 or 3 for a key (R-AK-28).
func (n *nonces) hash(which byte, key *mtproto.AuthKey) tl.Int128 {
	return mtcrypto.NewNonceHash(&n.new, which, key.AuxHash())
}

// seal encrypts an object of steps 5 and 6: SHA-1, object, 0 to 15 random
// bytes, under the temporary key (R-AK-21, R-AK-24).
func (n *nonces) seal(rand io.Reader, object tl.Object) ([]byte, error) {
	return n.sealFor(NoFault, rand, object)
}

// sealFor is seal for a server that may have to make FaultHash.
func (n *nonces) sealFor(fault Fault, rand io.Reader, object tl.Object) ([]byte, error) {
	body, err := tl.Marshal(object)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(body)
	if fault == FaultHash {
		sum[0] ^= 1
	}
	data := append(sum[:], body...)
	padding := make([]byte, -len(data)&15)
	if _, err := io.ReadFull(rand, padding); err != nil {
		return nil, errRandom(err)
	}
	data = append(data, padding...)
	key, iv := mtcrypto.TempKeyIV(&n.new, &n.server)
	mtcrypto.EncryptIGE(data, data, &key, &iv)
	return data, nil
}

// open undoes seal. A failure is a violation of rule.
func (n *nonces) open(rule string, encrypted []byte, object tl.Object) error {
	if len(encrypted)%16 != 0 || len(encrypted) < sha1.Size {
		return mtproto.Violation(rule, "encrypted data of %d bytes", len(encrypted))
	}
	data := make([]byte, len(encrypted))
	key, iv := mtcrypto.TempKeyIV(&n.new, &n.server)
	mtcrypto.DecryptIGE(data, encrypted, &key, &iv)

	r := tl.NewReader(data[sha1.Size:])
	r.Object(object)
	if r.Err() != nil {
		return mtproto.Violation(rule, "encrypted data: %v", r.Err())
	}
	if r.Remaining() > 15 {
		return mtproto.Violation(rule, "padding of %d bytes", r.Remaining())
	}
	if sha1.Sum(data[sha1.Size:len(data)-r.Remaining()]) != [sha1.Size]byte(data) {
		return mtproto.Violation(rule, "SHA-1 of encrypted data differs")
	}
	return nil
}

// drawShare draws an exponent of 2048 bits and computes the public value that
// goes to the remote, anew if that value is out of bounds (R-AK-24, R-AK-33).
func drawShare(rand io.Reader, g int, p *big.Int) (secret, public *big.Int, err error) {
	var raw [mtproto.AuthKeySize]byte
	for range maxDraws {
		if _, err := io.ReadFull(rand, raw[:]); err != nil {
			return nil, nil, errRandom(err)
		}
		secret = new(big.Int).SetBytes(raw[:])
		public = mtcrypto.GeneratorPower(g, p, secret)
		if mtcrypto.CheckDHPublic(p, public) == nil {
			return secret, public, nil
		}
	}
	return nil, nil, errRandom(errors.New("no usable exponent"))
}

// sharedKey is step 7: the remote's public value to the power of our secret,
// as 256 bytes, leading zeros included (R-AK-26, R-IX-06).
func sharedKey(public, secret, p *big.Int) mtproto.AuthKey {
	var raw [mtproto.AuthKeySize]byte
	new(big.Int).Exp(public, secret, p).FillBytes(raw[:])
	return mtproto.NewAuthKey(raw)
}

// decode reads an object from the front of a message's body and ignores what
// follows it (R-AK-08). It returns the object's bytes.
func decode(body []byte, object tl.Object) ([]byte, error) {
	r := tl.NewReader(body)
	r.Object(object)
	if err := r.Err(); err != nil {
		return nil, mtproto.Violation("R-TL-05", "%v", err)
	}
	return body[:len(body)-r.Remaining()], nil
}
