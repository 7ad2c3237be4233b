package botapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
)

// A script is a Bot API that hands out what a test says.
type script struct {
	*bench
	mu      sync.Mutex
	offsets []int64
	answers []string // to getUpdates, one after the other; then none until the request ends
	stored  []int64  // what was stored when each offset was asked for
}

func newScript(t *testing.T, answers ...string) *script {
	s := &script{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.bench = newBench(t, server.URL)
	s.check(s.e.SignIn(s.ctx, s.account, s.epoch, token))
	return s
}

func (s *script) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	method := q.URL.Path[strings.LastIndex(q.URL.Path, "/")+1:]
	if method != "getUpdates" {
		fmt.Fprint(w, map[string]string{
			"getMe":         `{"ok": true, "result": {"id": 777, "is_bot": true, "first_name": "Robot"}}`,
			"deleteWebhook": `{"ok": true, "result": true}`,
		}[method])
		return
	}
	var asked struct{ Offset int64 }
	json.NewDecoder(q.Body).Decode(&asked)
	state, err := s.e.Store.UpdateState(q.Context(), s.account.ID)
	s.mu.Lock()
	s.offsets = append(s.offsets, asked.Offset)
	s.stored = append(s.stored, state.Seq)
	answer := ""
	if len(s.answers) > 0 && err == nil {
		answer, s.answers = s.answers[0], s.answers[1:]
	}
	s.mu.Unlock()
	s.tell()
	if answer == "" {
		<-q.Context().Done()
		return
	}
	code := 0
	fmt.Sscanf(answer, `{"ok": false, "error_code": %d`, &code)
	if code != 0 {
		w.WriteHeader(code)
	}
	fmt.Fprint(w, answer)
}

func (s *script) awaitOffsets(want ...int64) {
	s.Helper()
	s.await(fmt.Sprint("offsets ", want), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Equal(s.offsets, want)
	})
}

func texts(first int64, said ...string) string {
	var list []string
	for i, text := range said {
		list = append(list, fmt.Sprintf(`{"update_id": %d, "message": {"message_id": %d, "date": 1893499200, "text": %q,
			"from": {"id": 5, "first_name": "Ann"}, "chat": {"id": 5, "type": "private", "first_name": "Ann"}}}`,
			first+int64(i), first+int64(i), text))
	}
	return `{"ok": true, "result": [` + strings.Join(list, ",") + `]}`
}

