package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"godwit/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// TestNoDaemon has the step named that fails, and nothing left behind.
func TestNoDaemon(t *testing.T) {
	for program, want := range map[string]string{
		"/nowhere/at/all": "no such file", "/bin/false": "the daemon has ended by itself: exit status 1",
	} {
		dir := t.TempDir()
		t.Setenv("TMPDIR", dir)
		var out bytes.Buffer
		err := Run(t.Context(), Options{Program: program, Check: true, Out: &out, Logger: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), `step "The bridge, a daemon": `) {
			t.Errorf("%s: %v", program, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%v are left, %v", left, err)
		}
	}
}

// TestScreen has the address and the key found, however they are cut up.
func TestScreen(t *testing.T) {
	const text = "The HTTP API is at http://127.0.0.1:80, its description at http://127.0.0.1:80/openapi.json.\n" +
		"There was no API key yet.\n\n    godwit_abc\n\nmore\n"
	for _, size := range []int{1, 7, len(text)} {
		s := newScreen(true)
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			if _, err := io.WriteString(s, rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		<-s.full
		if s.address != "127.0.0.1:80" || s.key != "godwit_abc" {
			t.Errorf("%q, %q", s.address, s.key)
		}
	}
	s := newScreen(false)
	_, _ = io.WriteString(s, "The HTTP API is at http://[::1]:80, its")
	if <-s.full; s.address != "[::1]:80" {
		t.Errorf("%q", s.address)
	}
}

// TestReceiver has a receiver take what is signed, and nothing else.
func TestReceiver(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	var failed error
	got := newRecord()
	r, err := receive(func() string { return secret }, got.add, func(err error) { failed = err })
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	send := func(body, signed string) int {
		now := time.Now()
		signature, err := hook.Sign("evt_1", now, []byte(signed))
		if err != nil {
			t.Fatal(err)
		}
		q, err := http.NewRequest(http.MethodPost, r.url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("webhook-id", "evt_1")
		q.Header.Set("webhook-timestamp", fmt.Sprint(now.Unix()))
		q.Header.Set("webhook-signature", signature)
		res, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	const body = `{"id": "evt_1", "type": "account.online", "data": {}}`
	if status := send(body, body); status != http.StatusNoContent || failed != nil {
		t.Errorf("%d, %v", status, failed)
	}
	if status := send(body, "{}"); status != http.StatusBadRequest || failed == nil {
		t.Errorf("%d, %v", status, failed)
	}
	if events, _ := got.all(); len(events) != 1 || events[0].ID != "evt_1" {
		t.Errorf("%d events", len(events))
	}
}

// TestAwait has what is missing told when the time is up.
func TestAwait(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	missing := errors.New("one is missing")
	why := errors.New("it was long enough")
	cancel(why)
	err := newRecord().await(ctx, func([]*told) error { return missing })
	if !errors.Is(err, missing) || !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
}
