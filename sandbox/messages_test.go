package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/tg"
	"godwit/tl"
)

// pair returns two people who know each other.
func pair(t *testing.T) (l *lab, alice, bob *device, toBob, toAlice *tg.InputPeerUser) {
	t.Helper()
	l = newLab(t)
	alice, bob = l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob")
	return l, alice, bob, alice.meet(bobPhone), bob.meet(alicePhone)
}

func texts(messages []tg.MessageClass) []string {
	var out []string
	for _, m := range messages {
		switch m := m.(type) {
		case *tg.Message:
			out = append(out, m.Message)
		case *tg.MessageService:
			out = append(out, fmt.Sprintf("%T", m.Action)[len("*tg.MessageAction"):])
		case *tg.MessageEmpty:
			out = append(out, "-")
		}
	}
	return out
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// R-UP-11, R-UP-32: a message reaches both sides, each with ids and pts of its
// own, on all devices but the sending one.
func TestSend(t *testing.T) {
	l, alice, bob, toBob, _ := pair(t)
	second := l.device(1).signIn(alicePhone)
	must(second, &tg.UpdatesGetState{})
	alice.updates()
	before := map[*device]int32{}
	for _, d := range []*device{alice, bob, second} { // Alice has been told of her second device
		before[d] = must(d, &tg.UpdatesGetState{}).Pts
	}

	u := alice.say(toBob, "hello")
	if len(u.Updates) != 2 || u.Seq != 0 {
		t.Fatalf("the sender got %+v", u)
	}
	id := u.Updates[0].(*tg.UpdateMessageID)
	mine := u.Updates[1].(*tg.UpdateNewMessage)
	m := mine.Message.(*tg.Message)
	if m.ID != id.ID || !m.Out || m.Message != "hello" || mine.Pts != before[alice]+1 || mine.PtsCount != 1 {
		t.Errorf("the sender's message is %+v in %+v", m, mine)
	}
	if len(alice.updates()) != 0 {
		t.Error("the sender was told twice")
	}
	for name, d := range map[string]*device{"Bob": bob, "the other device": second} {
		got := d.updates()
		if len(got) != 1 {
			t.Fatalf("%s got %v", name, got)
		}
		n := got[0].(*tg.UpdateNewMessage)
		m := n.Message.(*tg.Message)
		if m.Message != "hello" || m.Out != (d == second) || n.Pts != before[d]+1 {
			t.Errorf("%s got %+v with %+v", name, n, m)
		}
		peer := m.PeerID.(*tg.PeerUser).UserID
		if want := map[bool]int64{true: alice.self.ID, false: bob.self.ID}[d == bob]; peer != want {
			t.Errorf("%s sees the message with user %d, want %d", name, peer, want)
		}
	}
	if ledger := l.Ledger(); len(ledger) != 1 || ledger[0].Text != "hello" || ledger[0].From != alice.self.ID || ledger[0].PeerID != bob.self.ID {
		t.Errorf("ledger %+v", ledger)
	}
}

// The update carries the users that it mentions, so that the receiver can
// answer somebody whom it has never met.
func TestUpdateCarriesUsers(t *testing.T) {
	l := newLab(t)
	alice, bob := l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob")
	must(bob, &tg.UpdatesGetState{})
	alice.say(alice.meet(bobPhone), "hi")
	u := bob.pushed[0].(*tg.Updates)
	for _, one := range u.Users {
		if user := one.(*tg.User); user.ID == alice.self.ID {
			if user.Min || !user.AccessHash.Set {
				t.Errorf("the sender is %+v", user)
			}
			bob.say(&tg.InputPeerUser{UserID: user.ID, AccessHash: user.AccessHash.Value}, "who are you?")
			if got := alice.updates(); len(got) != 1 {
				t.Errorf("Alice got %v", got)
			}
			return
		}
	}
	t.Errorf("the sender is not among %v", u.Users)
}

// A repeated random_id is the same message.
func TestRandomID(t *testing.T) {
	l, alice, bob, toBob, _ := pair(t)
	q := &tg.MessagesSendMessage{Peer: toBob, Message: "once", RandomID: 99}
	first := must(alice, q).(*tg.Updates)
	again := must(alice, q).(*tg.Updates)
	a, b := first.Updates[1].(*tg.UpdateNewMessage), again.Updates[1].(*tg.UpdateNewMessage)
	if a.Pts != b.Pts || a.Message.(*tg.Message).ID != b.Message.(*tg.Message).ID {
		t.Errorf("first %+v, again %+v", a, b)
	}
	if n := len(bob.updates()); n != 1 {
		t.Errorf("Bob got it %d times", n)
	}
	if n := len(l.Ledger()); n != 1 {
		t.Errorf("%d messages in the ledger", n)
	}
}

func TestSendRefusals(t *testing.T) {
	_, alice, _, toBob, _ := pair(t)
	send := func(p tg.InputPeerClass, text string, id int64) *tg.MessagesSendMessage {
		return &tg.MessagesSendMessage{Peer: p, Message: text, RandomID: id}
	}
	fails(alice, send(toBob, "", 1), 400, "MESSAGE_EMPTY")
	fails(alice, send(toBob, strings.Repeat("ä", maxText+1), 1), 400, "MESSAGE_TOO_LONG")
	fails(alice, send(toBob, "\xff", 1), 400, "INPUT_TEXT_INVALID")
	fails(alice, send(toBob, "x", 0), 400, "RANDOM_ID_EMPTY")
	fails(alice, send(&tg.InputPeerUser{UserID: toBob.UserID, AccessHash: toBob.AccessHash + 1}, "x", 1), 400, "PEER_ID_INVALID")
	fails(alice, send(&tg.InputPeerEmpty{}, "x", 1), 400, "PEER_ID_INVALID")
	fails(alice, send(&tg.InputPeerChat{ChatID: 1}, "x", 1), 400, "PEER_ID_INVALID")
	fails(alice, send(&tg.InputPeerChannel{ChannelID: 1}, "x", 1), 400, "CHANNEL_INVALID")
	q := send(toBob, "x", 1)
	q.ReplyTo = &tg.InputReplyToMessage{ReplyToMsgID: 5}
	fails(alice, q, 400, "REPLY_MESSAGE_ID_INVALID")
	must(alice, send(toBob, strings.Repeat("ä", maxText), 1))
}

// R-UP-21, R-UP-22, R-UP-32: what happened while a device was away, whole, in
// order, and in slices.
func TestDifference(t *testing.T) {
	_, alice, bob, toBob, toAlice := pair(t)
	state := must(bob, &tg.UpdatesGetState{})
	get := func() tg.UpdatesDifferenceClass {
		return must(bob, &tg.UpdatesGetDifference{Pts: state.Pts, Date: state.Date})
	}
	if d, ok := get().(*tg.UpdatesDifferenceEmpty); !ok {
		t.Fatalf("nothing has happened, got %T", d)
	}
	fails(bob, &tg.UpdatesGetDifference{}, 400, "PERSISTENT_TIMESTAMP_EMPTY")
	fails(bob, &tg.UpdatesGetDifference{Pts: state.Pts + 1}, 400, "PERSISTENT_TIMESTAMP_INVALID")

	var want []string
	for i := range 120 {
		want = append(want, fmt.Sprint("message ", i))
		alice.say(toBob, want[i])
	}
	bob.say(toAlice, "answer")
	want = append(want, "answer")
	must(bob, &tg.MessagesReadHistory{Peer: toAlice})

	slice := get().(*tg.UpdatesDifferenceSlice)
	got := texts(slice.NewMessages)
	if len(got) != maxDifference || slice.IntermediateState.Pts != state.Pts+maxDifference {
		t.Fatalf("slice of %d up to %d", len(got), slice.IntermediateState.Pts)
	}
	state = &slice.IntermediateState
	rest := get().(*tg.UpdatesDifference)
	same(t, "both slices", append(got, texts(rest.NewMessages)...), want...)
	if len(rest.OtherUpdates) != 1 {
		t.Fatalf("other updates %v", rest.OtherUpdates)
	}
	read := rest.OtherUpdates[0].(*tg.UpdateReadHistoryInbox)
	if read.StillUnreadCount != 0 || read.Pts != rest.State.Pts {
		t.Errorf("read %+v at %+v", read, rest.State)
	}
	state = &rest.State
	if d, ok := get().(*tg.UpdatesDifferenceEmpty); !ok {
		t.Errorf("at the end, got %T", d)
	}
	tooLong := must(bob, &tg.UpdatesGetDifference{Pts: 1, PtsTotalLimit: tl.Some[int32](10)})
	if d, ok := tooLong.(*tg.UpdatesDifferenceTooLong); !ok || d.Pts != state.Pts {
		t.Errorf("over the limit, got %+v", tooLong)
	}
}

// Pushed updates and differences tell the same story, pts by pts (R-UP-11,
// R-UP-24): edits, deletions and reading as well.
func TestEditDeleteRead(t *testing.T) {
	l, alice, bob, toBob, toAlice := pair(t)
	state := must(bob, &tg.UpdatesGetState{})
	alice.say(toBob, "one")
	alice.say(toBob, "two")
	fails(alice, &tg.MessagesEditMessage{Peer: toBob, ID: 1, Message: tl.Some("one")}, 400, "MESSAGE_NOT_MODIFIED")
	fails(alice, &tg.MessagesEditMessage{Peer: toBob, ID: 9, Message: tl.Some("x")}, 400, "MESSAGE_ID_INVALID")
	fails(bob, &tg.MessagesEditMessage{Peer: toAlice, ID: 1, Message: tl.Some("x")}, 403, "MESSAGE_AUTHOR_REQUIRED")
	must(alice, &tg.MessagesEditMessage{Peer: toBob, ID: 1, Message: tl.Some("one!")})
	affected := must(bob, &tg.MessagesReadHistory{Peer: toAlice, MaxID: 1})
	if affected.PtsCount != 1 || affected.Pts != state.Pts+4 {
		t.Errorf("reading: %+v", affected)
	}
	if again := must(bob, &tg.MessagesReadHistory{Peer: toAlice, MaxID: 1}); again.PtsCount != 0 {
		t.Errorf("reading again: %+v", again)
	}
	read := alice.updates()
	if len(read) != 1 || read[0].(*tg.UpdateReadHistoryOutbox).MaxID != 1 {
		t.Errorf("the writer was told %v", read)
	}
	deleted := must(alice, &tg.MessagesDeleteMessages{ID: []int32{2, 77}, Revoke: true})
	if deleted.PtsCount != 1 {
		t.Errorf("deleting: %+v", deleted)
	}

	pts := state.Pts
	for _, u := range bob.updates() {
		switch u := u.(type) {
		case *tg.UpdateNewMessage:
			pts++
			if u.Pts != pts {
				t.Errorf("%+v after pts %d", u, pts-1)
			}
		case *tg.UpdateEditMessage:
			pts++
			if u.Pts != pts || u.Message.(*tg.Message).Message != "one!" || !u.Message.(*tg.Message).EditDate.Set {
				t.Errorf("edit %+v", u)
			}
			pts++ // bob reads, which is told to other devices
		case *tg.UpdateDeleteMessages:
			pts++
			if u.Pts != pts || !slices.Equal(u.Messages, []int32{2}) {
				t.Errorf("deletion %+v after pts %d", u, pts-1)
			}
		}
	}
	diff := must(bob, &tg.UpdatesGetDifference{Pts: state.Pts, Date: state.Date}).(*tg.UpdatesDifference)
	same(t, "difference", texts(diff.NewMessages), "one!")
	if len(diff.OtherUpdates) != 3 || diff.State.Pts != pts {
		t.Errorf("other updates %v up to %d, pushed up to %d", diff.OtherUpdates, diff.State.Pts, pts)
	}
	if len(l.Ledger()) != 2 {
		t.Error("the ledger forgets")
	}
}

func TestHistory(t *testing.T) {
	l, alice, _, toBob, _ := pair(t)
	for i := range 10 {
		l.clock.now.Add(1)
		alice.say(toBob, fmt.Sprint(i+1))
	}
	middle := int32(l.clock.now.Load()) - 4 // when 6 was written
	tests := []struct {
		name string
		q    tg.MessagesGetHistory
		want string
	}{
		{"all", tg.MessagesGetHistory{Limit: 100}, "10 9 8 7 6 5 4 3 2 1"},
		{"newest", tg.MessagesGetHistory{Limit: 3}, "10 9 8"},
		{"before an id", tg.MessagesGetHistory{OffsetID: 8, Limit: 3}, "7 6 5"},
		{"before the first", tg.MessagesGetHistory{OffsetID: 1, Limit: 3}, ""},
		{"beyond the last", tg.MessagesGetHistory{OffsetID: 99, Limit: 2}, "10 9"},
		{"before a date", tg.MessagesGetHistory{OffsetDate: middle, Limit: 2}, "5 4"},
		{"skipping", tg.MessagesGetHistory{AddOffset: 2, Limit: 2}, "8 7"},
		{"around an id", tg.MessagesGetHistory{OffsetID: 5, AddOffset: -2, Limit: 4}, "6 5 4 3"},
		{"after an id", tg.MessagesGetHistory{OffsetID: 8, AddOffset: -3, Limit: 3}, "10 9 8"},
		{"newer than all", tg.MessagesGetHistory{OffsetID: 11, AddOffset: -5, Limit: 3}, ""},
		{"between ids", tg.MessagesGetHistory{MinID: 3, MaxID: 6, Limit: 100}, "5 4"},
		{"none", tg.MessagesGetHistory{}, ""},
		{"wild", tg.MessagesGetHistory{AddOffset: -1 << 31, Limit: 1 << 30}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.q.Peer = toBob
			var got []tg.MessageClass
			switch h := must(alice, &test.q).(type) {
			case *tg.MessagesMessages:
				got = h.Messages
			case *tg.MessagesMessagesSlice:
				got = h.Messages
				if h.Count != 10 {
					t.Errorf("count %d", h.Count)
				}
			}
			if s := strings.Join(texts(got), " "); s != test.want {
				t.Errorf("got %q, want %q", s, test.want)
			}
		})
	}
	found := must(alice, &tg.MessagesSearch{Peer: toBob, Q: "1", Filter: &tg.InputMessagesFilterEmpty{}, Limit: 10})
	same(t, "search", texts(found.(*tg.MessagesMessages).Messages), "1")
	some := must(alice, &tg.MessagesGetMessages{ID: []tg.InputMessageClass{
		&tg.InputMessageID{ID: 3}, &tg.InputMessageID{ID: 33}, &tg.InputMessageID{ID: 1},
	}})
	same(t, "by id", texts(some.(*tg.MessagesMessages).Messages), "3", "-", "1")
}

