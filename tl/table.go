package tl

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// A Table describes the types of a package, so that they need no code of their
// own to be encoded and decoded, not even methods. The compiler takes a line of
// text in no time; code for the same takes it a thousandth of a second, and
// there are thousands of types. A description is followed at half the speed
// that code has.
//
// What it leaves out, such as where a field stands in its struct, is asked of
// package reflect when a type is first used; from then on a plan says it.
type Table struct {
	lines string
	ends  []uint32
	ids   []uint32
	types []any
	index func() map[string]int // the lines of the types by their names in Go
}

// NewTable describes the types of the package that it is called in. Each has a
// line, which ends before the newline at the given place, in lines:
//
//	UsersUsers users.users#62d706b8 users:Vector<16*User> = users.Users
//	UsersGetUsers users.getUsers#0d91a548 id:Vector<4*InputUser> = Vector<16*User>
//
// After the name in Go that is TL as in a schema, but for the least size in
// bytes of a vector's elements. First come the constructors, in the order of
// their ids, with a nil pointer to the struct of each in types; then the
// methods.
//
// A type with code of its own, a [Coder], has a line too, for fields that its
// code leaves to [Codec.Field].
func NewTable(lines string, ends, ids []uint32, types []any) *Table {
	t := &Table{lines: lines, ends: ends, ids: ids, types: types}
	t.index = sync.OnceValue(func() map[string]int {
		index := make(map[string]int, len(ends))
		for n := range ends {
			name, _, _ := strings.Cut(t.line(n), " ")
			index[name] = n
		}
		return index
	})
	tables.Store(reflect.TypeOf(types[0]).Elem().PkgPath(), t)
	return t
}

// What is known of all types. These are not fields of a Table, since the code
// of a sync.Map would be compiled again with every package that has one.
var (
	tables  sync.Map // *Table by the path of its package
	plans   sync.Map // *plan by the type of a struct
	classes sync.Map // *class by the type of an interface
)

// Name returns the name of the constructor or method of the given number.
func (t *Table) Name(n int) string {
	_, line, _ := strings.Cut(t.line(n), " ")
	return line[:strings.IndexByte(line, '#')]
}

func (t *Table) line(n int) string {
	start := uint32(0)
	if n > 0 {
		start = t.ends[n-1] + 1
	}
	return t.lines[start:t.ends[n]]
}

// A plan says how a struct is encoded and decoded.
type plan struct {
	table   *Table
	typ     reflect.Type
	line    string  // without the name in Go
	coded   bool    // the type is a Coder
	small   uintptr // the size of the struct if it holds no pointers and is small, else 0
	read    sync.Once
	id      uint32
	name    string
	actions []action

	result sync.Map // *action by the type of a result, of which there is one
}

// planOf returns the plan of a struct, nil if no table has it.
func planOf(typ reflect.Type) *plan {
	if p, ok := plans.Load(typ); ok {
		return p.(*plan)
	}
	t, ok := tables.Load(typ.PkgPath())
	if !ok {
		return nil
	}
	n, ok := t.(*Table).index()[typ.Name()]
	if !ok {
		return nil
	}
	p := &plan{table: t.(*Table), typ: typ, coded: reflect.PointerTo(typ).Implements(reflect.TypeFor[Coder]())}
	_, p.line, _ = strings.Cut(p.table.line(n), " ")
	if size := typ.Size(); size <= maxSmall && !holdsPointers(typ) {
		p.small = max(size, 1)
	}
	first, _ := plans.LoadOrStore(typ, p)
	return first.(*plan)
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
		return typ.Len() > 0 && holdsPointers(typ.Elem())
	case reflect.Bool, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Float64:
		return false
	}
	return true
}

// planOfValue returns the plan of the struct that v points to, nil if no table
// has it or v is no such pointer.
func planOfValue(v reflect.Value) *plan {
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem().Kind() != reflect.Struct {
		return nil
	}
	return planOf(v.Type().Elem())
}

// A class is a type with several constructors.
type class struct {
	typ     reflect.Type  // the interface
	name    func() string // in TL
	table   *Table
	members sync.Map // *plan by id
}

// classOf returns the class that an interface stands for.
func classOf(typ reflect.Type) *class {
	if k, ok := classes.Load(typ); ok {
		return k.(*class)
	}
	k := &class{typ: typ}
	if t, ok := tables.Load(typ.PkgPath()); ok {
		k.table = t.(*Table)
	} else {
		k.table = new(Table)
	}
	k.name = sync.OnceValue(k.lookForName)
	first, _ := classes.LoadOrStore(typ, k)
	return first.(*class)
}

// lookForName returns the name of a class that one of its constructors tells.
func (k *class) lookForName() string {
	for n, like := range k.table.types {
		if reflect.TypeOf(like).Implements(k.typ) {
			_, name, _ := strings.Cut(k.table.line(n), " = ")
			return name
		}
	}
	return k.typ.Name()
}

// member returns the plan of the constructor of the given id, nil if the class
// has none.
func (k *class) member(id uint32) *plan {
	if p, ok := k.members.Load(id); ok {
		return p.(*plan)
	}
	n, ok := slices.BinarySearch(k.table.ids, id)
	if !ok || !reflect.TypeOf(k.table.types[n]).Implements(k.typ) {
		return nil
	}
	p := planOf(reflect.TypeOf(k.table.types[n]).Elem())
	k.members.Store(id, p)
	return p
}
