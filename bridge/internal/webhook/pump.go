package webhook

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
)

const (
	// flushDelay is how long what is to be written down waits for more.
	flushDelay = 20 * time.Millisecond
	// flushSize is how much of it does not wait.
	flushSize = 256
	// laneBatch is how many pending deliveries of a lane are read at once.
	laneBatch = 32
	// replayBatch is how many events are replayed at once.
	replayBatch = 200
	// graceful is how long requests that are under way may still take when the
	// process ends.
	graceful = 5 * time.Second
)

// A pump delivers to one webhook for a while: it is what a queue says, done.
// There is one for a webhook at a time; should there be a second one, the first
// is told so when it writes.
type pump struct {
	s       *Service
	w       *store.Webhook
	secrets secrets
	q       *queue
	work    chan *item  // what is to be sent
	results chan result // what has come of it
	workers sync.WaitGroup
	hired   int           // workers
	replay  *store.Replay // nil: none
	pools   map[bridge.AccountID][]bridge.PoolID
	gone    bool            // the receiver wants nothing any more
	stop    <-chan struct{} // closed when the webhook has been changed
}

// A result is what has come of sending an item.
type result struct {
	item *item
	outcome
}

// newPump takes a webhook over.
func (s *Service) newPump(ctx context.Context, id bridge.WebhookID) (*pump, error) {
	p := &pump{
		s: s, work: make(chan *item, s.o.Concurrency), results: make(chan result, s.o.Concurrency),
		pools: make(map[bridge.AccountID][]bridge.PoolID),
	}
	err := s.o.Store.Change(ctx, func(t *store.Tx) (err error) {
		p.w, err = t.ClaimWebhook(id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.secrets, err = s.open(ctx, p.w); err != nil {
		return nil, err
	}
	lanes, err := s.o.Store.Lanes(ctx, id)
	if err != nil {
		return nil, err
	}
	ahead, err := s.o.Store.DeliveriesAfter(ctx, id, p.w.Position)
	if err != nil {
		return nil, err
	}
	p.q = newQueue(p.w, lanes, ahead, s.o.Concurrency, s.o.Chance)
	p.replay, err = s.o.Store.Replay(ctx, id)
	return p, err
}

// run delivers until it is told to stop, the context ends or the receiver wants
// nothing any more. What is under way then still ends, and is written down.
func (p *pump) run(ctx context.Context) error {
	sendCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	flush := time.NewTimer(flushDelay)
	defer flush.Stop()
	flushing := false
	for !p.gone {
		changed := p.s.o.Log.Changed()
		more, err := p.pass(ctx, sendCtx)
		if err != nil {
			return p.fail(ctx, cancel, err)
		}
		if dirty := p.q.dirty(); dirty == 0 {
			flushing = false
		} else if !flushing {
			flush.Reset(flushDelay)
			flushing = true
		}
		if !more {
			changed = nil // there is no room for it
		}
		wake, forget := p.wake()
		select {
		case r := <-p.results:
			p.take(r)
		case <-changed:
		case <-wake:
		case <-flush.C:
			flushing = false
			if err := p.flush(ctx); err != nil {
				return p.fail(ctx, cancel, err)
			}
		case <-p.stop:
			forget()
			return p.end(ctx, cancel)
		case <-ctx.Done():
			forget()
			return p.end(ctx, cancel)
		}
		forget()
	}
	return p.end(ctx, cancel)
}

// fail gives up after an error, unless that is the end of the context.
func (p *pump) fail(ctx context.Context, cancel func(), err error) error {
	if ctx.Err() != nil {
		return p.end(ctx, cancel)
	}
	cancel()
	close(p.work)
	p.workers.Wait()
	return err
}

// wake is when the queue wants to be asked again.
func (p *pump) wake() (<-chan time.Time, func()) {
	at := p.q.wake(p.s.o.Clock.Now())
	if at.IsZero() {
		return nil, func() {}
	}
	return p.s.o.Clock.At(at)
}

// take takes what has come of a request, and of all others that have ended.
func (p *pump) take(r result) {
	for {
		p.gone = p.gone || r.gone
		p.q.done(r.item, r.outcome, p.s.o.Clock.Now())
		select {
		case r = <-p.results:
		default:
			return
		}
	}
}

// pass does what there is to do now. It reports whether there is room for what
// comes next in the log.
func (p *pump) pass(ctx, sendCtx context.Context) (room bool, err error) {
	for {
		more, err := p.fill(ctx)
		if err != nil {
			return false, err
		}
		if p.q.dirty() >= flushSize {
			if err := p.flush(ctx); err != nil {
				return false, err
			}
		}
		i, l := p.q.next(p.s.o.Clock.Now())
		switch {
		case i != nil:
			p.send(sendCtx, i)
		case l != nil:
			if err := p.load(ctx, l); err != nil {
				return false, err
			}
		case more && p.q.room() > 0: // the queue has made some
		default:
			if again, err := p.replayMore(ctx); !again || err != nil {
				return p.q.room() > 0, err
			}
		}
	}
}

// fill offers the queue what it has room for, and reports whether there is more
// in the log.
func (p *pump) fill(ctx context.Context) (more bool, err error) {
	for {
		if p.q.read >= p.s.o.Log.End() {
			return false, nil
		}
		if p.q.room() == 0 || p.q.dirty() >= flushSize {
			return true, nil
		}
		events, upTo, err := p.s.o.Log.Read(ctx, p.q.read, p.q.room())
		if err != nil {
			return false, err
		}
		// What has come since the webhook was changed is for who knows of that: it is
		// not to be signed with the secret before, nor to go to the URL before.
		select {
		case <-p.stop:
			return false, nil
		default:
		}
		wanted, err := p.wanted(ctx, events)
		if err != nil {
			return false, err
		}
		p.q.offer(wanted, upTo)
	}
}

// wanted returns those of some events that the webhook wants.
func (p *pump) wanted(ctx context.Context, events []bridge.Event) ([]*bridge.Event, error) {
	var list []*bridge.Event
	for i := range events {
		e := events[i] // which is shared with other readers
		pools, known := p.pools[e.AccountID]
		if !known && len(p.w.Pools) > 0 {
			var err error
			if pools, err = p.s.o.Pools(ctx, e.AccountID); err != nil {
				return nil, err
			}
			p.pools[e.AccountID] = pools
		}
		if p.w.Wants(&e, pools) {
			list = append(list, &e)
		}
	}
	return list, nil
}

// send has an item sent, beside everything else. Those who send stay, since their
// stacks have grown by then to what a request takes.
func (p *pump) send(ctx context.Context, i *item) {
	if p.hired < p.q.sending {
		p.hired++
		p.workers.Go(func() {
			for i := range p.work {
				p.results <- result{i, p.request(ctx, i)}
			}
		})
	}
	p.work <- i // which has room for all that the queue lets be under way
}

// request makes the request that tells of an item. The latter may be read alone.
func (p *pump) request(ctx context.Context, i *item) (out outcome) {
	now := p.s.o.Clock.Now()
	body, err := json.Marshal(i.event)
	if err != nil {
		out.Attempt = bridge.Attempt{At: now, Error: "the event cannot be written: " + err.Error()}
		return out
	}
	ctx, span := p.trace(ctx, i.event)
	out = p.s.sender.send(ctx, p.w.URL, string(i.EventID), body, p.secrets.at(now))
	if span.Number("http.response.status_code", out.Status); !out.delivered {
		span.Fail("undelivered")
	}
	span.End(nil)
	return out
}

// trace begins the span of a request that tells of an event, below that of what
// has led to it.
func (p *pump) trace(ctx context.Context, e *bridge.Event) (context.Context, *trace.Span) {
	t := p.s.o.Trace
	if !t.On() {
		return ctx, nil
	}
	parent, err := p.s.o.Store.Trace(ctx, string(e.ID))
	if err != nil {
		p.s.o.Logger.Warn("a span has lost its parent", "event", e.ID, "error", err)
	}
	ctx, span := t.Start(trace.Below(ctx, parent), "deliver", trace.Producer)
	span.Account(e.AccountID)
	span.Text("godwit.event.id", string(e.ID))
	span.Text("godwit.event.type", string(e.Type))
	span.Text("godwit.webhook.id", string(p.w.ID))
	return ctx, span
}

// load reads what waits in a lane.
func (p *pump) load(ctx context.Context, l *lane) error {
	if err := p.flush(ctx); err != nil {
		return err
	}
	waiting, err := p.s.o.Store.WaitingIn(ctx, p.w.ID, l.key, laneBatch)
	if err != nil {
		return err
	}
	p.q.loaded(l, waiting, len(waiting) == laneBatch, p.s.o.Clock.Now())
	return nil
}

// flush writes down what the queue has to have written.
func (p *pump) flush(ctx context.Context) error {
	return p.write(ctx, nil)
}

// write writes down what the queue has to have written, and something else, all
// or nothing.
func (p *pump) write(ctx context.Context, also func(*store.Tx) error) error {
	q := p.q
	if q.dirty() == 0 && also == nil {
		return nil
	}
	rows := slices.SortedFunc(maps.Values(q.rows), func(a, b *bridge.Delivery) int { return int(a.Position - b.Position) })
	lanes := make([]store.Lane, 0, len(q.keeps))
	for key, due := range q.keeps {
		lanes = append(lanes, store.Lane{Key: key, Due: due})
	}
	err := p.s.o.Store.Change(ctx, func(t *store.Tx) error {
		if err := t.AdvanceWebhook(p.w.ID, p.w.Epoch, q.position(), q.paused); err != nil {
			return err
		}
		if err := t.PutDeliveries(rows); err != nil {
			return err
		}
		for _, position := range q.dropped {
			if err := t.DropDelivery(p.w.ID, position); err != nil {
				return err
			}
		}
		if err := t.PutLanes(p.w.ID, lanes); err != nil {
			return err
		}
		for key := range q.releases {
			if err := t.DropLane(p.w.ID, key); err != nil {
				return err
			}
		}
		if also != nil {
			return also(t)
		}
		return nil
	})
	if err != nil {
		return err
	}
	q.written()
	return nil
}

// replayMore takes up some of what is to be delivered once more, and reports
// whether it has.
func (p *pump) replayMore(ctx context.Context) (bool, error) {
	r := p.replay
	if r == nil || p.q.sending >= p.q.limit || r.After >= p.q.position() && r.After < r.UpTo {
		return false, nil
	}
	items, next, err := p.replayed(ctx, r)
	if err != nil {
		return false, err
	}
	p.q.replay(items, p.s.o.Clock.Now())
	advanced := *r
	advanced.After = next
	if err := p.write(ctx, func(t *store.Tx) error { return t.AdvanceReplay(&advanced) }); err != nil {
		return false, err
	}
	p.replay = &advanced
	if next >= r.UpTo {
		p.replay, err = p.s.o.Store.Replay(ctx, p.w.ID)
	}
	return true, err
}

// replayed returns some of what is to be replayed, and up to where that is.
func (p *pump) replayed(ctx context.Context, r *store.Replay) (items []*item, next int64, err error) {
	upTo := min(r.UpTo, p.q.position())
	if r.OnlyDead {
		dead, err := p.s.o.Store.DeadBetween(ctx, p.w.ID, r.After, upTo, replayBatch)
		for _, d := range dead {
			items = append(items, &item{Delivery: *d})
			next = d.Position
		}
		if len(dead) < replayBatch {
			next = upTo
		}
		return items, next, err
	}
	events, next, err := p.s.o.Log.Read(ctx, r.After, replayBatch)
	if err != nil {
		return nil, 0, err
	}
	events = slices.DeleteFunc(slices.Clone(events), func(e bridge.Event) bool { return e.Position > upTo })
	wanted, err := p.wanted(ctx, events)
	for _, e := range wanted {
		items = append(items, p.q.newItem(e))
	}
	return items, min(next, upTo), err
}

// end waits for what is under way and writes down how it ended.
func (p *pump) end(ctx context.Context, cancel func()) error {
	ended := make(chan struct{})
	close(p.work)
	go func() { p.workers.Wait(); close(ended) }()
	grace := ctx.Done()
	var late <-chan time.Time
	for waiting := true; waiting; {
		select {
		case r := <-p.results:
			p.take(r)
		case <-ended:
			waiting = false
		case <-grace:
			grace, late = nil, time.After(graceful)
		case <-late:
			cancel()
			late = nil
		}
	}
	select {
	case r := <-p.results:
		p.take(r)
	default:
	}
	ctx, forget := context.WithTimeout(context.WithoutCancel(ctx), graceful)
	defer forget()
	return p.write(ctx, nil)
}
