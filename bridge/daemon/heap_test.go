package daemon

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestCollections has a small heap grow by so much, and a large one by a part of what
// is in use: by more of it on a node that has been busy for a while.
func TestCollections(t *testing.T) {
	for inUse, want := range map[uint64]struct{ calm, busy int }{
		0:        {4800, 4800},
		1 << 20:  {4800, 4800},
		13 << 20: {369, 369},
		40 << 20: {120, 120},
		48 << 20: {100, 100},
		96 << 20: {50, 100},
		1 << 40:  {33, 100},
	} {
		var c collections
		now := time.Unix(1_700_000_000, 0)
		after := func(pause time.Duration) int {
			now = now.Add(pause)
			return c.collected(now, inUse)
		}
		check := func(when string, got, want int) {
			t.Helper()
			if got != want {
				t.Errorf("%d bytes in use, %s: %d, want %d", inUse, when, got, want)
			}
		}
		check("at first", after(0), want.calm)
		for range 59 {
			check("busy for less than a minute", after(time.Second), want.calm)
		}
		check("busy for a minute", after(time.Second), want.busy)
		check("busy for longer", after(time.Second), want.busy)
		check("calm again", after(busyPause), want.calm)
		check("busy again", after(time.Second), want.calm)
	}
}

// TestRoomyHeap has the heap be as it was when the daemon has ended.
func TestRoomyHeap(t *testing.T) {
	percent := func() int {
		now := debug.SetGCPercent(math.MaxInt32)
		debug.SetGCPercent(now)
		return now
	}
	ctx, cancel := context.WithCancel(t.Context())
	roomyHeap(ctx)
	if got := percent(); got <= 100 {
		t.Errorf("%d while it runs", got)
	}
	cancel()
	for percent() != 100 { // soon after a collection
		runtime.GC()
	}
}
