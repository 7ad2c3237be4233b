//go:build unix

package lockfile

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLockOfRemovedFile has a lock be worth nothing once its file has been
// removed, since the next one locks another file.
func TestLockOfRemovedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	stale, err := lockOnce(path)
	if err != nil {
		t.Fatal(err)
	}
	defer stale.Close()
	if !isAt(stale, path) {
		t.Error("the lock is taken for another's")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if isAt(stale, path) {
		t.Error("a file that is removed counts")
	}
	fresh, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	if isAt(stale, path) || !isAt(fresh, path) {
		t.Error("the old lock counts, or the new one does not")
	}
}
