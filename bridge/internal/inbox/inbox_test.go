package inbox

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 678901000, time.UTC)

// A desk is an inbox on an empty database, and an account in it.
type desk struct {
	testing.TB
	*store.Store
	inbox   *Inbox
	account bridge.AccountID
	owner   int64 // epoch
}

// onBoth runs a test on each kind of database.
func onBoth(t *testing.T, test func(d *desk)) {
	pgtest.OnBoth(t, func(t *testing.T, url string) { test(newDesk(t, url)) })
}

func newDesk(t testing.TB, url string) *desk {
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{TB: t, Store: s, inbox: New(s, func() time.Time { return epoch })}
	t.Cleanup(func() {
		d.inbox.Close()
		d.check(s.Close())
	})
	d.account, d.owner = d.add()
	return d
}

func (d *desk) ctx() context.Context { return d.TB.Context() }

func (d *desk) check(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// add adds an account that is owned.
func (d *desk) add() (id bridge.AccountID, owner int64) {
	id, err := bridge.NewID[bridge.AccountID](epoch, rand.Reader)
	d.check(err)
	d.check(d.Change(d.ctx(), func(t *store.Tx) (err error) {
		if err := t.AddAccount(&bridge.Account{
			ID: id, Kind: bridge.UserAccount, Status: bridge.Status{State: bridge.New, Since: epoch}, CreatedAt: epoch,
		}); err != nil {
			return err
		}
		owner, err = t.Claim(id, "here")
		return err
	}))
	return id, owner
}

func (d *desk) batch(changes ...Change) *Batch {
	return &Batch{Account: d.account, Epoch: d.owner, Source: bridge.MTProto, Changes: changes}
}

func (d *desk) apply(changes ...Change) {
	d.Helper()
	d.check(d.inbox.Apply(d.ctx(), d.batch(changes...)))
}

// told are the events of the account after one of them, in short.
func (d *desk) told(after int64) []string {
	d.Helper()
	events, err := d.Events(d.ctx(), d.account, after, 100)
	d.check(err)
	var list []string
	for i, e := range events {
		if e.Seq != after+int64(i)+1 {
			d.Errorf("event %d has seq %d", i, e.Seq)
		}
		var data struct {
			ConversationID string            `json:"conversation_id"`
			Peer           string            `json:"peer"`
			TelegramID     int               `json:"telegram_id"`
			Text           string            `json:"text"`
			By             string            `json:"by"`
			UpTo           int               `json:"up_to"`
			Reactions      []bridge.Reaction `json:"reactions"`
			Replaces       string            `json:"replaces"`
		}
		d.check(json.Unmarshal(e.Data, &data))
		line := fmt.Sprint(e.Type, " ", data.Peer)
		for _, word := range []string{fmt.Sprint(data.TelegramID), data.Text, data.By, fmt.Sprint(data.UpTo), fmt.Sprint(data.Reactions)} {
			if word != "" && word != "0" && word != "[]" {
				line += " " + word
			}
		}
		if data.Replaces != "" {
			line += " again"
		}
		if data.ConversationID != string(e.ConversationID) || data.ConversationID == "" && e.Type != bridge.AccountDevice {
			d.Errorf("%s names no conversation", e.Type)
		}
		list = append(list, line)
	}
	return list
}

func (d *desk) wantTold(after int64, want ...string) {
	d.Helper()
	if got := d.told(after); strings.Join(got, "\n") != strings.Join(want, "\n") {
		d.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (d *desk) conversation(peer bridge.Peer) *bridge.Conversation {
	d.Helper()
	c, err := d.ConversationWith(d.ctx(), d.account, peer)
	d.check(err)
	return c
}

func (d *desk) messages(peer bridge.Peer) []*bridge.Message {
	d.Helper()
	list, err := d.Messages(d.ctx(), store.MessagePage{Conversation: d.conversation(peer).ID, OldestFirst: true, Limit: 100})
	d.check(err)
	return list
}

var (
	ann   = bridge.Peer{Kind: bridge.UserPeer, ID: 5}
	self  = bridge.Peer{Kind: bridge.UserPeer, ID: 1}
	group = bridge.Peer{Kind: bridge.GroupPeer, ID: 5}
	news  = bridge.Peer{Kind: bridge.ChannelPeer, ID: 5}
)

func from(peer bridge.Peer, id int, text string) *Message {
	return &Message{
		Peer: peer, TelegramID: id, Direction: bridge.Inbound, Sender: ann, At: epoch.Add(time.Duration(id) * time.Second),
		Content: bridge.Content{Text: text},
	}
}

func to(peer bridge.Peer, id int, text string) *Message {
	m := from(peer, id, text)
	m.Direction, m.Sender = bridge.Outbound, self
	return m
}

// TestOnce has what is told twice stored and told of once.
func TestOnce(t *testing.T) {
	onBoth(t, func(d *desk) {
		both := []Change{from(ann, 7, "hello"), to(ann, 8, "hi")}
		b := d.batch(both...)
		b.Peers = []Peer{{Peer: ann, Title: "Ann", Username: "ann", Phone: "99"}}
		b.State = &store.UpdateChange{Counters: &store.Counters{PTS: 8, QTS: 1, Date: 2, Seq: 3}, Channels: []store.ChannelPTS{{Channel: 4, PTS: 9}}}
		d.check(d.inbox.Apply(d.ctx(), b))
		d.apply(both[0])
		d.apply(both[1], from(ann, 9, "a\x00b"), from(ann, 9, "twice in one"))
		d.wantTold(0, "message.received user:5 7 hello", "message.sent user:5 8 hi", "message.received user:5 9 a�b")
		c := d.conversation(ann)
		if c.Title != "Ann" || c.Username != "ann" || c.Phone != "99" || !c.PersonWrote || c.Unread != 2 ||
			!c.LastAt.Equal(epoch.Add(9*time.Second)) || c.LastText != "a�b" {
			d.Errorf("%+v", c)
		}
		list := d.messages(ann)
		if len(list) != 3 || list[0].Text != "hello" || list[0].Sender != ann || list[1].Direction != bridge.Outbound ||
			list[1].State != "" || list[0].Source != bridge.MTProto {
			d.Errorf("%+v", list)
		}
		state, err := d.UpdateState(d.ctx(), d.account)
		d.check(err)
		if state.Counters != *b.State.Counters || len(state.Channels) != 1 || state.Channels[4] != 9 {
			d.Errorf("%+v", state)
		}
	})
}

// queue stores a message that the bridge is given to send.
func (d *desk) queue(peer bridge.Peer, randomID int64, text string) bridge.MessageID {
	d.Helper()
	id, err := bridge.NewID[bridge.MessageID](epoch, rand.Reader)
	d.check(err)
	d.check(d.Change(d.ctx(), func(t *store.Tx) error {
		_, err := t.AddMessages([]*bridge.Message{{
			ID: id, AccountID: d.account, ConversationID: d.conversation(peer).ID, Source: bridge.MTProto,
			Direction: bridge.Outbound, At: epoch, Content: bridge.Content{Text: text}, State: bridge.Sending,
			RandomID: randomID, CreatedAt: epoch,
		}})
		return err
	}))
	return id
}

// TestSent has what the bridge has sent matched with what Telegram tells of it,
// whichever is told first.
func TestSent(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.apply(from(ann, 1, "hello"), &Read{Peer: ann, By: bridge.ReadByPeer, UpTo: 4})
		first, second, third := d.queue(ann, -7, "one"), d.queue(ann, 8, "two"), d.queue(ann, 9, "three")
		d.apply(to(ann, 5, "one"), &Sent{RandomID: -7, TelegramID: 5}) // as a difference has it
		d.apply(to(ann, 5, "one"), &Sent{RandomID: -7, TelegramID: 5})
		d.apply(to(ann, 6, "two")) // after a crash
		d.apply(&Sent{RandomID: 8, TelegramID: 6})
		d.apply(&Sent{RandomID: 9, TelegramID: 4}, &Sent{RandomID: 10, TelegramID: 11})
		d.wantTold(2, "message.sent user:5 5 one", "message.sent user:5 6 two", "message.sent user:5 6 two again",
			"message.sent user:5 4 three")
		for i, want := range []struct {
			id         bridge.MessageID
			telegramID int
			state      bridge.SendState
		}{{first, 5, bridge.Delivered}, {second, 6, bridge.Delivered}, {third, 4, bridge.Read}} {
			m, err := d.Message(d.ctx(), want.id)
			d.check(err)
			if m.TelegramID != want.telegramID || m.State != want.state {
				d.Errorf("%d: %+v", i, m)
			}
		}
		if list := d.messages(ann); len(list) != 4 {
			d.Errorf("%d messages", len(list))
		}
		d.apply(&Read{Peer: ann, By: bridge.ReadByPeer, UpTo: 5}, &Read{Peer: ann, By: bridge.ReadByPeer, UpTo: 3})
		d.wantTold(6, "conversation.read user:5 peer 5")
		for id, want := range map[bridge.MessageID]bridge.SendState{first: bridge.Read, second: bridge.Delivered} {
			if m, err := d.Message(d.ctx(), id); err != nil || m.State != want {
				d.Errorf("%+v, %v", m, err)
			}
		}
	})
}

func TestEdits(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.apply(from(ann, 1, "one"), from(ann, 2, "two"))
		edit := func(id int, text string, after time.Duration, reactions ...bridge.Reaction) *Edit {
			e := &Edit{*from(ann, id, text)}
			e.EditedAt, e.Content.Reactions = epoch.Add(after), reactions
			return e
		}
		liked := []bridge.Reaction{{Emoji: "👍", Count: 1}}
		d.apply(edit(2, "two!", time.Hour))
		d.apply(edit(2, "two!", time.Hour), edit(2, "late", time.Minute))
		d.apply(edit(2, "two!", time.Hour, liked...))
		d.apply(&Reacted{Peer: ann, TelegramID: 2, Reactions: liked}, &Reacted{Peer: ann, TelegramID: 1, Reactions: liked})
		d.apply(edit(9, "unheard of", time.Hour), &Reacted{Peer: ann, TelegramID: 77}, &Reacted{Peer: news, TelegramID: 2})
		mine := []bridge.Reaction{{Emoji: "👍", Count: 2, Mine: true}}
		d.apply(&Reacted{Peer: ann, TelegramID: 1, Reactions: mine})
		d.apply(&Reacted{Peer: ann, TelegramID: 1, Reactions: []bridge.Reaction{{Emoji: "👍", Count: 2}}, MineUnknown: true})
		d.apply(&Reacted{Peer: ann, TelegramID: 1})
		d.wantTold(2, "message.edited user:5 2 two!", "message.reaction user:5 2 [{👍 1 false}]",
			"message.reaction user:5 1 [{👍 1 false}]", "message.edited user:5 9 unheard of",
			"message.reaction user:5 1 [{👍 2 true}]", "message.reaction user:5 1")
		list := d.messages(ann)
		if len(list) != 3 || list[1].Text != "two!" || !list[1].EditedAt.Equal(epoch.Add(time.Hour)) ||
			len(list[1].Reactions) != 1 || len(list[0].Reactions) != 0 || !list[0].EditedAt.IsZero() {
			d.Errorf("%+v", list)
		}
		if c := d.conversation(ann); c.LastText != "unheard of" || c.Unread != 2 {
			d.Errorf("%+v", c)
		}
	})
}

