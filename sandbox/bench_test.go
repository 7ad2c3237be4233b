package sandbox

import (
	"strconv"
	"testing"

	"godwit/internal/layer"
	"godwit/tg"
	"godwit/tl"
)

// What one chat message between two people costs the server, unwrapping,
// encoding and pushing included, for clients of the newest and the oldest
// layer.
func BenchmarkSend(b *testing.B) {
	for _, speaks := range []int{layer.Latest, layer.Oldest} {
		b.Run("layer "+strconv.Itoa(speaks), func(b *testing.B) {
			l := newLab(b)
			alice, bob := l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob")
			bob.layer, bob.inited = speaks, false
			must(bob, &tg.HelpGetNearestDC{})
			q := &tg.MessagesSendMessage{Peer: alice.meet(bobPhone), Message: "What one chat message costs"}
			b.ReportAllocs()
			for b.Loop() {
				q.RandomID++
				raw, err := tl.Marshal(q)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := alice.query(raw); err != nil {
					b.Fatal(err)
				}
				bob.pushes()
			}
		})
	}
}
