package vault

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const vaultToken = "hvs.a-token-of-vaults"

// vaultStandIn serves encrypt and decrypt of Vault's transit engine, over TLS
// (https://developer.hashicorp.com/vault/api-docs/secret/transit).
func vaultStandIn(t *testing.T) *standIn {
	s := newStandIn(t)
	mux := http.NewServeMux()
	for _, verb := range []string{"encrypt", "decrypt"} {
		mux.HandleFunc("/v1/transit/"+verb+"/{name}", func(w http.ResponseWriter, r *http.Request) {
			s.serveVault(w, r, verb, r.PathValue("name"))
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		vaultRefuses(w, 404, `no handler for route "`+strings.TrimPrefix(r.URL.Path, "/v1/")+`". route entry not found.`)
	})
	s.Server = httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of a client that does not trust it
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	for name, value := range map[string]string{
		"VAULT_TOKEN": vaultToken, "VAULT_CACERT": ca, "VAULT_ADDR": "", "VAULT_NAMESPACE": "", "VAULT_SKIP_VERIFY": "",
	} {
		t.Setenv(name, value)
	}
	s.secrets = []string{vaultToken}
	s.kek = "hcvault://" + strings.TrimPrefix(s.URL, "https://") + "/transit/keys/godwit"
	s.missing = strings.Replace(s.kek, "/transit/", "/elsewhere/", 1)
	return s
}

func vaultRefuses(w http.ResponseWriter, status int, problem string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"errors": []string{problem}})
}

// vaultForbids is how Vault says so.
const vaultForbids = "1 error occurred:\n\t* permission denied\n\n"

func (s *standIn) serveVault(w http.ResponseWriter, r *http.Request, verb, name string) {
	if !s.answers(w, verb) {
		return
	}
	var in struct {
		Plaintext, Ciphertext string
		AssociatedData        []byte `json:"associated_data"`
	}
	switch err := json.NewDecoder(r.Body).Decode(&in); {
	case r.Method != http.MethodPut && r.Method != http.MethodPost || r.Header.Get("X-Vault-Request") != "true":
		vaultRefuses(w, 405, "unsupported operation")
	case r.Header.Get("X-Vault-Token") != vaultToken:
		vaultRefuses(w, 403, vaultForbids)
	case err != nil:
		vaultRefuses(w, 400, "error parsing JSON")
	case name != "godwit" && verb == "encrypt": // it would make the key, for who may
		vaultRefuses(w, 403, vaultForbids)
	case name != "godwit":
		vaultRefuses(w, 400, "encryption key not found")
	case verb == "encrypt":
		plaintext, err := base64.StdEncoding.DecodeString(in.Plaintext)
		if err != nil {
			vaultRefuses(w, 400, "failed to base64-decode plaintext")
			return
		}
		sealed := base64.StdEncoding.EncodeToString(s.seal(plaintext, in.AssociatedData))
		writeVault(w, map[string]any{"ciphertext": "vault:v1:" + sealed, "key_version": 1})
	default:
		encoded, ok := strings.CutPrefix(in.Ciphertext, "vault:v1:")
		sealed, err := base64.StdEncoding.DecodeString(encoded)
		plaintext, opens := s.open(sealed, in.AssociatedData)
		if !ok || err != nil || !opens {
			vaultRefuses(w, 400, "cipher: message authentication failed")
			return
		}
		writeVault(w, map[string]any{"plaintext": base64.StdEncoding.EncodeToString(plaintext)})
	}
}

func writeVault(w http.ResponseWriter, data map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"request_id": "5", "lease_id": "", "data": data})
}
