package updates

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// The simulation: a server with a log for each counter, a network that loses,
// repeats, delays and reorders, a client that crashes between deliveries, and
// at the end a comparison of what was handled with the logs: every event once,
// in order (R-UP-11 to R-UP-13, R-UP-20, R-UP-22, R-UP-24, R-UP-26).

// An event is one entry of the server's log.
type event struct {
	counter string // "pts", "qts", "seq" or "channel N"
	channel int64
	end     int32
	count   int32
	date    int32
	n       int // number within its counter, from 1
}

func (v event) update() tg.UpdateClass {
	s := fmt.Sprintf("%s#%d", v.counter, v.n)
	switch {
	case v.channel != 0:
		return own(v.channel, s, v.end, v.count)
	case v.counter == "pts":
		return pts(s, v.end, v.count)
	case v.counter == "qts":
		return qts(v.end)
	}
	return typing(int64(v.n))
}

type server struct {
	rand *rand.Rand
	logs map[string][]event
	ends map[string]int32
	date int32
}

var channels = []int64{31, 32, 33}

func newServer(r *rand.Rand) *server {
	return &server{rand: r, logs: map[string][]event{}, ends: map[string]int32{
		"pts": 100, "qts": 50, "seq": 10, "channel 31": 7, "channel 32": 1000, "channel 33": 3,
	}, date: 5000}
}

func (s *server) state() State {
	state := State{
		Common:   Common{PTS: s.ends["pts"], QTS: s.ends["qts"], Seq: s.ends["seq"], Date: s.date},
		Channels: map[int64]int32{},
	}
	for _, id := range channels {
		state.Channels[id] = s.ends[fmt.Sprintf("channel %d", id)]
	}
	return state
}

// happen adds an event to a random log.
func (s *server) happen() event {
	counters := slices.Sorted(maps.Keys(s.ends))
	v := event{counter: counters[s.rand.IntN(len(counters))], count: 1}
	fmt.Sscanf(v.counter, "channel %d", &v.channel)
	if v.channel != 0 || v.counter == "pts" {
		v.count = 1 + s.rand.Int32N(3)
	}
	s.ends[v.counter] += v.count
	s.date++
	v.end, v.date, v.n = s.ends[v.counter], s.date, len(s.logs[v.counter])+1
	s.logs[v.counter] = append(s.logs[v.counter], v)
	return v
}

// pack puts new events into one Updates.
func (s *server) pack() tg.UpdatesClass {
	u := &tg.Updates{}
	for range 1 + s.rand.IntN(3) {
		v := s.happen()
		u.Updates = append(u.Updates, v.update())
		if v.counter == "seq" {
			u.Seq = v.end
			break // one seq, one container
		}
	}
	u.Date = s.date
	return u
}

// since returns up to limit events of a log after a value of its counter.
func (s *server) since(counter string, value int32, limit int) []event {
	log := s.logs[counter]
	first, _ := slices.BinarySearchFunc(log, value, func(v event, value int32) int {
		return cmp.Or(cmp.Compare(v.end, value), -1)
	})
	return log[first:min(len(log), first+limit)]
}

// difference answers updates.getDifference, in slices.
func (s *server) difference(f Fetch) tg.UpdatesDifferenceClass {
	const limit = 4
	d := &tg.UpdatesDifference{State: tg.UpdatesState{Pts: f.PTS, Qts: f.QTS, Date: f.Date}}
	more := false
	for _, v := range s.since("pts", f.PTS, limit) {
		d.NewMessages = append(d.NewMessages, v.update().(*tg.UpdateNewMessage).Message)
		d.State.Pts = v.end
		more = more || v.end != s.ends["pts"] && len(d.NewMessages) == limit
	}
	for _, v := range s.since("qts", f.QTS, 1000) {
		d.OtherUpdates = append(d.OtherUpdates, v.update())
		d.State.Qts = v.end
	}
	if !more { // what has no pts comes with the last slice
		for _, v := range s.logs["seq"] {
			if v.date > f.Date {
				d.OtherUpdates = append(d.OtherUpdates, v.update())
			}
		}
		d.State.Date, d.State.Seq = s.date, s.ends["seq"]
		for _, id := range channels {
			d.OtherUpdates = append(d.OtherUpdates, tooLongAt(id, s.ends[fmt.Sprintf("channel %d", id)]))
		}
		if len(d.NewMessages) == 0 && len(d.OtherUpdates) == 0 {
			return &tg.UpdatesDifferenceEmpty{Date: s.date, Seq: s.ends["seq"]}
		}
		return d
	}
	for _, v := range s.logs["seq"] {
		if v.date <= f.Date {
			d.State.Seq = v.end
		}
	}
	return &tg.UpdatesDifferenceSlice{
		NewMessages: d.NewMessages, OtherUpdates: d.OtherUpdates, IntermediateState: d.State,
	}
}

