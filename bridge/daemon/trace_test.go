package daemon

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"godwit/bridge/client"
	"godwit/internal/pgtest"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// A collector takes spans as OpenTelemetry's does, by OTLP over HTTP.
type collector struct {
	*testing.T
	mu    sync.Mutex
	spans []*tracepb.Span
}

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var data tracepb.TracesData
	if err == nil {
		err = proto.Unmarshal(body, &data)
	}
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		c.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range data.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

// find returns the span of a name below another one; nil: below none.
func (c *collector) find(name string, below *tracepb.Span) *tracepb.Span {
	c.Helper()
	for _, s := range c.spans {
		if s.Name == name && (below == nil || string(s.ParentSpanId) == string(below.SpanId) && string(s.TraceId) == string(below.TraceId)) {
			return s
		}
	}
	var have []string
	for _, s := range c.spans {
		have = append(have, fmt.Sprintf("%s %x<%x", s.Name, s.SpanId, s.ParentSpanId))
	}
	c.Fatalf("no span %s below %v; there are\n%s", name, below, strings.Join(have, "\n"))
	return nil
}

// withParent makes requests as part of a trace.
type withParent string

// RoundTrip implements http.RoundTripper.
func (p withParent) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("traceparent", string(p))
	return http.DefaultTransport.RoundTrip(r)
}

// TestTrace follows a message from the request to Telegram and to a webhook, and an
// answer from Telegram to that webhook.
func TestTrace(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		c := &collector{T: t}
		collecting := httptest.NewServer(c)
		defer collecting.Close()
		parents := make(chan string, 10) // that the webhook gets
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			// Telegram's own message about the sign-in may be news to the webhook.
			if body, err := io.ReadAll(r.Body); err != nil || bytes.Contains(body, []byte("private matter")) {
				parents <- r.Header.Get("traceparent")
			}
		}))
		defer receiver.Close()
		place, err := sandbox.New(sandbox.Options{})
		check(err)
		check(place.Start())
		defer place.Close()
		_, err = place.AddUser("9996610001", "Ann", "")
		check(err)
		file := filepath.Join(t.TempDir(), "telegram.json")
		check(place.WriteInfo(file))
		network, connection, err := connectionfile.Load(file)
		check(err)

		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ready := make(chan [2]string, 1)
		o := Options{
			Listen: "127.0.0.1:0", Data: t.TempDir(), Database: db, Network: network, APIID: connection.APIID, APIHash: connection.APIHash,
			BotAPI: "http://127.0.0.1:0", Logger: slog.New(slog.DiscardHandler), OTLP: collecting.URL,
			Ready: func(address, key string) { ready <- [2]string{address, key} },
		}
		o.Webhooks.PlainHTTP, o.Webhooks.Allowed = true, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		ended := make(chan error, 1)
		go func() { ended <- Run(ctx, o) }()
		at := <-ready
		api, err := client.New("http://"+at[0], at[1])
		check(err)

		a, err := api.CreateAccount(ctx, client.NewAccount{Name: "Support"})
		check(err)
		_, err = api.BeginSignIn(ctx, a.ID)
		for ; err != nil; _, err = api.BeginSignIn(ctx, a.ID) { // as soon as the node owns it
			if !errors.Is(err, client.CodeUnavailable) {
				t.Fatal(err)
			}
		}
		for _, answer := range []client.Answer{
			{Action: "phone", Text: "9996620003"}, {Action: "code", Text: "22222"}, {Action: "name", FirstName: "Sue"},
		} {
			_, err := api.AnswerSignIn(ctx, a.ID, answer)
			check(err)
		}
		_, err = api.CreateWebhook(ctx, client.WebhookInput{
			URL: receiver.URL, EventTypes: []client.EventType{client.EventTypeMessageSent, client.EventTypeMessageReceived},
		})
		check(err)
		const traces, caller = "0af7651916cd43dd8448eb211c8031", "b7ad6b7169203331"
		var trace string
		// Telegram's update of what is sent may be stored before the answer: then the
		// event is of the update.
		for attempt := 1; ; attempt++ {
			trace = fmt.Sprintf("%s%02x", traces, attempt)
			traced := api.WithHTTP(&http.Client{Transport: withParent("00-" + trace + "-" + caller + "-01")})
			_, err = traced.SendMessage(ctx, a.ID, client.SendMessageRequest{To: "+9996610001", Text: "a private matter"}, nil)
			check(err)
			got := <-parents
			if strings.HasPrefix(got, "00-"+trace+"-") {
				break
			}
			if attempt == 10 {
				t.Fatalf("the webhook is called by %q", got)
			}
		}
		ann, err := telegram.Connect(ctx, telegram.Options{Network: network, APIID: connection.APIID, APIHash: connection.APIHash})
		check(err)
		defer ann.Close()
		_, err = ann.SignIn(ctx, telegram.Answers{PhoneNumber: "9996610001", AskCode: telegram.FixedCode("11111")})
		check(err)
		support, err := ann.ImportContact(ctx, telegram.Contact{Phone: "+9996620003", FirstName: "Sue"})
		check(err)
		_, err = ann.SendText(ctx, support, "another private matter")
		check(err)
		if got := <-parents; len(got) < 50 || strings.Contains(got, traces) {
			t.Errorf("the webhook is called by %q", got)
		}
		stop()
		check(<-ended)

		c.mu.Lock()
		defer c.mu.Unlock()
		asked := new(tracepb.Span)
		asked.TraceId, err = hex.DecodeString(trace)
		check(err)
		asked.SpanId, err = hex.DecodeString(caller)
		check(err)
		request := c.find("POST /v1/accounts/{account}/messages", asked)
		send := c.find("send", request)
		c.find("messages.sendMessage", send)
		sent := c.find("deliver", c.find("store", send))
		var received *tracepb.Span
		for _, s := range c.spans {
			if s.Name == "deliver" && string(s.TraceId) != string(sent.TraceId) {
				received = s
			}
		}
		if received == nil {
			t.Fatal("the answer's delivery is no span")
		}
		stored := c.spans[0]
		for _, s := range c.spans {
			if string(s.SpanId) == string(received.ParentSpanId) {
				stored = s
			}
		}
		if stored.Name != "store" {
			t.Errorf("delivered below %v", stored)
		}
		for _, s := range []*tracepb.Span{request, send, sent, received, stored} {
			if !strings.Contains(s.String(), a.ID) {
				t.Errorf("no account in %v", s)
			}
		}
		// Some time or other has the digits of the code in it.
		said := regexp.MustCompile(`_unix_nano:\d+`).ReplaceAllString(fmt.Sprint(c.spans), "")
		for _, secret := range []string{"private matter", "22222", "9996620003", "9996610001", at[1]} {
			if strings.Contains(said, secret) {
				t.Errorf("a span says %q", secret)
			}
		}
	})
}
