package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const account = "acc_01KB0000000000000000000000"

// A daemon answers requests with one function after the other, the last of which
// answers all others.
type daemon struct {
	t        *testing.T
	answers  []func(*http.Request) (*http.Response, error)
	requests []*http.Request
	bodies   []string
}

// RoundTrip implements http.RoundTripper.
func (d *daemon) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			d.t.Error(err)
		}
		body = string(content)
	}
	d.requests, d.bodies = append(d.requests, r), append(d.bodies, body)
	res, err := d.answers[min(len(d.requests), len(d.answers))-1](r)
	if res != nil {
		res.Request = r
	}
	return res, err
}

// client returns what asks the daemon.
func (d *daemon) client() *Client {
	d.t.Helper()
	c, err := New("http://bridge.test/", "godwit_key\n")
	if err != nil {
		d.t.Fatal(err)
	}
	return c.WithHTTP(&http.Client{Transport: d})
}

func answer(status int, contentType, body string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Status: fmt.Sprint(status, " ", http.StatusText(status)),
			Header: http.Header{"Content-Type": {contentType}, "X-Request-Id": {"REQUEST"}}, Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	}
}

func jsonOf(body string) func(*http.Request) (*http.Response, error) {
	return answer(http.StatusOK, "application/json", body)
}

func problem(status int, code Code, more string) func(*http.Request) (*http.Response, error) {
	return answer(status, "application/problem+json", fmt.Sprintf(`{"status": %d, "code": %q, "detail": "It is so."%s}`, status, code, more))
}

func lost(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func TestNew(t *testing.T) {
	for _, test := range []struct {
		url, key string
		wrong    string // in the error
	}{
		{"http://127.0.0.1:8787", "godwit_x", ""},
		{"https://example.org/bridge/", " godwit_x\n", ""},
		{"127.0.0.1:8787", "godwit_x", "127.0.0.1:8787"},
		{"ftp://example.org", "godwit_x", "ftp"},
		{"http://example.org?x=1", "godwit_x", "x=1"},
		{"http://example.org", "", "API key"},
		{"http://example.org", "a b", "API key"},
	} {
		c, err := New(test.url, test.key)
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%q, %q: %v", test.url, test.key, err)
		}
		if shown := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(shown, "godwit_x") {
			t.Errorf("the key prints: %s", shown)
		}
	}
}

// Errors are compared with codes, and tell what is known.
func TestErrors(t *testing.T) {
	wait := `, "retry_at": "2026-11-26T12:00:00Z", "errors": [{"location": "body.to", "message": "is wrong"}]`
	for name, test := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		code   Code
		detail string
	}{
		"a problem":            {problem(http.StatusForbidden, CodeSuppressed, ""), CodeSuppressed, "It is so."},
		"with fields":          {problem(http.StatusTooManyRequests, CodeFloodWait, wait), CodeFloodWait, "It is so."},
		"a page":               {answer(http.StatusForbidden, "text/html", "<p>no"), CodeInternal, "bridge.test has answered 403 Forbidden, and not as the bridge does."},
		"a page for nothing":   {answer(http.StatusNotFound, "text/html", "<p>no"), CodeNotFound, "404"},
		"a problem of another": {answer(http.StatusTeapot, "application/problem+json", `{"title": "no"}`), CodeInternal, "418"},
		"a broken problem":     {answer(http.StatusTeapot, "application/problem+json", `{`), CodeInternal, "418"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){test.answer}}
			_, err := d.client().SendMessage(t.Context(), account, SendMessageRequest{To: "@x", Text: "x"}, nil)
			err = fmt.Errorf("wrapped: %w", err)
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, test.code) || errors.Is(err, CodeTooLarge) || !strings.Contains(e.Detail, test.detail) || e.RequestID != "REQUEST" {
				t.Fatalf("%v, %+v", err, e)
			}
			if errors.Is(err, CodeFloodWait) && (e.RetryAt.Hour() != 12 || len(e.Errors) != 1 || e.Errors[0].Location != "body.to") {
				t.Errorf("%+v", e)
			}
			if len(d.requests) != 1 {
				t.Errorf("asked %d times", len(d.requests))
			}
		})
	}
}

