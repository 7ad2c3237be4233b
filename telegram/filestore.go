package telegram

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// A FileStore keeps credentials in an encrypted file, readable by its owner
// alone. It is written anew and put in place of the old one at once, so that
// after a crash either is there whole. While a FileStore is open, no other
// program can open the same file (R-IX-20).
//
// It is safe for concurrent use.
type FileStore struct {
	path string
	lock *os.File

	mu     sync.Mutex
	sealer *sealer
	plain  []byte // what was saved last, nil if nothing was
	closed bool
}

// OpenFileStore opens the file of credentials at path, which need not exist
// yet; its directory must.
//
// A file that cannot be read back whole is refused with a *FileStoreError,
// which names it, and is left as it is: [ErrTruncated] and [ErrNotCredentials]
// say that it is damaged, [ErrWrongKey] that the key is another or that
// somebody has changed the file. [ErrInUse] means that another program has it
// open.
func OpenFileStore(path string, key FileKey) (*FileStore, error) {
	s, err := openFileStore(path, key)
	if err != nil {
		return nil, &FileStoreError{path, err}
	}
	return s, nil
}

func openFileStore(path string, key FileKey) (*FileStore, error) {
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	s := &FileStore{path: path, lock: lock}
	if err := s.open(key); err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

func (s *FileStore) open(key FileKey) error {
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
	if err := new(Credentials).UnmarshalBinary(plain); err != nil {
		return fmt.Errorf("%w: %w", ErrNotCredentials, err)
	}
	s.sealer, s.plain = sealer, plain
	return nil
}

// Load implements Store.
func (s *FileStore) Load() (Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c Credentials
	if s.plain == nil {
		return c, nil
	}
	err := c.UnmarshalBinary(s.plain)
	return c, err
}

// Save implements Store.
func (s *FileStore) Save(c *Credentials) error {
	plain, err := c.MarshalBinary()
	if err != nil {
		return &FileStoreError{s.path, err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &FileStoreError{s.path, fs.ErrClosed}
	}
	content, err := s.sealer.seal(plain)
	if err == nil {
		err = replaceFile(s.path, content)
	}
	if err != nil {
		return &FileStoreError{s.path, err}
	}
	s.plain = plain
	return nil
}

// Close lets other programs open the file. Save fails from now on.
func (s *FileStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.lock.Close()
}

// Remove removes the file, if there is one, and closes the store.
func (s *FileStore) Remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &FileStoreError{s.path, fs.ErrClosed}
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
func (s *FileStore) String() string { return "credentials file " + s.path }

// GoString names the file.
func (s *FileStore) GoString() string { return s.String() }

// What a *FileStoreError wraps, besides errors of the file system.
var (
	ErrTruncated      = errors.New("the file is cut short")
	ErrNotCredentials = errors.New("this is no file of credentials")
	ErrWrongKey       = errors.New("the passphrase or key is wrong, or the file has been changed")
	ErrInUse          = errors.New("another program has the file open")
)

// A FileStoreError says what happened to which file of credentials.
type FileStoreError struct {
	Path string
	Err  error
}

func (e *FileStoreError) Error() string {
	return "telegram: credentials " + e.Path + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *FileStoreError) Unwrap() error { return e.Err }

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
