package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"godwit/tl/schema"
)

// A change is one difference between two schemas.
type change struct {
	mark   byte   // '+' added, '-' removed, '~' changed
	what   string // "constructor" or "method"
	name   string
	detail string // the declaration, or what of it changed
}

func (c change) String() string { return fmt.Sprintf("%c %s %s", c.mark, c.what, c.detail) }

// diff returns how a schema differs from an older one: constructors before
// methods, by name.
func diff(before, after *schema.Schema) []change {
	changes := diffList("constructor", before.Constructors, after.Constructors)
	return append(changes, diffList("method", before.Methods, after.Methods)...)
}

func diffList(what string, before, after []*schema.Combinator) []change {
	old := make(map[string]*schema.Combinator, len(before))
	for _, c := range before {
		old[c.Name] = c
	}
	var changes []change
	for _, c := range after {
		was := old[c.Name]
		delete(old, c.Name)
		switch {
		case was == nil:
			changes = append(changes, change{'+', what, c.Name, c.String()})
		case was.String() != c.String():
			changes = append(changes, change{'~', what, c.Name, c.Name + ": " + strings.Join(diffFields(was, c), ", ")})
		}
	}
	for _, c := range old {
		changes = append(changes, change{'-', what, c.Name, c.String()})
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.name, b.name) })
	return changes
}

// diffFields tells what changed within a declaration.
func diffFields(before, after *schema.Combinator) []string {
	was, is := fieldTexts(before), fieldTexts(after)
	var notes []string
	for _, f := range after.Params {
		switch old, ok := was[f.Name]; {
		case !ok:
			notes = append(notes, "+"+f.Name+":"+is[f.Name])
		case old != is[f.Name]:
			notes = append(notes, fmt.Sprintf("%s:%s was %s", f.Name, is[f.Name], old))
		}
	}
	for _, f := range before.Params {
		if _, ok := is[f.Name]; !ok {
			notes = append(notes, "-"+f.Name+":"+was[f.Name])
		}
	}
	if result := before.Result.String(); result != after.Result.String() {
		notes = append(notes, fmt.Sprintf("is %s, was %s", after.Result, result))
	}
	if len(notes) == 0 && before.ID == after.ID {
		return []string{"fields in another order"}
	}
	if before.ID != after.ID {
		notes = append(notes, fmt.Sprintf("id %08x was %08x", after.ID, before.ID))
	}
	return notes
}

// fieldTexts returns the types of the fields by name, with their condition.
func fieldTexts(c *schema.Combinator) map[string]string {
	texts := make(map[string]string, len(c.Params))
	for _, p := range c.Params {
		text := p.Type.String()
		if p.Flag != nil {
			text = fmt.Sprintf("%s.%d?%s", p.Flag.Field, p.Flag.Bit, text)
		}
		texts[p.Name] = text
	}
	return texts
}

// report prints the changes and how many there are of each kind.
func report(w io.Writer, before, after *schema.Schema) {
	changes := diff(before, after)
	counts := map[string]int{}
	for _, c := range changes {
		counts[string(c.mark)+c.what]++
		fmt.Fprintln(w, c)
	}
	fmt.Fprintf(w, "layer %d to %d:", before.Layer, after.Layer)
	for i, what := range []string{"constructor", "method"} {
		if i > 0 {
			fmt.Fprint(w, ";")
		}
		fmt.Fprintf(w, " %ss: %d added, %d removed, %d changed", what, counts["+"+what], counts["-"+what], counts["~"+what])
	}
	fmt.Fprintln(w)
}
