package httpapi

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
)

// administration keeps what is noted.
type administration struct {
	Administration
	entries []bridge.AuditEntry
}

func (a *administration) Audit(_ context.Context, e bridge.AuditEntry) error {
	a.entries = append(a.entries, e)
	return nil
}

func (a *administration) RevokeKey(context.Context, bridge.KeyID) error { return nil }

func (a *administration) CreateKey(_ context.Context, k *bridge.APIKey) (bridge.APIToken, error) {
	return k.Make(testNow, rand.Reader)
}

func (a *administration) Suppress(context.Context, bridge.Person, string, bridge.KeyID) (*bridge.Suppression, error) {
	return &bridge.Suppression{ID: "sup_1"}, nil
}

// uploads keeps nothing.
type uploads struct{}

// Upload implements Uploads.
func (uploads) Upload(_ context.Context, name, _ string, content io.Reader) (*bridge.Upload, error) {
	n, err := io.Copy(io.Discard, content)
	return &bridge.Upload{ID: "upl_1", Name: name, Size: n}, err
}

// TestAuditOfWhatIsMade has the audit log name what a request has made.
func TestAuditOfWhatIsMade(t *testing.T) {
	a := new(administration)
	s := New(Options{
		Authenticator: keys{"all": {scopes: []Scope{ScopeAdmin}}, "read": {scopes: []Scope{ScopeAccountsRead}}},
		Accounts:      new(accounts), Owners: owners(""), Logins: links{}, Administration: a, Uploads: uploads{},
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return testNow },
	})
	ask(t, s, "read", "POST", "/v1/uploads?name=a.txt", "not allowed")
	ask(t, s, "all", "POST", "/v1/uploads?name=a.txt", "")
	ask(t, s, "all", "POST", "/v1/keys", `{"name":"x","scopes":["nope"]}`)
	tests := []struct{ path, body, action, subject, account string }{
		{"/v1/uploads?name=a.txt", "hello", "upload", "upl_1", ""},
		{"/v1/keys", `{"name":"x","scopes":["admin"]}`, "create-key", "key_", ""},
		{"/v1/suppressions", `{"username":"durov"}`, "suppress", "sup_1", ""},
		{"/v1/accounts", `{"name":"x"}`, "create-account", "", testAccount},
	}
	for i, test := range tests {
		res, data, _ := ask(t, s, "all", "POST", test.path, test.body)
		if res.StatusCode >= 300 || len(a.entries) != i+1 {
			t.Fatalf("%s: %d %s, noted %+v", test.path, res.StatusCode, data, a.entries)
		}
		e := a.entries[i]
		if e.Action != test.action || !strings.HasPrefix(e.Subject, test.subject) || (e.Subject == "") != (test.subject == "") ||
			string(e.AccountID) != test.account || e.Actor != "key_test" || e.RequestID != res.Header.Get("X-Request-Id") {
			t.Errorf("%s: noted %+v", test.path, e)
		}
	}
}

// TestAudit has what changes something be noted, with who asked for it, and
// nothing else.
func TestAudit(t *testing.T) {
	a := new(administration)
	s := New(Options{
		Authenticator: keys{"all": {scopes: []Scope{ScopeAdmin}}, "one": {scopes: []Scope{ScopeAdmin}, account: testAccount}},
		Accounts:      new(accounts), Owners: owners(""), Logins: links{}, Administration: a,
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return testNow },
	})
	const one = "/v1/accounts/" + testAccount
	ask(t, s, "all", "GET", one, "")                                   // changes nothing
	ask(t, s, "all", "POST", one+"/sign-in/answers", `{"action":5}`)   // fails
	ask(t, s, "", "POST", one+"/sign-in/answers", `{"action":"code"}`) // nobody
	ask(t, s, "one", "DELETE", "/v1/keys/key_1", "")                   // not allowed
	ask(t, s, "all", "POST", one+"/sign-in/answers", `{"action":"code","text":"12345"}`)
	ask(t, s, "all", "DELETE", "/v1/keys/key_1", "")
	if len(a.entries) != 2 {
		t.Fatalf("noted %+v", a.entries)
	}
	first, second := a.entries[0], a.entries[1]
	if first.Actor != "key_test" || first.Action != "answer-sign-in" || first.AccountID != testAccount || first.RequestID == "" || first.Detail != nil {
		t.Errorf("noted %+v", first)
	}
	if second.Action != "revoke-key" || second.Subject != "key_1" {
		t.Errorf("noted %+v", second)
	}
}

// TestAuditForwarded has what another node was asked to do be noted there alone,
// if it was done, under the id that the response has.
func TestAuditForwarded(t *testing.T) {
	here, there := new(administration), new(administration)
	failing := &accounts{}
	server := func(a *administration, service Accounts, address string) *Server {
		return New(Options{
			Authenticator: keys{"all": {scopes: []Scope{ScopeAdmin}}}, Accounts: service, Owners: owners(address), Logins: links{},
			Administration: a, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return testNow },
		})
	}
	node := httptest.NewServer(server(there, failing, ""))
	defer node.Close()
	s := server(here, new(accounts), strings.TrimPrefix(node.URL, "http://"))
	const path = "/v1/accounts/" + testAccount + "/sign-in/answers"
	res, data, _ := ask(t, s, "all", "POST", path, `{"action":"code","text":"12345"}`)
	if res.StatusCode != 200 || len(here.entries) != 0 || len(there.entries) != 1 ||
		there.entries[0].RequestID != res.Header.Get("X-Request-Id") {
		t.Errorf("%d %s, noted here %+v, there %+v", res.StatusCode, data, here.entries, there.entries)
	}
	failing.err = bridge.Errorf(bridge.CodeConflict, "No.")
	if res, _, _ = ask(t, s, "all", "POST", path, `{"action":"code","text":"12345"}`); res.StatusCode != 409 ||
		len(here.entries) != 0 || len(there.entries) != 1 {
		t.Errorf("of a failure, %d: noted here %+v, there %+v", res.StatusCode, here.entries, there.entries)
	}
}
