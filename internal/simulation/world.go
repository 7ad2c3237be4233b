package simulation

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"godwit/mtproto/session"
	"godwit/tl"
)

// aftermath is how long everything may take to come to its end once the faults
// have ended: longer than the quarter of an hour after which updates are asked
// for that nothing else has shown to be missing.
const aftermath = 20 * time.Minute

// maxEvents is how many events a run may take. One that takes more never ends.
const maxEvents = 1_000_000

// maxViolations is how many are noted before a run is given up.
const maxViolations = 10

// A world is a client, a server and the network between them.
type world struct {
	o       Options
	p       profile
	choice  *rand.Rand    // decides what happens
	secret  *rand.ChaCha8 // what the cores draw from
	begun   time.Time
	now     time.Time // the true time
	trouble time.Time // when the faults end
	quiet   bool      // they have ended
	queue   queue
	planned uint64
	sum     hash.Hash64
	report  Report

	net    *network
	client *client
	server *server
	books  *books
}

func newWorld(o Options) *world {
	w := &world{o: o, sum: fnv.New64a()}
	w.report.Seed = o.Seed
	w.choice = rand.New(rand.NewPCG(o.Seed, 1))
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], o.Seed)
	w.secret = rand.NewChaCha8(seed)
	w.begun = time.Unix(1_700_000_000+w.choice.Int64N(7200), w.choice.Int64N(1e9))
	w.now = w.begun
	w.p = drawProfile(w.choice)
	w.trouble = w.now.Add(w.p.duration)
	w.books = newBooks(w)
	w.net = &network{w: w}
	w.server = newServer(w)
	w.client = newClient(w)
	return w
}

// start sets the two and their troubles going.
func (w *world) start() {
	w.tracef("%+v", w.p)
	w.client.start()
	for _, f := range w.faults() {
		w.keepOn(f.name, f.every, f.do)
	}
	w.keepOn("weigh", w.p.duration/6, func() { w.books.weigh(false) })
}

// keepOn does something again and again until the faults end, at random times
// that are every apart on average. It never does where every is 0.
func (w *world) keepOn(name string, every time.Duration, do func()) {
	if every == 0 {
		return
	}
	w.after(time.Duration(w.choice.ExpFloat64()*float64(every)), name, func() {
		if w.quiet {
			return
		}
		do()
		w.keepOn(name, every, do)
	})
}

// calm ends the faults.
func (w *world) calm() {
	w.quiet = true
	w.note("faults end")
	w.client.thaw()
	if w.chance(0.5) {
		// Something new shows what is missing. Otherwise silence has to.
		w.server.publish(1)
	}
}

// run lets time pass until end.
func (w *world) run(end time.Time) {
	for len(w.queue) > 0 && !w.queue[0].at.After(end) && !w.hopeless() {
		e := heap.Pop(&w.queue).(*event)
		w.now = e.at
		if e.do == nil {
			continue
		}
		w.report.Events++
		w.note(e.name)
		e.do()
	}
	if !w.hopeless() {
		w.now = end
	}
}

func (w *world) hopeless() bool {
	if w.report.Events == maxEvents {
		w.violation("the two never stop talking: %d events", maxEvents)
		w.report.Events++
	}
	return w.report.Events > maxEvents || len(w.report.Violations) >= maxViolations
}

// finish holds the end of the run against what it ought to be.
func (w *world) finish() {
	w.report.Simulated = w.now.Sub(w.begun)
	if !w.hopeless() {
		w.books.close()
	}
	w.report.Digest = w.sum.Sum64()
}

// note makes an event part of what is compared between runs.
func (w *world) note(name string) {
	var at [8]byte
	binary.LittleEndian.PutUint64(at[:], uint64(w.now.UnixNano()))
	_, _ = w.sum.Write(at[:]) // a hash takes everything
	_, _ = w.sum.Write([]byte(name))
	if w.o.Trace != nil {
		w.tracef("%s", name)
	}
}

// tracef writes a line of the trace.
func (w *world) tracef(format string, args ...any) {
	if w.o.Trace != nil {
		fmt.Fprintf(w.o.Trace, "%12.6f  %s\n", w.now.Sub(w.begun).Seconds(), fmt.Sprintf(format, args...))
	}
}

// violation notes what should never happen.
func (w *world) violation(format string, args ...any) {
	if len(w.report.Violations) >= maxViolations {
		return
	}
	text := fmt.Sprintf("after %.6f s: ", w.now.Sub(w.begun).Seconds()) + fmt.Sprintf(format, args...)
	w.report.Violations = append(w.report.Violations, text)
	w.tracef("VIOLATION: %s", text)
}

// chance decides for yes with probability p.
func (w *world) chance(p float64) bool { return p > 0 && w.choice.Float64() < p }

// upTo draws a duration below d.
func (w *world) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(w.choice.Int64N(int64(d)))
}

// An event is something that happens at a time. Those of the same time happen
// in the order in which they were planned.
type event struct {
	at   time.Time
	seq  uint64
	name string
	do   func() // nil: cancelled
}

// at plans an event, at the present time if at has passed.
func (w *world) at(at time.Time, name string, do func()) *event {
	if at.Before(w.now) {
		at = w.now
	}
	w.planned++
	e := &event{at: at, seq: w.planned, name: name, do: do}
	heap.Push(&w.queue, e)
	return e
}

func (w *world) after(d time.Duration, name string, do func()) *event {
	return w.at(w.now.Add(d), name, do)
}

// cancel takes an event back.
func (e *event) cancel() {
	if e != nil {
		e.do = nil
	}
}

// A queue is a heap of events.
type queue []*event

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if c := q[i].at.Compare(q[j].at); c != 0 {
		return c < 0
	}
	return q[i].seq < q[j].seq
}

func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push appends an event, for package heap.
func (q *queue) Push(e any) { *q = append(*q, e.(*event)) }

// Pop removes the last event, for package heap.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// mustSession returns a session; the only thing that could fail is the source
// of randomness, which does not.
func (w *world) mustSession(o session.Options) *session.Session {
	s, err := session.New(o)
	if err != nil {
		panic(err)
	}
	return s
}

func (w *world) marshal(v tl.Object) []byte {
	body, err := tl.Marshal(v)
	if err != nil {
		panic(err) // all are small
	}
	return body
}
