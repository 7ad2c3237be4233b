package archtest_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/internal/archtest"
)

// The tests of the tests: each check must find what it is there to find, in a
// tree made for it, and nothing in one that keeps the rules.

// tree writes files, and a go.mod where there is none, and loads them.
func tree(t *testing.T, files map[string]string) *archtest.Tree {
	t.Helper()
	root := t.TempDir()
	if _, ok := files["go.mod"]; !ok {
		files["go.mod"] = "module example\n"
	}
	for name, content := range files {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := archtest.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// expect fails unless there is one problem for each wanted text, and contains it.
func expect(t *testing.T, problems []string, want ...string) {
	t.Helper()
	for _, text := range want {
		if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, text) }) {
			t.Errorf("no problem mentions %q", text)
		}
	}
	if len(problems) != len(want) {
		t.Errorf("%d problems, want %d:\n%s", len(problems), len(want), strings.Join(problems, "\n"))
	}
}

func TestCheckImports(t *testing.T) {
	rows := []archtest.Row{
		{Dir: "low", Kind: archtest.Library, Reason: "lowest"},
		{Dir: "core", Kind: archtest.SansIO, Reason: "pure"},
		{Dir: "high", Kind: archtest.Library, Own: []string{"low"}, Tests: []string{"peer"}, Reason: "on low"},
		{Dir: "peer", Kind: archtest.Library, Reason: "beside high"},
		{Dir: "cmd/...", Kind: archtest.Program, Modules: []string{"example.com/cli"}, Reason: "programs"},
	}
	good := func() map[string]string {
		return map[string]string{
			"low/low.go":         "package low\nimport _ \"golang.org/x/sys/cpu\"",
			"core/core.go":       "package core\nimport _ \"time\"",
			"high/high.go":       "package high\nimport _ \"example/low\"",
			"high/high_test.go":  "package high_test\nimport (\n_ \"example/high\"\n_ \"example/peer\"\n_ \"net/http\"\n)",
			"peer/peer.go":       "package peer",
			"cmd/tool/main.go":   "package main\nimport (\n_ \"net/http\"\n_ \"example.com/cli/flags\"\n_ \"example/cmd/lib\"\n)",
			"cmd/lib/lib.go":     "package lib",
			"high/testdata/x.go": "package x\nimport _ \"example/none\"",
		}
	}
	tests := []struct {
		name, file, source string
		want               []string
	}{
		{name: "all is well"},
		{"upwards", "low/up.go", "package low\nimport _ \"example/high\"",
			[]string{"low/up.go imports example/high: not among what low may import"}},
		{"for tests only", "high/peer.go", "package high\nimport _ \"example/peer\"",
			[]string{"high/peer.go imports example/peer"}},
		{"upwards from a test", "low/low_test.go", "package low\nimport _ \"example/high\"",
			[]string{"low/low_test.go imports example/high"}},
		{"module of others", "low/dep.go", "package low\nimport _ \"example.com/cli\"",
			[]string{"a module of others that low may not use"}},
		{"module whose name starts alike", "cmd/tool/dep.go", "package main\nimport _ \"example.com/client\"",
			[]string{"a module of others that cmd/... may not use"}},
		{"heavy", "high/web.go", "package high\nimport _ \"net/http\"",
			[]string{"high/web.go imports net/http: makes every client slow to build"}},
		{"testing in production", "high/help.go", "package high\nimport _ \"testing/iotest\"",
			[]string{"only tests and the helpers of tests"}},
		{"network in a core", "core/net.go", "package core\nimport _ \"net\"",
			[]string{"core/net.go imports net: a sans-IO package takes"}},
		{"randomness in a core", "core/rand.go", "package core\nimport _ \"crypto/rand\"",
			[]string{"core/rand.go imports crypto/rand"}},
		{"package without a row", "low/deeper/deeper.go", "package deeper",
			[]string{"package low/deeper has no row"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := good()
			if test.file != "" {
				files[test.file] = test.source
			}
			expect(t, tree(t, files).CheckImports(rows), test.want...)
		})
	}
	t.Run("row without a package", func(t *testing.T) {
		stale := append(slices.Clone(rows), archtest.Row{Dir: "gone", Reason: "was there"})
		expect(t, tree(t, good()).CheckImports(stale), "the row of gone has no package")
	})
	t.Run("row without a reason", func(t *testing.T) {
		files := map[string]string{"low/low.go": "package low"}
		expect(t, tree(t, files).CheckImports([]archtest.Row{{Dir: "low"}}), "the row of low gives no reason")
	})
}

