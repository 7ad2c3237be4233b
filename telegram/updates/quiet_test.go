package updates

import (
	"testing"
	"time"

	"godwit/tg"
)

// TestQuietChannels has channels that Telegram does not push asked after, one
// at a time (Telethon #4345).
func TestQuietChannels(t *testing.T) {
	state := stored.Clone()
	state.Channels = map[int64]int32{1: 10, 2: 20, 3: 30}
	start := func(t *testing.T, o Options) *bench {
		o.State = state.Clone()
		b := startBench(t, o)
		b.GotDifference(b.now, &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 3})
		b.take()
		b.fetches = nil
		return b
	}
	alive := func(b *bench) { b.receive(pack(0, typing(1))); b.got = nil }

	t.Run("the one that has been silent for longest first", func(t *testing.T) {
		b := start(t, Options{})
		b.wait(10 * time.Minute)
		b.receive(short(own(1, "a", 11, 1)))
		b.want("a")
		b.wait(10*time.Minute - 1)
		b.wantFetches()
		b.wait(1)
		b.wantFetches(channelDifference(2, 20))
		b.wait(quietSpacing - 1)
		b.wantFetches()
		b.wait(1)
		b.wantFetches(channelDifference(3, 30))
		b.GotChannelDifference(b.now, 2, &tg.UpdatesChannelDifference{
			Final: true, Pts: 21, NewMessages: []tg.MessageClass{channelMessage(2, "missed")},
		})
		b.GotChannelDifference(b.now, 3, &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: 30})
		b.take()
		b.want("missed")
		alive(b)
		b.wait(10*time.Minute - quietSpacing)
		b.wantFetches(channelDifference(1, 11))
	})
	t.Run("forgotten ones are left alone", func(t *testing.T) {
		b := start(t, Options{})
		b.receive(short(tooLongAt(1, 0)))
		b.wantFetches(channelDifference(1, 10))
		b.Failed(b.now, Fetch{Kind: FetchChannelDifference, Channel: 1}, rpcError(400, "CHANNEL_PRIVATE"))
		b.take()
		alive(b)
		b.wait(14 * time.Minute)
		alive(b)
		b.wait(7 * time.Minute)
		b.wantFetches(channelDifference(2, 20), channelDifference(3, 30))
	})
	t.Run("new ones count from when they appear", func(t *testing.T) {
		b := start(t, Options{})
		b.wait(10 * time.Minute)
		alive(b)
		b.SetChannel(9, 90)
		b.take()
		b.wait(quietWait - 10*time.Minute + time.Minute)
		b.fetches = nil
		alive(b)
		b.wait(9 * time.Minute)
		b.wantFetches(channelDifference(9, 90))
	})
	t.Run("bots are told everything", func(t *testing.T) {
		b := start(t, Options{Bot: true})
		b.wait(14 * time.Minute)
		alive(b)
		b.wait(14 * time.Minute)
		b.wantFetches()
	})
	t.Run("thousands cost no more", func(t *testing.T) {
		o := Options{State: stored.Clone()}
		for id := range int64(6000) {
			o.State.Channels[100+id] = 5
		}
		b := startBench(t, o)
		b.GotDifference(b.now, &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 3})
		asked := make(map[int64]bool)
		const hours = 4
		for end := b.now.Add(hours * time.Hour); b.now.Before(end); {
			b.wait(quietSpacing)
			for _, f := range b.fetches {
				if f.Kind == FetchChannelDifference {
					asked[f.Channel] = true
					b.GotChannelDifference(b.now, f.Channel, &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: f.PTS})
				} else {
					b.GotDifference(b.now, &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 3})
				}
			}
			if len(b.fetches) > 2 {
				t.Fatalf("%d fetches in %v", len(b.fetches), quietSpacing)
			}
			b.fetches = nil
		}
		if len(asked) != 6001 {
			t.Errorf("%d of 6001 channels asked after in %d hours", len(asked), hours)
		}
	})
}

// TestLag has how far each box is behind.
func TestLag(t *testing.T) {
	b := newBench(t)
	if got := b.Lagging(); got != nil {
		t.Fatalf("%+v lag behind nothing", got)
	}
	later := epoch.Add(time.Second / 10)
	b.now = later
	b.receive(short(own(7, "c", 23, 1)), short(tooLongAt(8, 50)), short(pts("x", 14, 2)), short(qts(7)))
	want := []Lag{
		{Channel: 8, Ahead: 50, Fetching: true, Heard: later},
		{PTS: 10, Ahead: 14, Held: 2, Heard: later},
		{Channel: 7, PTS: 20, Ahead: 23, Held: 1, Heard: later},
	}
	got := b.Lagging()
	if len(got) != len(want) {
		t.Fatalf("lagging %+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("lag %+v, want %+v", got[i], want[i])
		}
	}
	if n := got[0].Behind(); n != 50 {
		t.Errorf("behind by %d", n)
	}
	b.receive(short(own(7, "b", 22, 2)))
	b.GotChannelDifference(b.now, 8, &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: 50})
	b.receive(short(pts("w", 12, 2)), short(qts(6)))
	if got := b.Lagging(); got != nil {
		t.Errorf("%+v still lag behind", got)
	}
	n := 0
	for range b.Lags() {
		n++
		break
	}
	for range b.Lags() {
		n++
	}
	if n != 4 {
		t.Errorf("%d boxes", n-1)
	}
}
