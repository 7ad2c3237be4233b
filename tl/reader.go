package tl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// MaxDepth is how deeply boxed values may be nested in what a Reader accepts.
// The deepest value that the API is known to send, a page of nested rich text,
// stays under 64.
const MaxDepth = 128

// A Reader decodes values from a byte slice.
//
// The first failure sticks: from then on every method returns a zero value and
// Err reports what went wrong and where. So a run of reads needs one check at
// the end. No method panics, whatever the input, and nothing is allocated on
// the word of a length that the input cannot back.
type Reader state

// NewReader returns a Reader of p.
func NewReader(p []byte) *Reader { return &Reader{buf: p, decoding: true} }

// Reset makes r read p. Borrowing stays as it was set.
func (r *Reader) Reset(p []byte) {
	r.decoding = true
	r.buf, r.off, r.depth, r.vector, r.err = p, 0, 0, 0, nil
}

// Borrow sets whether strings and bytes that are read share the memory of the
// input instead of being copied. Whoever borrows must not change the input
// afterwards, and keeps all of it alive with any string taken from it.
func (r *Reader) Borrow(on bool) { r.borrow = on }

// Err returns the first failure: a *DecodeError, or what Fail was given.
func (r *Reader) Err() error { return r.err }

// Fail records err unless an earlier failure is recorded.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = &DecodeError{Offset: r.off, Err: err}
		// An empty rest makes all that follows fail fast.
		r.off = len(r.buf)
	}
}

// Remaining returns how many bytes have not been read.
func (r *Reader) Remaining() int { return len(r.buf) - r.off }

// Rest returns the bytes that have not been read, without reading them.
// They share the memory of the input.
func (r *Reader) Rest() []byte { return r.buf[r.off:] }

// Finish fails if anything is left to read (R-TL-28), and returns Err.
func (r *Reader) Finish() error {
	if r.err == nil && r.off != len(r.buf) {
		r.Fail(fmt.Errorf("%d bytes: %w", r.Remaining(), ErrTrailing))
	}
	return r.err
}

// Raw reads n bytes as they stand. They share the memory of the input.
func (r *Reader) Raw(n int) []byte {
	if n < 0 || n > len(r.buf)-r.off {
		r.Fail(ErrUnexpectedEnd)
		return nil
	}
	p := r.buf[r.off : r.off+n : r.off+n]
	r.off += n
	return p
}

// ID reads a constructor id, 0 at the end of the input.
func (r *Reader) ID() uint32 { return r.Uint32() }

// PeekID returns the next four bytes as a constructor id without reading
// them, 0 if there are not as many.
func (r *Reader) PeekID() uint32 {
	if len(r.buf)-r.off < 4 {
		return 0
	}
	return binary.LittleEndian.Uint32(r.buf[r.off:])
}

// Uint32 reads a flags word (TL type #).
func (r *Reader) Uint32() uint32 {
	p := r.buf[r.off:]
	if len(p) < 4 {
		return uint32(r.end())
	}
	r.off += 4
	return binary.LittleEndian.Uint32(p)
}

// Int reads a TL int.
func (r *Reader) Int() int32 { return int32(r.Uint32()) }

// Long reads a TL long.
func (r *Reader) Long() int64 {
	p := r.buf[r.off:]
	if len(p) < 8 {
		return r.end()
	}
	r.off += 8
	return int64(binary.LittleEndian.Uint64(p))
}

// end fails because the input ends too early, and returns 0.
func (r *Reader) end() int64 {
	r.Fail(ErrUnexpectedEnd)
	return 0
}

// Double reads a TL double.
func (r *Reader) Double() float64 { return math.Float64frombits(uint64(r.Long())) }

// Int128 reads 16 raw bytes.
func (r *Reader) Int128() (v Int128) {
	copy(v[:], r.Raw(len(v)))
	return v
}

// Int256 reads 32 raw bytes.
func (r *Reader) Int256() (v Int256) {
	copy(v[:], r.Raw(len(v)))
	return v
}

// Bool reads a boxed Bool.
func (r *Reader) Bool() bool {
	switch id := r.Uint32(); id {
	case IDBoolTrue:
		return true
	case IDBoolFalse:
		return false
	default:
		r.Unexpected(id, "Bool")
		return false
	}
}

// Expect reads a constructor id and fails unless it is id. The name is what
// the failure calls the expected value.
func (r *Reader) Expect(id uint32, name string) {
	p := r.buf[r.off:]
	if len(p) >= 4 && binary.LittleEndian.Uint32(p) == id {
		r.off += 4
		return
	}
	r.Unexpected(r.Uint32(), name)
}

