package tl

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// A Table describes the constructors and methods of a schema. It encodes and
// decodes values from what it says of their fields, so that a generated type
// needs no code of its own: a description takes the compiler a hundredth of the
// time that code takes, and runs about half as fast.
//
// What a description leaves out, such as where a field stands in its struct, is
// asked of package reflect when a type is first used. From then on a plan says
// it.
type Table struct {
	lines   string
	ends    []uint32
	ids     []uint32
	types   []any
	plans   []atomic.Value              // of *plan
	results []atomic.Value              // of *action
	index   func() map[reflect.Type]int // of the structs of constructors
	classes grown[reflect.Type, *class]
}

// NewTable makes a table of constructors and methods. Each has a line, which
// ends before the newline at the given place, in lines:
//
//	users.users#62d706b8 users:Vector<16*User> = users.Users
//	users.getUsers#0d91a548 id:Vector<4*InputUser> = Vector<16*User>
//
// That is TL as in a schema but for the least size in bytes of the elements of
// a vector. A line that begins with an exclamation mark is of a type that has
// code of its own. First come the constructors, in the order of their ids, with
// a nil pointer to the struct of each in types; then the methods.
//
// It is not inlined, for what it uses would be compiled with every schema.
//
//go:noinline
func NewTable(lines string, ends, ids []uint32, types []any) *Table {
	return &Table{
		lines: lines, ends: ends, ids: ids, types: types,
		plans: make([]atomic.Value, len(ends)), results: make([]atomic.Value, len(ends)),
		index: sync.OnceValue(func() map[reflect.Type]int {
			index := make(map[reflect.Type]int, len(types))
			for n, like := range types {
				index[reflect.TypeOf(like).Elem()] = n
			}
			return index
		}),
	}
}

// A plan is what a line says of a struct.
type plan struct {
	id      uint32
	name    string
	actions []action
	small   uintptr // the size of the struct if it holds no pointers and is small, else 0
}

// A kind says what is done for a field.
type kind uint8

const (
	flagsWord kind = iota
	trueFlag
	intField
	longField
	doubleField
	boolField
	stringField
	bytesField
	rawField // of a fixed size
	restField
	intsField
	longsField
	stringsField
	byteStringsField
	queryField
	structField  // as the table has it
	objectField  // a struct with code of its own
	pointerField // to a struct
	classField
	vectorField
)

// An action is what is done for a field.
type action struct {
	kind     kind
	word     uint8  // which flags word the mask is of; of a flags word, which it is
	optional bool   // the field is an Optional
	bare     bool   // its struct has no id before it, its vector none before the length
	mask     uint32 // 0 for a field that must be there
	offset   uintptr
	size     uintptr      // of a raw field; of the Value of an Optional, what Set comes after
	typ      reflect.Type // of the field
	field    string       // constructor.field, for errors

	n     int // of a struct: its number in the table
	class *class
	elem  *action // of what a pointer or vector holds
	least int     // bytes that an element of a vector takes
}

// Name returns the name of the constructor or method of the given number.
func (t *Table) Name(n int) string {
	line := t.line(n)
	return line[:strings.IndexByte(line, '#')]
}

func (t *Table) line(n int) string {
	start := uint32(0)
	if n > 0 {
		start = t.ends[n-1] + 1
	}
	return strings.TrimPrefix(t.lines[start:t.ends[n]], "!")
}

// coded reports whether the type of the given number has code of its own.
func (t *Table) coded(n int) bool {
	return n == 0 && t.lines[0] == '!' || n > 0 && t.lines[t.ends[n-1]+1] == '!'
}

// plan returns the plan of a struct type, whose number is n.
func (t *Table) plan(n int, typ reflect.Type) *plan {
	p, ok := t.plans[n].Load().(*plan)
	if !ok {
		p = t.read(n, typ)
		t.plans[n].Store(p)
	}
	return p
}

// read makes a plan of a line.
func (t *Table) read(n int, typ reflect.Type) *plan {
	line, _, _ := strings.Cut(t.line(n), " = ")
	tokens := strings.Fields(line)
	name, id, _ := strings.Cut(tokens[0], "#")
	number, err := strconv.ParseUint(id, 16, 32)
	if err != nil {
		panic(fmt.Sprintf("tl: table: %q: %v", line, err))
	}
	p := &plan{id: uint32(number), name: name}
	if size := typ.Size(); size <= maxSmall && !holdsPointers(typ) {
		p.small = max(size, 1)
	}
	var words []string
	next := 0
	if typ.NumField() > 0 && typ.Field(0).Name == "_" {
		next = 1
	}
	for _, token := range tokens[1:] {
		field, tl, _ := strings.Cut(token, ":")
		if tl == "#" {
			p.actions = append(p.actions, action{kind: flagsWord, word: uint8(len(words))})
			words = append(words, field)
			continue
		}
		f := typ.Field(next)
		next++
		flag, rest, conditional := strings.Cut(tl, "?")
		if !conditional {
			rest = tl
		}
		a := t.action(f.Type, rest, name+"."+field)
		a.offset = f.Offset
		if conditional {
			word, bit, _ := strings.Cut(flag, ".")
			shift, err := strconv.Atoi(bit)
			a.word, a.mask = uint8(slices.Index(words, word)), 1<<shift
			if err != nil || int(a.word) >= len(words) {
				panic(fmt.Sprintf("tl: table: %s in %q", token, line))
			}
		}
		p.actions = append(p.actions, a)
	}
	return p
}

