package interop

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The columns of the table, in the order in which a run covers them.
var features = []string{
	"key", "rpc", "sign up", "code", "2FA", "migrate", "send", "receive", "history", "resume",
	"QR shown", "QR accepted", "devices", "recovery", "files", "edit", "reply", "react", "delete", "members", "CDN",
	"polls", "pins", "drafts", "albums", "topics", "comments",
}

// A coverage records which features each client showed over each transport.
type coverage struct {
	mu   sync.Mutex
	rows []string
	done map[string][]string
}

var covered = &coverage{done: map[string][]string{}}

// add records features that just worked. A feature that is no column is a
// mistake in the test.
func (c *coverage) add(t *testing.T, row string, worked ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.rows, row) {
		c.rows = append(c.rows, row)
	}
	for _, f := range worked {
		if !slices.Contains(features, f) {
			t.Fatalf("no column %q in the coverage table", f)
		}
		c.done[row] = append(c.done[row], f)
	}
}

// write prints the table.
func (c *coverage) write(w io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.rows) == 0 {
		return
	}
	width := 0
	for _, row := range c.rows {
		width = max(width, len(row))
	}
	fmt.Fprintf(w, "%-*s  %s\n", width, "client, transport", strings.Join(features, "  "))
	for _, row := range c.rows {
		fmt.Fprintf(w, "%-*s", width, row)
		for _, f := range features {
			mark := "-"
			if slices.Contains(c.done[row], f) {
				mark = "yes"
			}
			fmt.Fprintf(w, "  %-*s", len(f), mark)
		}
		fmt.Fprintln(w)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	covered.write(os.Stdout)
	os.Exit(code)
}