// TestConfirmed has Telegram told that an update has arrived when it has been
// stored, and not before; and asked for the next one after a restart.
func TestConfirmed(t *testing.T) {
	s := newScript(t, texts(5, "one", "two"), texts(7, "three"))
	r := s.e.Start(s.account, s.epoch, s, nil)
	s.awaitOffsets(0, 7, 8)
	r.Close()
	s.mu.Lock()
	if want := []int64{0, 6, 7}; !slices.Equal(s.stored, want) {
		t.Errorf("stored %v when asked for %v, want %v", s.stored, s.offsets, want)
	}
	s.offsets, s.answers = nil, []string{texts(7, "three"), `{"ok": true, "result": []}`} // as after an answer was lost
	s.mu.Unlock()
	r = s.e.Start(s.account, s.epoch, s, nil)
	t.Cleanup(r.Close)
	s.awaitOffsets(8, 8, 0)
	want := []string{"message.received one", "message.received two", "message.received three"}
	if told := s.events(); !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// TestSuperseded has a bot that another node owns confirm nothing.
func TestSuperseded(t *testing.T) {
	s := newScript(t, texts(5, "one"))
	s.check(s.e.Store.Change(s.ctx, func(t *store.Tx) error {
		_, err := t.Claim(s.account.ID, "elsewhere")
		return err
	}))
	r := s.e.Start(s.account, s.epoch, s, nil)
	t.Cleanup(r.Close)
	s.awaitCause(bridge.Superseded)
	s.awaitOffsets(0)
	if told := s.events(); len(told) > 0 {
		t.Errorf("told %q", told)
	}
}

// TestConflict has somebody else who polls named, and the bot go on.
func TestConflict(t *testing.T) {
	s := newScript(t, `{"ok": false, "error_code": 409, "description": "Conflict: terminated by other getUpdates request"}`, texts(5, "one"))
	r := s.e.Start(s.account, s.epoch, s, nil)
	t.Cleanup(r.Close)
	if c := s.awaitCause(bridge.Disconnected); c.Error != "CONFLICT" {
		t.Errorf("%+v", c)
	}
	s.awaitEvent("message.received one")
}

// TestRevoked has a token that Telegram does not know end the bot.
func TestRevoked(t *testing.T) {
	s := newScript(t, `{"ok": false, "error_code": 401, "description": "Unauthorized"}`)
	r := s.e.Start(s.account, s.epoch, s, nil)
	t.Cleanup(r.Close)
	if c := s.awaitCause(bridge.SessionRevoked); c.Error != "UNAUTHORIZED" {
		t.Errorf("%+v", c)
	}
	now := time.Now()
	running := bridge.Status{State: bridge.Online, Since: now}
	if next := bridge.Next(now, running, bridge.Cause{Kind: bridge.SessionRevoked}); next.Status.State != bridge.LoginRequired {
		t.Errorf("%+v", next)
	}
}

func TestCauses(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		err    error
		method string
		kind   bridge.Kind // empty: it means nothing for the account
		code   bridge.Code
		words  string
	}{
		{&bot.TooManyRequestsError{RetryAfter: 3}, "sendMessage", bridge.FloodWait, bridge.CodeFloodWait, "later"},
		{fmt.Errorf("%w, x", bot.ErrorUnauthorized), "sendMessage", bridge.SessionRevoked, bridge.CodeLoginExpired, "@BotFather"},
		{fmt.Errorf("%w, x", bot.ErrorNotFound), "getUpdates", bridge.SessionRevoked, bridge.CodeTelegramRefused, "not found"},
		{fmt.Errorf("%w, x", bot.ErrorNotFound), "sendMessage", "", bridge.CodeTelegramRefused, "not found"},
		{fmt.Errorf("%w, x", bot.ErrorConflict), "getUpdates", bridge.Disconnected, bridge.CodeConflict, "Another program"},
		{fmt.Errorf("%w, bot was blocked by the user", bot.ErrorForbidden), "sendMessage", "", bridge.CodeTelegramRefused, "has blocked"},
		{fmt.Errorf("%w, bot can't initiate conversation with a user", bot.ErrorForbidden), "sendMessage", "", bridge.CodeSurfaceUnable, "write first"},
		{fmt.Errorf("%w, user is deactivated", bot.ErrorForbidden), "sendMessage", "", bridge.CodeTelegramRefused, "does not exist"},
		{fmt.Errorf("%w, not enough rights", bot.ErrorForbidden), "sendMessage", "", bridge.CodeTelegramRefused, "not enough rights"},
		{fmt.Errorf("%w, x", bot.ErrorBadRequest), "sendMessage", "", bridge.CodeTelegramRefused, "bad request"},
		{&bot.MigrateError{MigrateToChatID: -5}, "sendMessage", "", bridge.CodeTelegramRefused, "supergroup"},
		{fmt.Errorf("y: %w", &serverError{502}), "sendMessage", bridge.ServerFailure, bridge.CodeOutcomeUnknown, "not known"},
		{errors.New("connection reset"), "sendMessage", bridge.Disconnected, bridge.CodeOutcomeUnknown, "not known"},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, "sendMessage", bridge.Disconnected, bridge.CodeUnavailable, "cannot be reached"},
	} {
		cause, ok := causeOf(test.err, test.method)
		if ok != (test.kind != "") || ok && cause.Kind != test.kind {
			t.Errorf("%v means %+v, %t", test.err, cause, ok)
		}
		var as *bridge.Error
		if err := told(test.err, now); !errors.As(err, &as) || as.Code != test.code || !strings.Contains(as.Detail, test.words) {
			t.Errorf("%v is told as %v", test.err, err)
		}
	}
}