func TestCheckLean(t *testing.T) {
	rows := []archtest.Row{
		{Dir: "web", Kind: archtest.Library, Heavy: true, Reason: "HTTP"},
		{Dir: "low", Kind: archtest.Library, Reason: "lowest"},
		{Dir: "client", Kind: archtest.Library, Own: []string{"low"}, Tests: []string{"web"}, Reason: "lean"},
		{Dir: "between", Kind: archtest.Library, Own: []string{"low", "web"}, Reason: "not lean"},
		{Dir: "fat", Kind: archtest.Library, Own: []string{"client", "between"}, Reason: "not lean"},
	}
	expect(t, archtest.CheckLean(rows, "client"))
	expect(t, archtest.CheckLean(rows, "fat"), "fat links web, which may be heavy, by between")
	files := map[string]string{"web/web.go": "package web\nimport _ \"net/http\"", "low/low.go": "package low\nimport _ \"net/http\""}
	expect(t, tree(t, files).CheckImports(rows[:2]), "low/low.go imports net/http")
}

func TestCheckPurity(t *testing.T) {
	rows := []archtest.Row{
		{Dir: "core", Kind: archtest.SansIO, Reason: "pure"},
		{Dir: "shell", Kind: archtest.Library, Reason: "not pure"},
	}
	const impure = "import \"time\"\nfunc f() { go f(); _ = time.Now(); _ = time.Unix(1, 0) }"
	loaded := tree(t, map[string]string{
		"core/core.go":      "package core\n" + impure,
		"core/core_test.go": "package core\n" + strings.ReplaceAll(impure, "f()", "g()"),
		"shell/shell.go":    "package shell\n" + impure,
	})
	expect(t, loaded.CheckPurity(rows),
		"core/core.go:3 starts a goroutine", "core/core.go:3 uses time.Now")
}

func TestCheckTests(t *testing.T) {
	const body = "import (\"testing\"; \"time\")\nfunc TestX(t *testing.T) { time.Sleep(1)\nt.Skip() }"
	loaded := tree(t, map[string]string{
		"p/p.go":      "package p\nimport \"time\"\nfunc F() { time.Sleep(1) }",
		"p/p_test.go": "package p\n" + body,
	})
	expect(t, loaded.CheckTests(), "p/p_test.go:3 sleeps", "p/p_test.go:4 skips")
}

func TestCheckSizes(t *testing.T) {
	long := strings.Repeat("\n", archtest.MaxFunctionLines-2)
	files := map[string]string{
		"limit.go":      "package p\nfunc limit() {\n" + long + "}",
		"over.go":       "package p\nfunc over() {\n\n" + long + "}",
		"file.go":       "package p\n" + strings.Repeat("//\n", archtest.MaxFileLines),
		"table_test.go": "package p\nfunc table() {\n\n" + long + "}",
		"zfile.go": "// Code generated by hand. DO NOT EDIT.\n\npackage p\n" +
			strings.Repeat("//\n", archtest.MaxFileLines),
	}
	expect(t, tree(t, files).CheckSizes(nil),
		"over.go:over has 61 lines, over 60", "file.go has 501 lines, over 500")
	expect(t, tree(t, files).CheckSizes([]archtest.Exception{
		{Name: "over.go:over", Reason: "one switch"},
		{Name: "file.go"},
		{Name: "limit.go:limit", Reason: "no longer long"},
	}), "the exception of file.go gives no reason", "nothing needs the exception of limit.go:limit")
}

