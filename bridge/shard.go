package bridge

import "hash/fnv"

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

// OwnerOf returns which of the nodes a shard is for, "" where there are none.
// Each shard prefers one node, drawn by a hash of both (rendezvous hashing): when
// a node comes or goes, no shard moves but those that it gets or had.
func OwnerOf(shard int, nodes []string) string {
	var best string
	var most uint64
	for _, node := range nodes {
		h := fnv.New64a()
		h.Write([]byte{byte(shard), byte(shard >> 8)})
		h.Write([]byte(node))
		weight := mix(h.Sum64())
		if best == "" || weight > most || weight == most && node < best {
			best, most = node, weight
		}
	}
	return best
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
