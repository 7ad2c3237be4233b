package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"godwit/bridge"
)

// TestForward has requests about an account go to the node that owns it, once.
func TestForward(t *testing.T) {
	owner := new(accounts)
	there := httptest.NewServer(newServer(owner))
	defer there.Close()
	address := strings.TrimPrefix(there.URL, "http://")
	here := newServerAt(new(accounts), address)
	const path = "/v1/accounts/" + testAccount + "/sign-in/answers"
	res, data, v := ask(t, here, "all", "POST", path, `{"action":"code","text":"12345"}`)
	if res.StatusCode != 200 || v["step"] != "code" || owner.answer.Text != "12345" {
		t.Errorf("%d %s", res.StatusCode, data)
	}
	if ids := res.Header.Values("X-Request-Id"); len(ids) != 1 {
		t.Errorf("the request ids are %v", ids)
	}
	// A key that does not allow it here is not tried there.
	owner.answer.Text = ""
	if res, _, _ = ask(t, here, "read", "POST", path, `{"action":"code","text":"1"}`); res.StatusCode != 403 || owner.answer.Text != "" {
		t.Errorf("%d, and the owner was asked %q", res.StatusCode, owner.answer.Text)
	}
	// Two nodes that take each other for the owner do not go round in circles.
	loop := httptest.NewServer(newServerAt(new(accounts), address))
	defer loop.Close()
	there.Config.Handler = newServerAt(new(accounts), strings.TrimPrefix(loop.URL, "http://"))
	res, data, v = ask(t, here, "all", "POST", path, `{"action":"code"}`)
	if res.StatusCode != http.StatusServiceUnavailable || v["code"] != "unavailable" {
		t.Errorf("%d %s", res.StatusCode, data)
	}
	there.Close()
	res, data, v = ask(t, here, "all", "POST", path, `{"action":"code"}`)
	if res.StatusCode != http.StatusServiceUnavailable || v["code"] != "unavailable" {
		t.Errorf("of an owner that has gone: %d %s", res.StatusCode, data)
	}
}

func TestLoginPage(t *testing.T) {
	a := new(accounts)
	s := newServer(a)
	res, data, _ := ask(t, s, "", "GET", "/login/TOKEN", "")
	if res.StatusCode != 200 || !strings.Contains(string(data), "data:image/png;base64,") {
		t.Errorf("%d %s", res.StatusCode, data)
	}
	if policy := res.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("the page may load what it likes: %q", policy)
	}
	form := url.Values{"action": {"code"}, "text": {"<12345>"}}
	r := httptest.NewRequest("POST", "/login/TOKEN", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if a.answer.Text != "<12345>" || !strings.Contains(w.Body.String(), "The code is wrong.") {
		t.Errorf("answered %q, and shown %s", a.answer.Text, w.Body)
	}
	res, data, _ = ask(t, s, "", "GET", "/login/OTHER", "")
	if res.StatusCode != http.StatusGone || !strings.Contains(string(data), "too old") {
		t.Errorf("%d %s", res.StatusCode, data)
	}
}

// TestLoginPageOfBot asks for a token, and for nothing else.
func TestLoginPageOfBot(t *testing.T) {
	a := &accounts{step: &bridge.SignIn{
		Step: "start", Actions: []string{"bot_token"}, Problem: &bridge.SignInProblem{Detail: "Telegram does not know the token."},
	}}
	res, data, _ := ask(t, newServer(a), "", "GET", "/login/TOKEN", "")
	page := string(data)
	if res.StatusCode != 200 || !strings.Contains(page, `name="action" value="bot_token"`) || !strings.Contains(page, "does not know the token") {
		t.Errorf("%d %s", res.StatusCode, page)
	}
	if strings.Contains(page, "Phone number") || strings.Contains(page, "QR code") {
		t.Errorf("a bot is asked for what people have: %s", page)
	}
}
