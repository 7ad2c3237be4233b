package botapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/tg"
)

func TestGetUpdates(t *testing.T) {
	s := newStage(t, Options{})
	read := func(args ...string) (texts string, last int) {
		t.Helper()
		var all []got
		s.check(json.Unmarshal(s.ask("getUpdates", args...).ok(), &all))
		for i, u := range all {
			texts += u.Message.Text
			if i > 0 && u.ID != last+1 {
				t.Errorf("update %d comes after %d", u.ID, last)
			}
			last = u.ID
		}
		return texts, last
	}
	s.ask("getUpdates").has(`"result":[]`)
	for _, text := range []string{"a", "b", "c", "d"} {
		s.ann.say(s.ann.robot(), text)
	}
	texts, last := read()
	if texts != "abcd" {
		t.Fatalf("updates %q", texts)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"limit", "2"}, "ab"},
		{[]string{"offset", fmt.Sprint(last + 100)}, "abcd"}, // too far ahead to confirm anything
		{[]string{"offset", fmt.Sprint(last - 2)}, "bcd"},
		{[]string{"offset", "-2"}, "cd"},
		{nil, "cd"},
		{[]string{"offset", fmt.Sprint(last + 1)}, ""},
	} {
		if texts, _ := read(test.args...); texts != test.want {
			t.Errorf("%v: %q, want %q", test.args, texts, test.want)
		}
	}
	s.ask("getUpdates", "allowed_updates", `["edited_message"]`).ok()
	s.ann.say(s.ann.robot(), "e")
	s.ask("getWebhookInfo").has(`"pending_update_count":0`, `"allowed_updates":["edited_message"]`)
	s.ask("getUpdates", "allowed_updates", `["nothing"]`).ok()
	s.ann.say(s.ann.robot(), "f")
	s.ask("getWebhookInfo").has(`"url":"","has_custom_certificate":false,"pending_update_count":1}`)
	s.now.Add(24 * 3600)
	if texts, _ := read(); texts != "" {
		t.Errorf("%q is kept for more than a day", texts)
	}
}

// Whoever waits is told at once; of two who wait the later one wins.
func TestLongPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Options{})
		var running sync.WaitGroup
		began := time.Now()
		answers := make([]answered, 3)
		ended := make([]time.Duration, 3)
		poll := func(i int) {
			running.Go(func() {
				answers[i] = s.ask("getUpdates", "timeout", "30")
				ended[i] = time.Since(began)
			})
			synctest.Wait()
		}
		poll(0)
		<-time.After(5 * time.Second)
		poll(1)
		<-time.After(5 * time.Second)
		s.ann.say(s.ann.robot(), "at last")
		running.Wait()
		answers[0].fails(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
		answers[1].has("at last")
		if ended[0] != 5*time.Second || ended[1] != 10*time.Second {
			t.Errorf("ended after %v", ended)
		}
		s.updates()
		began = time.Now()
		poll(2)
		running.Wait()
		if answers[2].has(`"result":[]`); ended[2] != 30*time.Second {
			t.Errorf("nothing came for %v", ended[2])
		}
		poll(2)
		s.ask("setWebhook", "url", "http://127.0.0.1:1/").ok()
		running.Wait()
		answers[2].fails(409, "Conflict: terminated by setWebhook request")
		s.ask("getUpdates").fails(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
		s.ask("deleteWebhook").has(`"result":true,"description":"Webhook was deleted"`)
		s.ask("deleteWebhook").has(`"description":"Webhook is already deleted"`)
		s.ask("getUpdates").ok()
		poll(2)
		s.ask("logOut").ok()
		running.Wait()
		answers[2].fails(400, "Logged out")
		s.ask("getMe").fails(429, "Too Many Requests: retry after 600")
		s.now.Add(600)
		s.ask("getMe").ok()
	})
}

