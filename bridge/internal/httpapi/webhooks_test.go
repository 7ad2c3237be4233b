package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
)

const testWebhook = "hook_01KB0000000000000000000000"

// webhooks has one webhook, and notes what is done with it.
type webhooks struct {
	spec   bridge.WebhookSpec
	done   []string
	replay bridge.Replay
}

func (w *webhooks) do(what string, id bridge.WebhookID) (*bridge.Webhook, error) {
	w.done = append(w.done, what)
	return w.Webhook(context.Background(), id)
}

func (w *webhooks) Create(_ context.Context, spec bridge.WebhookSpec) (*bridge.Webhook, bridge.WebhookSecret, error) {
	w.spec = spec
	v, err := w.do("create", testWebhook)
	return v, "whsec_once", err
}

func (w *webhooks) Webhook(_ context.Context, id bridge.WebhookID) (*bridge.Webhook, error) {
	if id != testWebhook {
		return nil, bridge.Errorf(bridge.CodeNotFound, "There is no webhook %s.", id)
	}
	return &bridge.Webhook{ID: id, WebhookSpec: w.spec, CreatedAt: testNow, Position: 70, Waiting: 3, Dead: 1, PausedUntil: testNow}, nil
}

func (w *webhooks) Webhooks(ctx context.Context, after bridge.WebhookID, limit int) ([]*bridge.Webhook, error) {
	v, err := w.Webhook(ctx, testWebhook)
	return []*bridge.Webhook{v, {ID: "hook_01KB0000000000000000000001"}}[:min(2, limit)], err
}

func (w *webhooks) Update(_ context.Context, id bridge.WebhookID, spec bridge.WebhookSpec) (*bridge.Webhook, error) {
	w.spec = spec
	return w.do("update", id)
}

func (w *webhooks) Disable(_ context.Context, id bridge.WebhookID, _ string) (*bridge.Webhook, error) {
	return w.do("disable", id)
}

func (w *webhooks) Enable(_ context.Context, id bridge.WebhookID) (*bridge.Webhook, error) {
	return w.do("enable", id)
}

func (w *webhooks) Delete(_ context.Context, id bridge.WebhookID) error {
	_, err := w.do("delete", id)
	return err
}

func (w *webhooks) Rotate(_ context.Context, id bridge.WebhookID, overlap time.Duration) (bridge.WebhookSecret, error) {
	_, err := w.do("rotate "+overlap.String(), id)
	return "whsec_new", err
}

func (w *webhooks) Test(_ context.Context, id bridge.WebhookID) (*bridge.Attempt, error) {
	_, err := w.do("test", id)
	return &bridge.Attempt{At: testNow, Took: 5 * time.Millisecond, Status: 500, Error: "500 broken"}, err
}

func (w *webhooks) Deliveries(
	_ context.Context, id bridge.WebhookID, state bridge.DeliveryState, before int64, limit int,
) ([]*bridge.Delivery, error) {
	_, err := w.do(fmt.Sprintf("deliveries %s %d %d", state, before, limit), id)
	return []*bridge.Delivery{{Position: 60, EventID: "evt_1", State: bridge.DeliveryDead, Attempts: 10,
		Attempt: bridge.Attempt{At: testNow, Took: time.Second, Error: "no response in time"}}, {Position: 50, State: bridge.DeliveryPending}}, err
}

func (w *webhooks) Replay(_ context.Context, r bridge.Replay) error {
	w.replay = r
	_, err := w.do("replay", r.WebhookID)
	return err
}

func webhookServer(w *webhooks) *Server {
	l := newEventLog()
	l.add(testAccount, bridge.MessageReceived, 9, "{}")
	return New(Options{
		Authenticator: keys{
			"all":   {scopes: []Scope{ScopeWebhooks}},
			"one":   {scopes: []Scope{ScopeWebhooks}, account: testAccount},
			"reads": {scopes: []Scope{ScopeMessagesRead}},
		},
		Accounts: new(accounts), Events: l, Webhooks: w, Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return testNow }, Version: "test",
	})
}

