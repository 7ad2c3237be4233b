package inbox

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

// BenchmarkApply has hundreds of accounts told of messages at once, each of one
// delivery after the other, as their connections tell of them.
func BenchmarkApply(b *testing.B) {
	databases := map[string]func(testing.TB) string{
		"postgres": pgtest.Database,
		"sqlite":   func(tb testing.TB) string { return "sqlite:" + filepath.Join(tb.TempDir(), "a.db") },
	}
	for database, url := range databases {
		for _, shape := range []struct{ accounts, messages int }{{1, 1}, {1, 100}, {300, 1}, {300, 5}} {
			b.Run(fmt.Sprintf("%s/accounts=%d/messages=%d", database, shape.accounts, shape.messages), func(b *testing.B) {
				benchmarkApply(b, newDesk(b, url(b)), shape.accounts, shape.messages)
			})
		}
	}
}

func benchmarkApply(b *testing.B, d *desk, accounts, messages int) {
	type owned struct {
		id    bridge.AccountID
		owner int64
	}
	list := []owned{{d.account, d.owner}}
	for len(list) < accounts {
		id, owner := d.add()
		list = append(list, owned{id, owner})
	}
	var left, total atomic.Int64
	left.Store(int64(b.N))
	var mu sync.Mutex
	var slowest, sum time.Duration
	b.ResetTimer()
	var telling sync.WaitGroup
	for _, a := range list {
		telling.Go(func() {
			for next := 1; left.Add(-1) >= 0; {
				batch := &Batch{Account: a.id, Epoch: a.owner, Source: bridge.MTProto, State: &store.UpdateChange{
					Counters: &store.Counters{PTS: int64(next)},
				}}
				for range messages {
					peer := bridge.Peer{Kind: bridge.UserPeer, ID: int64(next%20 + 1)}
					batch.Changes = append(batch.Changes, from(peer, next, "The quick brown fox jumps over the lazy dog."))
					batch.Peers = append(batch.Peers, Peer{Peer: peer, Title: "Ann", Username: "ann"})
					next++
				}
				begin := time.Now()
				if err := d.inbox.Apply(b.Context(), batch); err != nil {
					b.Error(err)
				}
				took := time.Since(begin)
				mu.Lock()
				slowest, sum = max(slowest, took), sum+took
				mu.Unlock()
				total.Add(int64(messages))
			}
		})
	}
	telling.Wait()
	b.ReportMetric(float64(total.Load())/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64(slowest.Milliseconds()), "ms-slowest")
	b.ReportMetric(float64(sum.Milliseconds())/float64(b.N), "ms-mean")
}
