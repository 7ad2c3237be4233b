package archtest_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"godwit/internal/archtest"
)

// TestRequirementsAreTold checks that docs/requirements.md tells what each
// number is that code or documents cite, and that who reads a package's
// documentation is led there.
func TestRequirementsAreTold(t *testing.T) {
	tree, err := archtest.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/requirements.md")
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile("requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	protocol, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	cited := map[string][]string{"requirements.txt": archtest.Citations(string(list)), "docs/protocol.md": archtest.Citations(string(protocol))}
	citing, pointing := map[string]bool{}, map[string]bool{}
	for _, file := range tree.Files {
		if !strings.HasPrefix(file.Path, "internal/archtest/") {
			cited[file.Path] = archtest.Citations(file.Source)
		}
	}
	var told []string
	for _, bold := range regexp.MustCompile(`\*\*R-[^*]+\*\*`).FindAllString(string(page), -1) {
		told = append(told, archtest.Citations(bold)...)
	}
	for _, file := range tree.Files {
		public := !file.Test && !strings.Contains("/"+file.Dir+"/", "/internal/") && file.Syntax.Name.Name != "main"
		if doc := file.Syntax.Doc; public && doc != nil && strings.Contains(doc.Text(), "docs/requirements.md") {
			pointing[file.Dir] = true
		} else if public && len(cited[file.Path]) > 0 {
			citing[file.Dir] = true
		}
	}
	for dir := range citing {
		if !pointing[dir] {
			t.Errorf("package %s cites requirements; its doc comment does not say that docs/requirements.md tells them", dir)
		}
	}
	for path, ids := range cited {
		for _, id := range ids {
			if !slices.Contains(told, id) {
				t.Errorf("%s cites %s, which docs/requirements.md does not tell", path, id)
			}
		}
	}
}
