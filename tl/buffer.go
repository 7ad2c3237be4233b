package tl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// MaxBytes is the longest string or bytes value that TL can carry: 2^24-1 (R-TL-20).
const MaxBytes = 1<<24 - 1

// Ids of the constructors that the encoding itself needs (R-TL-12).
const (
	IDVector    uint32 = 0x1cb5c415
	IDBoolTrue  uint32 = 0x997275b5
	IDBoolFalse uint32 = 0xbc799737
)

// A Buffer collects encoded values. The zero Buffer is ready to use.
//
// The first failure sticks: later calls change nothing that matters, and Err
// reports it. So a run of Put calls needs one check at the end.
type Buffer state

// NewBuffer returns a Buffer that appends to b[:len(b)].
func NewBuffer(b []byte) *Buffer { return &Buffer{buf: b} }

// Bytes returns what has been encoded. It is valid until the next call on b.
func (b *Buffer) Bytes() []byte { return b.buf }

// Len returns the number of bytes encoded.
func (b *Buffer) Len() int { return len(b.buf) }

// Err returns the first failure: ErrTooLong for a string over MaxBytes, a
// *NilError for a required value that is nil.
func (b *Buffer) Err() error { return b.err }

// Fail records err unless an earlier failure is recorded.
func (b *Buffer) Fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Reset empties b and keeps its memory.
func (b *Buffer) Reset() { b.buf, b.err = b.buf[:0], nil }

// Raw appends p as it stands.
func (b *Buffer) Raw(p []byte) { b.buf = append(b.buf, p...) }

// ID appends a constructor id.
func (b *Buffer) ID(id uint32) { b.buf = binary.LittleEndian.AppendUint32(b.buf, id) }

// Uint32 appends a flags word (TL type #).
func (b *Buffer) Uint32(v uint32) { b.buf = binary.LittleEndian.AppendUint32(b.buf, v) }

// Int appends a TL int.
func (b *Buffer) Int(v int32) { b.buf = binary.LittleEndian.AppendUint32(b.buf, uint32(v)) }

// Long appends a TL long.
func (b *Buffer) Long(v int64) { b.buf = binary.LittleEndian.AppendUint64(b.buf, uint64(v)) }

// Double appends a TL double.
func (b *Buffer) Double(v float64) {
	b.buf = binary.LittleEndian.AppendUint64(b.buf, math.Float64bits(v))
}

// Int128 appends 16 raw bytes.
func (b *Buffer) Int128(v *Int128) { b.buf = append(b.buf, v[:]...) }

// Int256 appends 32 raw bytes.
func (b *Buffer) Int256(v *Int256) { b.buf = append(b.buf, v[:]...) }

// Bool appends boolTrue or boolFalse.
func (b *Buffer) Bool(v bool) {
	if v {
		b.ID(IDBoolTrue)
	} else {
		b.ID(IDBoolFalse)
	}
}

// Count appends the length of a bare vector.
func (b *Buffer) Count(n int) {
	if n > math.MaxInt32 {
		b.Fail(fmt.Errorf("tl: vector of %d elements: %w", n, ErrTooLong))
		n = 0
	}
	b.Int(int32(n))
}

// Vector appends the head of a boxed vector of n elements.
func (b *Buffer) Vector(n int) {
	b.ID(IDVector)
	b.Count(n)
}

// ByteString appends p as TL bytes.
func (b *Buffer) ByteString(p []byte) { copy(b.stringBody(len(p)), p) }

// String appends s as a TL string.
func (b *Buffer) String(s string) { copy(b.stringBody(len(s)), s) }

// stringBody appends a string of n bytes but for the bytes themselves, and
// returns their place (R-TL-20).
func (b *Buffer) stringBody(n int) []byte {
	if n > MaxBytes {
		b.Fail(fmt.Errorf("tl: string of %d bytes: %w", n, ErrTooLong))
		return nil
	}
	head := 1
	if n >= 254 {
		head = 4
	}
	start, size := len(b.buf), (head+n+3)&^3
	if cap(b.buf)-start < size {
		b.buf = slices.Grow(b.buf, size)
	}
	b.buf = b.buf[:start+size]
	p := b.buf[start:]
	binary.LittleEndian.PutUint32(p[size-4:], 0) // the padding, before what may precede it
	if head == 1 {
		p[0] = byte(n)
	} else {
		binary.LittleEndian.PutUint32(p, uint32(n)<<8|254)
	}
	return p[head : head+n]
}

// Object appends a boxed value. None at all is a *NilError.
func (b *Buffer) Object(v Object) { (*Codec)(b).Object(v) }

// Query appends the query inside a wrapper (TL's !X, R-TL-06).
func (b *Buffer) Query(v Object, field string) {
	if v == nil {
		b.Missing(field)
		return
	}
	b.Object(v)
}

// SetFlags writes the flags word that begins at a place in b.
func (b *Buffer) SetFlags(at int, flags uint32) { binary.LittleEndian.PutUint32(b.buf[at:], flags) }

// Missing fails because a required field has no value. The field is
// "constructor.field", as in the schema.
func (b *Buffer) Missing(field string) { b.Fail(&NilError{Field: field}) }

// ErrTooLong says that a value is longer than its TL form allows.
var ErrTooLong = errors.New("too long for TL")

// A NilError names a field that must have a value and has none.
type NilError struct {
	Field string // "constructor.field", as in the schema
}

func (e *NilError) Error() string { return "tl: required field " + e.Field + " is nil" }

// Marshal encodes v.
func Marshal(v Object) ([]byte, error) {
	var b Buffer
	b.Object(v)
	return b.buf, b.err
}

// TypeID returns the id of v's constructor or method: the word that its
// encoding begins with.
func TypeID(v Object) uint32 {
	b := Buffer{asking: true}
	b.Object(v)
	return NewReader(b.buf).PeekID()
}
