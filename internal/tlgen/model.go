package main

import (
	"fmt"
	"slices"
	"strings"

	"godwit/tl/schema"
)

// A kind says how the generated code treats a type.
type kind uint8

const (
	kindScalar kind = iota // a value that a method of Reader and Buffer handles
	kindFlags              // the word of a # field
	kindTrue               // a bit of it
	kindStruct             // a type with one constructor
	kindClass              // a type with several: an interface
	kindVector
	kindQuery // !X
	kindRest  // Object: whatever follows
)

// A goType is a TL type as Go sees it.
type goType struct {
	kind kind
	name string // in Go; of a struct or class the name without * or Class
	tl   string // in the schema
	call string // of a scalar: the method of Reader and of Buffer
	ptr  bool   // of a scalar: Buffer takes a pointer
	bare bool
	elem *goType // of a vector
}

// scalars are the types that package tl encodes.
var scalars = map[string]goType{
	"int":    {name: "int32", call: "Int"},
	"long":   {name: "int64", call: "Long"},
	"double": {name: "float64", call: "Double"},
	"string": {name: "string", call: "String"},
	"bytes":  {name: "[]byte", call: "ByteString"},
	"int128": {name: "tl.Int128", call: "Int128", ptr: true},
	"int256": {name: "tl.Int256", call: "Int256", ptr: true},
	"Bool":   {name: "bool", call: "Bool"},
}

// wireSizes are the least numbers of bytes that scalars take.
var wireSizes = map[string]int{
	"int": 4, "long": 8, "double": 8, "string": 4, "bytes": 4, "int128": 16, "int256": 32, "Bool": 4,
}

// A field is a field of a constructor or an argument of a method.
type field struct {
	name string // in Go
	tl   string
	typ  goType
	flag *schema.FlagRef
	word string // the variable that holds the flags word: of the field, or of its condition
}

// A combinator is a constructor or method with its Go name.
type combinator struct {
	*schema.Combinator
	name   string
	fields []field
	result goType
	class  bool // its type has several constructors
	bare   bool // it is used without its id
	guard  bool // it can hold itself with no class in between
	coded  bool // it has code of its own
}

// A class is a type with several constructors.
type class struct {
	name         string // in Go, without Class
	tl           string
	constructors []*combinator
	guard        bool // its values can hold values of it
	coded        bool // some of its constructors have code
}

// A model is a schema made ready to be written as Go.
type model struct {
	schema       *schema.Schema
	constructors []*combinator
	methods      []*combinator
	classes      []*class
	byType       map[string][]*combinator // by boxed type
	byName       map[string]*combinator
	sizes        map[string]int // least wire size by boxed type
}

