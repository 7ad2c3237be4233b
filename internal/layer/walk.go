package layer

import (
	"encoding/binary"
	"errors"
	"math"

	"godwit/tl"
)

// A walker translates one value. It reads with the schema of pair.from and
// writes with that of pair.to.
type walker struct {
	p   *pair
	r   tl.Reader
	out tl.Buffer
}

// Both halves of a walker can be put back to where they were: a Reader is a
// plain value, and a Buffer grows at its end only.
func (w *walker) truncate(n int) { w.out = *tl.NewBuffer(w.out.Bytes()[:n]) }

// refused reports whether err says that the layer lacks something, as against
// input that is broken.
func refused(err error) bool {
	var r *RefusedError
	return errors.As(err, &r)
}

// value translates a value of type src into one of type dst.
func (w *walker) value(src, dst *typ) error {
	switch {
	case src.vector() && dst.vector():
		return w.vector(src, dst)
	case src.kind == kindClass && dst.kind == kindClass:
		return w.class(src, dst)
	case src.kind == kindClass:
		return w.project(src, dst)
	case dst.kind == kindClass:
		return w.wrap(src, dst)
	case src.vector():
		return w.first(src, dst)
	case dst.vector():
		return w.single(src, dst)
	}
	return w.scalar(src.kind, dst.kind)
}

// scalar copies or converts a value without constructor.
func (w *walker) scalar(src, dst kind) error {
	r, out := &w.r, &w.out
	if src != dst {
		return w.convert(src, dst)
	}
	switch src {
	case kindInt, kindFlags:
		out.Uint32(r.Uint32())
	case kindLong, kindDouble:
		out.Long(r.Long())
	case kindInt128:
		out.Raw(r.Raw(16))
	case kindInt256:
		out.Raw(r.Raw(32))
	case kindBytes:
		r.Borrow(true)
		out.ByteString(r.ByteString())
	case kindBool:
		out.Bool(r.Bool())
	default:
		return w.refuse(src, dst)
	}
	return r.Err()
}

// convert turns one kind of number into another. A number that does not fit
// is refused rather than cut.
func (w *walker) convert(src, dst kind) error {
	r, out := &w.r, &w.out
	var n int64
	switch src {
	case kindInt:
		n = int64(r.Int())
	case kindLong:
		n = r.Long()
	case kindDouble:
		n = int64(max(math.MinInt64/2, min(r.Double(), math.MaxInt64/2)))
	default:
		return w.refuse(src, dst)
	}
	switch {
	case r.Err() != nil:
		return r.Err()
	case dst == kindInt && n == int64(int32(n)):
		out.Int(int32(n))
	case dst == kindLong:
		out.Long(n)
	case dst == kindDouble:
		out.Double(float64(n))
	default:
		return w.refuse(src, dst)
	}
	return nil
}

func (w *walker) refuse(src, dst kind) error {
	return &RefusedError{Constructor: (&typ{kind: src}).String(), Type: (&typ{kind: dst}).String(), Layer: w.p.to.layer}
}

// head reads what stands before the elements of a vector.
func (w *walker) head(t *typ) int {
	if t.kind == kindVector {
		return w.r.Vector(4)
	}
	return w.r.Count(4)
}

// vector translates element by element. In an answer, elements that the layer
// cannot express are left out.
func (w *walker) vector(src, dst *typ) error {
	n := w.head(src)
	if dst.kind == kindVector {
		w.out.ID(tl.IDVector)
	}
	count := w.out.Len()
	w.out.Count(0)
	kept := 0
	for range n {
		start, mark := w.r, w.out.Len()
		err := w.value(src.elem, dst.elem)
		switch {
		case err == nil:
			kept++
		case w.p.lenient && refused(err):
			w.r = start
			w.truncate(mark)
			if err := w.p.skip(&w.r, src.elem); err != nil {
				return err
			}
		default:
			return err
		}
	}
	binary.LittleEndian.PutUint32(w.out.Bytes()[count:], uint32(kept))
	return w.r.Err()
}

// first translates a vector to its first element.
func (w *walker) first(src, dst *typ) error {
	n := w.head(src)
	if n == 0 {
		if w.r.Err() != nil {
			return w.r.Err()
		}
		return w.absent(src, dst)
	}
	if err := w.value(src.elem, dst); err != nil {
		return err
	}
	for range n - 1 {
		if err := w.p.skip(&w.r, src.elem); err != nil {
			return err
		}
	}
	return nil
}

