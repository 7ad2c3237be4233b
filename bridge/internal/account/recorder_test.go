package account

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
	"godwit/internal/leak"
	"godwit/mtproto/mtcrypto"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/files"
	"godwit/telegram/groups"
	"godwit/telegram/updates"
	"godwit/tg"
)

func TestMain(m *testing.M) { leak.Main(m) }

// patience is how long a test waits for what must happen.
const patience = time.Minute

// serverKey is made once: it takes as long as a dozen tests.
var serverKey = sync.OnceValues(func() (*mtcrypto.PrivateKey, error) { return mtcrypto.GeneratePrivateKey(rand.Reader) })

// A town is a local Telegram, and a bridge whose account has a Recorder.
type town struct {
	*testing.T
	*sandbox.Sandbox
	ctx      context.Context
	network  telegram.Network
	file     *connectionfile.File
	store    *store.Store
	recorder *Recorder
	account  *bridge.Account
	epoch    int64
	told     chan struct{} // something was delivered
}

func newTown(t *testing.T) *town {
	w := &town{T: t, told: make(chan struct{}, 1)}
	key, err := serverKey()
	w.check(err)
	w.Sandbox, err = sandbox.New(sandbox.Options{PrivateKey: key})
	w.check(err)
	w.check(w.Start())
	t.Cleanup(func() { w.check(w.Sandbox.Close()) })
	path := filepath.Join(t.TempDir(), "connection.json")
	w.check(w.WriteInfo(path))
	w.network, w.file, err = connectionfile.Load(path)
	w.check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	w.ctx = ctx
	w.store, err = store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
	w.check(err)
	box := inbox.New(w.store, time.Now)
	t.Cleanup(func() {
		box.Close()
		w.check(w.store.Close())
	})
	w.recorder = &Recorder{Store: w.store, Inbox: box, Logger: slog.New(slog.DiscardHandler)}
	id, err := bridge.NewID[bridge.AccountID](time.Now(), rand.Reader)
	w.check(err)
	w.account = &bridge.Account{
		ID: id, Kind: bridge.UserAccount, Status: bridge.Status{State: bridge.New, Since: time.Now()}, CreatedAt: time.Now(),
	}
	w.check(w.store.Change(ctx, func(t *store.Tx) (err error) {
		if err := t.AddAccount(w.account); err != nil {
			return err
		}
		w.epoch, err = t.Claim(id, "here")
		return err
	}))
	return w
}

func (w *town) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// person returns a client of somebody new.
func (w *town) person(phone, name string) *telegram.Client {
	w.Helper()
	_, err := w.AddUser(phone, name, "")
	w.check(err)
	return w.signIn(phone, telegram.Options{})
}

func (w *town) signIn(phone string, o telegram.Options) *telegram.Client {
	w.Helper()
	o.APIID, o.APIHash, o.Network = w.file.APIID, w.file.APIHash, w.network
	c, err := telegram.Connect(w.ctx, o)
	w.check(err)
	w.Cleanup(func() { c.Close() })
	_, err = c.SignIn(w.ctx, telegram.Answers{PhoneNumber: phone, AskCode: telegram.FixedCode(strings.Repeat(phone[5:6], 5))})
	w.check(err)
	return c
}

// recorded returns a client of somebody who is there, whose updates are
// recorded.
func (w *town) recorded(phone string) *telegram.Client {
	w.Helper()
	c := w.signIn(phone, telegram.Options{
		LoadState: func(ctx context.Context) (updates.State, error) { return w.recorder.LoadState(ctx, w.account.ID) },
		Handler: func(ctx context.Context, c *telegram.Client, d updates.Delivery) error {
			err := w.recorder.Deliver(ctx, w.account, w.epoch, c, d)
			select {
			case w.told <- struct{}{}:
			default:
			}
			return err
		},
	})
	for { // until it is known what the account has from the beginning
		state, err := w.recorder.LoadState(w.ctx, w.account.ID)
		w.check(err)
		if state.Common.Date != 0 {
			return c
		}
		select {
		case <-w.told:
		case <-w.ctx.Done():
			w.Fatal("no state of the updates")
		}
	}
}

func (w *town) peer(c *telegram.Client, phone string) tg.InputPeerClass {
	w.Helper()
	peer, err := c.ResolvePhone(w.ctx, phone)
	w.check(err)
	return peer
}

