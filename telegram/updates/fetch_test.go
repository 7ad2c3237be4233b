package updates

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

func rpcError(code int, message string) error {
	return fmt.Errorf("fetching: %w", mtproto.NewRPCError(code, message))
}

// TestCommonFailures has what the failures of getDifference lead to (R-UP-28).
func TestCommonFailures(t *testing.T) {
	state := Fetch{Kind: FetchState}
	tests := []struct {
		err  error
		wait time.Duration
		then []Fetch
	}{
		{rpcError(400, "PERSISTENT_TIMESTAMP_EMPTY"), 0, []Fetch{state}},
		{rpcError(400, "PERSISTENT_TIMESTAMP_INVALID"), 0, []Fetch{state}},
		{rpcError(500, "PERSISTENT_TIMESTAMP_OUTDATED"), time.Second, []Fetch{difference}},
		{rpcError(500, "HISTORY_GET_FAILED"), time.Second, []Fetch{difference}},
		{rpcError(-503, "Timeout"), time.Second, []Fetch{difference}},
		{rpcError(420, "FLOOD_WAIT_17"), 17 * time.Second, []Fetch{difference}},
		{rpcError(401, "SESSION_REVOKED"), time.Second, []Fetch{difference}},
		{errors.New("connection lost"), time.Second, []Fetch{difference}},
	}
	for _, test := range tests {
		t.Run(test.err.Error(), func(t *testing.T) {
			b := startBench(t, Options{State: stored.Clone()})
			b.fetches = nil
			b.receive(short(pts("a", 11, 1)))
			b.Failed(b.now, difference, test.err)
			b.take()
			if test.wait > 0 {
				b.wait(test.wait - 1)
				b.wantFetches()
				b.wait(1)
			}
			b.want() // still held back
			b.wantFetches(test.then...)
		})
	}
	t.Run("a refusal", func(t *testing.T) {
		b := newBench(t)
		b.receive(short(pts("b", 12, 1)), short(qts(9)), pack(7, typing(1)))
		b.wait(gapWait)
		b.wantFetches(difference)
		b.Failed(b.now, difference, rpcError(400, "INPUT_METHOD_INVALID"))
		b.take()
		b.want("lost 0", "b", "qts 9", "typing 1")
		b.wantCommon(Common{12, 9, 200, 7})
	})
}

// TestChannelFailures has the same for getChannelDifference (R-UP-28).
func TestChannelFailures(t *testing.T) {
	fetch := channelDifference(7, 20)
	start := func(t *testing.T) *bench {
		b := newBench(t)
		b.receive(short(own(7, "b", 22, 1)))
		b.wait(gapWait)
		b.wantFetches(fetch)
		return b
	}
	for _, name := range []string{"CHANNEL_PRIVATE", "CHANNEL_INVALID", "USER_BANNED_IN_CHANNEL"} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			b.Failed(b.now, fetch, rpcError(400, name))
			b.take()
			if _, ok := b.state.Channels[7]; ok {
				t.Error("the channel's pts is still stored")
			}
			b.receive(short(own(7, "c", 30, 1))) // let in again
			b.want("c")
			b.wantChannel(7, 30)
		})
	}
	t.Run("PERSISTENT_TIMESTAMP_INVALID", func(t *testing.T) {
		b := start(t)
		b.Failed(b.now, fetch, rpcError(400, "PERSISTENT_TIMESTAMP_INVALID"))
		b.take()
		b.wantFetches(channelDifference(7, 1))
	})
	t.Run("500", func(t *testing.T) {
		b := start(t)
		b.Failed(b.now, fetch, rpcError(500, "HISTORY_GET_FAILED"))
		b.wait(firstBackoff - 1)
		b.wantFetches()
		b.wait(1)
		b.wantFetches(fetch)
		b.Failed(b.now, fetch, rpcError(500, "HISTORY_GET_FAILED"))
		b.wait(2*firstBackoff - 1)
		b.wantFetches()
		b.wait(1)
		b.wantFetches(fetch)
	})
}

// TestChannelDifferences has each answer to getChannelDifference (R-UP-25,
// R-UP-26).
func TestChannelDifferences(t *testing.T) {
	b := newBench(t)
	b.receive(short(tooLongAt(7, 0)))
	b.wantFetches(channelDifference(7, 20))
	b.receive(short(own(7, "c", 23, 1)), short(own(7, "d", 24, 1)))

	b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifference{
		Pts:          21,
		NewMessages:  []tg.MessageClass{channelMessage(7, "a")},
		OtherUpdates: []tg.UpdateClass{&tg.UpdateMessageID{ID: 4}, &tg.UpdateDeleteChannelMessages{ChannelID: 7}},
	})
	b.take()
	b.want("id 4", "a", "UpdateDeleteChannelMessages")
	b.wantChannel(7, 21)
	b.wantFetches(channelDifference(7, 21)) // not final

	b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifference{
		Final: true, Pts: 23, NewMessages: []tg.MessageClass{channelMessage(7, "b"), channelMessage(7, "c")},
	})
	b.take()
	b.want("b", "c", "d")
	b.wantChannel(7, 24)
	b.wantFetches()

	b.receive(short(tooLongAt(7, 90)))
	b.wantFetches(channelDifference(7, 24))
	b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifferenceTooLong{
		Final: true, Dialog: &tg.Dialog{Pts: tl.Some(int32(95))}, Messages: []tg.MessageClass{channelMessage(7, "z")},
	})
	b.take()
	b.want("lost 7")
	b.wantChannel(7, 95)
	b.wantFetches()
}

