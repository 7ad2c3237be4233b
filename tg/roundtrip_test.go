package tg_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"godwit/tg"
	"godwit/tl"
	"godwit/tl/schema"
)

// Every declaration of the schema has a struct, but for the four that only
// describe how scalars are written: their values are Go's int32, int64,
// float64 and string. Bool, True and Null have theirs, since the schema lists
// their constructors, although a field of type Bool is a Go bool.
func TestRegistry(t *testing.T) {
	a := theAPI(t)
	if len(a.Constructors) != 1668 || len(a.constructors) != 1664 || len(a.methods) != 815 {
		t.Errorf("%d constructors, %d with a struct, %d methods; want 1668, 1664, 815", len(a.Constructors), len(a.constructors), len(a.methods))
	}
	if want := []string{"int", "long", "double", "string"}; !slices.Equal(a.builtins, want) {
		t.Errorf("no struct for %v, want none for %v", a.builtins, want)
	}
	if a.Layer != tg.Layer {
		t.Errorf("layer %d, the schema is of %d", tg.Layer, a.Layer)
	}
	for _, e := range a.all() {
		v := reflect.New(e.typ).Interface()
		if id := tl.TypeID(v); id != e.ID {
			t.Errorf("%s has id %08x, want %08x", e, id, e.ID)
		}
		constructor, method := e.Name, ""
		if e.Method {
			constructor, method = "", e.Name
		}
		if got := tg.ConstructorName(e.ID); got != constructor {
			t.Errorf("constructor %08x is called %q, want %q", e.ID, got, constructor)
		}
		if got := tg.MethodName(e.ID); got != method {
			t.Errorf("method %08x is called %q, want %q", e.ID, got, method)
		}
		// A method is found among methods, and nothing else is.
		r := tl.NewReader(idBytes(e.ID))
		if got := tg.DecodeMethod(r); (got != nil) != e.Method {
			t.Errorf("%s is a method: %t", e, got != nil)
		}
	}
	for _, id := range []uint32{0, 1, 0xffffffff, tl.IDVector} {
		if tg.ConstructorName(id) != "" || tg.MethodName(id) != "" {
			t.Errorf("%08x has a name", id)
		}
	}
}

// goType describes how a required value of a TL type looks in Go, as the
// package comment has it.
func (a *api) goType(t *schema.Type, got reflect.Type) (want string, ok bool) {
	scalars := map[string]reflect.Type{
		"int": reflect.TypeFor[int32](), "long": reflect.TypeFor[int64](), "double": reflect.TypeFor[float64](),
		"string": reflect.TypeFor[string](), "bytes": reflect.TypeFor[[]byte](), "Bool": reflect.TypeFor[bool](),
		"int128": reflect.TypeFor[tl.Int128](), "int256": reflect.TypeFor[tl.Int256](),
	}
	if scalar := scalars[t.Name]; scalar != nil {
		return scalar.String(), got == scalar
	}
	if t.Elem != nil {
		if got.Kind() != reflect.Slice {
			return "a slice", false
		}
		return a.goType(t.Elem, got.Elem())
	}
	if t.Bang {
		return "tg.Request", got == reflect.TypeFor[tg.Request]()
	}
	list := a.TypeConstructors(t.Name)
	if t.Bare && a.Constructor(t.Name) != nil {
		list = []*schema.Combinator{a.Constructor(t.Name)}
	}
	if len(list) == 1 {
		e := a.byType[got]
		return "the struct of " + list[0].Name, e != nil && e.Combinator == list[0]
	}
	want = fmt.Sprintf("an interface of %d constructors", len(list))
	if got.Kind() != reflect.Interface || len(a.class(got)) != len(list) {
		return want, false
	}
	for i, e := range a.class(got) {
		if e.Combinator != list[i] {
			return want, false
		}
	}
	return want, true
}

