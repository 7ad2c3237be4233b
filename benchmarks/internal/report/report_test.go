package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"godwit/benchmarks/internal/report"
)

var rows = []report.Row{
	report.New("cold build: CPU", "s", 20, 160, 1.0/6, "gotd"),
	report.New("encode", "µs", 30, 20, 1, "gotd"),
	report.New("binary", "MB", 8, 16, 0, "gotd"),
}

func TestMissed(t *testing.T) {
	for i, want := range []bool{false, true, false} {
		if got := rows[i].Missed(); got != want {
			t.Errorf("%s: missed %v, want %v", rows[i].Name, got, want)
		}
	}
	if !report.New("nothing measured", "s", 0, 0, 1, "gotd").Missed() {
		t.Error("0/0 counts as reached")
	}
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	if err := report.JSON(&out, rows); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(rows) {
		t.Fatalf("%d lines for %d rows", len(lines), len(rows))
	}
	var first map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"name": "cold build: CPU", "unit": "s", "godwit": 20.0, "rival": 160.0, "rival_name": "gotd", "ratio": 0.125,
	}
	if len(first) != len(want) {
		t.Errorf("fields %v", first)
	}
	for key, value := range want {
		if first[key] != value {
			t.Errorf("%s is %v, want %v", key, first[key], value)
		}
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	if err := report.Table(&out, rows); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(rows)+1 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for i, want := range []string{"ratio", "0.125", "missed", "0.5"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d lacks %q: %s", i, want, lines[i])
		}
	}
}
