package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	data "godwit/schema"
	"godwit/tl/schema"
)

// apiFile is the API schema, from the module's root.
const apiFile = "schema/api.tl"

// update writes all packages from a schema/api.tl that was replaced, prints
// how it differs from the one before, and keeps that one among the older
// layers, so that clients of it are still served.
func update(root string, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("tlgen update", flag.ContinueOnError)
	oldFile := flags.String("old", "", "the `FILE` of the API schema as it was; the one that is committed if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("update takes no argument %q", flags.Arg(0))
	}
	text, name, err := oldSchema(root, *oldFile)
	if err != nil {
		return err
	}
	before, err := schema.Parse(name, text)
	if err != nil {
		return err
	}
	after, err := schema.Parse(apiFile, data.API)
	if err != nil {
		return err
	}
	switch {
	case after.Layer == 0:
		return fmt.Errorf("%s:1: no comment names the layer", apiFile)
	case after.Layer < before.Layer:
		return fmt.Errorf("%s: layer %d is older than %d", apiFile, after.Layer, before.Layer)
	}
	if err := generateAll(root, nil); err != nil {
		return err
	}
	report(out, before, after)
	return keepLayer(root, before.Layer, after.Layer, text, out)
}

// oldSchema returns the text of the API schema as it was, and its name.
func oldSchema(root, file string) (text, name string, err error) {
	if file != "" {
		p, err := os.ReadFile(file)
		return string(p), file, err
	}
	name = "HEAD:" + apiFile
	cmd := exec.Command("git", "-C", root, "show", name)
	p, err := cmd.Output()
	if err != nil {
		return "", "", fmt.Errorf("the committed %s cannot be read (%w): name the old file with -old", apiFile, err)
	}
	return string(p), name, nil
}

// keepLayer writes the old schema to schema/layers, unless the layer is still
// the same or there already.
func keepLayer(root string, before, after int, text string, out io.Writer) error {
	if before == 0 || before == after {
		return nil
	}
	path := filepath.Join(root, "schema", "layers", fmt.Sprintf("%d.tl", before))
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out, "layer %d is kept as schema/layers/%d.tl\n", before, before)
	return nil
}