// TestDeletions has ids outside channels found in whatever conversation they
// are, and those of a channel in it alone.
func TestDeletions(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.apply(from(ann, 1, "one"), from(group, 2, "two"), from(news, 1, "post"), from(news, 2, "post"))
		d.apply(&Deletion{TelegramIDs: []int{1, 2, 3}})
		d.apply(&Deletion{TelegramIDs: []int{2}}, &Deletion{Channel: news, TelegramIDs: []int{1, 7}})
		d.apply(from(ann, 5, "five"), &Deletion{TelegramIDs: []int{5}})
		d.wantTold(4, "message.deleted user:5 1", "message.deleted group:5 2", "message.deleted channel:5 1",
			"message.received user:5 5 five", "message.deleted user:5 5")
		for peer, want := range map[bridge.Peer]int{ann: 0, group: 0, news: 1} {
			if c := d.conversation(peer); c.Unread != want {
				d.Errorf("%s: %+v", peer, c)
			}
		}
		if m := d.messages(news); m[0].DeletedAt.IsZero() || !m[1].DeletedAt.IsZero() {
			d.Errorf("%+v, %+v", m[0], m[1])
		}
		if c := d.conversation(ann); c.LastText != "" || !c.LastAt.Equal(epoch.Add(5*time.Second)) {
			d.Errorf("%+v", c)
		}
	})
}

