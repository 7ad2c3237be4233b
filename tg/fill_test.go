package tg_test

import (
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	data "godwit/schema"
	"godwit/tg"
	"godwit/tl"
	"godwit/tl/schema"
)

// An entry is a constructor or method of the schema with its Go struct.
type entry struct {
	*schema.Combinator
	typ    reflect.Type   // the struct
	params []schema.Param // those that have a Go field, in the order of the fields
}

func (e *entry) String() string { return e.Name }

// at returns the number of the struct's field for e.params[i].
func (e *entry) at(i int) int {
	if e.typ.NumField() > 0 && e.typ.Field(0).Type == reflect.TypeFor[tl.Incomparable]() {
		i++
	}
	return i
}

// An api is the schema together with the Go types that belong to it.
type api struct {
	*schema.Schema
	constructors []*entry
	methods      []*entry
	builtins     []string // constructors without a Go struct
	byType       map[reflect.Type]*entry
	classes      map[reflect.Type][]*entry // the constructors of each interface met so far
	heights      map[reflect.Type]int      // how deeply the least value of a struct nests
}

// all returns constructors and methods.
func (a *api) all() []*entry {
	return append(a.constructors[:len(a.constructors):len(a.constructors)], a.methods...)
}

func idBytes(id uint32) []byte { return binary.LittleEndian.AppendUint32(nil, id) }

var loadAPI = sync.OnceValues(func() (*api, error) {
	s, err := schema.Parse("api.tl", data.API)
	if err != nil {
		return nil, err
	}
	a := &api{Schema: s, byType: map[reflect.Type]*entry{}, classes: map[reflect.Type][]*entry{}, heights: map[reflect.Type]int{}}
	for _, c := range s.Constructors {
		if e := a.add(c); e != nil {
			a.constructors = append(a.constructors, e)
		} else {
			a.builtins = append(a.builtins, c.Name)
		}
	}
	for _, c := range s.Methods {
		if e := a.add(c); e != nil {
			a.methods = append(a.methods, e)
		}
	}
	a.measure()
	return a, nil
})

