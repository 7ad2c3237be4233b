//go:build unix

package filestore

import (
	"errors"
	"os"
)

// syncDir makes a rename in a directory last.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