// newModel makes a model of all of s but the constructors that skip names.
func newModel(s *schema.Schema, skip []string) (*model, error) {
	m := &model{
		schema: s,
		byType: make(map[string][]*combinator),
		byName: make(map[string]*combinator),
		sizes:  make(map[string]int),
	}
	for _, c := range s.Constructors {
		if c.Builtin != "" || slices.Contains(skip, c.Name) {
			continue
		}
		n := &combinator{Combinator: c, name: goName(c.Name)}
		m.constructors = append(m.constructors, n)
		m.byType[c.Result.Name] = append(m.byType[c.Result.Name], n)
		m.byName[c.Name] = n
	}
	for _, c := range s.Methods {
		m.methods = append(m.methods, &combinator{Combinator: c, name: goName(c.Name)})
	}
	for _, c := range m.constructors {
		list := m.byType[c.Result.Name]
		c.class = len(list) > 1
		if c.class && list[0] == c {
			m.classes = append(m.classes, &class{name: goName(c.Result.Name), tl: c.Result.Name, constructors: list})
		}
	}
	for _, c := range m.all() {
		if err := m.fill(c); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	m.measure()
	m.findCycles()
	return m, m.checkNames()
}

// all returns constructors and methods.
func (m *model) all() []*combinator { return slices.Concat(m.constructors, m.methods) }

// fill works out the fields and the result of c.
func (m *model) fill(c *combinator) error {
	for i := range c.Params {
		p := &c.Params[i]
		typ, err := m.goType(c, &p.Type)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		f := field{name: goName(p.Name), tl: p.Name, typ: typ, flag: p.Flag}
		if p.Flag != nil {
			f.word = localName(p.Flag.Field)
		}
		if typ.kind == kindFlags {
			f.word = localName(p.Name)
		}
		c.fields = append(c.fields, f)
	}
	if !c.Method || c.Generic != "" {
		return nil
	}
	var err error
	c.result, err = m.goType(c, &c.Result)
	return err
}

// goType works out how Go sees a type that c uses.
func (m *model) goType(c *combinator, t *schema.Type) (goType, error) {
	if scalar, ok := scalars[t.Name]; ok {
		scalar.tl = t.Name
		return scalar, nil
	}
	switch {
	case t.Bang:
		return goType{kind: kindQuery, name: "Request", tl: t.Name}, nil
	case t.Name == "#":
		return goType{kind: kindFlags, tl: t.Name}, nil
	case t.Name == "true":
		return goType{kind: kindTrue, name: "bool", tl: t.Name}, nil
	case t.Name == "Object":
		return goType{kind: kindRest, name: "[]byte", tl: t.Name}, nil
	case t.Elem != nil:
		elem, err := m.goType(c, t.Elem)
		if err != nil {
			return goType{}, err
		}
		if elem.kind != kindScalar && elem.kind != kindStruct && elem.kind != kindClass || elem.ptr || elem.name == "float64" || elem.name == "bool" {
			return goType{}, fmt.Errorf("a vector of %s is not supported", t.Elem)
		}
		return goType{kind: kindVector, tl: t.String(), bare: t.Bare, elem: &elem}, nil
	}
	if one := m.byName[t.Name]; t.Bare && one != nil {
		one.bare = true
		return goType{kind: kindStruct, name: one.name, tl: one.Name, bare: true}, nil
	}
	list := m.byType[t.Name]
	switch {
	case len(list) == 1:
		list[0].bare = list[0].bare || t.Bare
		return goType{kind: kindStruct, name: list[0].name, tl: list[0].Name, bare: t.Bare}, nil
	case len(list) > 1:
		return goType{kind: kindClass, name: goName(t.Name), tl: t.Name}, nil
	case c.Method:
		// A result that has no constructor is never sent.
		return goType{}, nil
	}
	return goType{}, fmt.Errorf("type %s has no constructor", t)
}

// checkNames makes sure that no two things get the same name in Go.
func (m *model) checkNames() error {
	taken := map[string]string{}
	claim := func(goName, tl string) error {
		if other, ok := taken[goName]; ok {
			return fmt.Errorf("%s and %s are both %s in Go", other, tl, goName)
		}
		taken[goName] = tl
		return nil
	}
	for _, c := range m.classes {
		for _, name := range []string{c.name + "Class", "Decode" + c.name} {
			if err := claim(name, "type "+c.tl); err != nil {
				return err
			}
		}
	}
	for _, c := range m.all() {
		for _, name := range []string{c.name, "ID" + c.name} {
			if err := claim(name, c.Name); err != nil {
				return err
			}
		}
		fields := map[string]bool{"TL": true, "Returns": true}
		for _, f := range c.fields {
			if fields[f.name] {
				return fmt.Errorf("%s: two fields or methods are %s in Go", c.Name, f.name)
			}
			fields[f.name] = f.typ.kind != kindFlags
		}
	}
	return nil
}

// namespace returns the part of a TL name before the dot, or "".
func namespace(tl string) string {
	before, _, found := strings.Cut(tl, ".")
	if !found {
		return ""
	}
	return before
}
