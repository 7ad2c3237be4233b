package layer

import (
	"fmt"
	"math/rand/v2"

	"godwit/tl"
)

// A generator makes random values of a schema.
type generator struct {
	t   *table
	rnd *rand.Rand
	out tl.Buffer
}

// value writes a value of type t. Below depth 0 it writes the least value.
func (g *generator) value(t *typ, depth int) {
	if depth <= 0 {
		p, ok := g.t.zero(t)
		if !ok {
			panic("no least value of " + t.String())
		}
		g.out.Raw(p)
		return
	}
	switch t.kind {
	case kindInt:
		g.out.Int(int32(g.rnd.Uint32()))
	case kindLong, kindDouble:
		g.out.Long(int64(g.rnd.Uint32() >> 1))
	case kindInt128:
		g.out.Raw(make([]byte, 16))
	case kindInt256:
		g.out.Raw(make([]byte, 32))
	case kindBytes:
		g.out.String("text of a length"[:g.rnd.IntN(16)])
	case kindBool:
		g.out.Bool(g.rnd.IntN(2) == 0)
	case kindVector, kindBareVector:
		if t.kind == kindVector {
			g.out.ID(tl.IDVector)
		}
		n := g.rnd.IntN(4)
		g.out.Count(n)
		for range n {
			g.value(t.elem, depth-1)
		}
	case kindClass:
		ctors := g.t.classes[t.class]
		g.ctor(ctors[g.rnd.IntN(len(ctors))], depth-1)
	case kindQuery:
		g.ctor(g.t.methods["help.getConfig"], 1)
	}
}

func (g *generator) ctor(c *ctor, depth int) {
	g.out.ID(c.id)
	var flags [maxFlags]uint32
	for i := range c.fields {
		f := &c.fields[i]
		switch {
		case f.typ.kind == kindFlags:
			for j := range c.fields {
				other := &c.fields[j]
				if other.optional && other.slot == f.slot && depth > 0 && g.rnd.IntN(2) == 0 {
					flags[f.slot] |= other.bit
				}
			}
			g.out.Uint32(flags[f.slot])
		case f.typ.kind == kindTrue:
		case f.optional && flags[f.slot]&f.bit == 0:
		default:
			g.value(&f.typ, depth)
		}
	}
}

// A checker reads values by one schema alone, and fails on whatever that does
// not have. It shares no code with the translation.
type checker struct {
	t *table
	r *tl.Reader
}

func (c checker) value(t *typ) error {
	r := c.r
	switch t.kind {
	case kindInt, kindFlags:
		r.Int()
	case kindLong, kindDouble:
		r.Long()
	case kindInt128:
		r.Int128()
	case kindInt256:
		r.Int256()
	case kindBytes:
		r.ByteString()
	case kindBool:
		r.Bool()
	case kindVector, kindBareVector:
		if t.kind == kindVector {
			r.Expect(tl.IDVector, "Vector")
		}
		for range r.Count(4) {
			if err := c.value(t.elem); err != nil {
				return err
			}
		}
	case kindClass:
		id := r.ID()
		for _, ctor := range c.t.classes[t.class] {
			if ctor.id == id {
				return c.fields(ctor)
			}
		}
		return fmt.Errorf("%08x is no %s of layer %d", id, t.class, c.t.layer)
	default:
		return fmt.Errorf("a value of type %v", t)
	}
	return r.Err()
}

func (c checker) fields(of *ctor) error {
	var flags [maxFlags]uint32
	for i := range of.fields {
		f := &of.fields[i]
		switch {
		case f.typ.kind == kindFlags:
			flags[f.slot] = c.r.Uint32()
			known := uint32(0)
			for j := range of.fields {
				if other := &of.fields[j]; other.optional && other.slot == f.slot {
					known |= other.bit
				}
			}
			if flags[f.slot]&^known != 0 {
				return fmt.Errorf("%s has flags %x of which layer %d knows %x", of.name, flags[f.slot], c.t.layer, known)
			}
		case f.typ.kind == kindTrue:
		case f.optional && flags[f.slot]&f.bit == 0:
		default:
			if err := c.value(&f.typ); err != nil {
				return fmt.Errorf("%s.%s: %w", of.name, f.name, err)
			}
		}
	}
	return c.r.Err()
}

// all reports whether p is one value of type t of the table's schema.
func (t *table) all(p []byte, of *typ) error {
	r := tl.NewReader(p)
	if err := (checker{t, r}).value(of); err != nil {
		return err
	}
	return r.Finish()
}

// call reports whether p is one method call.
func (t *table) call(p []byte) error {
	r := tl.NewReader(p)
	m := t.byID[r.ID()]
	if m == nil || !m.method {
		return fmt.Errorf("%08x is no method of layer %d", tl.NewReader(p).ID(), t.layer)
	}
	if err := (checker{t, r}).fields(m); err != nil {
		return err
	}
	return r.Finish()
}
