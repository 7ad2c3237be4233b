package vault

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/vault/api"
	"github.com/tink-crypto/tink-go-hcvault/v2/integration/hcvault"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const vaultScheme = "hcvault://"

var vaultName = regexp.MustCompile(`^([^/@]+)(/([^/]+/)+keys/[^/]+)$`)

// openVault returns a key of HashiCorp Vault's transit engine. Token, namespace
// and TLS come from where Vault's own programs look, VAULT_TOKEN and so on; with
// Vault's agent as the endpoint, from the agent.
//
// A token needs the capability "update" of encrypt/NAME and decrypt/NAME. With
// "create" too, Vault makes a key that is missing, instead of saying so.
func openVault(_ context.Context, rest string) (*KEK, error) {
	t, err := parseTarget(rest, "endpoint")
	if err != nil {
		return nil, err
	}
	found := vaultName.FindStringSubmatch(t.name)
	if found == nil {
		return nil, errors.New("it is not of the form hcvault://HOST[:PORT]/transit/keys/NAME")
	}
	config := api.DefaultConfig()
	if config.Error != nil {
		return nil, errors.New("Vault's settings in the environment cannot be read: " + detail(config.Error.Error()))
	}
	config.Address, config.AgentAddress = "https://"+found[1], ""
	if t.endpoint != "" {
		config.Address = t.endpoint
	}
	key := &vaultKey{config: config, path: found[2], transport: config.HttpClient.Transport}
	if _, err := key.primitive(context.Background()); err != nil {
		return nil, errors.New(detail(err.Error()))
	}
	return remoteKEK(&service{vaultScheme + t.name, key, explainVault}), nil
}

// A vaultKey has a client for each call, since Tink's takes no context.
type vaultKey struct {
	config    *api.Config
	path      string
	transport http.RoundTripper // shared by all of them
}

func (k *vaultKey) primitive(ctx context.Context) (tink.AEAD, error) {
	config := &api.Config{
		Address: k.config.Address,
		HttpClient: &http.Client{
			Transport: boundTransport{ctx, k.transport}, CheckRedirect: k.config.HttpClient.CheckRedirect,
		},
		Timeout: callTimeout,
	}
	client, err := api.NewClient(config) // reads the token anew
	if err != nil {
		return nil, err
	}
	client.SetMaxRetries(0) // when to try again is for the caller to say
	return hcvault.NewAEAD(k.path, client.Logical())
}

// EncryptWithContext implements tink.AEADWithContext.
func (k *vaultKey) EncryptWithContext(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	aead, err := k.primitive(ctx)
	if err != nil {
		return nil, err
	}
	return aead.Encrypt(plaintext, associated)
}

// DecryptWithContext implements tink.AEADWithContext.
func (k *vaultKey) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	aead, err := k.primitive(ctx)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Decrypt(ciphertext, associated)
	if err == nil && len(plaintext) == 0 {
		err = errCorrupted // Tink takes an answer of another kind for an empty secret
	}
	return plaintext, err
}

// A boundTransport ends requests with a context that is not theirs.
type boundTransport struct {
	ctx  context.Context
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b boundTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	// Theirs has the same values and a deadline that is no earlier.
	return b.next.RoundTrip(r.WithContext(b.ctx))
}

// vaultNoKey is how Vault says that it has no key of a name, with status 400.
const vaultNoKey = "encryption key not found"

func explainVault(err error) (Reason, string) {
	var answer *api.ResponseError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &answer):
		reason := reasonOf(answer.StatusCode)
		if answer.RawError { // a page of something in between
			return reason, http.StatusText(answer.StatusCode)
		}
		if answer.StatusCode == http.StatusNotFound || slices.Contains(answer.Errors, vaultNoKey) {
			reason = KEKNotFound
		}
		// Each is made of lines itself.
		return reason, detail(strings.Join(strings.Fields(strings.Join(answer.Errors, "; ")), " "))
	case errors.As(err, &syntax), errors.Is(err, errCorrupted):
		return KEKUnreachable, "its answer cannot be read"
	}
	return KEKUnreachable, networkDetail(err)
}
