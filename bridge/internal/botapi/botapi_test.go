package botapi

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/sandbox/botapi"
	"godwit/telegram"
	"godwit/telegram/files"
	"godwit/tg"
)

// TestBot has a bot and a person of the sandbox write to each other.
func TestBot(t *testing.T) {
	s := newStage(t)
	r := s.start()
	_, err := s.ann.SendText(s.ctx, s.bot, "hello robot")
	s.check(err)
	s.awaitEvent("message.received hello robot")
	m := s.queue(s.peer, 42, bridge.Content{Text: "hello Ann", Entities: []bridge.Entity{{Type: "bold", Length: 5}}})
	s.send(r, m)
	s.annGets("hello Ann")
	sent, err := s.e.Store.Message(s.ctx, m.ID)
	s.check(err)
	if sent.TelegramID == 0 || sent.State != bridge.Delivered || len(sent.Entities) != 1 || sent.Sender.ID != 777 {
		t.Errorf("%+v", sent)
	}
	if _, err := r.Send(s.ctx, s.peer, m); !errors.Is(err, &bridge.Error{Code: bridge.CodeFloodWait}) {
		t.Errorf("a second message within a second: %v", err)
	}
	sent.Text, sent.Entities = "hello, Ann!", nil
	for range 2 { // the second changes nothing
		s.check(r.Edit(s.ctx, s.peer, sent))
	}
	s.annGets("edited hello, Ann!")
	s.check(r.Typing(s.ctx, s.peer))
	unable := &bridge.Error{Code: bridge.CodeSurfaceUnable}
	_, devices := r.Devices(s.ctx)
	_, found := r.Resolve(s.ctx, bridge.Peer{Kind: bridge.UsernamePeer, Name: "ann"})
	for _, err := range []error{devices, found, r.MarkRead(s.ctx, s.peer, 0)} {
		if !errors.Is(err, unable) {
			t.Errorf("%v", err)
		}
	}
	s.check(r.Delete(s.ctx, s.peer, sent.TelegramID, true))
	s.annGets("deleted")
	c, err := s.e.Store.ConversationWith(s.ctx, s.account.ID, s.peer)
	s.check(err)
	if c.Title != "Ann" || !c.PersonWrote || c.Unread != 0 {
		t.Errorf("%+v", c)
	}
	told := slices.DeleteFunc(s.events(), func(e string) bool { return strings.HasPrefix(e, "message.received") })
	if want := []string{"message.sent hello Ann", "message.edited hello, Ann!", "message.deleted"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if log := s.log.String(); strings.Contains(log, "secret-of-the-bot") {
		t.Errorf("the token is in the log: %s", log)
	}
}

// TestBotFiles has files go both ways.
func TestBotFiles(t *testing.T) {
	s := newStage(t)
	r := s.start()
	nest := bytes.Repeat([]byte("nest"), 3000)
	source := &files.Source{Name: "nest.bin", Size: int64(len(nest)), Content: bytes.NewReader(nest)}
	_, err := files.New(s.ann, files.Options{}).Send(s.ctx, s.bot, files.Document{Source: source}, telegram.Outgoing{Text: "a nest"})
	s.check(err)
	s.awaitEvent("message.received a nest document")
	c, err := s.e.Store.ConversationWith(s.ctx, s.account.ID, s.peer)
	s.check(err)
	list, err := s.e.Store.Messages(s.ctx, store.MessagePage{Conversation: c.ID, Limit: 1})
	s.check(err)
	body, err := r.Download(s.ctx, list[0].Media)
	s.check(err)
	got, err := io.ReadAll(body)
	s.check(err)
	s.check(body.Close())
	if !bytes.Equal(got, nest) || list[0].Media.Name != "nest.bin" {
		t.Errorf("%d bytes of %+v", len(got), list[0].Media)
	}
	upload, err := bridge.NewID[bridge.UploadID](time.Now(), rand.Reader)
	s.check(err)
	_, err = s.e.Store.AddUpload(s.ctx, &bridge.Upload{ID: upload, Name: "egg.bin", CreatedAt: time.Now()}, strings.NewReader("egg"), 99)
	s.check(err)
	m := s.queue(s.peer, 43, bridge.Content{Text: "an egg", Media: &bridge.Media{Type: "document", File: string(upload)}})
	s.send(r, m)
	s.annGets("an egg")
	if sent, err := s.e.Store.Message(s.ctx, m.ID); err != nil || sent.Media == nil || sent.Media.Reference == "" || sent.Media.Name != "egg.bin" {
		t.Errorf("%+v, %v", sent, err)
	}
	if _, err := r.Download(s.ctx, &bridge.Media{Reference: "x", Size: bridge.MaxBotDownload + 1}); !errors.Is(err, &bridge.Error{Code: bridge.CodeSurfaceUnable}) {
		t.Errorf("too much: %v", err)
	}
	for _, bad := range []*bridge.Media{{Type: "video"}, {Type: "hologram", Reference: "x"}} {
		o := outgoing{m: &bridge.Message{Content: bridge.Content{Media: bad}}}
		if _, _, err := o.request(nil); !errors.Is(err, &bridge.Error{Code: bridge.CodeInvalidRequest}) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// TestWebhook has Telegram bring updates by itself, and nobody else.
func TestWebhook(t *testing.T) {
	s := newStage(t)
	var runner *Runner
	var mu sync.Mutex
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		r := runner
		mu.Unlock()
		r.ServeHTTP(w, q)
	}))
	t.Cleanup(hook.Close)
	s.e.Webhook = func(id bridge.AccountID) string { return hook.URL + "/" + string(id) }
	s.account.UpdatesBy = bridge.ByWebhook
	s.check(s.e.SignIn(s.ctx, s.account, s.epoch, token))
	mu.Lock()
	runner = s.e.Start(s.account, s.epoch, s, nil)
	mu.Unlock()
	t.Cleanup(func() { runner.Close() })
	s.awaitCause(bridge.Connected)
	_, err := s.ann.SendText(s.ctx, s.bot, "hello hook")
	s.check(err)
	s.awaitEvent("message.received hello hook")
	state, err := s.e.Store.UpdateState(s.ctx, s.account.ID)
	s.check(err)
	post := func(secret, body string) int {
		w := httptest.NewRecorder()
		q := httptest.NewRequestWithContext(s.ctx, http.MethodPost, "/", strings.NewReader(body))
		q.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
		runner.ServeHTTP(w, q)
		return w.Code
	}
	update := func(id int64, text string) string {
		return fmt.Sprintf(`{"update_id": %d, "message": {"message_id": %d, "date": 1, "chat": {"id": %d, "type": "private"}, "text": %q}}`,
			id, id+1000, s.peer.ID, text)
	}
	runner.mu.Lock()
	secret := runner.secret
	runner.mu.Unlock()
	for _, test := range []struct {
		secret, body string
		want         int
	}{
		{"", update(state.Seq+1, "forged"), http.StatusForbidden},
		{secret + "x", update(state.Seq+1, "forged"), http.StatusForbidden},
		{secret, "{", http.StatusBadRequest},
		{secret, update(state.Seq+1, "real"), http.StatusOK},
		{secret, update(state.Seq+1, "real"), http.StatusOK},
	} {
		if got := post(test.secret, test.body); got != test.want {
			t.Errorf("%q, %s: status %d, want %d", test.secret, test.body, got, test.want)
		}
	}
	s.check(s.e.Store.Change(s.ctx, func(t *store.Tx) error {
		_, err := t.Claim(s.account.ID, "elsewhere")
		return err
	}))
	if got := post(secret, update(state.Seq+2, "late")); got != http.StatusServiceUnavailable {
		t.Errorf("another owner's: status %d", got)
	}
	told := strings.Join(s.events(), "\n")
	if strings.Count(told, "real") != 1 || strings.Contains(told, "forged") || strings.Contains(told, "late") {
		t.Errorf("told %s", told)
	}
}

