package interop

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"godwit/sandbox"
	"godwit/sandbox/botapi"
	"godwit/telegram"
	"godwit/tg"
)

// A robot is a bot that talks through one library for the Bot API.
type robot interface {
	// Next waits for the next thing that the bot is told.
	Next(ctx context.Context) (told, error)
	// Say writes HTML, with a button if there is one, and returns the message's id.
	Say(ctx context.Context, chat int64, html, button string) (int, error)
	// Change gives a message another text and takes its buttons away.
	Change(ctx context.Context, chat int64, id int, text string) error
	// Answer says something to who has pressed a button.
	Answer(ctx context.Context, query, text string) error
	// Give sends a file and returns its id.
	Give(ctx context.Context, chat int64, name string, content []byte) (string, error)
	// Fetch returns the content of a file.
	Fetch(ctx context.Context, id string) ([]byte, error)
	// RetryAfter returns for how many seconds a request is to wait that has ended
	// with an error, 0 if for none.
	RetryAfter(err error) int
}

// told is what a bot is told, as far as it is looked at here.
type told struct {
	kind  string // message, edited, callback or member
	text  string // of the message, the data of the button, or what the bot is now
	chat  int64
	query string // id of the callback query
	file  string // id of the document
}

// secretToken is what webhooks are told.
const secretToken = "a_secret-Token1"

// robots are the makers of libraries for bots. With a hook the library is to get
// its updates through the handler that it gives it.
var robots = map[string]func(ctx context.Context, t *testing.T, url, token string, hook func(http.Handler) string) robot{
	"telego":          startTelego,
	"go-telegram/bot": startGoTelegram,
}

// TestBots has a bot that uses a library of another maker talk to a person who
// uses our client, in private and in a group, by long polling and by a webhook.
func TestBots(t *testing.T) {
	for name, start := range robots {
		for _, hooked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, webhook %v", name, hooked), func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				sb, conn := startSandbox(t)
				const token = "1000000001:AAgodwit-interop-bot-token-xxxxxxxx"
				if _, err := sb.AddBot(token, "Robot", "robot_bot"); err != nil {
					t.Fatal(err)
				}
				api := botapi.New(sb, botapi.Options{})
				url, err := api.Start("127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := api.Close(); err != nil {
						t.Error(err)
					}
				})
				var hook func(http.Handler) string
				if hooked {
					hook = func(h http.Handler) string {
						server := httptest.NewServer(h)
						t.Cleanup(server.Close)
						return server.URL + "/hook"
					}
				}
				v := &visit{t: t, ctx: ctx, api: api, robot: start(ctx, t, url, token, hook)}
				v.meet(sb, conn)
				v.talk()
				v.press()
				v.exchange()
				v.gather()
				v.hurry()
			})
		}
	}
}

// A visit is a person who talks to a bot.
type visit struct {
	t     *testing.T
	ctx   context.Context
	api   *botapi.Server
	robot robot
	ann   *godwitPerson
	annID int64
	peer  *tg.InputPeerUser // the bot
}

func (v *visit) check(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// ask calls a method as the person.
func ask[R any](v *visit, m tg.Method[R]) R {
	v.t.Helper()
	out, err := tg.Call(v.ctx, v.ann.client, m)
	v.check(err)
	return out
}

// next waits for what the bot is told.
func (v *visit) next(kind, text string) told {
	v.t.Helper()
	got, err := v.robot.Next(v.ctx)
	v.check(err)
	if got.kind != kind || got.text != text {
		v.t.Fatalf("the bot is told %+v, want %s %q", got, kind, text)
	}
	return got
}

func (v *visit) say(to tg.InputPeerClass, text string) {
	v.t.Helper()
	ask(v, &tg.MessagesSendMessage{Peer: to, Message: text, RandomID: rand.Int64() | 1})
}

// meet signs a person in.
func (v *visit) meet(sb *sandbox.Sandbox, conn *connection) {
	phone := newPhone(2)
	register(v.t, sb, speaker{name: "Ann", phone: phone}, "")
	v.ann = startGodwit(v.ctx, v.t, conn, padded, phone, new(telegram.MemoryStore))
	v.check(v.ann.SignIn(v.ctx, ""))
	v.annID = ask(v, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}})[0].(*tg.User).ID
	u := ask(v, &tg.ContactsResolveUsername{Username: "robot_bot"}).Users[0].(*tg.User)
	v.peer = &tg.InputPeerUser{UserID: u.ID, AccessHash: u.AccessHash.Value}
}

func (v *visit) talk() {
	v.t.Helper()
	v.say(v.peer, "/start")
	if got := v.next("message", "/start"); got.chat != v.annID {
		v.t.Errorf("in chat %d, want %d", got.chat, v.annID)
	}
	for i := range 20 {
		v.say(v.peer, fmt.Sprint("message ", i))
	}
	for i := range 20 {
		v.next("message", fmt.Sprint("message ", i))
	}
}

