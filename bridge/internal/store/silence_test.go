package store_test

import (
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// TestSilence has whoever takes accounts over that were not given back be told for
// how long their owner has not proved that it is there, by the database's clock
// whatever its own says; to take them over is such a proof.
func TestSilence(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := b.add(0)
		shard := bridge.ShardOf(a.ID)
		claim := func(node string) (silence time.Duration, crashed bool) {
			b.Helper()
			b.check(b.Change(b.ctx(), func(tx *store.Tx) error {
				_, list, err := tx.ClaimShard(shard, node)
				silence, crashed = list[a.ID]
				return err
			}))
			return silence, crashed
		}
		begin := func(node string, key int) *store.Locks {
			b.Helper()
			b.check(b.Change(b.ctx(), func(tx *store.Tx) error {
				return tx.SetNode(store.Node{ID: node, Address: "x:1", LockKey: key, SeenAt: time.Now().Add(-24 * time.Hour)})
			}))
			locks, err := b.OpenLocks(b.ctx(), key, time.Minute)
			b.check(err)
			b.Cleanup(func() { locks.Close() })
			b.check(locks.Check(b.ctx(), 10*time.Second))
			return locks
		}
		begin("one", 1)
		begin("two", 2)
		if _, crashed := claim("one"); crashed {
			b.Error("an account that nobody had is of a node that has crashed")
		}
		proved := time.Now()
		if silence, crashed := claim("two"); !crashed || silence > time.Since(proved)+time.Minute {
			b.Errorf("crashed %v, silent for %v", crashed, silence)
		}
		if !b.Shared() {
			return
		}
		if silence, crashed := claim("three"); !crashed || silence > time.Since(proved) {
			b.Errorf("crashed %v, silent for %v since it took the account", crashed, silence)
		}
		if silence, crashed := claim("four"); !crashed || silence != 0 {
			b.Errorf("crashed %v, silent for %v: nothing is known of that node", crashed, silence)
		}
		b.check(b.Change(b.ctx(), func(tx *store.Tx) error {
			return tx.SetNode(store.Node{ID: "five", Address: "x:1", LockKey: 5, SeenAt: time.Now().Add(-time.Hour)})
		}))
		b.check(b.Change(b.ctx(), func(tx *store.Tx) error { return tx.ReleaseShard(shard, "four") }))
		if _, crashed := claim("five"); crashed {
			b.Error("what was given back is of a node that has crashed")
		}
		if silence, _ := claim("six"); silence < time.Hour-time.Minute {
			b.Errorf("silent for %v, want an hour", silence)
		}
	})
}
