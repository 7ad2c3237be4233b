// Package inbox stores what the surfaces of Telegram tell: messages and what
// becomes of them, the conversations that they belong to, the events that
// webhooks and streams are told, and where the account stands in its updates.
// One transaction stores all of it, so that the stored state is never ahead of
// what was stored, and what is told once more is not stored once more.
//
// Start with [New]. A surface makes a [Batch] of what it was told and gives it
// to [Inbox.Apply].
package inbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
)

const (
	// maxGroup is how many changes one transaction stores at most, unless a
	// single batch holds more.
	maxGroup = 1000
	// patience is how long the database may take for a transaction.
	patience = time.Minute
)

// An Inbox stores batches. It is safe for concurrent use, and costs nothing
// while nothing arrives.
type Inbox struct {
	store *store.Store
	now   func() time.Time

	entropy io.Reader // monotonic

	// Trace is told of what is stored; it may be nil, and is set before anything
	// is.
	Trace *trace.Tracer

	mu      sync.Mutex
	queue   []*request
	running bool // run
	idle    sync.WaitGroup
}

// A request is a batch that waits to be stored.
type request struct {
	batch *Batch
	done  chan error
}

// New returns an inbox that stores in s. Now tells the time.
func New(s *store.Store, now func() time.Time) *Inbox {
	return &Inbox{store: s, now: now, entropy: bridge.MonotonicEntropy(rand.Reader)}
}

// Close waits for what is being stored. Nothing may be applied any more.
func (i *Inbox) Close() { i.idle.Wait() }

// Apply stores a batch, and returns when it is permanent. The error is
// [store.ErrNotOwner] where the account is another owner's by now; nothing of
// the batch is stored then, nor after any other error. When ctx ends before
// that is known, the batch may be stored or not.
//
// There is one transaction at a time. What arrives meanwhile, of whichever
// accounts, goes into the next one together: with one message of each of 300
// accounts that is several times as fast as transactions of their own side by
// side (BenchmarkApply).
func (i *Inbox) Apply(ctx context.Context, b *Batch) (err error) {
	if b.empty() {
		return nil
	}
	ctx, span := i.Trace.Start(ctx, "store", trace.Internal)
	span.Account(b.Account)
	defer func() { span.End(err) }()
	b.parent = trace.Parent(ctx)
	r := &request{b, make(chan error, 1)}
	i.mu.Lock()
	i.queue = append(i.queue, r)
	if !i.running {
		i.running = true
		i.idle.Go(i.run)
	}
	i.mu.Unlock()
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run stores what is queued until nothing is.
func (i *Inbox) run() {
	for {
		group := i.take()
		if group == nil {
			return
		}
		i.storeGroup(group)
	}
}

// take returns what the next transaction is to store; nil ends the writer.
func (i *Inbox) take() []*request {
	i.mu.Lock()
	defer i.mu.Unlock()
	n, changes := 0, 0
	for n < len(i.queue) && (n == 0 || changes+len(i.queue[n].batch.Changes) <= maxGroup) {
		changes += len(i.queue[n].batch.Changes)
		n++
	}
	if n == 0 {
		i.running = false
		return nil
	}
	group := i.queue[:n:n]
	i.queue = i.queue[n:]
	return group
}

// storeGroup stores several batches in one transaction or, where that fails, by
// halves, so that one that cannot be stored holds up no other account.
func (i *Inbox) storeGroup(group []*request) {
	outcome, err := i.transact(group)
	if err != nil && len(group) > 1 {
		i.storeGroup(group[:len(group)/2])
		i.storeGroup(group[len(group)/2:])
		return
	}
	for n, r := range group {
		if err != nil {
			r.done <- err
		} else {
			r.done <- outcome[n]
		}
	}
}

// tries is how often a transaction is made that others get in the way of.
const tries = 5

// transact makes a transaction, and returns what has become of each batch.
func (i *Inbox) transact(group []*request) (outcome []error, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for try := range tries {
		err = i.store.Change(ctx, func(t *store.Tx) error {
			outcome, err = i.apply(t, group, try > 0)
			return err
		})
		if !errors.Is(err, errOvertaken) && !store.IsConflict(err) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	return outcome, nil
}

// apply does all the work of a transaction. Unless it is told to be wary, it takes
// it that what comes in is news: whether it is, the index that would find it says
// anyway, when it is stored.
func (i *Inbox) apply(t *store.Tx, group []*request, wary bool) (outcome []error, err error) {
	w := &work{inbox: i, tx: t, now: i.now(), wary: wary}
	outcome, owned, err := w.lock(group)
	if err != nil {
		return nil, err
	}
	if err := w.load(owned); err != nil {
		return nil, err
	}
	for _, b := range owned {
		if err := w.apply(b); err != nil {
			return nil, err
		}
	}
	return outcome, w.store()
}
