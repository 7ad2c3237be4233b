package httpapi

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"godwit/bridge"
)

// oneKey knows one token.
type oneKey struct{ token bridge.APIToken }

func (k oneKey) AuthenticateKey(_ context.Context, token bridge.APIToken, now time.Time) (*bridge.Grant, error) {
	if token != k.token || !now.Equal(testNow) {
		return nil, bridge.Errorf(bridge.CodeUnauthorized, "The API key is not known.")
	}
	return bridge.NewGrant(bridge.APIKey{ID: "key_1", Scopes: []bridge.KeyScope{bridge.ScopeAdmin}}, nil), nil
}

func TestKeyAuthenticator(t *testing.T) {
	token, err := bridge.NewAPIToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := bridge.NewAPIToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := KeyAuthenticator(oneKey{token}, func() time.Time { return testNow })
	caller, err := a.Authenticate(t.Context(), token.Reveal())
	if err != nil || caller.KeyID() != "key_1" || !caller.Allows(ScopeWebhooks, "acc_1") {
		t.Errorf("%v, %v", caller, err)
	}
	for _, text := range []string{"", "godwit_x", other.Reveal()} {
		if caller, err := a.Authenticate(t.Context(), text); bridge.CodeOf(err) != bridge.CodeUnauthorized || caller != nil {
			t.Errorf("%q: %v, %v", text, caller, err)
		}
	}
}
