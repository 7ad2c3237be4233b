package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// Deliver delivers to a webhook for a while, or until the context ends, and
// reports whether there may be more to do: not if the webhook is disabled or
// deleted. Only one call for a webhook is to be under way, on any node; should
// there be two, one of them ends with store.ErrNotOwner.
func (s *Service) Deliver(ctx context.Context, id bridge.WebhookID) (again bool, err error) {
	stop, err := s.begin(ctx, id)
	if err != nil || stop == nil {
		return err != nil, err
	}
	defer s.forget(id, stop)
	p, err := s.newPump(ctx, id)
	if errors.Is(err, &bridge.Error{Code: bridge.CodeNotFound}) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	p.stop = stop
	slice := time.AfterFunc(s.o.Slice, func() { s.restart(id) })
	defer slice.Stop()
	if err := p.run(ctx); err != nil {
		return true, err
	}
	if p.gone {
		s.o.Logger.Warn("a webhook's receiver has gone", "webhook", id)
		if _, err := s.Disable(ctx, id, "The receiver has answered 410 Gone."); err != nil {
			return true, err
		}
	}
	w, err := s.o.Store.Webhook(ctx, id)
	if errors.Is(err, &bridge.Error{Code: bridge.CodeNotFound}) {
		return false, nil
	}
	return err != nil || w.Disabled == "", err
}

// begin notes that this process delivers to a webhook. It returns nil if there
// is nothing to deliver to.
func (s *Service) begin(ctx context.Context, id bridge.WebhookID) (chan struct{}, error) {
	w, err := s.o.Store.Webhook(ctx, id)
	if errors.Is(err, &bridge.Error{Code: bridge.CodeNotFound}) {
		return nil, nil
	}
	if err != nil || w.Disabled != "" {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pumps[id] != nil {
		return nil, fmt.Errorf("%w: %s is delivered to by this node already", store.ErrNotOwner, id)
	}
	r := &running{version: w.Version, stop: make(chan struct{})}
	s.pumps[id] = r
	return r.stop, nil
}

func (s *Service) forget(id bridge.WebhookID, stop chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.pumps[id]; r != nil && r.stop == stop {
		delete(s.pumps, id)
	}
}

// restart has this process end what it delivers to a webhook, and begin anew.
func (s *Service) restart(id bridge.WebhookID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.pumps[id]; r != nil && !r.stopped {
		r.stopped = true
		close(r.stop)
	}
}

const (
	// watchInterval is how long a change of a webhook that another node has made
	// may go unnoticed.
	watchInterval = time.Second
	// enqueueEvery is how many looks there are between having all webhooks
	// enqueued that nobody here delivers to, in case one was lost.
	enqueueEvery = 15
	// enqueueFor is how many looks one is enqueued for that was changed. Once is
	// not enough: the job from before it was disabled may be about to end.
	enqueueFor = 3
)

// Run looks after the webhooks until the context ends: whoever delivers to one
// that was changed is told, and each that is enabled is delivered to by
// somebody.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for looks := 0; ; looks++ {
		if err := s.watch(ctx, looks); err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("webhooks cannot be looked after for now", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// A sight is a webhook as it was seen by the last look.
type sight struct {
	version int64
	since   int // which look saw that version first
}

// watch is one look, the number of which it takes.
func (s *Service) watch(ctx context.Context, look int) error {
	versions, err := s.o.Store.WebhookVersions(ctx)
	if err != nil {
		return err
	}
	idle, changed := s.compare(versions, look)
	for _, id := range changed {
		s.restart(id)
	}
	return s.enqueue(ctx, idle...)
}

// compare returns, of the webhooks that there are, those that are to be
// enqueued, and those that this process delivers to as they no longer are.
func (s *Service) compare(versions []store.WebhookVersion, look int) (idle, changed []bridge.WebhookID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make(map[bridge.WebhookID]sight, len(versions))
	for _, v := range versions {
		now := s.seen[v.ID]
		if now.version != v.Version {
			now = sight{v.Version, look}
		}
		seen[v.ID] = now
		switch r := s.pumps[v.ID]; {
		case r != nil && (r.version != v.Version || !v.Enabled):
			changed = append(changed, v.ID)
		case r == nil && v.Enabled && (look-now.since < enqueueFor || look%enqueueEvery == 0):
			idle = append(idle, v.ID)
		}
	}
	s.seen = seen
	for id := range s.pumps {
		if _, there := seen[id]; !there {
			changed = append(changed, id)
		}
	}
	return idle, changed
}

// A Retention says how long the log of deliveries goes back.
type Retention struct {
	Delivered time.Duration // those that have got there
	Dead      time.Duration // those that were given up
}

// pruneBatch is how many deliveries one transaction forgets.
const pruneBatch = 5000

// Prune forgets what the log of deliveries has that is older than that, and
// returns how much it was. What waits is kept.
func (s *Service) Prune(ctx context.Context, r Retention) (total int64, err error) {
	now := s.o.Clock.Now()
	for after := bridge.WebhookID(""); ; {
		page, err := s.o.Store.Webhooks(ctx, after, 100)
		if err != nil || len(page) == 0 {
			return total, err
		}
		for _, w := range page {
			after = w.ID
			for state, age := range map[bridge.DeliveryState]time.Duration{
				bridge.DeliveryDone: r.Delivered, bridge.DeliveryDead: r.Dead,
			} {
				n, err := s.prune(ctx, w.ID, state, now.Add(-age))
				total += n
				if err != nil {
					return total, err
				}
			}
		}
	}
}

func (s *Service) prune(ctx context.Context, id bridge.WebhookID, state bridge.DeliveryState, before time.Time) (total int64, err error) {
	for {
		var n int64
		err := s.o.Store.Change(ctx, func(t *store.Tx) (err error) {
			n, err = t.PruneDeliveries(id, state, before, pruneBatch)
			return err
		})
		total += n
		if err != nil || n < pruneBatch/2 {
			return total, err
		}
	}
}
