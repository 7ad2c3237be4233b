package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// meet adds a conversation. Its last message was some time after epoch; never,
// if that is 0.
func (b *bench) meet(id bridge.AccountID, peer bridge.Peer, last time.Duration) *bridge.Conversation {
	b.Helper()
	c := &bridge.Conversation{
		ID: newID[bridge.ConversationID](b, 0), AccountID: id, Peer: peer, Title: "Ännchen 100%", Username: "ann_",
		Phone: "99966", PersonWrote: true, Unread: 3, ReadUpTo: 4, ReadByPeer: 5, CreatedAt: epoch,
	}
	if last > 0 {
		c.LastAt, c.LastText = epoch.Add(last), `a "text" \u0000`
	}
	b.change(func(t *store.Tx) error {
		n, err := t.AddConversations([]*bridge.Conversation{c})
		if err == nil && n != 1 {
			err = fmt.Errorf("added %d", n)
		}
		return err
	})
	return c
}

func user(id int64) bridge.Peer { return bridge.Peer{Kind: bridge.UserPeer, ID: id} }

func TestConversations(t *testing.T) {
	onBoth(t, func(b *bench) {
		a, other := b.add(0), b.add(0)
		c := b.meet(a.ID, user(5), time.Second)
		got, err := b.Conversation(b.ctx(), c.ID)
		b.check(err)
		if !reflect.DeepEqual(got, c) {
			b.Errorf("got %+v\nwant %+v", got, c)
		}
		if got, err := b.ConversationWith(b.ctx(), a.ID, user(5)); err != nil || got.ID != c.ID {
			b.Errorf("%+v, %v", got, err)
		}
		if _, err := b.ConversationWith(b.ctx(), other.ID, user(5)); !errors.Is(err, notFound) {
			b.Errorf("another account's conversation: %v", err)
		}
		if _, err := b.Conversation(b.ctx(), "conv_none"); !errors.Is(err, notFound) {
			b.Errorf("no conversation: %v", err)
		}
		again := *c
		again.ID = newID[bridge.ConversationID](b, 0)
		b.change(func(t *store.Tx) error {
			if n, err := t.AddConversations([]*bridge.Conversation{&again}); n != 0 || err != nil {
				b.Errorf("added %d of what is there: %v", n, err)
			}
			return nil
		})
		d := b.meet(other.ID, user(5), 0)
		changed := *c
		changed.Title, changed.Username, changed.Phone, changed.PersonWrote, changed.Unread = "", "", "", false, 0
		changed.ReadUpTo, changed.ReadByPeer, changed.LastAt, changed.LastText = 6, 7, epoch.Add(time.Hour), "b"
		b.change(func(t *store.Tx) error { return t.ChangeConversations([]*bridge.Conversation{&changed}) })
		b.change(func(t *store.Tx) error {
			with, err := t.ConversationsWith([]store.PeerOf{{Account: a.ID, Peer: user(5)}, {Account: a.ID, Peer: user(6)}})
			if err != nil || len(with) != 1 || !reflect.DeepEqual(with[0], &changed) {
				b.Errorf("%+v, %v", with, err)
			}
			named, err := t.ConversationsNamed([]bridge.ConversationID{d.ID, "conv_none"})
			if err != nil || len(named) != 1 || !reflect.DeepEqual(named[0], d) {
				b.Errorf("%+v, %v", named, err)
			}
			return nil
		})
	})
}

