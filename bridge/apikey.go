package bridge

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"time"
)

// A KeyScope is what an API key allows.
type KeyScope string

// The scopes. ScopeAdmin allows everything.
const (
	ScopeAccountsRead  KeyScope = "accounts:read"
	ScopeAccountsWrite KeyScope = "accounts:write"
	ScopeMessagesRead  KeyScope = "messages:read"
	ScopeMessagesSend  KeyScope = "messages:send"
	ScopeContactsRead  KeyScope = "contacts:read" // look-ups too
	ScopeContactsWrite KeyScope = "contacts:write"
	ScopeExports       KeyScope = "exports" // of the members of groups
	ScopeWebhooks      KeyScope = "webhooks"
	ScopeAdmin         KeyScope = "admin"
)

// KeyScopes are all scopes.
var KeyScopes = []KeyScope{
	ScopeAccountsRead, ScopeAccountsWrite, ScopeMessagesRead, ScopeMessagesSend, ScopeContactsRead, ScopeContactsWrite,
	ScopeExports, ScopeWebhooks, ScopeAdmin,
}

// An APIKey is what lets a program use the HTTP API. What the program shows is
// its [APIToken], which is not kept.
type APIKey struct {
	ID         KeyID
	Name       string // what its operator calls it
	Scopes     []KeyScope
	Accounts   []AccountID // that it is for; with no pools either, it is for all
	Pools      []PoolID    // whose accounts it is for, too
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never
	LastUsedAt time.Time // to the minute; zero: never
	RevokedAt  time.Time // zero: it is not
}

// maxKeyName is how long the name of a key may be, in bytes.
const maxKeyName = 200

// Check returns an error of CodeInvalidRequest that names what is wrong with a
// key that is to be made.
func (k *APIKey) Check() error {
	if k.Name == "" || len(k.Name) > maxKeyName {
		return Errorf(CodeInvalidRequest, "The name of an API key has 1 to %d bytes.", maxKeyName)
	}
	if len(k.Scopes) == 0 {
		return Errorf(CodeInvalidRequest, "An API key needs a scope: %v.", KeyScopes)
	}
	for _, s := range k.Scopes {
		if !slices.Contains(KeyScopes, s) {
			return Errorf(CodeInvalidRequest, "%q is not a scope: %v are.", s, KeyScopes)
		}
	}
	if !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(k.CreatedAt) {
		return Errorf(CodeInvalidRequest, "The API key would expire before it is made.")
	}
	for _, id := range k.Accounts {
		if _, err := ParseID[AccountID](string(id)); err != nil {
			return Errorf(CodeInvalidRequest, "%q is not the name of an account.", id)
		}
	}
	for _, id := range k.Pools {
		if _, err := ParseID[PoolID](string(id)); err != nil {
			return Errorf(CodeInvalidRequest, "%q is not the name of a pool.", id)
		}
	}
	return nil
}

// Make makes a key at a time of what it is to allow: it sets ID and CreatedAt,
// and returns what its bearer shows. The error is as that of Check. Entropy gives
// the bytes of NewID and of NewAPIToken.
func (k *APIKey) Make(at time.Time, entropy io.Reader) (token APIToken, err error) {
	k.CreatedAt = at.UTC()
	if err := k.Check(); err != nil {
		return token, err
	}
	if k.ID, err = NewID[KeyID](k.CreatedAt, entropy); err != nil {
		return token, err
	}
	return NewAPIToken(entropy)
}

// Valid returns an error of CodeUnauthorized unless the key can be used at a
// time.
func (k *APIKey) Valid(at time.Time) error {
	switch {
	case !k.RevokedAt.IsZero():
		return Errorf(CodeUnauthorized, "API key %s was revoked.", k.ID)
	case !k.ExpiresAt.IsZero() && !at.Before(k.ExpiresAt):
		return Errorf(CodeUnauthorized, "API key %s has expired.", k.ID)
	}
	return nil
}

// A Grant is what a valid API key lets its bearer do.
type Grant struct {
	key      APIKey
	accounts map[AccountID]bool // of a limited key
}

