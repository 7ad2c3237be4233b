package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"godwit/bridge/client"
	"godwit/internal/pgtest"
	"godwit/sandbox"
)

// TestComeBack has an account lose its session, say so over the API, keep what it
// is given to send, and come back by a login link, which is good for nobody else.
func TestComeBack(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		s := newSafe(t, db)
		const other = "9996620009"
		_, err := s.town.sandbox.AddUser(other, "Olga", "")
		s.check(err)
		path := s.create("Support", nil)
		s.signIn(path, ann)
		begun := time.Now().Add(-time.Second)
		s.check(s.town.sandbox.EndSessions(ann, sandbox.SessionRevoked))
		event := s.told("account.login_required")
		a := ask[client.Account](s.desk, "", "account", "show", "Support")
		if a.State != "login_required" || a.Cause != "session_revoked" || a.Error != "SESSION_REVOKED" || a.Since.Before(begun) ||
			!a.Until.IsZero() || !strings.Contains(a.WhatToDo, "ended this session on another device") {
			s.Errorf("the account is %+v", a)
		}
		s.want(event, `"state":"login_required"`, `"cause":"session_revoked"`, a.WhatToDo, `"login_links":"`+path+`/login-links"`)

		sent := s.post(path+"/messages", map[string]string{"to": "+" + boris, "text": "while I was away"})["id"].(string)
		if m := ask[client.Message](s.desk, "", "message", "show", sent); m.State != "parked" || !strings.Contains(m.Error, "login_required") {
			s.Errorf("the message is %s: %s", m.State, m.Error)
		}

		page := s.loginPage(path, http.StatusConflict, other)
		s.want(page, "another account")
		a = ask[client.Account](s.desk, "", "account", "show", "Support")
		if a.State != "login_required" || a.Cause != "sign_in_refused" || !strings.Contains(a.WhatToDo, "Somebody else") {
			s.Errorf("after somebody else: %+v", a)
		}
		if left, err := s.town.sandbox.Authorizations(other); err != nil || len(left) != 0 {
			s.Errorf("somebody else is signed in still: %+v, %v", left, err)
		}
		s.want(s.loginPage(path, http.StatusOK, ann), "The account is signed in.")
		s.want(s.told("message.sent"), "while I was away")
		if a = ask[client.Account](s.desk, "", "account", "show", "Support"); a.State != "online" || a.Phone != ann {
			s.Errorf("back as %+v", a)
		}
	})
}

// signIn signs an account in by a phone number of the sandbox.
func (s *safe) signIn(path, phone string) {
	s.Helper()
	s.post(path+"/sign-in", nil)
	s.post(path+"/sign-in/answers", map[string]string{"action": "phone", "text": phone})
	s.post(path+"/sign-in/answers", map[string]string{"action": "code", "text": strings.Repeat(phone[5:6], 5)})
	s.told("account.online")
}

// told waits for an event of a type and returns it.
func (s *safe) told(event string) string {
	s.Helper()
	return s.do(0, "", "inbox", "follow", "--after", "0", "--type", event, "--events", "1", "--json")
}

// loginPage makes a login link and signs somebody in there, whose code is answered
// with a status and a page.
func (s *safe) loginPage(path string, status int, phone string) string {
	s.Helper()
	link := s.url + s.post(path+"/login-links", nil)["path"].(string)
	s.open(http.StatusOK, link, nil)
	s.open(http.StatusOK, link, url.Values{"action": {"phone"}, "text": {phone}})
	return s.open(status, link, url.Values{"action": {"code"}, "text": {strings.Repeat(phone[5:6], 5)}})
}
