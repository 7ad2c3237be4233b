// Package process builds the programs that are compared, and lets them tell what
// memory they hold. [Build] is for who runs them, [Peak] and [Resident] for
// themselves: what getrusage tells of a child begins with the memory of its parent.
package process

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Build builds a program, whose path is below the module directory dir, into
// scratch, and returns the path of the binary.
func Build(dir, scratch, pkg string) (string, error) {
	binary := filepath.Join(scratch, strings.ReplaceAll(strings.TrimPrefix(pkg, "./"), "/", "-"))
	build := exec.Command("go", "build", "-o", binary, pkg)
	build.Dir, build.Stderr = dir, os.Stderr
	return binary, build.Run()
}

// Peak returns how many bytes of memory this process has held at most.
func Peak() (int64, error) { return status("VmHWM:") }

// Resident returns how many bytes of memory this process holds.
func Resident() (int64, error) { return status("VmRSS:") }

func status(name string) (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("process: this system does not tell what a process holds")
}