// Every field has the Go type that its TL type asks for, and a class has
// exactly the constructors that the schema gives it (R-TL-03, R-TL-23, R-TL-24).
func TestFieldTypes(t *testing.T) {
	a := theAPI(t)
	for _, e := range a.all() {
		if e.typ.NumField() != e.at(len(e.params)) {
			t.Errorf("%s has %d fields, want %d", e, e.typ.NumField(), e.at(len(e.params)))
			continue
		}
		for i := range e.params {
			p, got := &e.params[i], e.typ.Field(e.at(i)).Type
			if p.Absorbed() {
				if got.Kind() != reflect.Bool {
					t.Errorf("%s.%s is %v, want bool", e, p.Name, got)
				}
				continue
			}
			if p.Flag != nil {
				switch {
				case got.Kind() == reflect.Pointer:
					got = got.Elem()
				case got.Kind() == reflect.Struct && got.NumField() == 2 && got.Field(1).Name == "Set":
					got = got.Field(0).Type
				case got.Kind() != reflect.Slice && got.Kind() != reflect.Interface:
					t.Errorf("%s.%s is %v, which cannot be absent", e, p.Name, got)
				}
			}
			if want, ok := a.goType(&p.Type, got); !ok {
				t.Errorf("%s.%s is %v, want %s", e, p.Name, e.typ.Field(e.at(i)).Type, want)
			}
		}
	}
}

// checkRoundTrip encodes a value, decodes and encodes it again.
func checkRoundTrip(t *testing.T, v tl.Object) {
	t.Helper()
	p := encode(t, v)
	back, err := decode(p)
	if err != nil {
		t.Errorf("%T: %v\n%x", v, err, p)
		return
	}
	if !reflect.DeepEqual(back, v) {
		t.Errorf("%T: decoded to another value\n%+v\n%+v", v, v, back)
	}
	if again := encode(t, back); !bytes.Equal(again, p) {
		t.Errorf("%T: encoded to\n%x, then\n%x", v, p, again)
	}
}

// Every constructor and method comes back as it was sent: with all conditional
// fields absent, all present, and some (R-TL-04, R-TL-23, R-TL-25).
func TestRoundTrip(t *testing.T) {
	a := theAPI(t)
	seeds := map[presence]int{absent: 1, present: 2, random: 3}
	if raceEnabled {
		seeds = map[presence]int{present: 1, random: 1}
	}
	for optional, n := range seeds {
		for seed := range n {
			t.Run(fmt.Sprint(optional, seed), func(t *testing.T) {
				for i, e := range a.all() {
					checkRoundTrip(t, newFiller(a, uint64(seed*10000+i), optional).object(e))
				}
			})
		}
	}
	t.Run("least", func(t *testing.T) {
		for _, e := range a.all() {
			checkRoundTrip(t, leastFiller(a).object(e))
		}
	})
}

// A vector may be as full as the least size of its elements allows: the bound
// of R-TL-26 refuses nothing that can be sent.
func TestVectorsOfLeastValues(t *testing.T) {
	a := theAPI(t)
	vectors := 0
	for _, e := range a.all() {
		for i := range e.params {
			field := e.typ.Field(e.at(i)).Type
			if field.Kind() != reflect.Slice || field.Elem().Kind() == reflect.Uint8 {
				continue
			}
			vectors++
			f := leastFiller(a)
			v := reflect.New(e.typ)
			f.fields(v.Elem(), e, 0, e.params[i].Flag)
			slice := reflect.MakeSlice(field, 50, 50)
			for j := range slice.Len() {
				f.value(slice.Index(j), 1, false)
				shortest(slice.Index(j), a)
			}
			v.Elem().Field(e.at(i)).Set(slice)
			checkRoundTrip(t, v.Interface())
		}
	}
	if vectors < 400 {
		t.Errorf("%d fields are vectors", vectors)
	}
}