// events returns what the bridge tells of, in short.
func (w *town) events() []string {
	w.Helper()
	events, err := w.store.Events(w.ctx, w.account.ID, 0, 1000)
	w.check(err)
	var list []string
	for _, e := range events {
		var data struct {
			Text      string            `json:"text"`
			Service   string            `json:"service"`
			By        string            `json:"by"`
			Reactions []bridge.Reaction `json:"reactions"`
			Media     *bridge.Media     `json:"media"`
		}
		w.check(json.Unmarshal(e.Data, &data))
		line := []string{string(e.Type)}
		for _, word := range []string{data.Service, data.Text, data.By} {
			if word != "" {
				line = append(line, word)
			}
		}
		for _, r := range data.Reactions {
			line = append(line, fmt.Sprint(r.Emoji, r.Count))
		}
		if data.Media != nil {
			line = append(line, data.Media.Type)
		}
		list = append(list, strings.Join(line, " "))
	}
	return list
}

// await waits until some events have been told of.
func (w *town) await(want ...string) {
	w.Helper()
	for {
		got := w.events()
		missing := slices.DeleteFunc(slices.Clone(want), func(line string) bool { return slices.Contains(got, line) })
		if len(missing) == 0 {
			return
		}
		select {
		case <-w.told:
		case <-w.ctx.Done():
			w.Fatalf("never told: %q\ntold: %q", missing, got)
		}
	}
}

const (
	deskPhone = "9996610001"
	annPhone  = "9996620002"
)

// TestRecorder has what happens at Telegram told of and stored, once.
func TestRecorder(t *testing.T) {
	w := newTown(t)
	_, err := w.AddUser(deskPhone, "Desk", "")
	w.check(err)
	ann := w.person(annPhone, "Ann")
	desk := w.recorded(deskPhone)
	toDesk := w.peer(ann, deskPhone)

	bold := telegram.Outgoing{Text: "hello desk", Entities: []tg.MessageEntityClass{&tg.MessageEntityBold{Length: 5}}}
	said, err := ann.Send(w.ctx, toDesk, bold)
	w.check(err)
	w.await("message.received hello desk")
	toAnn := w.peer(desk, annPhone)
	answer, err := desk.SendText(w.ctx, toAnn, "hello Ann")
	w.check(err)
	w.await("message.sent hello Ann")
	_, err = ann.Edit(w.ctx, toDesk, int(said.ID), telegram.Outgoing{Text: "hello, desk!"})
	w.check(err)
	w.await("message.edited hello, desk!")
	w.check(ann.MarkRead(w.ctx, toDesk, 0))
	phone := w.signIn(deskPhone, telegram.Options{})
	w.check(phone.MarkRead(w.ctx, w.peer(phone, annPhone), 0))
	w.await("conversation.read peer", "conversation.read account", "account.device")
	second, err := ann.SendText(w.ctx, toDesk, "never mind")
	w.check(err)
	w.await("message.received never mind")
	_, err = ann.Delete(w.ctx, toDesk, []int{int(second.ID)}, true)
	w.check(err)
	w.await("message.deleted")

	id := bridge.Peer{Kind: bridge.UserPeer, ID: ann.Self().ID}
	c, err := w.store.ConversationWith(w.ctx, w.account.ID, id)
	w.check(err)
	if c.Title != "Ann" || !c.PersonWrote || c.Unread != 0 {
		t.Errorf("%+v", c)
	}
	list, err := w.store.Messages(w.ctx, store.MessagePage{Conversation: c.ID, OldestFirst: true, Limit: 10})
	w.check(err)
	list = slices.DeleteFunc(list, func(m *bridge.Message) bool { return m.Service != "" })
	if len(list) != 3 || list[0].Text != "hello, desk!" || list[0].EditedAt.IsZero() || list[0].Sender != id ||
		list[1].TelegramID != int(answer.ID) || list[1].Direction != bridge.Outbound || list[2].DeletedAt.IsZero() {
		for _, m := range list {
			t.Errorf("%+v", m)
		}
	}
	if n := len(slices.DeleteFunc(w.events(), func(e string) bool { return e != "message.sent hello Ann" })); n != 1 {
		t.Errorf("told %d times of one message", n)
	}
	stored, err := w.recorder.LoadState(w.ctx, w.account.ID)
	w.check(err)
	if stored.Common.PTS == 0 {
		t.Errorf("the state is not stored: %+v", stored)
	}
}

