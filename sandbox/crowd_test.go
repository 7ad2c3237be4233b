package sandbox

import (
	"fmt"
	"testing"

	"godwit/tg"
)

// crowd makes a supergroup with many members and returns it as d knows it.
func (l *lab) crowd(d *device, o Crowd) *tg.InputChannel {
	l.t.Helper()
	o.Title = "Crowd"
	id, err := l.AddCrowd(o)
	if err != nil {
		l.t.Fatal(err)
	}
	return &tg.InputChannel{ChannelID: id, AccessHash: l.world.accessHash(d.self.ID, peerKey{peerChannel, id})}
}

func (d *device) page(ch *tg.InputChannel, offset, limit int32) []tg.ChannelParticipantClass {
	d.l.t.Helper()
	q := &tg.ChannelsGetParticipants{Channel: ch, Filter: &tg.ChannelParticipantsRecent{}, Offset: offset, Limit: limit}
	return must(d, q).(*tg.ChannelsChannelParticipants).Participants
}

// R-PT-03, R-PT-04: at most 200 at a time, and 10,000 at all.
func TestCrowd(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	ch := l.crowd(alice, Crowd{Creator: alicePhone, Members: 12_000})
	for limit, want := range map[int32]int{0: 200, -1: 200, 1: 1, 100: 100, 200: 200, 201: 200} {
		if n := len(alice.page(ch, 0, limit)); n != want {
			t.Errorf("limit %d: %d, want %d", limit, n, want)
		}
	}
	for offset, want := range map[int32]int{-5: 200, 9_900: 100, 10_000: 0, 11_000: 0} {
		if n := len(alice.page(ch, offset, 200)); n != want {
			t.Errorf("offset %d: %d, want %d", offset, n, want)
		}
	}
	// Who writes comes first.
	l.clock.advance(60e9)
	alice.say(inputPeer(ch), "hello")
	if p, ok := alice.page(ch, 0, 1)[0].(*tg.ChannelParticipantCreator); !ok || p.UserID != alice.self.ID {
		t.Errorf("the first is %+v", p)
	}
}

func TestCrowdThatCannotBe(t *testing.T) {
	l := newLab(t)
	l.person(alicePhone, "Alice")
	for i, o := range []Crowd{
		{Title: "T", Creator: bobPhone}, {Creator: alicePhone}, {Title: "T", Creator: alicePhone, Username: "a"},
		{Title: "T", Creator: alicePhone, Members: -1}, {Title: "T", Creator: alicePhone, Bots: 1},
		{Title: "T", Creator: alicePhone, Phones: []string{bobPhone}},
	} {
		if _, err := l.AddCrowd(o); err == nil {
			t.Errorf("crowd %d was made", i)
		}
	}
	if n := len(l.world.channels); n != 0 {
		t.Errorf("%d channels are left of them", n)
	}
}

// BenchmarkPage measures a page of the members of a large group, which is made
// while nobody else can use the world.
func BenchmarkPage(b *testing.B) {
	l := newLab(b)
	alice := l.person(alicePhone, "Alice")
	ch := l.crowd(alice, Crowd{Creator: alicePhone, Members: 20_000})
	for _, size := range []int32{100, 200} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			offset := int32(0)
			for b.Loop() {
				alice.page(ch, offset, size)
				offset = (offset + size) % visibleMembers
			}
		})
	}
}

// BenchmarkPostToCrowd measures a message to a large group of which few are
// online.
func BenchmarkPostToCrowd(b *testing.B) {
	l := newLab(b)
	alice := l.person(alicePhone, "Alice")
	ch := l.crowd(alice, Crowd{Creator: alicePhone, Members: 20_000})
	for b.Loop() {
		alice.say(inputPeer(ch), "x")
	}
}
