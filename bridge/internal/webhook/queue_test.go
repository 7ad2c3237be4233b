package webhook

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// A world is a log, what is written down about one webhook, and a receiver, for
// a queue to be tried on. It is as unkind as its random numbers say.
type world struct {
	*testing.T
	random *rand.Rand
	now    time.Time

	log      []*bridge.Event
	position int64
	paused   time.Time
	rows     map[int64]bridge.Delivery
	lanes    map[string]time.Time

	q       *queue
	flight  []*item
	fails   float64 // how often a request fails
	got     map[string][]int64
	most    int    // requests at once
	stuck   string // the lane whose requests do not end
	crashes int
	orderly bool // everything is written down before a crash
}

func newWorld(t *testing.T, seed uint64, events, conversations int) *world {
	w := &world{
		T: t, random: rand.New(rand.NewPCG(seed, 1)), now: start,
		rows: make(map[int64]bridge.Delivery), lanes: make(map[string]time.Time), got: make(map[string][]int64),
	}
	for i := range events {
		e := &bridge.Event{ID: bridge.EventID(fmt.Sprint(i)), Position: int64(i+1) * 3, AccountID: "acc"}
		if c := w.random.IntN(conversations); c > 0 {
			e.ConversationID = bridge.ConversationID(fmt.Sprint("conv", c))
		}
		w.log = append(w.log, e)
	}
	w.begin()
	return w
}

// begin makes a queue of what is written down.
func (w *world) begin() {
	webhook := &store.Webhook{Webhook: bridge.Webhook{ID: "hook", Position: w.position, PausedUntil: w.paused}}
	var kept []store.Lane
	for key, due := range w.lanes {
		kept = append(kept, store.Lane{Key: key, Due: due})
	}
	var ahead []int64
	for position := range w.rows {
		if position > w.position {
			ahead = append(ahead, position)
		}
	}
	w.q = newQueue(webhook, kept, ahead, 8, w.random.Float64)
	w.flight = nil
}

// flush writes down what the queue says.
func (w *world) flush() {
	position := w.q.position()
	if position < w.position {
		w.Fatalf("position %d after %d", position, w.position)
	}
	w.position, w.paused = position, w.q.paused
	for p, row := range w.q.rows {
		w.rows[p] = *row
	}
	for _, p := range w.q.dropped {
		delete(w.rows, p)
	}
	maps.Copy(w.lanes, w.q.keeps)
	for key := range w.q.releases {
		if _, both := w.q.keeps[key]; both {
			w.Fatalf("lane %s is kept and released", key)
		}
		delete(w.lanes, key)
	}
	w.q.written()
	if w.random.IntN(20) == 0 {
		w.check()
	}
}

// check looks at what is written down: whatever is not yet behind the position
// or delivered has to be there.
func (w *world) check() {
	for _, e := range w.log {
		row, ok := w.rows[e.Position]
		switch {
		case e.Position <= w.position && !ok:
			w.Fatalf("event %d is behind the position and has no row", e.Position)
		case ok && row.State == bridge.DeliveryPending:
			if _, kept := w.lanes[row.Lane]; !kept {
				w.Fatalf("event %d waits in a lane that is not kept", e.Position)
			}
		}
	}
}

func (w *world) after(position int64) []*bridge.Event {
	i, _ := slices.BinarySearchFunc(w.log, position+1, func(e *bridge.Event, p int64) int { return int(e.Position - p) })
	return w.log[i:]
}

// step does something of what can be done, and reports whether anything is left
// to be done.
func (w *world) step() bool {
	if room := w.q.room(); room > 0 {
		if events := w.after(w.q.read); len(events) > 0 {
			events = events[:min(len(events), 1+w.random.IntN(room))]
			w.q.offer(events, events[len(events)-1].Position)
		}
	}
	send, load := w.q.next(w.now)
	switch {
	case send != nil:
		if lane := send.lane; lane.items[0] != send || !lane.sending {
			w.Fatal("what is sent is not the first of its lane")
		}
		for _, other := range w.flight {
			if other.Lane == send.Lane {
				w.Fatalf("two of lane %s at once", send.Lane)
			}
		}
		w.flight = append(w.flight, send)
		w.most = max(w.most, len(w.flight))
		return true
	case load != nil:
		w.load(load)
		return true
	}
	var ending []int
	for n, i := range w.flight {
		if i.Lane != w.stuck {
			ending = append(ending, n)
		}
	}
	if len(ending) > 0 {
		w.answer(ending[w.random.IntN(len(ending))])
		return true
	}
	if wake := w.q.wake(w.now); !wake.IsZero() && wake.After(w.now) {
		w.now = wake
		return true
	}
	return len(w.after(w.q.read)) > 0
}

