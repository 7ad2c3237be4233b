package telegram

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
)

// FileKeySize is the size in bytes of the key that encrypts a credentials
// file.
const FileKeySize = 32

// A FileKey opens a credentials file. It prints as [redacted].
type FileKey struct {
	passphrase string
	raw        []byte // FileKeySize bytes; nil for a passphrase
}

// Passphrase returns the key that is derived from a passphrase with scrypt. It
// is as strong as the passphrase is hard to guess.
func Passphrase(passphrase string) FileKey { return FileKey{passphrase: passphrase} }

// RawKey returns a key of random bytes.
func RawKey(key [FileKeySize]byte) FileKey { return FileKey{raw: key[:]} }

// ReadKeyFile returns the key in a file, which holds FileKeySize bytes and
// nothing else.
func ReadKeyFile(path string) (FileKey, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return FileKey{}, fmt.Errorf("telegram: key file: %w", err)
	}
	if len(content) != FileKeySize {
		return FileKey{}, fmt.Errorf("telegram: key file %s: %d bytes, not %d", path, len(content), FileKeySize)
	}
	return FileKey{raw: content}, nil
}

// CreateKeyFile writes a new random key to a file that does not exist yet, and
// returns it.
func CreateKeyFile(path string) (FileKey, error) {
	key := make([]byte, FileKeySize)
	rand.Read(key)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return FileKey{}, fmt.Errorf("telegram: key file: %w", err)
	}
	_, err = file.Write(key)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return FileKey{}, fmt.Errorf("telegram: key file: %w", err)
	}
	return FileKey{raw: key}, nil
}

// String returns [redacted].
func (k FileKey) String() string { return redacted }

// GoString returns [redacted].
func (k FileKey) GoString() string { return redacted }

// MarshalText returns [redacted], for loggers.
func (k FileKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }
