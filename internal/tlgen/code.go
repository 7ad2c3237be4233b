package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// hot names what a page of history and an update are mostly made of:
// constructors, and types all of whose constructors are meant. They have code,
// which is fast to run and slow to compile. All others have a line in the table.
var hot = []string{
	"messages.messages", "messages.messagesSlice", "messages.channelMessages",
	"message", "messageService", "messageReplyHeader", "messageFwdHeader",
	"messageReactions", "reactionCount", "messagePeerReaction", "reactionEmoji", "reactionCustomEmoji", "Peer",
	"messageEntityBold", "messageEntityItalic", "messageEntityUrl", "messageEntityTextUrl", "messageEntityMention",
	"messageEntityCustomEmoji", "messageActionChatAddUser",
	"messageMediaPhoto", "messageMediaDocument", "messageMediaWebPage", "webPage",
	"photo", "photoStrippedSize", "photoSize", "photoSizeProgressive",
	"document", "documentAttributeVideo", "documentAttributeFilename", "documentAttributeImageSize",
	"user", "userProfilePhoto", "userStatusRecently", "userStatusOffline", "userStatusOnline", "chat", "channel", "ChatPhoto",
	"updates", "updateShort", "updateNewMessage", "updateNewChannelMessage",
}

// chooseCode marks what gets code: what names says, or all without a table.
func (m *model) chooseCode(names []string, all bool) {
	for _, c := range m.all() {
		c.coded = all || !c.Method && (slices.Contains(names, c.Name) || slices.Contains(names, c.Result.Name))
	}
	for _, k := range m.classes {
		k.coded = slices.ContainsFunc(k.constructors, func(c *combinator) bool { return c.coded })
	}
}

// codedType reports whether values of a type are handled by code.
func (m *model) codedType(t *goType) bool {
	switch t.kind {
	case kindStruct:
		return m.byName[t.tl].coded
	case kindClass:
		return slices.ContainsFunc(m.byType[t.tl], func(c *combinator) bool { return c.coded })
	case kindVector:
		return m.codedType(t.elem)
	}
	return true
}

// writeCode writes the methods of a constructor or method that has code.
func (g *generator) writeCode(w *writer, c *combinator) {
	if !g.api && c.plain() {
		g.writeBoth(w, c)
		return
	}
	w.printf("func (v *%s) TL(c *tl.Codec) {\n", c.name)
	w.line("if c.Decoding() {\nv.decode(c.Reader())\n} else {\nv.encode(c.Buffer())\n}\n}\n")
	g.writeEncode(w, c)
	g.writeDecode(w, c)
}

// plain reports whether a combinator is a row of fields that a tl.Codec has
// methods for, and never bare.
func (c *combinator) plain() bool {
	return !c.bare && !c.guard && !slices.ContainsFunc(c.fields, func(f field) bool {
		vector := f.typ.kind == kindVector && !f.typ.bare && f.typ.elem.kind == kindScalar
		return f.flag != nil || f.typ.kind != kindScalar && f.typ.kind != kindRest && !vector
	})
}

// writeBoth writes one method for both directions: half the code, which is not
// as fast.
func (g *generator) writeBoth(w *writer, c *combinator) {
	w.printf("func (v *%s) TL(c *tl.Codec) {\nc.Begin(ID%s, %q)\n", c.name, c.name, c.Name)
	for _, f := range c.fields {
		call := f.typ.call
		switch f.typ.kind {
		case kindVector:
			call = f.typ.elem.call + "s"
		case kindRest:
			call = "Rest"
		}
		w.printf("c.%s(&v.%s)\n", call, f.name)
	}
	w.line("}\n")
}

// writeEncode writes what encodes. The bits of a flags word are known when the
// fields have been written.
func (g *generator) writeEncode(w *writer, c *combinator) {
	w.printf("func (v *%s) encode(b *tl.Buffer) {\nb.ID(ID%s)\n", c.name, c.name)
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
			w.printf("var %s uint32\n%sAt := b.Len()\nb.Uint32(0)\n", f.word, f.word)
		case f.flag == nil:
			w.line(g.encode(c, i))
		default:
			w.printf("if %s {\n%s |= 1 << %d\n", c.present(f), f.word, f.flag.Bit)
			if f.typ.kind != kindTrue {
				w.line(g.encode(c, i))
			}
			w.line("}")
		}
	}
	for _, word := range words {
		w.printf("b.SetFlags(%sAt, %s)\n", word, word)
	}
	w.line("}\n")
}

