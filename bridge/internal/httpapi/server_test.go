package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
)

const testAccount = "acc_01KB0000000000000000000000"

var testNow = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// A caller may do what is in its scopes, with one account if it names one.
type caller struct {
	scopes  []Scope
	account bridge.AccountID
}

func (c caller) KeyID() bridge.KeyID { return "key_test" }

func (c caller) Allows(scope Scope, account bridge.AccountID) bool {
	for _, s := range c.scopes {
		if (s == scope || s == ScopeAdmin) && (c.account == "" || account == "" || c.account == account) {
			return true
		}
	}
	return false
}

func (c caller) Limited() bool { return c.account != "" }

type keys map[string]caller

func (k keys) Authenticate(_ context.Context, key string) (Caller, error) {
	c, ok := k[key]
	if !ok {
		return nil, bridge.Errorf(bridge.CodeUnauthorized, "The API key is not known.")
	}
	return c, nil
}

type service = Accounts

// accounts serves one account; err is what everything answers where it is set.
type accounts struct {
	service
	err      error
	step     *bridge.SignIn // what a sign-in asks for; nil: a QR code
	answer   bridge.Answer
	answered bridge.AccountID
}

func (a *accounts) Account(_ context.Context, id bridge.AccountID) (*bridge.Account, error) {
	return &bridge.Account{ID: id, Name: "Support", Status: bridge.Status{State: bridge.LoginRequired, Cause: bridge.SessionRevoked, Error: "SESSION_REVOKED", Since: testNow}}, a.err
}

func (a *accounts) Accounts(context.Context, bridge.AccountID, int) ([]*bridge.Account, error) {
	return []*bridge.Account{{ID: testAccount}, {ID: "acc_01KB0000000000000000000001"}}, a.err
}

func (a *accounts) CreateAccount(_ context.Context, n NewAccount) (*bridge.Account, error) {
	return &bridge.Account{ID: testAccount, Name: n.Name, Kind: n.Kind, Status: bridge.Status{State: bridge.New}}, a.err
}

func (a *accounts) SignIn(context.Context, bridge.AccountID) (*bridge.SignIn, error) {
	if a.step != nil {
		return a.step, a.err
	}
	return &bridge.SignIn{Step: "qr", QR: &bridge.SignInQR{URL: "tg://login?token=AQID", Expires: testNow}}, a.err
}

func (a *accounts) AnswerSignIn(_ context.Context, id bridge.AccountID, answer bridge.Answer) (*bridge.SignIn, error) {
	a.answer, a.answered = answer, id
	return &bridge.SignIn{Step: "code", Problem: &bridge.SignInProblem{Code: bridge.CodeLoginCodeInvalid, Detail: "The code is wrong."}}, a.err
}

// owners has every account at one address.
type owners string

func (o owners) Owner(context.Context, bridge.AccountID) (string, error) { return string(o), nil }

// links knows one token.
type links struct{}

func (links) LinkedAccount(_ context.Context, token string) (bridge.AccountID, error) {
	if token != "TOKEN" {
		return "", bridge.Errorf(bridge.CodeLoginExpired, "The link is too old.")
	}
	return testAccount, nil
}

func newServer(a *accounts) *Server { return newServerAt(a, "") }

// newServerAt returns a server of accounts that another node owns.
func newServerAt(a *accounts, address string) *Server {
	return New(Options{
		Owners: owners(address), Logins: links{},
		Authenticator: keys{
			"all":  {scopes: []Scope{ScopeAdmin}},
			"read": {scopes: []Scope{ScopeAccountsRead}},
			"one":  {scopes: []Scope{ScopeAdmin}, account: testAccount},
		},
		Accounts: a, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return testNow }, Version: "test",
	})
}

// ask makes a request and returns the response, its body and that as JSON.
func ask(t *testing.T, h http.Handler, key, method, path, body string) (*http.Response, []byte, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
	}
	return res, data, v
}

