package filestore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/scrypt"
)

// The encrypted file, version 1:
//
//	magic "godwitcr" 8 | version 1 | kdf 1 | log2(N) 1 | r 1 | p 1 | salt 16 | nonce 32 | length 4, little-endian |
//	    AES-256-GCM of length bytes, and its tag 16
//
// The master key is the key file, or scrypt(passphrase, salt). Every writing
// draws a nonce and encrypts with HKDF-SHA256(master, nonce), a key that is
// used once; the GCM nonce is therefore 0. Everything before the ciphertext is
// authenticated with it.
const (
	sealMagic   = "godwitcr"
	sealVersion = 1
	sealInfo    = "godwit credentials 1"

	kdfNone   = 0 // the key is random
	kdfScrypt = 1

	saltAt     = len(sealMagic) + 5
	nonceAt    = saltAt + 16
	lengthAt   = nonceAt + 32
	headerSize = lengthAt + 4
	tagSize    = 16
)

// The cost of scrypt: 32 MiB and some 0.1 s, once per opening.
const (
	scryptLogN = 15
	scryptR    = 8
	scryptP    = 1

	maxScryptLogN   = 20 // what a file may ask of us
	maxScryptP      = 4
	maxScryptMemory = 256 << 20
)

// A sealer encrypts what is written to one file.
type sealer struct {
	master []byte
	head   [nonceAt]byte // all of the header that stays the same
}

// newSealer returns a sealer for a new file.
func newSealer(key Key) (*sealer, error) {
	s := new(sealer)
	copy(s.head[:], sealMagic)
	params := s.head[len(sealMagic):saltAt]
	params[0] = sealVersion
	if key.raw == nil {
		copy(params[1:], []byte{kdfScrypt, scryptLogN, scryptR, scryptP})
		rand.Read(s.head[saltAt:])
	}
	return s, s.derive(key)
}

// derive makes the master key as the header says.
func (s *sealer) derive(key Key) error {
	params := s.head[len(sealMagic):saltAt]
	if params[0] != sealVersion {
		return fmt.Errorf("%w: version %d is not known", ErrNotCredentials, params[0])
	}
	logN, r, p := params[2], int(params[3]), int(params[4])
	switch {
	case params[1] == kdfNone && key.raw != nil:
		s.master = key.raw
		return nil
	case params[1] == kdfScrypt && key.raw == nil:
		if logN < 1 || logN > maxScryptLogN || r < 1 || p < 1 || p > maxScryptP || 128*r<<logN > maxScryptMemory {
			return fmt.Errorf("%w: impossible cost of scrypt", ErrNotCredentials)
		}
		master, err := scrypt.Key([]byte(key.passphrase), s.head[saltAt:], 1<<logN, r, p, KeySize)
		s.master = master
		return err
	case params[1] > kdfScrypt:
		return fmt.Errorf("%w: key derivation %d is not known", ErrNotCredentials, params[1])
	}
	return ErrWrongKey // a passphrase where a key is wanted, or the reverse
}

// seal encrypts what is to be written.
func (s *sealer) seal(plain []byte) ([]byte, error) {
	var nonce [lengthAt - nonceAt]byte
	rand.Read(nonce[:])
	return s.sealWith(nonce[:], plain)
}

func (s *sealer) sealWith(nonce, plain []byte) ([]byte, error) {
	out := make([]byte, headerSize, headerSize+len(plain)+tagSize)
	copy(out, s.head[:])
	copy(out[nonceAt:], nonce)
	binary.LittleEndian.PutUint32(out[lengthAt:], uint32(len(plain)))
	aead, err := s.aead(nonce)
	if err != nil {
		return nil, err
	}
	return aead.Seal(out, make([]byte, aead.NonceSize()), plain, out), nil
}

func (s *sealer) aead(nonce []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.master, nonce, sealInfo, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// unseal decrypts a file, and returns the sealer to write it again with.
func unseal(key Key, content []byte) (*sealer, []byte, error) {
	magic := min(len(content), len(sealMagic))
	if string(content[:magic]) != sealMagic[:magic] {
		return nil, nil, ErrNotCredentials
	}
	if len(content) < headerSize {
		return nil, nil, fmt.Errorf("%w: %d bytes", ErrTruncated, len(content))
	}
	size := int64(headerSize) + int64(binary.LittleEndian.Uint32(content[lengthAt:])) + tagSize
	switch {
	case int64(len(content)) < size:
		return nil, nil, fmt.Errorf("%w: %d of %d bytes", ErrTruncated, len(content), size)
	case int64(len(content)) > size:
		return nil, nil, fmt.Errorf("%w: %d bytes too many", ErrNotCredentials, int64(len(content))-size)
	}
	s := &sealer{head: [nonceAt]byte(content)}
	if err := s.derive(key); err != nil {
		return nil, nil, err
	}
	aead, err := s.aead(content[nonceAt:lengthAt])
	if err != nil {
		return nil, nil, err
	}
	plain, err := aead.Open(nil, make([]byte, aead.NonceSize()), content[headerSize:], content[:headerSize])
	if err != nil {
		return nil, nil, ErrWrongKey
	}
	return s, plain, nil
}