func TestConversationPages(t *testing.T) {
	onBoth(t, func(b *bench) {
		a, other := b.add(0), b.add(0)
		var want []bridge.ConversationID // the latest first
		for i := range 9 {
			c := b.meet(a.ID, user(int64(i+1)), time.Duration(i/2)*time.Minute) // some at once
			want = append([]bridge.ConversationID{c.ID}, want...)
		}
		group := b.meet(other.ID, bridge.Peer{Kind: bridge.GroupPeer, ID: 1}, time.Hour)
		quiet := *group
		quiet.Unread, quiet.PersonWrote, quiet.Title, quiet.Username = 0, false, "Flyers", ""
		b.change(func(t *store.Tx) error { return t.ChangeConversations([]*bridge.Conversation{&quiet}) })
		page := func(p store.ConversationPage) []*bridge.Conversation {
			b.Helper()
			list, err := b.Store.Conversations(b.ctx(), p)
			b.check(err)
			return list
		}
		var got []bridge.ConversationID
		p := store.ConversationPage{Accounts: []bridge.AccountID{a.ID}, Limit: 4}
		for {
			list := page(p)
			for _, c := range list {
				got = append(got, c.ID)
				p.AfterAt, p.AfterID = store.Recent(c), c.ID
			}
			if len(list) < p.Limit {
				break
			}
		}
		if len(got) != len(want) {
			b.Fatalf("%d conversations, want %d", len(got), len(want))
		}
		seen := make(map[bridge.ConversationID]bool)
		for i, id := range got { // within a minute they may be in any order
			seen[id] = true
			if i%2 == 0 && !(seen[want[i]] || id == want[i] || i+1 < len(got) && got[i+1] == want[i]) {
				b.Errorf("%d is %s, want %s", i, id, want[i])
			}
		}
		if len(seen) != len(want) {
			b.Errorf("%d different ones", len(seen))
		}
		if all := page(store.ConversationPage{Limit: 99}); len(all) != 10 || all[0].ID != group.ID {
			b.Errorf("%d of all, first %+v", len(all), all[0])
		}
		for _, test := range []struct {
			name string
			p    store.ConversationPage
			want int
		}{
			{"unread", store.ConversationPage{Unread: true}, 9},
			{"written", store.ConversationPage{Written: true}, 9},
			{"groups", store.ConversationPage{Kind: bridge.GroupPeer}, 1},
			{"both accounts", store.ConversationPage{Accounts: []bridge.AccountID{a.ID, other.ID}}, 10},
			{"title", store.ConversationPage{Query: "FLY"}, 1},
			{"percent", store.ConversationPage{Query: "100%"}, 9},
			{"underscore", store.ConversationPage{Query: "n_"}, 9},
			{"no pattern", store.ConversationPage{Query: "A_N"}, 0},
			{"backslash", store.ConversationPage{Query: `\`}, 0},
			{"none", store.ConversationPage{Accounts: []bridge.AccountID{"acc_none"}}, 0},
		} {
			test.p.Limit = 99
			if list := page(test.p); len(list) != test.want {
				b.Errorf("%s: %d, want %d", test.name, len(list), test.want)
			}
		}
	})
}

// newMessage is one with something in every field.
func newMessage(b *bench, c *bridge.Conversation, telegramID int, randomID int64, after time.Duration) *bridge.Message {
	return &bridge.Message{
		ID: newID[bridge.MessageID](b, int(after.Milliseconds())), AccountID: c.AccountID, ConversationID: c.ID, Source: bridge.MTProto,
		TelegramID: telegramID, Direction: bridge.Outbound, Sender: user(1), At: epoch.Add(after),
		Content: bridge.Content{
			Text: `"quoted" \ 🦆`, Entities: []bridge.Entity{{Type: "bold", Length: 3}},
			Media: &bridge.Media{Type: "photo", Size: 1 << 40, Duration: 1.5}, ReplyTo: 3, Album: -1 << 62,
			Forward: &bridge.Forward{From: user(9), At: epoch},
		},
		EditedAt: epoch.Add(time.Hour), DeletedAt: epoch.Add(2 * time.Hour), State: bridge.Delivered, RandomID: randomID,
		Priority: bridge.PriorityBulk, NotBefore: epoch.Add(3 * time.Hour), Attempts: 2, Error: "no", CreatedAt: epoch,
		RequestBy: "key_1",
	}
}

func (b *bench) put(want int64, list ...*bridge.Message) {
	b.Helper()
	b.change(func(t *store.Tx) error {
		n, err := t.AddMessages(list)
		if err == nil && n != want {
			err = fmt.Errorf("added %d, want %d", n, want)
		}
		return err
	})
}

func TestMessages(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := b.add(0)
		c, channel := b.meet(a.ID, user(5), 0), b.meet(a.ID, bridge.Peer{Kind: bridge.ChannelPeer, ID: 5}, 0)
		m := newMessage(b, c, 7, -1<<63, time.Second)
		plain := &bridge.Message{
			ID: newID[bridge.MessageID](b, 0), AccountID: a.ID, ConversationID: channel.ID, Source: bridge.BotAPI,
			TelegramID: 7, Direction: bridge.Inbound, At: epoch, CreatedAt: epoch,
		}
		b.put(2, m, plain)
		for _, want := range []*bridge.Message{m, plain} {
			got, err := b.Message(b.ctx(), want.ID)
			b.check(err)
			if !reflect.DeepEqual(got, want) {
				b.Errorf("got %+v\nwant %+v", got, want)
			}
			if got, err := b.MessageAt(b.ctx(), want.ConversationID, 7); err != nil || got.ID != want.ID {
				b.Errorf("%+v, %v", got, err)
			}
		}
		if _, err := b.Message(b.ctx(), "msg_none"); !errors.Is(err, notFound) {
			b.Errorf("no message: %v", err)
		}
		if _, err := b.MessageAt(b.ctx(), c.ID, 8); !errors.Is(err, notFound) {
			b.Errorf("no number: %v", err)
		}
		b.put(0, newMessage(b, c, 7, 5, 0), newMessage(b, c, 9, m.RandomID, 0))
		unsent := []*bridge.Message{newMessage(b, c, 0, 21, 0), newMessage(b, c, 0, 22, 0)}
		b.put(2, unsent...)

		changed := *m
		changed.Sender = user(2)
		changed.TelegramID, changed.At, changed.Text, changed.State, changed.Error = 8, epoch, "new", bridge.Read, ""
		changed.EditedAt, changed.DeletedAt = time.Time{}, time.Time{}
		b.change(func(t *store.Tx) error { return t.ChangeMessages([]*bridge.Message{&changed}) })
		b.change(func(t *store.Tx) error {
			expect := func(list []*bridge.Message, err error, want ...*bridge.Message) {
				b.Helper()
				if err != nil || len(list) != len(want) || len(list) > 0 && !reflect.DeepEqual(list, want) {
					b.Errorf("%+v, %v", list, err)
				}
			}
			list, err := t.MessagesNumbered([]store.Numbered{{Conversation: c.ID, TelegramID: 8}, {Conversation: c.ID, TelegramID: 0}})
			expect(list, err, &changed)
			list, err = t.MessagesByRandomID([]store.NumberOf{{Account: a.ID, Number: -1 << 63}, {Account: a.ID, Number: 0}})
			expect(list, err, &changed)
			list, err = t.MessagesOutsideChannels([]store.NumberOf{{Account: a.ID, Number: 7}, {Account: a.ID, Number: 8}})
			expect(list, err, &changed)
			return t.RemoveMessages([]bridge.MessageID{unsent[0].ID})
		})
		if _, err := b.Message(b.ctx(), unsent[0].ID); !errors.Is(err, notFound) {
			b.Errorf("a removed message: %v", err)
		}
	})
}

func TestMessagePages(t *testing.T) {
	onBoth(t, func(b *bench) {
		c := b.meet(b.add(0).ID, user(5), 0)
		want := make([]bridge.MessageID, 7)
		for _, n := range []int{2, 1, 4, 3, 6, 5, 7} { // within a second, Telegram's numbers tell the order
			m := newMessage(b, c, n, 0, time.Duration((n+1)/2)*time.Second)
			want[n-1] = m.ID
			b.put(1, m)
		}
		for _, oldestFirst := range []bool{true, false} {
			p := store.MessagePage{Conversation: c.ID, OldestFirst: oldestFirst, Limit: 3}
			var got []bridge.MessageID
			for {
				list, err := b.Store.Messages(b.ctx(), p)
				b.check(err)
				for _, m := range list {
					got = append(got, m.ID)
					p.AfterAt, p.AfterID = m.At, m.ID
				}
				if len(list) < 3 {
					break
				}
			}
			for i := range want {
				at := i
				if !oldestFirst {
					at = len(want) - 1 - i
				}
				if len(got) != len(want) || got[i] != want[at] {
					b.Fatalf("%v, oldest first %t: %v", got, oldestFirst, want)
				}
			}
		}
	})
}

func TestMarkRead(t *testing.T) {
	onBoth(t, func(b *bench) {
		c := b.meet(b.add(0).ID, user(5), 0)
		var list []*bridge.Message
		for i := range 4 {
			list = append(list, newMessage(b, c, i+1, 0, 0))
		}
		list[2].State = ""
		b.put(4, list...)
		b.change(func(t *store.Tx) error { return t.MarkRead([]store.ReadUpTo{{Conversation: c.ID, After: 1, UpTo: 3}}) })
		for i, want := range []bridge.SendState{bridge.Delivered, bridge.Read, "", bridge.Delivered} {
			if m, err := b.Message(b.ctx(), list[i].ID); err != nil || m.State != want {
				b.Errorf("%d: %+v, %v", i, m, err)
			}
		}
	})
}

func TestUpdateStates(t *testing.T) {
	onBoth(t, func(b *bench) {
		a, c := b.add(0), b.add(0)
		if got, err := b.UpdateState(b.ctx(), a.ID); err != nil || !reflect.DeepEqual(got, store.UpdateState{}) {
			b.Errorf("%+v, %v", got, err)
		}
		b.change(func(t *store.Tx) error {
			return t.SetUpdateStates([]store.UpdateChange{
				{Account: a.ID, Counters: &store.Counters{PTS: 1, QTS: 2, Date: 3, Seq: 4}, Channels: []store.ChannelPTS{{Channel: 5, PTS: 6}, {Channel: 7, PTS: 8}}},
				{Account: c.ID, Channels: []store.ChannelPTS{{Channel: 5, PTS: 60}}},
			})
		})
		b.change(func(t *store.Tx) error {
			return t.SetUpdateStates([]store.UpdateChange{
				{Account: a.ID, Channels: []store.ChannelPTS{{Channel: 5}, {Channel: 7, PTS: 9}}},
				{Account: c.ID, Counters: &store.Counters{PTS: 10}},
			})
		})
		for id, want := range map[bridge.AccountID]store.UpdateState{
			a.ID: {Counters: store.Counters{PTS: 1, QTS: 2, Date: 3, Seq: 4}, Channels: map[int64]int{7: 9}},
			c.ID: {Counters: store.Counters{PTS: 10}, Channels: map[int64]int{5: 60}},
		} {
			if got, err := b.UpdateState(b.ctx(), id); err != nil || !reflect.DeepEqual(got, want) {
				b.Errorf("%+v, want %+v, %v", got, want, err)
			}
		}
	})
}

// TestManyEvents has the events of several accounts stored at once, and go on
// where others have stopped.
func TestManyEvents(t *testing.T) {
	onBoth(t, func(b *bench) {
		a, c := b.add(0), b.add(0)
		event := func(id bridge.AccountID) *bridge.Event {
			return &bridge.Event{
				ID: newID[bridge.EventID](b, 0), Type: bridge.MessageReceived, Timestamp: epoch, AccountID: id,
				Source: bridge.BotAPI, SchemaVersion: 1, Data: []byte(`{"a": "\\u0000 \u0000"}`),
			}
		}
		for range 2 {
			b.change(func(t *store.Tx) error {
				epochs, err := t.LockAccounts([]bridge.AccountID{c.ID, a.ID, "acc_none"})
				if _, there := epochs[a.ID]; err != nil || len(epochs) != 2 || !there {
					b.Errorf("%v, %v", epochs, err)
				}
				return t.AddEvents(event(a.ID), event(c.ID), event(a.ID), event(c.ID))
			})
		}
		b.change(func(t *store.Tx) error { return t.AddEvent(event(a.ID)) })
		for id, want := range map[bridge.AccountID]int{a.ID: 5, c.ID: 4} {
			events, err := b.Events(b.ctx(), id, 0, 9)
			if err != nil || len(events) != want || events[want-1].Seq != int64(want) {
				b.Errorf("%+v, %v", events, err)
			}
			if got := string(events[0].Data); got != `{"a": "\\u0000 `+"\ufffd"+`"}` && got != `{"a":"\\u0000 \ufffd"}` {
				b.Errorf("data %s", got)
			}
		}
	})
}

func TestBackfills(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := b.add(0)
		c, d := b.meet(a.ID, user(5), 0), b.meet(a.ID, user(6), 0)
		ask := func(c *bridge.Conversation, limit int, urgent bool, after time.Duration) {
			b.Helper()
			b.change(func(t *store.Tx) error { return t.AskForHistory(c, limit, urgent, epoch.Add(after)) })
		}
		ask(d, 0, false, 0)
		ask(c, 100, true, time.Second)
		list, err := b.Backfills(b.ctx(), a.ID, 9)
		b.check(err)
		want := &store.Backfill{
			Conversation: c.ID, Kind: store.HistoryBackfill, Account: a.ID, Wanted: 100, Urgent: true, AskedAt: epoch.Add(time.Second),
		}
		if len(list) != 2 || !reflect.DeepEqual(list[0], want) || list[1].Conversation != d.ID {
			b.Fatalf("%+v", list)
		}
		set := func(f store.Backfill) {
			b.Helper()
			b.change(func(t *store.Tx) error { return t.SetBackfill(&f) })
		}
		came := *want
		came.Before, came.Fetched, came.Done, came.Error = 50, 100, true, "x"
		set(came)
		if list, err := b.BackfillsOf(b.ctx(), c.ID); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], &came) {
			b.Errorf("%+v, %v", list, err)
		}
		ask(c, 20, false, time.Minute) // goes on
		set(came)                      // comes too late
		want.Before, want.Fetched, want.Wanted, want.Urgent, want.AskedAt = 50, 100, 120, false, epoch.Add(time.Minute)
		if list, err := b.BackfillsOf(b.ctx(), c.ID); err != nil || !reflect.DeepEqual(list[0], want) {
			b.Errorf("%+v, %v", list[0], err)
		}
		came = *want
		came.Fetched, came.Done = 110, true // there is no more
		set(came)
		ask(c, 0, true, time.Hour)
		if list, err := b.BackfillsOf(b.ctx(), c.ID); err != nil || !list[0].Done || list[0].Wanted != 0 {
			b.Errorf("%+v, %v", list[0], err)
		}
		if list, err := b.Backfills(b.ctx(), a.ID, 9); err != nil || len(list) != 1 || list[0].Conversation != d.ID {
			b.Errorf("%+v, %v", list, err)
		}
	})
}

// TestAskedForLess has what was asked for of a history, and not fetched yet, stay
// wanted when less is asked for.
func TestAskedForLess(t *testing.T) {
	onBoth(t, func(b *bench) {
		c := b.meet(b.add(0).ID, user(5), 0)
		for i, limit := range []int{100, 5} {
			b.change(func(t *store.Tx) error {
				return t.AskForHistory(c, limit, true, epoch.Add(time.Duration(i)*time.Second))
			})
		}
		if list, err := b.BackfillsOf(b.ctx(), c.ID); err != nil || len(list) != 1 || list[0].Wanted != 100 {
			b.Errorf("wanted are %d messages, %v", list[0].Wanted, err)
		}
	})
}

// TestHeads has a message that was put off keep its place before what was given
// after it, and one that was given for later hold up nothing.
func TestHeads(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := newAccount(b, 1)
		c := &bridge.Conversation{ID: newID[bridge.ConversationID](b, 1), AccountID: a.ID, Peer: user(2), CreatedAt: epoch}
		b.change(func(t *store.Tx) error {
			if err := t.AddAccount(a); err != nil {
				return err
			}
			_, err := t.AddConversations([]*bridge.Conversation{c})
			return err
		})
		queued := func(n int, notBefore time.Time) *bridge.Message {
			m := newMessage(b, c, 0, int64(n), time.Duration(n)*time.Second)
			m.State, m.Attempts, m.Error, m.NotBefore = bridge.Queued, 0, "", notBefore
			return m
		}
		later, first, second := queued(1, epoch.Add(time.Hour)), queued(2, time.Time{}), queued(3, time.Time{})
		b.put(3, later, first, second)
		expect := func(what string, want ...bridge.MessageID) {
			b.Helper()
			heads, _, err := b.Heads(b.ctx(), a.ID, epoch, 10)
			b.check(err)
			var got []bridge.MessageID
			for _, h := range heads {
				got = append(got, h.Message.ID)
			}
			if !slices.Equal(got, want) {
				b.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		expect("at first", first.ID)
		b.change(func(t *store.Tx) error {
			if _, err := t.StartSend(first.ID); err != nil {
				return err
			}
			return t.PutBack(first.ID, epoch.Add(time.Second), "account_not_online: it has no connection")
		})
		expect("while the first is put off")
		b.change(func(t *store.Tx) error {
			if _, err := t.Park(a.ID, "account_not_online: the account is paused"); err != nil {
				return err
			}
			_, err := t.Unpark(a.ID)
			return err
		})
		expect("after a pause meanwhile")
		if _, next, err := b.Heads(b.ctx(), a.ID, epoch, 10); err != nil || !next.Equal(epoch.Add(time.Second)) {
			b.Errorf("something is due at %v, %v, want a second after", next, err)
		}
	})
}
