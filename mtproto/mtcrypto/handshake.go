package mtcrypto

import (
	"encoding/binary"

	"godwit/mtproto"
	"godwit/tl"
)

// TempKeyIV returns the AES-256-IGE key and iv of the encrypted part of a key
// exchange. The nonces count whole, leading zeros too (R-AK-20, R-IX-06).
func TempKeyIV(newNonce *tl.Int256, serverNonce *tl.Int128) (key, iv [32]byte) {
	k1 := sum1(newNonce[:], serverNonce[:])
	k2 := sum1(serverNonce[:], newNonce[:])
	k3 := sum1(newNonce[:], newNonce[:])

	copy(key[0:20], k1[:])
	copy(key[20:32], k2[0:12])
	copy(iv[0:8], k2[12:20])
	copy(iv[8:28], k3[:])
	copy(iv[28:32], newNonce[0:4])
	return key, iv
}

// InitialSalt returns the first server salt of a new auth key (R-AK-34).
func InitialSalt(newNonce *tl.Int256, serverNonce *tl.Int128) mtproto.Salt {
	return mtproto.Salt(binary.LittleEndian.Uint64(newNonce[:]) ^ binary.LittleEndian.Uint64(serverNonce[:]))
}

// NewNonceHash returns new_nonce_hash1, 2 or 3, as n says, for the key with the
// given auth_key_aux_hash (R-AK-28).
func NewNonceHash(newNonce *tl.Int256, n byte, aux [8]byte) tl.Int128 {
	sum := sum1(newNonce[:], []byte{n}, aux[:])
	return tl.Int128(sum[4:20])
}