// press has the person press a button.
func (v *visit) press() {
	v.t.Helper()
	id, err := v.robot.Say(v.ctx, v.annID, "<b>Sure</b>?", "yes")
	v.check(err)
	heard, err := v.ann.Receive(v.ctx)
	v.check(err)
	if heard.Text != "Sure?" {
		v.t.Fatalf("heard %q", heard.Text)
	}
	type outcome struct {
		answer *tg.MessagesBotCallbackAnswer
		err    error
	}
	pressed := make(chan outcome, 1)
	go func() {
		answer, err := tg.Call(v.ctx, v.ann.client, &tg.MessagesGetBotCallbackAnswer{
			Peer: v.peer, MsgID: int32(heard.ID), Data: []byte("yes"),
		})
		pressed <- outcome{answer, err}
	}()
	got := v.next("callback", "yes")
	v.check(v.robot.Answer(v.ctx, got.query, "Done"))
	out := <-pressed
	v.check(out.err)
	if out.answer.Message.Or("") != "Done" {
		v.t.Errorf("answer %+v", out.answer)
	}
	v.check(v.robot.Change(v.ctx, v.annID, id, "Chosen"))
	history := ask(v, &tg.MessagesGetHistory{Peer: v.peer, Limit: 1}).(*tg.MessagesMessagesSlice)
	if m := history.Messages[0].(*tg.Message); m.Message != "Chosen" || m.ReplyMarkup != nil {
		v.t.Errorf("changed to %+v", m)
	}
}

// exchange sends a file either way.
func (v *visit) exchange() {
	v.t.Helper()
	content := bytes.Repeat([]byte("0123456789abcdef"), 40_000)
	id, err := v.robot.Give(v.ctx, v.annID, "data.bin", content)
	v.check(err)
	_, err = v.ann.Receive(v.ctx)
	v.check(err)
	back, err := v.robot.Fetch(v.ctx, id)
	v.check(err)
	if !bytes.Equal(back, content) {
		v.t.Errorf("the bot's own file comes back as %d bytes, want %d", len(back), len(content))
	}
	const part = 512 << 10
	for i := range 2 {
		ask(v, &tg.UploadSaveFilePart{FileID: 7, FilePart: int32(i), Bytes: content[i*part : min(len(content), (i+1)*part)]})
	}
	ask(v, &tg.MessagesSendMedia{
		Peer: v.peer, RandomID: rand.Int64() | 1, Message: "for you",
		Media: &tg.InputMediaUploadedDocument{
			File: &tg.InputFile{ID: 7, Parts: 2, Name: "mine.bin"}, MIMEType: "application/x-mine",
			Attributes: []tg.DocumentAttributeClass{},
		},
	})
	got := v.next("message", "for you")
	back, err = v.robot.Fetch(v.ctx, got.file)
	v.check(err)
	if !bytes.Equal(back, content) {
		v.t.Errorf("the person's file comes as %d bytes, want %d", len(back), len(content))
	}
}

// gather brings the bot into a group.
func (v *visit) gather() {
	v.t.Helper()
	made := ask(v, &tg.MessagesCreateChat{
		Title: "Team", Users: []tg.InputUserClass{&tg.InputUser{UserID: v.peer.UserID, AccessHash: v.peer.AccessHash}},
	}).Updates.(*tg.Updates)
	id := made.Chats[0].(*tg.Chat).ID
	// A webhook gets what concerns membership and what is said at once.
	var kinds []string
	for range 2 {
		got, err := v.robot.Next(v.ctx)
		v.check(err)
		kinds = append(kinds, got.kind)
	}
	if all := strings.Join(kinds, " "); all != "member message" && all != "message member" {
		v.t.Errorf("the bot is told of %s", all)
	}
	group := &tg.InputPeerChat{ChatID: id}
	v.say(group, "among us")
	v.say(group, "hello @robot_bot")
	if got := v.next("message", "hello @robot_bot"); got.chat != -id {
		v.t.Errorf("in chat %d, want %d", got.chat, -id)
	}
	_, err := v.robot.Say(v.ctx, -id, "Hello all", "")
	v.check(err)
	heard, err := v.ann.Receive(v.ctx)
	v.check(err)
	if heard.Text != "Hello all" {
		v.t.Errorf("heard %q", heard.Text)
	}
}

// hurry has the bot told to wait.
func (v *visit) hurry() {
	v.t.Helper()
	v.api.AddFault(botapi.Fault{Method: "sendMessage", Times: 1, RetryAfter: 17})
	_, err := v.robot.Say(v.ctx, v.annID, "x", "")
	if got := v.robot.RetryAfter(err); got != 17 {
		v.t.Errorf("%v: wait %d seconds, want 17", err, got)
	}
	_, err = v.robot.Say(v.ctx, v.annID, "x", "")
	v.check(err)
}

// hookClient makes the requests of a library, and ends its connections with the
// test.
func hookClient(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}
