package vault

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	gcpToken   = "ya29.a-token-of-an-hour"
	gcpAccount = "godwit@example.iam.gserviceaccount.com"
	gcpKeyName = "projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k"
)

// gcpStandIn serves encrypt and decrypt of Google Cloud KMS over its REST API,
// and tokens to a service account
// (https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/encrypt,
// https://developers.google.com/identity/protocols/oauth2/service-account).
func gcpStandIn(t *testing.T) *standIn {
	s := newStandIn(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) { s.serveToken(w, r, &key.PublicKey) })
	mux.HandleFunc("POST /v1/", s.serveGCP)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": gcpAccount, "private_key_id": "1", "private_key": private,
		"token_uri": s.URL + "/token",
	})
	check(t, err)
	path := filepath.Join(t.TempDir(), "account.json")
	check(t, os.WriteFile(path, account, 0o600))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
	s.secrets = []string{gcpToken, private[40:80]}
	s.kek = "gcp-kms://" + gcpKeyName + "?endpoint=" + s.URL
	s.missing = strings.Replace(s.kek, "cryptoKeys/k", "cryptoKeys/none", 1)
	return s
}

// serveToken gives a token for an assertion that the account's key has signed.
func (s *standIn) serveToken(w http.ResponseWriter, r *http.Request, key *rsa.PublicKey) {
	if !s.answers(w, "token") {
		return
	}
	parts := strings.Split(r.FormValue("assertion"), ".")
	var claims struct{ Iss, Scope, Aud string }
	valid := len(parts) == 3 && r.FormValue("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer"
	if valid {
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		valid = err == nil && json.Unmarshal(payload, &claims) == nil
	}
	if valid {
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		valid = err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	}
	w.Header().Set("Content-Type", "application/json")
	if !valid || claims.Iss != gcpAccount || claims.Aud != s.URL+"/token" ||
		claims.Scope != "https://www.googleapis.com/auth/cloudkms" {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant"})
		return
	}
	json.NewEncoder(w).Encode(map[string]any{"access_token": gcpToken, "token_type": "Bearer", "expires_in": 3600})
}

func gcpRefuses(w http.ResponseWriter, code int, status, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": code, "status": status, "message": message}})
}

// gcpSum is a checksum as JSON has it: a number of 64 bits, hence a string.
func gcpSum(b []byte) string {
	return strconv.FormatUint(uint64(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))), 10)
}

func (s *standIn) serveGCP(w http.ResponseWriter, r *http.Request) {
	name, verb, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/"), ":")
	if !s.answers(w, verb) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+gcpToken {
		gcpRefuses(w, 401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
		return
	}
	if name != gcpKeyName {
		gcpRefuses(w, 404, "NOT_FOUND", "CryptoKey "+name+" not found.")
		return
	}
	var in struct {
		Plaintext, Ciphertext, AdditionalAuthenticatedData                   []byte
		PlaintextCrc32c, CiphertextCrc32c, AdditionalAuthenticatedDataCrc32c string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		gcpRefuses(w, 400, "INVALID_ARGUMENT", err.Error())
		return
	}
	text, sum := in.Plaintext, in.PlaintextCrc32c
	if verb == "decrypt" {
		text, sum = in.Ciphertext, in.CiphertextCrc32c
	}
	if sum != gcpSum(text) || in.AdditionalAuthenticatedDataCrc32c != gcpSum(in.AdditionalAuthenticatedData) {
		gcpRefuses(w, 400, "INVALID_ARGUMENT", "The checksum is another.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch verb {
	case "encrypt":
		out := s.seal(text, in.AdditionalAuthenticatedData)
		json.NewEncoder(w).Encode(map[string]any{
			"name": name + "/cryptoKeyVersions/1", "ciphertext": out, "ciphertextCrc32c": gcpSum(out),
			"verifiedPlaintextCrc32c": true, "verifiedAdditionalAuthenticatedDataCrc32c": true, "protectionLevel": "SOFTWARE",
		})
	case "decrypt":
		out, ok := s.open(text, in.AdditionalAuthenticatedData)
		if !ok {
			gcpRefuses(w, 400, "INVALID_ARGUMENT", "Decryption failed: the ciphertext is invalid.")
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"plaintext": out, "plaintextCrc32c": gcpSum(out), "usedPrimary": true})
	default:
		gcpRefuses(w, 404, "NOT_FOUND", "")
	}
}
