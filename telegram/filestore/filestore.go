// Package filestore keeps an account in encrypted files: its credentials in a
// [Store], the access hashes of whom it knows in [Peers]. It is apart from package
// telegram for programs that keep them elsewhere.
//
// Get a key first, by [ReadKeyFile], [CreateKeyFile] or [Passphrase]; then call
// [Open], and give the Store to telegram.Connect.
//
// Numbers such as R-IX-20 are those of docs/requirements.md.
package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"godwit/internal/lockfile"
	"godwit/telegram"
)

// A Store keeps credentials in an encrypted file, readable by its owner
// alone. It is written anew and put in place of the old one at once, so that
// after a crash either is there whole. While a Store is open, no other
// program can open the same file (R-IX-20).
//
// It is safe for concurrent use.
type Store struct {
	path string
	lock *os.File

	mu     sync.Mutex
	sealer *sealer
	plain  []byte // what was saved last, nil if nothing was
	closed bool
}

// Open opens the file of credentials at path, which need not exist
// yet; its directory must.
//
// A file that cannot be read back whole is refused with an *Error,
// which names it, and is left as it is: [ErrTruncated] and [ErrNotCredentials]
// say that it is damaged, [ErrWrongKey] that the key is another or that
// somebody has changed the file. [ErrInUse] means that another program has it
// open.
func Open(path string, key Key) (*Store, error) {
	s, err := openStore(path, key)
	if err != nil {
		return nil, &Error{path, err}
	}
	return s, nil
}

func openStore(path string, key Key) (*Store, error) {
	// The credentials themselves cannot be locked, since they are replaced.
	lock, err := lockfile.Open(path + ".lock")
	if err != nil {
		return nil, bare(err)
	}
	s := &Store{path: path, lock: lock}
	if err := s.open(key); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) open(key Key) error {
	content, err := os.ReadFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.sealer, err = newSealer(key)
		return err
	case err != nil:
		return bare(err)
	}
	sealer, plain, err := unseal(key, content)
	if err != nil {
		return err
	}
	if err := new(telegram.Credentials).UnmarshalBinary(plain); err != nil {
		return fmt.Errorf("%w: %w", ErrNotCredentials, err)
	}
	s.sealer, s.plain = sealer, plain
	return nil
}

// Load implements telegram.Store.
func (s *Store) Load() (telegram.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c telegram.Credentials
	if s.plain == nil {
		return c, nil
	}
	err := c.UnmarshalBinary(s.plain)
	return c, err
}

// Save implements telegram.Store.
func (s *Store) Save(c *telegram.Credentials) error {
	plain, err := c.MarshalBinary()
	if err != nil {
		return &Error{s.path, err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &Error{s.path, fs.ErrClosed}
	}
	content, err := s.sealer.seal(plain)
	if err == nil {
		err = replaceFile(s.path, content)
	}
	if err != nil {
		return &Error{s.path, err}
	}
	s.plain = plain
	return nil
}

// Close lets other programs open the file. Save fails from now on.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.lock.Close()
}

// Remove removes the file, if there is one, and closes the store.
func (s *Store) Remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &Error{s.path, fs.ErrClosed}
	}
	s.closed = true
	err := os.Remove(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	// Who waits for the lock notices that its file is gone. Where an open file
	// cannot be removed, it stays, and does no harm.
	_ = os.Remove(s.lock.Name())
	return errors.Join(err, s.lock.Close())
}

// String names the file.
func (s *Store) String() string { return "credentials file " + s.path }

// GoString names the file.
func (s *Store) GoString() string { return s.String() }

// What an *Error wraps, besides errors of the file system.
var (
	ErrTruncated      = errors.New("the file is cut short")
	ErrNotCredentials = errors.New("this is no file of credentials")
	ErrWrongKey       = errors.New("the passphrase or key is wrong, or the file has been changed")
	ErrInUse          = lockfile.ErrInUse
)

// A Error says what happened to which file of credentials.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string {
	return "filestore: " + e.Path + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// replaceFile writes a file so that, whatever happens, path holds either what
// it held or all of content.
func replaceFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return bare(err)
	}
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		os.Remove(temp.Name())
		return err
	}
	return syncDir(dir)
}

// bare drops the path from an error that is about to be given one.
func bare(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
