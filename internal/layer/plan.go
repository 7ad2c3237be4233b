package layer

import (
	"fmt"
	"strings"
	"sync"

	"godwit/tl"
)

// replacements names, by type, what stands for a constructor that the
// client's layer lacks.
var replacements = map[string]string{
	"MessageMedia":  "messageMediaUnsupported",
	"MessageAction": "messageActionEmpty",
	"MessageEntity": "messageEntityUnknown",
	"PageBlock":     "pageBlockUnsupported",
	"RichText":      "textEmpty",
}

// replacementSuffixes says how constructors end that stand for others of
// their type where replacements has no row.
var replacementSuffixes = []string{"Unsupported", "Unknown", "Empty"}

// zeroSuffixes says how constructors end that mean "no value".
var zeroSuffixes = []string{"Empty", "None", "Null", "Unknown", "Unsupported", "Default"}

// renames says what a field of any constructor is called in newer layers, for
// fields that kept their meaning.
var renames = map[string]string{
	"reply_to_msg_id": "reply_to",
}

// A pair translates from one layer to another.
type pair struct {
	from, to *table
	lenient  bool // leave out or replace what cannot be expressed, as answers do
	plans    sync.Map
	wraps    sync.Map
}

type planKey struct {
	src  *ctor
	want string // type wanted; empty for a method
}

// A plan says how one constructor or method is rewritten.
type plan struct {
	src, dst *ctor    // dst is nil if nothing corresponds
	from     []int    // source field for each field of dst, -1 for none
	scan     bool     // the source must be gone through before anything is written
	bits     []bit    // bits that are bits on both sides
	bools    []*field // for each source field, the bit that its Bool becomes
	take     int      // source field that is the wanted value by itself, -1 for none
	instead  *plan    // stands for a value that is refused
}

type bit struct {
	from int
	to   *field
}

func (p *pair) plan(src *ctor, want *typ) *plan {
	key := planKey{src, want.String()}
	if v, ok := p.plans.Load(key); ok {
		return v.(*plan)
	}
	v, _ := p.plans.LoadOrStore(key, p.makePlan(src, want))
	return v.(*plan)
}

func (p *pair) makePlan(src *ctor, want *typ) *plan {
	pl := &plan{src: src, take: -1}
	if want.kind == kindClass {
		pl.dst = p.counterpart(src, want.class)
	}
	if pl.dst == nil {
		pl.take = p.part(src, want)
	} else {
		p.match(pl)
	}
	if pl.bools == nil {
		pl.bools = make([]*field, len(src.fields))
	}
	if dst := p.substitute(src, want); dst != nil && dst != pl.dst {
		pl.instead = &plan{src: src, dst: dst, take: -1}
		p.match(pl.instead)
	}
	return pl
}

// methodPlan returns the plan of a method, nil if the target has none of that
// name.
func (p *pair) methodPlan(src *ctor) *plan {
	dst := p.to.methods[src.name]
	if dst == nil {
		return nil
	}
	key := planKey{src: src}
	if v, ok := p.plans.Load(key); ok {
		return v.(*plan)
	}
	pl := &plan{src: src, dst: dst, take: -1}
	p.match(pl)
	v, _ := p.plans.LoadOrStore(key, pl)
	return v.(*plan)
}

// counterpart returns what src is called in the target where type class is
// wanted: the constructor of the same name, else the only one with the same
// field names.
func (p *pair) counterpart(src *ctor, class string) *ctor {
	if dst := p.to.types[src.name]; dst != nil {
		if dst.result.class == class {
			return dst
		}
	}
	if src.result.class == class || len(src.fields) == 0 {
		return nil
	}
	var found *ctor
	for _, dst := range p.to.classes[class] {
		if !sameShape(src, dst) {
			continue
		}
		if found != nil {
			return nil
		}
		found = dst
	}
	return found
}

func sameShape(a, b *ctor) bool {
	if len(a.fields) != len(b.fields) {
		return false
	}
	for i := range a.fields {
		if a.fields[i].name != b.fields[i].name {
			return false
		}
	}
	return true
}

// substitute returns what stands in an answer for a src that cannot be
// expressed, nil for nothing.
func (p *pair) substitute(src *ctor, want *typ) *ctor {
	if !p.lenient || want.kind != kindClass {
		return nil
	}
	if c := p.to.types[replacements[want.class]]; c != nil && c.result.class == want.class {
		return c
	}
	for _, suffix := range replacementSuffixes {
		for _, c := range p.to.classes[want.class] {
			if strings.HasSuffix(c.name, suffix) && p.fillable(src, c) {
				return c
			}
		}
	}
	return nil
}

