// Command tlgen writes the Go packages that hold Telegram's types: tg from
// schema/api.tl, and mtproto/internal/mt from schema/mtproto.tl.
//
//	go run godwit/internal/tlgen            # writes all packages
//	go run godwit/internal/tlgen tg         # writes one
//	go run godwit/internal/tlgen update     # writes all and prints what a new schema/api.tl changed
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	data "godwit/schema"
	"godwit/tl/schema"
)

// targets are the packages that tlgen writes.
var targets = []target{
	{pkg: "tg", dir: "tg", file: apiFile, source: data.API, api: true, hot: hot},
	{
		pkg: "mt", dir: "mtproto/internal/mt", file: "schema/mtproto.tl", source: data.MTProto,
		// Containers are read and written by hand, without a copy of each message.
		skip: []string{"msg_container", "message", "msg_copy"},
	},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tlgen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	if len(args) > 0 && args[0] == "update" {
		return update(root, args[1:], os.Stdout)
	}
	return generateAll(root, args)
}

// generateAll writes the packages of the given names, or all if there are none.
func generateAll(root string, names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(targets, func(t target) bool { return t.pkg == name }) {
			return fmt.Errorf("no package %q: there are tg and mt", name)
		}
	}
	for _, t := range targets {
		if len(names) > 0 && !slices.Contains(names, t.pkg) {
			continue
		}
		files, err := t.files()
		if err != nil {
			return err
		}
		if err := write(filepath.Join(root, t.dir), files); err != nil {
			return err
		}
	}
	return nil
}

// files returns the files of the target by name.
func (t target) files() (map[string][]byte, error) {
	s, err := schema.Parse(t.file, t.source)
	if err != nil {
		return nil, err
	}
	for _, wrong := range s.CheckIDs() {
		cause := fmt.Sprintf("%s has id %08x, its text gives %08x", wrong.Combinator.Name, wrong.Combinator.ID, wrong.CRC)
		return nil, &schema.Error{File: t.file, Line: wrong.Combinator.Line, Column: 1, Cause: cause}
	}
	m, err := newModel(s, t.skip)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.file, err)
	}
	return t.generate(m)
}

// write writes the files into dir and removes generated files of an earlier
// time.
func write(dir string, files map[string][]byte) error {
	old, err := filepath.Glob(filepath.Join(dir, "z*.go"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if files[filepath.Base(path)] != nil {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(string(text), header) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// moduleRoot returns the nearest directory upwards that holds a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod in this directory or above")
		}
		dir = parent
	}
}
