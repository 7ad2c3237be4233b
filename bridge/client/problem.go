package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// An Error is what a daemon answers to a request that failed: its problem
// document (RFC 9457), whose Detail is written for people.
type Error struct {
	Problem
	RequestID string // what the daemon's log calls the request
}

// Error implements error.
func (e *Error) Error() string { return e.Detail }

// Is reports whether target is the error's Code, or an Error of the same code.
func (e *Error) Is(target error) bool {
	switch t := target.(type) {
	case Code:
		return t == e.Code
	case *Error:
		return t.Code == e.Code
	}
	return false
}

// Error implements error, so that errors.Is compares errors with codes. It is the
// code as it is, since that is also how fmt prints it.
func (c Code) Error() string { return string(c) }

// maxProblem is how much of a problem document is read, in bytes.
const maxProblem = 1 << 20

// refusal returns what a response of a request that failed says.
func refusal(response *http.Response) error {
	e := &Error{RequestID: response.Header.Get("X-Request-Id")}
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err == nil && kind == "application/problem+json" {
		err = json.NewDecoder(io.LimitReader(response.Body, maxProblem)).Decode(&e.Problem)
	}
	if err == nil && e.Code != "" {
		return e
	}
	// It is not a daemon that has answered, but perhaps what stands before it.
	e.Problem = Problem{
		Status: int64(response.StatusCode), Title: http.StatusText(response.StatusCode), Code: CodeInternal,
		Detail: fmt.Sprintf("%s has answered %s, and not as the bridge does.", response.Request.URL.Host, response.Status),
	}
	switch response.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Code = CodeUnavailable
	case http.StatusNotFound:
		e.Code = CodeNotFound
	}
	return e
}

// An UnreachableError says that a daemon could not be asked, or that its answer
// was lost.
type UnreachableError struct {
	URL string // of the daemon
	Err error
}

// Error implements error.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("the bridge at %s cannot be reached: %v", e.URL, e.Err)
}

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// unreachable says what has become of a request without an answer.
func unreachable(ctx context.Context, base string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if wrapped := new(url.Error); errors.As(err, &wrapped) { // it repeats the URL
		err = wrapped.Err
	}
	return &UnreachableError{URL: base, Err: err}
}

// passing reports whether an error is of what passes by itself.
func passing(err error) bool {
	var lost *UnreachableError
	return errors.Is(err, CodeUnavailable) || errors.As(err, &lost)
}

// pauseOf returns how long an error asks to wait, 0 if it does not say.
func pauseOf(err error, now time.Time) time.Duration {
	var e *Error
	if !errors.As(err, &e) || e.RetryAt.IsZero() {
		return 0
	}
	return e.RetryAt.Sub(now)
}
