package archtest

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// A Row says what one package may import. A Dir that ends in /... stands for
// every package below it that has no row of its own; they may import each
// other.
type Row struct {
	Dir     string
	Own     []string // directories of this repository, exactly
	Tests   []string // more of them, for test files only
	Modules []string // modules of others, besides golang.org/x where Kind allows it
	Kind    Kind
	// Heavy says that a Library package may use heavy packages. Nothing that a
	// client over TCP links may then import it: see CheckLean.
	Heavy  bool
	Reason string
}

// Kind tells how much of the outside a package may use.
type Kind uint8

const (
	// Library packages use the standard library without the packages that
	// make a client slow to build, and golang.org/x.
	Library Kind = iota
	// SansIO packages are Library packages that use no clock, randomness,
	// network, file or goroutine of their own.
	SansIO
	// Program packages use all of the standard library, golang.org/x and the
	// Modules of their row.
	Program
)

// heavy packages bring so many others with them that a minimal client takes
// noticeably longer to build. A Library package takes what they offer as an
// interface instead.
var heavy = []string{
	"crypto/tls", "crypto/x509", "database/sql", "encoding/json", "expvar", "html/template", "log/slog",
	"net/http", "net/rpc", "net/smtp", "net/url", "regexp", "text/template",
}

// impure packages are what a SansIO package takes as arguments instead.
var impure = []string{
	"context", "crypto/rand", "io/fs", "math/rand", "math/rand/v2", "net",
	"os", "os/signal", "runtime", "sync", "syscall", "testing",
}

// impureCalls are the functions of package time that read a clock or start a
// timer.
var impureCalls = []string{
	"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until",
}

// CheckImports reports imports that no row allows, packages without a row and
// rows without a package.
func (t *Tree) CheckImports(rows []Row) []string {
	var problems []string
	used := map[string]bool{}
	for _, file := range t.Files {
		row, ok := rowOf(rows, file.Dir)
		if !ok {
			problems = append(problems, fmt.Sprintf(
				"%s: package %s has no row in internal/archtest/rules.go", file.Path, file.Dir))
			continue
		}
		used[row.Dir] = true
		for _, importPath := range file.Imports() {
			if why := t.refuse(row, file, importPath); why != "" {
				problems = append(problems, fmt.Sprintf("%s imports %s: %s", file.Path, importPath, why))
			}
		}
	}
	for _, row := range rows {
		if !used[row.Dir] {
			problems = append(problems, "the row of "+row.Dir+" has no package: delete it")
		}
		if row.Reason == "" {
			problems = append(problems, "the row of "+row.Dir+" gives no reason")
		}
	}
	sort.Strings(problems)
	return slices.Compact(problems)
}

// CheckLean reports by which rows the package root may come to import a heavy
// package.
func CheckLean(rows []Row, root string) []string {
	var problems []string
	seen := map[string]bool{}
	var visit func(dir, by string)
	visit = func(dir, by string) {
		row, ok := rowOf(rows, dir)
		if !ok || seen[dir] {
			return
		}
		seen[dir] = true
		if row.Heavy || row.Kind == Program {
			problems = append(problems, root+" links "+dir+", which may be heavy, by "+by)
		}
		for _, own := range row.Own {
			visit(own, dir)
		}
	}
	visit(root, root)
	sort.Strings(problems)
	return problems
}

func rowOf(rows []Row, dir string) (Row, bool) {
	best, found := Row{}, false
	for _, row := range rows {
		if row.Dir == dir {
			return row, true
		}
		if top, ok := strings.CutSuffix(row.Dir, "/..."); ok && below(dir, top) && len(row.Dir) > len(best.Dir) {
			best, found = row, true
		}
	}
	return best, found
}

// refuse returns why the row does not allow an import, "" where it does.
func (t *Tree) refuse(row Row, file *File, importPath string) string {
	if dir, ok := t.own(importPath); ok {
		if slices.Contains(row.Own, dir) || dir == file.Dir {
			return ""
		}
		if top, ok := strings.CutSuffix(row.Dir, "/..."); ok && below(dir, top) {
			return ""
		}
		if file.Test && (slices.Contains(row.Tests, dir) || slices.Contains(testHelpers, dir)) {
			return ""
		}
		return "not among what " + row.Dir + " may import of ours"
	}
	if isStandard(importPath) {
		return refuseStandard(row, file, importPath)
	}
	if strings.HasPrefix(importPath, "golang.org/x/") {
		return ""
	}
	for _, module := range row.Modules {
		if below(importPath, module) {
			return ""
		}
	}
	return "a module of others that " + row.Dir + " may not use"
}

func refuseStandard(row Row, file *File, importPath string) string {
	switch {
	case file.Test || row.Kind == Program:
		return ""
	case importPath == "testing" || strings.HasPrefix(importPath, "testing/"):
		return "only tests and the helpers of tests import testing"
	case slices.Contains(heavy, importPath) && !row.Heavy:
		return "makes every client slow to build; take an interface instead"
	case row.Kind == SansIO && slices.Contains(impure, importPath):
		return "a sans-IO package takes bytes, time and randomness as arguments"
	}
	return ""
}

// isStandard reports whether an import path is of the standard library, whose
// first element, unlike a module's, has no dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}