func (s *server) channelDifference(f Fetch) tg.UpdatesChannelDifferenceClass {
	counter := fmt.Sprintf("channel %d", f.Channel)
	events := s.since(counter, f.PTS, 3)
	if len(events) == 0 {
		return &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: f.PTS}
	}
	d := &tg.UpdatesChannelDifference{}
	for _, v := range events {
		d.NewMessages = append(d.NewMessages, v.update().(*tg.UpdateNewChannelMessage).Message)
		d.Pts = v.end
	}
	d.Final = d.Pts == s.ends[counter]
	return d
}

// A world is the server, the network, and the client with what it has stored.
type world struct {
	*server
	now     time.Time
	engine  *Engine
	network []parcel
	state   State
	handled map[string][]int
}

// A parcel is something on its way to the client.
type parcel struct {
	at   time.Time
	open func(*Engine)
}

func (w *world) send(delay time.Duration, open func(*Engine)) {
	w.network = append(w.network, parcel{w.now.Add(delay), open})
}

func (w *world) delay() time.Duration { return time.Duration(w.rand.Int64N(int64(2 * time.Second))) }

func (w *world) restart() {
	w.network = nil // the connection is gone, and what was on it
	w.engine = New(Options{State: w.state.Clone()})
	w.engine.Start(w.now)
}

// publish makes events, and sends, loses or repeats what tells of them.
func (w *world) publish(faults bool) {
	u := w.pack()
	copies := 1
	if faults {
		copies = []int{0, 1, 1, 1, 1, 2}[w.rand.IntN(6)]
	}
	for range copies {
		var delay time.Duration
		if faults {
			delay = w.delay()
		}
		w.send(delay, func(e *Engine) { e.Receive(w.now, u) })
	}
}

// settle handles what the engine puts out, and reports whether the client
// crashed while doing so.
func (w *world) settle(faults bool) bool {
	for _, d := range w.engine.Deliveries() {
		if faults && w.rand.IntN(150) == 0 {
			return true
		}
		for _, u := range d.Updates {
			w.handle(u)
		}
		w.state.Apply(d.Change)
	}
	for _, f := range w.engine.Fetches() {
		w.fetch(f, faults)
	}
	return false
}

func (w *world) handle(u tg.UpdateClass) {
	var counter string
	var n int
	switch u := u.(type) {
	case *tg.UpdateBotStopped:
		counter, n = "qts", int(u.Qts)-50
	case *tg.UpdateUserTyping:
		counter, n = "seq", int(u.UserID)
	default:
		var channel int
		if _, err := fmt.Sscanf(label(u), "channel %d#%d", &channel, &n); err == nil {
			counter = fmt.Sprintf("channel %d", channel)
		} else {
			fmt.Sscanf(label(u), "pts#%d", &n)
			counter = "pts"
		}
	}
	w.handled[counter] = append(w.handled[counter], n)
}

// fetch answers a request after a while, by what the server knew at some
// moment in between, or fails it.
func (w *world) fetch(f Fetch, faults bool) {
	var delay time.Duration
	if faults {
		delay = w.delay()
		if w.rand.IntN(5) == 0 {
			w.send(delay, func(e *Engine) { e.Failed(w.now, f, rpcError(500, "INTERNAL")) })
			return
		}
	}
	w.send(delay/2, func(*Engine) {
		if f.Kind == FetchChannelDifference {
			d := w.channelDifference(f)
			w.send(delay/2, func(e *Engine) { e.GotChannelDifference(w.now, f.Channel, d) })
			return
		}
		d := w.difference(f)
		w.send(delay/2, func(e *Engine) { e.GotDifference(w.now, d) })
	})
}

