package bridge

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// NumShards is how many shards the accounts fall into. Nodes own shards, not
// single accounts: the locks of PostgreSQL that say who owns what are few then,
// however many accounts there are. More nodes than shards would be of no use.
const NumShards = 256

// ShardOf returns the shard of an account, from 0 to NumShards-1. It never
// changes.
func ShardOf(id AccountID) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % NumShards)
}

// Owners returns which of the nodes each shard is for, "" where there are none.
// The order of the nodes does not matter, and no node has more than one shard
// more than another.
//
// Each shard prefers nodes by a hash of both (rendezvous hashing), and those that
// prefer their nodes most come first. So when a node comes or goes, few shards
// move but those that it gets or had: at most one in ten, to keep the others even.
func Owners(nodes []string) (owners [NumShards]string) {
	type wish struct {
		shard  int
		node   string
		weight uint64
	}
	wishes := make([]wish, 0, NumShards*len(nodes))
	room := make(map[string]int, len(nodes))
	for _, node := range nodes {
		room[node] = NumShards / len(nodes)
		for shard := range NumShards {
			h := fnv.New64a()
			h.Write([]byte{byte(shard), byte(shard >> 8)})
			h.Write([]byte(node))
			wishes = append(wishes, wish{shard, node, mix(h.Sum64())})
		}
	}
	slices.SortFunc(wishes, func(a, b wish) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.shard, b.shard), cmp.Compare(a.node, b.node))
	})
	spare := NumShards - len(nodes)*(NumShards/max(len(nodes), 1)) // that go to as many nodes, beyond their room
	for _, w := range wishes {
		if owners[w.shard] != "" || room[w.node] == 0 && spare == 0 || room[w.node] < 0 {
			continue
		}
		owners[w.shard] = w.node
		if room[w.node] == 0 {
			spare--
		}
		room[w.node]--
	}
	return owners
}

// mix spreads what a hash says over all bits (the finalizer of MurmurHash3):
// FNV's high bits differ little for texts that differ at the end.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
