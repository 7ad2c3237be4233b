package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// A short run from end to end. Whether a ratio is good is for make bench to
// say, not for a test on a machine that does other things at the same time.
func TestRun(t *testing.T) {
	var out strings.Builder
	if _, err := run([]string{"--json", "--only", "keygen", "--handshakes", "1"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var row struct {
		Name          string
		Godwit, Rival float64
	}
	if err := json.Unmarshal([]byte(out.String()), &row); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if row.Name == "" || row.Godwit <= 0 || row.Rival <= 0 {
		t.Errorf("nothing measured: %s", out.String())
	}
}

func TestRunRefuses(t *testing.T) {
	for _, arguments := range [][]string{{"--only", "nothing"}, {"--no-such-flag"}} {
		if _, err := run(arguments, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is accepted", arguments)
		}
	}
}
