package store

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"godwit/internal/lockfile"
)

// ErrInUse says that another daemon runs on the same file.
var ErrInUse = errors.New("another daemon runs on this database; several need PostgreSQL")

// Sole makes sure that no other daemon runs on the database, until what it
// returns is closed or the process ends. The error wraps ErrInUse where one
// does. Several may run on PostgreSQL, where it does nothing; commands that are
// no daemon may use either.
func (s *Store) Sole() (io.Closer, error) {
	path, isFile := strings.CutPrefix(s.url, "sqlite:")
	if !isFile {
		return io.NopCloser(nil), nil
	}
	file, err := lockfile.Open(path + ".lock")
	if errors.Is(err, lockfile.ErrInUse) {
		err = ErrInUse
	}
	if err != nil {
		return nil, fmt.Errorf("the database %s: %w", path, err)
	}
	return file, nil
}
