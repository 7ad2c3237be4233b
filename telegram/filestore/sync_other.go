//go:build !unix

package filestore

// syncDir does nothing: Windows needs no such thing, and elsewhere there is no
// store.
func syncDir(string) error { return nil }