// present returns the condition under which a conditional field is written: if
// it or another field with the same flag is there.
func (c *combinator) present(f *field) string {
	var there []string
	for _, o := range c.fields {
		if o.flag != nil && *o.flag == *f.flag {
			there = append(there, o.present())
		}
	}
	return strings.Join(there, " || ")
}

// shares reports whether another field has the flag of a conditional one.
func (c *combinator) shares(f *field) bool {
	return slices.ContainsFunc(c.fields, func(o field) bool {
		return o.flag != nil && *o.flag == *f.flag && o.tl != f.tl
	})
}

// present returns the condition under which a conditional field has a value.
func (f *field) present() string {
	switch {
	case f.typ.kind == kindTrue:
		return "v." + f.name
	case f.isOptional():
		return "v." + f.name + ".Set"
	}
	return "v." + f.name + " != nil"
}

// isOptional reports whether the field is a tl.Optional.
func (f *field) isOptional() bool {
	return f.flag != nil && f.typ.kind == kindScalar && f.typ.name != "[]byte"
}

// encode returns the statement that writes field i of c.
func (g *generator) encode(c *combinator, i int) string {
	f := &c.fields[i]
	value, name := "v."+f.name, strconv.Quote(c.Name+"."+f.tl)
	switch {
	case !g.codedType(&f.typ):
		return fmt.Sprintf("b.Field(v, %d)", i)
	case f.isOptional():
		value += ".Value"
	case f.flag != nil && f.typ.kind == kindStruct && c.shares(f):
		return fmt.Sprintf("if %s == nil {\nb.Missing(%s)\nreturn\n}\n%s.encode(b)", value, name, value)
	}
	return g.encodeValue(&f.typ, value, name)
}

// encodeValue returns the statement that writes a value.
func (g *generator) encodeValue(t *goType, value, name string) string {
	switch {
	case t.kind == kindClass:
		return fmt.Sprintf("put%s(b, %s, %s)", t.name, value, name)
	case t.kind == kindStruct && t.bare:
		return value + ".encodeBare(b)"
	case t.kind == kindStruct:
		return value + ".encode(b)"
	case t.kind == kindQuery:
		return fmt.Sprintf("b.Query(%s, %s)", value, name)
	case t.kind == kindRest:
		return "b.Raw(" + value + ")"
	case t.kind == kindVector && t.elem.kind == kindScalar:
		return "b." + t.elem.call + "s(" + value + ")"
	case t.kind == kindVector && t.elem.kind == kindClass:
		return fmt.Sprintf("putVector%s(b, %s, %s)", g.vector(t), value, name)
	case t.kind == kindVector:
		return fmt.Sprintf("putVector%s(b, %s)", g.vector(t), value)
	case t.ptr:
		return "b." + t.call + "(&" + value + ")"
	}
	return "b." + t.call + "(" + value + ")"
}

// writeDecode writes what decodes.
func (g *generator) writeDecode(w *writer, c *combinator) {
	w.printf("func (v *%s) decode(r *tl.Reader) {\nr.Expect(ID%s, %q)\n", c.name, c.name, c.Name)
	if c.bare {
		w.printf("v.decodeBare(r)\n}\n\nfunc (v *%s) decodeBare(r *tl.Reader) {\n", c.name)
	}
	if c.guard {
		w.line("if !r.Enter() {\nr.Leave()\nreturn\n}")
	}
	for i := range c.fields {
		f := &c.fields[i]
		switch {
		case f.typ.kind == kindFlags && !c.reads(f.word):
			w.line("r.Uint32()")
		case f.typ.kind == kindFlags:
			w.line(f.word, " := r.Uint32()")
		case f.flag == nil:
			w.line(g.decode(c, i))
		case f.typ.kind == kindTrue:
			w.printf("v.%s = %s&(1<<%d) != 0\n", f.name, f.word, f.flag.Bit)
		default:
			w.printf("if %s&(1<<%d) != 0 {\n%s\n}\n", f.word, f.flag.Bit, g.decode(c, i))
		}
	}
	if c.guard {
		w.line("r.Leave()")
	}
	w.line("}\n")
}

// reads reports whether a field depends on the flags word.
func (c *combinator) reads(word string) bool {
	return slices.ContainsFunc(c.fields, func(f field) bool { return f.flag != nil && f.word == word })
}

