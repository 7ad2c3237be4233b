// Package archtest holds the rules of the repository that a compiler does not
// check: who may import whom, how long files and functions get, that packages
// and exported names are documented, what tests may not do, and which
// requirements of the protocol they cite.
//
// Start with [Load], then call the checks; each returns what it found wrong,
// one sentence each, and nothing where all is well. The tables that say what
// is allowed, with the reason beside each row, are in rules.go.
//
// Files are read with go/parser and not with the go command: a test that asks
// `go list` is cached by inputs that are not its own.
package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// A Tree is every Go file of a repository with nested modules.
type Tree struct {
	Root    string // the directory that holds the outermost go.mod
	Module  string // the path of the outermost module
	Fset    *token.FileSet
	Modules []string // directories of the modules below Root, "." first
	Files   []*File
}

// A File is one parsed Go file.
type File struct {
	Path      string // below the tree's root, with slashes
	Dir       string // the directory of Path, "." for the root
	Test      bool   // its name ends in _test.go
	Generated bool   // it says so, as https://go.dev/s/generatedcode asks
	Source    string
	Lines     int
	Syntax    *ast.File
}

// Imports returns the import paths of f.
func (f *File) Imports() []string {
	var paths []string
	for _, spec := range f.Syntax.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// Load parses the tree whose root is the nearest directory at or above dir
// with a go.mod that no other go.mod contains. Directories that the go command
// passes over (testdata, node_modules, names that start with a dot or an
// underscore) are passed over here too.
func Load(dir string) (*Tree, error) {
	root, err := findRoot(dir)
	if err != nil {
		return nil, err
	}
	t := &Tree{Root: root, Fset: token.NewFileSet()}
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != root && ignored(entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		return t.add(name)
	})
	if err != nil {
		return nil, err
	}
	t.Module, err = modulePath(filepath.Join(root, "go.mod"))
	return t, err
}

func findRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	root := ""
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			root = dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	if root == "" {
		return "", fmt.Errorf("archtest: no go.mod at or above %s", dir)
	}
	return root, nil
}

func ignored(name string) bool {
	return name == "testdata" || name == "node_modules" || name == "vendor" ||
		strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func (t *Tree) add(name string) error {
	relative, err := filepath.Rel(t.Root, name)
	if err != nil {
		return err
	}
	relative = filepath.ToSlash(relative)
	switch {
	case path.Base(relative) == "go.mod":
		t.Modules = append(t.Modules, path.Dir(relative))
		return nil
	case path.Ext(relative) != ".go":
		return nil
	}
	source, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	syntax, err := parser.ParseFile(t.Fset, relative, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.Files = append(t.Files, &File{
		Path:      relative,
		Dir:       path.Dir(relative),
		Test:      strings.HasSuffix(relative, "_test.go"),
		Generated: ast.IsGenerated(syntax),
		Source:    string(source),
		Lines:     strings.Count(string(source), "\n"),
		Syntax:    syntax,
	})
	return nil
}

func modulePath(goMod string) (string, error) {
	content, err := os.ReadFile(goMod)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(content)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			return strings.TrimSpace(rest), nil
		}
	}
	return "", fmt.Errorf("archtest: no module line in %s", goMod)
}

// own returns the directory, below the root, of a package of this repository.
func (t *Tree) own(importPath string) (string, bool) {
	if importPath == t.Module {
		return ".", true
	}
	return strings.CutPrefix(importPath, t.Module+"/")
}

// below reports whether dir is top or a directory in it.
func below(dir, top string) bool {
	return dir == top || strings.HasPrefix(dir, top+"/")
}

// position returns the file and line of a node.
func (t *Tree) position(node ast.Node) string {
	p := t.Fset.Position(node.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}