// TestChannelProgress has an answer that is not final and changes nothing
// followed by a pause, and one that does not reach what was announced by no
// endless loop (R-UP-23).
func TestChannelProgress(t *testing.T) {
	b := newBench(t)
	b.receive(short(tooLongAt(7, 90)))
	b.wantFetches(channelDifference(7, 20))
	b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifferenceEmpty{Pts: 20})
	b.take()
	b.wantFetches()
	b.wait(time.Second)
	b.wantFetches(channelDifference(7, 20))
	b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: 20})
	b.take()
	b.wantFetches(channelDifference(7, 20)) // once more: 90 was announced
	b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: 20})
	b.wait(idleWait - time.Second - 1)
	b.wantFetches()
}

// TestChannelTooLong has updateChannelTooLong fetched for where it says
// something new (R-UP-27).
func TestChannelTooLong(t *testing.T) {
	b := newBench(t)
	b.receive(short(tooLongAt(7, 20)), short(tooLongAt(7, 3)))
	b.wantFetches()
	b.receive(short(tooLongAt(7, 21)))
	b.wantFetches(channelDifference(7, 20))
	b.receive(short(tooLongAt(7, 22))) // the answer under way may not have it
	b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: 21})
	b.take()
	b.wantFetches(channelDifference(7, 21))
	b.receive(short(tooLongAt(7, 0)))
	b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: 22})
	b.take()
	b.wantFetches(channelDifference(7, 22))
}

// TestManyChannels has ten differences at most under way at once, and every
// channel fetched in the end (R-UP-29).
func TestManyChannels(t *testing.T) {
	b := newBench(t)
	const channels = 3000
	for id := int64(100); id < 100+channels; id++ {
		b.Receive(b.now, short(tooLongAt(id, 2)))
	}
	b.take()
	seen := map[int64]bool{}
	for len(b.fetches) > 0 {
		if len(b.fetches) > MaxChannelFetches {
			t.Fatalf("%d channel differences at once", len(b.fetches))
		}
		f := b.fetches[0]
		b.fetches = b.fetches[1:]
		if seen[f.Channel] {
			t.Fatalf("channel %d fetched twice", f.Channel)
		}
		seen[f.Channel] = true
		b.GotChannelDifference(b.now, f.Channel, &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: 2})
		b.take()
	}
	if len(seen) != channels {
		t.Errorf("%d channels fetched, want %d", len(seen), channels)
	}
}

// TestWatch has channels that are being read polled as often as Telegram
// says, ten at most (R-UP-29).
func TestWatch(t *testing.T) {
	b := newBench(t)
	for id := int64(1); id <= MaxWatched; id++ {
		for range 2 { // the second time changes nothing
			if !b.Watch(id) {
				t.Fatalf("no room for channel %d", id)
			}
		}
	}
	if b.Watch(99) {
		t.Error("an eleventh channel is watched")
	}
	b.take()
	b.fetches = nil
	for id := int64(1); id <= MaxWatched; id++ {
		empty := &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: 2, Timeout: tl.Some(int32(30))}
		if id == 2 {
			empty.Timeout = tl.Optional[int32]{}
		}
		b.GotChannelDifference(b.now, id, empty)
	}
	for id := int64(4); id <= MaxWatched; id++ {
		b.Unwatch(id)
	}
	b.wait(watchWait)
	b.wantFetches(channelDifference(2, 2))
	b.wait(30*time.Second - watchWait)
	b.wantFetches(channelDifference(1, 2), channelDifference(3, 2))
	b.Unwatch(1)
	if !b.Watch(99) {
		t.Error("no room after Unwatch")
	}
}

// TestBotLimit has bots fetch more of a channel at once (R-UP-25).
func TestBotLimit(t *testing.T) {
	b := startBench(t, Options{State: stored.Clone(), Bot: true})
	b.fetches = nil
	b.receive(short(tooLongAt(7, 0)))
	b.wantFetches(Fetch{Kind: FetchChannelDifference, Channel: 7, PTS: 20, Limit: 100000})
}

// TestFlood has a box that is held back for too long throw its updates away
// and fetch them instead (R-IX-28).
func TestFlood(t *testing.T) {
	b := startBench(t, Options{State: stored.Clone()})
	b.fetches = nil
	for i := int32(11); i < 20+maxPending; i++ {
		b.Receive(b.now, short(pts("m", i, 1)))
	}
	if n := len(b.pts.pending); n > maxPending {
		t.Errorf("%d updates held", n)
	}
	b.GotDifference(b.now, &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 3})
	b.take()
	b.wantFetches(difference)
}