// fillable reports whether src has all that dst must have.
func (p *pair) fillable(src, dst *ctor) bool {
	for i := range dst.fields {
		f := &dst.fields[i]
		if !f.optional && f.typ.kind != kindFlags && src.field(f.name) < 0 {
			return false
		}
	}
	return true
}

// match pairs the fields of pl.src and pl.dst.
func (p *pair) match(pl *plan) {
	pl.from = make([]int, len(pl.dst.fields))
	pl.bools = make([]*field, len(pl.src.fields))
	pl.scan = sharesBits(pl.dst)
	last := -1
	for i := range pl.dst.fields {
		f := &pl.dst.fields[i]
		j := p.origin(pl.src, f)
		pl.from[i] = -1
		if j < 0 {
			continue
		}
		src := &pl.src.fields[j]
		switch {
		case f.typ.kind == kindTrue && src.typ.kind == kindTrue:
			pl.bits = append(pl.bits, bit{j, f})
		case f.typ.kind == kindTrue:
			pl.bools[j] = f
		default:
			pl.from[i] = j
			pl.scan = pl.scan || j < last
			last = j
		}
	}
}

// sharesBits reports whether the presence of several fields of c hangs on one
// bit. Then all must be written or none, so that it has to be known beforehand
// which of them the source has.
func sharesBits(c *ctor) bool {
	var seen [maxFlags]uint32
	for i := range c.fields {
		f := &c.fields[i]
		if f.optional && seen[f.slot]&f.bit != 0 {
			return true
		}
		if f.optional {
			seen[f.slot] |= f.bit
		}
	}
	return false
}

// origin returns the index of the field of src that f is made from, -1 for
// none.
func (p *pair) origin(src *ctor, f *field) int {
	if f.typ.kind == kindFlags {
		return -1
	}
	j := src.field(f.name)
	for old, renamed := range renames {
		if j < 0 && f.name == renamed {
			j = src.field(old)
		} else if j < 0 && f.name == old {
			j = src.field(renamed)
		}
	}
	if j < 0 || !p.fits(&src.fields[j].typ, &f.typ, 2) {
		return -1
	}
	return j
}

// fits reports whether values of src can, in general, be made into values of
// dst. Depth bounds how many wrappings that may take.
func (p *pair) fits(src, dst *typ, depth int) bool {
	switch {
	case src.kind == dst.kind && src.kind != kindClass && !src.vector():
		return src.kind != kindFlags && src.kind != kindQuery
	case number(src.kind) && number(dst.kind):
		return true
	case boolean(src.kind) && boolean(dst.kind):
		return true
	case src.kind == kindTrue || dst.kind == kindTrue:
		return false
	case src.vector() && dst.vector():
		return p.fits(src.elem, dst.elem, depth)
	case src.kind == kindClass && dst.kind == kindClass && src.class == dst.class:
		return true
	case depth == 0:
		return false
	case src.vector():
		return p.fits(src.elem, dst, depth-1)
	case dst.vector():
		return p.fits(src, dst.elem, depth-1)
	}
	return p.partial(src, dst) || p.wrapping(src, dst).ctor != nil
}

func number(k kind) bool  { return k == kindInt || k == kindLong || k == kindDouble }
func boolean(k kind) bool { return k == kindBool || k == kindTrue }

// partial reports whether some constructor of src has a counterpart of type
// dst or a field of it.
func (p *pair) partial(src, dst *typ) bool {
	if src.kind != kindClass {
		return false
	}
	for _, c := range p.from.classes[src.class] {
		if dst.kind == kindClass && p.counterpart(c, dst.class) != nil || p.part(c, dst) >= 0 {
			return true
		}
	}
	return false
}

// part returns the first field of src that is of type want, -1 for none.
func (p *pair) part(src *ctor, want *typ) int {
	for i := range src.fields {
		f := &src.fields[i].typ
		switch {
		case f.kind != want.kind && !(f.vector() && want.vector()):
		case f.kind == kindClass && f.class != want.class:
		case f.kind == kindFlags, f.kind == kindTrue:
		case f.vector() && !p.fits(f.elem, want.elem, 1):
		default:
			return i
		}
	}
	return -1
}

