package main

import (
	"fmt"
	"strings"
)

// writeCombinator writes the struct of a constructor or method and its methods.
func (g *generator) writeCombinator(w *writer, c *combinator) {
	w.printf("// %s is %s#%08x.\ntype %s struct {\n", c.name, c.Name, c.ID, c.name)
	for i := range c.fields {
		if f := &c.fields[i]; f.typ.kind != kindFlags {
			w.line(f.name, " ", f.goType())
		}
	}
	w.printf("}\n\nfunc (*%s) TypeID() uint32 { return ID%s }\n\n", c.name, c.name)
	g.writeEncode(w, c)
	g.writeDecode(w, c)
	if c.Method && g.api && c.result.name+c.result.tl != "" {
		g.writeResult(w, c)
	}
}

// goType returns the Go type of a field.
func (f *field) goType() string {
	t := fieldType(&f.typ)
	switch {
	case f.flag == nil:
		return t
	case f.typ.kind == kindScalar && f.typ.name != "[]byte":
		return "tl.Optional[" + t + "]"
	case f.typ.kind == kindStruct:
		return "*" + t
	}
	return t
}

// fieldType returns the Go type of a value that is there.
func fieldType(t *goType) string {
	switch t.kind {
	case kindClass:
		return t.name + "Class"
	case kindVector:
		return "[]" + fieldType(t.elem)
	}
	return t.name
}

// present returns the condition under which a conditional field is written.
func (f *field) present() string {
	switch {
	case f.typ.kind == kindTrue:
		return "v." + f.name
	case f.typ.kind == kindScalar && f.typ.name != "[]byte":
		return "v." + f.name + ".Set"
	}
	return "v." + f.name + " != nil"
}

// bit returns the test of a conditional field's flag.
func (f *field) bit() string { return fmt.Sprintf("%s&(1<<%d) != 0", f.word, f.flag.Bit) }

// vector returns the name of the helpers for a vector whose elements are not
// scalars, and has them written.
func (g *generator) vector(t *goType) string {
	name := t.elem.name + "s"
	if t.elem.kind == kindClass {
		name = t.elem.name + "Classes"
	}
	if t.elem.bare {
		name = t.elem.name + "Bodies"
	}
	if t.bare {
		name = "Bare" + name
	}
	g.vectors[name] = *t
	return name
}

func (g *generator) writeEncode(w *writer, c *combinator) {
	w.printf("func (v *%s) Encode(b *tl.Buffer) {\nb.ID(ID%s)\n", c.name, c.name)
	if c.bare {
		w.printf("v.encodeBare(b)\n}\n\nfunc (v *%s) encodeBare(b *tl.Buffer) {\n", c.name)
	}
	for i := range c.fields {
		f := &c.fields[i]
		switch {
		case f.typ.kind == kindFlags:
			g.writeFlags(w, c, f)
		case f.typ.kind == kindTrue:
		case f.flag == nil:
			w.line(g.encode(c, f, "v."+f.name))
		case f.shared:
			w.printf("if %s {\n%s\n}\n", f.bit(), g.encode(c, f, f.value()))
		default:
			w.printf("if %s {\n%s\n}\n", f.present(), g.encodePresent(c, f))
		}
	}
	w.line("}\n")
}

// value returns the value of a conditional field.
func (f *field) value() string {
	if f.typ.kind == kindScalar && f.typ.name != "[]byte" {
		return "v." + f.name + ".Value"
	}
	return "v." + f.name
}

// writeFlags writes what computes a flags word.
func (g *generator) writeFlags(w *writer, c *combinator, word *field) {
	var conditions [32][]string
	used := false
	for i := range c.fields {
		if f := &c.fields[i]; f.flag != nil && f.word == word.word {
			conditions[f.flag.Bit] = append(conditions[f.flag.Bit], f.present())
			used = true
		}
	}
	if !used {
		w.line("b.Uint32(0)")
		return
	}
	w.line("var ", word.word, " uint32")
	for bit, one := range conditions {
		if one != nil {
			w.printf("if %s {\n%s |= 1 << %d\n}\n", strings.Join(one, " || "), word.word, bit)
		}
	}
	w.line("b.Uint32(", word.word, ")")
}

// encode returns the statement that writes a value that must be there.
func (g *generator) encode(c *combinator, f *field, value string) string {
	name := c.Name + "." + f.tl
	switch f.typ.kind {
	case kindClass, kindQuery:
		return fmt.Sprintf("b.Object(%s, %q)", value, name)
	case kindVector:
		return g.encodeVector(&f.typ, value, name)
	case kindStruct:
		if f.flag != nil {
			return fmt.Sprintf("if %s == nil {\nb.Fail(&tl.NilError{Field: %q})\n} else {\n%s\n}", value, name, encodeFrom(value, &f.typ))
		}
	}
	return encodeFrom(value, &f.typ)
}

