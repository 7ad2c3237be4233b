//go:build !unix

package store

import "os"

// lockFile opens a file. Nothing keeps other processes from it here.
func lockFile(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) }
