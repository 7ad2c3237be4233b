package filestore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
)

// KeySize is the size in bytes of the key that encrypts a credentials
// file.
const KeySize = 32

// A Key opens a credentials file. It prints as [redacted].
type Key struct {
	passphrase string
	raw        []byte // KeySize bytes; nil for a passphrase
}

// Passphrase returns the key that is derived from a passphrase with scrypt. It
// is as strong as the passphrase is hard to guess.
func Passphrase(passphrase string) Key { return Key{passphrase: passphrase} }

// RawKey returns a key of random bytes.
func RawKey(key [KeySize]byte) Key { return Key{raw: key[:]} }

// ReadKeyFile returns the key in a file, which holds KeySize bytes and
// nothing else.
func ReadKeyFile(path string) (Key, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("filestore: key file: %w", err)
	}
	if len(content) != KeySize {
		return Key{}, fmt.Errorf("filestore: key file %s: %d bytes, not %d", path, len(content), KeySize)
	}
	return Key{raw: content}, nil
}

// CreateKeyFile writes a new random key to a file that does not exist yet, and
// returns it.
func CreateKeyFile(path string) (Key, error) {
	key := make([]byte, KeySize)
	rand.Read(key)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Key{}, fmt.Errorf("filestore: key file: %w", err)
	}
	_, err = file.Write(key)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return Key{}, fmt.Errorf("filestore: key file: %w", err)
	}
	return Key{raw: key}, nil
}

// String returns [redacted].
func (k Key) String() string { return "[redacted]" }

// GoString returns [redacted].
func (k Key) GoString() string { return "[redacted]" }

// MarshalText returns [redacted], for loggers.
func (k Key) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }
