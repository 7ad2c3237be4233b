// Package leak fails tests that leave goroutines of this repository behind.
// Call [Main] from TestMain.
package leak

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs the tests of a package and ends the process, with a failure if a
// test has left a goroutine behind.
func Main(m *testing.M) {
	code := m.Run()
	if left := behind(); left != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// behind returns the stacks of goroutines that run our code and do not end
// within some seconds.
func behind() string {
	var left []string
	for range 500 {
		buffer := make([]byte, 1<<22)
		left = nil
		for stack := range strings.SplitSeq(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
			if strings.Contains(stack, "godwit/") && !strings.Contains(stack, "leak.behind") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return ""
		}
		<-time.After(10 * time.Millisecond)
	}
	return strings.Join(left, "\n\n")
}
