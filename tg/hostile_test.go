package tg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"godwit/tg"
	"godwit/tl"
	"godwit/tl/schema"
)

// thinOut returns how many entries to step over: under the race detector one
// in a few will do.
func thinOut(n int) int {
	if raceEnabled {
		return n
	}
	return 1
}

// What is cut off anywhere is refused, and never makes a decoder panic.
func TestTruncation(t *testing.T) {
	a := theAPI(t)
	for i := 0; i < len(a.all()); i += thinOut(10) {
		e := a.all()[i]
		f := newFiller(a, uint64(i), present)
		f.budget = 3
		p := encode(t, f.object(e))
		step := 1 + len(p)/2000 // a few are long
		for n := 0; n < len(p); n += step {
			if v, err := decode(p[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes pass for %+v", e, n, len(p), v)
			}
		}
		if v, err := decode(append(p, 0, 0, 0, 0)); !errors.Is(err, tl.ErrTrailing) { // R-TL-28
			t.Errorf("%s: four bytes more pass for %+v, %v", e, v, err)
		}
	}
}

// checkStable checks that input, if it decodes at all, decodes to a value
// that encodes to bytes which decode to the same value.
func checkStable(t *testing.T, input []byte) {
	t.Helper()
	v, err := decode(input)
	if err != nil {
		return
	}
	once, err := tl.Marshal(v)
	if err != nil {
		t.Fatalf("%x decodes to %+v, which does not encode: %v", input, v, err)
	}
	back, err := decode(once)
	if err != nil {
		t.Fatalf("%x encodes to %x, which does not decode: %v", input, once, err)
	}
	if twice := encode(t, back); !bytes.Equal(twice, once) {
		t.Fatalf("%x encodes to\n%x, then to\n%x", input, once, twice)
	}
	// A NaN equals nothing, not even what the same bytes decode to.
	if same, _ := decode(input); !reflect.DeepEqual(back, v) && reflect.DeepEqual(same, v) {
		t.Fatalf("%x decodes to\n%+v, then to\n%+v", input, v, back)
	}
}

// Changed bytes are refused, or give a value that holds together.
func TestMutations(t *testing.T) {
	a := theAPI(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < len(a.all()); i += thinOut(10) {
		f := newFiller(a, uint64(i), random)
		f.budget = 10
		p := encode(t, f.object(a.all()[i]))
		for range 20 {
			changed := bytes.Clone(p)
			for range 1 + rnd.IntN(2) {
				changed[rnd.IntN(len(changed))] ^= byte(1 << rnd.IntN(8))
			}
			checkStable(t, changed)
		}
	}
}

// R-TL-05: an id that is no constructor of the class is refused, with the
// class that was wanted and the place.
func TestUnknownIDs(t *testing.T) {
	const unknown = 0xdeadbeef
	a := theAPI(t)
	check := func(e *entry, input []byte, offset int, want string) {
		t.Helper()
		v, err := decode(input)
		var id *tl.UnexpectedIDError
		var at *tl.DecodeError
		if !errors.As(err, &id) || id.ID != unknown || id.Want != want || !errors.As(err, &at) || at.Offset != offset {
			t.Errorf("%s: %+v, %v; want %s", e, v, err, want)
		}
	}
	checked := 0
	for _, e := range a.all() {
		if len(e.params) == 0 || e.Params[0].Flag != nil || e.Params[0].Type.Bang {
			continue
		}
		field := e.typ.Field(e.at(0)).Type
		switch typ := &e.Params[0].Type; {
		case typ.Name == "#":
			continue
		case field.Kind() == reflect.Interface:
			check(e, append(idBytes(e.ID), idBytes(unknown)...), 4, typ.Name)
		case field.Kind() == reflect.Struct:
			check(e, append(idBytes(e.ID), idBytes(unknown)...), 4, a.byType[field].Name)
		case typ.Name == "Bool":
			check(e, append(idBytes(e.ID), idBytes(unknown)...), 4, "Bool")
		case typ.Name == "Vector" && field.Elem().Kind() == reflect.Interface:
			input := append(idBytes(e.ID), idBytes(tl.IDVector)...)
			input = binary.LittleEndian.AppendUint32(input, 1)
			input = append(append(input, idBytes(unknown)...), make([]byte, 64)...)
			check(e, input, 12, typ.Elem.Name)
		case typ.Name == "Vector":
			check(e, append(idBytes(e.ID), idBytes(unknown)...), 4, "Vector")
		default:
			continue
		}
		checked++
	}
	if checked < 500 {
		t.Errorf("only %d entries begin with a type that has an id", checked)
	}
	r := tl.NewReader(idBytes(unknown))
	var id *tl.UnexpectedIDError
	if v := tg.DecodeObject(r); v != nil || !errors.As(r.Err(), &id) || id.ID != unknown {
		t.Errorf("%+v, %v", v, r.Err())
	}
	r = tl.NewReader(idBytes(tg.IDInputPeerSelf))
	if v := tg.DecodeMethod(r); v != nil || !errors.As(r.Err(), &id) || id.ID != tg.IDInputPeerSelf {
		t.Errorf("%+v, %v", v, r.Err())
	}
}

// A required value that is nil is an error that names it, never a panic and
// never bytes that mean something else.
func TestNilFields(t *testing.T) {
	a := theAPI(t)
	checked := 0
	for _, e := range a.all() {
		for i := range e.params {
			p := &e.params[i]
			field := e.typ.Field(e.at(i)).Type
			v := reflect.New(e.typ)
			f := leastFiller(a)
			switch {
			case p.Flag == nil && field.Kind() == reflect.Interface:
				f.fields(v.Elem(), e, 0, nil)
				v.Elem().Field(e.at(i)).SetZero()
			case field.Kind() == reflect.Slice && field.Elem().Kind() == reflect.Interface:
				f.fields(v.Elem(), e, 0, p.Flag)
				v.Elem().Field(e.at(i)).Set(reflect.MakeSlice(field, 1, 1))
			case p.Flag != nil && (field.Kind() == reflect.Interface || field.Kind() == reflect.Pointer) && sharesFlag(e, i):
				f.fields(v.Elem(), e, 0, p.Flag)
				v.Elem().Field(e.at(i)).SetZero()
			default:
				continue
			}
			checked++
			object := v.Interface()
			_, err := tl.Marshal(object)
			var missing *tl.NilError
			if !errors.As(err, &missing) || missing.Field != e.Name+"."+p.Name {
				t.Errorf("%s.%s: %v", e, p.Name, err)
			}
		}
	}
	if checked < 800 {
		t.Errorf("only %d fields checked", checked)
	}
}

// sharesFlag reports whether another field has the flag of field i.
func sharesFlag(e *entry, i int) bool {
	for j := range e.params {
		if f := e.params[j].Flag; j != i && f != nil && *f == *e.params[i].Flag {
			return true
		}
	}
	return false
}

// A step is a field of a struct that leads on to another struct.
type step struct {
	e     *entry
	field int
}

// next returns the entries that a field of the given type can hold.
func (a *api) next(t reflect.Type) []*entry {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		return a.next(t.Elem())
	case reflect.Interface:
		return a.class(t)
	case reflect.Struct:
		if e := a.byType[t]; e != nil {
			return []*entry{e}
		}
	}
	return nil
}

// cycle returns the shortest way from an entry through fields back to it, nil
// if there is none.
func (a *api) cycle(from *entry) []step {
	came := map[*entry]step{}
	for queue := []*entry{from}; len(queue) > 0; queue = queue[1:] {
		e := queue[0]
		for i := range e.params {
			if e.params[i].Type.Bang {
				continue
			}
			for _, next := range a.next(e.typ.Field(e.at(i)).Type) {
				if _, seen := came[next]; seen {
					continue
				}
				came[next] = step{e, i}
				if next == from {
					way := []step{came[from]}
					for way[0].e != from {
						way = append([]step{came[way[0].e]}, way...)
					}
					return way
				}
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// wrap returns the least value of a step's struct that holds inner.
func (f *filler) wrap(s step, inner reflect.Value) reflect.Value {
	v := reflect.New(s.e.typ)
	f.fields(v.Elem(), s.e, 0, s.e.params[s.field].Flag)
	hold(v.Elem().Field(s.e.at(s.field)), inner)
	return v
}

// hold puts a struct, given by its address, into a field that can hold it.
func hold(field, inner reflect.Value) {
	switch field.Kind() {
	case reflect.Slice:
		field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		hold(field.Index(0), inner)
	case reflect.Struct:
		field.Set(inner.Elem())
	default:
		field.Set(inner)
	}
}

// Every type that can hold itself, however far around, may be nested 60 deep
// and not without bound: the stack is safe.
func TestNesting(t *testing.T) {
	a := theAPI(t)
	cyclic := 0
	for _, e := range a.constructors {
		way := a.cycle(e)
		if way == nil {
			continue
		}
		cyclic++
		f := leastFiller(a)
		nested := func(depth int) []byte {
			v := reflect.New(e.typ)
			f.fields(v.Elem(), e, 0, nil)
			for range max(1, depth/len(way)) {
				for i := len(way) - 1; i >= 0; i-- {
					v = f.wrap(way[i], v)
				}
			}
			return encode(t, v.Interface())
		}
		if v, err := decode(nested(60)); err != nil {
			t.Errorf("%s, by way of %v: %+v, %v", e, way, v, err)
		}
		if _, err := decode(nested(10 * tl.MaxDepth)); !errors.Is(err, tl.ErrTooDeep) {
			t.Errorf("%s, by way of %v: nested %d deep: %v", e, way, 10*tl.MaxDepth, err)
		}
	}
	if cyclic < 50 {
		t.Errorf("only %d constructors can hold themselves", cyclic)
	}
}

// Bombs of a few bytes a level end at MaxDepth.
func TestDepthBombs(t *testing.T) {
	a := theAPI(t)
	bombs := map[string][]byte{
		"jsonArray": append(idBytes(tg.IDJSONArray), append(idBytes(tl.IDVector), 1, 0, 0, 0)...),
	}
	for _, e := range a.all() {
		switch {
		case len(e.Params) == 1 && e.Params[0].Type.Bang,
			!e.Method && len(e.Params) > 0 && e.Params[0].Type.Name == e.Result.Name && e.Params[0].Flag == nil:
			bombs[e.Name] = idBytes(e.ID)
		}
	}
	if len(bombs) < 10 || bombs["textBold"] == nil || bombs["invokeWithoutUpdates"] == nil {
		t.Errorf("bombs: %v", bombs)
	}
	for name, unit := range bombs {
		if _, err := decode(bytes.Repeat(unit, 1<<17)); !errors.Is(err, tl.ErrTooDeep) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// R-TL-26: a vector takes memory only for elements that the input can hold.
// Whatever follows the count is zeros, so no element is real: what is
// allocated was allocated on the word of the count alone.
func TestVectorBombs(t *testing.T) {
	const size = 1 << 16
	a := theAPI(t)
	checked := 0
	for i := 0; i < len(a.all()); i += thinOut(4) {
		e := a.all()[i]
		for j, p := range e.Params {
			if p.Flag != nil || p.Type.Elem == nil {
				continue
			}
			checked++
			head := beforeField(t, a, e, &e.Params[j])
			for _, count := range []uint32{math.MaxInt32, math.MaxUint32, size / 4, size / 8, size / 16, size / 64} {
				input := binary.LittleEndian.AppendUint32(bytes.Clone(head), count)
				input = append(input, make([]byte, size)...)
				var err error
				got := allocated(func() { _, err = decode(input) })
				if plain := p.Type.Elem.Name == "int" || p.Type.Elem.Name == "long" || p.Type.Elem.Name == "string" || p.Type.Elem.Name == "bytes"; err == nil && !plain {
					t.Errorf("%s.%s of %d elements that are zeros was believed", e, p.Name, count)
				}
				if limit := uint64(24 * size); got > limit {
					t.Errorf("%s.%s, count %d: %d bytes allocated for %d", e, p.Name, count, got, size)
				}
			}
			break
		}
	}
	if checked < 50 {
		t.Errorf("only %d vectors checked", checked)
	}
}

// beforeField returns the encoding of the least value of an entry up to the
// count of a vector that it must have.
func beforeField(t *testing.T, a *api, e *entry, p *schema.Param) []byte {
	t.Helper()
	v := reflect.New(e.typ)
	leastFiller(a).fields(v.Elem(), e, 0, nil)
	empty := encode(t, v.Interface())
	// An element more changes the count, and it is the first thing that changes.
	for i := range e.params {
		if e.params[i].Name == p.Name {
			field := v.Elem().Field(e.at(i))
			field.Set(reflect.MakeSlice(field.Type(), 3, 3))
			for j := range 3 {
				leastFiller(a).value(field.Index(j), 1, false)
			}
		}
	}
	full := encode(t, v.Interface())
	for i := range empty {
		if empty[i] != full[i] {
			return full[:i]
		}
	}
	t.Fatalf("%s.%s does not show", e, p.Name)
	return nil
}

// Vectors in vectors do not multiply what they claim: each level is real.
func TestNestedVectorBomb(t *testing.T) {
	var input []byte
	const size = 1 << 18
	for range tl.MaxDepth - 1 {
		input = append(append(input, idBytes(tg.IDJSONArray)...), idBytes(tl.IDVector)...)
		input = binary.LittleEndian.AppendUint32(input, 1) // its place is kept for the count
	}
	input = append(input, make([]byte, size)...)
	for i := range tl.MaxDepth - 1 {
		at := 12*i + 8
		binary.LittleEndian.PutUint32(input[at:], uint32((len(input)-at-4)/8))
	}
	var err error
	got := allocated(func() { _, err = decode(input) })
	if err == nil {
		t.Fatal("zeros were believed")
	}
	if limit := uint64(8 * len(input)); got > limit {
		t.Errorf("%d bytes allocated for %d", got, len(input))
	}
}
