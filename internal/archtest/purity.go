package archtest

import (
	"fmt"
	"go/ast"
	"slices"
)

// CheckPurity reports goroutines and clocks in the packages whose rows are
// SansIO; their imports are the concern of CheckImports.
func (t *Tree) CheckPurity(rows []Row) []string {
	var problems []string
	for _, file := range t.Files {
		row, ok := rowOf(rows, file.Dir)
		if !ok || row.Kind != SansIO || file.Test {
			continue
		}
		ast.Inspect(file.Syntax, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.GoStmt:
				problems = append(problems, t.position(node)+" starts a goroutine in a sans-IO package")
			case *ast.SelectorExpr:
				if name := selectorOf(node, "time"); slices.Contains(impureCalls, name) {
					problems = append(problems, fmt.Sprintf(
						"%s uses time.%s in a sans-IO package", t.position(node), name))
				}
			}
			return true
		})
	}
	return problems
}

// CheckTests reports tests that sleep or are skipped. A test that sleeps is
// slow when it passes and flaky when it fails: testing/synctest or a clock that
// is passed in does better. A test that is skipped where it counts proves
// nothing.
func (t *Tree) CheckTests() []string {
	var problems []string
	for _, file := range t.Files {
		if !file.Test {
			continue
		}
		ast.Inspect(file.Syntax, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if selectorOf(selector, "time") == "Sleep" {
				problems = append(problems, t.position(node)+" sleeps")
			}
			for _, receiver := range []string{"t", "b", "f", "tb"} {
				switch selectorOf(selector, receiver) {
				case "Skip", "Skipf", "SkipNow":
					problems = append(problems, t.position(node)+" skips")
				}
			}
			return true
		})
	}
	return problems
}

// selectorOf returns y where the expression is x.y, "" otherwise.
func selectorOf(selector *ast.SelectorExpr, x string) string {
	if identifier, ok := selector.X.(*ast.Ident); ok && identifier.Name == x {
		return selector.Sel.Name
	}
	return ""
}
