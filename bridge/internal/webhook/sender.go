package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/bridge"
	"godwit/bridge/internal/trace"
)

const (
	// responseLimit is how much of a response is read, in bytes: so much that
	// the connection of an ordinary one can be used again.
	responseLimit = 16 << 10
	// excerptLimit is how much of the response to a failure the log keeps.
	excerptLimit = 200
)

// An outcome is what has come of a request.
type outcome struct {
	bridge.Attempt
	delivered bool
	aborted   bool      // by us: it says nothing about the receiver
	gone      bool      // the receiver wants nothing any more: 410
	notBefore time.Time // when it wants to be asked again; zero: it does not say
	everyone  bool      // that goes for all requests to it, not for this one alone
}

// A sender makes requests to receivers.
type sender struct {
	transport *http.Transport
	timeout   time.Duration
	clock     Clock
	agent     string
	trace     *trace.Tracer
}

// newSender returns a sender. There is no http.Client in it, which does for each
// request what is not wanted here. Redirects are not followed: a receiver that has
// moved has to say so to whoever set the webhook up, and what a redirect leads
// to would be a way around the guard. HTTP/2 is not spoken, in which requests to
// one host would wait for each other.
func newSender(o *Options) *sender {
	transport := &http.Transport{
		DialContext:            o.Guard.dial(o.Timeout),
		TLSHandshakeTimeout:    o.Timeout,
		MaxIdleConnsPerHost:    o.Concurrency,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: responseLimit,
		DisableCompression:     true,
		Protocols:              new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(true)
	return &sender{
		transport: transport, timeout: o.Timeout, clock: o.Clock, agent: "godwit/" + o.Version, trace: o.Trace,
	}
}

// send makes one request.
func (s *sender) send(ctx context.Context, to, id string, body []byte, secrets []Secret) outcome {
	var out outcome
	out.At = s.clock.Now()
	timed, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(timed, http.MethodPost, to, bytes.NewReader(body))
	if err == nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("User-Agent", s.agent)
		s.trace.Send(ctx, request.Header)
		err = sign(request.Header, id, out.At, body, secrets)
	}
	if err != nil {
		out.Error = err.Error()
		return out
	}
	response, err := s.transport.RoundTrip(request)
	if err != nil {
		out.Took = s.clock.Now().Sub(out.At)
		out.Error, out.aborted = describe(err), ctx.Err() != nil
		return out
	}
	defer response.Body.Close()
	// A body that does not end does not undo what the status says.
	text, _ := io.ReadAll(io.LimitReader(response.Body, responseLimit))
	now := s.clock.Now()
	out.Took, out.Status = now.Sub(out.At), response.StatusCode
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		out.delivered = true
		return out
	case code >= 300 && code < 400:
		out.Error = fmt.Sprintf("%d leads elsewhere, and redirects are not followed", code)
	case code == http.StatusGone:
		out.gone = true
		fallthrough
	default:
		out.Error = strings.TrimSpace(fmt.Sprintf("%s %s", response.Status, excerpt(text)))
		out.notBefore = retryAfter(response.Header, now)
		out.everyone = code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable
	}
	return out
}

// describe says why there was no response.
func describe(err error) string {
	var address *AddressError
	if errors.As(err, &address) {
		return address.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no response in time"
	}
	return err.Error()
}

// excerpt returns the beginning of a response, if it is text.
func excerpt(text []byte) string {
	if !utf8.Valid(text) {
		return ""
	}
	short := strings.Join(strings.Fields(string(text)), " ")
	if len(short) > excerptLimit {
		short = strings.ToValidUTF8(short[:excerptLimit], "") + "…"
	}
	return short
}
