package botapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/leak"
	"godwit/mtproto/mtcrypto"
	"godwit/sandbox"
	"godwit/tg"
)

func TestMain(m *testing.M) { leak.Main(m) }

// serverKey is not used: nothing here goes over MTProto's wire.
var serverKey = sync.OnceValues(func() (*mtcrypto.PrivateKey, error) { return mtcrypto.GeneratePrivateKey(rand.Reader) })

const (
	token    = "777:secret"
	tokenTwo = "778:secret"
	annPhone = "9996610001"
	bobPhone = "9996610002"
)

// A stage is a sandbox with a Bot API, two people and two bots.
type stage struct {
	t     testing.TB
	sb    *sandbox.Sandbox
	api   *Server
	now   atomic.Int64 // the servers' clock, in Unix time
	ann   *person
	bob   *person
	token string // that requests are made with
}

func newStage(t testing.TB, o Options) *stage {
	t.Helper()
	s := &stage{t: t, token: token}
	s.now.Store(1_800_000_000)
	key, err := serverKey()
	s.check(err)
	s.sb, err = sandbox.New(sandbox.Options{PrivateKey: key, Now: func() time.Time { return time.Unix(s.now.Load(), 0) }})
	s.check(err)
	for _, b := range [][3]string{{token, "Robot", "robot_bot"}, {tokenTwo, "Other", "other_bot"}} {
		_, err := s.sb.AddBot(b[0], b[1], b[2])
		s.check(err)
	}
	s.api = New(s.sb, o)
	t.Cleanup(func() {
		if err := s.api.Close(); err != nil {
			t.Error(err)
		}
		if err := s.sb.Close(); err != nil {
			t.Error(err)
		}
	})
	s.ann, s.bob = s.person(annPhone, "Ann"), s.person(bobPhone, "Bob")
	return s
}

func (s *stage) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// ask makes a request with form values and returns the answer.
func (s *stage) ask(method string, args ...string) answered {
	s.t.Helper()
	form := make([]string, 0, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		form = append(form, urlEscape(args[i])+"="+urlEscape(args[i+1]))
	}
	return s.post(method, "application/x-www-form-urlencoded", []byte(strings.Join(form, "&")))
}

func urlEscape(s string) string {
	var out strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&out, "%%%02X", c)
	}
	return out.String()
}

func (s *stage) post(method, kind string, body []byte) answered {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, "/bot"+s.token+"/"+method, bytes.NewReader(body))
	r.Header.Set("Content-Type", kind)
	return s.serve(r)
}

// upload makes a request with a file.
func (s *stage) upload(method, field, name string, content []byte, args ...string) answered {
	s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(args); i += 2 {
		s.check(w.WriteField(args[i], args[i+1]))
	}
	part, err := w.CreateFormFile(field, name)
	s.check(err)
	_, err = part.Write(content)
	s.check(err)
	s.check(w.Close())
	return s.post(method, w.FormDataContentType(), body.Bytes())
}

// answered is what came of a request.
type answered struct {
	t      testing.TB
	status int
	header http.Header
	raw    string
	body   struct {
		OK          bool
		Result      json.RawMessage
		ErrorCode   int `json:"error_code"`
		Description string
		Parameters  struct {
			RetryAfter int   `json:"retry_after"`
			MigrateTo  int64 `json:"migrate_to_chat_id"`
		}
	}
}

func (s *stage) serve(r *http.Request) answered {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	a := answered{t: s.t, status: w.Code, header: w.Header(), raw: w.Body.String()}
	if err := json.Unmarshal([]byte(a.raw), &a.body); err != nil {
		s.t.Fatalf("%s: %v: %q", r.URL.Path, err, a.raw)
	}
	return a
}

// ok returns the result, which must be one.
func (a answered) ok() json.RawMessage {
	a.t.Helper()
	if !a.body.OK || a.status != http.StatusOK {
		a.t.Fatalf("answer %d %s", a.status, a.raw)
	}
	return a.body.Result
}

// fails checks a refusal.
func (a answered) fails(code int, description string) {
	a.t.Helper()
	if a.body.OK || a.status != code || a.body.ErrorCode != code || a.body.Description != description {
		a.t.Errorf("answer %d %s\nwant %d %q", a.status, a.raw, code, description)
	}
}

// has checks that the answer contains some JSON.
func (a answered) has(parts ...string) answered {
	a.t.Helper()
	a.ok()
	for _, part := range parts {
		if !strings.Contains(a.raw, part) {
			a.t.Errorf("answer %s\nlacks %s", a.raw, part)
		}
	}
	return a
}

// message returns the result as a message.
func (a answered) message() *message {
	a.t.Helper()
	m := new(message)
	if err := json.Unmarshal(a.ok(), m); err != nil {
		a.t.Fatal(err)
	}
	return m
}

