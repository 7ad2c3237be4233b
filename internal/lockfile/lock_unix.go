//go:build unix

package lockfile

import (
	"errors"
	"os"
	"syscall"
)

// Open opens and locks a file, which is made if there is none, until it is closed
// or the program ends. It returns ErrInUse where somebody else has locked it. What
// the lock is for may be replaced meanwhile; the locked file itself may be removed
// by whoever holds the lock.
func Open(path string) (*os.File, error) {
	for {
		file, err := lockOnce(path)
		if err != nil || isAt(file, path) {
			return file, err
		}
		_ = file.Close() // it was removed before it could be locked
	}
}

// isAt reports whether an open file is the one of a path.
func isAt(file *os.File, path string) bool {
	open, err := file.Stat()
	there, missing := os.Stat(path)
	return err == nil && missing == nil && os.SameFile(open, there)
}

func lockOnce(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrInUse
		}
		return nil, err
	}
	return file, nil
}
