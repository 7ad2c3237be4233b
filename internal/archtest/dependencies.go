package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// CheckDependencies reports direct dependencies of any module of the tree that
// the document, a path below the root, does not justify, and rows of the
// document that nothing depends on. A row is a line of a Markdown table whose
// first cell is the module path in backquotes and whose last says why:
//
//	| `github.com/gotd/td` | interop, benchmarks | a client that others wrote |
func (t *Tree) CheckDependencies(document string) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(t.Root, filepath.FromSlash(document)))
	if err != nil {
		return nil, err
	}
	reasons := map[string]string{}
	for line := range strings.Lines(string(content)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		module := strings.TrimSpace(cells[0])
		if len(cells) > 1 && len(module) > 2 && strings.Trim(module, "`") == module[1:len(module)-1] {
			reasons[module[1:len(module)-1]] = strings.TrimSpace(cells[len(cells)-1])
		}
	}
	var problems []string
	needed := map[string]bool{}
	for _, dir := range t.Modules {
		modules, err := directRequirements(filepath.Join(t.Root, filepath.FromSlash(dir), "go.mod"))
		if err != nil {
			return nil, err
		}
		for _, module := range modules {
			needed[module] = true
			if _, own := t.own(module); own {
				continue
			}
			if reasons[module] == "" {
				problems = append(problems, fmt.Sprintf("%s/go.mod requires %s, which %s does not justify",
					dir, module, document))
			}
		}
	}
	for module := range reasons {
		if !needed[module] {
			problems = append(problems, document+" lists "+module+", which no go.mod requires")
		}
	}
	slices.Sort(problems)
	return problems, nil
}

// directRequirements returns the modules that a go.mod requires and does not
// mark as indirect.
func directRequirements(goMod string) ([]string, error) {
	content, err := os.ReadFile(goMod)
	if err != nil {
		return nil, err
	}
	var modules []string
	block := false
	for line := range strings.Lines(string(content)) {
		code, comment, _ := strings.Cut(line, "//")
		fields := strings.Fields(code)
		switch {
		case len(fields) == 2 && fields[0] == "require" && fields[1] == "(":
			block = true
		case len(fields) == 1 && fields[0] == ")":
			block = false
		case strings.TrimSpace(comment) == "indirect":
		case len(fields) == 3 && fields[0] == "require":
			modules = append(modules, fields[1])
		case len(fields) == 2 && block:
			modules = append(modules, fields[0])
		}
	}
	return modules, nil
}
