package daemon

import (
	"context"
	"crypto/rand"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// firstKey makes an API key that may do everything, if there is none at all, and
// returns what is to be shown for it once.
func firstKey(ctx context.Context, s *store.Store, now time.Time) (string, error) {
	there, err := s.Keys(ctx, "", 1)
	if err != nil || len(there) > 0 {
		return "", err
	}
	k := &bridge.APIKey{Name: "first key", Scopes: []bridge.KeyScope{bridge.ScopeAdmin}}
	token, err := k.Make(now, rand.Reader)
	if err != nil {
		return "", err
	}
	if err := s.Change(ctx, func(t *store.Tx) error { return t.AddKey(k, token.Hash()) }); err != nil {
		return "", err
	}
	return token.Reveal(), nil
}