// What may be asked again is, with the same key and body; what may not is not.
func TestRepeating(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		passing := problem(http.StatusServiceUnavailable, CodeUnavailable, "")
		d := &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){lost, passing, jsonOf(`{"id": "msg_1"}`)}}
		sent, err := d.client().SendMessage(t.Context(), account, SendMessageRequest{To: "@x", Text: "hello"}, nil)
		if err != nil || sent.ID != "msg_1" || len(d.requests) != 3 {
			t.Fatalf("%+v, %v after %d", sent, err, len(d.requests))
		}
		keys := map[string]bool{}
		for i, r := range d.requests {
			keys[r.Header.Get(idempotencyKey)] = true
			if d.bodies[i] != `{"text":"hello","to":"@x"}` || r.Header.Get("Authorization") != "Bearer godwit_key" || r.URL.Path != "/v1/accounts/"+account+"/messages" {
				t.Errorf("%s: %s", r.URL, d.bodies[i])
			}
		}
		if len(keys) != 1 || keys[""] {
			t.Errorf("the keys are %v", keys)
		}

		d = &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){lost}}
		_, err = d.client().CreateAccount(t.Context(), NewAccount{Name: "x"})
		var unreachable *UnreachableError
		if !errors.As(err, &unreachable) || len(d.requests) != 1 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v after %d", err, len(d.requests))
		}
		begun := time.Now()
		if _, err = d.client().GetAccount(t.Context(), account); !errors.As(err, &unreachable) || len(d.requests) != 1+attempts {
			t.Errorf("%v after %d", err, len(d.requests))
		}
		if took := time.Since(begun); took != 7*firstPause {
			t.Errorf("gave up after %v", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err = d.client().GetAccount(ctx, account); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}

		// The daemon says how long to wait.
		at := time.Now().Add(3 * time.Second)
		d = &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){
			problem(http.StatusServiceUnavailable, CodeUnavailable, fmt.Sprintf(`, "retry_at": %q`, at.Format(time.RFC3339Nano))), jsonOf(`{"id": "x"}`),
		}}
		if _, err := d.client().GetAccount(t.Context(), account); err != nil || time.Now().Before(at) {
			t.Errorf("%v at %v", err, time.Now())
		}
	})
}

func TestWrongAnswer(t *testing.T) {
	d := &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){answer(http.StatusOK, "text/html", "<p>hello")}}
	if _, err := d.client().GetAccount(t.Context(), account); err == nil || !strings.Contains(err.Error(), "not what a daemon answers") {
		t.Error(err)
	}
}

// Lists go on from page to page, and end with an error.
func TestPages(t *testing.T) {
	d := &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){
		jsonOf(`{"accounts": [{"id": "a"}, {"id": "b"}], "next": "b"}`), jsonOf(`{"accounts": [], "next": "c"}`),
		jsonOf(`{"accounts": [{"id": "d"}]}`),
	}}
	var got []string
	for a, err := range d.client().Accounts(t.Context(), &ListAccountsParams{Limit: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.ID)
	}
	var asked []string
	for _, r := range d.requests {
		asked = append(asked, r.URL.RawQuery)
	}
	if !slices.Equal(got, []string{"a", "b", "d"}) || !slices.Equal(asked, []string{"limit=2", "after=b&limit=2", "after=c&limit=2"}) {
		t.Errorf("%q by %q", got, asked)
	}
	d = &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){
		jsonOf(`{"messages": [{"id": "a"}], "next": "b"}`), problem(http.StatusForbidden, CodeForbidden, ""),
	}}
	var ends []error
	for _, err := range d.client().Messages(t.Context(), "conv_1", nil) {
		ends = append(ends, err)
	}
	if len(ends) != 2 || ends[0] != nil || !errors.Is(ends[1], CodeForbidden) {
		t.Errorf("%v", ends)
	}
	d = &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){
		jsonOf(`{"events": [{"id": "a", "data": {"text": "x"}}], "next": "7", "more": true}`),
		jsonOf(`{"events": [{"id": "b"}], "next": "9", "more": false}`),
	}}
	got = nil
	for e, err := range d.client().Events(t.Context(), &ListEventsParams{AccountID: []string{"x", "y"}}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.ID)
	}
	if !slices.Equal(got, []string{"a", "b"}) || len(d.requests) != 2 || d.requests[1].URL.RawQuery != "account_id=x%2Cy&after=7" {
		t.Errorf("%q by %v", got, d.requests)
	}
}

