package botapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/vault"
	"godwit/internal/leak"
	"godwit/mtproto/mtcrypto"
	"godwit/sandbox"
	"godwit/sandbox/botapi"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/updates"
	"godwit/tg"
)

func TestMain(m *testing.M) {
	http.DefaultTransport.(*http.Transport).DisableKeepAlives = true // so that no connection outlives its test
	leak.Main(m)
}

// patience is how long a test waits for what must happen.
const patience = time.Minute

// A bench is a bridge with one account of kind bot.
type bench struct {
	*testing.T
	ctx     context.Context
	e       *Environment
	account *bridge.Account
	epoch   int64
	log     bytes.Buffer

	mu     sync.Mutex
	causes []bridge.Cause
	ended  []bridge.Cause
	news   chan struct{} // something happened
}

func newBench(t *testing.T, url string) *bench {
	b := &bench{T: t, news: make(chan struct{}, 1)}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	b.ctx = ctx
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
	b.check(err)
	box := inbox.New(s, time.Now)
	t.Cleanup(func() {
		box.Close()
		b.check(s.Close())
	})
	b.e = &Environment{
		Store: s, Vault: newVault(b), Inbox: box, Now: time.Now, URL: url,
		Logger: slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	b.account, b.epoch = b.add(bridge.BotAccount)
	return b
}

func newVault(b *bench) *vault.Vault {
	path := filepath.Join(b.TempDir(), "kek.json")
	kek, err := vault.OpenKEK(b.ctx, "file:"+path)
	b.check(err)
	return vault.New(kek)
}

func (b *bench) add(kind bridge.AccountKind) (a *bridge.Account, epoch int64) {
	b.Helper()
	id, err := bridge.NewID[bridge.AccountID](time.Now(), rand.Reader)
	b.check(err)
	a = &bridge.Account{ID: id, Kind: kind, Status: bridge.Status{State: bridge.New, Since: time.Now()}, CreatedAt: time.Now()}
	b.check(b.e.Store.Change(b.ctx, func(t *store.Tx) (err error) {
		if err := t.AddAccount(a); err != nil {
			return err
		}
		epoch, err = t.Claim(id, "here")
		return err
	}))
	return a, epoch
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) tell() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// Happened implements Watcher.
func (b *bench) Happened(c bridge.Cause) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.causes = append(b.causes, c)
	b.tell()
}

// Ended implements Watcher.
func (b *bench) Ended(c bridge.Cause) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = append(b.ended, c)
	b.tell()
}

// await waits until a condition holds, which news may change.
func (b *bench) await(what string, holds func() bool) {
	b.Helper()
	tick := time.NewTicker(20 * time.Millisecond) // storing something is no news
	defer tick.Stop()
	for !holds() {
		select {
		case <-b.news:
		case <-tick.C:
		case <-b.ctx.Done():
			b.Fatalf("never: %s; told %q, causes %+v", what, b.events(), b.causes)
		}
	}
}

func (b *bench) awaitCause(kind bridge.Kind) (c bridge.Cause) {
	b.Helper()
	b.await(string(kind), func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		i := slices.IndexFunc(append(slices.Clone(b.causes), b.ended...), func(c bridge.Cause) bool { return c.Kind == kind })
		if i >= 0 {
			c = append(slices.Clone(b.causes), b.ended...)[i]
		}
		return i >= 0
	})
	return c
}

// events returns what the bridge tells of, in short.
func (b *bench) events() []string {
	events, err := b.e.Store.Events(context.Background(), b.account.ID, 0, 1000)
	if err != nil {
		return []string{err.Error()}
	}
	var list []string
	for _, e := range events {
		var data struct {
			Text  string        `json:"text"`
			Media *bridge.Media `json:"media"`
		}
		json.Unmarshal(e.Data, &data)
		line := strings.TrimSpace(string(e.Type) + " " + data.Text)
		if data.Media != nil {
			line += " " + data.Media.Type
		}
		if e.Source != bridge.BotAPI {
			line += " from " + string(e.Source)
		}
		list = append(list, line)
	}
	return list
}

func (b *bench) awaitEvent(want string) {
	b.Helper()
	b.await(want, func() bool { return slices.Contains(b.events(), want) })
}

const (
	token    = "777:secret-of-the-bot"
	annPhone = "9996610001"
)