// A person presses a button; the bot answers.
func TestCallbackQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, Options{})
		s.ann.say(s.ann.robot(), "/start")
		s.updates()
		sent := s.ask("sendMessage", "chat_id", fmt.Sprint(s.ann.id), "text", "Sure?",
			"reply_markup", `{"inline_keyboard":[[{"text":"Yes","callback_data":"yes"}]]}`).message()
		heard := s.ann.read()
		var pressing sync.WaitGroup
		var answer *tg.MessagesBotCallbackAnswer
		pressing.Go(func() {
			answer = does(s.ann, &tg.MessagesGetBotCallbackAnswer{Peer: s.ann.robot(), MsgID: heard.ID, Data: []byte("yes")})
		})
		synctest.Wait()
		u := s.update()
		if c := u.Callback; c == nil || c.Data != "yes" || c.From.ID != s.ann.id || c.Message.ID != sent.ID || c.Message.Text != "Sure?" {
			t.Fatalf("update %+v", u)
		}
		s.ask("answerCallbackQuery", "callback_query_id", u.Callback.ID, "text", "Done", "show_alert", "true").ok()
		pressing.Wait()
		if !answer.Alert || answer.Message.Value != "Done" {
			t.Errorf("answer %+v", answer)
		}
		s.ask("editMessageReplyMarkup", "chat_id", fmt.Sprint(s.ann.id), "message_id", fmt.Sprint(sent.ID)).has(`"text":"Sure?"`)
		if m := s.ann.read(); m.ReplyMarkup != nil {
			t.Errorf("buttons stay: %+v", m)
		}
	})
}

// A receiver is a webhook's other end.
type receiver struct {
	mu     sync.Mutex
	fails  int // requests that are still to be refused
	status int
	header http.Header
	body   string
	seen   []string
	at     []time.Time
	secret string
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var u got
	if err := json.Unmarshal(raw, &u); err != nil {
		return nil, err
	}
	r.seen = append(r.seen, u.Message.Text)
	r.at = append(r.at, time.Now())
	r.secret = req.Header.Get("X-Telegram-Bot-Api-Secret-Token")
	out := &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
	if r.fails != 0 {
		r.fails--
		if r.status == 0 {
			return nil, errors.New("the line is dead")
		}
		out.StatusCode, out.Status = r.status, fmt.Sprintf("%d %s", r.status, http.StatusText(r.status))
		if r.header != nil {
			out.Header = r.header
		}
		return out, nil
	}
	if r.body != "" {
		out.Header = http.Header{"Content-Type": {"application/json"}}
		out.Body = io.NopCloser(strings.NewReader(r.body))
	}
	return out, nil
}

func TestWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		s := newStage(t, Options{Webhooks: r})
		s.ann.say(s.ann.robot(), "dropped")
		s.ask("setWebhook", "url", "https://bot.example.org/hook", "secret_token", "s3cret", "max_connections", "5", "drop_pending_updates", "True").
			has(`"result":true,"description":"Webhook was set"`)
		s.ask("setWebhook", "url", "https://bot.example.org/hook", "secret_token", "s3cret", "max_connections", "5").
			has(`"description":"Webhook is already set"`)
		s.ask("getWebhookInfo").has(`{"url":"https://bot.example.org/hook","has_custom_certificate":false,"pending_update_count":0,` +
			`"max_connections":5,"ip_address":"<unknown>"}`)
		s.ann.say(s.ann.robot(), "one")
		s.ann.say(s.ann.robot(), "two")
		synctest.Wait()
		if fmt.Sprint(r.seen) != "[one two]" || r.secret != "s3cret" {
			t.Fatalf("received %q with %q", r.seen, r.secret)
		}
		// Failures: again at once, then later and later; in order all the same.
		r.seen, r.at, r.fails, r.status = nil, nil, 3, 502
		s.ann.say(s.ann.robot(), "three")
		s.ann.say(s.ann.robot(), "four")
		<-time.After(time.Minute)
		synctest.Wait()
		if fmt.Sprint(r.seen) != "[three three three three four]" {
			t.Errorf("received %q", r.seen)
		}
		if r.at[1] != r.at[0] || r.at[2].Sub(r.at[1]) != 2*time.Second || r.at[3].Sub(r.at[2]) != 4*time.Second {
			t.Errorf("received at %v", r.at)
		}
		s.ask("getWebhookInfo").has(`"last_error_message":"Wrong response from the webhook: 502 Bad Gateway"`, `"pending_update_count":0`)
		// The receiver says when; another chat does not wait.
		r.seen, r.at, r.fails, r.status, r.header = nil, nil, 1, 429, http.Header{"Retry-After": {"30"}}
		began := time.Now()
		s.ann.say(s.ann.robot(), "five")
		synctest.Wait()
		s.bob.say(s.bob.robot(), "from Bob")
		<-time.After(40 * time.Second)
		synctest.Wait()
		if fmt.Sprint(r.seen) != "[five from Bob five]" || r.at[2].Sub(began) != 30*time.Second {
			t.Errorf("received %q at %v", r.seen, r.at)
		}
		// The answer calls a method.
		s.ann.heard()
		r.body = fmt.Sprintf(`{"method":"sendMessage","chat_id":%d,"text":"from the answer"}`, s.ann.id)
		s.ann.say(s.ann.robot(), "six")
		synctest.Wait()
		if m := s.ann.read(); m.Message != "from the answer" {
			t.Errorf("heard %+v", m)
		}
		// What has not been delivered stays, and is dropped after a day.
		r.fails, r.status = -1, 0
		s.ann.say(s.ann.robot(), "seven")
		synctest.Wait()
		s.ask("getWebhookInfo").has(`"last_error_message":"the line is dead"`, `"pending_update_count":1`)
		s.ask("deleteWebhook").ok()
		if u := s.update(); u.Message.Text != "seven" {
			t.Errorf("update %+v", u)
		}
	})
}