// shortest replaces the value of a class by the one that takes fewest bytes.
func shortest(v reflect.Value, a *api) {
	if v.Kind() != reflect.Interface {
		return
	}
	length := -1
	for _, e := range a.class(v.Type()) {
		object := leastFiller(a).object(e)
		p, err := tl.Marshal(object)
		if err == nil && (length < 0 || len(p) < length) {
			length = len(p)
			v.Set(reflect.ValueOf(object))
		}
	}
}

// put writes a value of any type that a method results in.
func put(b *tl.Buffer, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		b.Bool(v.Bool())
	case reflect.Int32:
		b.Int(int32(v.Int()))
	case reflect.Int64:
		b.Long(v.Int())
	case reflect.String:
		b.String(v.String())
	case reflect.Slice:
		b.Vector(v.Len())
		for i := range v.Len() {
			put(b, v.Index(i))
		}
	case reflect.Struct:
		put(b, v.Addr())
	default:
		b.Object(v.Interface())
	}
}

// R-TL-04: the result of every method is of the type that the schema says, and
// is read whole.
func TestResults(t *testing.T) {
	a := theAPI(t)
	for i, e := range a.methods {
		method := reflect.New(e.typ)
		returns := method.MethodByName("Returns")
		if e.Generic != "" {
			if returns.IsValid() {
				t.Errorf("%s wraps a query and claims a result of its own", e)
			}
			continue
		}
		if !returns.IsValid() {
			t.Errorf("%s has no result", e)
			continue
		}
		result := returns.Type().In(0)
		plain := result
		if plain.Kind() == reflect.Pointer {
			plain = plain.Elem()
		}
		if want, ok := a.goType(&e.Result, plain); !ok {
			t.Errorf("%s results in %v, want %s", e, result, want)
			continue
		}
		f := newFiller(a, uint64(i), random)
		v, back := reflect.New(result), reflect.New(result)
		f.value(v.Elem(), 0, true)
		var b tl.Buffer
		put(&b, v.Elem())
		r := tl.NewReader(b.Bytes())
		r.Result(method.Interface(), back.Interface())
		if err := r.Finish(); err != nil || b.Err() != nil {
			t.Errorf("%s: %v, %v", e, b.Err(), err)
		} else if !reflect.DeepEqual(back.Interface(), v.Interface()) {
			t.Errorf("%s: result came back as %+v, want %+v", e, back.Elem(), v.Elem())
		}
		r = tl.NewReader(idBytes(0xdeadbeef))
		if r.Result(method.Interface(), reflect.New(result).Interface()); r.Err() == nil {
			t.Errorf("%s takes any answer", e)
		}
	}
	r := tl.NewReader(nil)
	if r.Result(tl.Encoded{1, 2, 3, 4}, new(bool)); !errors.Is(r.Err(), tl.ErrNoType) {
		t.Errorf("what is no method has a result: %v", r.Err())
	}
}

// R-TL-06, R-TL-33: every wrapper carries any query, in any number of layers.
func TestWrappers(t *testing.T) {
	a := theAPI(t)
	wrappers := 0
	inner := tl.Object(&tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}})
	for _, e := range a.methods {
		if e.Generic == "" {
			continue
		}
		wrappers++
		v := reflect.New(e.typ)
		leastFiller(a).fields(v.Elem(), e, 0, nil)
		v.Elem().FieldByName("Query").Set(reflect.ValueOf(inner))
		outer := v.Interface()
		checkRoundTrip(t, outer)
		if p, q := encode(t, outer), encode(t, inner); !bytes.HasSuffix(p, q) || tg.DecodeMethod(tl.NewReader(p)) == nil {
			t.Errorf("%s does not end with the query itself", e)
		}
		inner = outer
	}
	if wrappers != 11 {
		t.Errorf("%d wrappers, want 11", wrappers)
	}
	// A constructor is no query.
	p := encode(t, &tg.InvokeWithoutUpdates{Query: &tg.InputUserSelf{}})
	if v, err := decode(p); err == nil {
		t.Errorf("a constructor was taken for a query: %+v", v)
	}
}
