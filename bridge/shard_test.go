package bridge

import (
	"crypto/rand"
	"fmt"
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

func TestOwnerOf(t *testing.T) {
	if got := OwnerOf(5, nil); got != "" {
		t.Errorf("of no nodes, %q owns a shard", got)
	}
	nodes := []string{"a", "b", "c", "d"}
	counts := make(map[string]int)
	for shard := range NumShards {
		owner := OwnerOf(shard, nodes)
		counts[owner]++
		if other := OwnerOf(shard, []string{"d", "c", "a", "b"}); other != owner {
			t.Errorf("the owner of %d depends on the order of the nodes", shard)
		}
		for _, gone := range nodes {
			var rest []string
			for _, n := range nodes {
				if n != gone {
					rest = append(rest, n)
				}
			}
			if now := OwnerOf(shard, rest); owner != gone && now != owner {
				t.Errorf("shard %d moves from %s to %s because %s has gone", shard, owner, now, gone)
			}
		}
	}
	for _, n := range nodes {
		if counts[n] < NumShards/len(nodes)/2 || counts[n] > NumShards/len(nodes)*2 {
			t.Errorf("the nodes own %v", counts)
		}
	}
	// Names as nodes have them, which differ at the end alone.
	counts = make(map[string]int)
	nodes = nil
	for i := range 3 {
		nodes = append(nodes, fmt.Sprintf("host-with-a-long-name-%d", i))
	}
	for shard := range NumShards {
		counts[OwnerOf(shard, nodes)]++
	}
	for _, n := range nodes {
		if counts[n] < 50 {
			t.Errorf("the nodes own %v", counts)
		}
	}
}
