package main

import (
	"fmt"
	"slices"
	"strconv"
)

// hot names what a page of history, a list of chats and an update are made of:
// constructors, and types all of whose constructors are meant. They have code,
// which is fast to run and slow to compile. All others have a line in the table.
var hot = []string{
	"messages.messages", "messages.messagesSlice", "messages.channelMessages",
	"messages.dialogs", "messages.dialogsSlice", "dialog", "peerNotifySettings",
	"message", "messageService", "messageReplyHeader", "messageFwdHeader", "messageReplies",
	"messageReactions", "reactionCount", "messagePeerReaction", "Reaction", "Peer", "MessageEntity",
	"messageMediaPhoto", "messageMediaDocument", "messageMediaWebPage", "webPage",
	"photo", "document", "PhotoSize", "DocumentAttribute",
	"user", "userProfilePhoto", "UserStatus", "chat", "channel", "ChatPhoto",
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

// writeCode writes what both encodes and decodes: a statement for each field.
func (g *generator) writeCode(w *writer, c *combinator) {
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
		case f.typ.kind == kindFlags:
			g.writeFlags(w, c, f.word)
		case f.typ.kind == kindTrue:
		case f.flag != nil:
			w.printf("if %s&(1<<%d) != 0 {\n%s\n}\n", f.word, f.flag.Bit, g.field(c, i))
		default:
			w.line(g.field(c, i))
		}
	}
	if c.guard {
		w.line("c.Leave()")
	}
	w.line("}\n")
}

// writeFlags writes a flags word: the bits of the fields that are there, or
// what is decoded.
func (g *generator) writeFlags(w *writer, c *combinator, word string) {
	bits := map[int]string{}
	var order []int
	trues := false
	for i := range c.fields {
		f := &c.fields[i]
		if f.flag == nil || f.word != word {
			continue
		}
		if bits[f.flag.Bit] == "" {
			order = append(order, f.flag.Bit)
			bits[f.flag.Bit] = f.present()
		} else {
			bits[f.flag.Bit] += " || " + f.present()
		}
		trues = trues || f.typ.kind == kindTrue
	}
	w.printf("var %s uint32\n", word)
	if len(order) > 0 {
		w.line("if !c.Decoding() {")
		for _, bit := range order {
			w.printf("if %s {\n%s |= 1 << %d\n}\n", bits[bit], word, bit)
		}
		w.line("}")
	}
	w.printf("c.Flags(&%s)\n", word)
	if !trues {
		return
	}
	w.line("if c.Decoding() {")
	for i := range c.fields {
		if f := &c.fields[i]; f.flag != nil && f.word == word && f.typ.kind == kindTrue {
			w.printf("v.%s = %s&(1<<%d) != 0\n", f.name, word, f.flag.Bit)
		}
	}
	w.line("}")
}

// present returns the condition under which a conditional field is there.
func (f *field) present() string {
	switch {
	case f.typ.kind == kindTrue:
		return "v." + f.name
	case f.typ.kind == kindScalar && f.typ.name != "[]byte":
		return "v." + f.name + ".Set"
	}
	return "v." + f.name + " != nil"
}

// field returns the statement for a field of c that is there.
func (g *generator) field(c *combinator, i int) string {
	f := &c.fields[i]
	value, name := "v."+f.name, strconv.Quote(c.Name+"."+f.tl)
	if !g.codedType(&f.typ) {
		return fmt.Sprintf("c.Field(v, %d)", i)
	}
	switch {
	case f.flag == nil:
	case f.typ.kind == kindScalar && f.typ.name != "[]byte":
		return fmt.Sprintf("c.Some%s(&%s)", f.typ.call, value)
	case f.typ.kind == kindStruct:
		g.pointers[f.typ.name] = true
		return fmt.Sprintf("pointer%s(c, &%s, %s)", f.typ.name, value, name)
	}
	return g.value(&f.typ, value, name)
}

// value returns the statement for a value of a type that is handled by code.
func (g *generator) value(t *goType, value, name string) string {
	switch t.kind {
	case kindClass:
		return fmt.Sprintf("code%s(c, &%s, %s)", t.name, value, name)
	case kindStruct:
		if t.bare {
			return value + ".body(c)"
		}
		return value + ".TL(c)"
	case kindVector:
		switch {
		case t.elem.kind == kindScalar:
			return fmt.Sprintf("c.%ss(&%s)", t.elem.call, value)
		case t.elem.kind == kindClass:
			return fmt.Sprintf("vector%s(c, &%s, %s)", g.vector(t), value, name)
		}
		return fmt.Sprintf("vector%s(c, &%s)", g.vector(t), value)
	case kindQuery:
		return fmt.Sprintf("c.Query(&%s, %s)", value, name)
	case kindRest:
		return "c.Rest(&" + value + ")"
	}
	return "c." + t.call + "(&" + value + ")"
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
	w.printf("func code%s(c *tl.Codec, v *%sClass, field string) {\n", c.name, c.name)
	w.line("if !c.Decoding() {\nswitch o := (*v).(type) {\ncase nil:\nc.Missing(field)")
	other, otherDecoded := "", fmt.Sprintf("c.Unexpected(%q)", c.tl)
	for _, one := range c.constructors {
		if one.coded {
			w.printf("case *%s:\no.TL(c)\n", one.name)
		} else {
			other, otherDecoded = "default:\nc.Object(o)\n", "c.Reader().Value(v)"
		}
	}
	w.printf("%s}\nreturn\n}\n", other)
	if c.guard {
		w.line("if !c.Enter() {\nc.Leave()\nreturn\n}")
	}
	w.line("switch c.PeekID() {")
	for _, one := range c.constructors {
		if one.coded {
			w.printf("case ID%s:\no := %s\n*v = o\no.TL(c)\n", one.name, g.newValue(one))
		}
	}
	w.printf("default:\n%s\n}\n", otherDecoded)
	if c.guard {
		w.line("c.Leave()")
	}
	w.line("}\n")
}

// writePointers writes the helpers for conditional fields that are structs.
func (g *generator) writePointers(w *writer) {
	for _, c := range g.constructors {
		if g.pointers[c.name] {
			w.printf("func pointer%s(c *tl.Codec, v **%s, field string) {\n", c.name, c.name)
			w.printf("if c.Decoding() {\n*v = new(%s)\n}\n", c.name)
			w.line("if *v == nil {\nc.Missing(field)\nreturn\n}\n(*v).TL(c)\n}\n")
		}
	}
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
		w.printf("func vector%s(c *tl.Codec, v *[]%s%s) {\n", name, typ, field)
		w.printf("n := c.%s(len(*v), %d)\n", head, g.size(v.elem))
		w.printf("s := *v\nif c.Decoding() {\ns = make([]%s, n)\n*v = s\n}\n", typ)
		if one := g.batched(v.elem); one != nil {
			w.printf("var block []%s\n", one.name)
		}
		w.line("for i := range s {")
		g.writeBatch(w, v.elem)
		w.line(g.value(v.elem, "s[i]", "field"), "\n}\n}\n")
	}
}
