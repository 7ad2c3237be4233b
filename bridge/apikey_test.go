package bridge

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
)

// zeroToken is the token of 32 zero bytes and its hash, by Python's zlib.crc32 and
// hashlib.sha256.
const zeroToken = "godwit_000000000000000000000000000000000000000000043QOge 8761b1da381df6517f013f6f3be855153164a01e7e849f13f894e2cbce0290d1"

// TestAPIToken has tokens of one shape, with a checksum that finds every
// mistyped character.
func TestAPIToken(t *testing.T) {
	shape := regexp.MustCompile(`^godwit_[0-9A-Za-z]{49}$`)
	for _, secret := range [][]byte{make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), []byte("01234567890123456789012345678901")} {
		token, err := NewAPIToken(bytes.NewReader(secret))
		if err != nil || !shape.MatchString(token.Reveal()) {
			t.Fatalf("%q, %v", token.Reveal(), err)
		}
		got, err := ParseAPIToken(token.Reveal())
		if err != nil || got != token || !got.Hash().Equal(token.Hash()) {
			t.Errorf("%q became %q, %v", token.Reveal(), got.Reveal(), err)
		}
		for i := range token.Reveal() {
			wrong := []byte(token.Reveal())
			wrong[i]++
			if _, err := ParseAPIToken(string(wrong)); CodeOf(err) != CodeUnauthorized || strings.Contains(err.Error(), string(wrong)) {
				t.Errorf("%s: %v", wrong, err)
			}
		}
	}
	for _, text := range []string{"", "godwit_", strings.Repeat("x", 56), "godwit_" + strings.Repeat("0", 50)} {
		if _, err := ParseAPIToken(text); CodeOf(err) != CodeUnauthorized {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := NewAPIToken(strings.NewReader("short")); err == nil {
		t.Error("a token without entropy")
	}
	a, _ := NewAPIToken(rand.Reader)
	b, _ := NewAPIToken(rand.Reader)
	if a.Hash().Equal(b.Hash()) {
		t.Error("two tokens have one hash")
	}
	zero, _ := NewAPIToken(bytes.NewReader(make([]byte, 32)))
	if got := fmt.Sprintf("%s %x", zero.Reveal(), zero.Hash()); got != zeroToken {
		t.Errorf("%s, want %s", got, zeroToken)
	}
}

func FuzzParseAPIToken(f *testing.F) {
	token, _ := NewAPIToken(bytes.NewReader(make([]byte, 32)))
	f.Add(token.Reveal())
	f.Add("godwit_")
	f.Fuzz(func(t *testing.T, s string) {
		if token, err := ParseAPIToken(s); err == nil && token.Reveal() != s {
			t.Errorf("%q became %q", s, token.Reveal())
		}
	})
}

// TestAPITokenIsNotShown has no format show a token.
func TestAPITokenIsNotShown(t *testing.T) {
	token, err := NewAPIToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, format+"\n", token)
		fmt.Fprintf(&out, format+"\n", struct{ T APIToken }{token})
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("a", "token", token, "in", struct{ T APIToken }{token})
	if err := json.NewEncoder(&out).Encode(token); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), token.Reveal()[7:]) || strings.Contains(out.String(), fmt.Sprintf("%x", token.Reveal())) {
		t.Errorf("shown in %s", out.String())
	}
}

func TestAPIKeyCheck(t *testing.T) {
	good := func() *APIKey {
		return &APIKey{Name: "crm", Scopes: []KeyScope{ScopeMessagesSend}, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	}
	if err := good().Check(); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(k *APIKey){
		"1 to 200 bytes":            func(k *APIKey) { k.Name = "" },
		"has 1 to":                  func(k *APIKey) { k.Name = strings.Repeat("x", 201) },
		"needs a scope":             func(k *APIKey) { k.Scopes = nil },
		`"root" is not a scope`:     func(k *APIKey) { k.Scopes = append(k.Scopes, "root") },
		"expire before":             func(k *APIKey) { k.ExpiresAt = now },
		`not the name of an acc`:    func(k *APIKey) { k.Accounts = []AccountID{"pool_x"} },
		"is not the name of a pool": func(k *APIKey) { k.Pools = []PoolID{"acc_x"} },
	} {
		k := good()
		spoil(k)
		if err := k.Check(); CodeOf(err) != CodeInvalidRequest || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestAPIKeyValid(t *testing.T) {
	k := APIKey{CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if k.Valid(now.Add(time.Hour-1)) != nil || CodeOf(k.Valid(now.Add(time.Hour))) != CodeUnauthorized {
		t.Error("expiry")
	}
	if forever := (&APIKey{}); forever.Valid(now.AddDate(100, 0, 0)) != nil {
		t.Error("a key without an end")
	}
	k.RevokedAt = now
	if CodeOf(k.Valid(now)) != CodeUnauthorized {
		t.Error("a revoked key")
	}
}

func TestGrant(t *testing.T) {
	for _, test := range []struct {
		name    string
		key     APIKey
		pooled  []AccountID
		scope   KeyScope
		account AccountID
		want    bool
	}{
		{"its scope", APIKey{Scopes: []KeyScope{ScopeMessagesRead}}, nil, ScopeMessagesRead, "acc_1", true},
		{"another scope", APIKey{Scopes: []KeyScope{ScopeMessagesRead}}, nil, ScopeMessagesSend, "acc_1", false},
		{"no part of a scope", APIKey{Scopes: []KeyScope{ScopeAccountsWrite}}, nil, ScopeAccountsRead, "", false},
		{"admin", APIKey{Scopes: []KeyScope{ScopeAdmin}}, nil, ScopeWebhooks, "", true},
		{"its account", APIKey{Scopes: []KeyScope{ScopeAdmin}, Accounts: []AccountID{"acc_1"}}, nil, ScopeWebhooks, "acc_1", true},
		{"another account", APIKey{Scopes: []KeyScope{ScopeAdmin}, Accounts: []AccountID{"acc_1"}}, nil, ScopeWebhooks, "acc_2", false},
		{"any account", APIKey{Scopes: []KeyScope{ScopeAdmin}, Accounts: []AccountID{"acc_1"}}, nil, ScopeWebhooks, "", true},
		{"of its pool", APIKey{Scopes: []KeyScope{ScopeAdmin}, Pools: []PoolID{"pool_1"}}, []AccountID{"acc_2"}, ScopeWebhooks, "acc_2", true},
		{"of an empty pool", APIKey{Scopes: []KeyScope{ScopeAdmin}, Pools: []PoolID{"pool_1"}}, nil, ScopeWebhooks, "acc_2", false},
	} {
		g := NewGrant(test.key, test.pooled)
		if got := g.Allows(test.scope, test.account); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
		if limited := len(test.key.Accounts)+len(test.key.Pools) > 0; g.Limited() != limited {
			t.Errorf("%s: limited %v", test.name, g.Limited())
		}
	}
}