var kinds = map[reflect.Type]kind{
	reflect.TypeFor[int32]():    intField,
	reflect.TypeFor[int64]():    longField,
	reflect.TypeFor[float64]():  doubleField,
	reflect.TypeFor[string]():   stringField,
	reflect.TypeFor[[]byte]():   bytesField,
	reflect.TypeFor[[]int32]():  intsField,
	reflect.TypeFor[[]int64]():  longsField,
	reflect.TypeFor[[]string](): stringsField,
	reflect.TypeFor[[][]byte](): byteStringsField,
	reflect.TypeFor[Object]():   queryField,
	reflect.TypeFor[Int128]():   rawField,
	reflect.TypeFor[Int256]():   rawField,
	reflect.TypeFor[bool]():     boolField,
}

// action returns what is done for a field of the given types in Go and TL.
func (t *Table) action(typ reflect.Type, tl, field string) action {
	a := action{typ: typ, field: field, size: typ.Size()}
	if kind, ok := kinds[typ]; ok {
		a.kind = kind
		switch tl {
		case "true":
			a.kind = trueFlag
		case "Object":
			a.kind = restField
		}
		return a
	}
	switch typ.Kind() {
	case reflect.Struct:
		if typ.NumField() == 2 && typ.Field(1).Name == "Set" { // an Optional
			a = t.action(typ.Field(0).Type, tl, field)
			a.optional, a.size = true, typ.Field(1).Offset
			return a
		}
		a.kind, a.n, a.bare = structField, t.index()[typ], strings.HasPrefix(tl, "%")
		if t.coded(a.n) && !a.bare {
			a.kind = objectField
		}
	case reflect.Pointer:
		elem := t.action(typ.Elem(), tl, field)
		a.kind, a.elem = pointerField, &elem
	case reflect.Interface:
		a.kind, a.class = classField, t.class(typ)
	case reflect.Slice:
		size, rest, _ := strings.Cut(tl[len("Vector<"):len(tl)-1], "*")
		elem := t.action(typ.Elem(), rest, field)
		least, err := strconv.Atoi(size)
		if err != nil {
			panic(fmt.Sprintf("tl: table: %s: %v", tl, err))
		}
		a.kind, a.bare, a.elem, a.least = vectorField, tl[0] == 'v', &elem, least
	default:
		panic(fmt.Sprintf("tl: table: %s is %v", field, typ))
	}
	return a
}

// result returns the action for the result of a method, whose number is n.
func (t *Table) result(n int, typ reflect.Type) *action {
	a, ok := t.results[n].Load().(*action)
	if !ok {
		_, tl, _ := strings.Cut(t.line(n), " = ")
		made := t.action(typ, tl, t.Name(n))
		a = &made
		t.results[n].Store(a)
	}
	return a
}

func holdsPointers(typ reflect.Type) bool {
	switch typ.Kind() {
	case reflect.Struct:
		for i := range typ.NumField() {
			if holdsPointers(typ.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Array:
		return holdsPointers(typ.Elem())
	case reflect.Bool, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Float64:
		return false
	}
	return true
}

// A class is a type with several constructors.
type class struct {
	typ     reflect.Type  // the interface
	name    func() string // in TL
	members grown[uint32, *member]
}

// A member is a constructor of a class.
type member struct {
	n   int
	typ reflect.Type // the struct
}

// class returns the class that an interface stands for.
func (t *Table) class(typ reflect.Type) *class {
	k, ok := t.classes.get(typ)
	if !ok {
		k = t.classes.add(typ, &class{typ: typ, name: sync.OnceValue(func() string { return t.className(typ) })})
	}
	return k
}

// className looks for the name of a class at one of its constructors.
func (t *Table) className(typ reflect.Type) string {
	for n, like := range t.types {
		if reflect.TypeOf(like).Implements(typ) {
			_, name, _ := strings.Cut(t.line(n), " = ")
			return name
		}
	}
	return typ.Name()
}

// member returns the constructor of the given id, nil if the class has none.
func (t *Table) member(k *class, id uint32) *member {
	if m, ok := k.members.get(id); ok {
		return m
	}
	n, ok := slices.BinarySearch(t.ids, id)
	if !ok || !reflect.TypeOf(t.types[n]).Implements(k.typ) {
		return nil
	}
	return k.members.add(id, &member{n: n, typ: reflect.TypeOf(t.types[n]).Elem()})
}

// grown is a map that is read often and added to seldom: every addition makes
// a new one. It is not a sync.Map, whose code every importer would compile.
type grown[K comparable, V any] struct {
	now atomic.Value // map[K]V
	mu  sync.Mutex
}

func (g *grown[K, V]) get(k K) (V, bool) {
	m, _ := g.now.Load().(map[K]V)
	v, ok := m[k]
	return v, ok
}

// add adds v, and returns it or what has been added before.
func (g *grown[K, V]) add(k K, v V) V {
	g.mu.Lock()
	defer g.mu.Unlock()
	old, _ := g.now.Load().(map[K]V)
	if v, ok := old[k]; ok {
		return v
	}
	m := maps.Clone(old)
	if m == nil {
		m = make(map[K]V)
	}
	m[k] = v
	g.now.Store(m)
	return v
}