func TestProblems(t *testing.T) {
	const one = "/v1/accounts/" + testAccount
	late := &bridge.Error{Code: bridge.CodeFloodWait, Detail: "Later.", RetryAt: testNow.Add(90*time.Second + 1)}
	tests := []struct {
		name, key, method, path, body string
		err                           error
		status                        int
		code                          bridge.Code
		detail                        string
		retryAfter                    string
	}{
		{"no key", "", "GET", one, "", nil, 401, bridge.CodeUnauthorized, "An API key is needed", ""},
		{"unknown key", "x", "GET", one, "", nil, 401, bridge.CodeUnauthorized, "not known", ""},
		{"wrong scope", "read", "POST", one + "/stop", "", nil, 403, bridge.CodeForbidden, "accounts:write", ""},
		{"other account", "one", "GET", "/v1/accounts/acc_01KB0000000000000000000001", "", nil, 403, bridge.CodeForbidden, "acc_01KB0000000000000000000001", ""},
		{"limited key adds", "one", "POST", "/v1/accounts", `{"name":"A"}`, nil, 403, bridge.CodeForbidden, "all of them", ""},
		{"bad id", "all", "GET", "/v1/accounts/5", "", nil, 422, bridge.CodeInvalidRequest, "path.account", ""},
		{"bad body", "all", "POST", "/v1/accounts", `{"name":""}`, nil, 422, bridge.CodeInvalidRequest, "body.name", ""},
		{"no JSON", "all", "POST", "/v1/accounts", `{`, nil, 400, bridge.CodeInvalidRequest, "", ""},
		{"unknown field", "all", "POST", "/v1/accounts", `{"name":"A","nome":"B"}`, nil, 422, bridge.CodeInvalidRequest, "body.nome", ""},
		{"unknown parameter", "all", "GET", "/v1/accounts?limt=5", "", nil, 422, bridge.CodeInvalidRequest, "limt", ""},
		{"not found", "all", "GET", one, "", bridge.Errorf(bridge.CodeNotFound, "There is none."), 404, bridge.CodeNotFound, "There is none.", ""},
		{"later", "all", "GET", one, "", late, 429, bridge.CodeFloodWait, "Later.", "91"},
		{"internal", "all", "GET", one, "", errors.New("secret of the database"), 500, bridge.CodeInternal, "log", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			res, data, v := ask(t, newServer(&accounts{err: test.err}), test.key, test.method, test.path, test.body)
			if res.StatusCode != test.status || v["code"] != string(test.code) || !strings.Contains(v["detail"].(string), test.detail) {
				t.Errorf("%d %s", res.StatusCode, data)
			}
			if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("the answer is %s", got)
			}
			if got := res.Header.Get("Retry-After"); got != test.retryAfter {
				t.Errorf("Retry-After: %s, want %s", got, test.retryAfter)
			}
			if strings.Contains(string(data), "secret") {
				t.Errorf("%s gives away what went wrong inside", data)
			}
		})
	}
}

// TestStatuses finds codes that nobody has given a status.
func TestStatuses(t *testing.T) {
	for _, code := range bridge.Codes {
		if statuses[code] == 0 {
			t.Errorf("%s has no status", code)
		}
	}
}

func TestAccountView(t *testing.T) {
	res, data, v := ask(t, newServer(new(accounts)), "one", "GET", "/v1/accounts/"+testAccount, "")
	if res.StatusCode != 200 || v["state"] != "login_required" || v["error"] != "SESSION_REVOKED" || v["what_to_do"] == nil {
		t.Errorf("%d %s", res.StatusCode, data)
	}
	_, data, v = ask(t, newServer(new(accounts)), "one", "GET", "/v1/accounts?limit=2", "")
	if list, _ := v["accounts"].([]any); len(list) != 1 || v["next"] != "acc_01KB0000000000000000000001" {
		t.Errorf("a key for one account lists %s", data)
	}
}

func TestSignIn(t *testing.T) {
	a := new(accounts)
	s := newServer(a)
	res, data, _ := ask(t, s, "all", "GET", "/v1/accounts/"+testAccount+"/sign-in/qr.png", "")
	if res.Header.Get("Content-Type") != "image/png" || http.DetectContentType(data) != "image/png" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the QR code is %s", res.Header)
	}
	res, data, v := ask(t, s, "all", "POST", "/v1/accounts/"+testAccount+"/sign-in/answers", `{"action":"code","text":"12345"}`)
	if problem, _ := v["problem"].(map[string]any); res.StatusCode != 200 || problem["code"] != "login_code_invalid" {
		t.Errorf("%d %s", res.StatusCode, data)
	}
	if a.answer.Text != "12345" || a.answered != testAccount {
		t.Errorf("account %s was answered %q", a.answered, a.answer.Text)
	}
}

// TestPanic has a mistake of ours be told of as one.
func TestPanic(t *testing.T) {
	s := newServer(&accounts{service: nil})
	res, data, v := ask(t, s, "all", "POST", "/v1/accounts/"+testAccount+"/stop", "")
	if res.StatusCode != 500 || v["code"] != "internal" {
		t.Errorf("%d %s", res.StatusCode, data)
	}
}

func TestOpenAPI(t *testing.T) {
	res, _, v := ask(t, newServer(new(accounts)), "", "GET", "/openapi.json", "")
	if res.StatusCode != 200 || v["openapi"] != "3.1.0" {
		t.Errorf("%d %v", res.StatusCode, v["openapi"])
	}
}
