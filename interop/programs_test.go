package interop

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestPrograms has the programs in the guides for people who come from other
// libraries be those in programs/, which compile.
func TestPrograms(t *testing.T) {
	for guide, programs := range map[string][]string{
		"../docs/from-gotd.md":     {"programs/godwit/main.go", "programs/gotd/main.go"},
		"../docs/from-telethon.md": {"programs/godwit/main.go", "programs/telethon/main.py"},
	} {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		for _, program := range programs {
			source, err := os.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), "\n"+string(source)+"```\n") {
				t.Errorf("%s does not hold %s as it is", guide, program)
			}
		}
	}
	compile := exec.Command(python, "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", "programs/telethon/main.py")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
