// Package lockfile keeps two programs from working on the same file, by a lock on
// another one beside it.
//
// Start with [Open].
package lockfile

import "errors"

// ErrInUse says that another program has the file open, or this one has.
var ErrInUse = errors.New("another program has the file open")
