package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"godwit/bridge"
)

// secretPrefix is what secrets begin with
// (https://github.com/standard-webhooks/standard-webhooks, "Signature scheme").
const secretPrefix = "whsec_"

// secretSize is how many random bytes a new secret has. The scheme wants 24 to 64.
const secretSize = 32

// A Secret is what a webhook's requests are signed with.
type Secret = bridge.WebhookSecret

// NewSecret makes a secret.
func NewSecret() Secret {
	key := make([]byte, secretSize)
	rand.Read(key)
	return Secret(secretPrefix + base64.StdEncoding.EncodeToString(key))
}

// keyOf returns the bytes of a secret.
func keyOf(s Secret) ([]byte, error) {
	text, ok := strings.CutPrefix(string(s), secretPrefix)
	if !ok {
		return nil, errors.New("webhook: a secret does not begin with " + secretPrefix)
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("webhook: a secret is not base64 of 24 to 64 bytes")
	}
	return key, nil
}

// sign adds the headers of the scheme to a request: its id, the time, and a
// signature by each secret, so that receivers who know only the old or only the
// new one of two can check it.
func sign(h http.Header, id string, at time.Time, body []byte, secrets []Secret) error {
	signatures := make([]string, len(secrets))
	timestamp := strconv.FormatInt(at.Unix(), 10)
	for i, s := range secrets {
		key, err := keyOf(s)
		if err != nil {
			return err
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.", id, timestamp)
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", timestamp)
	h.Set("webhook-signature", strings.Join(signatures, " "))
	return nil
}
