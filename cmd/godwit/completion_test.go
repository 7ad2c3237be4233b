package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSuggestions(t *testing.T) {
	tests := []struct {
		line string // after the program's name; the last word is the one to complete
		want string // all of it for one that is in brackets, else some of it
	}{
		{"", "demo login sandbox"},
		{"sand", "[sandbox]"},
		{"complet", "[completion]"},
		{"completion ", "[bash zsh fish]"},
		{"completion z", "[zsh]"},
		{"demo --ch", "[--check]"},
		{"sandbox --", "--info --listen --log-level --help"},
		{"--log-level warn sandbox --inf", "[--info]"},
		{"--log-level=warn sandbox --inf", "[--info]"},
		{"sandbox --info ", "[]"},
		{"login --transport ", "[obfuscated tcp websocket websocket-tls http https]"},
		{"login --transport web", "[websocket websocket-tls]"},
		{"sandbox --info dem", "[]"}, // a file
		{"dance ", "demo"},
		{"demo --check x", "[]"},
	}
	for _, test := range tests {
		var out, errs bytes.Buffer
		args := append([]string{"complete", "--"}, strings.Split(test.line, " ")...)
		if code := run(t.Context(), args, nil, &out, &errs); code != 0 {
			t.Fatalf("%q: exit %d\n%s", test.line, code, errs.String())
		}
		got := strings.Fields(out.String())
		want, all := strings.CutPrefix(test.want, "[")
		words := strings.Fields(strings.TrimSuffix(want, "]"))
		if all && !slices.Equal(got, words) {
			t.Errorf("%q: %q, want %q", test.line, got, words)
		}
		for _, word := range words {
			if !slices.Contains(got, word) {
				t.Errorf("%q: %q is without %s", test.line, got, word)
			}
		}
		if slices.Contains(got, "complete") {
			t.Errorf("%q: suggests what is for shells alone", test.line)
		}
	}
}

// TestBashCompletion has bash itself complete command lines.
func TestBashCompletion(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "godwit")); err != nil {
		t.Fatal(err)
	}
	bash := exec.Command("bash", "--norc", "-c", `
		source <(godwit completion bash)
		COMP_WORDS=(godwit completion f) COMP_CWORD=2; _godwit; echo "${COMPREPLY[*]}"
		COMP_WORDS=(godwit sandbox --listen "") COMP_CWORD=3; _godwit; echo "${#COMPREPLY[@]}"
		COMP_WORDS=(godwit sandb x) COMP_CWORD=1; _godwit; echo "${COMPREPLY[*]}"`)
	bash.Env = append(os.Environ(), "GODWIT_TEST_RUN=1", "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := bash.CombinedOutput()
	if err != nil || string(out) != "fish\n0\nsandbox\n" {
		t.Errorf("%v\n%s", err, out)
	}
}