func TestReading(t *testing.T) {
	onBoth(t, func(d *desk) {
		joined := from(ann, 1, "")
		joined.Content.Service = "messageActionContactSignUp"
		d.apply(joined)
		if c := d.conversation(ann); c.PersonWrote || c.LastText != "[messageActionContactSignUp]" {
			d.Errorf("%+v", c)
		}
		old := from(ann, 2, "long ago")
		old.Old = true
		d.apply(old, from(ann, 3, "new"), &Read{Peer: ann, By: bridge.ReadByAccount, UpTo: 2, Unread: 1},
			&Read{Peer: group, By: bridge.ReadByAccount, UpTo: 2})
		d.apply(&Read{Peer: ann, By: bridge.ReadByAccount, UpTo: 2, Unread: 1}, from(ann, 1, "known"))
		d.apply(&Device{bridge.DeviceData{Hash: -5, Unconfirmed: true, Device: "x"}})
		d.wantTold(1, "message.received user:5 3 new", "conversation.read user:5 account 2", "account.device ")
		if c := d.conversation(ann); !c.PersonWrote || c.Unread != 1 || c.ReadUpTo != 2 {
			d.Errorf("%+v", c)
		}
		b := d.batch()
		b.Peers = []Peer{{Peer: ann, Title: "Ann", Username: "ann", Phone: "99"}, {Peer: news, Title: "nobody asked"}}
		d.check(d.inbox.Apply(d.ctx(), b))
		b.Peers = []Peer{{Peer: ann, Title: "Anna", Partly: true}}
		d.check(d.inbox.Apply(d.ctx(), b))
		if c := d.conversation(ann); c.Title != "Anna" || c.Username != "ann" {
			d.Errorf("%+v", c)
		}
		b.Peers = []Peer{{Peer: ann, Title: "Anna"}} // who shows the number to contacts alone, and has no username
		d.check(d.inbox.Apply(d.ctx(), b))
		if c := d.conversation(ann); c.Username != "" || c.Phone != "99" {
			d.Errorf("%+v", c)
		}
		if _, err := d.ConversationWith(d.ctx(), d.account, news); !errors.Is(err, &bridge.Error{Code: bridge.CodeNotFound}) {
			d.Errorf("a conversation with somebody who was only named: %v", err)
		}
	})
}

