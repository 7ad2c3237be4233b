package updates

import (
	"cmp"
	"slices"
	"time"

	"godwit/tg"
)

// A box is one counter, pts or qts, and the updates that are too early for it.
type box struct {
	value   int32
	known   bool
	pending []item // sorted by start, then end
	gapAt   time.Time
	spilled bool // pending has been thrown away
}

// An item is an update under a counter: it leads from end-count to end.
type item struct {
	update tg.UpdateClass // nil where only the counter moves
	end    int32
	count  int32
	from   *entities
}

func (i item) start() int64 { return int64(i.end) - int64(i.count) }

// valid reports whether the counter can be what Telegram sends.
func (i item) valid() bool { return i.end > 0 && i.count >= 0 && i.start() >= 0 }

// verdict is what a counter says about an item.
type verdict uint8

const (
	apply verdict = iota
	ignore
	gap
)

// judge compares an item with the counter (R-UP-11, R-UP-12). An item that
// moves nothing applies when it stands exactly at the counter (R-UP-14). The
// first item ever seen sets the counter that it starts from.
func (b *box) judge(i item) verdict {
	if !b.known {
		b.value, b.known = int32(i.start()), true
	}
	switch start := i.start(); {
	case start == int64(b.value):
		return apply
	case start < int64(b.value):
		return ignore
	}
	return gap
}

// set moves the counter to where Telegram says that it is.
func (b *box) set(value int32) {
	b.value, b.known, b.gapAt = value, true, time.Time{}
}

// hold keeps an item until its turn comes.
func (b *box) hold(now time.Time, i item) {
	if len(b.pending) >= maxPending {
		b.pending, b.spilled = nil, true
	}
	at, _ := slices.BinarySearchFunc(b.pending, i, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.start(), b.start()), cmp.Compare(a.end, b.end), -1) // behind its equals
	})
	b.pending = slices.Insert(b.pending, at, i)
	if b.gapAt.IsZero() {
		b.gapAt = now.Add(gapWait)
	}
}

// next takes the first held item that applies, dropping those whose turn is
// over. If none applies and some are left, the wait for what is missing begins
// anew, since it is not the same gap as before.
func (b *box) next(now time.Time) (item, bool) {
	for len(b.pending) > 0 {
		first := b.pending[0]
		switch b.judge(first) {
		case apply:
			b.pending = b.pending[1:]
			return first, true
		case gap:
			b.gapAt = now.Add(gapWait)
			return item{}, false
		}
		b.pending = b.pending[1:]
	}
	b.pending, b.gapAt = nil, time.Time{}
	return item{}, false
}

// skip moves the counter past a gap that nobody can fill.
func (b *box) skip() {
	if len(b.pending) > 0 {
		b.value = max(b.value, int32(b.pending[0].start()))
	}
}

// A sequence is the counter seq and the containers that are too early for it.
type sequence struct {
	value   int32
	pending []container // sorted by start
	gapAt   time.Time
}

// A container is what an Updates holds besides updates with counters.
type container struct {
	updates    []tg.UpdateClass
	from       *entities
	start, end int32
	date       int32
}

// judge compares a container with the counter (R-UP-13).
func (s *sequence) judge(c container) verdict {
	switch {
	case c.start == 0, int64(c.start) == int64(s.value)+1:
		return apply
	case c.start <= s.value:
		return ignore
	}
	return gap
}

func (s *sequence) set(value int32) { s.value, s.gapAt = value, time.Time{} }

func (s *sequence) hold(now time.Time, c container) {
	if len(s.pending) >= maxPending {
		s.pending = nil
	}
	at, found := slices.BinarySearchFunc(s.pending, c, func(a, b container) int {
		return cmp.Compare(a.start, b.start)
	})
	if !found {
		s.pending = slices.Insert(s.pending, at, c)
	}
	if s.gapAt.IsZero() {
		s.gapAt = now.Add(gapWait)
	}
}

// next is as box.next.
func (s *sequence) next(now time.Time) (container, bool) {
	for len(s.pending) > 0 {
		first := s.pending[0]
		switch s.judge(first) {
		case apply:
			s.pending = s.pending[1:]
			return first, true
		case gap:
			s.gapAt = now.Add(gapWait)
			return container{}, false
		}
		s.pending = s.pending[1:]
	}
	s.pending, s.gapAt = nil, time.Time{}
	return container{}, false
}

// skip is as box.skip.
func (s *sequence) skip() {
	if len(s.pending) > 0 {
		s.value = max(s.value, s.pending[0].start-1)
	}
}
