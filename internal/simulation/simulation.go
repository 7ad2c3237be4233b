// Package simulation joins a client and a server, made of the cores of
// mtproto/authkey, mtproto/session and telegram/updates, by a network that
// exists in virtual time only and treats both badly: connections break in the
// middle of what they carry or go silent, packets are late, lost, repeated, out
// of order and forged, clocks jump by seconds and by days, the server restarts
// or forgets, the client crashes, queries take long and are cancelled.
//
// Call [Run] with a seed. Everything follows from the seed: the same one gives
// the same run, event for event. The [Report] names what should never happen
// and did:
//
//   - a request that does not end, ends twice, with the answer to another one,
//     or with an outcome that is not true;
//   - a query that is carried out twice, although the client could know that it
//     had arrived;
//   - an update that is lost, handled twice or out of order, across crashes too;
//   - a side that says the other one broke the protocol, where nobody has
//     tampered with a packet;
//   - memory that grows beyond what is under way;
//   - two that never stop talking.
//
// After a time of trouble the faults end, and what is under way has to come to
// its end by itself.
package simulation

import (
	"fmt"
	"io"
	"time"
)

// Options say what to simulate.
type Options struct {
	// Seed decides everything else.
	Seed uint64
	// Trace gets a line for every event, if not nil.
	Trace io.Writer
	// Sabotage breaks the simulated parts on purpose, to see that it is noticed.
	Sabotage Sabotage
}

// Sabotage is something that is broken on purpose.
type Sabotage string

// What can be broken.
const (
	Nothing       Sabotage = ""
	LoseAnswer    Sabotage = "an answer gets lost in the client"
	DoubleAnswer  Sabotage = "an answer comes twice"
	WrongAnswer   Sabotage = "an answer is handed to another request"
	ExecuteTwice  Sabotage = "the server carries a query out again when it comes again"
	LoseUpdate    Sabotage = "an update is not handled"
	RepeatUpdate  Sabotage = "an update is handled twice"
	Leak          Sabotage = "the client keeps what it does not need"
	BlackHole     Sabotage = "the network stays silent for good"
	ForgedPackets Sabotage = "the network hides that it tampers with packets"
)

// A Report tells what became of a run.
type Report struct {
	Seed       uint64
	Simulated  time.Duration
	Events     int
	Requests   int // that the client has made, of all kinds
	Answered   int
	Cancelled  int
	Unknown    int // that ended without anybody knowing what became of them
	Updates    int // handled
	Connects   int
	Exchanges  int // auth keys made
	Restarts   int // of the server
	Violations []string
	// Digest is a checksum over all events: two runs that are the same have the
	// same.
	Digest uint64
}

// String returns one line about the run.
func (r *Report) String() string {
	return fmt.Sprintf("seed %d: %v, %d events, %d requests (%d answered, %d cancelled, %d unknown), %d updates, "+
		"%d connections, %d keys made, %d restarts, %d violations",
		r.Seed, r.Simulated.Round(time.Second), r.Events, r.Requests, r.Answered, r.Cancelled, r.Unknown, r.Updates,
		r.Connects, r.Exchanges, r.Restarts, len(r.Violations))
}

// Run simulates what follows from the seed, until all is quiet again.
func Run(o Options) *Report {
	w := newWorld(o)
	w.start()
	w.run(w.trouble)
	w.calm()
	w.run(w.now.Add(aftermath))
	w.finish()
	return &w.report
}

// Add adds what another run did to the report.
func (r *Report) Add(other *Report) {
	r.Simulated += other.Simulated
	r.Events += other.Events
	r.Requests += other.Requests
	r.Answered += other.Answered
	r.Cancelled += other.Cancelled
	r.Unknown += other.Unknown
	r.Updates += other.Updates
	r.Connects += other.Connects
	r.Exchanges += other.Exchanges
	r.Restarts += other.Restarts
	r.Violations = append(r.Violations, other.Violations...)
}