func TestCheckDocs(t *testing.T) {
	loaded := tree(t, map[string]string{
		"good/good.go": "// Package good does. Start with [Good].\npackage good\n" +
			"// Good is.\ntype Good int\n// These are.\nconst (\n\tA = 1\n\tB = 2\n)\n" +
			"func (Good) Error() string { return \"\" }\ntype hidden int\nfunc (hidden) Name() {}",
		"undocumented/u.go": "package undocumented\ntype (\n\t// T is.\n\tT int\n\tU int\n)\n" +
			"func (*T) Name() {}\n//go:noinline\nfunc F() {}",
		"vague/v.go":          "// Package vague does something with [nothing] and [Else].\npackage vague\nvar V, w int",
		"generated/z.go":      "// Package generated holds [X].\n\n// Code generated by x. DO NOT EDIT.\n\n// Package generated holds [X].\npackage generated\ntype X int",
		"cmd/main.go":         "package main\nfunc F() {}",
		"onlytests/a_test.go": "// Package onlytests tests.\npackage onlytests\nfunc TestX() {}",
	})
	expect(t, loaded.CheckPackageDocs(),
		"package cmd has no doc comment",
		"package undocumented has no doc comment",
		"package vague links to none of its names")
	expect(t, loaded.CheckExportedDocs(),
		"u.go:5 U has no", "u.go:7 Name has no", "u.go:9 F has no", "v.go:3 V has no")
}

func TestCheckDependencies(t *testing.T) {
	loaded := tree(t, map[string]string{
		"go.mod": "module example\n\nrequire example.com/one v1.0.0\n",
		"sub/go.mod": "module example/sub\n\nrequire (\n\texample v0.0.0\n\texample.com/two v1.0.0\n" +
			"\texample.com/three v1.0.0\n\texample.com/far v1.0.0 // indirect\n)\n\nreplace example => ../\n",
		"deps.md": "| module | for | why |\n| --- | --- | --- |\n| `example.com/one` | all | needed |\n" +
			"| `example.com/three` | sub | |\n| `example.com/old` | all | was needed |\n",
	})
	problems, err := loaded.CheckDependencies("deps.md")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, problems, "deps.md lists example.com/old",
		"sub/go.mod requires example.com/two", "sub/go.mod requires example.com/three")
	if _, err := loaded.CheckDependencies("none.md"); err == nil {
		t.Error("a missing document is no error")
	}
}

func TestLoadFails(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module example\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "bad.go"), []byte("package"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := archtest.Load(root); err == nil {
		t.Error("a file that does not parse is no error")
	}
}

func TestCheckFuzzTargets(t *testing.T) {
	rows := []archtest.Row{{Dir: "good"}, {Dir: "bad"}, {Dir: "plain"}, {Dir: "spared"}, {Dir: "tool", Kind: archtest.Program}}
	const decode = "\nimport \"encoding/binary\"\n\nfunc f(p []byte) uint32 { return binary.LittleEndian.Uint32(p) }\n"
	loaded := tree(t, map[string]string{
		"good/good.go":      "package good" + decode,
		"good/good_test.go": "package good\n\nfunc FuzzF() {}\n",
		"bad/bad.go":        "package bad" + decode,
		"plain/plain.go":    "package plain\n",
		"spared/spared.go":  "package spared" + decode,
		"tool/tool.go":      "package main" + decode,
	})
	spared := archtest.Unfuzzed{Dir: "spared", Reason: "reads nothing"}
	expect(t, loaded.CheckFuzzTargets(rows, []archtest.Unfuzzed{spared}), "bad/bad.go takes bytes apart")
	expect(t, loaded.CheckFuzzTargets(rows, []archtest.Unfuzzed{
		spared, {Dir: "bad", Reason: "too"}, {Dir: "good", Reason: "not needed"},
	}), "exception of good")
}