func TestReply(t *testing.T) {
	_, alice, bob, toBob, toAlice := pair(t)
	bob.say(toAlice, "only to shift the ids")
	must(bob, &tg.MessagesDeleteMessages{ID: []int32{1}})
	alice.say(toBob, "question")
	q := &tg.MessagesSendMessage{Peer: toAlice, Message: "answer", RandomID: 5, ReplyTo: &tg.InputReplyToMessage{ReplyToMsgID: 2}}
	must(bob, q)
	h := must(alice, &tg.MessagesGetHistory{Peer: toBob, Limit: 1}).(*tg.MessagesMessagesSlice)
	reply := h.Messages[0].(*tg.Message).ReplyTo.(*tg.MessageReplyHeader)
	if reply.ReplyToMsgID.Value != 2 {
		t.Errorf("the answer names message %d of Alice's, want 2", reply.ReplyToMsgID.Value)
	}
}

func TestDialogs(t *testing.T) {
	l, alice, bob, toBob, toAlice := pair(t)
	if _, err := l.AddUser("9996610009", "Dora", ""); err != nil {
		t.Fatal(err)
	}
	alice.say(toBob, "to Bob")
	l.clock.now.Add(1)
	alice.say(alice.meet("9996610009"), "to Dora")
	l.clock.now.Add(1)
	bob.say(toAlice, "from Bob")
	bob.say(toAlice, "more from Bob")

	get := func(q tg.MessagesGetDialogs) ([]tg.DialogClass, []tg.MessageClass) {
		if q.OffsetPeer == nil {
			q.OffsetPeer = &tg.InputPeerEmpty{}
		}
		switch got := must(alice, &q).(type) {
		case *tg.MessagesDialogs:
			return got.Dialogs, got.Messages
		case *tg.MessagesDialogsSlice:
			return got.Dialogs, got.Messages
		}
		return nil, nil
	}
	dialogs, messages := get(tg.MessagesGetDialogs{Limit: 10})
	same(t, "dialogs", texts(messages), "more from Bob", "to Dora")
	if d := dialogs[0].(*tg.Dialog); d.UnreadCount != 2 || d.TopMessage != 4 {
		t.Errorf("dialog %+v", d)
	}
	_, messages = get(tg.MessagesGetDialogs{Limit: 1})
	same(t, "first page", texts(messages), "more from Bob")
	top := messages[0].(*tg.Message)
	_, messages = get(tg.MessagesGetDialogs{Limit: 1, OffsetDate: top.Date, OffsetID: top.ID, OffsetPeer: toBob})
	same(t, "second page", texts(messages), "to Dora")
	dialogs, _ = get(tg.MessagesGetDialogs{Limit: 10, FolderID: tl.Some[int32](1)})
	if len(dialogs) != 0 {
		t.Errorf("archive holds %v", dialogs)
	}
	one := must(alice, &tg.MessagesGetPeerDialogs{Peers: []tg.InputDialogPeerClass{&tg.InputDialogPeer{Peer: toBob}}})
	if len(one.Dialogs) != 1 || one.State.Pts != int32(l.world.users[alice.self.ID].box.pts) {
		t.Errorf("peer dialogs %+v", one)
	}
	if pinned := must(alice, &tg.MessagesGetPinnedDialogs{}); len(pinned.Dialogs) != 0 {
		t.Errorf("pinned %v", pinned.Dialogs)
	}
}

