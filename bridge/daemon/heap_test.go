package daemon

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

// TestHeapPercent has a small heap grow by so much, and a large one by as much as
// is in use.
func TestHeapPercent(t *testing.T) {
	for inUse, want := range map[uint64]int{
		0: 4800, 1 << 20: 4800, 13 << 20: 369, 24 << 20: 200, 40 << 20: 120, 48 << 20: 100, 1 << 40: 100,
	} {
		got := heapPercent(inUse)
		if got != want {
			t.Errorf("%d bytes in use: %d, want %d", inUse, got, want)
		}
		if grows := inUse * uint64(got) / 100; got != defaultPercent && grows > heapRoom {
			t.Errorf("%d bytes in use: the heap grows by %d", inUse, grows)
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
