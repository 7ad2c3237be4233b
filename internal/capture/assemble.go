package capture

import (
	"slices"
	"sort"
	"time"
)

// maxWaiting bounds the segments of one direction that wait for an earlier one.
const maxWaiting = 8192

// An Assembler puts the segments of one direction of a connection in order.
// What comes twice is told once. The zero Assembler begins with the first
// segment that it is given.
type Assembler struct {
	begun   bool
	next    uint32 // number of the next byte
	waiting []waiting
}

// waiting is a segment that has come ahead of an earlier one.
type waiting struct {
	seq   uint32
	bytes []byte
	since time.Time
}

// after returns how far a number is behind another, by RFC 9293's arithmetic:
// negative if it is before.
func after(a, b uint32) int { return int(int32(a - b)) }

// Begun reports whether a segment has been taken.
func (a *Assembler) Begun() bool { return a.begun }

// Lacks reports whether the other side has said, by an acknowledgement, that it
// has bytes that have not come.
func (a *Assembler) Lacks(ack uint32) bool { return a.begun && after(ack, a.next) > 0 }

// Take takes a segment that came at a time, and calls deliver for the bytes
// that are in order now. They are good as long as the segment.
func (a *Assembler) Take(s Segment, at time.Time, deliver func(lost int, p []byte)) {
	seq := s.Seq
	if s.SYN {
		seq++
	}
	if !a.begun {
		a.begun, a.next = true, seq
	}
	switch {
	case len(s.Payload) == 0:
		return
	case after(seq, a.next) > 0:
		a.keep(waiting{seq, slices.Clone(s.Payload), at})
		if len(a.waiting) > maxWaiting {
			a.skip(deliver)
		}
	default:
		a.give(0, seq, s.Payload, deliver)
		a.drain(deliver)
	}
}

// Skip gives up what is missing before segments that have waited since before a
// time. What was missing is told as lost.
func (a *Assembler) Skip(before time.Time, deliver func(lost int, p []byte)) {
	for slices.ContainsFunc(a.waiting, func(w waiting) bool { return w.since.Before(before) }) {
		a.skip(deliver)
	}
}

// Flush gives up all that is missing.
func (a *Assembler) Flush(deliver func(lost int, p []byte)) {
	for len(a.waiting) > 0 {
		a.skip(deliver)
	}
}

// keep puts a segment among those that wait, by its number.
func (a *Assembler) keep(w waiting) {
	i := sort.Search(len(a.waiting), func(i int) bool { return after(a.waiting[i].seq, w.seq) > 0 })
	a.waiting = slices.Insert(a.waiting, i, w)
}

// skip gives up what is missing before the first that waits.
func (a *Assembler) skip(deliver func(int, []byte)) {
	first := a.waiting[0]
	a.waiting = a.waiting[1:]
	a.give(max(after(first.seq, a.next), 0), first.seq, first.bytes, deliver)
	a.drain(deliver)
}

// drain gives what has waited and is in order now.
func (a *Assembler) drain(deliver func(int, []byte)) {
	for len(a.waiting) > 0 && after(a.waiting[0].seq, a.next) <= 0 {
		first := a.waiting[0]
		a.waiting = a.waiting[1:]
		a.give(0, first.seq, first.bytes, deliver)
	}
}

// give delivers what of a segment is new.
func (a *Assembler) give(lost int, seq uint32, p []byte, deliver func(int, []byte)) {
	if lost > 0 {
		a.next = seq
	}
	known := after(a.next, seq)
	if known >= len(p) {
		return
	}
	a.next = seq + uint32(len(p))
	deliver(lost, p[known:])
}
