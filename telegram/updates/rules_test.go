package updates

import (
	"testing"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// TestCounters has what arrives in order, twice, too early and too late, for
// each of the counters.
func TestCounters(t *testing.T) {
	tests := []struct {
		name  string
		in    []tg.UpdatesClass
		want  []string
		state Common
	}{
		{
			"R-UP-11 in order",
			[]tg.UpdatesClass{short(pts("a", 11, 1)), short(pts("b", 13, 2))},
			[]string{"a", "b"}, Common{13, 5, 100, 3},
		}, {
			"R-UP-11 seen before",
			[]tg.UpdatesClass{short(pts("a", 11, 1)), short(pts("a", 11, 1)), short(pts("old", 4, 1))},
			[]string{"a"}, Common{11, 5, 100, 3},
		}, {
			"R-UP-11 overtaken",
			[]tg.UpdatesClass{short(pts("b", 12, 1)), short(pts("c", 14, 2)), short(pts("a", 11, 1))},
			[]string{"a", "b", "c"}, Common{14, 5, 100, 3},
		}, {
			"R-UP-11 partly seen",
			[]tg.UpdatesClass{short(pts("a", 11, 3))},
			nil, Common{10, 5, 100, 3},
		}, {
			"R-UP-12 in order and overtaken",
			[]tg.UpdatesClass{short(qts(7)), short(qts(6)), short(qts(6))},
			[]string{"qts 6", "qts 7"}, Common{10, 7, 100, 3},
		}, {
			"R-UP-13 without seq",
			[]tg.UpdatesClass{pack(0, typing(1)), pack(0, typing(2))},
			[]string{"typing 1", "typing 2"}, Common{10, 5, 100, 3},
		}, {
			"R-UP-13 in order",
			[]tg.UpdatesClass{pack(4, typing(1)), pack(5, typing(2))},
			[]string{"typing 1", "typing 2"}, Common{10, 5, 200, 5},
		}, {
			"R-UP-13 seen before",
			[]tg.UpdatesClass{pack(3, typing(1)), pack(4, typing(2)), pack(4, typing(2))},
			[]string{"typing 2"}, Common{10, 5, 200, 4},
		}, {
			"R-UP-13 overtaken, and combined",
			[]tg.UpdatesClass{
				&tg.UpdatesCombined{Updates: []tg.UpdateClass{typing(2)}, Date: 201, SeqStart: 5, Seq: 7},
				pack(8, typing(3)), pack(4, typing(1)),
			},
			[]string{"typing 1", "typing 2", "typing 3"}, Common{10, 5, 201, 8},
		}, {
			"R-UP-14 a change of nothing",
			[]tg.UpdatesClass{short(pts("early", 11, 0)), short(pts("a", 10, 0)), short(pts("late", 9, 0)), short(pts("b", 11, 1))},
			[]string{"a", "b", "early"}, Common{11, 5, 100, 3},
		}, {
			"R-UP-16 counters first, updateMessageID before them",
			[]tg.UpdatesClass{pack(4, typing(1), pts("a", 11, 1), &tg.UpdateMessageID{ID: 9}, qts(6))},
			[]string{"id 9", "a", "qts 6", "typing 1"}, Common{11, 6, 200, 4},
		}, {
			"R-UP-17 a container that seq ignores",
			[]tg.UpdatesClass{pack(2, typing(1), pts("a", 11, 1), &tg.UpdateMessageID{ID: 9})},
			[]string{"a"}, Common{11, 5, 100, 3},
		}, {
			"R-UP-17 a gap of seq holds up nothing else",
			[]tg.UpdatesClass{pack(5, typing(1), pts("a", 11, 1), own(7, "c", 21, 1))},
			[]string{"a", "c"}, Common{11, 5, 100, 3},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.receive(test.in...)
			b.want(test.want...)
			b.wantCommon(test.state)
			b.wantFetches()
		})
	}
}

// TestChannels has the same for the counter of a channel (R-UP-10, R-UP-11).
func TestChannels(t *testing.T) {
	b := newBench(t)
	b.receive(short(own(7, "b", 22, 1)), short(own(8, "x", 33, 1)), short(own(7, "a", 21, 1)),
		short(own(7, "a", 21, 1)), short(own(8, "y", 34, 1)))
	b.want("x", "a", "b", "y")
	b.wantChannel(7, 22)
	b.wantChannel(8, 34)
	b.wantCommon(stored.Common)

	// A dialog tells the pts of a channel, and that something was missed.
	b.SetChannel(9, 50)
	b.SetChannel(9, 40)
	b.SetChannel(7, 25)
	b.take()
	b.wantChannel(9, 50)
	b.wantFetches(channelDifference(7, 22))
}

