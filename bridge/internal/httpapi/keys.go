package httpapi

import (
	"context"
	"time"

	"godwit/bridge"
)

// Keys are the API keys that there are.
type Keys interface {
	// AuthenticateKey returns what a token lets its bearer do at a time. Its error
	// is a *bridge.Error of CodeUnauthorized for one that is not valid.
	AuthenticateKey(ctx context.Context, token bridge.APIToken, now time.Time) (*bridge.Grant, error)
}

// KeyAuthenticator returns an Authenticator that knows the keys that there are.
func KeyAuthenticator(keys Keys, now func() time.Time) Authenticator {
	return &keyAuthenticator{keys, now}
}

type keyAuthenticator struct {
	keys Keys
	now  func() time.Time
}

// Authenticate implements Authenticator.
func (a *keyAuthenticator) Authenticate(ctx context.Context, key string) (Caller, error) {
	token, err := bridge.ParseAPIToken(key)
	if err != nil {
		return nil, err
	}
	grant, err := a.keys.AuthenticateKey(ctx, token, a.now())
	if err != nil {
		return nil, err
	}
	return grant, nil
}
