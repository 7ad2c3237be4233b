package tl

import "encoding/binary"

// Ints appends a boxed vector of ints.
func (b *Buffer) Ints(v []int32) {
	b.Vector(len(v))
	for _, n := range v {
		b.buf = binary.LittleEndian.AppendUint32(b.buf, uint32(n))
	}
}

// Longs appends a boxed vector of longs.
func (b *Buffer) Longs(v []int64) {
	b.Vector(len(v))
	for _, n := range v {
		b.buf = binary.LittleEndian.AppendUint64(b.buf, uint64(n))
	}
}

// Strings appends a boxed vector of strings.
func (b *Buffer) Strings(v []string) {
	b.Vector(len(v))
	for _, s := range v {
		b.String(s)
	}
}

// ByteStrings appends a boxed vector of bytes.
func (b *Buffer) ByteStrings(v [][]byte) {
	b.Vector(len(v))
	for _, p := range v {
		b.ByteString(p)
	}
}

// Ints reads a boxed vector of ints, never nil.
func (r *Reader) Ints() []int32 {
	v := make([]int32, r.Vector(4))
	p := r.Raw(4 * len(v))
	for i := range v {
		v[i] = int32(binary.LittleEndian.Uint32(p[4*i:]))
	}
	return v
}

// Longs reads a boxed vector of longs, never nil.
func (r *Reader) Longs() []int64 {
	v := make([]int64, r.Vector(8))
	p := r.Raw(8 * len(v))
	for i := range v {
		v[i] = int64(binary.LittleEndian.Uint64(p[8*i:]))
	}
	return v
}

// Strings reads a boxed vector of strings, never nil.
func (r *Reader) Strings() []string {
	v := make([]string, r.Vector(4))
	for i := range v {
		v[i] = r.String()
	}
	return v
}

// ByteStrings reads a boxed vector of bytes, never nil.
func (r *Reader) ByteStrings() [][]byte {
	v := make([][]byte, r.Vector(4))
	for i := range v {
		v[i] = r.ByteString()
	}
	return v
}
