package session_test

import (
	"runtime"
	"testing"
	"time"
)

// maxResting is the most that a session at rest may take, in bytes, with all that
// it remembers.
const maxResting = 12 << 10

// TestRestIsSmall has sessions do for three days what those of resting accounts do:
// ping, and tell that an update has come, once an hour.
func TestRestIsSmall(t *testing.T) {
	const n, hours = 10, 72
	var pairs [n]*pair
	for i := range pairs {
		p := newPair(t, nil)
		p.connect()
		p.settle()
		for range hours {
			if err := p.server.Push(query(1)); err != nil {
				t.Fatal(err)
			}
			p.rest(time.Hour)
		}
		pairs[i] = p
		p.updates = nil
	}
	for side, drop := range map[string]func(*pair){
		"client": func(p *pair) { p.client = nil },
		"server": func(p *pair) { p.server = nil },
	} {
		before := heap()
		for _, p := range pairs {
			drop(p)
		}
		each := (before - heap()) / n
		t.Logf("each %s takes %d bytes", side, each)
		if each > maxResting {
			t.Errorf("each %s takes %d bytes, more than %d", side, each, maxResting)
		}
	}
	runtime.KeepAlive(pairs)
}

// rest lets time pass as wait does, from one thing that is due to the next.
func (p *pair) rest(d time.Duration) {
	p.t.Helper()
	for end := p.now.Add(d); ; {
		next := end
		for _, at := range []time.Time{p.client.Deadline().Add(-p.skew), p.server.Deadline()} {
			if !at.IsZero() && at.Before(next) {
				next = at
			}
		}
		p.now = next
		if !next.Before(end) {
			return
		}
		if err := p.client.Tick(p.clientNow()); err != nil {
			p.t.Fatal(err)
		}
		if err := p.server.Tick(p.now); err != nil {
			p.t.Fatal(err)
		}
		p.settle()
		p.happened(p.client.Events())
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
