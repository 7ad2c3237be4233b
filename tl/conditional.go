package tl

import "encoding/binary"

// Flags is a flags word: when decoding what was read, when encoding the place
// in the buffer where the bits of the fields that are there are to be set.
type Flags uint

// Flags takes a flags word (TL type #).
//
//go:noinline
func (c *Codec) Flags() Flags {
	if c.decoding {
		return Flags((*Reader)(c).Uint32())
	}
	c.buf = append(c.buf, 0, 0, 0, 0)
	return Flags(len(c.buf) - 4)
}

// set sets bits of a flags word that is being encoded, and returns true.
//
//go:noinline
func (c *Codec) set(f Flags, mask uint32) bool {
	p := c.buf[f:]
	binary.LittleEndian.PutUint32(p, binary.LittleEndian.Uint32(p)|mask)
	return true
}

// Has reports whether a conditional field follows. It does if its bit, the
// mask, is set in what is decoded, and if the field is present in what is
// encoded.
func (c *Codec) Has(f Flags, mask uint32, present bool) bool {
	if c.decoding {
		return uint32(f)&mask != 0
	}
	return present && c.set(f, mask)
}

// True takes a field that is nothing but its bit.
//
//go:noinline
func (c *Codec) True(f Flags, mask uint32, v *bool) {
	if has := c.Has(f, mask, *v); c.decoding {
		*v = has
	}
}

// OptInt takes a conditional int.
//
//go:noinline
func (c *Codec) OptInt(f Flags, mask uint32, v *Optional[int32]) {
	switch {
	case !c.Has(f, mask, v.Set):
	case c.decoding:
		*v = Optional[int32]{(*Reader)(c).Int(), true}
	default:
		(*Buffer)(c).Int(v.Value)
	}
}

// OptLong takes a conditional long.
//
//go:noinline
func (c *Codec) OptLong(f Flags, mask uint32, v *Optional[int64]) {
	switch {
	case !c.Has(f, mask, v.Set):
	case c.decoding:
		*v = Optional[int64]{(*Reader)(c).Long(), true}
	default:
		(*Buffer)(c).Long(v.Value)
	}
}

// OptDouble takes a conditional double.
//
//go:noinline
func (c *Codec) OptDouble(f Flags, mask uint32, v *Optional[float64]) {
	switch {
	case !c.Has(f, mask, v.Set):
	case c.decoding:
		*v = Optional[float64]{(*Reader)(c).Double(), true}
	default:
		(*Buffer)(c).Double(v.Value)
	}
}

// OptInt128 takes conditional 16 raw bytes.
//
//go:noinline
func (c *Codec) OptInt128(f Flags, mask uint32, v *Optional[Int128]) {
	if c.Has(f, mask, v.Set) {
		c.fixed(v.Value[:])
		if c.decoding {
			v.Set = true
		}
	}
}

// OptInt256 takes conditional 32 raw bytes.
//
//go:noinline
func (c *Codec) OptInt256(f Flags, mask uint32, v *Optional[Int256]) {
	if c.Has(f, mask, v.Set) {
		c.fixed(v.Value[:])
		if c.decoding {
			v.Set = true
		}
	}
}

// OptBool takes a conditional Bool.
//
//go:noinline
func (c *Codec) OptBool(f Flags, mask uint32, v *Optional[bool]) {
	switch {
	case !c.Has(f, mask, v.Set):
	case c.decoding:
		*v = Optional[bool]{(*Reader)(c).Bool(), true}
	default:
		(*Buffer)(c).Bool(v.Value)
	}
}

// OptString takes a conditional string.
//
//go:noinline
func (c *Codec) OptString(f Flags, mask uint32, v *Optional[string]) {
	switch {
	case !c.Has(f, mask, v.Set):
	case c.decoding:
		*v = Optional[string]{(*Reader)(c).String(), true}
	default:
		(*Buffer)(c).String(v.Value)
	}
}

// OptByteString takes conditional bytes.
//
//go:noinline
func (c *Codec) OptByteString(f Flags, mask uint32, v *[]byte) {
	if c.Has(f, mask, *v != nil) {
		c.ByteString(v)
	}
}

// OptInts takes a conditional vector of ints.
//
//go:noinline
func (c *Codec) OptInts(f Flags, mask uint32, v *[]int32) {
	if c.Has(f, mask, *v != nil) {
		c.Ints(v)
	}
}

// OptLongs takes a conditional vector of longs.
//
//go:noinline
func (c *Codec) OptLongs(f Flags, mask uint32, v *[]int64) {
	if c.Has(f, mask, *v != nil) {
		c.Longs(v)
	}
}

// OptStrings takes a conditional vector of strings.
//
//go:noinline
func (c *Codec) OptStrings(f Flags, mask uint32, v *[]string) {
	if c.Has(f, mask, *v != nil) {
		c.Strings(v)
	}
}

// OptByteStrings takes a conditional vector of bytes.
//
//go:noinline
func (c *Codec) OptByteStrings(f Flags, mask uint32, v *[][]byte) {
	if c.Has(f, mask, *v != nil) {
		c.ByteStrings(v)
	}
}

// What Class returns in place of an id. Neither is one.
const (
	Nothing uint32 = 0 // there is nothing to do
	Given   uint32 = 1 // the value is to be encoded
)

// Class says what to do for a value of a type with several constructors, which
// a mask of 0 says is required: encode it, or decode one of the id that is
// returned. It fails if the value is required and not present.
//
//go:noinline
func (c *Codec) Class(f Flags, mask uint32, present bool, field string) uint32 {
	if c.decoding {
		if mask != 0 && uint32(f)&mask == 0 {
			return Nothing
		}
		return max((*Reader)(c).PeekID(), Given+1)
	}
	switch {
	case mask == 0 && !present:
		c.missing(field)
	case mask == 0 || c.Has(f, mask, present):
		return Given
	}
	return Nothing
}

// Unexpected fails because what follows is no value of the named type.
//
//go:noinline
func (c *Codec) Unexpected(want string) {
	r := (*Reader)(c)
	r.Unexpected(r.ID(), want)
}

// Vector takes the head of a boxed vector of n elements that take at least
// minSize bytes each, which a mask of 0 says is required. It returns the number
// of elements that follow, -1 if the vector is absent.
//
//go:noinline
func (c *Codec) Vector(f Flags, mask uint32, n int, present bool, minSize int) int {
	switch {
	case mask != 0 && !c.Has(f, mask, present):
		return -1
	case c.decoding:
		return (*Reader)(c).Vector(minSize)
	}
	(*Buffer)(c).Vector(n)
	return n
}

// Count takes the length of a bare vector, as Vector does that of a boxed one.
//
//go:noinline
func (c *Codec) Count(f Flags, mask uint32, n int, present bool, minSize int) int {
	switch {
	case mask != 0 && !c.Has(f, mask, present):
		return -1
	case c.decoding:
		return (*Reader)(c).Count(minSize)
	}
	(*Buffer)(c).Count(n)
	return n
}

// Next reports whether a constructor of the given id is to be decoded.
//
//go:noinline
func (c *Codec) Next(id uint32) bool { return c.decoding && (*Reader)(c).PeekID() == id }

// Enter notes that a nested value begins, and reports whether it may: see
// [Reader.Enter].
//
//go:noinline
func (c *Codec) Enter() bool { return !c.decoding || (*Reader)(c).Enter() }

// Leave notes that a nested value has ended.
//
//go:noinline
func (c *Codec) Leave() { c.depth-- }