func TestRedacted(t *testing.T) {
	tr := &transport{token: "1:abc"}
	secret := fmt.Errorf("Post /bot1:abc/getMe: %w", http.ErrHandlerTimeout)
	err := tr.redacted(secret)
	if strings.Contains(fmt.Sprintf("%v %+v %s", err, err, err), "1:abc") || !errors.Is(err, http.ErrHandlerTimeout) {
		t.Errorf("%v", err)
	}
	if tr.redacted(nil) != nil || tr.redacted(http.ErrBodyNotAllowed) != http.ErrBodyNotAllowed {
		t.Error("what holds no token is changed")
	}
}

func TestLimits(t *testing.T) {
	begin := time.Unix(1000, 0)
	var l limits
	take := func(after time.Duration, chat int64, want time.Duration) {
		t.Helper()
		free := l.take(begin.Add(after), chat)
		if want == 0 && !free.IsZero() || want != 0 && !free.Equal(begin.Add(want)) {
			t.Errorf("after %v: free at %v, want %v", after, free.Sub(begin), want)
		}
	}
	take(0, 5, 0)
	take(time.Second/2, 5, time.Second)
	take(time.Second/2, 6, 0)
	take(time.Second, 5, 0)
	for i := range 20 {
		take(time.Duration(i)*time.Second+10*time.Second, -5, 0)
	}
	take(40*time.Second, -5, 70*time.Second)
	take(70*time.Second, -5, 0)
	for i := range 30 {
		take(100*time.Second, int64(100+i), 0)
	}
	take(100*time.Second, 200, 101*time.Second)
	take(101*time.Second, 200, 0)
	for i := range 3 * maxRemembered {
		l.take(begin.Add(time.Duration(200+i)*time.Second), int64(1000+i))
	}
	if len(l.chats) > maxRemembered {
		t.Errorf("%d chats are remembered", len(l.chats))
	}
}

func TestOffset(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	for _, test := range []struct {
		seq  int64
		ago  time.Duration
		want int64
	}{{0, 0, 0}, {7, time.Hour, 8}, {7, 7 * 24 * time.Hour, 0}} {
		s := store.UpdateState{Counters: store.Counters{Seq: test.seq, Date: now.Add(-test.ago).Unix()}}
		if got := offsetOf(s, now); got != test.want {
			t.Errorf("%+v: %d, want %d", test, got, test.want)
		}
	}
}

// decode reads an update.
func decode(t testing.TB, encoded string) *models.Update {
	t.Helper()
	u := new(models.Update)
	if err := json.Unmarshal([]byte(encoded), u); err != nil {
		t.Fatalf("%s: %v", encoded, err)
	}
	return u
}

