package filestore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"godwit/telegram"
)

// TestRemoveStore has a store go with all its files, and nobody hold what
// another one holds while stores come and go.
func TestRemoveStore(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials")
	s := open(t, path, rawKey)
	save(t, s, ada())
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v are left, %v", entries, err)
	}
	if err := errors.Join(s.Save(new(telegram.Credentials)), s.Remove()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after it was removed: %v", err)
	}
	var held atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 20 {
				s, err := Open(path, rawKey)
				if errors.Is(err, ErrInUse) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if held.Add(1) != 1 {
					t.Error("two have the file")
				}
				if err := s.Save(new(telegram.Credentials)); err != nil {
					t.Error(err)
				}
				held.Add(-1)
				if err := s.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
