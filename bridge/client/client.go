// Package client asks a daemon of the bridge, "godwit serve", over its HTTP API.
//
// Start with [New]. Each operation of the API has a method of its name, made from
// the API's own description: [Client.CreateAccount], [Client.SendMessage]. Lists
// come as iterators that fetch page after page ([Client.Accounts],
// [Client.Messages]), and [Client.Follow] tells of events as they happen, past
// whatever cuts the connection.
//
// What the daemon refuses is an [*Error], which errors.Is compares with a code of
// the closed set:
//
//	if errors.Is(err, client.CodeSuppressed) { … }
//
// Requests that take an Idempotency-Key get one, unless the caller gives one.
// They, and those that only read, are tried again where the connection is lost or
// the daemon is not to be reached for a moment.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"
)

//go:generate go test ../internal/httpapi -run ^TestDescription$ -update
//go:generate go -C generate run . -description ../openapi.json -out ../zclient.go

// A Client asks one daemon with one API key. It may be used concurrently.
type Client struct {
	base string        // without a slash at the end
	key  func() string // a function, which prints as nothing that is secret
	http *http.Client
}

// New returns a client of the daemon at a URL, such as http://127.0.0.1:8787,
// with an API key, as "godwit key create" prints it. It does not connect yet. The
// error says what is wrong with either.
func New(base, key string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("client: %q is not the URL of a daemon, such as http://127.0.0.1:8787", base)
	}
	key = strings.TrimSpace(key)
	if key == "" || strings.ContainsAny(key, " \t\r\n") {
		return nil, errors.New(`client: an API key is needed, as "godwit key create" prints it`)
	}
	return &Client{base: strings.TrimRight(base, "/"), key: func() string { return key }, http: http.DefaultClient}, nil
}

// WithHTTP returns the client with other ways to connect: through a proxy, say,
// or with a certificate to trust.
func (c *Client) WithHTTP(h *http.Client) *Client {
	other := *c
	other.http = h
	return &other
}

// A call is a request that may be made more than once.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	body         io.Reader // read once
	content      []byte    // in place of body
}

// newCall returns the call of an operation. Params are what the path names.
func newCall(method, path string, params ...any) *call {
	escaped := make([]any, len(params))
	for i, p := range params {
		escaped[i] = url.PathEscape(fmt.Sprint(p))
	}
	return &call{method: method, path: fmt.Sprintf(path, escaped...), query: make(url.Values), header: make(http.Header)}
}

// ask adds a parameter of the query, unless it is the zero value or nil.
func (r *call) ask(name string, value any) {
	v := reflect.ValueOf(value)
	switch {
	case v.IsZero(), v.Kind() == reflect.Slice && v.Len() == 0:
	case v.Kind() == reflect.Pointer:
		r.query.Add(name, fmt.Sprint(v.Elem()))
	case v.Kind() == reflect.Slice: // one parameter with commas, as the API takes lists
		words := make([]string, v.Len())
		for i := range words {
			words[i] = fmt.Sprint(v.Index(i))
		}
		r.query.Add(name, strings.Join(words, ","))
	default:
		r.query.Add(name, fmt.Sprint(value))
	}
}

// idempotencyKey names the header by which the daemon knows repetitions.
const idempotencyKey = "Idempotency-Key"

// set sets a header. A key of idempotency is made where there is none.
func (r *call) set(name, value string) {
	if value == "" && name == idempotencyKey {
		value = rand.Text()
	}
	if value != "" {
		r.header.Set(name, value)
	}
}

// send gives the call a JSON body.
func (r *call) send(body any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("client: the request: %w", err)
	}
	r.content = content
	r.header.Set("Content-Type", "application/json")
	return nil
}

// stream gives the call a body of any kind, which is read while it is sent.
func (r *call) stream(contentType string, body io.Reader) {
	r.body = body
	if contentType != "" {
		r.header.Set("Content-Type", contentType)
	}
}

// repeatable reports whether the call may be made again where it is not known
// what came of it.
func (r *call) repeatable() bool {
	return r.method == http.MethodGet || r.header.Get(idempotencyKey) != ""
}

// do makes a call, and decodes the JSON that it is answered with into a value; if
// that is nil, no body is expected.
func (c *Client) do(ctx context.Context, r *call, into any) error {
	body, err := c.open(ctx, r)
	if err != nil {
		return err
	}
	defer body.Close()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return fmt.Errorf("client: %s %s: the answer is not what a daemon answers: %w", r.method, c.base+r.path, err)
	}
	return nil
}

// How often a call is made that may be repeated, and how long to wait between.
const (
	attempts     = 4
	firstPause   = 200 * time.Millisecond
	longestPause = 30 * time.Second
)

// open makes a call, again where it may be repeated and has failed in passing,
// and returns the body of the answer.
func (c *Client) open(ctx context.Context, r *call) (io.ReadCloser, error) {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		response, err := c.once(ctx, r)
		if err == nil {
			return response.Body, nil
		}
		wait := max(pause, pauseOf(err, time.Now()))
		if attempt == attempts || !r.repeatable() || !passing(err) || wait > longestPause {
			return nil, err
		}
		if sleep(ctx, wait) != nil {
			return nil, err
		}
		pause *= 2
	}
}

// sleep waits, or until the context ends, whose error it returns then.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// once makes a call once. The error is an *Error if there was an answer.
func (c *Client) once(ctx context.Context, r *call) (*http.Response, error) {
	body := r.body
	if r.content != nil {
		body = bytes.NewReader(r.content)
	}
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	request.Header = r.header.Clone()
	request.Header.Set("Authorization", "Bearer "+c.key())
	response, err := c.http.Do(request)
	if err != nil {
		return nil, unreachable(ctx, c.base, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		return nil, refusal(response)
	}
	return response, nil
}
