package soak

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// How long it takes is judged only where it is tried often:
//
//	go test ./bridge/internal/soak -run TestKilledNode -rounds 200 -v -timeout 4h
var rounds = flag.Int("rounds", 3, "how often a node fails in TestKilledNode")

// failoverTime is within which the accounts of a node that has died have to answer
// again.
const failoverTime = 10 * time.Second

// A failure is what becomes of a node, and how it is made good.
type failure struct {
	name  string
	fail  func(*process)
	after func(*process)
}

var failures = []failure{
	{"is killed", (*process).kill, (*process).start},
	{"loses the connection of its locks", (*process).unlock, func(*process) {}},
	{"is frozen", func(n *process) { n.signal(syscall.SIGSTOP) }, (*process).thaw},
}

// failureOf returns what happens in a round: mostly a node is killed.
func failureOf(round int) *failure {
	switch round % 10 {
	case 1, 6:
		return &failures[1]
	case 2:
		return &failures[2]
	}
	return &failures[0]
}

// However one of three nodes fails, the accounts that it had answer again at
// others within seconds, without a code, and no key is ever used by two.
func TestKilledNode(t *testing.T) {
	w := newWorld(t, 3)
	ctx := t.Context()
	ids := w.signInAll(ctx, 12)
	s, err := store.Open(ctx, w.database)
	w.check(err)
	defer s.Close()
	w.settled(ctx)
	slowest := make(map[string]time.Duration)
	for round := range *rounds {
		f := failureOf(round)
		victim, epochs := w.busiest(ctx, s)
		begun := time.Now()
		f.fail(victim)
		w.answering(ctx, s, victim, epochs)
		took := time.Since(begun)
		slowest[f.name] = max(slowest[f.name], took)
		t.Logf("round %d: a node %s; its %d accounts answer after %.1f s", round+1, f.name, len(epochs), took.Seconds())
		if *rounds > len(failures) && took > failoverTime {
			t.Errorf("round %d: it took %v until all accounts answered, want %v", round+1, took, failoverTime)
		}
		f.after(victim)
		w.settled(ctx)
		w.answering(ctx, s, nil, nil)
		if incidents := w.sandbox.Incidents(); len(incidents) > 0 {
			t.Fatalf("round %d: one key at two nodes: %+v", round+1, incidents)
		}
		w.wantRunning(ctx, s, len(ids))
	}
	for _, name := range slices.Sorted(maps.Keys(slowest)) {
		t.Logf("slowest when a node %s: %.1f s", name, slowest[name].Seconds())
	}
}

func (n *process) signal(s syscall.Signal) { n.w.check(n.command.Process.Signal(s)) }

// named reports whether a node of the database is the process.
func (n *process) named(node string) bool {
	return strings.Contains(node, fmt.Sprintf("-%d-", n.command.Process.Pid))
}

// unlock has the node lose the connection that holds its locks.
func (n *process) unlock() {
	s, err := store.Open(context.Background(), n.w.database)
	n.w.check(err)
	defer s.Close()
	nodes, err := s.Nodes(context.Background())
	n.w.check(err)
	for _, node := range nodes {
		if n.named(node.ID) {
			n.w.postgres.Terminate(n.w, node.LockKey)
		}
	}
}

// thaw wakes a node that was frozen, with requests waiting at it for every account
// that was its own: it must not answer them by keys that are others' now. So it
// sends nothing over the connections that it had.
func (n *process) thaw() {
	var before [][]int64
	for _, p := range n.proxies {
		before = append(before, p.Sent())
	}
	s, err := store.Open(context.Background(), n.w.database)
	n.w.check(err)
	defer s.Close()
	accounts, err := s.Accounts(context.Background(), "", 1000)
	n.w.check(err)
	var asking, writing sync.WaitGroup
	for _, a := range accounts {
		writing.Add(1)
		written := sync.OnceFunc(writing.Done)
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			WroteRequest: func(httptrace.WroteRequestInfo) { written() },
		})
		asking.Go(func() {
			defer written()
			// What comes of it does not matter.
			_ = n.try(ctx, http.MethodGet, "/v1/accounts/"+string(a.ID)+"/devices", "", nil, nil)
		})
	}
	writing.Wait()
	n.signal(syscall.SIGCONT)
	asking.Wait()
	n.w.settled(context.Background())
	for i, p := range n.proxies {
		if now := p.Sent()[:len(before[i])]; !slices.Equal(now, before[i]) {
			n.w.Errorf("after its sleep a node has sent over the connections to DC %d: %d bytes, before %d", i+1, now, before[i])
		}
	}
}

// settled waits until every node holds what it is to hold, of those that are
// there.
func (w *world) settled(ctx context.Context) {
	w.Helper()
	w.await("all nodes are ready", func() error {
		for _, n := range w.nodes {
			if err := n.try(ctx, http.MethodGet, "/readyz", "", nil, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// busiest returns the node that has most accounts, and the epochs of those.
func (w *world) busiest(ctx context.Context, s *store.Store) (victim *process, epochs map[bridge.AccountID]int64) {
	w.Helper()
	accounts, err := s.Accounts(ctx, "", 1000)
	w.check(err)
	for _, n := range w.nodes {
		own := make(map[bridge.AccountID]int64)
		for _, a := range accounts {
			if n.named(a.Node) {
				own[a.ID] = a.Epoch
			}
		}
		if victim == nil || len(own) > len(epochs) {
			victim, epochs = n, own
		}
	}
	return victim, epochs
}

// answering waits until accounts answer, under later epochs than those given and
// not by way of one node; without any given, until all do.
func (w *world) answering(ctx context.Context, s *store.Store, but *process, epochs map[bridge.AccountID]int64) {
	w.Helper()
	accounts, err := s.Accounts(ctx, "", 1000)
	w.check(err)
	for _, a := range accounts {
		before, had := epochs[a.ID]
		if !had && epochs != nil {
			continue
		}
		w.await("account "+string(a.ID)+" answers", func() error {
			now, err := s.Account(ctx, a.ID)
			if err != nil || had && now.Epoch <= before {
				return errors.Join(err, fmt.Errorf("it is still in epoch %d", before))
			}
			for _, n := range w.nodes {
				if n != but {
					return n.try(ctx, http.MethodGet, "/v1/accounts/"+string(a.ID)+"/devices", "", nil, nil)
				}
			}
			return nil
		})
	}
}

// wantRunning has no account need anybody.
func (w *world) wantRunning(ctx context.Context, s *store.Store, n int) {
	w.Helper()
	accounts, err := s.Accounts(ctx, "", 1000)
	w.check(err)
	if len(accounts) != n {
		w.Fatalf("%d accounts, want %d", len(accounts), n)
	}
	for _, a := range accounts {
		if !a.Status.State.Runs() {
			w.Fatalf("account %s is %+v", a.ID, a.Status)
		}
	}
}

// await waits until try succeeds.
func (w *world) await(what string, try func() error) {
	w.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			w.Fatalf("%s: not after %v: %v", what, patience, err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-w.Context().Done():
			w.Fatal(w.Context().Err())
		}
	}
}