// TestWebhooks has each request come to what it asks for.
func TestWebhooks(t *testing.T) {
	const one = "/v1/webhooks/" + testWebhook
	const input = `{"url":"https://example.com/","event_types":["message.received"]}`
	tests := []struct {
		method, path, body string
		status             int
		done               string
		answer             string // is in it
	}{
		{"POST", "/v1/webhooks", input, 201, "create", `"secret":"whsec_once"`},
		{"GET", "/v1/webhooks", "", 200, "", `{"webhooks":[{"id":"` + testWebhook + `"`},
		{"GET", one, "", 200, "", `"position":"70","paused_until":"2026-11-26T12:00:00Z","waiting":3,"dead":1}`},
		{"PUT", one, `{"url":"https://example.com/2"}`, 200, "update", `"url":"https://example.com/2"`},
		{"POST", one + "/enable", "", 200, "enable", `"enabled":true`},
		{"POST", one + "/disable", "", 200, "disable", ""},
		{"POST", one + "/rotate-secret", "", 200, "rotate 24h0m0s", `{"secret":"whsec_new"}`},
		{"POST", one + "/rotate-secret", "{}", 200, "rotate 24h0m0s", `{"secret":"whsec_new"}`},
		{"POST", one + "/rotate-secret", `{"overlap_seconds":60}`, 200, "rotate 1m0s", ""},
		{"POST", one + "/rotate-secret", `{"overlap_seconds":700000}`, 422, "", ""},
		{"POST", one + "/test", "", 200, "test", `{"at":"2026-11-26T12:00:00Z","took_ms":5,"status":500,"error":"500 broken"}`},
		{"GET", one + "/deliveries?state=dead&before=90&limit=2", "", 200, "deliveries dead 90 2", `"next":"50"`},
		{"GET", one + "/deliveries", "", 200, "deliveries  0 100", `"attempts":10,"last_attempt":{"at":`},
		{"GET", one + "/deliveries?state=lost", "", 422, "", ""},
		{"POST", one + "/replay", `{"after":"20","up_to":"70","only_dead":true}`, 202, "replay", ""},
		{"POST", one + "/replay", `{"after":"twenty"}`, 422, "", "no place in the log"},
		{"DELETE", one, "", 204, "delete", ""},
		{"GET", "/v1/webhooks/hook_01KB0000000000000000000009", "", 404, "", ""},
		{"GET", "/v1/webhooks/5", "", 422, "", ""},
		{"POST", "/v1/webhooks", `{"url":"https://example.com/","secret":"mine"}`, 422, "", ""},
	}
	for _, test := range tests {
		w := new(webhooks)
		res, data, _ := ask(t, webhookServer(w), "all", test.method, test.path, test.body)
		if res.StatusCode != test.status || strings.Join(w.done, ", ") != test.done || !strings.Contains(string(data), test.answer) {
			t.Errorf("%s %s %s: %d %s, done: %q", test.method, test.path, test.body, res.StatusCode, data, w.done)
		}
	}
	w := new(webhooks)
	ask(t, webhookServer(w), "all", "POST", one+"/replay", `{"after":"evt_01KB0000000000000000000002"}`)
	if want := (bridge.Replay{WebhookID: testWebhook, After: 20, UpTo: 90}); !reflect.DeepEqual(w.replay, want) {
		t.Errorf("%+v, want %+v", w.replay, want)
	}
}

// TestWhoseWebhooks has a key for one account reach the webhooks of that account
// alone, and make no others.
func TestWhoseWebhooks(t *testing.T) {
	const one = "/v1/webhooks/" + testWebhook
	own := bridge.WebhookSpec{Accounts: []bridge.AccountID{testAccount}}
	for _, test := range []struct {
		spec               bridge.WebhookSpec
		method, path, body string
		status             int
	}{
		{own, "GET", one, "", 200},
		{own, "POST", one + "/test", "", 200},
		{own, "PUT", one, `{"url":"https://a.example/","account_ids":["` + testAccount + `"]}`, 200},
		{own, "PUT", one, `{"url":"https://a.example/"}`, 403},
		{own, "PUT", one, `{"url":"https://a.example/","account_ids":["` + testAccount + `","` + otherAccount + `"]}`, 403},
		{bridge.WebhookSpec{}, "GET", one, "", 403},
		{bridge.WebhookSpec{}, "DELETE", one, "", 403},
		{bridge.WebhookSpec{}, "GET", one + "/deliveries", "", 403},
		{bridge.WebhookSpec{}, "POST", one + "/replay", `{"after":"0"}`, 403},
		{bridge.WebhookSpec{Accounts: own.Accounts, Pools: []bridge.PoolID{"pool_1"}}, "GET", one, "", 403},
		{own, "POST", "/v1/webhooks", `{"url":"https://a.example/","account_ids":["` + testAccount + `"]}`, 201},
		{own, "POST", "/v1/webhooks", `{"url":"https://a.example/"}`, 403},
	} {
		res, data, _ := ask(t, webhookServer(&webhooks{spec: test.spec}), "one", test.method, test.path, test.body)
		if res.StatusCode != test.status {
			t.Errorf("%s %s %s of %+v: %d %s", test.method, test.path, test.body, test.spec, res.StatusCode, data)
		}
	}
	_, data, v := ask(t, webhookServer(&webhooks{spec: own}), "one", "GET", "/v1/webhooks", "")
	if list, _ := v["webhooks"].([]any); len(list) != 1 {
		t.Errorf("lists %s", data)
	}
	if res, _, _ := ask(t, webhookServer(new(webhooks)), "reads", "GET", "/v1/webhooks", ""); res.StatusCode != 403 {
		t.Errorf("another scope: %d", res.StatusCode)
	}
}
