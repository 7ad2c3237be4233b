package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/mtproto"
	data "godwit/schema"
)

// writeTables writes the table of types, who may call what, and the errors.
func (g *generator) writeTables() error {
	w := g.file("ztables.go")
	g.writeTable(w)
	if err := g.writeAccess(w); err != nil {
		return err
	}
	return g.writeErrors(g.file("zerrors.go"))
}

func sorted(list []*combinator) []*combinator {
	return slices.SortedFunc(slices.Values(list), func(a, b *combinator) int { return cmp.Compare(a.ID, b.ID) })
}

// writeTable writes what tl.NewTable needs. Tables, rather than code: they
// compile fast.
func (g *generator) writeTable(w *writer) {
	w.line("// table describes the constructors, then the methods, in the order of their ids.")
	w.line("var table = tl.NewTable(lines, lineEnds[:], constructorIDs[:], constructorTypes[:])\n")
	var text []string
	for _, c := range slices.Concat(sorted(g.constructors), sorted(g.methods)) {
		text = append(text, g.lineOf(c))
	}
	w.printf("const lines = `%s\n`\n\nvar lineEnds = [...]uint32{", strings.Join(text, "\n"))
	end := -1
	for i, line := range text {
		if i%12 == 0 {
			w.line()
		}
		end += 1 + len(line)
		w.printf("%d, ", end)
	}
	w.line("\n}\n")
	g.writeSorted(w, "constructor", g.constructors)
	g.writeSorted(w, "method", g.methods)
}

// lineOf returns the line of a constructor or method in the table.
func (g *generator) lineOf(c *combinator) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s#%08x", c.name, c.Name, c.ID)
	for i := range c.fields {
		f := &c.fields[i]
		fmt.Fprintf(&b, " %s:", f.tl)
		if f.flag != nil {
			fmt.Fprintf(&b, "%s.%d?", f.flag.Field, f.flag.Bit)
		}
		b.WriteString(g.typeInLine(&f.typ))
	}
	result := c.Result.Name
	if c.result.kind == kindVector {
		result = g.typeInLine(&c.result)
	}
	return b.String() + " = " + result
}

// typeInLine returns a type as the table writes it.
func (g *generator) typeInLine(t *goType) string {
	switch {
	case t.kind == kindVector && t.elem.kind == kindScalar:
		return "Vector<" + t.elem.tl + ">"
	case t.kind == kindVector:
		head := "Vector"
		if t.bare {
			head = "vector"
		}
		return fmt.Sprintf("%s<%d*%s>", head, g.size(t.elem), g.typeInLine(t.elem))
	case t.bare:
		return "%" + t.tl
	}
	return t.tl
}

// writeSorted writes the ids of constructors or methods in ascending order,
// and of constructors a value of each type in the same order.
func (g *generator) writeSorted(w *writer, what string, list []*combinator) {
	list = sorted(list)
	w.printf("var %sIDs = [...]uint32{", what)
	for i, c := range list {
		if i%8 == 0 {
			w.line()
		}
		w.printf("0x%08x, ", c.ID)
	}
	w.printf("\n}\n\nvar %sTypes = [...]any{\n", what)
	for _, c := range list {
		w.printf("(*%s)(nil),\n", c.name)
	}
	w.line("}\n")
}

// writeAccess writes one character for each method, in the order of methodIDs.
func (g *generator) writeAccess(w *writer) error {
	access := map[string]byte{}
	for n, row := range rows(data.MethodAccess) {
		name, who, _ := strings.Cut(row, "\t")
		if who != "user" && who != "bot" {
			return fmt.Errorf("schema/method_access.tsv:%d: access is neither user nor bot", n+2)
		}
		access[name] = who[0]
	}
	w.printf("// methodAccess holds u for a method of users only, b for one of bots only.\nconst methodAccess = \"\"")
	for i, c := range sorted(g.methods) {
		if i%64 == 0 {
			if i > 0 {
				w.WriteByte('"')
			}
			w.printf(" +\n\"")
		}
		w.WriteByte(cmp.Or(access[c.Name], '-'))
	}
	w.line("\"\n")
	return nil
}

// writeErrors writes a sentinel for each type of error.
func (g *generator) writeErrors(w *writer) error {
	names := map[string]string{}
	for n, row := range rows(data.Errors) {
		_, message, found := strings.Cut(row, "\t")
		if !found {
			return fmt.Errorf("schema/errors.tsv:%d: no tab", n+2)
		}
		typ := mtproto.NewRPCError(400, strings.ReplaceAll(message, "%d", "1")).Type
		name := errorName(typ)
		if other, ok := names[name]; ok && other != typ {
			return fmt.Errorf("schema/errors.tsv:%d: %s and %s are both %s in Go", n+2, other, typ, name)
		}
		names[name] = typ
	}
	w.line("// Types of errors that Telegram answers with, for errors.Is.\nvar (")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		w.printf("%s = &mtproto.RPCError{Type: %q}\n", name, names[name])
	}
	w.line(")")
	return nil
}

// rows returns the lines of a table without its head.
func rows(table string) []string {
	lines := strings.Split(strings.TrimRight(table, "\n"), "\n")
	return lines[1:]
}
