package daemon

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// heapRoom is how much the heap of a node that works may grow between two
	// collections, in bytes, however little of it is in use. With a hundred accounts,
	// of which some 13 MB are, a sixth of the CPU time of a busy node went into
	// collecting.
	heapRoom = 48 << 20
	// restingRoom is the same for a node that rests.
	restingRoom = 8 << 20
	// defaultPercent is by how much of what is in use the heap grows otherwise, and
	// restingPercent that of a node that rests: what it does not use is the system's.
	defaultPercent = 100
	restingPercent = 20
	// restingAfter is for how long a node that rests has not been collected. One
	// that does nothing at all is every two minutes, by the runtime.
	restingAfter = 30 * time.Second
)

// heapPercent returns by how much of what is in use the heap may grow until it is
// collected, for debug.SetGCPercent, when the last collection was so long ago.
func heapPercent(inUse uint64, since time.Duration) int {
	least, room := defaultPercent, heapRoom
	if since > restingAfter {
		least, room = restingPercent, restingRoom
	}
	return max(least, room*100/int(min(max(inUse, 1<<20), 1<<40)))
}

// roomyHeap sees to it until ctx ends, unless whoever runs the program has said how
// the heap is to be collected.
func roomyHeap(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		collected(ctx, time.Now())
	}
}

// collected is called once for each collection, by the runtime, which finds then
// that nobody has what it was given.
func collected(ctx context.Context, last time.Time) {
	if ctx.Err() != nil {
		debug.SetGCPercent(defaultPercent)
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	now := time.Now()
	debug.SetGCPercent(heapPercent(live[0].Value.Uint64(), now.Sub(last)))
	runtime.AddCleanup(new(*byte), func(last time.Time) { collected(ctx, last) }, now)
}
