package mtcrypto

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// EncryptIGE encrypts src into dst with AES-256-IGE: c[i] = E(p[i] ^ c[i-1]) ^
// p[i-1], where the two halves of iv stand for c[-1] and p[-1] (R-EM-05).
//
// dst may be src itself, but must not overlap it otherwise. EncryptIGE panics
// if the length of src is no multiple of 16 or dst is shorter. Its one
// allocation is the key schedule.
func EncryptIGE(dst, src []byte, key, iv *[32]byte) {
	encryptIGE(newAES(key), dst, src, iv)
}

// DecryptIGE undoes EncryptIGE, under the same conditions.
func DecryptIGE(dst, src []byte, key, iv *[32]byte) {
	decryptIGE(newAES(key), dst, src, iv)
}

func newAES(key *[32]byte) cipher.Block {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the size of the key is right by its type
	}
	return block
}

func encryptIGE(block cipher.Block, dst, src []byte, iv *[32]byte) {
	checkIGE(dst, src)
	c0, c1 := load(iv[:16])
	p0, p1 := load(iv[16:])
	for len(src) >= aes.BlockSize {
		n0, n1 := load(src)
		store(dst, n0^c0, n1^c1)
		block.Encrypt(dst[:aes.BlockSize], dst[:aes.BlockSize])
		c0, c1 = load(dst)
		c0, c1 = c0^p0, c1^p1
		store(dst, c0, c1)
		p0, p1 = n0, n1
		dst, src = dst[aes.BlockSize:], src[aes.BlockSize:]
	}
}

func decryptIGE(block cipher.Block, dst, src []byte, iv *[32]byte) {
	checkIGE(dst, src)
	c0, c1 := load(iv[:16])
	p0, p1 := load(iv[16:])
	for len(src) >= aes.BlockSize {
		n0, n1 := load(src)
		store(dst, n0^p0, n1^p1)
		block.Decrypt(dst[:aes.BlockSize], dst[:aes.BlockSize])
		p0, p1 = load(dst)
		p0, p1 = p0^c0, p1^c1
		store(dst, p0, p1)
		c0, c1 = n0, n1
		dst, src = dst[aes.BlockSize:], src[aes.BlockSize:]
	}
}

func checkIGE(dst, src []byte) {
	if len(src)%aes.BlockSize != 0 {
		panic("mtcrypto: input of AES-IGE is no multiple of 16 bytes")
	}
	if len(dst) < len(src) {
		panic("mtcrypto: output of AES-IGE is shorter than its input")
	}
}

func load(p []byte) (lo, hi uint64) {
	_ = p[15]
	return binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:])
}

func store(p []byte, lo, hi uint64) {
	_ = p[15]
	binary.LittleEndian.PutUint64(p, lo)
	binary.LittleEndian.PutUint64(p[8:], hi)
}
