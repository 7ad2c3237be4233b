package layer

import "godwit/tl"

// fields writes pl.dst from the fields of pl.src, whose id has been read.
func (w *walker) fields(pl *plan) error {
	w.out.ID(pl.dst.id)
	c := cursor{w: w, pl: pl}
	if pl.scan {
		if err := c.scan(); err != nil {
			return err
		}
	}
	for i := range pl.dst.fields {
		f := &pl.dst.fields[i]
		switch f.typ.kind {
		case kindFlags:
			c.at[f.slot] = w.out.Len()
			w.out.Uint32(0)
		case kindTrue: // set when all of the source is read
		default:
			if err := c.field(f, pl.from[i]); err != nil {
				return err
			}
		}
	}
	if err := c.finish(); err != nil {
		return err
	}
	c.setBits()
	w.setFlags(&c.at, &c.set)
	return nil
}

// A cursor goes through the fields of one constructor that is read.
type cursor struct {
	w     *walker
	pl    *plan
	flags [maxFlags]uint32 // words of the source read so far
	at    [maxFlags]int    // where the words of the target stand in the output
	set   [maxFlags]uint32 // what goes there
	next  int              // source field at which the reader stands
	saved []tl.Reader      // where each source field begins, after scan
}

// scan goes over all fields and notes where each begins.
func (c *cursor) scan() error {
	n := len(c.pl.src.fields)
	saved := make([]tl.Reader, n+1)
	for i := range n {
		saved[i] = c.w.r
		if err := c.pass(i); err != nil {
			return err
		}
	}
	saved[n] = c.w.r
	c.saved = saved
	for i, from := range c.pl.from {
		if f := &c.pl.dst.fields[i]; from >= 0 && f.optional && c.present(from) {
			c.set[f.slot] |= f.bit
		}
	}
	c.setBits()
	return nil
}

// setBits sets the bits that are bits on both sides.
func (c *cursor) setBits() {
	for _, b := range c.pl.bits {
		if from := &c.pl.src.fields[b.from]; c.flags[from.slot]&from.bit != 0 {
			c.set[b.to.slot] |= b.to.bit
		}
	}
}

// seek goes to source field i and reports whether it is present.
func (c *cursor) seek(i int) (present bool, err error) {
	if c.saved != nil {
		c.w.r = c.saved[i]
		return c.present(i), nil
	}
	for ; c.next < i; c.next++ {
		if err := c.pass(c.next); err != nil {
			return false, err
		}
	}
	return c.present(i), nil
}

// finish goes over the source fields that are left.
func (c *cursor) finish() error {
	n := len(c.pl.src.fields)
	if c.saved != nil {
		c.w.r = c.saved[n]
		return nil
	}
	for ; c.next < n; c.next++ {
		if err := c.pass(c.next); err != nil {
			return err
		}
	}
	return nil
}

func (c *cursor) present(i int) bool {
	f := &c.pl.src.fields[i]
	return !f.optional || c.flags[f.slot]&f.bit != 0
}

// pass goes over source field i, at which the reader stands.
func (c *cursor) pass(i int) error {
	f := &c.pl.src.fields[i]
	switch {
	case f.typ.kind == kindFlags:
		c.flags[f.slot] = c.w.r.Uint32()
		return c.w.r.Err()
	case f.typ.kind == kindTrue || !c.present(i):
		return nil
	case f.typ.kind == kindBool:
		if to := c.pl.bools[i]; c.w.r.Bool() && to != nil {
			c.set[to.slot] |= to.bit
		}
		return c.w.r.Err()
	}
	return c.w.p.skip(&c.w.r, &f.typ)
}

// field writes field f of the target from source field i, -1 if the source
// has none.
func (c *cursor) field(f *field, i int) error {
	if i < 0 {
		return c.missing(f, &f.typ)
	}
	present, err := c.seek(i)
	if err != nil {
		return err
	}
	src := &c.pl.src.fields[i]
	if src.typ.kind == kindTrue {
		c.flag(f, present)
		return nil
	}
	if !present {
		return c.missing(f, &src.typ)
	}
	start, mark := c.w.r, c.w.out.Len()
	switch err := c.w.value(&src.typ, &f.typ); {
	case err == nil:
		if f.optional {
			c.set[f.slot] |= f.bit
		}
	case f.optional && c.w.p.lenient && refused(err):
		c.w.r = start
		c.w.truncate(mark)
		if err := c.w.p.skip(&c.w.r, &src.typ); err != nil {
			return err
		}
		if err := c.missing(f, &src.typ); err != nil {
			return err
		}
	default:
		return err
	}
	c.next = i + 1
	return nil
}

// flag writes a Bool that is a bit in the source.
func (c *cursor) flag(f *field, set bool) {
	switch {
	case !f.optional || c.set[f.slot]&f.bit != 0:
		c.w.out.Bool(set)
	case set:
		c.w.out.Bool(true)
		c.set[f.slot] |= f.bit
	}
}

// missing writes field f without a value: nothing, unless the field is
// required or its bit is set for the sake of another.
func (c *cursor) missing(f *field, src *typ) error {
	if f.optional && c.set[f.slot]&f.bit == 0 {
		return nil
	}
	return c.w.absent(src, &f.typ)
}
