package sandbox

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"godwit/internal/layer"
	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

// R-UP-32: a box forgets its oldest events, and says so to who asks for them.
func TestForgottenEvents(t *testing.T) {
	b := box{pts: firstPts}
	for i := range maxLog + 1 {
		b.record(event{kind: eventNew, id: int32(i + 1), count: 1})
	}
	if _, _, ok := b.since(firstPts, 10); ok {
		t.Error("the log reaches back to what it has forgotten")
	}
	oldest := b.log[0].pts - 1
	events, more, ok := b.since(oldest, 10)
	if !ok || !more || len(events) != 10 || events[0].pts != oldest+1 {
		t.Errorf("from the oldest: %d events, %v, %v", len(events), more, ok)
	}
	if events, more, ok := b.since(b.pts-1, 10); !ok || more || len(events) != 1 {
		t.Errorf("from the last but one: %v, %v, %v", events, more, ok)
	}

	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	ch := alice.newChannel("Club", false)
	alice.say(inputPeer(ch), "kept")
	l.world.mu.Lock()
	l.world.channels[ch.ChannelID].box.log = l.world.channels[ch.ChannelID].box.log[1:]
	l.world.users[alice.self.ID].box = b
	l.world.mu.Unlock()
	if d, ok := must(alice, &tg.UpdatesGetDifference{Pts: 1}).(*tg.UpdatesDifferenceTooLong); !ok || d.Pts != int32(b.pts) {
		t.Errorf("difference %+v", d)
	}
	d := must(alice, &tg.UpdatesGetChannelDifference{Channel: ch, Filter: &tg.ChannelMessagesFilterEmpty{}, Pts: 1, Limit: 10})
	long, ok := d.(*tg.UpdatesChannelDifferenceTooLong)
	if !ok || !long.Final || long.Dialog.(*tg.Dialog).Pts.Value != firstPts+2 {
		t.Fatalf("channel difference %+v", d)
	}
	same(t, "newest message", texts(long.Messages), "kept")
}

// R-UP-11: whoever writes at once, each device gets every message once, and
// in the order of pts.
func TestConcurrentSending(t *testing.T) {
	l := newLab(t)
	const writers, each = 8, 50
	bob := l.person(bobPhone, "Bob")
	must(bob, &tg.UpdatesGetState{})
	var running sync.WaitGroup
	for i := range writers {
		d := l.person(fmt.Sprintf("999661%04d", 100+i), fmt.Sprint("Writer ", i))
		to := d.meet(bobPhone)
		running.Go(func() {
			for j := range each {
				d.say(to, fmt.Sprint(j))
			}
		})
	}
	running.Wait()
	pts := int32(firstPts)
	next := make(map[int64]int)
	for _, u := range bob.updates() {
		n := u.(*tg.UpdateNewMessage)
		m := n.Message.(*tg.Message)
		from := m.PeerID.(*tg.PeerUser).UserID
		pts++
		if n.Pts != pts || m.Message != fmt.Sprint(next[from]) {
			t.Fatalf("message %q of user %d at pts %d, want number %d at pts %d", m.Message, from, n.Pts, next[from], pts)
		}
		next[from]++
	}
	if pts != firstPts+writers*each {
		t.Errorf("got %d messages, want %d", pts-firstPts, writers*each)
	}
}

// Every method that is served survives arguments that mean nothing: they are
// answered, or refused with a reason.
func TestEmptyArguments(t *testing.T) {
	l := newLab(t)
	for _, signedIn := range []bool{false, true} {
		for id, h := range handlers {
			d := l.device(1)
			must(d, &tg.HelpGetConfig{})
			if signedIn {
				if _, err := l.AddUser(alicePhone, "Alice", ""); err != nil && l.world.phones[alicePhone] == nil {
					t.Fatal(err)
				}
				d.signIn(alicePhone)
			}
			_, err := d.query(leastOf(t, id))
			var rpc *mtproto.RPCError
			if err != nil && (!errors.As(err, &rpc) || rpc.Code >= 500) {
				t.Errorf("%s: %v", h.name, err)
			}
			if !signedIn && !h.free && !errors.Is(err, &mtproto.RPCError{Code: 401}) { // R-AP-09
				t.Errorf("%s without a sign-in: %v", h.name, err)
			}
		}
	}
}

// leastOf encodes the call of a method with the least of every argument.
func leastOf(t *testing.T, id uint32) []byte {
	t.Helper()
	// The registry knows the type; what it decodes from an id alone has failed,
	// but is of that type.
	var b tl.Buffer
	b.ID(id)
	b.Raw(make([]byte, 64))
	q := tg.DecodeMethod(tl.NewReader(b.Bytes()))
	if q == nil {
		t.Fatalf("no method %08x", id)
	}
	fill(reflect.ValueOf(q).Elem())
	p, err := tl.Marshal(q)
	if err != nil {
		t.Fatalf("%T: %v", q, err)
	}
	return p
}

