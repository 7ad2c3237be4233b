package webhook_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/riverqueue/river"

	"godwit/bridge"
	"godwit/bridge/internal/jobs"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/webhook"
	"godwit/internal/pgtest"
)

// BenchmarkDeliver is an event, stored in a batch of 100, on its way to one
// webhook of one in PostgreSQL, with its receiver in the same process.
func BenchmarkDeliver(b *testing.B) {
	t := newBench(b, pgtest.Database(b))
	s := t.newService(func(o *webhook.Options) { o.Concurrency = 64 })
	r := newReceiver(t)
	t.create(s, bridge.WebhookSpec{URL: r.URL})
	conversations := make([]bridge.ConversationID, 100)
	for i := range conversations {
		conversations[i] = newID[bridge.ConversationID](t)
	}
	b.ResetTimer()
	for stored := 0; stored < b.N; {
		events := make([]*bridge.Event, min(len(conversations), b.N-stored))
		for i := range events {
			events[i] = t.newEvent(t.accounts[i%len(t.accounts)], conversations[i], bridge.MessageReceived)
		}
		t.check(t.store.Change(t.ctx, func(t *store.Tx) error { return t.AddEvents(events...) }))
		stored += len(events)
	}
	r.await(func(got []*received) bool { return len(got) >= b.N })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// An eventJob is what delivering by one job for each event would be, without
// the delivering.
type eventJob struct {
	Event bridge.EventID `json:"event"`
}

// Kind implements river.JobArgs.
func (eventJob) Kind() string { return "event" }

// BenchmarkJobPerEvent is a job of River's, inserted in a batch of 100, that
// does nothing: what one for each event would cost beside the delivery.
func BenchmarkJobPerEvent(b *testing.B) {
	t := newBench(b, pgtest.Database(b))
	var done atomic.Int64
	all := make(chan struct{})
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[eventJob]) error {
		if done.Add(1) == int64(b.N) {
			close(all)
		}
		return nil
	}))
	client, err := jobs.Open(t.ctx, t.store, jobs.Options{
		Workers: workers, Queues: map[string]int{river.QueueDefault: 1000}, Logger: slog.New(slog.DiscardHandler),
	})
	t.check(err)
	defer client.Close()
	t.check(client.Start(t.ctx))
	id := newID[bridge.EventID](t)
	b.ResetTimer()
	var inserting sync.WaitGroup
	inserting.Go(func() {
		for inserted := 0; inserted < b.N; {
			list := make([]river.JobArgs, min(100, b.N-inserted))
			for i := range list {
				list[i] = eventJob{id}
			}
			if err := client.Insert(t.ctx, list...); err != nil {
				b.Error(err)
			}
			inserted += len(list)
		}
	})
	inserting.Wait()
	<-all
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	b.StopTimer()
	t.check(client.Stop(t.ctx))
}
