package httpapi

import (
	"context"
	"log/slog"
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
