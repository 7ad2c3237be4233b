package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// An exporter sends spans by OTLP over HTTP
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp). That of OpenTelemetry
// itself links gRPC, for one message that TracesData is the same as.
type exporter struct {
	url     string
	headers map[string]string
	failed  func(error)
	client  *http.Client
}

const (
	exportTimeout = 10 * time.Second
	exportTries   = 3
)

func newExporter(o Options) (*exporter, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("trace: %q is not the URL of a collector, such as http://127.0.0.1:4318", o.Endpoint)
	}
	headers, err := readHeaders(os.Getenv("OTEL_EXPORTER_OTLP_HEADERS"))
	if err != nil {
		return nil, err
	}
	return &exporter{
		url: strings.TrimRight(o.Endpoint, "/") + "/v1/traces", headers: headers, failed: o.Failed,
		client: &http.Client{Timeout: exportTimeout, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}},
	}, nil
}

// readHeaders reads name=value, with commas between several and values as in URLs
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). The error quotes
// no value, which may be secret.
func readHeaders(text string) (map[string]string, error) {
	headers := make(map[string]string)
	for one := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(one) == "" {
			continue
		}
		name, value, ok := strings.Cut(one, "=")
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || err != nil || name == "" {
			return nil, errors.New("trace: OTEL_EXPORTER_OTLP_HEADERS is not name=value, with commas between several")
		}
		headers[name] = decoded
	}
	return headers, nil
}

// Start implements otlptrace.Client.
func (e *exporter) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (e *exporter) Stop(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. Spans that the collector does not take
// are lost: nothing waits for them.
func (e *exporter) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	pause := time.Second
	for try := 1; ; try++ {
		again, err := e.post(ctx, body)
		if err == nil {
			return nil
		}
		if again && try < exportTries {
			select {
			case <-time.After(pause):
				pause *= 2
				continue
			case <-ctx.Done():
			}
		}
		if e.failed != nil {
			e.failed(err)
		}
		return nil // OpenTelemetry would print it once more
	}
}

// post sends a request, and reports whether one that failed may succeed later.
func (e *exporter) post(ctx context.Context, body []byte) (again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	for name, value := range e.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	answer, err := e.client.Do(r)
	if err != nil {
		return true, err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // so that the connection can be used again
	switch code := answer.StatusCode; {
	case code/100 == 2:
		return false, nil
	case code == http.StatusTooManyRequests || code == http.StatusBadGateway || code == http.StatusServiceUnavailable || code == http.StatusGatewayTimeout:
		again = true
	}
	return again, fmt.Errorf("the collector answers %s", answer.Status)
}
