package demo

import (
	"encoding/json"
	"strings"
	"testing"

	"godwit/bridge"
	"godwit/sandbox"
)

const (
	acc  = bridge.AccountID("acc_1")
	conv = bridge.ConversationID("conv_1")
)

// event is an event about a message.
func event(t *testing.T, id string, seq int64, kind bridge.EventType, text string, fields string) *told {
	t.Helper()
	data, err := json.Marshal(bridge.Event{
		ID: bridge.EventID(id), Type: kind, AccountID: acc, Seq: seq,
		Data: json.RawMessage(`{"id": "msg_` + id + `", "conversation_id": "conv_1", "peer": "user:5", "text": "` + text + `"` + fields + `}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := read(data)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestDiffer has what was lost, doubled, swapped and made up found.
func TestDiffer(t *testing.T) {
	members := map[int64]member{1: {acc, []int64{9}}, 2: {"acc_2", nil}}
	ledger := ledgerSides([]sandbox.Entry{
		{From: 5, PeerKind: "user", PeerID: 1, Text: "a"},
		{From: 5, PeerKind: "user", PeerID: 1, Text: "b"},
		{From: 1, PeerKind: "user", PeerID: 5, Text: "c"},
		{From: 1, PeerKind: "user", PeerID: 2, Text: "between"},
		{From: 5, PeerKind: "channel", PeerID: 9, Text: "in"},
		{From: 1, PeerKind: "channel", PeerID: 9, Text: "out"},
		{From: 5, PeerKind: "channel", PeerID: 10, Text: "elsewhere"},
		{From: 5, PeerKind: "user", PeerID: 6, Text: "of others"},
	}, members)
	if n := ledger.count(); n != 7 { // what goes between the two is of both
		t.Fatalf("%d messages: %v", n, ledger)
	}
	in := side{acc, bridge.Peer{Kind: bridge.UserPeer, ID: 5}, bridge.Inbound}
	for name, has := range map[string][]string{
		"": {"a", "b"}, "lost": {"b"}, "the last lost": {"a"}, "doubled": {"a", "a", "b"}, "swapped": {"b", "a"}, "all lost": nil,
	} {
		other := make(sides)
		for l, texts := range ledger {
			other[l] = texts
		}
		other[in] = has
		err := differ("the inbox", ledger, other)
		if (err == nil) != (name == "") {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "the inbox, acc_1 with user:5, in") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	made := make(sides)
	for l, texts := range ledger {
		made[l] = texts
	}
	made[side{acc, bridge.Peer{Kind: bridge.UserPeer, ID: 6}, bridge.Inbound}] = []string{"x"}
	if err := differ("the inbox", ledger, made); err == nil || !strings.Contains(err.Error(), "user:6") {
		t.Errorf("made up: %v", err)
	}
}

// TestEventSides has messages counted once that were told of twice, and others
// not at all.
func TestEventSides(t *testing.T) {
	got := eventSides([]*told{
		event(t, "1", 1, bridge.MessageReceived, "a", ""),
		event(t, "2", 2, bridge.MessageSent, "b", ""),
		event(t, "3", 3, bridge.MessageSent, "c", ""),
		event(t, "4", 4, bridge.MessageSent, "b", `, "replaces": "msg_2"`),
		event(t, "5", 5, bridge.MessageEdited, "a!", ""),
		event(t, "6", 6, bridge.MessageReceived, "", `, "service": "messageActionPinMessage"`),
		event(t, "7", 7, bridge.MessageReceived, "a", ""),
	})
	peer := bridge.Peer{Kind: bridge.UserPeer, ID: 5}
	want := sides{{acc, peer, bridge.Inbound}: {"a", "a"}, {acc, peer, bridge.Outbound}: {"b", "c"}}
	if err := differ("the events", want, got); err != nil {
		t.Error(err)
	}
}

// TestCheckStream has what a stream leaves out, repeats or swaps found, and gaps
// in the numbers of the log.
func TestCheckStream(t *testing.T) {
	a := event(t, "a", 1, bridge.MessageReceived, "", "")
	b := event(t, "b", 2, bridge.MessageReceived, "", "")
	c := event(t, "c", 3, bridge.MessageReceived, "", "")
	log := []*told{a, b}
	for name, test := range map[string]struct {
		stream []*told
		ok     bool
	}{
		"the same": {[]*told{a, b}, true}, "further": {[]*told{a, b, c}, true},
		"less": {[]*told{a}, false}, "twice": {[]*told{a, a, b}, false}, "swapped": {[]*told{b, a}, false}, "skipped": {[]*told{a, c}, false},
	} {
		if err := checkStream(log, test.stream); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := checkLog([]*told{a, b, c}); err != nil {
		t.Error(err)
	}
	for name, log := range map[string][]*told{"a gap": {a, c}, "twice": {a, a}, "late": {b, c}} {
		if checkLog(log) == nil {
			t.Errorf("%s is not found", name)
		}
	}
}

// TestCheckHook has repetitions of a webhook allowed, and nothing else.
func TestCheckHook(t *testing.T) {
	a := event(t, "a", 1, bridge.MessageReceived, "", "")
	b := event(t, "b", 2, bridge.MessageReceived, "", "")
	other := event(t, "c", 3, bridge.MessageReceived, "", "")
	other.what.ConversationID = "conv_2"
	log := []*told{a, b, other}
	for name, test := range map[string]struct {
		hook     []*told
		repeated int
		ok       bool
	}{
		"as they are": {[]*told{a, b, other}, 0, true}, "beside each other": {[]*told{other, a, b}, 0, true},
		"repeated": {[]*told{a, b, a, b, other}, 2, true},
		"swapped":  {[]*told{b, a, other}, 0, false}, "lost": {[]*told{a, other}, 0, false},
	} {
		repeated, err := checkHook(log, test.hook)
		if (err == nil) != test.ok || test.ok && repeated != test.repeated {
			t.Errorf("%s: %d, %v", name, repeated, err)
		}
	}
}

// TestLacking has what has not happened named, and as often as it is to happen.
func TestLacking(t *testing.T) {
	events := []*told{event(t, "a", 1, bridge.MessageReceived, "x", ""), event(t, "b", 2, bridge.MessageReaction, "", "")}
	one, reaction := sight{acc, bridge.MessageReceived, 5, "x"}, sight{acc, bridge.MessageReaction, 5, ""}
	if err := lacking([]sight{one, reaction}, events); err != nil {
		t.Error(err)
	}
	for _, wants := range [][]sight{{one, one}, {{acc, bridge.MessageReceived, 6, "x"}}, {one, reaction, {acc, bridge.MessageSent, 5, "x"}}} {
		if err := lacking(wants, events); err == nil || !strings.Contains(err.Error(), "1 of ") {
			t.Errorf("%v: %v", wants, err)
		}
	}
}