// TestOwner has nothing stored that an owner before this one was told, and the
// others of its group all the same.
func TestOwner(t *testing.T) {
	onBoth(t, func(d *desk) {
		other, owner := d.add()
		stale := d.batch(from(ann, 1, "stale"))
		stale.Epoch--
		stale.State = &store.UpdateChange{Counters: &store.Counters{PTS: 5}}
		group := []*request{
			{stale, make(chan error, 1)},
			{&Batch{Account: other, Epoch: owner, Changes: []Change{from(ann, 1, "good")}}, make(chan error, 1)},
			{&Batch{Account: "acc_none", Changes: []Change{from(ann, 1, "nobody's")}}, make(chan error, 1)},
		}
		d.inbox.storeGroup(group)
		for i, want := range []error{store.ErrNotOwner, nil, &bridge.Error{Code: bridge.CodeNotFound}} {
			if err := <-group[i].done; !errors.Is(err, want) {
				d.Errorf("%d: %v, want %v", i, err, want)
			}
		}
		d.wantTold(0)
		if state, err := d.UpdateState(d.ctx(), d.account); err != nil || state.PTS != 0 {
			d.Errorf("%+v, %v", state, err)
		}
		d.account = other
		d.wantTold(0, "message.received user:5 1 good")
	})
}

