package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"godwit/bridge"
)

// A collector answers with one status after the other, and keeps what it has taken.
type collector struct {
	t        *testing.T
	statuses []int
	asked    []string
	headers  http.Header
	spans    []*tracepb.Span
}

// RoundTrip implements http.RoundTripper.
func (c *collector) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status := c.statuses[min(len(c.asked), len(c.statuses)-1)]
	c.asked, c.headers = append(c.asked, r.URL.String()), r.Header
	if status == http.StatusOK {
		var data tracepb.TracesData
		if err := proto.Unmarshal(body, &data); err != nil {
			c.t.Error(err)
		}
		for _, resource := range data.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

// tracer returns one whose spans the collector gets.
func (c *collector) tracer(failed func(error)) *Tracer {
	o := Options{Endpoint: "http://collector.test/otlp/", Node: "one", Version: "1", Failed: failed}
	e, err := newExporter(o)
	if err != nil {
		c.t.Fatal(err)
	}
	e.client.Transport = c
	t, err := open(c.t.Context(), o, e)
	if err != nil {
		c.t.Fatal(err)
	}
	return t
}

// Spans say codes and waits, and nothing of what errors say.
func TestSpans(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20x, other=y")
	synctest.Test(t, func(t *testing.T) {
		c := &collector{t: t, statuses: []int{http.StatusServiceUnavailable, http.StatusOK}}
		tracer := c.tracer(func(err error) { t.Error(err) })
		const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
		ctx, span := tracer.Start(Below(t.Context(), parent), "send", Client)
		span.Account("acc_1")
		header := make(http.Header)
		tracer.Send(ctx, header)
		if got := Parent(ctx); got != header.Get("traceparent") || !strings.HasPrefix(got, "00-0af7651916cd43dd8448eb211c80319c-") || got == parent {
			t.Errorf("%q, %v", got, header)
		}
		if got := Parent(tracer.Received(t.Context(), header)); got != Parent(ctx) {
			t.Errorf("received %q", got)
		}
		span.End(fmt.Errorf("with a secret: %w", &bridge.Error{
			Code: bridge.CodeFloodWait, Detail: "with a secret", RetryAt: time.Now().Add(7 * time.Second),
		}))
		_, other := tracer.Start(t.Context(), "other", Internal)
		other.End(errors.New("with a secret"))
		if err := tracer.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(c.spans) != 2 || len(c.asked) != 2 || c.asked[0] != "http://collector.test/otlp/v1/traces" ||
			c.headers.Get("Authorization") != "Basic x" || c.headers.Get("Other") != "y" {
			t.Fatalf("%d spans by %q with %v", len(c.spans), c.asked, c.headers)
		}
		said := fmt.Sprint(c.spans)
		for _, want := range []string{"acc_1", "flood_wait", "internal", "double_value:7"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s is not in %s", want, said)
			}
		}
		if strings.Contains(said, "secret") {
			t.Errorf("too much is said: %s", said)
		}
	})
}

// What the collector does not take is lost, and said.
func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct{ status, times int }{{http.StatusBadRequest, 1}, {http.StatusTooManyRequests, exportTries}} {
			c := &collector{t: t, statuses: []int{test.status}}
			lost := 0
			tracer := c.tracer(func(error) { lost++ })
			_, span := tracer.Start(t.Context(), "x", Internal)
			span.End(nil)
			if err := tracer.Close(t.Context()); err != nil || lost != 1 || len(c.asked) != test.times {
				t.Errorf("%d: %v, lost %d after %d", test.status, err, lost, len(c.asked))
			}
		}
	})
}

// Without a tracer nothing happens.
func TestNil(t *testing.T) {
	var tracer *Tracer
	ctx, span := tracer.Start(t.Context(), "x", Internal)
	span.Account("acc_1")
	span.Number("n", 1)
	span.Wait(time.Second)
	span.Fail("x")
	span.End(errors.New("x"))
	header := make(http.Header)
	tracer.Send(ctx, header)
	if tracer.On() || Parent(ctx) != "" || len(header) > 0 || tracer.Received(ctx, header) != ctx || tracer.Close(ctx) != nil {
		t.Error("a nil tracer does something")
	}
	if got := Below(context.Background(), ""); got != context.Background() {
		t.Error("no parent is one")
	}
}

func TestOptions(t *testing.T) {
	for _, endpoint := range []string{"", "localhost:4318", "ftp://x"} {
		if _, err := Open(t.Context(), Options{Endpoint: endpoint}); err == nil {
			t.Errorf("%q is taken", endpoint)
		}
	}
	for text, want := range map[string]int{"": 0, "a=b": 1, "a=b,c=d%20e,": 2, "a": -1, "=b": -1, "a=%zz": -1} {
		if got, err := readHeaders(text); (err != nil) != (want < 0) || err == nil && len(got) != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
