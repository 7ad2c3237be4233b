package vault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const vaultScheme = "hcvault://"

var vaultName = regexp.MustCompile(`^([^/@]+)/((?:[^/]+/)+)keys/([^/]+)$`)

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
	if t.endpoint == "" {
		t.endpoint = "https://" + found[1]
	}
	config, err := vaultTLS()
	if err != nil {
		return nil, fmt.Errorf("the settings of Vault in the environment cannot be used: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = config
	client := &http.Client{Transport: transport, Timeout: callTimeout, CheckRedirect: vaultRedirect}
	key := &vaultKey{client, t.endpoint + "/v1/" + found[2], "/" + found[3]}
	return remoteKEK(&service{vaultScheme + t.name, key, explainVault}), nil
}

// vaultTLS returns what the environment says of TLS
// (https://developer.hashicorp.com/vault/docs/commands#configure-environment-variables).
// Errors name variables and not what they hold.
func vaultTLS() (*tls.Config, error) {
	config := &tls.Config{ServerName: os.Getenv("VAULT_TLS_SERVER_NAME")}
	var err error
	if skip := os.Getenv("VAULT_SKIP_VERIFY"); skip != "" {
		if config.InsecureSkipVerify, err = strconv.ParseBool(skip); err != nil {
			return nil, errors.New("VAULT_SKIP_VERIFY is neither true nor false")
		}
	}
	if config.RootCAs, err = vaultRoots(); err != nil {
		return nil, err
	}
	switch cert, key := os.Getenv("VAULT_CLIENT_CERT"), os.Getenv("VAULT_CLIENT_KEY"); {
	case cert == "" && key == "":
	case cert == "" || key == "":
		return nil, errors.New("VAULT_CLIENT_CERT and VAULT_CLIENT_KEY go together")
	default:
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, errors.New("VAULT_CLIENT_CERT and VAULT_CLIENT_KEY are no certificate and its key")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// vaultRoots returns whom to trust: nil for whom the system does.
func vaultRoots() (*x509.CertPool, error) {
	var from string
	var certificates [][]byte
	switch {
	case os.Getenv("VAULT_CACERT") != "":
		from = "VAULT_CACERT"
		content, err := os.ReadFile(os.Getenv(from))
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", from, err)
		}
		certificates = [][]byte{content}
	case os.Getenv("VAULT_CACERT_BYTES") != "":
		from = "VAULT_CACERT_BYTES"
		certificates = [][]byte{[]byte(os.Getenv(from))}
	case os.Getenv("VAULT_CAPATH") != "":
		from = "VAULT_CAPATH"
		entries, err := os.ReadDir(os.Getenv(from))
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", from, err)
		}
		for _, e := range entries {
			if content, err := os.ReadFile(filepath.Join(os.Getenv(from), e.Name())); err == nil { // directories and the like are none
				certificates = append(certificates, content)
			}
		}
	default:
		return nil, nil
	}
	pool, found := x509.NewCertPool(), false
	for _, c := range certificates {
		found = pool.AppendCertsFromPEM(c) || found
	}
	if !found {
		return nil, fmt.Errorf("%s holds no certificate", from)
	}
	return pool, nil
}

// vaultRedirect follows a standby node to the active one, but not out of TLS:
// the token goes along.
func vaultRedirect(request *http.Request, via []*http.Request) error {
	if len(via) > 1 || via[0].URL.Scheme == "https" && request.URL.Scheme != "https" {
		return http.ErrUseLastResponse
	}
	return nil
}

// A vaultKey asks the transit engine
// (https://developer.hashicorp.com/vault/api-docs/secret/transit), as Tink's
// client does. Vault's own client takes longer to build than all of this package.
type vaultKey struct {
	client *http.Client
	mount  string // before the verb
	name   string // behind it
}

// vaultMessage is what is asked, and what is answered as data.
type vaultMessage struct {
	Plaintext  []byte `json:"plaintext,omitempty"`
	Ciphertext string `json:"ciphertext,omitempty"`
	Associated []byte `json:"associated_data,omitempty"`
}

// A vaultError is an answer that refuses.
type vaultError struct {
	HTTP   int      `json:"-"`
	Errors []string `json:"errors"`
}

func (e *vaultError) Error() string { return fmt.Sprintf("%d %q", e.HTTP, e.Errors) }

// EncryptWithContext implements tink.AEADWithContext.
func (k *vaultKey) EncryptWithContext(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	answer, err := k.ask(ctx, "encrypt", &vaultMessage{Plaintext: plaintext, Associated: associated})
	if err == nil && answer.Ciphertext == "" {
		err = errCorrupted
	}
	if err != nil {
		return nil, err
	}
	return []byte(answer.Ciphertext), nil
}

// DecryptWithContext implements tink.AEADWithContext.
func (k *vaultKey) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	answer, err := k.ask(ctx, "decrypt", &vaultMessage{Ciphertext: string(ciphertext), Associated: associated})
	if err == nil && len(answer.Plaintext) == 0 {
		err = errCorrupted
	}
	if err != nil {
		return nil, err
	}
	return answer.Plaintext, nil
}

// ask reads token and namespace anew: tokens are renewed while the daemon runs.
func (k *vaultKey) ask(ctx context.Context, verb string, message *vaultMessage) (*vaultMessage, error) {
	var answer struct {
		Data vaultMessage `json:"data"`
	}
	if err := ask(ctx, k.client, http.MethodPut, k.mount+verb+k.name, message, &answer, func(request *http.Request, _ []byte) error {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Vault-Request", "true")
		for header, name := range map[string]string{"X-Vault-Token": "VAULT_TOKEN", "X-Vault-Namespace": "VAULT_NAMESPACE"} {
			if value := os.Getenv(name); value != "" {
				request.Header.Set(header, value)
			}
		}
		return nil
	}, func(response *http.Response, content []byte) error {
		refusal := &vaultError{HTTP: response.StatusCode}
		_ = json.Unmarshal(content, refusal) // what is not JSON comes from something in between: the status tells
		return refusal
	}); err != nil {
		return nil, err
	}
	return &answer.Data, nil
}

// vaultNoKey is how Vault says that it has no key of a name, with status 400.
const vaultNoKey = "encryption key not found"

func explainVault(err error) (Reason, string) {
	var refusal *vaultError
	switch {
	case errors.Is(err, errCorrupted):
		return KEKUnreachable, "its answer cannot be read"
	case !errors.As(err, &refusal):
		return KEKUnreachable, networkDetail(err)
	}
	reason := reasonOf(refusal.HTTP)
	if len(refusal.Errors) == 0 {
		return reason, http.StatusText(refusal.HTTP)
	}
	if refusal.HTTP == http.StatusNotFound || slices.Contains(refusal.Errors, vaultNoKey) {
		reason = KEKNotFound
	}
	// Each is made of lines itself.
	return reason, detail(strings.Join(strings.Fields(strings.Join(refusal.Errors, "; ")), " "))
}
