package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"godwit/bridge"
)

// TestSign has requests signed as the scheme's own library checks them, by
// either of two secrets.
func TestSign(t *testing.T) {
	one, two := NewSecret(), NewSecret()
	body := []byte(`{"type":"message.received","data":{"text":"привет"}}`)
	h := make(http.Header)
	if err := sign(h, "evt_1", time.Now(), body, []Secret{one, two}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []Secret{one, two} {
		oracle, err := standardwebhooks.NewWebhook(string(s))
		if err != nil {
			t.Fatal(err)
		}
		if err := oracle.Verify(body, h); err != nil {
			t.Error(err)
		}
		if err := oracle.Verify([]byte("other"), h); err == nil {
			t.Error("another body has the same signature")
		}
	}
	oracle, err := standardwebhooks.NewWebhook(string(NewSecret()))
	if err != nil {
		t.Fatal(err)
	}
	if oracle.Verify(body, h) == nil {
		t.Error("another secret gives the same signature")
	}
	for _, s := range []Secret{"", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"} {
		if err := sign(h, "evt_1", time.Now(), body, []Secret{s}); err == nil || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%q signs: %v", string(s), err)
		}
	}
}

// TestSignVector is the example of the specification
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
func TestSignVector(t *testing.T) {
	h := make(http.Header)
	err := sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`),
		[]Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || h.Get("webhook-signature") != want {
		t.Errorf("%q, %v, want %q", h.Get("webhook-signature"), err, want)
	}
}

func TestGuard(t *testing.T) {
	tests := map[string]bool{
		"93.184.215.14": true, "1.1.1.1": true, "172.15.0.1": true, "172.32.0.1": true, "100.63.0.1": true, "198.20.0.1": true,
		"2606:4700::1111": true, "2a00:1450:4001::1": true,
		"0.0.0.0": false, "10.1.2.3": false, "100.64.0.1": false, "100.127.255.255": false, "127.0.0.1": false, "127.9.9.9": false,
		"169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false, "192.0.0.1": false, "192.0.2.1": false,
		"192.88.99.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.19.255.255": false, "198.51.100.1": false,
		"203.0.113.1": false, "224.0.0.1": false, "239.255.255.250": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false,
		"::ffff:1.1.1.1": true, "::127.0.0.1": false, "64:ff9b::a00:1": false, "64:ff9b:1::1": false, "100::1": false,
		"2001::1": false, "2001:db8::1": false, "2002:a00:1::": false, "3fff::1": false, "fc00::1": false, "fd12::1": false,
		"fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false, "5f00::1": false,
	}
	strict := new(Guard)
	lax := &Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for text, public := range tests {
		addr := netip.MustParseAddr(text)
		err := strict.Check(addr)
		var refused *AddressError
		if (err == nil) != public || err != nil && !errors.As(err, &refused) {
			t.Errorf("%s: %v", text, err)
		}
		allowed := public || text == "10.1.2.3" || text == "::ffff:10.0.0.1" || text == "fd12::1"
		if err := lax.Check(addr); (err == nil) != allowed {
			t.Errorf("%s, with 10/8 and fd00::/8 allowed: %v", text, err)
		}
	}
}

// TestDelay has what fails wait by the schedule, and be given up.
func TestDelay(t *testing.T) {
	for failures := 1; failures <= 9; failures++ {
		middle, ok := delay(failures, 0.5)
		least, _ := delay(failures, 0)
		most, _ := delay(failures, 0.999)
		want := delays[failures-1]
		if !ok || (middle-want).Abs() > time.Millisecond || (least-want*9/10).Abs() > time.Millisecond || most <= middle || most >= want*11/10 {
			t.Errorf("after %d: %v, %v, %v", failures, least, middle, most)
		}
	}
	if _, again := delay(10, 0); again {
		t.Error("an eleventh attempt")
	}
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, " 7 ": 7 * time.Second, "-5": 0, "soon": 0, "1.5": 0, "9999999999999": 0,
		"1000000":                       24 * time.Hour,
		"Wed, 02 Jan 2030 03:05:05 GMT": time.Minute, "Wed, 02 Jan 2030 03:03:05 GMT": 0, "Wed, 02 Jan 2040 03:03:05 GMT": 24 * time.Hour,
	} {
		got := retryAfter(http.Header{"Retry-After": {value}}, now)
		if want == 0 && !got.IsZero() || want != 0 && !got.Equal(now.Add(want)) {
			t.Errorf("%q: %v", value, got)
		}
	}
}

// newTestSender returns a sender that may reach this machine.
func newTestSender(t *testing.T, guard Guard, timeout time.Duration) *sender {
	s := newSender(&Options{Guard: guard, Timeout: timeout, Concurrency: 2, Clock: SystemClock{}, Version: "test"})
	t.Cleanup(s.transport.CloseIdleConnections)
	return s
}

var loopback = Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, PlainHTTP: true}

func (s *sender) try(t *testing.T, url string) outcome {
	return s.send(t.Context(), url, "evt_1", []byte("{}"), []Secret{NewSecret()})
}

// TestNoWayAround has addresses refused after names were looked up, and
// redirects not followed.
func TestNoWayAround(t *testing.T) {
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("somebody came in") }))
	defer inner.Close()
	port := inner.URL[strings.LastIndex(inner.URL, ":"):]
	strict := newTestSender(t, Guard{}, 5*time.Second)
	for _, url := range []string{
		inner.URL, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port,
	} {
		out := strict.try(t, url)
		if out.delivered || !strings.Contains(out.Error, "not a public address") {
			t.Errorf("%s: %+v", url, out)
		}
	}
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inner.URL, http.StatusTemporaryRedirect)
	}))
	defer outer.Close()
	if out := newTestSender(t, loopback, 5*time.Second).try(t, outer.URL); out.delivered || out.Status != 307 || !strings.Contains(out.Error, "redirects") {
		t.Errorf("%+v", out)
	}
}

// TestBounded has responses that do not end, or do not come, cost neither time
// nor memory without end.
func TestBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/silent":
			io.Copy(io.Discard, r.Body) // only then is it noticed that the sender has gone
			<-r.Context().Done()
		case "/endless":
			for {
				if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		case "/headers":
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		case "/failure":
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, strings.Repeat("it\nis broken ", 100))
		case "/binary":
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte{0xff, 0xfe, 0})
		}
	}))
	defer server.Close()
	s := newTestSender(t, loopback, 300*time.Millisecond)
	if out := s.try(t, server.URL+"/silent?token=secret"); out.delivered || out.Error != "no response in time" || out.Status != 0 {
		t.Errorf("silent: %+v", out)
	}
	if out := s.try(t, server.URL+"/endless"); !out.delivered {
		t.Errorf("endless: %+v", out)
	}
	if out := s.try(t, server.URL+"/headers"); out.delivered || out.Error == "" {
		t.Errorf("headers: %+v", out)
	}
	out := s.try(t, server.URL+"/failure")
	if out.Status != 500 || len(out.Error) > excerptLimit+50 || !strings.HasPrefix(out.Error, "500 Internal Server Error it is broken it") {
		t.Errorf("failure: %+v", out)
	}
	if out := s.try(t, server.URL+"/binary"); out.Error != "400 Bad Request" {
		t.Errorf("binary: %+v", out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if out := s.send(ctx, server.URL, "evt_1", nil, nil); !out.aborted {
		t.Errorf("given up by us: %+v", out)
	}
	server.Close()
	if out := s.try(t, server.URL+"/?token=secret"); out.Error == "" || strings.Contains(out.Error, "secret") || out.aborted {
		t.Errorf("nobody there: %+v", out)
	}
}

func TestWants(t *testing.T) {
	e := &bridge.Event{Type: bridge.MessageSent, AccountID: "a"}
	for i, test := range []struct {
		spec  bridge.WebhookSpec
		pools []bridge.PoolID
		want  bool
	}{
		{bridge.WebhookSpec{}, nil, true},
		{bridge.WebhookSpec{Types: []bridge.EventType{bridge.MessageReceived}}, nil, false},
		{bridge.WebhookSpec{Accounts: []bridge.AccountID{"b", "a"}}, nil, true},
		{bridge.WebhookSpec{Accounts: []bridge.AccountID{"b"}}, nil, false},
		{bridge.WebhookSpec{Accounts: []bridge.AccountID{"b"}, Pools: []bridge.PoolID{"p"}}, []bridge.PoolID{"p"}, true},
		{bridge.WebhookSpec{Pools: []bridge.PoolID{"p"}}, []bridge.PoolID{"q"}, false},
		{bridge.WebhookSpec{Pools: []bridge.PoolID{"p"}}, nil, false},
	} {
		if got := test.spec.Wants(e, test.pools); got != test.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}