// Updates from before the server are kept for the bot.
func TestMissed(t *testing.T) {
	s := newStage(t, Options{})
	_, err := s.sb.AddBot("779:secret", "Late", "late_bot")
	s.check(err)
	late, _ := s.ann.find("late_bot")
	s.ann.say(late, "first")
	s.check(s.api.Close())
	_, robot := s.ann.find("late_bot")
	group, _ := s.ann.group("Group", robot)
	super, _ := s.ann.channel("Super", false)
	does(s.ann, &tg.ChannelsInviteToChannel{Channel: super, Users: []tg.InputUserClass{robot}})
	s.ann.say(group, "/second")
	s.ann.say(peerOfChannel(super), "/third")
	s.api = New(s.sb, Options{})
	s.token = "779:secret"
	var texts []string
	for _, u := range s.updates() {
		if u.Message != nil && u.Message.Text != "" {
			texts = append(texts, u.Message.Text)
		}
	}
	if fmt.Sprint(texts) != "[first /second /third]" {
		t.Errorf("updates %q", texts)
	}
	s.ann.say(late, "fourth")
	if u := s.update(); u.Message.Text != "fourth" {
		t.Errorf("update %+v", u)
	}
}

func TestFaultsAndLimits(t *testing.T) {
	s := newStage(t, Options{Limits: DefaultLimits()})
	s.ann.say(s.ann.robot(), "hi")
	s.updates()
	ann := fmt.Sprint(s.ann.id)
	s.ask("sendMessage", "chat_id", ann, "text", "1").ok()
	a := s.ask("sendMessage", "chat_id", ann, "text", "2")
	a.fails(429, "Too Many Requests: retry after 1")
	if a.body.Parameters.RetryAfter != 1 || a.header.Get("Retry-After") != "1" {
		t.Errorf("answer %s", a.raw)
	}
	s.now.Add(1)
	s.ask("sendMessage", "chat_id", ann, "text", "2").ok()

	_, robot := s.ann.find("robot_bot")
	_, groupID := s.ann.group("Group", robot)
	for i := range 20 {
		s.now.Add(1)
		s.ask("sendMessage", "chat_id", fmt.Sprint(groupID), "text", fmt.Sprint(i)).ok()
	}
	s.now.Add(1)
	s.ask("sendMessage", "chat_id", fmt.Sprint(groupID), "text", "x").fails(429, "Too Many Requests: retry after 40")
	s.now.Add(60)

	s.api.AddFault(Fault{Method: "sendmessage", Chat: ann, Times: 1, RetryAfter: 17})
	s.api.AddFault(Fault{Bot: 777, Code: 502, Description: "Bad Gateway"})
	s.ask("sendMessage", "chat_id", ann, "text", "x").fails(429, "Too Many Requests: retry after 17")
	s.ask("sendMessage", "chat_id", ann, "text", "x").fails(502, "Bad Gateway")
	s.token = tokenTwo
	s.ask("getMe").ok()
	s.token = token
	s.api.ClearFaults()
	s.api.AddFault(Fault{MigrateTo: -1001, Description: "Bad Request: group chat was upgraded to a supergroup chat"})
	if a := s.ask("getMe"); a.body.Parameters.MigrateTo != -1001 || a.status != 400 {
		t.Errorf("answer %s", a.raw)
	}
}