// run lets time pass, up to end or until nothing is left to happen.
func (w *world) run(end time.Time, faults bool) {
	for {
		if w.settle(faults) {
			w.restart()
			continue
		}
		next := w.engine.Deadline()
		slices.SortStableFunc(w.network, func(a, b parcel) int { return a.at.Compare(b.at) })
		if len(w.network) > 0 && (next.IsZero() || !w.network[0].at.After(next)) {
			first := w.network[0]
			if first.at.After(end) {
				break
			}
			w.network = w.network[1:]
			w.now = first.at
			first.open(w.engine)
			continue
		}
		if next.IsZero() || next.After(end) {
			break
		}
		if next.After(w.now) {
			w.now = next
		}
		w.engine.Tick(w.now)
	}
	w.now = end
}

func simulate(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{server: newServer(r), now: epoch, handled: map[string][]int{}}
	w.state = w.server.state()
	w.restart()
	for range 60 {
		w.publish(true)
		w.run(w.now.Add(time.Duration(r.Int64N(int64(time.Second)))), true)
	}
	// The faults end. After 15 minutes of silence nothing may be missing.
	w.run(w.now.Add(idleWait+5*time.Minute), false)
	for counter, log := range w.logs {
		want := make([]int, len(log))
		for i := range want {
			want[i] = i + 1
		}
		if got := w.handled[counter]; !slices.Equal(got, want) {
			t.Fatalf("seed %d: %s: handled %v, want 1 to %d", seed, counter, got, len(log))
		}
	}
	want := w.server.state()
	if w.state.Common != want.Common || !maps.Equal(w.state.Channels, want.Channels) {
		t.Fatalf("seed %d: stored %+v, want %+v", seed, w.state, want)
	}
}

// TestSimulation runs many seeds.
func TestSimulation(t *testing.T) {
	for seed := range uint64(2000) {
		simulate(t, seed)
	}
}

// FuzzSimulation runs seeds that nobody has chosen.
func FuzzSimulation(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(simulate)
}

// FuzzReceive gives the engine what no server sends: it must neither panic nor
// fetch without end, and what it stores must be what it says.
func FuzzReceive(f *testing.F) {
	for _, u := range []tl.Object{
		&tg.UpdatesTooLong{}, short(pts("a", 11, 1)), pack(4, typing(1), own(7, "c", 22, 1), tooLongAt(7, 0)),
		&tg.UpdatesCombined{Updates: []tg.UpdateClass{qts(6)}, SeqStart: 4, Seq: 5},
		&tg.UpdatesDifferenceSlice{NewMessages: []tg.MessageClass{message("a")}},
		&tg.UpdatesDifference{OtherUpdates: []tg.UpdateClass{own(7, "c", 21, 1)}},
		&tg.UpdatesChannelDifferenceTooLong{Dialog: &tg.Dialog{
			Peer: &tg.PeerChannel{ChannelID: 7}, NotifySettings: tg.PeerNotifySettings{},
		}},
	} {
		p, err := tl.Marshal(u)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p, p)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		b := newBench(t)
		for range 3 {
			for _, p := range [][]byte{first, second} {
				r := tl.NewReader(p)
				object := tg.DecodeObject(r)
				if r.Finish() != nil {
					return
				}
				b.give(object)
			}
			b.wait(time.Minute)
		}
		if got := b.State(); got.Common != b.state.Common {
			t.Errorf("state %+v, stored %+v", got.Common, b.state.Common)
		}
		if len(b.fetches) > 1000 {
			t.Errorf("%d fetches", len(b.fetches))
		}
	})
}

// give hands an object to the method that takes its like, as the answer to
// what is being fetched.
func (b *bench) give(object tl.Object) {
	switch v := object.(type) {
	case tg.UpdatesClass:
		b.Receive(b.now, v)
	case tg.UpdatesDifferenceClass:
		b.GotDifference(b.now, v)
	case tg.UpdatesChannelDifferenceClass:
		b.Watch(7)
		b.GotChannelDifference(b.now, 7, v)
	case *tg.UpdatesState:
		b.GotState(b.now, v)
	}
	b.take()
}
