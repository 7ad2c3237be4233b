package updates

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// epoch is when every test begins.
var epoch = time.Unix(1_700_000_000, 0)

// stored is where the account of most tests stands.
var stored = State{
	Common:   Common{PTS: 10, QTS: 5, Date: 100, Seq: 3},
	Channels: map[int64]int32{7: 20},
}

// bench is an engine with what it has put out.
type bench struct {
	*Engine
	t       *testing.T
	now     time.Time
	state   State
	got     []string // what was delivered, as label writes it
	lost    int
	fetches []Fetch
}

// newBench returns an engine that has started from the stored state and
// missed nothing.
func newBench(t *testing.T) *bench {
	b := startBench(t, Options{State: stored.Clone()})
	b.GotDifference(b.now, &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 3})
	b.take()
	b.fetches = nil
	return b
}

func startBench(t *testing.T, o Options) *bench {
	b := &bench{t: t, Engine: New(o), now: epoch, state: o.State.Clone()}
	b.Start(b.now)
	b.take()
	return b
}

// take takes everything that the engine has put out.
func (b *bench) take() {
	for _, d := range b.Deliveries() {
		for _, u := range d.Updates {
			b.got = append(b.got, label(u))
		}
		if d.Lost != nil {
			b.got = append(b.got, fmt.Sprintf("lost %d", d.Lost.Channel))
			b.lost++
		}
		b.state.Apply(d.Change)
	}
	b.fetches = append(b.fetches, b.Fetches()...)
}

func (b *bench) receive(u ...tg.UpdatesClass) {
	for _, one := range u {
		b.Receive(b.now, one)
	}
	b.take()
}

// wait lets time pass, ticking as the deadlines ask.
func (b *bench) wait(d time.Duration) {
	end := b.now.Add(d)
	for {
		at := b.Deadline()
		if at.IsZero() || at.After(end) {
			break
		}
		if at.After(b.now) {
			b.now = at
		}
		b.Tick(b.now)
		b.take()
	}
	b.now = end
	b.Tick(b.now)
	b.take()
}

func (b *bench) want(want ...string) {
	b.t.Helper()
	if !slices.Equal(b.got, want) {
		b.t.Errorf("delivered %q, want %q", b.got, want)
	}
	b.got = nil
}

func (b *bench) wantFetches(want ...Fetch) {
	b.t.Helper()
	if !slices.Equal(b.fetches, want) {
		b.t.Errorf("fetches %+v, want %+v", b.fetches, want)
	}
	b.fetches = nil
}

func (b *bench) wantCommon(want Common) {
	b.t.Helper()
	if b.state.Common != want {
		b.t.Errorf("stored state %+v, want %+v", b.state.Common, want)
	}
	if got := b.State().Common; got != want {
		b.t.Errorf("state %+v, want %+v", got, want)
	}
}

func (b *bench) wantChannel(id int64, pts int32) {
	b.t.Helper()
	if b.state.Channels[id] != pts || b.State().Channels[id] != pts {
		b.t.Errorf("channel %d: stored pts %d, pts %d, want %d", id, b.state.Channels[id], b.State().Channels[id], pts)
	}
}

// label names an update: "message a", "qts 6", "typing 1".
func label(u tg.UpdateClass) string {
	switch u := u.(type) {
	case *tg.UpdateNewMessage:
		return text(u.Message)
	case *tg.UpdateNewChannelMessage:
		return text(u.Message)
	case *tg.UpdateDeleteMessages:
		return "delete"
	case *tg.UpdateNewEncryptedMessage:
		return "secret"
	case *tg.UpdateBotStopped:
		return fmt.Sprintf("qts %d", u.Qts)
	case *tg.UpdateUserTyping:
		return fmt.Sprintf("typing %d", u.UserID)
	case *tg.UpdateMessageID:
		return fmt.Sprintf("id %d", u.ID)
	}
	name, _, _ := strings.Cut(fmt.Sprintf("%T", u), "{")
	return strings.TrimPrefix(name, "*tg.")
}

func text(m tg.MessageClass) string { return m.(*tg.Message).Message }

// Constructors of what tests need.

func message(s string) *tg.Message {
	return &tg.Message{ID: 1, PeerID: &tg.PeerUser{UserID: 5}, Message: s}
}

func channelMessage(channel int64, s string) *tg.Message {
	return &tg.Message{ID: 1, PeerID: &tg.PeerChannel{ChannelID: channel}, Message: s}
}

func pts(s string, pts, count int32) *tg.UpdateNewMessage {
	return &tg.UpdateNewMessage{Message: message(s), Pts: pts, PtsCount: count}
}

func own(channel int64, s string, pts, count int32) *tg.UpdateNewChannelMessage {
	return &tg.UpdateNewChannelMessage{Message: channelMessage(channel, s), Pts: pts, PtsCount: count}
}

func qts(n int32) *tg.UpdateBotStopped { return &tg.UpdateBotStopped{Qts: n} }

func typing(n int64) *tg.UpdateUserTyping {
	return &tg.UpdateUserTyping{UserID: n, Action: &tg.SendMessageTypingAction{}}
}

func short(u tg.UpdateClass) *tg.UpdateShort { return &tg.UpdateShort{Update: u, Date: 200} }

func pack(seq int32, list ...tg.UpdateClass) *tg.Updates {
	return &tg.Updates{Updates: list, Date: 200, Seq: seq}
}

func tooLongAt(channel int64, pts int32) *tg.UpdateChannelTooLong {
	u := &tg.UpdateChannelTooLong{ChannelID: channel}
	if pts != 0 {
		u.Pts = tl.Some(pts)
	}
	return u
}

// difference is what the common boxes of stored would be asked for.
var difference = Fetch{Kind: FetchDifference, PTS: 10, QTS: 5, Date: 100}

func channelDifference(id int64, pts int32) Fetch {
	return Fetch{Kind: FetchChannelDifference, Channel: id, PTS: pts, Limit: 100}
}
