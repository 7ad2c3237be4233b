package mtserver

import (
	"context"
	"sync"
)

// tasks are the short-lived goroutines of a server, which has to outlast them.
// The zero value is ready to use.
type tasks struct {
	mu      sync.Mutex
	running int
	closed  bool
	idle    chan struct{} // closed when none runs, if somebody waits
}

// run starts f in a goroutine, unless the tasks have been closed and all are
// done: what runs then may still start what it needs.
func (t *tasks) run(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed && t.running == 0 {
		return
	}
	t.running++
	go func() {
		defer t.done()
		f()
	}()
}

func (t *tasks) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	if t.running == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// wait waits until no task runs, or until ctx ends, whose error it returns
// then.
func (t *tasks) wait(ctx context.Context) error {
	t.mu.Lock()
	if t.running == 0 {
		t.mu.Unlock()
		return nil
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close waits until no task runs, and lets none start from then on.
func (t *tasks) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	_ = t.wait(context.Background()) // which does not end
}
