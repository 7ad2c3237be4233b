package updates

import (
	"testing"

	"godwit/tg"
)

// BenchmarkReceive measures an update of one of ten thousand channels, with
// the delivery and the deadline that it leads to.
func BenchmarkReceive(b *testing.B) {
	const channels = 10_000
	e := New(Options{State: State{Common: stored.Common}})
	for id := int64(1); id <= channels; id++ {
		e.SetChannel(id, 1)
	}
	e.Start(epoch)
	e.GotDifference(epoch, &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 3})
	e.Deliveries()
	u := own(0, "m", 0, 1)
	peer := u.Message.(*tg.Message).PeerID.(*tg.PeerChannel)
	list := pack(0, u)
	b.ReportAllocs()
	for i := range b.N {
		peer.ChannelID, u.Pts = int64(i%channels)+1, int32(i/channels)+2
		e.Receive(epoch, list)
		if len(e.Deliveries()) != 1 || e.Deadline().IsZero() {
			b.Fatal("not delivered")
		}
	}
}
