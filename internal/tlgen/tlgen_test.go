package main

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/tl/schema"
)

var rewrite = flag.Bool("update", false, "write testdata/small.golden anew")

// The committed files are what the schemas give.
func TestCommittedFiles(t *testing.T) {
	for _, target := range targets {
		t.Run(target.pkg, func(t *testing.T) {
			files, err := target.files()
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join("..", "..", target.dir)
			committed, err := filepath.Glob(filepath.Join(dir, "z*.go"))
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range committed {
				if files[filepath.Base(path)] == nil {
					t.Errorf("%s is no longer generated", path)
				}
			}
			for name, want := range files {
				got, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Error(err)
				} else if !bytes.Equal(got, want) {
					t.Errorf("%s/%s is not what the schema gives: run go generate ./...", target.dir, name)
				}
			}
		})
	}
}

func modelOf(t *testing.T, src string, skip ...string) (*model, error) {
	t.Helper()
	s, err := schema.Parse("small.tl", src)
	if err != nil {
		t.Fatal(err)
	}
	return newModel(s, skip)
}

func readSmall(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile("testdata/small.tl")
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

// A small schema with every shape gives the text that was reviewed.
func TestGolden(t *testing.T) {
	m, err := modelOf(t, readSmall(t))
	if err != nil {
		t.Fatal(err)
	}
	files, err := target{pkg: "small", api: true, hot: []string{"Point", "box", "nested.leaf", "chain", "box_ref"}}.generate(m)
	if err != nil {
		t.Fatal(err)
	}
	delete(files, "zerrors.go") // the errors of the real API
	var all bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all.WriteString("== " + name + "\n")
		all.Write(files[name])
	}
	const golden = "testdata/small.golden"
	if *rewrite {
		if err := os.WriteFile(golden, all.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(all.Bytes(), want) {
		t.Errorf("generated text differs from %s; review it with go test -update and git diff", golden)
	}
}

// Generating twice gives the same: no map order shows.
func TestDeterministic(t *testing.T) {
	first, err := targets[1].files()
	if err != nil {
		t.Fatal(err)
	}
	second, err := targets[1].files()
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(first, second, bytes.Equal) {
		t.Error("two runs differ")
	}
}

func TestModelErrors(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"two names alike", "a_b#11 = X; aB#12 = Y;", "a_b and aB are both AB in Go"},
		{"two fields alike", "a#11 x_y:int xY:int = X;", "a: two fields or methods are XY in Go"},
		{"field like a method", "a#11 returns:int = X;", "a: two fields or methods are Returns in Go"},
		{"vector of doubles", "a#11 x:Vector<double> = X;", "a: x: a vector of double is not supported"},
		{"vector of vectors", "a#11 x:Vector<Vector<int>> = X;", "a: x: a vector of Vector<int> is not supported"},
		{"skipped type", "gone#11 = Gone; a#12 x:Gone = X;", "a: x: type Gone has no constructor"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := modelOf(t, test.src, "gone"); err == nil || err.Error() != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// A schema file with an error is refused with its place.
func TestTargetErrors(t *testing.T) {
	tests := []struct{ src, want string }{
		{"a#1 x:int = X", "x.tl:1:14: expected ';' after the result type, found the end of the file"},
		{"\na#1 x:int = X;", "x.tl:2:1: a has id 00000001, its text gives"},
	}
	for _, test := range tests {
		_, err := target{file: "x.tl", source: test.src}.files()
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%v, want %s", err, test.want)
		}
	}
	if err := generateAll(t.TempDir(), []string{"nothing"}); err == nil {
		t.Error("an unknown package is generated")
	}
}

func TestNames(t *testing.T) {
	for tl, want := range map[string]string{
		"resPQ":                 "ResPQ",
		"p_q_inner_data_dc":     "PQInnerDataDC",
		"server_DH_params_ok":   "ServerDHParamsOK",
		"rpc_result":            "RPCResult",
		"messages.getHistory":   "MessagesGetHistory",
		"msg_ids":               "MsgIDs",
		"inputPeerSelf":         "InputPeerSelf",
		"jsonObjectValue":       "JSONObjectValue",
		"help.getNearestDc":     "HelpGetNearestDC",
		"srp_B":                 "SRPB",
		"md5_checksum":          "MD5Checksum",
		"emailVerifyPurpose":    "EmailVerifyPurpose",
		"account.getURLAuth":    "AccountGetURLAuth",
		"phone.phoneCallP2P":    "PhonePhoneCallP2P",
		"inputMediaGif":         "InputMediaGIF",
		"JSONValue":             "JSONValue",
		"new_nonce_hash1":       "NewNonceHash1",
		"messageEntityTextUrl":  "MessageEntityTextURL",
		"payments.getStarsTopu": "PaymentsGetStarsTopu",
	} {
		if got := goName(tl); got != want {
			t.Errorf("%s is %s, want %s", tl, got, want)
		}
	}
	for typ, want := range map[string]string{
		"FILE_PART_X_MISSING": "ErrFilePartXMissing",
		"2FA_CONFIRM_WAIT":    "Err2FAConfirmWait",
		"API_ID_INVALID":      "ErrAPIIDInvalid",
		"Timeout":             "ErrTimeout",
	} {
		if got := errorName(typ); got != want {
			t.Errorf("%s is %s, want %s", typ, got, want)
		}
	}
}

// Least sizes bound vectors; depth is counted at types that hold themselves,
// and only there (R-TL-26).
func TestSizesAndCycles(t *testing.T) {
	m, err := modelOf(t, readSmall(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{
		"Point": 4, "Label": 4 + 4 + 4 + 16, "nested.Tree": 4, "Box": 4 + 4 + 4 + 4 + 8 + 8, "BoxRef": 4 + 24 + 4 + 4,
	} {
		if got := m.sizes[name]; got != want {
			t.Errorf("%s takes %d bytes at least, want %d", name, got, want)
		}
	}
	for _, c := range m.classes {
		if want := c.tl == "nested.Tree"; c.guard != want {
			t.Errorf("class %s counts depth: %v", c.tl, c.guard)
		}
	}
	for _, c := range m.constructors {
		if want := c.Name == "chain"; c.guard != want {
			t.Errorf("%s counts depth: %v", c.Name, c.guard)
		}
	}
}

// write removes the generated files that are no longer wanted, and nothing else.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"zold.go": header + "package x\n", "zebra.go": "package x\n", "a.go": header} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(dir, map[string][]byte{"znew.go": []byte(header)}); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if want := []string{"a.go", "zebra.go", "znew.go"}; !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}