// TestRecorderInGroups has groups and channels recorded, and a file found again
// by what is stored of it.
func TestRecorderInGroups(t *testing.T) {
	w := newTown(t)
	_, err := w.AddUser(deskPhone, "Desk", "")
	w.check(err)
	ann := w.person(annPhone, "Ann")
	desk := w.recorded(deskPhone)
	made, err := groups.Create(w.ctx, ann, groups.New{Title: "Flyers", Kind: groups.Supergroup})
	w.check(err)
	_, err = groups.Add(w.ctx, ann, made.Peer, telegram.InputUserOf(w.peer(ann, deskPhone)))
	w.check(err)
	said, err := ann.SendText(w.ctx, made.Peer, "welcome")
	w.check(err)
	w.await("message.received welcome")
	w.check(ann.React(w.ctx, made.Peer, int(said.ID), "👍"))
	w.await("message.reaction 👍1")
	nest := bytes.Repeat([]byte("nest"), 5000)
	source := &files.Source{Name: "nest.bin", Size: int64(len(nest)), Content: bytes.NewReader(nest)}
	_, err = files.New(ann, files.Options{}).Send(w.ctx, made.Peer, files.Document{Source: source}, telegram.Outgoing{Text: "a nest"})
	w.check(err)
	w.await("message.received a nest document")
	_, err = ann.Delete(w.ctx, made.Peer, []int{int(said.ID)}, true)
	w.check(err)
	w.await("message.deleted")

	list, err := w.store.Conversations(w.ctx, store.ConversationPage{Kind: bridge.ChannelPeer, Limit: 9})
	w.check(err)
	if len(list) != 1 || list[0].Title != "Flyers" || list[0].LastText != "a nest" {
		t.Fatalf("%+v", list)
	}
	messages, err := w.store.Messages(w.ctx, store.MessagePage{Conversation: list[0].ID, Limit: 1})
	w.check(err)
	if m := messages[0].Media; m == nil || m.Name != "nest.bin" || m.Size != int64(len(nest)) {
		t.Fatalf("%+v", messages[0])
	}
	remote, err := fileOf(messages[0].Media)
	w.check(err)
	var got bytes.Buffer
	if _, err := files.New(desk, files.Options{}).Download(w.ctx, remote, &got, files.Transfer{}); err != nil || !bytes.Equal(got.Bytes(), nest) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}

// TestBackfill has the past of an account fetched in pages, going on where it
// was stopped, without anybody being told of it.
func TestBackfill(t *testing.T) {
	w := newTown(t)
	_, err := w.AddUser(deskPhone, "Desk", "")
	w.check(err)
	ann := w.person(annPhone, "Ann")
	toDesk := w.peer(ann, deskPhone)
	for n := range 230 {
		_, err := ann.SendText(w.ctx, toDesk, fmt.Sprint("message ", n))
		w.check(err)
	}
	desk := w.signIn(deskPhone, telegram.Options{})
	w.recorder.History = 120
	w.check(w.recorder.Backfill(w.ctx, w.account, w.epoch, desk))
	c, err := w.store.ConversationWith(w.ctx, w.account.ID, bridge.Peer{Kind: bridge.UserPeer, ID: ann.Self().ID})
	w.check(err)
	if c.Title != "Ann" || c.Unread != 230 || c.LastText != "message 229" || !c.PersonWrote {
		t.Errorf("%+v", c)
	}
	count := func() int {
		t.Helper()
		list, err := w.store.Messages(w.ctx, store.MessagePage{Conversation: c.ID, Limit: 1000})
		w.check(err)
		texts := make(map[string]bool)
		for _, m := range list {
			texts[m.Text] = true
		}
		if len(texts) != len(list) {
			t.Errorf("%d messages, %d different ones", len(list), len(texts))
		}
		return len(list)
	}
	if n := count(); n != 120 {
		t.Errorf("%d messages, want 120", n)
	}
	// Everything, stopped in between.
	w.check(w.store.Change(w.ctx, func(t *store.Tx) error { return t.AskForHistory(c, 0, true, time.Now()) }))
	f := &backfiller{r: w.recorder, client: desk, account: w.account, epoch: w.epoch, converter: converter{desk.Self().ID}}
	next, err := w.store.Backfills(w.ctx, w.account.ID, 1)
	w.check(err)
	w.check(f.page(w.ctx, next[0]))
	if n := count(); n != 220 {
		t.Errorf("%d messages, want 220", n)
	}
	w.check(w.recorder.Backfill(w.ctx, w.account, w.epoch, desk))
	if n := count(); n < 230 {
		t.Errorf("%d messages, want all", n)
	}
	if told := w.events(); len(told) != 0 {
		t.Errorf("told %q", told)
	}
	if next, err := w.store.Backfills(w.ctx, w.account.ID, 9); err != nil || len(next) != 0 {
		t.Errorf("left: %+v, %v", next, err)
	}
	stale := w.recorder.Backfill(w.ctx, w.account, w.epoch-1, desk)
	w.check(stale) // nothing is left to be stored
}

