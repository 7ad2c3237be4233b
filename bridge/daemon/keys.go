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
	token, err := bridge.NewAPIToken(rand.Reader)
	if err != nil {
		return "", err
	}
	id, err := bridge.NewID[bridge.KeyID](now, rand.Reader)
	if err != nil {
		return "", err
	}
	k := &bridge.APIKey{ID: id, Name: "first key", Scopes: []bridge.KeyScope{bridge.ScopeAdmin}, CreatedAt: now}
	if err := s.Change(ctx, func(t *store.Tx) error { return t.AddKey(k, token.Hash()) }); err != nil {
		return "", err
	}
	return token.Reveal(), nil
}
