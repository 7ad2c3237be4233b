package main

import (
	"fmt"
	"slices"
	"strconv"
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
	w.line("}\n")
	g.writeTL(w, c)
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

// writeTL writes what both encodes and decodes: a call for each field.
func (g *generator) writeTL(w *writer, c *combinator) {
	w.printf("func (v *%s) TL(c *tl.Codec) {\nc.Begin(ID%s, %q)\n", c.name, c.name, c.Name)
	if c.bare {
		w.printf("v.body(c)\n}\n\nfunc (v *%s) body(c *tl.Codec) {\n", c.name)
	}
	if c.guard {
		w.line("if !c.Enter() {\nc.Leave()\nreturn\n}")
	}
	for i := range c.fields {
		f := &c.fields[i]
		switch {
		case f.typ.kind == kindFlags && !c.reads(f.word):
			w.line("c.Flags()")
		case f.typ.kind == kindFlags:
			w.line(f.word, " := c.Flags()")
		case f.flag == nil:
			w.line(g.field(&f.typ, "v."+f.name, required, strconv.Quote(c.Name+"."+f.tl)))
		default:
			g.writeConditional(w, c, f)
		}
	}
	if c.guard {
		w.line("c.Leave()")
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

// sparse lists constructors with dozens of fields that are mostly absent and
// that come by the hundred: there a branch pays that saves a call.
var sparse = []string{"message", "messageService", "messageReplyHeader", "user", "channel"}

// writeConditional writes the statement for a field with a flag.
func (g *generator) writeConditional(w *writer, c *combinator, f *field) {
	flag := fmt.Sprintf("%s, 1<<%d", f.word, f.flag.Bit)
	value := "v." + f.name
	if f.shared && f.typ.kind != kindTrue {
		w.printf("if c.Has(%s, %s) {\n", flag, c.present(f))
		if f.typ.kind == kindScalar && f.typ.name != "[]byte" {
			w.line("c.", f.typ.call, "(&", value, ".Value)\nif c.Decoding() {\n", value, ".Set = true\n}\n}")
			return
		}
		w.line(g.field(f.elemType(), value, required, strconv.Quote(c.Name+"."+f.tl)), "\n}")
		return
	}
	call := g.field(f.elemType(), value, flag, `""`)
	if f.typ.kind == kindVector && f.typ.elem.kind == kindClass {
		call = g.field(f.elemType(), value, flag, strconv.Quote(c.Name+"."+f.tl)) // its elements are required
	}
	if slices.Contains(sparse, c.Name) {
		call = fmt.Sprintf("if c.Has(%s, %s) {\n%s\n}", flag, f.present(), call)
	}
	w.line(call)
}

// present returns the condition under which a field that shares its flag is
// encoded: if one of those with the flag is there.
func (c *combinator) present(f *field) string {
	var there []string
	for i := range c.fields {
		if o := &c.fields[i]; o.flag != nil && *o.flag == *f.flag {
			there = append(there, o.present())
		}
	}
	return strings.Join(there, " || ")
}

// elemType returns the type of a field with a flag, where a struct has become
// a pointer.
func (f *field) elemType() *goType {
	t := f.typ
	t.optional = true
	return &t
}

// required is the flag of a field without a flag.
const required = "0, 0"

// field returns the statement that encodes or decodes a field at the place
// called value. The name is what the error calls it if it must be there and is
// not.
func (g *generator) field(t *goType, value, flag, name string) string {
	at := "&" + value
	switch t.kind {
	case kindTrue:
		return fmt.Sprintf("c.True(%s, %s)", flag, at)
	case kindClass:
		g.code[t.name] = true
		return fmt.Sprintf("code%s(c, %s, %s, %s)", t.name, flag, at, name)
	case kindStruct:
		switch {
		case t.optional:
			g.opt[t.name] = true
			return fmt.Sprintf("opt%s(c, %s, %s, %s)", t.name, flag, at, name)
		case t.bare:
			return value + ".body(c)"
		}
		return value + ".TL(c)"
	case kindVector:
		if t.elem.kind != kindScalar {
			name := map[bool]string{true: ", " + name}[t.elem.kind == kindClass]
			return fmt.Sprintf("vector%s(c, %s, %s%s)", g.vector(t), flag, at, name)
		}
		return g.scalar(t.elem.call+"s", at, flag)
	case kindQuery:
		return fmt.Sprintf("c.Query(%s, %s)", at, name)
	case kindRest:
		return "c.Rest(" + at + ")"
	}
	return g.scalar(t.call, at, flag)
}

// scalar returns the statement for what package tl has methods for.
func (g *generator) scalar(call, at, flag string) string {
	if flag == required {
		return "c." + call + "(" + at + ")"
	}
	return "c.Opt" + call + "(" + flag + ", " + at + ")"
}

// writeResult writes what decodes the result of a method.
func (g *generator) writeResult(w *writer, c *combinator) {
	t := &c.result
	w.printf("func (*%s) DecodeResult(r *tl.Reader) ", c.name)
	switch t.kind {
	case kindStruct:
		w.printf("*%s {\nv := new(%s)\nr.Object(v)\nreturn v\n}\n\n", t.name, t.name)
	case kindClass:
		w.printf("%sClass { return Decode%s(r) }\n\n", t.name, t.name)
	case kindVector:
		if t.elem.kind == kindScalar {
			w.printf("%s { return r.%ss() }\n\n", fieldType(t), t.elem.call)
			return
		}
		w.printf("(v %s) {\n%s\nreturn v\n}\n\n", fieldType(t), strings.Replace(g.field(t, "v", required, `""`), "(c,", "(r.Codec(),", 1))
	default:
		w.printf("%s { return r.%s() }\n\n", t.name, t.call)
	}
}
