package daemon

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

// TestHeapPercent has a small heap grow by so much, and a large one by as much as
// is in use; the heap of a node that rests grows little.
func TestHeapPercent(t *testing.T) {
	for _, test := range []struct {
		inUse      uint64
		busy, rest int
	}{
		{0, 4800, 800}, {1 << 20, 4800, 800}, {13 << 20, 369, 61}, {24 << 20, 200, 33}, {40 << 20, 120, 20},
		{48 << 20, 100, 20}, {1 << 40, 100, 20}, {1 << 63, 100, 20},
	} {
		if busy, rest := heapPercent(test.inUse, restingAfter), heapPercent(test.inUse, restingAfter+1); busy != test.busy || rest != test.rest {
			t.Errorf("%d bytes in use: %d and %d, want %d and %d", test.inUse, busy, rest, test.busy, test.rest)
		}
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
	if got := percent(); got <= defaultPercent {
		t.Errorf("%d while it runs", got)
	}
	cancel()
	for percent() != defaultPercent { // soon after a collection
		runtime.GC()
	}
}
