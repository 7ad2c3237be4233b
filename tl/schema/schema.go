// Package schema reads TL schema files: the declarations of every constructor
// and method, in the language of https://core.telegram.org/mtproto/TL (R-TL-01
// to R-TL-12).
//
// Start with [Parse]. A [Schema] finds combinators by name and by id, and its
// CheckIDs compares each id with the CRC32 that it should be.
//
// Numbers such as R-TL-12 are those of docs/requirements.md.
package schema

import "strconv"

// A Schema is a parsed schema file.
type Schema struct {
	Layer        int // the API layer that a comment of the file names, 0 if none does
	Constructors []*Combinator
	Methods      []*Combinator

	constructors map[string]*Combinator
	methods      map[string]*Combinator
	ids          map[uint32]*Combinator
	types        map[string][]*Combinator
}

// Constructor returns the constructor of the given name, nil if there is none.
func (s *Schema) Constructor(name string) *Combinator { return s.constructors[name] }

// Method returns the method of the given name, nil if there is none.
func (s *Schema) Method(name string) *Combinator { return s.methods[name] }

// ByID returns the constructor or method of the given id, nil if there is none.
func (s *Schema) ByID(id uint32) *Combinator { return s.ids[id] }

// TypeConstructors returns the constructors of a boxed type in the order of
// the file, nil if the schema does not declare the type.
func (s *Schema) TypeConstructors(name string) []*Combinator { return s.types[name] }

// A Combinator is one declaration: a constructor or a method.
type Combinator struct {
	Name    string // with its namespace: "messages.sendMessage"
	ID      uint32 // the explicit id, else the computed one (R-TL-12)
	HasID   bool   // the file gives the id
	Method  bool
	Generic string // X of an implicit parameter {X:Type}, which is never written (R-TL-06); else empty
	Builtin string // the body of a built-in such as vector, "# [ t ]"; else empty
	Params  []Param
	Result  Type
	Line    int // where the declaration begins, from 1
}

// A Param is one field of a constructor or argument of a method.
type Param struct {
	Name string
	Type Type
	Flag *FlagRef // nil for a field that is always there
}

// Absorbed reports whether the field is a flag of type true, which has no
// bytes of its own (R-TL-23).
func (p *Param) Absorbed() bool { return p.Flag != nil && p.Type.Name == "true" }

// A FlagRef names the bit that says whether a conditional field is present.
type FlagRef struct {
	Field string // the name of the # field
	Index int    // that field's place in Params
	Bit   int    // 0 to 31, 0 the least significant
}

// A Type is the type of a field or of a result.
type Type struct {
	Name string // "int", "#", "Message", "future_salt", "Vector"
	Bare bool   // written without a constructor id (R-TL-03)
	Bang bool   // !X, a call whose result type is X (R-TL-06)
	Elem *Type  // the element type of Vector and vector, else nil
}

// String returns the type as schema files write it.
func (t Type) String() string { return string(t.append(nil, false)) }

func (t *Type) append(b []byte, canonical bool) []byte {
	if t.Bang {
		b = append(b, '!')
	}
	if t.Bare && !canonical && t.explicitlyBare() {
		b = append(b, '%')
	}
	b = append(b, t.Name...)
	switch {
	case t.Elem == nil:
	case canonical:
		b = t.Elem.append(append(b, ' '), true)
	default:
		b = append(t.Elem.append(append(b, '<'), false), '>')
	}
	return b
}

// explicitlyBare reports whether only a % can have made the type bare.
func (t *Type) explicitlyBare() bool {
	c := baseName(t.Name)[0]
	return c >= 'A' && c <= 'Z'
}

// String returns the declaration as schema files write it, with its id and
// without the semicolon.
func (c *Combinator) String() string {
	b := append([]byte(c.Name), '#')
	id := strconv.FormatUint(uint64(c.ID), 16)
	b = append(b, "00000000"[len(id):]...)
	b = append(b, id...)
	if c.Generic != "" {
		b = append(b, " {"+c.Generic+":Type}"...)
	}
	return string(c.appendBody(b, false))
}

// appendBody appends fields and result.
func (c *Combinator) appendBody(b []byte, canonical bool) []byte {
	if c.Builtin != "" {
		b = append(append(b, ' '), c.Builtin...)
	}
	for i := range c.Params {
		p := &c.Params[i]
		if canonical && p.Absorbed() {
			continue
		}
		b = append(append(b, ' '), p.Name...)
		b = append(b, ':')
		if p.Flag != nil {
			b = append(append(b, p.Flag.Field...), '.')
			b = append(strconv.AppendInt(b, int64(p.Flag.Bit), 10), '?')
		}
		if canonical && p.Type.Name == "bytes" {
			b = append(b, "string"...)
		} else {
			b = p.Type.append(b, canonical)
		}
	}
	return c.Result.append(append(b, " = "...), canonical)
}
