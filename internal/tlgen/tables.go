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

// writeTables writes the names, the registry, the access table and the errors.
func (g *generator) writeTables() error {
	w := g.file("ztables.go")
	g.writeNames(w, "constructor", g.constructors)
	g.writeNames(w, "method", g.methods)
	if err := g.writeAccess(w); err != nil {
		return err
	}
	return g.writeErrors(g.file("zerrors.go"))
}

func sorted(list []*combinator) []*combinator {
	return slices.SortedFunc(slices.Values(list), func(a, b *combinator) int { return cmp.Compare(a.ID, b.ID) })
}

// writeNames writes the ids in ascending order, and in the same order where
// the names end in one long string and a value of each type. Tables, rather
// than code: they compile fast, and the linker drops those that a program
// does not use.
func (g *generator) writeNames(w *writer, what string, list []*combinator) {
	list = sorted(list)
	w.printf("var %sIDs = [...]uint32{", what)
	for i, c := range list {
		if i%8 == 0 {
			w.line()
		}
		w.printf("0x%08x, ", c.ID)
	}
	w.printf("\n}\n\nvar %sNameEnds = [...]uint32{", what)
	end := 0
	for i, c := range list {
		if i%12 == 0 {
			w.line()
		}
		end += len(c.Name)
		w.printf("%d, ", end)
	}
	w.printf("\n}\n\nconst %sNames = \"\"", what)
	for _, c := range list {
		w.printf(" +\n%q", c.Name)
	}
	w.printf("\n\nvar %sTypes = [...]any{\n", what)
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