func theAPI(t testing.TB) *api {
	t.Helper()
	a, err := loadAPI()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// add finds the struct of a combinator, which a bare id is enough to ask for.
func (a *api) add(c *schema.Combinator) *entry {
	object := tg.DecodeObject(tl.NewReader(idBytes(c.ID)))
	if object == nil {
		return nil
	}
	e := &entry{Combinator: c, typ: reflect.TypeOf(object).Elem()}
	for _, p := range c.Params {
		if p.Type.Name != "#" {
			e.params = append(e.params, p)
		}
	}
	a.byType[e.typ] = e
	return e
}

// class returns the constructors that implement an interface.
func (a *api) class(t reflect.Type) []*entry {
	list, ok := a.classes[t]
	if !ok {
		for _, e := range a.constructors {
			if reflect.PointerTo(e.typ).Implements(t) {
				list = append(list, e)
			}
		}
		a.classes[t] = list
	}
	return list
}

// measure finds how deeply the least value of each struct nests.
func (a *api) measure() {
	const unknown = 1 << 20
	for _, e := range a.all() {
		a.heights[e.typ] = unknown
	}
	for changed := true; changed; {
		changed = false
		for _, e := range a.all() {
			height := 1
			for i, p := range e.params {
				if p.Flag == nil {
					height = max(height, 1+a.height(e.typ.Field(e.at(i)).Type, p.Type.Bang))
				}
			}
			if height < a.heights[e.typ] {
				a.heights[e.typ] = height
				changed = true
			}
		}
	}
}

func (a *api) height(t reflect.Type, bang bool) int {
	switch {
	case bang:
		return 1
	case t.Kind() == reflect.Struct:
		return a.heights[t]
	case t.Kind() == reflect.Interface:
		return a.heights[a.least(t).typ]
	}
	return 0
}

// least returns the constructor of a class whose values nest least.
func (a *api) least(t reflect.Type) *entry {
	var best *entry
	for _, e := range a.class(t) {
		if best == nil || a.heights[e.typ] < a.heights[best.typ] {
			best = e
		}
	}
	return best
}

// presence says which conditional fields a filler fills.
type presence uint8

const (
	absent presence = iota
	random
	present
)

func (p presence) String() string { return [...]string{"absent", "random", "present"}[p] }

// A filler makes values with all that a seed decides.
type filler struct {
	*api
	rand     *rand.Rand
	optional presence
	depth    int // of what is filled richly
	budget   int // values to fill richly, so that none grows without bound
}

func newFiller(a *api, seed uint64, optional presence) *filler {
	return &filler{api: a, rand: rand.New(rand.NewPCG(seed, 229)), optional: optional, depth: 3, budget: 40}
}

// leastFiller makes the least values there are.
func leastFiller(a *api) *filler {
	f := newFiller(a, 1, absent)
	f.depth, f.budget = 0, 0
	return f
}

// object returns a new value of the entry.
func (f *filler) object(e *entry) tl.Object {
	v := reflect.New(e.typ)
	f.fields(v.Elem(), e, 0, nil)
	return v.Interface()
}

// bit names one bit of one flags word.
type bit struct{ word, n int }

// fields fills a struct. The fields of a flag are filled together, or all
// left out: one bit says that all are there. Those of the forced flag are
// filled whatever the seed says.
func (f *filler) fields(v reflect.Value, e *entry, depth int, forced *schema.FlagRef) {
	f.budget--
	rich := depth < f.depth && f.budget > 0
	decided := map[bit]bool{}
	if forced != nil {
		decided[bit{forced.Index, forced.Bit}] = true
	}
	for i := range e.params {
		p := &e.params[i]
		if p.Flag != nil {
			at := bit{p.Flag.Index, p.Flag.Bit}
			if _, ok := decided[at]; !ok {
				decided[at] = rich && (f.optional == present || f.optional == random && f.rand.IntN(2) == 0)
			}
			if !decided[at] {
				continue
			}
		}
		f.field(v.Field(e.at(i)), p, depth+1, rich)
	}
}

// field fills a field that is there.
func (f *filler) field(v reflect.Value, p *schema.Param, depth int, rich bool) {
	switch {
	case p.Absorbed():
		v.SetBool(true)
	case p.Type.Bang:
		v.Set(reflect.ValueOf(f.query()))
	case p.Flag != nil && v.Kind() == reflect.Struct: // tl.Optional
		f.value(v.FieldByName("Value"), depth, rich)
		v.FieldByName("Set").SetBool(true)
	default:
		f.value(v, depth, rich)
	}
}

// query returns a call to put into a wrapper.
func (f *filler) query() tl.Object {
	for {
		if e := f.methods[f.rand.IntN(len(f.methods))]; e.Generic == "" && e.typ.NumField() < 4 {
			return f.object(e)
		}
	}
}

// value fills a value of any type that occurs in the API.
func (f *filler) value(v reflect.Value, depth int, rich bool) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(f.rand.IntN(2) == 0)
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.rand.Uint64()) >> f.rand.IntN(60))
	case reflect.Float64:
		v.SetFloat(f.rand.NormFloat64())
	case reflect.String:
		v.SetString(string(f.bytes(rich)))
	case reflect.Array: // int128, int256
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(f.rand.UintN(256)))
		}
	case reflect.Slice:
		f.slice(v, depth, rich)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fields(v.Elem(), f.byType[v.Type().Elem()], depth, nil)
	case reflect.Struct:
		f.fields(v, f.byType[v.Type()], depth, nil)
	case reflect.Interface:
		e := f.least(v.Type())
		if list := f.class(v.Type()); rich {
			e = list[f.rand.IntN(len(list))]
		}
		p := reflect.New(e.typ)
		f.fields(p.Elem(), e, depth, nil)
		v.Set(p)
	default:
		panic("no such type in the API: " + v.Type().String())
	}
}

func (f *filler) slice(v reflect.Value, depth int, rich bool) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes(f.bytes(rich))
		return
	}
	n := 0
	if rich {
		n = f.rand.IntN(3)
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		f.value(v.Index(i), depth, rich)
	}
}

// bytes returns a few bytes, not nil, now and then so many that their length
// takes the long form.
func (f *filler) bytes(rich bool) []byte {
	n := 0
	if rich {
		n = f.rand.IntN(9)
		if f.rand.IntN(100) == 0 {
			n += 250
		}
	}
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(f.rand.Uint32())
	}
	return p
}

func encode(t testing.TB, v tl.Object) []byte {
	t.Helper()
	p, err := tl.Marshal(v)
	if err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	return p
}

func decode(p []byte) (tl.Object, error) {
	r := tl.NewReader(p)
	v := tg.DecodeObject(r)
	return v, r.Finish()
}
