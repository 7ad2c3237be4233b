package main

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"godwit/bridge/client"
	"godwit/internal/pgtest"
	"godwit/sandbox"
	"godwit/tg"
)

const olga = "9996610009"

// TestNeverAgain has a person write that nobody is to write to them, and another
// one block an account: from then on no account does, whatever it was given to
// send before, and whatever name it knows them by.
func TestNeverAgain(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		s := newSafe(t, db)
		const carl = "9996610010"
		for phone, name := range map[string]string{olga: "Olga", carl: "Carl"} {
			_, err := s.town.sandbox.AddUser(phone, name, "")
			s.check(err)
		}
		one, two := s.create("one", nil), s.create("two", nil)
		all := map[string]any{"limits": map[string]int{}}
		plan := map[string]any{"time_zone": "UTC", "plan": map[string]any{"messages": all, "first_messages": all, "lookups": all}}
		for _, account := range []string{one, two} {
			if res := s.request(http.MethodPut, account+"/budget", plan); res.status >= 300 {
				s.Fatalf("%+v", res)
			}
		}
		s.signIn(one, ann)
		s.signIn(two, carl)
		s.do(0, "", "inbox", "follow", "--after", "0", "--type", "account.online", "--events", "2")
		hello := ask[client.Message](s.desk, "", "message", "send", "one", "+"+boris, "Hello", "--wait")
		s.post(two+"/stop", nil)
		before := s.post(two+"/messages", map[string]string{"to": "+" + boris, "text": "given before"})["id"].(string)

		s.writes(boris, ann, "Stop!")
		s.want(s.told("message.received"), "Stop!")
		s.refused("suppressed", one, "+"+boris)
		s.refused("suppressed", two, "+"+boris)
		s.want(s.do(1, "", "message", "send", "one", hello.ConversationID, "a reply"), "is on the suppression list")
		pool := "/v1/pools/" + s.post("/v1/pools", map[string]any{"name": "all"})["id"].(string)
		for _, account := range []string{one, two} {
			path := pool + strings.TrimPrefix(account, "/v1")
			if res := s.request(http.MethodPut, path, nil); res.status >= 300 {
				s.Fatalf("PUT %s: %+v", path, res)
			}
		}
		s.refused("suppressed", pool, map[string]string{"phone": boris})
		s.post(two+"/start", nil)
		s.want(s.told("message.failed"), before, "suppressed")

		s.blocksBot(olga)
		// The bot does not know her phone number: whose it is shows before she is written to.
		s.want(s.do(1, "", "message", "send", "one", "+"+olga, "Hello", "--wait"), "suppressed")
		s.refused("suppressed", one, "+"+olga)
		s.want(s.do(0, "", "message", "send", "two", "+"+ann, "to somebody else", "--wait"), "is sent")

		list := godwit(s.T, 0, "", "suppress", "list", "--db", db)
		s.want(list, "stop", "blocked")
		audit := godwit(s.T, 0, "", "audit", "--db", db, "--json")
		for _, line := range strings.Split(audit, "\n") {
			if strings.Contains(line, before) {
				s.want(line, `"action":"send-message"`, `"actor":"key_`, strings.TrimPrefix(two, "/v1/accounts/"))
			}
		}
		s.want(audit, before, hello.ID)
		for _, entry := range s.town.sandbox.Ledger() {
			if strings.Contains(entry.Text, "given before") || strings.Contains(entry.Text, "a reply") || entry.Text == "again" {
				s.Errorf("somebody was written to: %+v", entry)
			}
		}
	})
}

// refused has a message to somebody refused with a code.
func (s *safe) refused(code, path string, to any) {
	s.Helper()
	res := s.request(http.MethodPost, path+"/messages", map[string]any{"to": to, "text": "again"})
	if res.status != http.StatusForbidden && res.status != http.StatusConflict && res.status != http.StatusUnprocessableEntity ||
		!strings.Contains(res.body, `"code":"`+code+`"`) {
		s.Errorf("%s to %v: %d %s", path, to, res.status, res.body)
	}
}

// device returns a device of somebody.
func (s *safe) device(phone string) *sandbox.Device {
	s.Helper()
	d, err := s.town.sandbox.SignInPerson(phone, func(tg.UpdatesClass) {})
	s.check(err)
	return d
}

func (s *safe) userOf(found *tg.ContactsResolvedPeer) *tg.InputPeerUser {
	u := found.Users[0].(*tg.User)
	return &tg.InputPeerUser{UserID: u.ID, AccessHash: u.AccessHash.Value}
}

// writes has somebody write to somebody else.
func (s *safe) writes(phone, other, text string) {
	s.Helper()
	d := s.device(phone)
	found, err := tg.Call(s.Context(), d, &tg.ContactsResolvePhone{Phone: other})
	s.check(err)
	_, err = tg.Call(s.Context(), d, &tg.MessagesSendMessage{Peer: s.userOf(found), Message: text, RandomID: rand.Int64()})
	s.check(err)
}

// blocksBot has somebody write to a bot, and block it. Telegram tells bots of that,
// and nobody else.
func (s *safe) blocksBot(phone string) {
	s.Helper()
	path := s.create("Robot", map[string]string{"kind": "bot"})
	s.steps(path, [2]string{"bot_token", botTokens[0]})
	d := s.device(phone)
	found, err := tg.Call(s.Context(), d, &tg.ContactsResolveUsername{Username: "safe0_bot"})
	s.check(err)
	bot := s.userOf(found)
	_, err = tg.Call(s.Context(), d, &tg.MessagesSendMessage{Peer: bot, Message: "/start", RandomID: rand.Int64()})
	s.check(err)
	s.do(0, "", "inbox", "follow", "--after", "0", "--type", "message.received", "--account", s.ids["Robot"], "--events", "1")
	_, err = tg.Call(s.Context(), d, &tg.ContactsBlock{ID: bot})
	s.check(err)
	s.until("the block is known", func() bool {
		return strings.Contains(godwit(s.T, 0, "", "suppress", "list", "--db", s.db), "blocked")
	})
}
