package daemon

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// heapRoom is how much the heap may grow between two collections, in bytes,
	// however little of it is in use. With a hundred accounts, of which some 13 MB are,
	// a sixth of the CPU time of a busy node went into collecting.
	heapRoom = 48 << 20
	// defaultPercent is by how much of what is in use the heap grows otherwise.
	defaultPercent = 100
)

// heapPercent returns by how much of what is in use the heap may grow until it is
// collected, for debug.SetGCPercent.
func heapPercent(inUse uint64) int {
	return max(defaultPercent, int(heapRoom*100/max(inUse, 1<<20)))
}

// roomyHeap sees to it until ctx ends, unless whoever runs the program has said how
// the heap is to be collected. It is called once for each collection, by the runtime,
// which finds then that nobody has what it was given.
func roomyHeap(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	if ctx.Err() != nil {
		debug.SetGCPercent(defaultPercent)
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(heapPercent(live[0].Value.Uint64()))
	runtime.AddCleanup(new(*byte), roomyHeap, ctx)
}