// TestRefusals has a wait and a person who has blocked the bot told apart.
func TestRefusals(t *testing.T) {
	s := newStage(t)
	r := s.start()
	_, err := s.ann.SendText(s.ctx, s.bot, "hello robot")
	s.check(err)
	s.awaitEvent("message.received hello robot")
	m := s.queue(s.peer, 42, bridge.Content{Text: "hello"})
	s.api.AddFault(botapi.Fault{Method: "sendMessage", Times: 1, RetryAfter: 7})
	var wait *bridge.Error
	if _, err := r.Send(s.ctx, s.peer, m); !errors.As(err, &wait) || wait.Code != bridge.CodeFloodWait || wait.RetryAt.Before(time.Now()) {
		t.Errorf("%v", err)
	}
	if c := s.awaitCause(bridge.FloodWait); c.Wait != 7*time.Second || c.Scope.Method != "sendMessage" {
		t.Errorf("%+v", c)
	}
	_, err = tg.Call(s.ctx, s.ann, &tg.ContactsBlock{ID: s.bot})
	s.check(err)
	r.mu.Lock()
	r.limits = limits{}
	r.mu.Unlock()
	s.await("Ann is not written to any more", func() bool {
		list, err := s.e.Store.Suppressions(s.ctx, "", 10)
		s.check(err)
		return len(list) == 1 && list[0].Reason == bridge.SuppressedByBlock && list[0].Person.UserID == s.peer.ID
	})
	var refused *bridge.Error
	if _, err := r.Send(s.ctx, s.peer, m); !errors.As(err, &refused) || refused.Code != bridge.CodeTelegramRefused || !strings.Contains(refused.Detail, "blocked") {
		t.Errorf("%v", err)
	}
	stranger := bridge.Peer{Kind: bridge.UserPeer, ID: 424242}
	if _, err := r.Send(s.ctx, stranger, m); !errors.Is(err, &bridge.Error{Code: bridge.CodeTelegramRefused}) {
		t.Errorf("%v", err)
	}
}

