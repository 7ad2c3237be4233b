package fleet

import (
	"path/filepath"
	"testing"
	"time"

	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

// TestGrace has accounts left alone that another node may still run, which none
// does where only one uses the database.
func TestGrace(t *testing.T) {
	for url, want := range map[string]time.Duration{
		pgtest.Database(t): 5 * time.Second, "sqlite:" + filepath.Join(t.TempDir(), "a.db"): 0,
	} {
		s, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		now := time.Now()
		f := New(Options{Store: s, Now: func() time.Time { return now }})
		if got := f.grace("acc_crashed", true, 0); got != want {
			t.Errorf("%s: %v after a crash, want %v", url, got, want)
		}
		if got := f.grace("acc_crashed", true, time.Second); got != want {
			t.Errorf("%s: %v after a second crash, want %v", url, got, want)
		}
		if got := f.grace("acc_slow", true, 2*time.Second); got != max(want-2*time.Second, 0) {
			t.Errorf("%s: %v after two seconds of silence", url, got)
		}
		if got := f.grace("acc_frozen", true, 6*time.Second); got != 0 {
			t.Errorf("%s: %v after six seconds of silence", url, got)
		}
		if got := f.grace("acc_given_back", false, 0); got != 0 {
			t.Errorf("%s: %v of what was given back", url, got)
		}
	}
}
