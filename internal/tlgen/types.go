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
	var words []string
	for i := range c.fields {
		f := &c.fields[i]
		switch {
		case f.typ.kind == kindFlags && !c.reads(f.word):
			w.line("b.Uint32(0)")
		case f.typ.kind == kindFlags:
			words = append(words, f.word)
			w.printf("var %s uint32\n%sAt := b.Flags()\n", f.word, f.word)
		case f.flag == nil:
			w.line(g.encode(&f.typ, "v."+f.name, strconv.Quote(c.Name+"."+f.tl)))
		default:
			w.printf("if %s {\n%s |= 1 << %d\n", c.present(f), f.word, f.flag.Bit)
			g.encodeConditional(w, c, f)
			w.line("}")
		}
	}
	for _, word := range words {
		w.printf("b.SetFlags(%sAt, %s)\n", word, word)
	}
	w.line("}\n")
}

// present returns the condition under which a field with a flag is written: if
// it or another field with the same flag is there.
func (c *combinator) present(f *field) string {
	if !f.shared {
		return f.present()
	}
	var there []string
	for i := range c.fields {
		if o := &c.fields[i]; o.flag != nil && *o.flag == *f.flag {
			there = append(there, o.present())
		}
	}
	return strings.Join(there, " || ")
}

// encodeConditional writes the statement that writes a field with a flag,
// known to be there unless it shares the flag.
func (g *generator) encodeConditional(w *writer, c *combinator, f *field) {
	value, name := "v."+f.name, strconv.Quote(c.Name+"."+f.tl)
	switch {
	case f.typ.kind == kindTrue:
	case f.typ.kind == kindScalar && f.typ.name != "[]byte":
		w.line(encodeFrom(value+".Value", &f.typ))
	case f.typ.kind == kindStruct && f.shared:
		w.printf("if %s == nil {\nb.Missing(%s)\nreturn\n}\n%s\n", value, name, encodeFrom(value, &f.typ))
	case f.typ.kind == kindVector || f.typ.kind == kindClass && f.shared:
		w.line(g.encode(&f.typ, value, name))
	default:
		w.line(encodeFrom(value, &f.typ))
	}
}

// optionalCall reports whether package tl has Opt methods for the type.
func (t *goType) optionalCall() bool { return t.kind == kindScalar && !t.ptr }

// encode returns the statement that writes a value that must be there.
func (g *generator) encode(t *goType, value, name string) string {
	switch {
	case t.kind == kindClass:
		return g.encodeClass(t, value, name)
	case t.kind == kindQuery:
		return fmt.Sprintf("b.Object(%s, %s)", value, name)
	case t.kind != kindVector:
		return encodeFrom(value, t)
	case t.elem.kind == kindScalar:
		return "b." + t.elem.call + "s(" + value + ")"
	case t.elem.kind == kindClass:
		return fmt.Sprintf("put%s(b, %s, %s)", g.vector(t), value, name)
	}
	return "put" + g.vector(t) + "(b, " + value + ")"
}

// encodeClass returns the statement that writes a value of a class that must
// be there.
func (g *generator) encodeClass(t *goType, value, name string) string {
	g.put[t.name] = true
	return fmt.Sprintf("put%s(b, %s, %s)", t.name, value, name)
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
		case f.flag == nil:
			w.line(g.decodeInto(target, &f.typ, always))
		default:
			g.decodeConditional(w, target, f, slices.Contains(sparse, c.Name))
		}
	}
	if c.guard {
		w.line("r.Leave()")
	}
	w.line("}\n")
}

// sparse lists constructors with dozens of fields that are mostly absent and
// that come by the hundred: there a branch pays that saves a call.
var sparse = []string{"message", "messageService", "messageReplyHeader", "user", "channel"}

// decodeConditional writes the statement that reads a field with a flag.
func (g *generator) decodeConditional(w *writer, target string, f *field, branch bool) {
	flag := fmt.Sprintf("%s&(1<<%d)", f.word, f.flag.Bit)
	if branch && f.typ.kind != kindTrue {
		w.printf("if %s != 0 {\n", flag)
		defer w.line("}")
		flag = always
	}
	switch {
	case f.typ.kind == kindTrue:
		w.printf("%s = %s != 0\n", target, flag)
	case f.typ.optionalCall():
		w.printf("r.Opt%s(%s, &%s)\n", f.typ.call, flag, target)
	case f.typ.kind == kindScalar:
		w.printf("if %s != 0 {\n%s = tl.Some(r.%s())\n}\n", flag, target, f.typ.call)
	case f.typ.kind == kindStruct:
		g.opt[f.typ.name] = true
		w.printf("read%s(r, %s, &%s)\n", f.typ.name, flag, target)
	case f.typ.kind == kindVector && f.typ.elem.kind == kindScalar:
		w.printf("if %s != 0 {\n%s\n}\n", flag, g.decodeInto(target, &f.typ, always))
	default:
		w.line(g.decodeInto(target, &f.typ, flag))
	}
}

// always is the flag of a field without a flag.
const always = "1"

// reads reports whether a field depends on the flags word.
func (c *combinator) reads(word string) bool {
	for i := range c.fields {
		if c.fields[i].flag != nil && c.fields[i].word == word {
			return true
		}
	}
	return false
}

// decodeInto returns the statement that reads a value that is there. What
// holds pointers is passed the place to store to, and with it the flag that
// says whether to: a store of a pointer or a branch costs the compiler several
// blocks, a call costs it little.
func (g *generator) decodeInto(target string, t *goType, flag string) string {
	switch t.kind {
	case kindStruct:
		if t.bare {
			return target + ".decodeBare(r)"
		}
		return target + ".Decode(r)"
	case kindClass:
		g.read[t.name] = true
		return "read" + t.name + "(r, " + flag + ", &" + target + ")"
	case kindVector:
		if t.elem.kind == kindScalar {
			return "r.Read" + t.elem.call + "s(&" + target + ")"
		}
		return "read" + g.vector(t) + "(r, " + flag + ", &" + target + ")"
	case kindQuery:
		return target + " = r.Query()"
	case kindRest:
		return target + " = r.Raw(r.Remaining())"
	}
	if t.tl == "string" || t.tl == "bytes" {
		return "r.Read" + t.call + "(&" + target + ")"
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
		if t.elem.kind == kindScalar {
			w.printf("%s { return r.%ss() }\n\n", fieldType(t), t.elem.call)
			return
		}
		w.printf("(v %s) {\nread%s(r, 1, &v)\nreturn v\n}\n\n", fieldType(t), g.vector(t))
	default:
		w.printf("%s { return r.%s() }\n\n", t.name, t.call)
	}
}
