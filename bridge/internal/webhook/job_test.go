package webhook_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"godwit/bridge"
	"godwit/bridge/internal/eventlog"
	"godwit/bridge/internal/jobs"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/webhook"
)

// A node is a process of the daemon, as far as webhooks go.
type node struct {
	service *webhook.Service
	jobs    *jobs.Client
	stop    func()
}

// startNode starts a node on the database of a bench, which has the webhooks'
// secrets from another service.
func (b *bench) startNode(like *webhook.Service) *node {
	b.Helper()
	n := new(node)
	s := b.store
	if s.Shared() {
		var err error
		s, err = store.Open(b.ctx, b.url)
		b.check(err)
		b.Cleanup(func() { s.Close() })
	}
	ctx, cancel := context.WithCancel(b.ctx)
	o := like.Options()
	o.Store, o.Slice = s, 500*time.Millisecond
	log := b.log
	if s != b.store {
		log = eventlog.New(s, slog.New(slog.DiscardHandler))
		b.delivering.Go(func() { log.Run(ctx) })
	}
	o.Log = log
	o.Enqueue = func(ctx context.Context, ids []bridge.WebhookID) error {
		return n.jobs.Insert(ctx, webhook.Jobs(ids)...)
	}
	n.service = webhook.New(o)
	workers := river.NewWorkers()
	river.AddWorker(workers, &webhook.Worker{Service: n.service})
	var err error
	n.jobs, err = jobs.Open(b.ctx, s, jobs.Options{
		Workers: workers, Queues: map[string]int{webhook.Queue: 50}, Logger: slog.New(slog.DiscardHandler),
	})
	b.check(err)
	b.check(n.jobs.Start(ctx))
	b.delivering.Go(func() { n.service.Run(ctx) })
	stopped := false
	n.stop = func() {
		if stopped {
			return
		}
		stopped = true
		b.check(n.jobs.Stop(context.WithoutCancel(ctx)))
		cancel()
		n.jobs.Close()
	}
	b.Cleanup(n.stop)
	return n
}

// TestJobs has webhooks delivered to by whichever node there is, in slices, and
// none lost when a node ends or a webhook comes and goes.
func TestJobs(t *testing.T) {
	onBoth(t, func(b *bench) {
		first := b.startNode(b.service)
		nodes := []*node{first}
		if b.store.Shared() {
			nodes = append(nodes, b.startNode(b.service))
		}
		last := nodes[len(nodes)-1]
		var receivers []*receiver
		var ids []bridge.WebhookID
		for i := range 3 {
			r := newReceiver(b)
			id, _ := b.create(nodes[i%len(nodes)].service, bridge.WebhookSpec{URL: r.URL})
			receivers, ids = append(receivers, r), append(ids, id)
		}
		conversation := newID[bridge.ConversationID](b)
		total := 0
		more := func() {
			for range 10 {
				b.add(b.accounts[0], conversation, bridge.MessageReceived, 5)
				total += 5
			}
			for _, r := range receivers {
				checkOrder(b.TB, r.awaitDelivered(total))
			}
		}
		more()
		<-time.After(600 * time.Millisecond) // a slice ends
		more()
		if first != last {
			first.stop()
			more()
		}
		_, err := last.service.Disable(b.ctx, ids[0], "for a while")
		b.check(err)
		_, err = last.service.Enable(b.ctx, ids[0])
		b.check(err)
		more()
		for _, r := range receivers {
			if n := len(r.await(func([]*received) bool { return true })); n != total {
				b.Logf("%d requests for %d events", n, total)
			}
		}
	})
}
