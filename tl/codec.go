package tl

import "errors"

// A Codec is a [Buffer] or a [Reader], whichever it came from: its methods
// encode what they are given the address of, or decode into it. So one
// sequence of calls says how a value is written and how it is read, and the two
// cannot disagree:
//
//	func (v *NearestDC) TL(c *tl.Codec) {
//		c.Begin(0x8e1a1775, "nearestDc")
//		c.String(&v.Country)
//		c.Int(&v.ThisDC)
//		c.Int(&v.NearestDC)
//	}
//
// Most generated types leave even that to a [Table].
type Codec state

// state is what Buffer, Reader and Codec are.
type state struct {
	buf []byte
	err error

	// Of a Reader:
	decoding bool
	asking   bool // only the id is asked for
	borrow   bool
	off      int
	depth    int
	vector   int // the bytes that the elements of all vectors so far take at least
	query    func(*Reader) Object
	bytes    []byte   // free memory for strings and bytes
	words    []uint64 // and for values without pointers
}

// Buffer returns the Buffer that c is. If c is a Reader it fails, as is right
// for types that are only ever encoded, and what it returns is not used.
func (c *Codec) Buffer() *Buffer {
	if c.decoding {
		c.Fail(errors.ErrUnsupported)
		return new(Buffer)
	}
	return (*Buffer)(c)
}

// Reader returns the Reader that c is. If c is a Buffer it fails, as is right
// for types that are only ever decoded, and what it returns has nothing to
// read.
func (c *Codec) Reader() *Reader {
	if !c.decoding {
		c.Fail(errors.ErrUnsupported)
		return NewReader(nil)
	}
	return (*Reader)(c)
}

// Decoding reports whether c is a Reader.
func (c *Codec) Decoding() bool { return c.decoding }

// Fail records err unless an earlier failure is recorded.
func (c *Codec) Fail(err error) {
	if c.decoding {
		(*Reader)(c).Fail(err)
	} else {
		(*Buffer)(c).Fail(err)
	}
}

// Begin begins a constructor or method of the given id and name.
func (c *Codec) Begin(id uint32, name string) {
	if c.decoding {
		(*Reader)(c).Expect(id, name)
	} else {
		(*Buffer)(c).ID(id)
	}
}

// Int takes a TL int.
func (c *Codec) Int(v *int32) {
	if c.decoding {
		*v = (*Reader)(c).Int()
	} else {
		(*Buffer)(c).Int(*v)
	}
}

// Long takes a TL long.
func (c *Codec) Long(v *int64) {
	if c.decoding {
		*v = (*Reader)(c).Long()
	} else {
		(*Buffer)(c).Long(*v)
	}
}

// Double takes a TL double.
func (c *Codec) Double(v *float64) {
	if c.decoding {
		*v = (*Reader)(c).Double()
	} else {
		(*Buffer)(c).Double(*v)
	}
}

// Int128 takes 16 raw bytes.
func (c *Codec) Int128(v *Int128) { c.fixed(v[:]) }

// Int256 takes 32 raw bytes.
func (c *Codec) Int256(v *Int256) { c.fixed(v[:]) }

func (c *Codec) fixed(p []byte) {
	if c.decoding {
		clear(p[copy(p, (*Reader)(c).Raw(len(p))):])
	} else {
		(*Buffer)(c).Raw(p)
	}
}

// Bool takes a boxed Bool.
func (c *Codec) Bool(v *bool) {
	if c.decoding {
		*v = (*Reader)(c).Bool()
	} else {
		(*Buffer)(c).Bool(*v)
	}
}

// String takes a string.
func (c *Codec) String(v *string) {
	if c.decoding {
		*v = (*Reader)(c).String()
	} else {
		(*Buffer)(c).String(*v)
	}
}

// ByteString takes bytes.
func (c *Codec) ByteString(v *[]byte) {
	if c.decoding {
		*v = (*Reader)(c).ByteString()
	} else {
		(*Buffer)(c).ByteString(*v)
	}
}

// Rest takes raw bytes: all that is left of the input.
func (c *Codec) Rest(v *[]byte) {
	if c.decoding {
		*v = (*Reader)(c).Raw((*Reader)(c).Remaining())
	} else {
		(*Buffer)(c).Raw(*v)
	}
}

// Ints takes a boxed vector of ints.
func (c *Codec) Ints(v *[]int32) {
	if c.decoding {
		*v = (*Reader)(c).Ints()
	} else {
		(*Buffer)(c).Ints(*v)
	}
}

// Longs takes a boxed vector of longs.
func (c *Codec) Longs(v *[]int64) {
	if c.decoding {
		*v = (*Reader)(c).Longs()
	} else {
		(*Buffer)(c).Longs(*v)
	}
}

// Strings takes a boxed vector of strings.
func (c *Codec) Strings(v *[]string) {
	if c.decoding {
		*v = (*Reader)(c).Strings()
	} else {
		(*Buffer)(c).Strings(*v)
	}
}

// ByteStrings takes a boxed vector of bytes.
func (c *Codec) ByteStrings(v *[][]byte) {
	if c.decoding {
		*v = (*Reader)(c).ByteStrings()
	} else {
		(*Buffer)(c).ByteStrings(*v)
	}
}

// Query takes the query inside a wrapper. None at all is a *NilError that
// names field.
func (c *Codec) Query(v *Object, field string) {
	if c.decoding {
		*v = (*Reader)(c).Query()
	} else {
		(*Buffer)(c).Query(*v, field)
	}
}

// Flags takes a flags word (TL type #).
func (c *Codec) Flags(v *uint32) {
	if c.decoding {
		*v = (*Reader)(c).Uint32()
	} else {
		(*Buffer)(c).Uint32(*v)
	}
}

// Vector takes the head of a boxed vector of n elements that take at least
// least bytes each, and returns the number of elements that follow.
func (c *Codec) Vector(n, least int) int {
	if c.decoding {
		return (*Reader)(c).Vector(least)
	}
	(*Buffer)(c).Vector(n)
	return n
}

// Count takes the length of a bare vector, as Vector does the head of a boxed
// one.
func (c *Codec) Count(n, least int) int {
	if c.decoding {
		return (*Reader)(c).Count(least)
	}
	(*Buffer)(c).Count(n)
	return n
}
