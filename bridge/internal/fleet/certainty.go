package fleet

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errUncertain says that the locks of this node are lost, or may be.
var errUncertain = errors.New("fleet: this node is not certain to own its accounts")

// A certainty is when the node was last known to hold its locks. A process that
// was frozen wakes up in the middle of what it did: by this it knows not to go on
// with keys that others have taken over meanwhile.
type certainty struct {
	now  func() time.Time
	life time.Duration

	mu      sync.Mutex
	held    bool
	at      time.Time
	changed chan struct{} // closed with each change
}

func newCertainty(now func() time.Time, life time.Duration) *certainty {
	return &certainty{now: now, life: life, changed: make(chan struct{})}
}

// proved notes that the locks were held at a time.
func (c *certainty) proved(at time.Time) { c.set(true, at) }

// lost notes that they are not, or may not be.
func (c *certainty) lost() { c.set(false, time.Time{}) }

func (c *certainty) set(held bool, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.at = held, at
	close(c.changed)
	c.changed = make(chan struct{})
}

// wait returns nil when the locks are held, as was seen a short while ago. It
// waits for that to be seen again, and fails when they are lost.
func (c *certainty) wait(ctx context.Context) error {
	for {
		c.mu.Lock()
		held, at, changed := c.held, c.at, c.changed
		c.mu.Unlock()
		if !held {
			return errUncertain
		}
		// By both clocks: one of them stands still while a machine sleeps.
		if now := c.now(); now.Sub(at) < c.life && now.Round(0).Sub(at.Round(0)) < c.life {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Certain returns nil while this node is certain to own its accounts. Where that
// was not seen for longer than others leave accounts alone, it waits until it is
// seen, and fails when the accounts are lost, or ctx ends. What uses an account's
// key asks first.
func (f *Fleet) Certain(ctx context.Context) error { return f.certainty.wait(ctx) }