// A wrapping says in which field of which constructor a value goes to become
// another type. The zero wrapping is none.
type wrapping struct {
	ctor  *ctor
	field int
}

type wrapKey struct{ src, dst string }

// wrapping finds the constructor of type dst that can carry a src: the first
// of those that need the fewest further values of other types.
func (p *pair) wrapping(src, dst *typ) wrapping {
	if dst.kind != kindClass || src.kind == kindClass && src.class == dst.class {
		return wrapping{}
	}
	key := wrapKey{src.String(), dst.class}
	if v, ok := p.wraps.Load(key); ok {
		return v.(wrapping)
	}
	var best wrapping
	least := 1 << 30
	for _, c := range p.to.classes[dst.class] {
		field, others := p.carrier(c, src)
		if field >= 0 && others < least {
			best, least = wrapping{c, field}, others
		}
	}
	v, _ := p.wraps.LoadOrStore(key, best)
	return v.(wrapping)
}

// carrier returns the field of c that a src goes into and how many further
// boxed values c needs; -1 if it has no such field or cannot be filled up.
func (p *pair) carrier(c *ctor, src *typ) (field, others int) {
	field = -1
	for i := range c.fields {
		f := &c.fields[i]
		switch {
		case f.typ.kind == kindFlags || f.typ.kind == kindTrue:
		case field < 0 && p.carries(&f.typ, src):
			field = i
		case f.optional:
		default:
			if _, ok := p.to.zero(&f.typ); !ok {
				return -1, 0
			}
			if f.typ.kind == kindClass {
				others++
			}
		}
	}
	return field, others
}

// carries reports whether a src can be what a field of type f holds, without
// being wrapped twice.
func (p *pair) carries(f, src *typ) bool {
	switch {
	case f.vector() && src.vector():
		return p.carries(f.elem, src.elem) || p.wrapping(src.elem, f.elem).ctor != nil
	case f.kind == kindClass:
		return src.kind == kindClass && f.class == src.class
	}
	return f.kind == src.kind && f.kind != kindBool
}

// read reads a constructor id where a value of type t stands. Ids are unique
// over all layers, so that one which the layer lacks is taken from another
// that has it.
func (p *pair) read(r *tl.Reader, t *typ) (*ctor, error) {
	id := r.ID()
	if r.Err() != nil {
		return nil, r.Err()
	}
	c := p.from.byID[id]
	if c == nil {
		c = anyLayer(id, p.from.layer)
	} else if c.method || t.kind == kindClass && c.result.class != t.class {
		c = nil
	}
	if c == nil || c.method {
		r.Unexpected(id, t.String())
		return nil, r.Err()
	}
	return c, nil
}

// skip goes over a value of type t.
func (p *pair) skip(r *tl.Reader, t *typ) error {
	switch t.kind {
	case kindInt, kindFlags, kindBool:
		r.Uint32()
	case kindLong, kindDouble:
		r.Long()
	case kindInt128:
		r.Raw(16)
	case kindInt256:
		r.Raw(32)
	case kindBytes:
		r.Borrow(true)
		r.ByteString()
	case kindVector:
		r.Expect(tl.IDVector, "Vector")
		return p.skipElements(r, t.elem)
	case kindBareVector:
		return p.skipElements(r, t.elem)
	case kindClass:
		return p.skipClass(r, t)
	case kindTrue:
	default:
		return fmt.Errorf("layer: a query stands where no query can")
	}
	return r.Err()
}

func (p *pair) skipElements(r *tl.Reader, t *typ) error {
	for range r.Count(4) {
		if err := p.skip(r, t); err != nil {
			return err
		}
	}
	return r.Err()
}

func (p *pair) skipClass(r *tl.Reader, t *typ) error {
	if !r.Enter() {
		return r.Err()
	}
	defer r.Leave()
	c, err := p.read(r, t)
	if err != nil {
		return err
	}
	return p.skipFields(r, c.fields)
}

// skipFields goes over the given fields, which begin a constructor.
func (p *pair) skipFields(r *tl.Reader, fields []field) error {
	var flags [maxFlags]uint32
	for i := range fields {
		f := &fields[i]
		switch {
		case f.typ.kind == kindFlags:
			flags[f.slot] = r.Uint32()
		case f.optional && flags[f.slot]&f.bit == 0:
		default:
			if err := p.skip(r, &f.typ); err != nil {
				return err
			}
		}
	}
	return r.Err()
}
