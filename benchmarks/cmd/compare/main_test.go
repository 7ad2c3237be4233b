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
	arguments := []string{"--json", "--only", "keygen,transfer", "--handshakes", "1", "--transfer", "1"}
	if _, err := run(arguments, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(out.String()) {
		var row struct {
			Name          string
			Godwit, Rival float64
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if row.Name == "" || row.Godwit <= 0 || row.Rival <= 0 {
			t.Errorf("nothing measured: %s", line)
		}
		rows++
	}
	if rows != 5 {
		t.Errorf("%d rows, want 1 of keygen and 4 of transfer", rows)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, arguments := range [][]string{{"--only", "nothing"}, {"--no-such-flag"}} {
		if _, err := run(arguments, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is accepted", arguments)
		}
	}
}