// decode returns the statement that reads field i of c, which is there.
func (g *generator) decode(c *combinator, i int) string {
	f := &c.fields[i]
	value := "v." + f.name
	switch {
	case !g.codedType(&f.typ):
		return fmt.Sprintf("r.Field(v, %d)", i)
	case f.isOptional():
		return fmt.Sprintf("%s = tl.Some(r.%s())", value, f.typ.call)
	case f.flag != nil && f.typ.kind == kindStruct:
		return fmt.Sprintf("%s = new(%s)\n%s.decode(r)", value, f.typ.name, value)
	}
	return g.decodeValue(&f.typ, value)
}

// decodeValue returns the statement that reads a value.
func (g *generator) decodeValue(t *goType, value string) string {
	switch t.kind {
	case kindClass:
		return "read" + t.name + "(r, &" + value + ")"
	case kindStruct:
		if t.bare {
			return value + ".decodeBare(r)"
		}
		return value + ".decode(r)"
	case kindVector:
		if t.elem.kind == kindScalar {
			return value + " = r." + t.elem.call + "s()"
		}
		return value + " = readVector" + g.vector(t) + "(r)"
	case kindQuery:
		return value + " = r.Query()"
	case kindRest:
		return value + " = r.Raw(r.Remaining())"
	}
	return value + " = r." + t.call + "()"
}

// vector returns the name of the helper for a vector whose elements are not
// scalars, and has it written.
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

// writeClassCode writes what encodes and decodes a value of a class that has
// constructors with code.
func (g *generator) writeClassCode(w *writer, c *class) {
	if g.api { // nothing of the service schema has a field of a class
		g.writePutClass(w, c)
	}
	w.printf("func read%s(r *tl.Reader, p *%sClass) {\n", c.name, c.name)
	if c.guard {
		w.line("if !r.Enter() {\nr.Leave()\nreturn\n}")
	}
	w.line("switch r.PeekID() {")
	for _, one := range c.constructors {
		if one.coded {
			decode := "v.decode(r)"
			if !g.api && one.plain() {
				decode = "r.Object(v)"
			}
			w.printf("case ID%s:\nv := %s\n*p = v\n%s\n", one.name, g.newValue(one), decode)
		}
	}
	if slices.ContainsFunc(c.constructors, func(one *combinator) bool { return !one.coded }) {
		w.line("default:\nr.Value(p)\n}")
	} else {
		w.printf("default:\nr.Unexpected(r.ID(), %q)\n}\n", c.tl)
	}
	if c.guard {
		w.line("r.Leave()")
	}
	w.line("}\n")
}

// writePutClass writes what encodes a class.
func (g *generator) writePutClass(w *writer, c *class) {
	w.printf("func put%s(b *tl.Buffer, v %sClass, field string) {\n", c.name, c.name)
	w.line("switch v := v.(type) {\ncase nil:\nb.Missing(field)")
	others := ""
	for _, one := range c.constructors {
		if one.coded {
			w.printf("case *%s:\nv.encode(b)\n", one.name)
		} else {
			others = "default:\nb.Object(v)\n"
		}
	}
	w.printf("%s}\n}\n\n", others)
}

// writeVectors writes the helpers for vectors.
func (g *generator) writeVectors(w *writer) {
	for _, name := range sortedKeys(g.vectors) {
		v := g.vectors[name]
		head, field := "Vector", ""
		if v.bare {
			head = "Count"
		}
		if v.elem.kind == kindClass {
			field = ", field string"
		}
		typ := fieldType(v.elem)
		w.printf("func putVector%s(b *tl.Buffer, v []%s%s) {\n", name, typ, field)
		w.printf("b.%s(len(v))\nfor i := range v {\n%s\n}\n}\n\n", head, g.encodeValue(v.elem, "v[i]", "field"))
		w.printf("func readVector%s(r *tl.Reader) []%s {\nv := make([]%s, r.%s(%d))\n", name, typ, typ, head, g.size(v.elem))
		if one := g.batched(v.elem); one != nil {
			w.printf("var block []%s\n", one.name)
		}
		w.line("for i := range v {")
		g.writeBatch(w, v.elem)
		w.line(g.decodeValue(v.elem, "v[i]"), "\n}\nreturn v\n}\n")
	}
}