// TestAffected has the results of own requests move the same counters
// (R-UP-02, R-UP-15).
func TestAffected(t *testing.T) {
	b := newBench(t)
	b.receive(short(pts("b", 13, 1)))
	b.Affected(b.now, 0, 12, 2)
	b.take()
	b.want("b")
	b.Affected(b.now, 7, 21, 1)
	b.Affected(b.now, 7, 21, 1)
	b.take()
	b.wantChannel(7, 21)
	b.receive(&tg.UpdateShortSentMessage{Pts: 14, PtsCount: 1})
	b.wantCommon(Common{14, 5, 100, 3})
	b.want()
}

// TestGapWait has a gap wait half a second, and for what is missing alone
// (R-UP-20).
func TestGapWait(t *testing.T) {
	for name, u := range map[string]tg.UpdatesClass{
		"pts": short(pts("b", 12, 1)), "qts": short(qts(7)), "seq": pack(5, typing(1)),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.receive(u)
			b.wait(gapWait - 1)
			b.wantFetches()
			b.wait(1)
			b.wantFetches(difference)
			b.receive(u)
			b.wait(quietWait - time.Second)
			b.wantFetches() // never a second one beside the first
			b.want()
		})
	}
	t.Run("channel", func(t *testing.T) {
		b := newBench(t)
		b.receive(short(own(7, "b", 22, 1)))
		b.wait(gapWait - 1)
		b.wantFetches()
		b.wait(1)
		b.wantFetches(channelDifference(7, 20))
		b.receive(short(pts("a", 11, 1)))
		b.want("a") // no other box waits for it
	})
	t.Run("filled in time", func(t *testing.T) {
		b := newBench(t)
		b.receive(short(pts("b", 12, 1)), short(own(7, "d", 22, 1)))
		b.wait(gapWait / 2)
		b.receive(short(pts("a", 11, 1)), short(own(7, "c", 21, 1)))
		b.wait(time.Minute)
		b.want("a", "b", "c", "d")
		b.wantFetches()
	})
}

// TestDuringFetch has what arrives during a fetch wait for its answer, and
// what the answer holds not delivered twice (R-UP-20, R-UP-22).
func TestDuringFetch(t *testing.T) {
	b := newBench(t)
	b.Lost(b.now)
	b.take()
	b.wantFetches(difference)
	b.receive(short(pts("a", 11, 1)), short(pts("c", 13, 1)), short(qts(6)), pack(4, typing(1)), pack(5, typing(2)))
	b.want()
	b.GotDifference(b.now, &tg.UpdatesDifference{
		NewMessages:  []tg.MessageClass{message("a"), message("b")},
		OtherUpdates: []tg.UpdateClass{qts(6), typing(1), &tg.UpdateMessageID{ID: 3}},
		State:        tg.UpdatesState{Pts: 12, Qts: 6, Seq: 4, Date: 150},
	})
	b.take()
	b.want("id 3", "a", "b", "qts 6", "typing 1", "c", "typing 2")
	b.wantCommon(Common{13, 6, 200, 5})
	b.wantFetches()
}

// TestDifferences has each answer to getDifference (R-UP-21, R-UP-22, R-UP-23).
func TestDifferences(t *testing.T) {
	t.Run("slices", func(t *testing.T) {
		b := startBench(t, Options{State: stored.Clone()})
		b.wantFetches(difference)
		b.GotDifference(b.now, &tg.UpdatesDifferenceSlice{
			NewMessages:          []tg.MessageClass{message("a")},
			NewEncryptedMessages: []tg.EncryptedMessageClass{&tg.EncryptedMessageService{}},
			OtherUpdates:         []tg.UpdateClass{&tg.UpdateDeleteMessages{}, &tg.UpdateMessageID{ID: 2}},
			IntermediateState:    tg.UpdatesState{Pts: 12, Qts: 6, Seq: 3, Date: 120},
		})
		b.take()
		b.want("id 2", "a", "secret", "delete")
		b.wantCommon(Common{12, 6, 120, 3})
		b.wantFetches(Fetch{Kind: FetchDifference, PTS: 12, QTS: 6, Date: 120})
		b.GotDifference(b.now, &tg.UpdatesDifferenceEmpty{Date: 130, Seq: 4})
		b.take()
		b.wantCommon(Common{12, 6, 130, 4})
		b.wantFetches()
	})
	t.Run("a slice without progress", func(t *testing.T) { // R-UP-23, R-IX-19
		b := startBench(t, Options{State: stored.Clone()})
		stuck := &tg.UpdatesDifferenceSlice{IntermediateState: tg.UpdatesState{Pts: 10, Qts: 5, Date: 100, Seq: 3}}
		b.wantFetches(difference)
		for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			b.GotDifference(b.now, stuck)
			b.wait(wait*time.Second - 1)
			b.wantFetches()
			b.wait(1)
			b.wantFetches(difference)
		}
	})
	t.Run("too long", func(t *testing.T) {
		b := startBench(t, Options{State: stored.Clone()})
		b.fetches = nil
		b.GotDifference(b.now, &tg.UpdatesDifferenceTooLong{Pts: 900})
		b.take()
		b.want("lost 0")
		b.wantCommon(Common{900, 5, 100, 3})
		b.wantFetches(Fetch{Kind: FetchDifference, PTS: 900, QTS: 5, Date: 100})
	})
	t.Run("missed during the fetch", func(t *testing.T) {
		b := startBench(t, Options{State: stored.Clone()})
		b.receive(&tg.UpdatesTooLong{})
		b.wantFetches(difference)
		b.GotDifference(b.now, &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 3})
		b.take()
		b.wantFetches(difference)
	})
	t.Run("not asked for", func(t *testing.T) {
		b := newBench(t)
		b.GotDifference(b.now, &tg.UpdatesDifferenceTooLong{Pts: 900})
		b.GotState(b.now, &tg.UpdatesState{Pts: 900})
		b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifferenceEmpty{Pts: 900})
		b.take()
		b.want()
		b.wantCommon(stored.Common)
	})
}