// encodePresent returns the statement that writes a value known not to be nil.
func (g *generator) encodePresent(c *combinator, f *field) string {
	if f.typ.kind == kindVector {
		return g.encodeVector(&f.typ, f.value(), c.Name+"."+f.tl)
	}
	return encodeFrom(f.value(), &f.typ)
}

func (g *generator) encodeVector(t *goType, value, name string) string {
	switch {
	case t.elem.kind == kindScalar:
		return "b." + t.elem.call + "s(" + value + ")"
	case t.elem.kind == kindClass:
		return fmt.Sprintf("put%s(b, %s, %q)", g.vector(t), value, name)
	}
	return "put" + g.vector(t) + "(b, " + value + ")"
}

// encodeFrom returns the statement that writes a value of a type that is
// neither vector nor nil.
func encodeFrom(value string, t *goType) string {
	switch {
	case t.kind == kindRest:
		return "b.Raw(" + value + ")"
	case t.kind != kindScalar && t.bare:
		return value + ".encodeBare(b)"
	case t.kind != kindScalar:
		return value + ".Encode(b)"
	case t.ptr:
		return "b." + t.call + "(&" + value + ")"
	}
	return "b." + t.call + "(" + value + ")"
}

func (g *generator) writeDecode(w *writer, c *combinator) {
	w.printf("func (v *%s) Decode(r *tl.Reader) {\nr.Expect(ID%s, %q)\n", c.name, c.name, c.Name)
	if c.bare {
		w.printf("v.decodeBare(r)\n}\n\nfunc (v *%s) decodeBare(r *tl.Reader) {\n", c.name)
	}
	if c.guard {
		w.line("if !r.Enter() {\nr.Leave()\nreturn\n}")
	}
	for i := range c.fields {
		f := &c.fields[i]
		target := "v." + f.name
		switch {
		case f.typ.kind == kindFlags && !c.reads(f.word):
			w.line("r.Uint32()")
		case f.typ.kind == kindFlags:
			w.line(f.word, " := r.Uint32()")
		case f.typ.kind == kindTrue:
			w.line(target, " = ", f.bit())
		case f.flag == nil:
			w.line(g.decode(target, &f.typ))
		default:
			w.printf("if %s {\n%s\n}\n", f.bit(), g.decodeOptional(target, f))
		}
	}
	if c.guard {
		w.line("r.Leave()")
	}
	w.line("}\n")
}

// reads reports whether a field depends on the flags word.
func (c *combinator) reads(word string) bool {
	for i := range c.fields {
		if c.fields[i].flag != nil && c.fields[i].word == word {
			return true
		}
	}
	return false
}

// decode returns the statement that reads a value that is there.
func (g *generator) decode(target string, t *goType) string {
	if t.kind != kindVector {
		return decodeInto(target, t)
	}
	if t.elem.kind == kindScalar {
		return target + " = r." + t.elem.call + "s()"
	}
	return target + " = read" + g.vector(t) + "(r)"
}

func (g *generator) decodeOptional(target string, f *field) string {
	switch {
	case f.typ.kind == kindScalar && f.typ.name != "[]byte":
		return target + " = tl.Some(r." + f.typ.call + "())"
	case f.typ.kind == kindStruct:
		return target + " = new(" + f.typ.name + ")\n" + decodeInto(target, &f.typ)
	}
	return g.decode(target, &f.typ)
}

// decodeInto returns the statement that reads a value that is no vector.
func decodeInto(target string, t *goType) string {
	switch t.kind {
	case kindStruct:
		if t.bare {
			return target + ".decodeBare(r)"
		}
		return target + ".Decode(r)"
	case kindClass:
		return target + " = Decode" + t.name + "(r)"
	case kindQuery:
		return target + " = r.Query()"
	case kindRest:
		return target + " = r.Raw(r.Remaining())"
	}
	return target + " = r." + t.call + "()"
}

// writeResult writes what decodes the result of a method.
func (g *generator) writeResult(w *writer, c *combinator) {
	t := &c.result
	w.printf("func (*%s) DecodeResult(r *tl.Reader) ", c.name)
	switch t.kind {
	case kindStruct:
		w.printf("*%s {\nv := new(%s)\nv.Decode(r)\nreturn v\n}\n\n", t.name, t.name)
	case kindClass:
		w.printf("%sClass { return Decode%s(r) }\n\n", t.name, t.name)
	case kindVector:
		call := "r." + t.elem.call + "s()"
		if t.elem.kind != kindScalar {
			call = "read" + g.vector(t) + "(r)"
		}
		w.printf("%s { return %s }\n\n", fieldType(t), call)
	default:
		w.printf("%s { return r.%s() }\n\n", t.name, t.call)
	}
}
