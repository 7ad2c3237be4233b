package archtest_test

import (
	"os"
	"testing"

	"godwit/internal/archtest"
)

// TestRepository holds this repository to its own rules.
func TestRepository(t *testing.T) {
	tree, err := archtest.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	dependencies, err := tree.CheckDependencies("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string][]string{
		"imports":       tree.CheckImports(archtest.Rows),
		"lean client":   archtest.CheckLean(archtest.Rows, "telegram"),
		"purity":        tree.CheckPurity(archtest.Rows),
		"sizes":         tree.CheckSizes(archtest.Exceptions),
		"package docs":  tree.CheckPackageDocs(),
		"exported docs": tree.CheckExportedDocs(),
		"tests":         tree.CheckTests(),
		"fuzz targets":  tree.CheckFuzzTargets(archtest.Rows, archtest.NotFuzzed),
		"dependencies":  dependencies,
	}
	for name, problems := range checks {
		t.Run(name, func(t *testing.T) {
			for _, problem := range problems {
				t.Error(problem)
			}
		})
	}
}

// TestRequirements checks that tests cite what requirements.txt says they
// cite. go test -v shows what is open.
func TestRequirements(t *testing.T) {
	tree, err := archtest.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	list, err := archtest.ParseRequirements(file)
	if err != nil {
		t.Fatalf("requirements.txt: %v", err)
	}
	problems, open, done := tree.CheckCitations(list)
	for _, problem := range problems {
		t.Error(problem)
	}
	for _, line := range open {
		t.Log("not cited yet: ", line)
	}
	for _, id := range done {
		t.Log("cited by now; let the list demand it: ", id)
	}
}