func (w *world) load(l *lane) {
	w.flush()
	var waiting []store.Waiting
	for _, e := range w.log {
		if row, ok := w.rows[e.Position]; ok && row.Lane == l.key && row.State == bridge.DeliveryPending {
			waiting = append(waiting, store.Waiting{Delivery: row, Event: e})
		}
	}
	const batch = 3
	more := len(waiting) >= batch
	w.q.loaded(l, waiting[:min(batch, len(waiting))], more, w.now)
}

// answer answers one of the requests under way.
func (w *world) answer(n int) {
	i := w.flight[n]
	w.flight = slices.Delete(w.flight, n, n+1)
	out := outcome{Attempt: bridge.Attempt{At: w.now, Status: 500}}
	if w.random.Float64() >= w.fails {
		out.Status, out.delivered = 200, true
		w.got[i.Lane] = append(w.got[i.Lane], i.Position)
	} else if w.random.IntN(20) == 0 {
		out.notBefore, out.everyone = w.now.Add(time.Minute), w.random.IntN(2) == 0
	}
	w.q.done(i, out, w.now)
	if w.random.IntN(10) == 0 {
		w.flush()
	}
}

// run has everything delivered, with a crash now and then.
func (w *world) run(crash int) {
	for steps := 0; w.step(); steps++ {
		if steps > 1_000_000 {
			w.Fatal("it does not end")
		}
		if crash > 0 && w.random.IntN(crash) == 0 {
			w.crashes++
			if w.orderly {
				w.flush()
			}
			w.begin()
		}
	}
	w.flush()
}

// TestQueue has every event delivered or given up, those of each conversation
// in order, whatever fails, and with crashes at any moment.
func TestQueue(t *testing.T) {
	for name, test := range map[string]struct {
		events, conversations int
		fails                 float64
		crash                 int
		orderly               bool
	}{
		"nothing fails":         {700, 30, 0, 0, false},
		"one conversation":      {300, 1, 0.3, 0, false},
		"half fails":            {700, 30, 0.5, 0, false},
		"half fails, crashes":   {700, 30, 0.5, 150, false},
		"most fails, crashes":   {300, 10, 0.9, 400, false},
		"nothing goes through":  {60, 5, 1, 0, false},
		"crashes, nothing else": {700, 30, 0, 50, false},
		"orderly ends":          {700, 30, 0.5, 50, true},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(4) {
				w := newWorld(t, seed, test.events, test.conversations)
				w.fails, w.orderly = test.fails, test.orderly
				w.run(test.crash)
				w.checkDelivered(test.crash > 0 && !test.orderly)
				if test.crash > 0 && w.crashes == 0 {
					t.Error("there was no crash")
				}
			}
		})
	}
}

// checkDelivered checks what the receiver has got.
func (w *world) checkDelivered(repeats bool) {
	w.Helper()
	if len(w.lanes) != 0 {
		w.Errorf("%d lanes are still kept", len(w.lanes))
	}
	if end := w.log[len(w.log)-1].Position; w.position != end {
		w.Errorf("position %d, want %d", w.position, end)
	}
	if w.most > 8 {
		w.Errorf("%d requests at once", w.most)
	}
	want := make(map[string][]int64)
	for _, e := range w.log {
		row := w.rows[e.Position]
		switch {
		case row.State == bridge.DeliveryDone:
			want[row.Lane] = append(want[row.Lane], e.Position)
		case row.State != bridge.DeliveryDead || row.Attempts != len(delays)+1:
			w.Errorf("event %d is %s after %d attempts", e.Position, row.State, row.Attempts)
		}
	}
	for lane, positions := range want {
		got := w.got[lane]
		if !repeats {
			if !slices.Equal(got, positions) {
				w.Errorf("%s got %v, want %v", lane, got, positions)
			}
			continue
		}
		// What was delivered for the first time came in order.
		var first []int64
		seen := make(map[int64]bool)
		for _, p := range got {
			if !seen[p] && w.rows[p].State == bridge.DeliveryDone {
				first = append(first, p)
			}
			seen[p] = true
		}
		if !slices.Equal(first, positions) {
			w.Errorf("%s got %v, want %v", lane, first, positions)
		}
	}
}

// TestQueueHoldsNothingUp has a conversation whose requests take forever hold up
// no other one.
func TestQueueHoldsNothingUp(t *testing.T) {
	w := newWorld(t, 1, 3000, 20)
	w.stuck = "conv7"
	w.run(0)
	waiting := 0
	for _, row := range w.rows {
		if row.State == bridge.DeliveryPending && row.Lane == w.stuck {
			waiting++
		} else if row.State != bridge.DeliveryDone {
			t.Errorf("event %d is %s", row.Position, row.State)
		}
	}
	if len(w.got[w.stuck]) != 0 || waiting < 100 || len(w.rows) != len(w.log) || len(w.q.log) != 0 {
		t.Errorf("%d delivered of the conversation, %d wait; %d rows of %d", len(w.got[w.stuck]), waiting, len(w.rows), len(w.log))
	}
	w.stuck = ""
	w.run(0)
	w.checkDelivered(false)
}