// TestPoison has a batch that cannot be stored fail alone.
func TestPoison(t *testing.T) {
	onBoth(t, func(d *desk) {
		bad := d.batch(from(ann, 1, "x"))
		bad.Changes[0].(*Message).Direction = "sideways"
		group := []*request{{bad, make(chan error, 1)}, {d.batch(from(ann, 2, "fine")), make(chan error, 1)}}
		d.inbox.storeGroup(group)
		if err := <-group[0].done; err == nil {
			d.Error("stored")
		}
		d.check(<-group[1].done)
		d.wantTold(0, "message.received user:5 2 fine")
	})
}

// TestConcurrent has many accounts told of at once, and one over two ways.
func TestConcurrent(t *testing.T) {
	onBoth(t, func(d *desk) {
		type owned struct {
			id    bridge.AccountID
			owner int64
		}
		accounts := []owned{{d.account, d.owner}}
		for range 9 {
			id, owner := d.add()
			accounts = append(accounts, owned{id, owner})
		}
		var telling sync.WaitGroup
		for way := range 2 {
			for _, a := range accounts {
				telling.Go(func() {
					for n := range 20 {
						err := d.inbox.Apply(d.ctx(), &Batch{
							Account: a.id, Epoch: a.owner, Source: bridge.MTProto,
							Changes: []Change{from(ann, n+1, "hello"), from(group, 100+n+50*way, "hello")},
							State:   &store.UpdateChange{Counters: &store.Counters{PTS: int64(n)}},
						})
						if err != nil {
							d.Error(err)
						}
					}
				})
			}
		}
		telling.Wait()
		for _, a := range accounts {
			d.account = a.id
			if n := len(d.told(0)); n != 60 {
				d.Errorf("%d events", n)
			}
			if c := d.conversation(ann); c.Unread != 20 {
				d.Errorf("%+v", c)
			}
		}
	})
}

func TestGaps(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.apply(from(ann, 3, "a"), from(group, 4, "b"), from(news, 9, "c"))
		d.apply(&Lost{Channel: news}, from(news, 20, "d"))
		d.apply(&Lost{}, from(ann, 33, "d"))
		list, err := d.Backfills(d.ctx(), d.account, 9)
		d.check(err)
		got := make(map[bridge.ConversationID]int)
		for _, b := range list {
			if b.Kind != store.GapBackfill || b.Done || !b.Urgent || b.Before != 0 {
				d.Errorf("%+v", b)
			}
			got[b.Conversation] = b.After
		}
		for peer, want := range map[bridge.Peer]int{ann: 3, group: 4, news: 9} {
			if after := got[d.conversation(peer).ID]; after != want {
				d.Errorf("%s: after %d, want %d", peer, after, want)
			}
		}
		if len(list) != 3 {
			d.Errorf("%d gaps", len(list))
		}
	})
}

func TestBeginning(t *testing.T) {
	for want, c := range map[string]bridge.Content{
		"":                       {},
		"hello":                  {Text: "hello", Media: &bridge.Media{Type: "photo"}},
		"[photo]":                {Media: &bridge.Media{Type: "photo"}},
		"[x]":                    {Service: "x"},
		strings.Repeat("é", 100): {Text: strings.Repeat("é", 101)},
		strings.Repeat("日", 66):  {Text: strings.Repeat("日", 67)},
	} {
		if got := beginning(&c); got != want {
			t.Errorf("%+v begins with %q, want %q", c, got, want)
		}
	}
}
