package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"godwit/bridge/client"
	"godwit/internal/pgtest"
	"godwit/tg"
)

// TestMessageLife has messages sent, read, answered, put off, edited, reacted to
// and deleted over the API, and looks at what the other side sees of it.
func TestMessageLife(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		s := newSafe(t, db)
		typing := make(chan struct{}, 100)
		there, err := s.town.sandbox.SignInPerson(boris, func(u tg.UpdatesClass) {
			all, ok := u.(*tg.Updates)
			if !ok {
				return
			}
			for _, u := range all.Updates {
				if _, ok := u.(*tg.UpdateUserTyping); ok {
					typing <- struct{}{}
				}
			}
		})
		s.check(err)
		path := s.create("one", nil)
		unlimited := map[string]any{"limits": map[string]int{}}
		if res := s.request(http.MethodPut, path+"/budget", map[string]any{"time_zone": "UTC",
			"plan": map[string]any{"messages": unlimited, "first_messages": unlimited}}); res.status >= 300 {
			t.Fatalf("%+v", res)
		}
		s.signIn(path, ann)
		found, err := tg.Call(s.Context(), there, &tg.ContactsResolvePhone{Phone: ann})
		s.check(err)
		me := s.userOf(found)
		history := func() []tg.MessageClass {
			got, err := tg.Call(s.Context(), there, &tg.MessagesGetHistory{Peer: me, Limit: 10})
			s.check(err)
			return got.(*tg.MessagesMessages).Messages
		}
		newest := func() *tg.Message { return history()[0].(*tg.Message) }

		hello := ask[client.Message](s.desk, "", "message", "send", "one", "+"+boris, "Hello", "--wait")
		if hello.State != "delivered" {
			s.Errorf("it is %s", hello.State)
		}
		_, err = tg.Call(s.Context(), there, &tg.MessagesReadHistory{Peer: me, MaxID: newest().ID})
		s.check(err)
		s.until("it is read", func() bool { return strings.Contains(s.do(0, "", "message", "show", hello.ID), "(read)") })

		s.writes(boris, ann, "A question")
		var question client.Message
		s.until("the question is there", func() bool {
			for _, line := range strings.Split(s.do(0, "", "inbox", "messages", hello.ConversationID, "--json"), "\n") {
				if strings.Contains(line, "A question") {
					s.check(json.Unmarshal([]byte(line), &question))
				}
			}
			return question.TelegramID != 0
		})
		conversation := "/v1/conversations/" + hello.ConversationID
		at := time.Now().Add(2 * time.Second).UTC()
		put := s.post(conversation+"/messages", map[string]any{"text": "later", "send_at": at})
		if put["state"] != "queued" {
			s.Errorf("what is put off is %v", put)
		}
		answer := s.post(conversation+"/messages", map[string]any{"text": "An answer", "reply_to": question.TelegramID})["id"].(string)
		s.until("the answer is there", func() bool { return newest().Message == "An answer" })
		if reply, ok := newest().ReplyTo.(*tg.MessageReplyHeader); !ok || reply.ReplyToMsgID.Value != history()[1].(*tg.Message).ID {
			s.Errorf("the answer is to %+v", newest().ReplyTo)
		}
		s.until("the bridge knows that it is", func() bool { return strings.Contains(s.do(0, "", "message", "show", answer), "(delivered)") })
		s.changes(conversation, answer, typing, newest)
		s.until("what was put off is there", func() bool { return newest().Message == "later" })
		if now := time.Now(); now.Before(at) {
			s.Errorf("what was put off to %v is there at %v", at, now)
		}
	})
}

// changes changes a message that was sent, as the other side sees it.
func (s *safe) changes(conversation, message string, typing <-chan struct{}, newest func() *tg.Message) {
	s.Helper()
	do := func(method, path string, body any) {
		s.Helper()
		if res := s.request(method, path, body); res.status != http.StatusNoContent {
			s.Errorf("%s %s: %+v", method, path, res)
		}
	}
	path := "/v1/messages/" + message
	sees := func(text string) func() bool { return func() bool { return newest().Message == text } }
	do(http.MethodPatch, path, map[string]string{"text": "A better answer"})
	s.until("the edit is there", sees("A better answer"))
	do(http.MethodPut, path+"/reactions", map[string][]string{"emoji": {"👍"}})
	s.until("the reaction is there", func() bool { return newest().Reactions != nil && len(newest().Reactions.Results) == 1 })
	do(http.MethodDelete, path, nil)
	s.until("it is gone", func() bool { return newest().Message != "A better answer" })
	do(http.MethodPost, conversation+"/typing", nil)
	select {
	case <-typing:
	case <-time.After(time.Minute):
		s.Error("the other side does not see that somebody writes")
	}
}