// got is an update as a bot reads it.
type got struct {
	ID           int             `json:"update_id"`
	Message      *message        `json:"message"`
	Edited       *message        `json:"edited_message"`
	Post         *message        `json:"channel_post"`
	EditedPost   *message        `json:"edited_channel_post"`
	Callback     *callbackQuery  `json:"callback_query"`
	MyChatMember json.RawMessage `json:"my_chat_member"`
	ChatMember   json.RawMessage `json:"chat_member"`
	Reaction     json.RawMessage `json:"message_reaction"`
}

// updates returns all updates that wait, and confirms them.
func (s *stage) updates(args ...string) []got {
	s.t.Helper()
	var all []got
	s.check(json.Unmarshal(s.ask("getUpdates", args...).ok(), &all))
	if len(all) > 0 {
		s.ask("getUpdates", "offset", fmt.Sprint(all[len(all)-1].ID+1), "limit", "1")
	}
	return all
}

// update returns the only update that waits.
func (s *stage) update() got {
	s.t.Helper()
	all := s.updates()
	if len(all) != 1 {
		s.t.Fatalf("%d updates, want 1: %+v", len(all), all)
	}
	return all[0]
}

// A person is somebody with a device within the sandbox.
type person struct {
	s  *stage
	d  *sandbox.Device
	id int64

	mu   sync.Mutex
	told []tg.UpdateClass
}

func (s *stage) person(phone, name string) *person {
	s.t.Helper()
	id, err := s.sb.AddUser(phone, name, "")
	s.check(err)
	p := &person{s: s, id: id}
	p.d, err = s.sb.SignInPerson(phone, func(u tg.UpdatesClass) {
		if u, ok := u.(*tg.Updates); ok {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.told = append(p.told, u.Updates...)
		}
	})
	s.check(err)
	return p
}

// does calls a method that has to succeed.
func does[R any](p *person, m tg.Method[R]) R {
	p.s.t.Helper()
	out, err := tg.Call(context.Background(), p.d, m)
	if err != nil {
		p.s.t.Fatalf("%T: %v", m, err)
	}
	return out
}

// heard returns what the person has been told since the last call.
func (p *person) heard() []tg.UpdateClass {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.told
	p.told = nil
	return out
}

// read returns the only message that has come.
func (p *person) read() *tg.Message {
	p.s.t.Helper()
	var found []*tg.Message
	for _, u := range p.heard() {
		var m tg.MessageClass
		switch u := u.(type) {
		case *tg.UpdateNewMessage:
			m = u.Message
		case *tg.UpdateNewChannelMessage:
			m = u.Message
		case *tg.UpdateEditMessage:
			m = u.Message
		case *tg.UpdateEditChannelMessage:
			m = u.Message
		}
		if m, ok := m.(*tg.Message); ok {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		p.s.t.Fatalf("%d messages have come, want 1", len(found))
	}
	return found[0]
}

var lastRandom atomic.Int64

// say writes to a chat and returns the message's id there.
func (p *person) say(to tg.InputPeerClass, text string) int32 {
	p.s.t.Helper()
	u := does(p, &tg.MessagesSendMessage{Peer: to, Message: text, RandomID: lastRandom.Add(1)}).(*tg.Updates)
	return u.Updates[0].(*tg.UpdateMessageID).ID
}

// find resolves a username.
func (p *person) find(username string) (*tg.InputPeerUser, *tg.InputUser) {
	p.s.t.Helper()
	u := does(p, &tg.ContactsResolveUsername{Username: username}).Users[0].(*tg.User)
	return &tg.InputPeerUser{UserID: u.ID, AccessHash: u.AccessHash.Value}, &tg.InputUser{UserID: u.ID, AccessHash: u.AccessHash.Value}
}

// robot is the first bot as the person names it.
func (p *person) robot() *tg.InputPeerUser {
	p.s.t.Helper()
	peer, _ := p.find("robot_bot")
	return peer
}

// group makes a basic group of the person and others.
func (p *person) group(title string, others ...*tg.InputUser) (*tg.InputPeerChat, int64) {
	p.s.t.Helper()
	var users []tg.InputUserClass
	for _, u := range others {
		users = append(users, u)
	}
	made := does(p, &tg.MessagesCreateChat{Title: title, Users: users}).Updates.(*tg.Updates)
	id := made.Chats[0].(*tg.Chat).ID
	return &tg.InputPeerChat{ChatID: id}, -id
}

// channel makes a supergroup or a broadcast channel of the person.
func (p *person) channel(title string, broadcast bool) (*tg.InputChannel, int64) {
	p.s.t.Helper()
	made := does(p, &tg.ChannelsCreateChannel{Title: title, Megagroup: !broadcast, Broadcast: broadcast}).(*tg.Updates)
	c := made.Chats[0].(*tg.Channel)
	return &tg.InputChannel{ChannelID: c.ID, AccessHash: c.AccessHash.Value}, channelChatID(c.ID)
}

func peerOfChannel(c *tg.InputChannel) *tg.InputPeerChannel {
	return &tg.InputPeerChannel{ChannelID: c.ChannelID, AccessHash: c.AccessHash}
}
