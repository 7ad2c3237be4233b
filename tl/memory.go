package tl

import "unsafe"

// Many of the values that Telegram sends are tiny: a peer is one number, a
// name a few bytes. A Reader takes the memory for them in blocks, so that a
// page of history does not cost a thousand allocations. The price is that a
// value keeps its block alive: at most maxBlock bytes, none of which point to
// anything.
const (
	maxBlock  = 1024 // bytes
	maxShared = 256  // a longer string has memory of its own
	maxSmall  = 32   // so has a larger struct
)

// block returns the size of a new block for a value of n bytes. It grows with
// the input that is left, which bounds what all blocks take.
func (r *Reader) block(n int) int { return max(n, min(maxBlock, n+r.Remaining()/4)) }

// copied returns a copy of p, not nil, whose capacity is its length.
func (r *Reader) copied(p []byte) []byte {
	n := len(p)
	if n == 0 || n > maxShared {
		return append(make([]byte, 0, n), p...)
	}
	if n > len(r.bytes) {
		r.bytes = make([]byte, r.block(n))
	}
	q := r.bytes[:n:n]
	r.bytes = r.bytes[n:]
	copy(q, p)
	return q
}

// Small returns zeroed memory for a value of the given size in bytes, aligned
// to 8. It is made for generated code: the value's type must not contain a
// pointer, which the garbage collector would not see.
func (r *Reader) Small(size uintptr) unsafe.Pointer {
	n := int(size+7) / 8
	if n == 0 {
		n = 1
	}
	if n > len(r.words) {
		r.words = make([]uint64, (r.block(8*n)+7)/8)
	}
	p := unsafe.Pointer(&r.words[0])
	r.words = r.words[n:]
	return p
}
