package mtclient

import (
	"context"
	"sync"
)

// updates hands what the server sends by itself to the callbacks, so that a
// slow one holds nothing up.
type updates struct {
	o     *Options
	wake  chan struct{} // has room for one
	mu    sync.Mutex
	queue [][]byte // nil stands for a call of OnNewSession
}

func newUpdates(o *Options) *updates { return &updates{o: o, wake: make(chan struct{}, 1)} }

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
	if len(u.queue) >= u.o.MaxUpdates {
		u.o.Logger.Warn("updates given up, since OnUpdate is too slow", "count", len(u.queue))
		u.queue = [][]byte{nil}
	}
	u.queue = append(u.queue, body)
	u.mu.Unlock()
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// run calls back until ctx ends. What waits then is lost, like all that comes
// later.
func (u *updates) run(ctx context.Context) {
	for {
		select {
		case <-u.wake:
		case <-ctx.Done():
			return
		}
		for {
			body, ok := u.next()
			if !ok || ctx.Err() != nil {
				break
			}
			if body != nil {
				u.o.OnUpdate(body)
			} else if u.o.OnNewSession != nil {
				u.o.OnNewSession()
			}
		}
	}
}

func (u *updates) next() (body []byte, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.queue) == 0 {
		return nil, false
	}
	body, u.queue = u.queue[0], u.queue[1:]
	return body, true
}
