package layer

import "fmt"

// A kind is how a value of a type stands on the wire.
type kind uint8

const (
	kindInt kind = iota
	kindLong
	kindDouble
	kindInt128
	kindInt256
	kindBytes // string and bytes, which look the same (R-TL-22)
	kindBool
	kindTrue       // a bit of a flags word, no bytes of its own
	kindFlags      // a flags word
	kindVector     // boxed
	kindBareVector // only the count and the elements
	kindClass      // a boxed value of one of the constructors of a type
	kindQuery      // !X, a method call
)

// A typ is the type of a field or result.
type typ struct {
	kind  kind
	elem  *typ   // of a vector
	class string // the TL name of the type, of kindClass
}

func (t *typ) vector() bool { return t.kind == kindVector || t.kind == kindBareVector }

func (t *typ) String() string {
	switch t.kind {
	case kindClass:
		return t.class
	case kindVector, kindBareVector:
		return "Vector<" + t.elem.String() + ">"
	}
	return [...]string{"int", "long", "double", "int128", "int256", "bytes", "Bool", "true", "#", "", "", "", "!X"}[t.kind]
}

// maxFlags is how many flags words a constructor may have; the API has two.
const maxFlags = 4

// A field of a constructor or method.
type field struct {
	name     string
	typ      typ
	optional bool  // present only if the bit is set
	slot     uint8 // which flags word of the constructor: the one it is, or the one it depends on
	bit      uint32
}

// A ctor is a constructor or a method.
type ctor struct {
	name   string
	id     uint32
	fields []field
	result typ
	method bool
}

func (c *ctor) field(name string) int {
	for i := range c.fields {
		if c.fields[i].name == name {
			return i
		}
	}
	return -1
}

// wrapped returns the index of the !X field of a wrapper method, -1 if c is
// none.
func (c *ctor) wrapped() int {
	for i := range c.fields {
		if c.fields[i].typ.kind == kindQuery {
			return i
		}
	}
	return -1
}

// A table holds the API of one layer.
type table struct {
	layer   int
	byID    map[uint32]*ctor
	types   map[string]*ctor // constructors by name
	methods map[string]*ctor
	classes map[string][]*ctor // constructors by type, as the schema orders them
	order   []string           // names of the classes, likewise

	// Wire form of the value that stands for "nothing known" of each type,
	// nil where there is none. Filled when the table is made.
	defaults map[string][]byte
}

func newTable(layer int) *table {
	return &table{
		layer:    layer,
		byID:     make(map[uint32]*ctor),
		types:    make(map[string]*ctor),
		methods:  make(map[string]*ctor),
		classes:  make(map[string][]*ctor),
		defaults: make(map[string][]byte),
	}
}

func (t *table) add(c *ctor) error {
	if other := t.byID[c.id]; other != nil {
		return fmt.Errorf("layer %d: %s and %s share the id %08x", t.layer, other.name, c.name, c.id)
	}
	t.byID[c.id] = c
	if c.method {
		t.methods[c.name] = c
		return nil
	}
	t.types[c.name] = c
	if len(t.classes[c.result.class]) == 0 {
		t.order = append(t.order, c.result.class)
	}
	t.classes[c.result.class] = append(t.classes[c.result.class], c)
	return nil
}
