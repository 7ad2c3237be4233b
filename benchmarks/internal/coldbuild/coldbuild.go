// Package coldbuild measures what it takes to build a program when nothing of
// it has been built before, standard library included. Call [Measure].
package coldbuild

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A Result is what one build took.
type Result struct {
	CPU     time.Duration // user and system time of the go command and of all that it ran
	Largest int64         // bytes that the largest process held at its peak: always a compiler
	Binary  int64         // bytes of the program
}

// Measure builds the package, a path below the module directory dir, with an
// empty build cache. Modules are downloaded first, so that the network is not
// measured.
//
// The kernel's account of a finished process includes all that it waited for,
// which is how the go command's covers its compilers: the sum of their times,
// the maximum of their memory.
func Measure(dir, pkg string) (Result, error) {
	if _, err := run(dir, os.Environ(), "list", "-deps", pkg); err != nil {
		return Result{}, err
	}
	scratch, err := os.MkdirTemp("", "godwit-coldbuild-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(scratch)
	binary := filepath.Join(scratch, "binary")
	environment := append(os.Environ(), "GOCACHE="+filepath.Join(scratch, "cache"))
	state, err := run(dir, environment, "build", "-buildvcs=false", "-o", binary, pkg)
	if err != nil {
		return Result{}, err
	}
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return Result{}, errors.New("coldbuild: this system does not tell what a process used")
	}
	info, err := os.Stat(binary)
	if err != nil {
		return Result{}, err
	}
	return Result{
		CPU:     state.UserTime() + state.SystemTime(),
		Largest: usage.Maxrss << 10, // Linux counts KiB
		Binary:  info.Size(),
	}, nil
}

// run runs the go command in dir.
func run(dir string, environment []string, arguments ...string) (*os.ProcessState, error) {
	command := exec.Command("go", arguments...)
	command.Dir = dir
	command.Env = environment
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(arguments, " "), err, output)
	}
	return command.ProcessState, nil
}
