package bridge

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestSurfaces has the table of the documentation be that of Can.
func TestSurfaces(t *testing.T) {
	doc, err := os.ReadFile("../docs/surfaces.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| [^|]+ \\| (yes|no) \\| (yes|no) \\|$")
	seen := make(map[Ability]bool)
	for _, cells := range row.FindAllStringSubmatch(string(doc), -1) {
		a := Ability(cells[1])
		seen[a] = true
		for i, kind := range []AccountKind{UserAccount, BotAccount} {
			other := map[AccountKind]AccountKind{UserAccount: BotAccount, BotAccount: UserAccount}[kind]
			switch err := Can(kind, a); {
			case (cells[2+i] == "yes") != (err == nil):
				t.Errorf("%s of a %s: the documentation says %s, Can %v", a, kind, cells[2+i], err)
			case err != nil && !errors.Is(err, &Error{Code: CodeSurfaceUnable}):
				t.Errorf("%s of a %s: %v", a, kind, err)
			case err != nil && !strings.HasSuffix(err.Error(), "Use an account of kind "+string(other)+"."):
				t.Errorf("%s of a %s: %v names no surface that can", a, kind, err)
			}
		}
	}
	for a := range surfaces {
		if !seen[a] {
			t.Errorf("%s is not documented", a)
		}
	}
	if len(seen) != len(surfaces) {
		t.Errorf("%d abilities are documented, of %d", len(seen), len(surfaces))
	}
	if err := Can(BotAccount, "breathe"); err != nil {
		t.Error(err)
	}
}
