package soak

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// TestResume kills a node with resting accounts, starts it again, and says how
// long it takes until all of them are online, and how much memory each costs.
func TestResume(t *testing.T) {
	w := startWorld(t, 1, true)
	ctx := t.Context()
	n := w.nodes[0]
	empty := w.memory()
	w.signInAll(ctx, *accounts)
	s, err := store.Open(ctx, w.database)
	w.check(err)
	defer s.Close()
	w.awaitOnline(ctx, s, *accounts)
	n.kill()
	n.options.Profile = *cpuProfile
	transactions, before := w.transactions(ctx), w.spent()
	begun := time.Now()
	n.start()
	w.awaitOnline(ctx, s, *accounts)
	took := time.Since(begun)
	n.profiled()
	after := w.spent()
	each := func(part string) float64 { return 1000 * (after[part] - before[part]).Seconds() / float64(*accounts) }
	t.Logf("each took %.1f ms of CPU of the node, %.1f of the sandbox, %.1f of PostgreSQL, and %.1f transactions; load %s",
		each("the node"), each("sandbox, writers and receiver"), each("PostgreSQL"),
		(w.transactions(ctx)-transactions)/float64(*accounts), load(w))
	select {
	case <-time.After(*rest):
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	}
	full := w.memory()
	part := func(full, empty int64) float64 { return float64(full-empty) / float64(*accounts) / 1024 }
	t.Logf("%d accounts were online %.1f s after the start of the process; after %v, each has %.1f KB of resident memory: "+
		"of heap %.1f KB in use and as much as %.1f KB alive, %.1f KB of stacks of %.1f goroutines",
		*accounts, took.Seconds(), *rest, part(full.resident, empty.resident), part(full.heap, empty.heap),
		part(full.alive, empty.alive), part(full.stacks, empty.stacks), 1024*part(full.goroutines, empty.goroutines))
}

// What coming back has used is given to the system again by the garbage collections
// of some minutes.
var rest = flag.Duration("rest", 0, "for how long accounts rest before their memory is measured in TestResume")

var cpuProfile = flag.String("resume-profile", "", "file for a profile of the node's CPU in TestResume")

// load returns how many want to use the CPUs of the machine, on average.
func load(w *world) string {
	w.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	w.check(err)
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// transactions returns how many the database has carried out.
func (w *world) transactions(ctx context.Context) (n float64) {
	w.Helper()
	db, err := sql.Open("pgx", w.database)
	w.check(err)
	defer db.Close()
	_, err = db.ExecContext(ctx, "SELECT pg_stat_force_next_flush()")
	w.check(err)
	w.check(db.QueryRowContext(ctx, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()").Scan(&n))
	return n
}

// awaitOnline waits until so many accounts of a node that runs are online.
func (w *world) awaitOnline(ctx context.Context, s *store.Store, want int) {
	w.Helper()
	progress, last := time.Now(), -1
	for {
		online := w.metric(`godwit_accounts{state="online"}`)
		if online == int64(want) {
			break
		}
		if int(online) != last {
			progress, last = time.Now(), int(online)
		} else if time.Since(progress) > patience {
			w.Fatalf("%d of %d accounts are online, and nothing happens any more", online, want)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			w.Fatal(ctx.Err())
		}
	}
	var after bridge.AccountID
	for {
		list, err := s.Accounts(ctx, after, 1000)
		w.check(err)
		for _, a := range list {
			if a.Status.State != bridge.Online {
				w.Errorf("account %s is %s, %s", a.ID, a.Status.State, a.Status.Error)
			}
			after = a.ID
		}
		if len(list) < 1000 {
			return
		}
	}
}

// metric returns a metric of the first node, 0 while it does not answer.
func (w *world) metric(name string) int64 {
	res, err := client.Get("http://" + w.nodes[0].options.Listen + "/metrics")
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(res.Body); err != nil || res.StatusCode != http.StatusOK {
		return 0
	}
	for line := range strings.Lines(text.String()) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			w.check(err)
			return int64(value)
		}
	}
	return 0
}

// memory is what a node uses, in bytes.
type memory struct {
	resident, heap, stacks int64
	alive                  int64 // and what has died since the last collection
	goroutines             int64 // a count
}

// memory returns what the first node uses.
func (w *world) memory() memory {
	w.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.nodes[0].command.Process.Pid))
	w.check(err)
	m := memory{
		heap: w.metric("go_memstats_heap_inuse_bytes"), alive: w.metric("go_memstats_heap_alloc_bytes"),
		stacks: w.metric("go_memstats_stack_inuse_bytes"), goroutines: w.metric("go_goroutines"),
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			w.check(err)
			m.resident = kilobytes * 1024
		}
	}
	return m
}