// TestSignIn has a bot be one account, whichever it is.
func TestSignIn(t *testing.T) {
	s := newStage(t)
	s.check(s.e.SignIn(s.ctx, s.account, s.epoch, token))
	s.check(s.e.SignIn(s.ctx, s.account, s.epoch, token))
	again, epoch := s.add(bridge.BotAccount)
	person, personEpoch := s.add(bridge.UserAccount)
	for _, test := range []struct {
		a     *bridge.Account
		epoch int64
		token string
		want  error
	}{
		{again, epoch, token, &bridge.Error{Code: bridge.CodeConflict}},
		{person, personEpoch, token, &bridge.Error{Code: bridge.CodeSurfaceUnable}},
		{again, epoch, "778:wrong", &bridge.Error{Code: bridge.CodeLoginExpired}},
		{again, epoch, "", &bridge.Error{Code: bridge.CodeLoginExpired}},
		{again, epoch, "778:../../other", &bridge.Error{Code: bridge.CodeLoginExpired}},
		{s.account, s.epoch - 1, token, store.ErrNotOwner},
	} {
		if err := s.e.SignIn(s.ctx, test.a, test.epoch, test.token); !errors.Is(err, test.want) {
			t.Errorf("%q: %v, want %v", test.token, err, test.want)
		}
	}
	r := s.e.Start(again, epoch, s, nil) // without a token
	t.Cleanup(r.Close)
	s.awaitCause(bridge.SessionRevoked)
	if _, err := r.Send(s.ctx, s.peer, &bridge.Message{}); !errors.Is(err, &bridge.Error{Code: bridge.CodeAccountNotOnline}) {
		t.Errorf("%v", err)
	}
}
