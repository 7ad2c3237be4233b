package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// callTimeout bounds one call of a service.
const callTimeout = 30 * time.Second

// A service is a key that something else holds.
type service struct {
	id   string
	aead tink.AEADWithContext
	// explain says what an error of aead means.
	explain func(error) (Reason, string)
}

// remoteKEK returns the key-encryption key that a service holds.
func remoteKEK(s *service) *KEK { return NewKEK(s.id, s) }

// EncryptWithContext implements tink.AEADWithContext.
func (s *service) EncryptWithContext(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	return s.call(ctx, s.aead.EncryptWithContext, plaintext, associated)
}

// DecryptWithContext implements tink.AEADWithContext.
func (s *service) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	return s.call(ctx, s.aead.DecryptWithContext, ciphertext, associated)
}

func (s *service) call(
	ctx context.Context, do func(context.Context, []byte, []byte) ([]byte, error), text, associated []byte,
) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := do(ctx, text, associated)
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return nil, &KEKError{KEK: s.id, Reason: KEKUnreachable, Detail: ctx.Err().Error(), Err: ctx.Err()}
	}
	reason, what := s.explain(err)
	return nil, &KEKError{KEK: s.id, Reason: reason, Detail: what}
}

// errCorrupted says that an answer is not what was asked for, or was changed on
// the way.
var errCorrupted = errors.New("what it says does not have its checksum")

// maxAnswer bounds an answer, which holds a key of 32 bytes or some text.
const maxAnswer = 1 << 20

// ask puts a question to a service in JSON, and reads the answer that is one: to
// the value at answer. Head completes the request, whose body it is given. What
// refuses is for refusal to read, which may be no JSON, if it comes from something
// in between.
func ask(
	ctx context.Context, client *http.Client, method, url string, question, answer any,
	head func(request *http.Request, body []byte) error, refusal func(response *http.Response, content []byte) error,
) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	defer clear(body)
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if err := head(request, body); err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	defer clear(content)
	if response.StatusCode != http.StatusOK {
		return refusal(response, content)
	}
	if json.Unmarshal(content, answer) != nil {
		return errCorrupted
	}
	return nil
}

// reasonOf returns what a status of HTTP means where the service does not say
// more. Not Found may as well be of something that is not the service.
func reasonOf(status int) Reason {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return KEKDenied
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500:
		return KEKUnreachable
	}
	return KEKRefused
}

// networkDetail returns what is to be told of an error that is not an answer.
func networkDetail(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return detail(op.Error())
	}
	var u *url.Error
	if errors.As(err, &u) { // its URL is known
		return detail(u.Err.Error())
	}
	return detail(err.Error())
}

// A target is what the URL of a key-encryption key names.
type target struct {
	name     string
	endpoint string // without a slash at its end; empty for the service's own
	region   string
}

// parseTarget reads a URL after its scheme. What it complains of may be shown:
// it does not repeat values, which a mistake may have made secret.
func parseTarget(rest string, allowed ...string) (target, error) {
	name, query, _ := strings.Cut(rest, "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return target{}, errors.New("what stands behind the ? cannot be read")
	}
	for key, values := range params {
		if !slices.Contains(allowed, key) || len(values) != 1 {
			return target{}, fmt.Errorf("%q cannot stand behind the ?, or not twice: %s can", key, strings.Join(allowed, " and "))
		}
	}
	t := target{name, strings.TrimSuffix(params.Get("endpoint"), "/"), params.Get("region")}
	if !params.Has("endpoint") {
		return t, nil
	}
	u, err := url.Parse(t.endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return target{}, errors.New("the endpoint is not of the form https://HOST, without a user")
	}
	return t, nil
}

// Check wraps something and unwraps it again. Its error is that of any other
// use: for a key that a service holds, a *KEKError.
func (k *KEK) Check(ctx context.Context) error {
	probe, bound := make([]byte, dataKeySize), []byte("godwit check")
	rand.Read(probe)
	wrapped, err := k.aead.EncryptWithContext(ctx, probe, bound)
	if err != nil {
		return err
	}
	got, err := k.aead.DecryptWithContext(ctx, wrapped, bound)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, probe) {
		return &KEKError{KEK: k.ID, Reason: KEKRefused, Detail: "it unwraps something else than what it has wrapped"}
	}
	return nil
}
