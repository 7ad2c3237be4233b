package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/pool"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
)

// A place is a server with the real services behind it, on a database in a file.
type place struct {
	*testing.T
	*Server
	accounts []string
	sent     []bridge.PoolMessage
}

// Check implements pool.Suppression: nobody is on the list but user 13.
func (*place) Check(_ *store.Tx, keys []bridge.PersonKey) error {
	for _, key := range keys {
		if key == "user:13" {
			return bridge.Errorf(bridge.CodeSuppressed, "The person does not want to be written to.")
		}
	}
	return nil
}

// Enqueue implements pool.Outbox.
func (p *place) Enqueue(_ *store.Tx, _ bridge.AccountID, m bridge.PoolMessage) (bridge.MessageID, error) {
	p.sent = append(p.sent, m)
	return bridge.NewID[bridge.MessageID](testNow, rand.Reader)
}

func newPlace(t *testing.T) *place {
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := &place{T: t}
	now := func() time.Time { return testNow }
	p.Server = New(Options{
		Authenticator: keys{"all": {scopes: []Scope{ScopeAdmin}}, "one": {scopes: []Scope{ScopeAdmin}, account: testAccount}},
		Accounts:      new(accounts), Logger: slog.New(slog.DiscardHandler), Now: now, Version: "test",
		Budgets: spend.NewBudgets(db, now), Ramps: spend.NewRamps(db, now, rand.Reader),
		Pools: pool.New(pool.Options{Store: db, Suppression: p, Outbox: p, Now: now, Entropy: rand.Reader}),
	})
	for range 2 {
		id, err := bridge.NewID[bridge.AccountID](testNow, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p.accounts = append(p.accounts, string(id))
		err = db.Change(t.Context(), func(t *store.Tx) error {
			return t.AddAccount(&bridge.Account{
				ID: id, Kind: bridge.UserAccount, CreatedAt: testNow, Status: bridge.Status{State: bridge.Online, Since: testNow},
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// do makes a request that is to be answered by a status, and reads its answer
// into something; nil: it does not matter.
func (p *place) do(method, path, body string, status int, into any, header ...string) {
	p.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body)).WithContext(context.WithoutCancel(p.Context()))
	r.Header.Set("Authorization", "Bearer all")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if w.Code != status {
		p.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			p.Fatalf("%s: %v", w.Body, err)
		}
	}
}

// fail makes a request that is to be refused with a code.
func (p *place) fail(method, path, body string, code bridge.Code, header ...string) {
	p.Helper()
	var problem Problem
	p.do(method, path, body, statuses[code], &problem, header...)
	if problem.Code != code {
		p.Errorf("%s %s: %+v, want %s", method, path, problem, code)
	}
}

func TestPools(t *testing.T) {
	p := newPlace(t)
	var made, got poolView
	p.do("POST", "/v1/pools", `{"name": "Sales"}`, 201, &made)
	if made.Name != "Sales" || made.FirstMessages != 1 || len(made.HandOver) != 0 || !made.CreatedAt.Equal(testNow) {
		t.Errorf("%+v", made)
	}
	one := "/v1/pools/" + string(made.ID)
	p.do("PUT", one, `{"name": "Support", "first_messages_per_person": 2, "hand_over": ["banned"]}`, 200, nil)
	p.do("GET", one, "", 200, &got)
	if got.Name != "Support" || got.FirstMessages != 2 || len(got.HandOver) != 1 || got.ID != made.ID {
		t.Errorf("%+v", got)
	}
	p.fail("POST", "/v1/pools", `{"name": "Sales", "hand_over": ["online"]}`, bridge.CodeInvalidRequest)
	p.fail("POST", "/v1/pools", `{"name": "Sales", "first_messages_per_person": 9}`, bridge.CodeInvalidRequest)
	p.fail("GET", "/v1/pools/pool_01KB0000000000000000000000", "", bridge.CodeNotFound)
	var list poolList
	p.do("GET", "/v1/pools?limit=1", "", 200, &list)
	if len(list.Pools) != 1 || list.Next != string(made.ID) {
		t.Errorf("%+v", list)
	}
	res, data, _ := ask(t, p, "one", "GET", "/v1/pools", "")
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a key for one account: %d %s", res.StatusCode, data)
	}
	p.do("DELETE", one, "", 204, nil)
	p.fail("DELETE", one, "", bridge.CodeNotFound)
}

func TestPoolMessages(t *testing.T) {
	p := newPlace(t)
	var made poolView
	p.do("POST", "/v1/pools", `{"name": "Sales"}`, 201, &made)
	one := "/v1/pools/" + string(made.ID)
	const hello = `{"to": {"username": "@ann_1"}, "text": "hello", "priority": "bulk", "send_at": "2026-11-27T12:00:00Z"}`
	p.fail("POST", one+"/messages", hello, bridge.CodeAccountNotOnline)
	p.do("PUT", one+"/accounts/"+p.accounts[0], "", 204, nil)
	var members memberList
	p.do("GET", one+"/accounts", "", 200, &members)
	if len(members.Accounts) != 1 || members.Accounts[0].State != bridge.Online || members.Accounts[0].Today < 1 || !members.Accounts[0].NextAt.Equal(testNow) {
		t.Errorf("%+v", members)
	}
	var first, again receipt
	p.do("POST", one+"/messages", hello, 202, &first, "Idempotency-Key", "a")
	p.do("POST", one+"/messages", hello, 202, &again, "Idempotency-Key", "a")
	if string(first.Account) != p.accounts[0] || first.Reason != bridge.HasBudget || first.Budget != bridge.BudgetFirstMessages ||
		!first.Earliest.Equal(testNow) || again.ID != first.ID || len(p.sent) != 1 {
		t.Errorf("%+v, %+v", first, again)
	}
	if m := p.sent[0]; m.Content.Text != "hello" || m.Priority != bridge.PriorityBulk || m.NotBefore.IsZero() || m.RequestBy != "key_test" {
		t.Errorf("%+v", m)
	}
	p.fail("POST", one+"/messages", hello, bridge.CodeBudgetExhausted)
	p.fail("POST", one+"/messages", `{"to": {}, "text": "hello"}`, bridge.CodeInvalidRequest)
	p.fail("POST", one+"/messages", `{"to": {"user_id": 5}, "text": ""}`, bridge.CodeInvalidRequest)
	p.fail("POST", one+"/messages", `{"to": {"user_id": 13}, "text": "hello"}`, bridge.CodeSuppressed)
	p.fail("POST", one+"/messages", `{"to": {"user_id": 5}, "text": "hello"}`, bridge.CodeIdempotencyReused, "Idempotency-Key", "a")
	p.do("DELETE", one+"/accounts/"+p.accounts[0], "", 204, nil)
	p.fail("DELETE", one+"/accounts/"+p.accounts[0], "", bridge.CodeNotFound)
}

func TestBudgets(t *testing.T) {
	p := newPlace(t)
	path := "/v1/accounts/" + p.accounts[0] + "/budget"
	var v budgetView
	p.do("PUT", path, `{"time_zone": "Asia/Kathmandu", "plan": {"joins": {"limits": {"day": 3}, "spacing_seconds": 60,
		"hours": {"from": "09:00", "to": "24:00"}}, "posts": {"limits": {"hour": 0}}}}`, 200, &v)
	p.do("GET", path+"?ahead=4", "", 200, &v)
	if v.TimeZone != "Asia/Kathmandu" || len(v.Budgets) != len(bridge.BudgetKinds) {
		t.Fatalf("%+v", v)
	}
	for _, b := range v.Budgets {
		switch b.Kind {
		case bridge.BudgetJoins: // it is 17:45 there
			limit := b.Limits[2]
			if b.Today != 3 || !b.NextAt.Equal(testNow) || b.Spacing != 60 || b.Hours.From != 9*60 || b.RampDay != nil ||
				!b.AheadAt.Equal(time.Date(2026, 11, 27, 3, 15, 0, 0, time.UTC)) ||
				*limit.Limit != 3 || *limit.Left != 3 || limit.Source != "plan" || b.Limits[0].Limit != nil {
				t.Errorf("%+v", b)
			}
		case bridge.BudgetPosts:
			if b.NextAt != nil || b.WaitsFor != "not_allowed" || b.Today != 0 {
				t.Errorf("%+v", b)
			}
		}
	}
	p.fail("PUT", path, `{"time_zone": "Mars/Olympus", "plan": {}}`, bridge.CodeInvalidRequest)
	p.fail("PUT", path, `{"plan": {"likes": {"limits": {}}}}`, bridge.CodeInvalidRequest)
	p.fail("PUT", path, `{"plan": {"joins": {"limits": {}, "hours": {"from": "9", "to": "10"}}}}`, bridge.CodeInvalidRequest)
	p.fail("GET", "/v1/accounts/acc_01KB0000000000000000000000/budget", "", bridge.CodeNotFound)
}

func TestRamps(t *testing.T) {
	p := newPlace(t)
	const plan = `"per_day": {"joins": [1, 2], "posts": [0, 4]}, "hours": {"from": "09:00", "to": "18:00"}`
	var made rampView
	p.do("POST", "/v1/ramps", `{"name": "Two", `+plan+`, "accounts": ["`+p.accounts[0]+`"]}`, 201, &made)
	if made.State != bridge.RampRunning || made.PerDay["joins"][1] != 2 || made.Hours.To != 18*60 {
		t.Errorf("%+v", made)
	}
	one := "/v1/ramps/" + string(made.ID)
	p.do("PUT", one+"/accounts/"+p.accounts[1], "", 204, nil)
	p.fail("POST", "/v1/ramps", `{"name": "Two", "per_day": {"likes": [1]}}`, bridge.CodeInvalidRequest)
	p.fail("POST", "/v1/ramps", `{"name": "Two", `+plan+`, "accounts": ["`+p.accounts[0]+`"]}`, bridge.CodeConflict)

	const work = `{"actions": [{"kind": "join", "target": "https://t.me/News_1", "each": true}, {"kind": "post", "target": "@news_1",
		"post": {"text": "hello", "silent": true}, "not_before": "2026-11-27T12:00:00Z"}]}`
	var queued, again, listed actionList
	p.do("POST", one+"/actions", work, 202, &queued, "Idempotency-Key", "a")
	p.do("POST", one+"/actions", work, 202, &again, "Idempotency-Key", "a")
	p.do("GET", one+"/actions?limit=3", "", 200, &listed)
	if len(queued.Actions) != 3 || again.Actions[0].ID != queued.Actions[0].ID || len(listed.Actions) != 3 || listed.Next == "" {
		t.Fatalf("%+v, %+v, %+v", queued, again, listed)
	}
	post := queued.Actions[2]
	if post.Target != "news_1" || post.Text != "hello" || post.NotBefore == nil || post.State != bridge.ActionQueued || post.RequestBy != "key_test" {
		t.Errorf("%+v", post)
	}
	p.fail("POST", one+"/actions", `{"actions": [{"kind": "join", "target": "sport"}, {"kind": "join", "target": "?"}]}`, bridge.CodeInvalidRequest)
	p.do("GET", one+"/actions", "", 200, &listed)
	if len(listed.Actions) != 3 {
		t.Errorf("half of a request was done: %+v", listed)
	}
	p.do("DELETE", one+"/actions/"+string(post.ID), "", 204, nil)
	p.fail("DELETE", one+"/actions/"+string(post.ID), "", bridge.CodeConflict)

	var accounts rampAccounts
	p.do("GET", one+"/accounts", "", 200, &accounts)
	if len(accounts.Accounts) != 2 {
		t.Fatalf("%+v", accounts)
	}
	for _, a := range accounts.Accounts {
		joins := a.Work[0]
		if a.StartsOn != "2026-11-26" || a.Day != 0 || *joins.Today != 1 || joins.Counts["queued"] != 1 || !joins.NextAt.Equal(testNow) {
			t.Errorf("%+v", a)
		}
	}
	var v rampView
	p.do("POST", one+"/pause", "", 200, &v)
	if v.State != bridge.RampPaused {
		t.Errorf("%+v", v)
	}
	p.do("POST", one+"/resume", "", 200, nil)
	p.do("PUT", one, `{"name": "One", `+plan+`}`, 200, nil)
	p.do("DELETE", one+"/accounts/"+p.accounts[1], "", 204, nil)
	p.do("GET", one, "", 200, &v)
	var list rampList
	p.do("GET", "/v1/ramps?limit=1", "", 200, &list)
	if v.Name != "One" || v.State != bridge.RampRunning || len(list.Ramps) != 1 || list.Next != string(made.ID) {
		t.Errorf("%+v, %+v", v, list)
	}
	p.do("DELETE", one, "", 204, nil)
	p.fail("GET", one, "", bridge.CodeNotFound)
}

// TestPathParameters finds operations that do not read what their path names:
// huma passes over fields of a struct that is embedded and not exported.
func TestPathParameters(t *testing.T) {
	p := newPlace(t)
	var api struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	p.do("GET", "/openapi.json", "", 200, &api)
	for path, operations := range api.Paths {
		for method, operation := range operations {
			for _, part := range strings.Split(path, "/") {
				name, ok := strings.CutPrefix(part, "{")
				found := !ok
				for _, parameter := range operation.Parameters {
					found = found || parameter.In == "path" && parameter.Name+"}" == name
				}
				if !found {
					t.Errorf("%s %s does not read %s", method, path, part)
				}
			}
		}
	}
	if len(api.Paths) < 20 {
		t.Errorf("%d paths", len(api.Paths))
	}
}