// TestChannelsInDifference has the updates of channels inside a difference
// obey their own pts (R-UP-24).
func TestChannelsInDifference(t *testing.T) {
	b := startBench(t, Options{State: stored.Clone()})
	b.receive(short(own(7, "b", 22, 1)))
	b.GotDifference(b.now, &tg.UpdatesDifference{
		OtherUpdates: []tg.UpdateClass{
			own(7, "old", 19, 1), own(7, "a", 21, 1), tooLongAt(8, 0), tooLongAt(7, 21), tooLongAt(9, 5),
		},
		State: tg.UpdatesState{Pts: 11, Qts: 5, Seq: 3, Date: 150},
	})
	b.take()
	b.want("a", "b")
	b.wantChannel(7, 22)
	b.wantFetches(difference, channelDifference(8, 1), channelDifference(9, 1))
}

// TestFetchReasons has the other reasons to fetch the difference (R-UP-30,
// R-UP-31).
func TestFetchReasons(t *testing.T) {
	tests := map[string]func(b *bench){
		"R-UP-30 new session":       func(b *bench) { b.Lost(b.now) },
		"R-UP-01 updatesTooLong":    func(b *bench) { b.receive(&tg.UpdatesTooLong{}) },
		"R-UP-30 15 minutes idle":   func(b *bench) { b.wait(idleWait) },
		"R-UP-30 impossible pts":    func(b *bench) { b.receive(short(pts("a", 11, -1))) },
		"R-UP-30 impossible count":  func(b *bench) { b.receive(short(pts("a", 1, 2))) },
		"R-UP-30 message of nobody": func(b *bench) { b.receive(short(own(0, "a", 5, 1))) },
	}
	for name, act := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			act(b)
			b.take()
			b.want()
			b.wantFetches(difference)
		})
	}
	t.Run("an update puts the 15 minutes off", func(t *testing.T) {
		b := newBench(t)
		b.wait(time.Minute)
		b.receive(pack(0, typing(1)))
		b.wait(idleWait - 1)
		b.wantFetches()
		b.wait(1)
		b.wantFetches(difference)
	})
	t.Run("R-IX-28 updates thrown away", func(t *testing.T) {
		b := newBench(t)
		b.LostAll(b.now)
		b.take()
		b.wantFetches(difference, channelDifference(7, 20))
	})
	t.Run("R-UP-10 no state", func(t *testing.T) {
		b := startBench(t, Options{})
		b.wantFetches(Fetch{Kind: FetchState})
		b.receive(short(pts("a", 41, 1)), short(pts("b", 42, 1)))
		b.GotState(b.now, &tg.UpdatesState{Pts: 41, Qts: 2, Date: 9, Seq: 1})
		b.take()
		b.want("b")
		b.wantCommon(Common{42, 2, 9, 1})
		b.wantFetches()
	})
	t.Run("R-UP-14 the state was reset", func(t *testing.T) {
		b := newBench(t)
		b.receive(short(&tg.UpdatePtsChanged{}))
		b.wantFetches(Fetch{Kind: FetchState})
		b.GotState(b.now, &tg.UpdatesState{Pts: 1, Qts: 2, Date: 300, Seq: 1})
		b.take()
		b.want("lost 0")
		b.wantCommon(Common{1, 2, 300, 1})
	})
}

