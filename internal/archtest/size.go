package archtest

import (
	"fmt"
	"go/ast"
)

// The limits that CheckSizes holds files and functions to, in lines.
const (
	MaxFileLines     = 500
	MaxFunctionLines = 60
)

// An Exception lets one file or function be longer than the limit.
type Exception struct {
	Name   string // a path, or a path, a colon and a function: tl/reader.go:Raw
	Reason string
}

// CheckSizes reports files and functions over the limits, and exceptions that
// nothing needs any more. Generated files may be of any length. The functions
// of tests may be too: a table is easier to read whole.
func (t *Tree) CheckSizes(exceptions []Exception) []string {
	var problems []string
	unused := map[string]bool{}
	for _, exception := range exceptions {
		unused[exception.Name] = true
		if exception.Reason == "" {
			problems = append(problems, "the exception of "+exception.Name+" gives no reason")
		}
	}
	report := func(name string, lines, limit int) {
		if lines <= limit {
			return
		}
		if _, ok := unused[name]; ok {
			unused[name] = false
			return
		}
		problems = append(problems, fmt.Sprintf("%s has %d lines, over %d", name, lines, limit))
	}
	for _, file := range t.Files {
		if file.Generated {
			continue
		}
		report(file.Path, file.Lines, MaxFileLines)
		if file.Test {
			continue
		}
		for _, declaration := range file.Syntax.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Body != nil {
				name := file.Path + ":" + function.Name.Name
				report(name, t.lines(function), MaxFunctionLines)
			}
		}
	}
	for _, exception := range exceptions {
		if unused[exception.Name] {
			problems = append(problems, "nothing needs the exception of "+exception.Name)
		}
	}
	return problems
}

// lines counts the lines from the func keyword to the closing brace.
func (t *Tree) lines(function *ast.FuncDecl) int {
	return t.Fset.Position(function.End()).Line - t.Fset.Position(function.Type.Pos()).Line + 1
}