// Unexpected fails because id stands where a value of the named type should.
func (r *Reader) Unexpected(id uint32, want string) {
	if r.err == nil {
		r.off = max(r.off-4, 0)
		r.Fail(&UnexpectedIDError{ID: id, Want: want})
	}
}

// Count reads the length of a bare vector whose elements take at least
// minSize bytes each (R-TL-26). An element does not share those bytes with
// those of a vector inside it, so all vectors together are bound by the input:
// else each of MaxDepth nested ones could claim the whole rest.
func (r *Reader) Count(minSize int) int {
	n := int(r.Int())
	minSize = max(minSize, 4)
	if n < 0 || n > r.Remaining()/minSize || r.vector+n*minSize > len(r.buf) {
		r.Fail(fmt.Errorf("vector of %d elements: %w", n, ErrUnexpectedEnd))
		return 0
	}
	r.vector += n * minSize
	return n
}

// Vector reads the head of a boxed vector whose elements take at least
// minSize bytes each, and returns their number.
func (r *Reader) Vector(minSize int) int {
	r.Expect(IDVector, "Vector")
	return r.Count(minSize)
}

// ByteString reads TL bytes, never nil unless r has failed.
func (r *Reader) ByteString() []byte {
	p := r.stringBody()
	if r.borrow || p == nil {
		return p
	}
	return r.copied(p)
}

// String reads a TL string. It is not checked to be UTF-8.
func (r *Reader) String() string {
	p := r.stringBody()
	if len(p) == 0 {
		return ""
	}
	if !r.borrow {
		p = r.copied(p)
	}
	return unsafe.String(&p[0], len(p))
}

// stringBody follows R-TL-20 and R-TL-21: padding may hold anything, the
// long form may hold a short string, and 255 is no length.
func (r *Reader) stringBody() []byte {
	rest := r.buf[r.off:]
	if len(rest) < 4 {
		r.Fail(ErrUnexpectedEnd)
		return nil
	}
	head, n := 1, int(rest[0])
	switch n {
	case 254:
		head, n = 4, int(rest[1])|int(rest[2])<<8|int(rest[3])<<16
	case 255:
		r.Fail(errLengthByte)
		return nil
	}
	end := (head + n + 3) &^ 3
	if end > len(rest) {
		r.Fail(fmt.Errorf("string of %d bytes: %w", n, ErrUnexpectedEnd))
		return nil
	}
	r.off += end
	return rest[head : head+n : head+n]
}

// Enter notes that a nested value begins, and reports whether it may: at
// MaxDepth it fails. Every Enter that returned true is followed by Leave.
func (r *Reader) Enter() bool {
	r.depth++
	if r.depth > MaxDepth {
		r.Fail(ErrTooDeep)
		return false
	}
	return true
}

// Leave notes that a nested value has ended.
func (r *Reader) Leave() { r.depth-- }

// OnQuery sets what decodes the query inside a wrapper such as
// invokeWithLayer (TL's !X, R-TL-06). It is told and not linked, so that a
// program that only sends queries does not carry the code to read every one.
func (r *Reader) OnQuery(decode func(*Reader) Object) { r.query = decode }

// Query reads the query inside a wrapper with what OnQuery was given, and
// fails if it was given nothing.
func (r *Reader) Query() (v Object) {
	if r.query == nil {
		r.Fail(errNoQuery)
		return nil
	}
	if r.Enter() {
		v = r.query(r)
	}
	r.Leave()
	return v
}

// What a *DecodeError wraps.
var (
	ErrUnexpectedEnd = errors.New("more is announced than the input holds")
	ErrTrailing      = errors.New("left over after the value")
	ErrTooDeep       = errors.New("values nested too deeply")

	errNoQuery    = errors.New("query inside a wrapper, and nothing to decode it: see Reader.OnQuery")
	errLengthByte = errors.New("length byte 255 is not TL")
)

// A DecodeError says why and where decoding stopped.
type DecodeError struct {
	Offset int // bytes from the start of the input
	Err    error
}

func (e *DecodeError) Error() string { return fmt.Sprintf("tl: at byte %d: %v", e.Offset, e.Err) }

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// An UnexpectedIDError names a constructor id that does not belong where it
// stands.
type UnexpectedIDError struct {
	ID   uint32
	Want string // the type that was expected
}

func (e *UnexpectedIDError) Error() string {
	return fmt.Sprintf("unexpected constructor %08x, want %s", e.ID, e.Want)
}

// Unmarshal decodes all of p into v.
func Unmarshal(p []byte, v Object) error {
	r := NewReader(p)
	r.Object(v)
	return r.Finish()
}

// Object reads a boxed value of v's type into v, which starts from its zero
// value: fields that are absent from the input are left alone. What v holds
// after a failure is unspecified.
func (r *Reader) Object(v Object) { (*Codec)(r).Object(v) }
