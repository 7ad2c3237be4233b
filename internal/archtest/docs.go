package archtest

import (
	"go/ast"
	"go/doc/comment"
	"go/token"
	"regexp"
	"slices"
	"sort"
)

// selfExplaining are methods whose meaning the interface that they implement
// already fixes.
var selfExplaining = []string{
	"Error", "Unwrap", "Len", "Less", "Swap", "ServeHTTP",
	"MarshalText", "UnmarshalText", "MarshalJSON", "UnmarshalJSON",
}

// CheckPackageDocs reports packages without a doc comment, and libraries whose
// comment links to none of their exported names, and so leaves open which one
// to use first.
func (t *Tree) CheckPackageDocs() []string {
	docs := map[string]string{}
	exported := map[string]map[string]bool{}
	for _, file := range t.Files {
		if exported[file.Dir] == nil {
			exported[file.Dir] = map[string]bool{}
		}
		if file.Syntax.Doc != nil {
			docs[file.Dir] += file.Syntax.Doc.Text()
		}
		if file.Test || file.Syntax.Name.Name == "main" {
			continue
		}
		for _, declaration := range file.Syntax.Decls {
			for name := range exportedOf(declaration) {
				exported[file.Dir][name] = true
			}
		}
	}
	var problems []string
	for dir, names := range exported {
		switch text := docs[dir]; {
		case text == "":
			problems = append(problems, "package "+dir+" has no doc comment")
		case len(names) > 0 && !mentions(text, names):
			problems = append(problems, "the doc comment of package "+dir+" links to none of its names, as in [Load]")
		}
	}
	sort.Strings(problems)
	return problems
}

var docLink = regexp.MustCompile(`\[\*?([A-Z]\w*)(\.\w+)?\]`)

func mentions(text string, names map[string]bool) bool {
	for _, match := range docLink.FindAllStringSubmatch(text, -1) {
		if names[match[1]] {
			return true
		}
	}
	return false
}

// CheckExportedDocs reports exported names without a doc comment. Generated
// code is left out, tests and programs as well: nobody imports them.
func (t *Tree) CheckExportedDocs() []string {
	var problems []string
	for _, file := range t.Files {
		if file.Test || file.Generated || file.Syntax.Name.Name == "main" {
			continue
		}
		for _, declaration := range file.Syntax.Decls {
			for name, node := range exportedOf(declaration) {
				if node != nil {
					problems = append(problems, t.position(node)+" "+name+" has no doc comment")
				}
			}
		}
	}
	sort.Strings(problems)
	return problems
}

// exportedOf returns the exported names that a declaration makes; the node of
// those that lack a comment, nil for the others. The comment of a group stands
// for its constants and variables.
func exportedOf(declaration ast.Decl) map[string]ast.Node {
	names := map[string]ast.Node{}
	add := func(name string, node ast.Node, docs ...*ast.CommentGroup) {
		if !ast.IsExported(name) {
			return
		}
		if slices.ContainsFunc(docs, isDoc) {
			node = nil
		}
		names[name] = node
	}
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		receiver := receiverOf(d)
		if d.Recv != nil && (!ast.IsExported(receiver) || slices.Contains(selfExplaining, d.Name.Name)) {
			return names
		}
		add(d.Name.Name, d, d.Doc)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				docs := []*ast.CommentGroup{s.Doc}
				if d.Lparen == token.NoPos {
					docs = append(docs, d.Doc)
				}
				add(s.Name.Name, s, docs...)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					add(name.Name, name, d.Doc, s.Doc, s.Comment)
				}
			}
		}
	}
	return names
}

// isDoc reports whether a comment says anything besides directives.
func isDoc(group *ast.CommentGroup) bool {
	if group == nil {
		return false
	}
	var parser comment.Parser
	return len(parser.Parse(group.Text()).Content) > 0
}

// receiverOf returns the name of the type that a method belongs to.
func receiverOf(function *ast.FuncDecl) string {
	if function.Recv == nil || len(function.Recv.List) == 0 {
		return ""
	}
	expression := function.Recv.List[0].Type
	for {
		switch e := expression.(type) {
		case *ast.StarExpr:
			expression = e.X
		case *ast.IndexExpr:
			expression = e.X
		case *ast.IndexListExpr:
			expression = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}
