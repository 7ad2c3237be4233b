package tl

import "encoding/binary"

// The methods in this file are made for generated code. They take the place
// of several statements or store through a pointer, which makes the ten
// thousand functions that call them much cheaper to compile. None is inlined
// for the same reason.

// Flags appends an empty flags word and returns its place, for SetFlags.
//
//go:noinline
func (b *Buffer) Flags() int {
	b.buf = append(b.buf, 0, 0, 0, 0)
	return len(b.buf) - 4
}

// SetFlags writes the flags word at the place that Flags returned.
//
//go:noinline
func (b *Buffer) SetFlags(at int, flags uint32) {
	binary.LittleEndian.PutUint32(b.buf[at:], flags)
}

// Missing fails because a required field has no value. The field is
// "constructor.field", as in the schema.
//
//go:noinline
func (b *Buffer) Missing(field string) { b.Fail(&NilError{Field: field}) }

// ReadString reads a string into v.
//
//go:noinline
func (r *Reader) ReadString(v *string) { *v = r.String() }

// ReadByteString reads bytes into v.
//
//go:noinline
func (r *Reader) ReadByteString(v *[]byte) { *v = r.ByteString() }

// ReadInts reads a boxed vector of ints into v.
//
//go:noinline
func (r *Reader) ReadInts(v *[]int32) { *v = r.Ints() }

// ReadLongs reads a boxed vector of longs into v.
//
//go:noinline
func (r *Reader) ReadLongs(v *[]int64) { *v = r.Longs() }

// ReadStrings reads a boxed vector of strings into v.
//
//go:noinline
func (r *Reader) ReadStrings(v *[]string) { *v = r.Strings() }

// ReadByteStrings reads a boxed vector of bytes into v.
//
//go:noinline
func (r *Reader) ReadByteStrings(v *[][]byte) { *v = r.ByteStrings() }

// OptInt reads an int into v if flag, a masked flags word, is not 0.
//
//go:noinline
func (r *Reader) OptInt(flag uint32, v *Optional[int32]) {
	if flag != 0 {
		*v = Optional[int32]{r.Int(), true}
	}
}

// OptLong reads a long into v if flag is not 0.
//
//go:noinline
func (r *Reader) OptLong(flag uint32, v *Optional[int64]) {
	if flag != 0 {
		*v = Optional[int64]{r.Long(), true}
	}
}

// OptDouble reads a double into v if flag is not 0.
//
//go:noinline
func (r *Reader) OptDouble(flag uint32, v *Optional[float64]) {
	if flag != 0 {
		*v = Optional[float64]{r.Double(), true}
	}
}

// OptBool reads a Bool into v if flag is not 0.
//
//go:noinline
func (r *Reader) OptBool(flag uint32, v *Optional[bool]) {
	if flag != 0 {
		*v = Optional[bool]{r.Bool(), true}
	}
}

// OptString reads a string into v if flag is not 0.
//
//go:noinline
func (r *Reader) OptString(flag uint32, v *Optional[string]) {
	if flag != 0 {
		*v = Optional[string]{r.String(), true}
	}
}

// OptByteString reads bytes into v if flag is not 0.
//
//go:noinline
func (r *Reader) OptByteString(flag uint32, v *[]byte) {
	if flag != 0 {
		*v = r.ByteString()
	}
}
