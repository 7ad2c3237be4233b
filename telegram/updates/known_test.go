package updates

import (
	"fmt"
	"testing"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// The tests of this file are failures that users of other libraries have
// reported.

// TestTimeoutIsAHint: the timeout of a channel difference says when to look
// again, not that nothing may be fetched or delivered before (gotd #1852).
func TestTimeoutIsAHint(t *testing.T) {
	b := newBench(t)
	b.receive(short(tooLongAt(7, 0)))
	b.wantFetches(channelDifference(7, 20))
	b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifferenceEmpty{
		Final: true, Pts: 20, Timeout: tl.Some(int32(300)),
	})
	b.receive(short(own(7, "a", 21, 1)))
	b.want("a")
	b.receive(short(own(7, "c", 23, 1)))
	b.wait(gapWait)
	b.wantFetches(channelDifference(7, 21))
	b.receive(short(own(7, "d", 24, 1)))
	b.GotChannelDifference(b.now, 7, &tg.UpdatesChannelDifference{
		Final: true, Pts: 23, Timeout: tl.Some(int32(300)),
		NewMessages: []tg.MessageClass{channelMessage(7, "b"), channelMessage(7, "c")},
	})
	b.take()
	b.want("b", "c", "d")
	b.wantChannel(7, 24)
}

// TestHundredsOfUnreadChannels: an account that starts with unread messages in
// many channels, whose differences hold updates of one another, gets through
// them all (gotd #1658).
func TestHundredsOfUnreadChannels(t *testing.T) {
	const channels = 600
	o := Options{State: stored.Clone()}
	var announced []tg.UpdateClass
	for id := range int64(channels) {
		o.State.Channels[100+id] = 1
		announced = append(announced, tooLongAt(100+id, 3))
	}
	b := startBench(t, o)
	b.fetches = nil
	b.GotDifference(b.now, &tg.UpdatesDifference{
		OtherUpdates: announced, State: tg.UpdatesState{Pts: 11, Qts: 5, Date: 101, Seq: 4},
	})
	b.take()
	delivered := make(map[string]int)
	for rounds := 0; len(b.fetches) > 0; rounds++ {
		if rounds > 10*channels {
			t.Fatal("it never ends")
		}
		f := b.fetches[0]
		b.fetches = b.fetches[1:]
		next := 100 + (f.Channel-99)%channels
		d := &tg.UpdatesChannelDifference{
			Final: f.PTS == 2, Pts: f.PTS + 1,
			NewMessages: []tg.MessageClass{channelMessage(f.Channel, fmt.Sprint(f.Channel, " ", f.PTS+1))},
		}
		if f.PTS == 2 {
			d.OtherUpdates = []tg.UpdateClass{own(next, fmt.Sprint(next, " 4"), 4, 1)}
		}
		b.GotChannelDifference(b.now, f.Channel, d)
		b.take()
		for _, text := range b.got {
			delivered[text]++
		}
		b.got = nil
	}
	for id := int64(100); id < 100+channels; id++ {
		for n := 2; n <= 4; n++ {
			if text := fmt.Sprint(id, " ", n); delivered[text] != 1 {
				t.Fatalf("%s was delivered %d times", text, delivered[text])
			}
		}
		b.wantChannel(id, 4)
	}
}

// TestOwnRequestsLeaveNoGap: reading and answering move the pts by results
// that are no updates; the next message that comes in is delivered at once, and
// one that does get lost is fetched without a further one having to come (gotd
// #1623, #1382).
func TestOwnRequestsLeaveNoGap(t *testing.T) {
	b := newBench(t)
	b.receive(short(pts("they write", 11, 1)))
	b.Affected(b.now, 0, 12, 1) // messages.readHistory
	b.receive(&tg.UpdateShortSentMessage{ID: 9, Pts: 13, PtsCount: 1})
	b.receive(short(pts("they answer", 14, 1)))
	b.want("they write", "they answer")
	b.wantFetches()
	b.receive(short(pts("an edit", 16, 1)))
	b.want()
	b.wait(gapWait)
	b.wantFetches(difference14)
}

var difference14 = Fetch{Kind: FetchDifference, PTS: 14, QTS: 5, Date: 100}

// TestFirstOfAChannel: the first update of a channel that nothing is known of
// is delivered, and sets its pts; one that is ahead of the pts from a dialog
// leads to the difference and is delivered once (WTelegramClient #300).
func TestFirstOfAChannel(t *testing.T) {
	b := newBench(t)
	b.receive(short(own(9, "first", 15, 1)))
	b.want("first")
	b.wantChannel(9, 15)

	b.SetChannel(8, 13)
	b.receive(short(own(8, "new", 15, 1)), &tg.UpdatesTooLong{})
	b.GotDifference(b.now, &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 3})
	b.take()
	b.want()
	b.fetches = nil
	b.wait(gapWait)
	b.wantFetches(channelDifference(8, 13))
	b.GotChannelDifference(b.now, 8, &tg.UpdatesChannelDifference{
		Final: true, Pts: 15, NewMessages: []tg.MessageClass{channelMessage(8, "edited"), channelMessage(8, "new")},
	})
	b.take()
	b.want("edited", "new")
	b.wait(time.Minute)
	b.want()
	b.wantChannel(8, 15)
}

// TestStateDoesNotStrandUpdates: what was held back while the difference was
// fetched is delivered even if the difference moves the state past the gap
// (gotd #1853).
func TestStateDoesNotStrandUpdates(t *testing.T) {
	b := newBench(t)
	for n := int32(13); n <= 20; n++ {
		b.receive(short(pts(fmt.Sprint("edit ", n), n, 1)))
	}
	b.wait(gapWait)
	b.wantFetches(difference)
	b.receive(short(pts("edit 21", 21, 1)))
	b.GotDifference(b.now, &tg.UpdatesDifference{
		NewMessages: []tg.MessageClass{message("edit 11"), message("edit 12"), message("edit 13"), message("edit 14")},
		State:       tg.UpdatesState{Pts: 14, Qts: 5, Date: 101, Seq: 3},
	})
	b.take()
	b.want("edit 11", "edit 12", "edit 13", "edit 14", "edit 15", "edit 16", "edit 17", "edit 18", "edit 19",
		"edit 20", "edit 21")
}