var serverKey = sync.OnceValues(func() (*mtcrypto.PrivateKey, error) { return mtcrypto.GeneratePrivateKey(rand.Reader) })

// A stage is a bench on a sandbox, where Ann is a person.
type stage struct {
	*bench
	api  *botapi.Server
	ann  *telegram.Client
	bot  tg.InputPeerClass // as Ann names it
	peer bridge.Peer       // Ann, as the bot does
	got  chan string       // what Ann is told
}

func newStage(t *testing.T) *stage {
	s := &stage{got: make(chan string, 100)}
	key, err := serverKey()
	if err != nil {
		t.Fatal(err)
	}
	sb, err := sandbox.New(sandbox.Options{PrivateKey: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sb.Close() })
	if err := sb.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := sb.AddBot(token, "Robot", "robot_bot"); err != nil {
		t.Fatal(err)
	}
	s.api = botapi.New(sb, botapi.Options{})
	t.Cleanup(func() { s.api.Close() })
	url, err := s.api.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.bench = newBench(t, url)
	path := filepath.Join(t.TempDir(), "connection.json")
	s.check(sb.WriteInfo(path))
	network, file, err := connectionfile.Load(path)
	s.check(err)
	_, err = sb.AddUser(annPhone, "Ann", "")
	s.check(err)
	s.ann, err = telegram.Connect(s.ctx, telegram.Options{APIID: file.APIID, APIHash: file.APIHash, Network: network, Handler: s.told})
	s.check(err)
	t.Cleanup(func() { s.ann.Close() })
	_, err = s.ann.SignIn(s.ctx, telegram.Answers{PhoneNumber: annPhone, AskCode: telegram.FixedCode("11111")})
	s.check(err)
	s.bot, err = s.ann.ResolveUsername(s.ctx, "robot_bot")
	s.check(err)
	s.peer = bridge.Peer{Kind: bridge.UserPeer, ID: s.ann.Self().ID}
	return s
}

func (s *stage) told(_ context.Context, _ *telegram.Client, d updates.Delivery) error {
	for _, u := range d.Updates {
		switch u := u.(type) {
		case *tg.UpdateNewMessage:
			if m, ok := u.Message.(*tg.Message); ok && !m.Out {
				s.got <- m.Message
			}
		case *tg.UpdateEditMessage:
			if m, ok := u.Message.(*tg.Message); ok {
				s.got <- "edited " + m.Message
			}
		case *tg.UpdateDeleteMessages:
			s.got <- "deleted"
		}
	}
	return nil
}

func (s *stage) annGets(want string) {
	s.Helper()
	for {
		select {
		case got := <-s.got:
			if got == want {
				return
			}
		case <-s.ctx.Done():
			s.Fatalf("Ann never gets %q", want)
		}
	}
}

func (s *stage) start() *Runner {
	s.Helper()
	s.check(s.e.SignIn(s.ctx, s.account, s.epoch, token))
	r := s.e.Start(s.account, s.epoch, s, nil)
	s.Cleanup(r.Close)
	s.awaitCause(bridge.Connected)
	return r
}

// queue stores a message that the bridge is given to send.
func (b *bench) queue(peer bridge.Peer, randomID int64, c bridge.Content) *bridge.Message {
	b.Helper()
	conversation, err := b.e.Store.ConversationWith(b.ctx, b.account.ID, peer)
	b.check(err)
	id, err := bridge.NewID[bridge.MessageID](time.Now(), rand.Reader)
	b.check(err)
	m := &bridge.Message{
		ID: id, AccountID: b.account.ID, ConversationID: conversation.ID, Source: bridge.BotAPI, Direction: bridge.Outbound,
		At: time.Now(), Content: c, State: bridge.Sending, RandomID: randomID, CreatedAt: time.Now(),
	}
	b.check(b.e.Store.Change(b.ctx, func(t *store.Tx) error {
		_, err := t.AddMessages([]*bridge.Message{m})
		return err
	}))
	return m
}

// send sends a message and stores it, as the outbox does.
func (s *stage) send(r *Runner, m *bridge.Message) {
	s.Helper()
	b, err := r.Send(s.ctx, s.peer, m)
	s.check(err)
	s.check(s.e.Inbox.Apply(s.ctx, b))
}
