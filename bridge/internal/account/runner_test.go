package account

import (
	"fmt"
	"log/slog"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// TestEndOf has an account whose blob has changed meanwhile, under the same owner, be
// started again: it is nobody else's.
func TestEndOf(t *testing.T) {
	r := &Runner{e: &Environment{Logger: slog.New(slog.DiscardHandler)}, account: new(bridge.Account)}
	for err, want := range map[error]bridge.Kind{
		store.ErrStale: bridge.Disconnected, store.ErrNotOwner: bridge.Superseded,
	} {
		if got := r.endOf(fmt.Errorf("telegram: saving credentials: %w", err)); got.Kind != want {
			t.Errorf("%v is taken for %s, want %s", err, got.Kind, want)
		}
	}
}
