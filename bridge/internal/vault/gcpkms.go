package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

const gcpScheme = "gcp-kms://"

var gcpName = regexp.MustCompile(`^projects/[^/:]+(:[^/:]+)?/locations/[^/:]+/keyRings/[^/:]+/cryptoKeys/[^/:]+$`)

// openGCP returns a key in Google Cloud KMS. Who we are comes from Google's
// application default credentials: the file that GOOGLE_APPLICATION_CREDENTIALS
// names, that of gcloud, or the machine's service account.
func openGCP(ctx context.Context, rest string) (*KEK, error) {
	t, err := parseTarget(rest, "endpoint")
	if err != nil {
		return nil, err
	}
	if !gcpName.MatchString(t.name) {
		return nil, errors.New("it is not of the form gcp-kms://projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY")
	}
	if t.endpoint == "" {
		t.endpoint = "https://cloudkms.googleapis.com"
	}
	client := &http.Client{Timeout: callTimeout}
	// Tokens are fetched for as long as the key is in use.
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, client)
	credentials, err := google.FindDefaultCredentials(ctx, "https://www.googleapis.com/auth/cloudkms")
	if err != nil {
		return nil, errors.New("no credentials for Google Cloud are found, or they cannot be read")
	}
	key := &gcpKey{oauth2.NewClient(ctx, gcpTokens{credentials.TokenSource}), t.endpoint + "/v1/", t.name}
	key.client.Timeout = callTimeout
	return remoteKEK(&service{gcpScheme + t.name, key, explainGCP}), nil
}

// gcpTokens tells errors of getting a token from those of its use.
type gcpTokens struct{ oauth2.TokenSource }

type tokenError struct{ error }

func (e tokenError) Unwrap() error { return e.error }

// Token implements oauth2.TokenSource.
func (g gcpTokens) Token() (*oauth2.Token, error) {
	token, err := g.TokenSource.Token()
	if err != nil {
		return nil, tokenError{err}
	}
	return token, nil
}

// A gcpKey asks the service's REST API. Its checksums are
// https://cloud.google.com/kms/docs/data-integrity-guidelines.
type gcpKey struct {
	client *http.Client
	base   string
	name   string
}

// gcpMessage is what is asked and answered. What is not meant stays away.
type gcpMessage struct {
	Name               string  `json:"name,omitempty"` // of the key's version that was used
	Plaintext          []byte  `json:"plaintext,omitempty"`
	PlaintextSum       *uint32 `json:"plaintextCrc32c,string,omitempty"`
	Ciphertext         []byte  `json:"ciphertext,omitempty"`
	CiphertextSum      *uint32 `json:"ciphertextCrc32c,string,omitempty"`
	Associated         []byte  `json:"additionalAuthenticatedData,omitempty"`
	AssociatedSum      *uint32 `json:"additionalAuthenticatedDataCrc32c,string,omitempty"`
	VerifiedPlaintext  bool    `json:"verifiedPlaintextCrc32c,omitempty"`
	VerifiedAssociated bool    `json:"verifiedAdditionalAuthenticatedDataCrc32c,omitempty"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) *uint32 { return new(crc32.Checksum(b, castagnoli)) }

func intact(b []byte, sum *uint32) bool { return sum != nil && *sum == *checksum(b) }

// EncryptWithContext implements tink.AEADWithContext.
func (k *gcpKey) EncryptWithContext(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	answer, err := k.ask(ctx, "encrypt", &gcpMessage{
		Plaintext: plaintext, PlaintextSum: checksum(plaintext),
		Associated: associated, AssociatedSum: checksum(associated),
	})
	if err != nil {
		return nil, err
	}
	if !answer.VerifiedPlaintext || !answer.VerifiedAssociated || !intact(answer.Ciphertext, answer.CiphertextSum) {
		return nil, errCorrupted
	}
	if !strings.HasPrefix(answer.Name, k.name+"/") {
		return nil, fmt.Errorf("it has used another key, %q", answer.Name)
	}
	return answer.Ciphertext, nil
}

// DecryptWithContext implements tink.AEADWithContext.
func (k *gcpKey) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	answer, err := k.ask(ctx, "decrypt", &gcpMessage{
		Ciphertext: ciphertext, CiphertextSum: checksum(ciphertext),
		Associated: associated, AssociatedSum: checksum(associated),
	})
	if err != nil {
		return nil, err
	}
	if !intact(answer.Plaintext, answer.PlaintextSum) {
		clear(answer.Plaintext)
		return nil, errCorrupted
	}
	return answer.Plaintext, nil
}

// A gcpError is an answer that refuses
// (https://cloud.google.com/apis/design/errors).
type gcpError struct {
	HTTP  int `json:"-"`
	Inner struct {
		Status  string `json:"status"`
		Message string `json:"message"`
	} `json:"error"`
}

func (e *gcpError) Error() string { return fmt.Sprintf("%d %s", e.HTTP, e.Inner.Status) }

func (k *gcpKey) ask(ctx context.Context, verb string, message *gcpMessage) (*gcpMessage, error) {
	answer := new(gcpMessage)
	if err := ask(ctx, k.client, http.MethodPost, k.base+k.name+":"+verb, message, answer, func(request *http.Request, _ []byte) error {
		request.Header.Set("Content-Type", "application/json")
		return nil
	}, func(response *http.Response, content []byte) error {
		refusal := &gcpError{HTTP: response.StatusCode}
		_ = json.Unmarshal(content, refusal) // what is not JSON comes from something in between: the status tells
		return refusal
	}); err != nil {
		return nil, err
	}
	return answer, nil
}

func explainGCP(err error) (Reason, string) {
	var refusal *gcpError
	var token tokenError
	switch {
	case errors.As(err, &refusal):
		reason := reasonOf(refusal.HTTP)
		switch refusal.Inner.Status {
		case "":
			return reason, http.StatusText(refusal.HTTP)
		case "NOT_FOUND":
			reason = KEKNotFound
		}
		return reason, detail(refusal.Inner.Status, refusal.Inner.Message)
	case errors.As(err, &token):
		return explainToken(token)
	}
	return KEKUnreachable, networkDetail(err)
}

// explainToken says why there is no token, without what the answer holds but
// its code (RFC 6749, section 5.2).
func explainToken(err error) (Reason, string) {
	const none = "Google gives no token"
	var network *url.Error
	var answer *oauth2.RetrieveError
	switch {
	case errors.As(err, &network):
		return KEKUnreachable, detail(none, networkDetail(err))
	case !errors.As(err, &answer):
		return KEKDenied, "the credentials for Google Cloud cannot be used"
	case answer.Response != nil && reasonOf(answer.Response.StatusCode) == KEKUnreachable:
		return KEKUnreachable, detail(none, http.StatusText(answer.Response.StatusCode))
	}
	code := answer.ErrorCode
	if code == "" {
		var body struct{ Error string }
		_ = json.Unmarshal(answer.Body, &body) // what is not JSON has no code
		code = body.Error
	}
	return KEKDenied, detail(none, code)
}