// TestGap has what was missed told of, in its order, and once.
func TestGap(t *testing.T) {
	w := newTown(t)
	_, err := w.AddUser(deskPhone, "Desk", "")
	w.check(err)
	ann := w.person(annPhone, "Ann")
	desk := w.signIn(deskPhone, telegram.Options{})
	toDesk := w.peer(ann, deskPhone)
	_, err = ann.SendText(w.ctx, toDesk, "before")
	w.check(err)
	w.recorder.History = 1
	w.check(w.recorder.Backfill(w.ctx, w.account, w.epoch, desk))
	bob := w.person("9996620003", "Bob")
	_, err = bob.SendText(w.ctx, w.peer(bob, deskPhone), "I am new")
	w.check(err)
	var want []string
	for n := range 130 {
		_, err := ann.SendText(w.ctx, toDesk, fmt.Sprint("missed ", n))
		w.check(err)
		want = append(want, fmt.Sprint("message.received missed ", n))
	}
	w.check(w.recorder.Deliver(w.ctx, w.account, w.epoch, desk, updates.Delivery{Lost: new(updates.Lost)}))
	for range 2 {
		w.check(w.recorder.Backfill(w.ctx, w.account, w.epoch, desk))
	}
	w.await("message.received I am new")
	got := slices.DeleteFunc(w.events(), func(e string) bool { return e == "message.received I am new" })
	if !slices.Equal(got, want) {
		t.Errorf("told %q", got)
	}
}

// TestBackfillRefused has one conversation that cannot be read stop no other.
func TestBackfillRefused(t *testing.T) {
	w := newTown(t)
	_, err := w.AddUser(deskPhone, "Desk", "")
	w.check(err)
	desk := w.signIn(deskPhone, telegram.Options{})
	w.check(w.recorder.Backfill(w.ctx, w.account, w.epoch, desk))
	b := &inbox.Batch{Account: w.account.ID, Epoch: w.epoch, Source: bridge.MTProto, Changes: []inbox.Change{
		&inbox.Dialog{Peer: channelPeer(12345), History: 10},
	}}
	w.check(w.recorder.Inbox.Apply(w.ctx, b))
	w.check(w.recorder.Backfill(w.ctx, w.account, w.epoch, desk))
	c, err := w.store.ConversationWith(w.ctx, w.account.ID, channelPeer(12345))
	w.check(err)
	fills, err := w.store.BackfillsOf(w.ctx, c.ID)
	w.check(err)
	if len(fills) != 1 || !fills[0].Done || fills[0].Error == "" {
		t.Errorf("%+v", fills)
	}
}

// TestOwnActs has what the account does itself stored, which its own connection
// is not told of.
func TestOwnActs(t *testing.T) {
	w := newTown(t)
	peer := bridge.Peer{Kind: bridge.UserPeer, ID: 5}
	b := &inbox.Batch{Account: w.account.ID, Epoch: w.epoch, Source: bridge.MTProto}
	for id := range 4 {
		b.Changes = append(b.Changes, &inbox.Message{Peer: peer, TelegramID: id + 1, Direction: bridge.Inbound, Sender: peer, At: time.Unix(int64(id), 0)})
	}
	w.check(w.recorder.Inbox.Apply(w.ctx, b))
	unread := func(want, upTo int) {
		t.Helper()
		c, err := w.store.ConversationWith(w.ctx, w.account.ID, peer)
		w.check(err)
		if c.Unread != want || c.ReadUpTo != upTo {
			t.Errorf("%d unread after %d, want %d after %d", c.Unread, c.ReadUpTo, want, upTo)
		}
	}
	w.check(w.recorder.Read(w.ctx, w.account.ID, w.epoch, peer, 1))
	unread(3, 1)
	w.check(w.recorder.Deleted(w.ctx, w.account.ID, w.epoch, peer, 3))
	unread(2, 1)
	w.check(w.recorder.Read(w.ctx, w.account.ID, w.epoch, peer, 0))
	unread(0, 4)
	w.check(w.recorder.Read(w.ctx, w.account.ID, w.epoch, peer, 2)) // known to be read
	unread(0, 4)
	told := w.events()[4:]
	if want := []string{"conversation.read account", "message.deleted", "conversation.read account"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// TestDeliverEnds has a Recorder give up where it must, and try where it may.
func TestDeliverEnds(t *testing.T) {
	w := newTown(t)
	b := &inbox.Batch{Account: w.account.ID, Epoch: w.epoch - 1, Changes: []inbox.Change{&inbox.Device{}}}
	if err := w.recorder.apply(w.ctx, b); !errors.Is(err, store.ErrNotOwner) {
		t.Errorf("%v", err)
	}
	b.Account = "acc_none"
	if err := w.recorder.apply(w.ctx, b); !errors.Is(err, &bridge.Error{Code: bridge.CodeNotFound}) {
		t.Errorf("%v", err)
	}
	w.check(w.store.Close()) // as a database that is away
	ctx, cancel := context.WithCancel(w.ctx)
	tried := make(chan struct{}, 9)
	w.recorder.Logger = slog.New(slog.NewTextHandler(writerFunc(func([]byte) { tried <- struct{}{} }), nil))
	done := make(chan error)
	b.Account, b.Epoch = w.account.ID, w.epoch
	go func() { done <- w.recorder.apply(ctx, b) }()
	<-tried
	<-tried
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A writerFunc is called for each write.
type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }
