package tl

// Flags takes a flags word (TL type #).
func (c *Codec) Flags(v *uint32) {
	if c.decoding {
		*v = (*Reader)(c).Uint32()
	} else {
		(*Buffer)(c).Uint32(*v)
	}
}

// SomeInt takes a conditional int that is there.
func (c *Codec) SomeInt(v *Optional[int32]) {
	if c.decoding {
		*v = Optional[int32]{(*Reader)(c).Int(), true}
	} else {
		(*Buffer)(c).Int(v.Value)
	}
}

// SomeLong takes a conditional long that is there.
func (c *Codec) SomeLong(v *Optional[int64]) {
	if c.decoding {
		*v = Optional[int64]{(*Reader)(c).Long(), true}
	} else {
		(*Buffer)(c).Long(v.Value)
	}
}

// SomeDouble takes a conditional double that is there.
func (c *Codec) SomeDouble(v *Optional[float64]) {
	if c.decoding {
		*v = Optional[float64]{(*Reader)(c).Double(), true}
	} else {
		(*Buffer)(c).Double(v.Value)
	}
}

// SomeInt128 takes conditional 16 raw bytes that are there.
func (c *Codec) SomeInt128(v *Optional[Int128]) {
	c.fixed(v.Value[:])
	if c.decoding {
		v.Set = true
	}
}

// SomeInt256 takes conditional 32 raw bytes that are there.
func (c *Codec) SomeInt256(v *Optional[Int256]) {
	c.fixed(v.Value[:])
	if c.decoding {
		v.Set = true
	}
}

// SomeBool takes a conditional Bool that is there.
func (c *Codec) SomeBool(v *Optional[bool]) {
	if c.decoding {
		*v = Optional[bool]{(*Reader)(c).Bool(), true}
	} else {
		(*Buffer)(c).Bool(v.Value)
	}
}

// SomeString takes a conditional string that is there.
func (c *Codec) SomeString(v *Optional[string]) {
	if c.decoding {
		*v = Optional[string]{(*Reader)(c).String(), true}
	} else {
		(*Buffer)(c).String(v.Value)
	}
}

// PeekID returns the next constructor id of what is decoded without reading
// it.
func (c *Codec) PeekID() uint32 { return (*Reader)(c).PeekID() }

// Missing fails because a required field has no value. The field is
// "constructor.field", as in the schema.
func (c *Codec) Missing(field string) { (*Buffer)(c).Fail(&NilError{Field: field}) }

// Unexpected fails because what follows is no value of the named type.
func (c *Codec) Unexpected(want string) {
	r := (*Reader)(c)
	r.Unexpected(r.ID(), want)
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

// Next reports whether a constructor of the given id is to be decoded.
func (c *Codec) Next(id uint32) bool { return c.decoding && (*Reader)(c).PeekID() == id }

// Enter notes that a nested value begins, and reports whether it may: see
// [Reader.Enter].
func (c *Codec) Enter() bool { return !c.decoding || (*Reader)(c).Enter() }

// Leave notes that a nested value has ended.
func (c *Codec) Leave() {
	if c.decoding {
		c.depth--
	}
}
