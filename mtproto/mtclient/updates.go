package mtclient

import (
	"context"
	"sync"
)

// updates hands what the server sends by itself to the callbacks, on a goroutine
// that is there only while they have something to do, so that a slow one holds
// nothing up.
type updates struct {
	o     *Options
	ctx   context.Context // what waits when it ends is lost, like all that comes later
	tasks *sync.WaitGroup

	mu      sync.Mutex
	queue   [][]byte // nil stands for a call of OnNewSession
	running bool
}

// add queues an update.
func (u *updates) add(body []byte) {
	if u.o.OnUpdate != nil {
		u.push(body)
	}
}

// lost queues a call of OnNewSession.
func (u *updates) lost() { u.push(nil) }

// push adds to the queue. A queue that is full is given up: whoever catches up
// after a loss gets what was in it that way too (R-IX-28).
func (u *updates) push(body []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.queue) >= u.o.MaxUpdates {
		u.o.Logger.Warn("updates given up, since OnUpdate is too slow", "count", len(u.queue))
		u.queue = [][]byte{nil}
	}
	u.queue = append(u.queue, body)
	if !u.running {
		u.running = true
		u.tasks.Go(u.run)
	}
}

// run calls back until nothing is left to be handed out.
func (u *updates) run() {
	for {
		body, ok := u.next()
		switch {
		case !ok:
			return
		case body != nil:
			u.o.OnUpdate(body)
		case u.o.OnNewSession != nil:
			u.o.OnNewSession()
		}
	}
}

func (u *updates) next() (body []byte, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.queue) == 0 || u.ctx.Err() != nil {
		u.queue, u.running = nil, false
		return nil, false
	}
	body, u.queue = u.queue[0], u.queue[1:]
	return body, true
}
