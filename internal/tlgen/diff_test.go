package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	data "godwit/schema"
	"godwit/tl/schema"
)

const before = `// layer 1
same#1 x:int = Same;
gone#2 = Gone;
grown#3 flags:# a:flags.0?int b:string c:long = Grown;
moved#4 a:int b:int = Moved;
---functions---
do#10 a:int = Same;
stop#11 = Bool;
`

const after = `// layer 2
same#1 x:int = Same;
grown#5 flags:# a:flags.1?int b:bytes d:Vector<int> = Grown;
moved#4 b:int a:int = Moved;
come#6 = Come;
---functions---
do#10 a:int = Grown;
start#12 = Bool;
`

func TestReport(t *testing.T) {
	var schemas [2]*schema.Schema
	for i, src := range []string{before, after} {
		s, err := schema.Parse("test.tl", src)
		if err != nil {
			t.Fatal(err)
		}
		schemas[i] = s
	}
	var out bytes.Buffer
	report(&out, schemas[0], schemas[1])
	want := `+ constructor come#00000006 = Come
- constructor gone#00000002 = Gone
~ constructor grown: a:flags.1?int was flags.0?int, b:bytes was string, +d:Vector<int>, -c:long, id 00000005 was 00000003
~ constructor moved: fields in another order
~ method do: is Grown, was Same
+ method start#00000012 = Bool
- method stop#00000011 = Bool
layer 1 to 2: constructors: 1 added, 1 removed, 2 changed; methods: 1 added, 1 removed, 1 changed
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", &out, want)
	}
}

// moduleAt makes a directory that looks like the module's root.
func moduleAt(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"schema/layers", "tg", "mtproto/internal/mt"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestUpdate(t *testing.T) {
	root := moduleAt(t)
	old := filepath.Join(root, "old.tl")
	text := strings.Replace(data.API, "layer 229", "layer 228", 1)
	text = strings.Replace(text, "inputPeerSelf#7da07ec9 = InputPeer;\n", "", 1)
	if err := os.WriteFile(old, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := update(root, []string{"-old", old}, &out); err != nil {
		t.Fatal(err)
	}
	want := `+ constructor inputPeerSelf#7da07ec9 = InputPeer
layer 228 to 229: constructors: 1 added, 0 removed, 0 changed; methods: 0 added, 0 removed, 0 changed
layer 228 is kept as schema/layers/228.tl
`
	if out.String() != want {
		t.Errorf("printed:\n%s", &out)
	}
	kept, err := os.ReadFile(filepath.Join(root, "schema/layers/228.tl"))
	if err != nil || string(kept) != text {
		t.Errorf("kept layer: %v", err)
	}
	for _, file := range []string{"tg/z.go", "mtproto/internal/mt/z.go"} {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			t.Error(err)
		}
	}
	// A layer that is there already stays as it is.
	out.Reset()
	if err := keepLayer(root, 228, 229, "other", &out); err != nil || out.Len() != 0 {
		t.Errorf("kept twice: %v, %s", err, &out)
	}
}

func TestUpdateErrors(t *testing.T) {
	root := moduleAt(t)
	broken := filepath.Join(root, "broken.tl")
	if err := os.WriteFile(broken, []byte("a#1 = ;"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-old", broken}, "broken.tl:1:7: expected a type"},
		{[]string{"-old", filepath.Join(root, "none.tl")}, "none.tl"},
		{[]string{"extra"}, `update takes no argument "extra"`},
		{nil, "name the old file with -old"}, // no repository there
	}
	for _, test := range tests {
		if err := update(root, test.args, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, want %s", test.args, err, test.want)
		}
	}
}