// fill gives every interface of a struct a value that it accepts.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		switch f.Kind() {
		case reflect.Interface:
			for _, one := range fillers {
				if reflect.TypeOf(one).AssignableTo(f.Type()) {
					f.Set(reflect.ValueOf(one))
					break
				}
			}
		case reflect.Struct:
			fill(f)
		case reflect.Slice:
			f.SetZero()
		}
	}
}

var fillers = []tl.Object{
	&tg.InputPeerEmpty{}, &tg.InputUserEmpty{}, &tg.InputChannelEmpty{}, &tg.InputCheckPasswordEmpty{},
	&tg.EmailVerifyPurposeLoginChange{}, &tg.EmailVerificationCode{},
	&tg.SendMessageTypingAction{}, &tg.InputNotifyUsers{}, &tg.ChannelParticipantsRecent{}, &tg.ChannelMessagesFilterEmpty{},
	&tg.InputMessagesFilterEmpty{}, &tg.HelpGetConfig{}, &tg.InputMediaEmpty{},
	&tg.InputPeerPhotoFileLocation{Peer: &tg.InputPeerEmpty{}}, &tg.InputDialogPeer{Peer: &tg.InputPeerEmpty{}},
	&tg.ChatReactionsNone{}, &tg.BotCommandScopeDefault{}, &tg.InputChatPhotoEmpty{}, &tg.InputStickerSetEmpty{},
}

// Whatever a signed-in client sends, it is answered or refused, and nothing
// breaks.
func FuzzQuery(f *testing.F) {
	for id := range handlers {
		var b tl.Buffer
		b.ID(id)
		b.Raw(make([]byte, 32))
		f.Add(b.Bytes(), 0)
	}
	for _, q := range []tg.Request{
		&tg.MessagesSendMessage{Peer: &tg.InputPeerSelf{}, Message: "x", RandomID: 1},
		&tg.MessagesGetHistory{Peer: &tg.InputPeerSelf{}, Limit: 10, AddOffset: -3, OffsetID: 2},
		&tg.MessagesGetDialogs{OffsetPeer: &tg.InputPeerEmpty{}, Limit: 10, OffsetDate: 5},
		&tg.ChannelsCreateChannel{Title: "T", Megagroup: true},
		&tg.UpdatesGetDifference{Pts: 1, Date: 1},
		&tg.MessagesDeleteMessages{ID: []int32{1, 2}, Revoke: true},
		&tg.InvokeWithoutUpdates{Query: &tg.HelpGetConfig{}},
	} {
		p, err := tl.Marshal(q)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p, 5)
	}
	f.Fuzz(func(t *testing.T, query []byte, n int) {
		l := newLab(t)
		alice := l.person(alicePhone, "Alice")
		alice.say(&tg.InputPeerSelf{}, "x")
		alice.layer, alice.inited = layer.Oldest+int(uint(n)%(layer.Latest-layer.Oldest+1)), false
		must(alice, &tg.HelpGetNearestDC{})
		_, err := alice.query(query)
		var rpc *mtproto.RPCError
		if err != nil && (!errors.As(err, &rpc) || rpc.Code >= 500) {
			t.Errorf("%x: %v", query, err)
		}
		must(alice, &tg.HelpGetNearestDC{})
	})
}

// R-PF-07, R-AK-40: a session that passes from a temporary key to the
// permanent one is told of updates as that, and a key that is destroyed is
// signed out.
func TestKeys(t *testing.T) {
	l, alice, bob, toBob, _ := pair(t)
	temporary := l.device(1)
	must(temporary, &tg.HelpGetConfig{})
	permanent := bob.key
	temporary.key = permanent
	must(temporary, &tg.UpdatesGetState{})
	alice.say(toBob, "x")
	if n := len(temporary.updates()); n != 1 {
		t.Errorf("%d updates on the session that was bound", n)
	}
	l.world.closed(temporary)
	alice.say(toBob, "y")
	if n := len(temporary.updates()); n != 0 {
		t.Errorf("%d updates on the session that is over", n)
	}
	if n := len(bob.updates()); n != 2 {
		t.Errorf("%d updates on the other session", n)
	}
	l.world.destroyed(permanent)
	bob.inited = false
	fails(bob, &tg.UpdatesGetState{}, 401, "AUTH_KEY_UNREGISTERED")
}