// NewGrant returns what a key allows, given the accounts that are in its pools
// now.
func NewGrant(k APIKey, pooled []AccountID) *Grant {
	g := &Grant{key: k, accounts: make(map[AccountID]bool)}
	for _, id := range k.Accounts {
		g.accounts[id] = true
	}
	for _, id := range pooled {
		g.accounts[id] = true
	}
	return g
}

// KeyID names the key.
func (g *Grant) KeyID() KeyID { return g.key.ID }

// Limited reports whether the key is for certain accounts only.
func (g *Grant) Limited() bool { return len(g.key.Accounts)+len(g.key.Pools) > 0 }

// Allows reports whether the bearer may do something: with an account, or, where
// that is empty, with any account at all.
func (g *Grant) Allows(scope KeyScope, account AccountID) bool {
	if !slices.Contains(g.key.Scopes, scope) && !slices.Contains(g.key.Scopes, ScopeAdmin) {
		return false
	}
	return account == "" || !g.Limited() || g.accounts[account]
}

// An APIToken is what a program shows to use its API key: godwit_, 43 letters
// and digits that are 32 random bytes, and 6 that are a checksum of what stands
// before, by which a scanner for secrets knows it. It prints as [redacted].
type APIToken struct{ text string }

const (
	tokenPrefix  = "godwit_"
	tokenBytes   = 32
	tokenDigits  = 43 // of base 62 for 32 bytes
	sumDigits    = 6  // of base 62 for 4 bytes
	tokenLength  = len(tokenPrefix) + tokenDigits + sumDigits
	tokenPattern = tokenPrefix + "…"
)

// NewAPIToken returns a token of 32 bytes that entropy gives.
func NewAPIToken(entropy io.Reader) (APIToken, error) {
	secret := make([]byte, tokenBytes)
	if _, err := io.ReadFull(entropy, secret); err != nil {
		return APIToken{}, fmt.Errorf("bridge: a new API token: %w", err)
	}
	text := tokenPrefix + base62(secret, tokenDigits)
	return APIToken{text + tokenSum(text)}, nil
}

// base62 writes a number of at least so many digits, 0 to 9, a to z, A to Z.
func base62(number []byte, digits int) string {
	text := new(big.Int).SetBytes(number).Text(62)
	return strings.Repeat("0", max(0, digits-len(text))) + text
}

// tokenSum returns the checksum of the text before it.
func tokenSum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	return base62([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}, sumDigits)
}

// ParseAPIToken reads a token. The error, of CodeUnauthorized, does not repeat it.
func ParseAPIToken(text string) (APIToken, error) {
	if len(text) != tokenLength || !strings.HasPrefix(text, tokenPrefix) {
		return APIToken{}, Errorf(CodeUnauthorized, "This is not an API key: one is %s with %d characters in all.", tokenPattern, tokenLength)
	}
	if text[tokenLength-sumDigits:] != tokenSum(text[:tokenLength-sumDigits]) {
		return APIToken{}, Errorf(CodeUnauthorized, "The API key is not whole: its checksum is wrong.")
	}
	return APIToken{text}, nil
}

// Reveal returns the token itself.
func (t APIToken) Reveal() string { return t.text }

// String gives nothing away.
func (APIToken) String() string { return "[redacted]" }

// GoString is as String.
func (t APIToken) GoString() string { return t.String() }

// LogValue is as String.
func (t APIToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText is as String.
func (t APIToken) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// A TokenHash is what is kept of a token.
type TokenHash [sha256.Size]byte

// Hash returns what is kept of the token. That is a plain SHA-256, since the
// token is 256 random bits: a hash that is slow by design protects secrets that
// can be guessed, and would cost every request what it costs a guess.
func (t APIToken) Hash() TokenHash { return sha256.Sum256([]byte(t.text)) }

// Equal compares in a time that does not depend on the hashes.
func (h TokenHash) Equal(other TokenHash) bool {
	return subtle.ConstantTimeCompare(h[:], other[:]) == 1
}

// Lookup returns the part of the hash that it is looked up by. Finding it may
// take a time that depends on it, and so tells no more than this part of a hash.
func (h TokenHash) Lookup() []byte { return h[:8] }
