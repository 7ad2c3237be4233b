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
	// heapRoom is how much the heap may grow between two collections, in bytes,
	// however little of it is in use. With a hundred accounts, of which some 13 MB are,
	// a sixth of the CPU time of a busy node went into collecting.
	heapRoom = 48 << 20
	// busyPercent is by how much of what is in use the heap grows otherwise on a busy
	// node, and calmPercent on any other: what is thrown away while thousands of accounts
	// come online leaves holes between what stays, as many as there is room for.
	busyPercent = 100
	calmPercent = 33
	// A node is busy once collections have followed each other in less than
	// busyPause for busyTime.
	busyPause = 2 * time.Second
	busyTime  = time.Minute
)

// collections are when the heap of a node was collected.
type collections struct {
	last  time.Time
	since time.Time // each was less than busyPause after the one before
}

// collected notes a collection that has left so many bytes in use. It returns by how
// much of them the heap may grow until the next, for debug.SetGCPercent.
func (c *collections) collected(now time.Time, inUse uint64) int {
	if now.Sub(c.last) >= busyPause {
		c.since = now
	}
	c.last = now
	percent := calmPercent
	if now.Sub(c.since) >= busyTime {
		percent = busyPercent
	}
	return max(percent, int(heapRoom*100/max(inUse, 1<<20)))
}

// roomyHeap has the heap be collected as the load of a node asks for until ctx ends,
// unless whoever runs the program has said how.
func roomyHeap(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		new(collections).follow(ctx)
	}
}

// follow is called once for each collection, by the runtime, which finds then that
// nobody has what it was given.
func (c *collections) follow(ctx context.Context) {
	if ctx.Err() != nil {
		debug.SetGCPercent(100) // as it is without GOGC
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(c.collected(time.Now(), live[0].Value.Uint64()))
	runtime.AddCleanup(new(*byte), c.follow, ctx)
}
