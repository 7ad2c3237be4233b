package archtest

import (
	"go/ast"
	"slices"
	"strings"
)

// Unfuzzed says why a package that takes bytes apart has no fuzz target.
type Unfuzzed struct {
	Dir    string
	Reason string
}

// CheckFuzzTargets reports library packages that take apart what comes from
// elsewhere and have no fuzz target, and exceptions that nothing needs any
// more. Programs, which tools and tests are here, need none.
func (t *Tree) CheckFuzzTargets(rows []Row, exceptions []Unfuzzed) []string {
	decodes, fuzzed := map[string]string{}, map[string]bool{}
	for _, file := range t.Files {
		row, ok := rowOf(rows, file.Dir)
		switch {
		case file.Test:
			fuzzed[file.Dir] = fuzzed[file.Dir] || strings.Contains(file.Source, "\nfunc Fuzz")
		case ok && row.Kind != Program && decodesBytes(file.Syntax):
			decodes[file.Dir] = file.Path
		}
	}
	var problems []string
	for _, exception := range exceptions {
		if decodes[exception.Dir] == "" || fuzzed[exception.Dir] || exception.Reason == "" {
			problems = append(problems, "the exception of "+exception.Dir+" from fuzzing is not needed, or gives no reason")
		}
		delete(decodes, exception.Dir)
	}
	for dir, path := range decodes {
		if !fuzzed[dir] {
			problems = append(problems, path+" takes bytes apart, and its package has no fuzz target")
		}
	}
	slices.Sort(problems)
	return problems
}

// decoders are the calls by which code takes bytes apart, by package.
var decoders = map[string][]string{
	"tl":           {"NewReader", "Unmarshal"},
	"io":           {"ReadFull"},
	"LittleEndian": {"Uint16", "Uint32", "Uint64"},
	"BigEndian":    {"Uint16", "Uint32", "Uint64"},
}

// decodesBytes reports whether any of the decoders is called.
func decodesBytes(file *ast.File) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return !found
		}
		var of string
		switch x := selector.X.(type) {
		case *ast.Ident:
			of = x.Name
		case *ast.SelectorExpr:
			of = x.Sel.Name
		}
		found = found || slices.Contains(decoders[of], selector.Sel.Name)
		return !found
	})
	return found
}
