package bridge

import (
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestShardOf(t *testing.T) {
	counts := make([]int, NumShards)
	const accounts = 100 * NumShards
	for range accounts {
		id, err := NewID[AccountID](time.Now(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		counts[ShardOf(id)]++
	}
	for shard, n := range counts {
		// Six standard deviations of the binomial distribution.
		if n < 40 || n > 160 {
			t.Errorf("shard %d has %d accounts of %d", shard, n, accounts)
		}
	}
}

// TestOwners has each shard at one node whatever the order of the nodes, all nodes
// with as many shards or one more, and few shards move that a node neither got nor
// had.
func TestOwners(t *testing.T) {
	if got := Owners(nil); got != [NumShards]string{} {
		t.Errorf("of no nodes, %v own shards", got)
	}
	for _, n := range []int{1, 2, 3, 4, 7, 32, NumShards, NumShards + 20} {
		var nodes []string
		for i := range n {
			// Names as nodes have them, which differ at the end alone.
			nodes = append(nodes, fmt.Sprintf("host-with-a-long-name-%d", i))
		}
		owners := Owners(nodes)
		counts := make(map[string]int)
		for shard, owner := range owners {
			if !slices.Contains(nodes, owner) {
				t.Fatalf("of %d nodes, %q owns shard %d", n, owner, shard)
			}
			counts[owner]++
		}
		for _, node := range nodes {
			if c := counts[node]; c != NumShards/n && c != NumShards/n+1 {
				t.Errorf("of %d nodes, %s owns %d shards", n, node, c)
			}
		}
		other := slices.Clone(nodes)
		slices.Reverse(other)
		if Owners(other) != owners {
			t.Errorf("of %d nodes, the owners depend on the order", n)
		}
		for i, gone := range nodes[:min(n, 10)] {
			moved := 0
			for shard, owner := range Owners(slices.Delete(slices.Clone(nodes), i, i+1)) {
				if owners[shard] != gone && owner != owners[shard] {
					moved++
				}
			}
			if n > 1 && moved > NumShards/10 {
				t.Errorf("%d shards move because %s of %d has gone, which it had not", moved, gone, n)
			}
		}
	}
}
