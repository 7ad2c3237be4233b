package outbox

import (
	"slices"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

var noon = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)

// head returns the first message of a conversation with somebody.
func head(conversation string, p bridge.Peer, a bridge.Acquaintance) store.Head {
	return store.Head{
		Message:      &bridge.Message{ID: bridge.MessageID("msg of " + conversation)},
		Conversation: &bridge.Conversation{ID: bridge.ConversationID(conversation), Peer: p},
		Acquaintance: a,
	}
}

func TestPlan(t *testing.T) {
	ann := head("ann", bridge.Peer{Kind: bridge.UserPeer, ID: 1}, bridge.Known)
	bob := head("bob", bridge.Peer{Kind: bridge.UserPeer, ID: 2}, bridge.Stranger)
	eve := head("eve", bridge.Peer{Kind: bridge.UsernamePeer, Name: "eve_e"}, bridge.Written)
	slow := head("slow", bridge.Peer{Kind: bridge.ChannelPeer, ID: 3}, bridge.Stranger)
	photo := head("photo", bridge.Peer{Kind: bridge.UserPeer, ID: 4}, bridge.Known)
	photo.Message.Media = &bridge.Media{Type: "photo"}
	all := []store.Head{ann, bob, eve, slow, photo}
	status := func(s bridge.State) bridge.Status { return bridge.Status{State: s} }
	texts := store.Wait{Scope: bridge.Scope{Method: sendMessage}, Until: noon.Add(time.Minute)}
	chat := store.Wait{Scope: bridge.Scope{Chat: 3}, Until: noon.Add(time.Hour)}
	over := store.Wait{Scope: bridge.Scope{Method: sendMessage}, Until: noon}
	tests := []struct {
		name string
		s    situation
		want string
		wake time.Time
	}{
		{"everything", situation{status: status(bridge.Online), room: 9}, "ann bob eve slow photo", time.Time{}},
		{"no more than there is room for", situation{status: status(bridge.Online), room: 2}, "ann bob", time.Time{}},
		{"one at a time in a conversation", situation{
			status: status(bridge.Online), room: 9, busy: map[bridge.ConversationID]bool{"ann": true}},
			"bob eve slow photo", time.Time{}},
		{"no strangers while restricted", situation{status: status(bridge.Restricted), room: 9}, "ann slow photo", time.Time{}},
		{"texts wait, files go", situation{status: status(bridge.Throttled), room: 9, waits: []store.Wait{texts}},
			"photo", noon.Add(time.Minute)},
		{"one chat waits", situation{status: status(bridge.Throttled), room: 9, waits: []store.Wait{chat}},
			"ann bob eve photo", noon.Add(time.Hour)},
		{"the sooner end of two waits", situation{status: status(bridge.Throttled), room: 9, waits: []store.Wait{chat, texts}},
			"photo", noon.Add(time.Minute)},
		{"a wait that is over", situation{status: status(bridge.Throttled), room: 9, waits: []store.Wait{over}},
			"ann bob eve slow photo", time.Time{}},
		{"connecting", situation{status: status(bridge.Connecting), room: 9}, "", time.Time{}},
		{"paused", situation{status: status(bridge.Paused), room: 9}, "", time.Time{}},
		{"signed out elsewhere", situation{status: status(bridge.LoginRequired), room: 9}, "", time.Time{}},
		{"the session is in doubt", situation{status: bridge.Status{State: bridge.Online, Suspected: true}, room: 9}, "", time.Time{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := planOf(noon, test.s, all)
			var got []byte
			for i, h := range p.send {
				if i > 0 {
					got = append(got, ' ')
				}
				got = append(got, h.Conversation.ID...)
			}
			if string(got) != test.want || !p.wake.Equal(test.wake) {
				t.Errorf("sends %q and wakes at %v; want %q, %v", got, p.wake, test.want, test.wake)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	later := noon.Add(time.Hour)
	tests := []struct {
		err  *bridge.Error
		want verdict
	}{
		{&bridge.Error{Code: bridge.CodeFloodWait, RetryAt: later}, verdict{state: bridge.Queued, retryAt: later}},
		{&bridge.Error{Code: bridge.CodeUnavailable}, verdict{state: bridge.Queued, retryAt: noon.Add(4 * time.Second)}},
		{&bridge.Error{Code: bridge.CodeAccountNotOnline}, verdict{state: bridge.Queued, retryAt: noon.Add(time.Second), unasked: true}},
		{&bridge.Error{Code: bridge.CodeAccountRestricted}, verdict{state: bridge.Queued}},
		{&bridge.Error{Code: bridge.CodeTelegramRefused}, verdict{state: bridge.Failed}},
		{&bridge.Error{Code: bridge.CodeNotFound}, verdict{state: bridge.Failed}},
		{&bridge.Error{Code: bridge.CodeSuppressed}, verdict{state: bridge.Failed}},
	}
	for _, test := range tests {
		got := verdictOf(noon, &bridge.Message{Attempts: 3}, test.err)
		test.want.reason = got.reason
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", test.err.Code, got, test.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	var got []time.Duration
	for _, attempts := range []int{0, 1, 2, 3, 9, 10, 1000} {
		got = append(got, backoff(attempts)/time.Second)
	}
	if want := []time.Duration{1, 1, 2, 4, 256, 300, 300}; !slices.Equal(got, want) {
		t.Errorf("%v seconds, want %v", got, want)
	}
}
