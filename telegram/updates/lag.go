package updates

import (
	"cmp"
	"iter"
	"sort"
	"time"
)

// A Lag says how far behind a box is.
type Lag struct {
	Channel int64 // 0: private chats and basic groups
	PTS     int32 // what has been delivered
	// Ahead is the highest pts that the box is known to have reached at
	// Telegram; PTS where nothing more is known of.
	Ahead int32
	// Held is how many updates wait for something before them.
	Held int
	// Fetching says that the difference is being fetched, or waits for its
	// turn or for another try.
	Fetching bool
	// Heard is when the box was last heard of, or else when the engine started.
	Heard time.Time
}

// Behind returns how many events are known to be missing.
func (l Lag) Behind() int32 { return max(l.Ahead-l.PTS, 0) }

// Lags returns where every box stands, the common one first and then the
// channels in no order. It costs as much as there are channels; [Engine.Lagging]
// has only those that are behind.
func (e *Engine) Lags() iter.Seq[Lag] {
	return func(yield func(Lag) bool) {
		if !yield(e.commonLag()) {
			return
		}
		for _, c := range e.channels {
			if !yield(c.lag()) {
				return
			}
		}
	}
}

// Lagging returns the boxes that wait for something, the furthest behind
// first.
func (e *Engine) Lagging() []Lag {
	var list []Lag
	for l := range e.Lags() {
		if l.Fetching || l.Held > 0 || l.Behind() > 0 {
			list = append(list, l)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := &list[i], &list[j]
		return cmp.Or(cmp.Compare(b.Behind(), a.Behind()), cmp.Compare(a.Channel, b.Channel)) < 0
	})
	return list
}

func (e *Engine) commonLag() Lag {
	l := e.pts.lag()
	l.Held += len(e.qts.pending) + len(e.seq.pending)
	l.Fetching = e.common.busy()
	l.Heard = e.heard
	return l
}

func (c *channel) lag() Lag {
	l := c.box.lag()
	l.Channel, l.Fetching, l.Heard = c.id, c.fetch.busy(), c.heard
	l.Ahead = max(l.Ahead, c.target)
	return l
}

func (b *box) lag() Lag {
	l := Lag{PTS: b.value, Ahead: b.value, Held: len(b.pending)}
	if n := len(b.pending); n > 0 {
		l.Ahead = max(l.Ahead, b.pending[n-1].end)
	}
	return l
}