func TestConvert(t *testing.T) {
	ann := bridge.Peer{Kind: bridge.UserPeer, ID: 5}
	news := bridge.Peer{Kind: bridge.ChannelPeer, ID: 9}
	group := bridge.Peer{Kind: bridge.GroupPeer, ID: 4}
	noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	message := func(peer, sender bridge.Peer, c bridge.Content) *inbox.Message {
		return &inbox.Message{Peer: peer, TelegramID: 3, Direction: bridge.Inbound, Sender: sender, At: noon, Content: c}
	}
	const private = `"message_id": 3, "date": 1893499200, "from": {"id": 5}, "chat": {"id": 5, "type": "private", "first_name": "Ann", "last_name": "Lee", "username": "ann"}`
	const inGroup = `"message_id": 3, "date": 1893499200, "from": {"id": 5}, "chat": {"id": -4, "type": "group", "title": "Flyers"}`
	const inChannel = `"message_id": 3, "date": 1893499200, "sender_chat": {"id": -1000000000009}, "chat": {"id": -1000000000009, "type": "channel", "title": "News"}`
	media := func(m bridge.Media) bridge.Content { return bridge.Content{Media: &m} }
	for _, test := range []struct {
		update string
		want   inbox.Change
	}{
		{`"message": {` + private + `, "text": "a bold", "entities": [{"type": "bold", "offset": 2, "length": 4}, {"type": "text_mention", "offset": 0, "length": 1, "user": {"id": 8}}],
			"reply_to_message": {"message_id": 2}, "forward_origin": {"type": "hidden_user", "sender_user_name": "X", "date": 1893499200}}`,
			message(ann, ann, bridge.Content{
				Text: "a bold", Entities: []bridge.Entity{{Type: "bold", Offset: 2, Length: 4}, {Type: "text_mention", Length: 1, UserID: 8}},
				ReplyTo: 2, Forward: &bridge.Forward{Name: "X", At: noon},
			})},
		{`"channel_post": {` + inChannel + `, "text": "post"}`, message(news, news, bridge.Content{Text: "post"})},
		{`"edited_message": {` + inGroup + `, "text": "new", "edit_date": 1893499200}`, &inbox.Edit{Message: inbox.Message{
			Peer: group, TelegramID: 3, Direction: bridge.Inbound, Sender: ann, At: noon, EditedAt: noon, Content: bridge.Content{Text: "new"}}}},
		{`"message": {` + inGroup + `, "new_chat_title": "Birds"}`,
			message(group, ann, bridge.Content{Service: "messageActionChatEditTitle", Text: "Birds"})},
		{`"message": {` + inGroup + `, "new_chat_members": [{"id": 1}]}`, message(group, ann, bridge.Content{Service: "messageActionChatAddUser"})},
		{`"message": {` + inGroup + `, "left_chat_member": {"id": 1}}`, message(group, ann, bridge.Content{Service: "messageActionChatDeleteUser"})},
		{`"message": {` + inGroup + `, "is_topic_message": true, "message_thread_id": 7, "text": "x"}`, message(group, ann, bridge.Content{Text: "x", Topic: 7})},
		{`"message": {` + private + `, "caption": "look", "photo": [{"file_id": "s", "width": 1, "height": 2, "file_size": 3}, {"file_id": "l", "width": 10, "height": 20, "file_size": 30}]}`,
			message(ann, ann, bridge.Content{Text: "look", Media: &bridge.Media{Type: "photo", MIMEType: "image/jpeg", Size: 30, Width: 10, Height: 20, Reference: "l"}})},
		{`"message": {` + private + `, "animation": {"file_id": "a", "file_name": "a.mp4", "duration": 2}, "document": {"file_id": "a"}}`,
			message(ann, ann, media(bridge.Media{Type: "animation", Name: "a.mp4", Duration: 2, Reference: "a"}))},
		{`"message": {` + private + `, "video": {"file_id": "v", "width": 3, "height": 4}}`, message(ann, ann, media(bridge.Media{Type: "video", Width: 3, Height: 4, Reference: "v"}))},
		{`"message": {` + private + `, "video_note": {"file_id": "v", "duration": 3}}`, message(ann, ann, media(bridge.Media{Type: "video_note", Duration: 3, Reference: "v"}))},
		{`"message": {` + private + `, "audio": {"file_id": "v", "title": "song"}}`, message(ann, ann, media(bridge.Media{Type: "audio", Title: "song", Reference: "v"}))},
		{`"message": {` + private + `, "voice": {"file_id": "v", "duration": 3}}`, message(ann, ann, media(bridge.Media{Type: "voice", Duration: 3, Reference: "v"}))},
		{`"message": {` + private + `, "sticker": {"file_id": "v", "emoji": "🦆"}}`, message(ann, ann, media(bridge.Media{Type: "sticker", Emoji: "🦆", Reference: "v"}))},
		{`"message": {` + private + `, "venue": {"title": "zoo", "location": {"latitude": 1.5}}, "location": {"latitude": 1.5}}`, message(ann, ann, media(bridge.Media{Type: "venue", Title: "zoo", Latitude: 1.5}))},
		{`"message": {` + private + `, "location": {"latitude": 1.5, "live_period": 60}}`, message(ann, ann, media(bridge.Media{Type: "live_location", Latitude: 1.5}))},
		{`"message": {` + private + `, "contact": {"first_name": "Bob", "phone_number": "99"}}`, message(ann, ann, media(bridge.Media{Type: "contact", Title: "Bob", Phone: "99"}))},
		{`"message": {` + private + `, "poll": {"question": "why?"}}`, message(ann, ann, media(bridge.Media{Type: "poll", Title: "why?"}))},
		{`"message": {` + private + `, "dice": {"emoji": "🎲", "value": 4}}`, message(ann, ann, media(bridge.Media{Type: "dice", Emoji: "🎲"}))},
		{`"message_reaction_count": {"chat": {"id": -1000000000009}, "message_id": 3, "reactions": [{"type": {"type": "emoji", "emoji": "👍"}, "total_count": 2}]}`,
			&inbox.Reacted{Peer: news, TelegramID: 3, MineUnknown: true, Reactions: []bridge.Reaction{{Emoji: "👍", Count: 2}}}},
		{`"message_reaction": {"chat": {"id": 5, "type": "private"}, "message_id": 3, "new_reaction": [{"type": "custom_emoji", "custom_emoji_id": "7"}]}`,
			&inbox.Reacted{Peer: ann, TelegramID: 3, Reactions: []bridge.Reaction{{Emoji: "custom_emoji:7", Count: 1}}}},
		{`"message_reaction": {"chat": {"id": -4, "type": "group"}, "message_id": 3, "new_reaction": []}`, nil},
		{`"inline_query": {"id": "1"}`, nil},
	} {
		b := convert([]*models.Update{decode(t, `{"update_id": 1, `+test.update+`}`)})
		if test.want == nil {
			if len(b.Changes) != 0 {
				t.Errorf("%s means %+v", test.update, b.Changes)
			}
			continue
		}
		if len(b.Changes) != 1 || !reflect.DeepEqual(b.Changes[0], test.want) {
			got, _ := json.Marshal(b.Changes)
			want, _ := json.Marshal(test.want)
			t.Errorf("%s means\n%s\nwant\n%s", test.update, got, want)
		}
	}
	b := convert([]*models.Update{decode(t, `{"message": {`+private+`, "text": "x"}}`), decode(t, `{"message": {`+inGroup+`, "text": "x"}}`)})
	want := []inbox.Peer{{Peer: ann, Title: "Ann Lee", Username: "ann"}, {Peer: group, Title: "Flyers"}}
	if !slices.Equal(b.Peers, want) || b.Source != bridge.BotAPI {
		t.Errorf("%+v", b)
	}
	entities := []bridge.Entity{{Type: "text_mention", Length: 1, UserID: 8}, {Type: "pre", Language: "go"}, {Type: "custom_emoji", EmojiID: "7"}}
	if got := convertEntities(entitiesOf(entities)); !slices.Equal(got, entities) {
		t.Errorf("%+v", got)
	}
	for _, p := range []bridge.Peer{ann, news, group} {
		if got := peerOf(chatOf(p)); got != p {
			t.Errorf("%v became %v", p, got)
		}
	}
}

func FuzzConvert(f *testing.F) {
	f.Add(`{"update_id": 1, "message": {"message_id": 1, "chat": {"id": 5}, "photo": [{}], "forward_origin": {"type": "user"}}}`)
	f.Add(`{"message_reaction": {"chat": {"id": -5}, "new_reaction": [{"type": "paid"}]}}`)
	f.Fuzz(func(t *testing.T, s string) {
		u := new(models.Update)
		if json.Unmarshal([]byte(s), u) != nil {
			return
		}
		for _, c := range convert([]*models.Update{u}).Changes {
			if m, ok := c.(*inbox.Message); ok && m.Peer != peerOf(chatOf(m.Peer)) {
				t.Errorf("%q is of %v", s, m.Peer)
			}
		}
	})
}