// R-AP-08, R-UP-32: a session that only ever asks not to be told is not.
func TestWithoutUpdates(t *testing.T) {
	l, alice, bob, toBob, toAlice := pair(t)
	media := l.device(1)
	media.quiet = true
	media.signIn(bobPhone)
	bob.updates()
	alice.say(toBob, "x")
	if n := len(media.updates()); n != 0 {
		t.Errorf("%d updates on the quiet session", n)
	}
	if n := len(bob.updates()); n != 1 {
		t.Errorf("%d updates on the other", n)
	}
	must(bob, &tg.MessagesSetTyping{Peer: toAlice, Action: &tg.SendMessageTypingAction{}})
	if got := alice.updates(); len(got) != 1 || got[0].(*tg.UpdateUserTyping).UserID != bob.self.ID {
		t.Errorf("typing is told as %v", got)
	}
}

func TestSavedMessages(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	u := alice.say(&tg.InputPeerSelf{}, "note")
	if m := u.Updates[1].(*tg.UpdateNewMessage).Message.(*tg.Message); m.PeerID.(*tg.PeerUser).UserID != alice.self.ID {
		t.Errorf("saved as %+v", m)
	}
	if u := l.world.users[alice.self.ID]; u.box.pts != firstPts+1 {
		t.Errorf("pts %d after one note", u.box.pts)
	}
}
