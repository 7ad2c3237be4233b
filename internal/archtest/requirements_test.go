package archtest_test

import (
	"slices"
	"strings"
	"testing"

	"godwit/internal/archtest"
)

func TestCitations(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"// see R-AK-16.", []string{"R-AK-16"}},
		{"R-AK-30,31 and R-EM-10", []string{"R-AK-30", "R-AK-31", "R-EM-10"}},
		{"R-AK-30, 31, R-EM-03", []string{"R-AK-30", "R-AK-31", "R-EM-03"}},
		{"R-TR-20..23", []string{"R-TR-20", "R-TR-21", "R-TR-22", "R-TR-23"}},
		{"R-TR-20..R-TR-22, 25", []string{"R-TR-20", "R-TR-21", "R-TR-22", "R-TR-25"}},
		{"t.Run(\"R-OB-07\", f)", []string{"R-OB-07"}},
		{"R-AK-30, 2048 bits; R-A-12 and r-ak-12", []string{"R-AK-30"}},
	}
	for _, test := range tests {
		if got := archtest.Citations(test.text); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.text, got, test.want)
		}
	}
}

func TestParseRequirements(t *testing.T) {
	list, err := archtest.ParseRequirements(strings.NewReader("# comment\n\nR-AA-01\nR-AA-02: not built yet: later\n"))
	want := []archtest.Requirement{{ID: "R-AA-01"}, {ID: "R-AA-02", Open: "not built yet: later"}}
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("%v, %v; want %v", list, err, want)
	}
	for text, want := range map[string]string{
		"R-AA-1":             "line 1",
		"R-AA-01\nnonsense":  "line 2",
		"R-AA-01\nR-AA-01":   "twice",
		"R-AA-01:":           "without a reason",
		"R-AA-01 since then": "no requirement number",
	} {
		if _, err := archtest.ParseRequirements(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error that says %q", text, err, want)
		}
	}
}

func TestCheckCitations(t *testing.T) {
	loaded := tree(t, map[string]string{
		"p/p.go":      "package p // R-AA-01",
		"p/p_test.go": "package p // R-AA-02, R-AA-04",
	})
	problems, open, done := loaded.CheckCitations([]archtest.Requirement{
		{ID: "R-AA-01"}, {ID: "R-AA-02"}, {ID: "R-AA-03", Open: "later"}, {ID: "R-AA-04", Open: "later"},
	})
	expect(t, problems, "R-AA-01 is cited by no test")
	expect(t, open, "R-AA-03: later")
	expect(t, done, "R-AA-04")
}
