package mtcrypto

import (
	"crypto/sha1"
	"crypto/sha256"

	"godwit/mtproto"
)

// MessageKey returns the msg_key of a message that the side from sends, given
// the whole plaintext with its padding. large is the hash whose middle msg_key
// is: its first four bytes make the quick-ack token (R-EM-03, R-TR-21).
func MessageKey(k *mtproto.AuthKey, from mtproto.Side, plaintext []byte) (msgKey [16]byte, large [32]byte) {
	x := 88 + from.KDFOffset()
	h := sha256.New()
	h.Write(k.Bytes()[x : x+32])
	h.Write(plaintext)
	h.Sum(large[:0])
	return [16]byte(large[8:24]), large
}

// DeriveKeys returns the AES-256-IGE key and iv of the message with the given
// msg_key that the side from sends (R-EM-04).
func DeriveKeys(k *mtproto.AuthKey, from mtproto.Side, msgKey *[16]byte) (key, iv [32]byte) {
	secret, x := k.Bytes(), from.KDFOffset()
	var in [52]byte
	copy(in[:16], msgKey[:])
	copy(in[16:], secret[x:x+36])
	a := sha256.Sum256(in[:])
	copy(in[:36], secret[40+x:])
	copy(in[36:], msgKey[:])
	b := sha256.Sum256(in[:])

	copy(key[0:8], a[0:8])
	copy(key[8:24], b[8:24])
	copy(key[24:32], a[24:32])
	copy(iv[0:8], b[0:8])
	copy(iv[8:24], a[8:24])
	copy(iv[24:32], b[24:32])
	return key, iv
}

// MessageKeyV1 returns the msg_key that MTProto 1.0 gives a plaintext without
// its padding. MTProto 2.0 uses it for binding temporary keys only (R-EM-50,
// R-PF-05).
func MessageKeyV1(plaintext []byte) [16]byte {
	sum := sha1.Sum(plaintext)
	return [16]byte(sum[4:20])
}

// DeriveKeysV1 returns the AES-256-IGE key and iv that MTProto 1.0 gives the
// message with the given msg_key that the side from sends (R-EM-50).
func DeriveKeysV1(k *mtproto.AuthKey, from mtproto.Side, msgKey *[16]byte) (key, iv [32]byte) {
	secret := k.Bytes()[from.KDFOffset():]
	a := sum1(msgKey[:], secret[:32])
	b := sum1(secret[32:48], msgKey[:], secret[48:64])
	c := sum1(secret[64:96], msgKey[:])
	d := sum1(msgKey[:], secret[96:128])

	copy(key[0:8], a[0:8])
	copy(key[8:20], b[8:20])
	copy(key[20:32], c[4:16])
	copy(iv[0:12], a[8:20])
	copy(iv[12:20], b[0:8])
	copy(iv[20:24], c[16:20])
	copy(iv[24:32], d[0:8])
	return key, iv
}

// sum1 is the SHA-1 of its arguments, one after the other.
func sum1(parts ...[]byte) (sum [sha1.Size]byte) {
	h := sha1.New()
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(sum[:0])
	return sum
}

// sum256 is the SHA-256 of its arguments, one after the other.
func sum256(parts ...[]byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(sum[:0])
	return sum
}