// Parameters whose zero value means something are told apart from none.
func TestParams(t *testing.T) {
	d := &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){answer(http.StatusNoContent, "", "")}}
	no, zero := false, int64(0)
	for _, err := range []error{
		d.client().DeleteMessage(t.Context(), "msg_1", nil),
		d.client().DeleteMessage(t.Context(), "msg/1", &DeleteMessageParams{Everybody: &no}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if d.requests[0].URL.RawQuery != "" || d.requests[1].URL.RawQuery != "everybody=false" || d.requests[1].URL.EscapedPath() != "/v1/messages/msg%2F1" {
		t.Errorf("%v, %v", d.requests[0].URL, d.requests[1].URL)
	}
	d.answers = append(d.answers[:0], jsonOf(`{"secret": "s"}`))
	for _, test := range []struct {
		in   RotateWebhookSecretRequest
		want string
	}{{RotateWebhookSecretRequest{}, `{}`}, {RotateWebhookSecretRequest{OverlapSeconds: &zero}, `{"overlap_seconds":0}`}} {
		if _, err := d.client().RotateWebhookSecret(t.Context(), "hook_1", test.in); err != nil || d.bodies[len(d.bodies)-1] != test.want {
			t.Errorf("%s, %v", d.bodies[len(d.bodies)-1], err)
		}
	}
	d.answers = append(d.answers[:0], jsonOf(`{"id": "upl_1"}`))
	upload, err := d.client().Upload(t.Context(), "image/png", strings.NewReader("picture"), &UploadParams{Name: "a b.png"})
	last := d.requests[len(d.requests)-1]
	if err != nil || upload.ID != "upl_1" || d.bodies[len(d.bodies)-1] != "picture" || last.URL.RawQuery != "name=a+b.png" || last.Header.Get("Content-Type") != "image/png" {
		t.Errorf("%+v, %v, %v", upload, err, last)
	}
}

// stream answers with server-sent events, and then does something with the
// connection.
func stream(text string, then func(*http.Request) error) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		read, write := io.Pipe()
		go func() {
			_, err := io.WriteString(write, text)
			if err == nil {
				err = then(r)
			}
			write.CloseWithError(err)
		}()
		res, _ := answer(http.StatusOK, "text/event-stream", "")(r)
		res.Body = read
		return res, nil
	}
}

func cut(*http.Request) error { return io.ErrUnexpectedEOF }

func hang(r *http.Request) error {
	<-r.Context().Done()
	return r.Context().Err()
}

func event(position int, id string) string {
	return fmt.Sprintf("id: %d\nevent: message.received\ndata: {\"id\": %q,\ndata: \"data\": {}}\n\n", position, id)
}