// single translates a value to a vector that holds it alone.
func (w *walker) single(src, dst *typ) error {
	if dst.kind == kindVector {
		w.out.ID(tl.IDVector)
	}
	w.out.Count(1)
	return w.value(src, dst.elem)
}

// absent writes what stands for a value that the source does not have.
func (w *walker) absent(src, dst *typ) error {
	p, ok := w.p.to.zero(dst)
	if !ok {
		return &RefusedError{Constructor: "no " + src.String(), Type: dst.String(), Layer: w.p.to.layer}
	}
	w.out.Raw(p)
	return nil
}

// class translates a boxed value.
func (w *walker) class(src, dst *typ) error {
	if !w.r.Enter() {
		return w.r.Err()
	}
	defer w.r.Leave()
	before := w.r
	c, err := w.p.read(&w.r, src)
	if err != nil {
		return err
	}
	pl := w.p.plan(c, dst)
	start, mark := w.r, w.out.Len()
	switch {
	case pl.dst != nil:
		err = w.fields(pl)
	case pl.take >= 0:
		err = w.take(pl, dst)
	case w.p.wrapping(&typ{kind: kindClass, class: c.result.class}, dst).ctor != nil:
		w.r = before
		return w.wrap(src, dst)
	default:
		err = &RefusedError{Constructor: c.name, Type: dst.class, Layer: w.p.to.layer}
	}
	if err == nil || pl.instead == nil || !refused(err) {
		return err
	}
	w.r = start
	w.truncate(mark)
	return w.fields(pl.instead)
}

// project translates a boxed value to the one of its fields that is of type
// dst, as textWithEntities becomes string.
func (w *walker) project(src, dst *typ) error {
	if !w.r.Enter() {
		return w.r.Err()
	}
	defer w.r.Leave()
	c, err := w.p.read(&w.r, src)
	if err != nil {
		return err
	}
	pl := w.p.plan(c, dst)
	if pl.take < 0 {
		return &RefusedError{Constructor: c.name, Type: dst.String(), Layer: w.p.to.layer}
	}
	return w.take(pl, dst)
}

// take writes nothing of a constructor but field pl.take.
func (w *walker) take(pl *plan, dst *typ) error {
	c := cursor{w: w, pl: pl}
	present, err := c.seek(pl.take)
	if err != nil {
		return err
	}
	f := &pl.src.fields[pl.take]
	if present {
		err = w.value(&f.typ, dst)
		c.next++
	} else {
		err = w.absent(&f.typ, dst)
	}
	if err != nil {
		return err
	}
	return c.finish()
}

// wrap translates a value to a constructor that has it as a field, as string
// becomes reactionEmoji.
func (w *walker) wrap(src, dst *typ) error {
	if !w.r.Enter() {
		return w.r.Err()
	}
	defer w.r.Leave()
	wr := w.p.wrapping(src, dst)
	if wr.ctor == nil {
		return &RefusedError{Constructor: src.String(), Type: dst.String(), Layer: w.p.to.layer}
	}
	w.out.ID(wr.ctor.id)
	var at [maxFlags]int
	var set [maxFlags]uint32
	for i := range wr.ctor.fields {
		f := &wr.ctor.fields[i]
		switch {
		case f.typ.kind == kindFlags:
			at[f.slot] = w.out.Len()
			w.out.Uint32(0)
		case i == wr.field:
			if err := w.value(src, &f.typ); err != nil {
				return err
			}
			if f.optional {
				set[f.slot] |= f.bit
			}
		case !f.optional:
			if err := w.absent(src, &f.typ); err != nil {
				return err
			}
		}
	}
	w.setFlags(&at, &set)
	return nil
}

// setFlags fills in the flags words that stand at the given places. A target
// without a word has none of its bits set.
func (w *walker) setFlags(at *[maxFlags]int, set *[maxFlags]uint32) {
	for i, bits := range set {
		if bits != 0 {
			binary.LittleEndian.PutUint32(w.out.Bytes()[at[i]:], bits)
		}
	}
}