// TestUnknownPeers has messages of unknown people fetched instead (R-UP-03,
// R-UP-30).
func TestUnknownPeers(t *testing.T) {
	knows := func(p tg.PeerClass) bool {
		user, ok := p.(*tg.PeerUser)
		return ok && user.UserID == 1
	}
	start := func(t *testing.T) *bench {
		b := startBench(t, Options{State: stored.Clone(), Knows: knows})
		b.GotDifference(b.now, &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 3})
		b.take()
		b.fetches = nil
		return b
	}
	tests := []struct {
		name  string
		in    tg.UpdatesClass
		known bool
	}{
		{"short, known", &tg.UpdateShortMessage{UserID: 1, Message: "m", Pts: 11, PtsCount: 1}, true},
		{"short, unknown", &tg.UpdateShortMessage{UserID: 2, Message: "m", Pts: 11, PtsCount: 1}, false},
		{"short, unknown bot", &tg.UpdateShortMessage{
			UserID: 1, ViaBotID: tl.Some(int64(2)), Message: "m", Pts: 11, PtsCount: 1,
		}, false},
		{"short, unknown origin", &tg.UpdateShortMessage{
			UserID: 1, FwdFrom: &tg.MessageFwdHeader{FromID: &tg.PeerChannel{ChannelID: 1}}, Message: "m", Pts: 11, PtsCount: 1,
		}, false},
		{"chat, unknown", &tg.UpdateShortChatMessage{FromID: 1, ChatID: 1, Message: "m", Pts: 11, PtsCount: 1}, false},
		{"unknown", pack(0, pts("m", 11, 1)), false},
		{"brought along", &tg.Updates{
			Updates: []tg.UpdateClass{pts("m", 11, 1)}, Users: []tg.UserClass{&tg.User{ID: 5}},
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := start(t)
			b.receive(test.in)
			if test.known {
				b.want("m")
				b.wantFetches()
				return
			}
			b.want()
			b.wantFetches(difference)
		})
	}
	t.Run("channel", func(t *testing.T) {
		b := start(t)
		b.receive(pack(0, own(7, "m", 21, 1)))
		b.want()
		b.wantFetches(channelDifference(7, 20))
		b.receive(&tg.Updates{
			Updates: []tg.UpdateClass{own(6, "n", 21, 1)}, Chats: []tg.ChatClass{&tg.Channel{ID: 6}},
		})
		b.want("n")
	})
	t.Run("no differences to be had", func(t *testing.T) {
		b := start(t)
		b.receive(pack(0, pts("m", 11, 1)))
		b.Failed(b.now, difference, rpcError(400, "INPUT_METHOD_INVALID"))
		b.take()
		b.want("lost 0", "m")
	})
}

// TestShort has short messages expanded (R-UP-01, R-UP-03).
func TestShort(t *testing.T) {
	b := newBench(t)
	b.Receive(b.now, &tg.UpdateShortMessage{ID: 3, UserID: 5, Out: true, Message: "hi", Pts: 11, PtsCount: 1, Date: 7})
	b.Receive(b.now, &tg.UpdateShortMessage{ID: 4, UserID: 5, Message: "ho", Pts: 12, PtsCount: 1})
	b.Receive(b.now, &tg.UpdateShortChatMessage{ID: 5, ChatID: 6, FromID: 5, Message: "he", Pts: 13, PtsCount: 1})
	want := []tg.Message{
		{ID: 3, PeerID: &tg.PeerUser{UserID: 5}, Out: true, Message: "hi", Date: 7},
		{ID: 4, PeerID: &tg.PeerUser{UserID: 5}, FromID: &tg.PeerUser{UserID: 5}, Message: "ho"},
		{ID: 5, PeerID: &tg.PeerChat{ChatID: 6}, FromID: &tg.PeerUser{UserID: 5}, Message: "he"},
	}
	var got []tg.MessageClass
	for _, d := range b.Deliveries() {
		for _, u := range d.Updates {
			got = append(got, u.(*tg.UpdateNewMessage).Message)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d messages, want %d", len(got), len(want))
	}
	for i := range want {
		if a, b := encode(t, got[i]), encode(t, &want[i]); a != b {
			t.Errorf("message %d is\n%x, want\n%x", i, a, b)
		}
	}

	sent := ExpandSent(&tg.UpdateShortSentMessage{ID: 8, Pts: 14, PtsCount: 1, Date: 9},
		&tg.MessagesSendMessage{Message: "out", RandomID: 77}, 1, &tg.PeerUser{UserID: 5})
	b.receive(sent)
	b.want("id 8", "out")
	b.wantCommon(Common{14, 5, 100, 3})
}

func encode(t *testing.T, v tl.Object) string {
	t.Helper()
	p, err := tl.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}