// A stream goes on after each cut, silence among them, behind what was told.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){
			lost, // the first time, as any request
			stream(": hello\nretry: 1000\nid: 7\n\n", cut),
			lost,
			problem(http.StatusServiceUnavailable, CodeUnavailable, ""),
			stream(": hello\n\n"+event(8, "a")+event(9, "b"), cut),
			stream(event(10, "c")+": alive\nid: 12\n\n", hang),
			stream("event: error\ndata: {\"status\": 500, \"code\": \"internal\", \"detail\": \"x\"}\n\n", cut),
			stream(event(13, "d"), cut),
			problem(http.StatusUnauthorized, CodeUnauthorized, ""),
		}}
		var got []string
		var cuts []error
		var end error
		for e, err := range d.client().Follow(t.Context(), Following{
			Accounts: []string{account}, Types: []EventType{EventTypeMessageReceived}, Cut: func(err error) { cuts = append(cuts, err) },
		}) {
			if err != nil {
				end = err
				continue
			}
			got = append(got, e.ID)
		}
		var asked []string
		for _, r := range d.requests {
			asked = append(asked, r.Header.Get("Last-Event-ID"))
		}
		if !slices.Equal(got, []string{"a", "b", "c", "d"}) || !slices.Equal(asked, []string{"", "", "7", "7", "7", "9", "12", "12", "13"}) {
			t.Errorf("%q by %q", got, asked)
		}
		if !errors.Is(end, CodeUnauthorized) || len(cuts) != 7 || !errors.Is(cuts[4], errSilent) || !errors.Is(cuts[5], CodeInternal) {
			t.Errorf("%v after %v", end, cuts)
		}
		if q := d.requests[0].URL.Query(); q.Get("account_id") != account || q.Get("type") != "message.received" {
			t.Errorf("asked for %v", q)
		}
	})
}

// A stream ends with its context, with what nobody wants any more, and at once
// where it cannot be opened at all.
func TestFollowEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		d := &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){stream(event(1, "a"), hang)}}
		var ends []error
		for _, err := range d.client().Follow(ctx, Following{After: "0"}) {
			ends = append(ends, err)
			cancel()
		}
		if len(ends) != 2 || !errors.Is(ends[1], context.Canceled) || d.requests[0].URL.RawQuery != "after=0" {
			t.Errorf("%v", ends)
		}
		d = &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){stream(event(1, "a")+event(2, "b"), hang)}}
		for range d.client().Follow(t.Context(), Following{}) {
			break
		}
		d = &daemon{t: t, answers: []func(*http.Request) (*http.Response, error){lost}}
		var unreachable *UnreachableError
		for _, err := range d.client().Follow(t.Context(), Following{}) {
			if !errors.As(err, &unreachable) || len(d.requests) != attempts {
				t.Errorf("%v after %d", err, len(d.requests))
			}
		}
	})
}

// FuzzStream has streams read back as they were written, and others end.
func FuzzStream(f *testing.F) {
	f.Add([]byte(": hello\nretry: 1000\nid: 7\n\n"))
	f.Add([]byte(event(1, "a") + event(2, "b")))
	f.Add([]byte("data\n\ndata:\ndata: x\r\n\nid: \x00\n\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		read := func(stream []byte) (list []message) {
			err := readStream(bytes.NewReader(stream), func() {}, func(m message) error {
				list = append(list, m)
				return nil
			})
			if err == nil {
				t.Error("a stream ends without an error")
			}
			return list
		}
		first := read(stream)
		var again bytes.Buffer
		for _, m := range first {
			if err := m.write(&again); err != nil {
				t.Fatal(err)
			}
		}
		second := read(again.Bytes())
		if !slices.EqualFunc(first, second, func(a, b message) bool {
			return a.id == b.id && a.event == b.event && bytes.Equal(a.data, b.data)
		}) {
			t.Errorf("%q became %q", first, second)
		}
	})
}

// The codes are errors that say what they are.
func TestCode(t *testing.T) {
	if got := fmt.Sprint(CodeTooLarge); got != "too_large" {
		t.Error(got)
	}
	content, err := json.Marshal(CodeTooLarge)
	if err != nil || string(content) != `"too_large"` {
		t.Errorf("%s, %v", content, err)
	}
}
