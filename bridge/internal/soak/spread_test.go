package soak

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// uneven is by what share of an even part the accounts of a node may be more or
// fewer. Each node has as many shards as any other, or one more; which shard an
// account falls into is chance, and of 4,000 accounts at three nodes that is six
// standard deviations.
const uneven = 0.15

// TestSpread has nodes come and go, and looks at where the accounts are each time:
// each at one node, at all nodes about as many, and those that are signed in
// connected once.
func TestSpread(t *testing.T) {
	w := newWorld(t, 3)
	ctx := t.Context()
	s, err := store.Open(ctx, w.database)
	w.check(err)
	defer s.Close()
	nodes := slices.Clone(w.nodes)
	signedIn := w.signInAll(ctx, 12)
	w.addAccounts(ctx, s, 4000)
	for _, step := range []struct {
		name string
		do   func()
		left []*process
	}{
		{"all three nodes", func() {}, nodes},
		{"one ends", nodes[2].end, nodes[:2]},
		{"the next ends", nodes[1].end, nodes[:1]},
		{"a second comes", nodes[1].start, nodes[:2]},
		{"a third comes", nodes[2].start, nodes},
		{"the first crashes", nodes[0].kill, nodes[1:]},
		{"the next ends", nodes[1].end, nodes[2:]},
	} {
		begun := time.Now()
		step.do()
		w.nodes = step.left
		w.settled(ctx)
		w.await("the accounts are spread: "+step.name, func() error { return w.spread(ctx, s, len(signedIn)) })
		for i, id := range signedIn {
			w.ask(ctx, i, http.MethodGet, "/v1/accounts/"+id+"/devices", "", nil, nil)
		}
		t.Logf("%s: spread over %d nodes after %.1f s", step.name, len(w.nodes), time.Since(begun).Seconds())
		if incidents := w.sandbox.Incidents(); len(incidents) > 0 {
			t.Fatalf("%s: one key at two nodes: %+v", step.name, incidents)
		}
	}
}

// addAccounts adds accounts that nobody has signed in.
func (w *world) addAccounts(ctx context.Context, s *store.Store, n int) {
	w.Helper()
	now := time.Now()
	w.check(s.Change(ctx, func(t *store.Tx) error {
		for range n {
			id, err := bridge.NewID[bridge.AccountID](now, rand.Reader)
			if err != nil {
				return err
			}
			if err := t.AddAccount(&bridge.Account{
				ID: id, Kind: bridge.UserAccount, CreatedAt: now, Status: bridge.Status{State: bridge.New, Since: now},
			}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// end has the node give its accounts back.
func (n *process) end() {
	n.signal(syscall.SIGTERM)
	n.w.check(n.command.Wait())
}

// spread fails unless each account is at one of the nodes, as the database says
// and as the node itself does, those that are signed in are online there, and no
// node has many more or fewer than the others.
func (w *world) spread(ctx context.Context, s *store.Store, signedIn int) error {
	accounts, err := s.Accounts(ctx, "", 10000)
	if err != nil {
		return err
	}
	even := float64(len(accounts)) / float64(len(w.nodes))
	all, online := 0, 0
	for i, n := range w.nodes {
		stored := 0
		for _, a := range accounts {
			if n.named(a.Node) {
				stored++
			}
		}
		states, err := n.states(ctx)
		if err != nil {
			return err
		}
		runs := 0
		for _, count := range states {
			runs += count
		}
		if runs != stored || math.Abs(float64(runs)-even) > uneven*even {
			return fmt.Errorf("node %d looks after %d accounts, %d by the database; even were %.0f", i, runs, stored, even)
		}
		all += runs
		online += states[string(bridge.Online)]
	}
	if all != len(accounts) || online != signedIn {
		return fmt.Errorf("%d of %d accounts are looked after, %d of %d online", all, len(accounts), online, signedIn)
	}
	return nil
}

// states returns how many accounts a node looks after, by their states.
func (n *process) states(ctx context.Context) (map[string]int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.options.Listen+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	states := make(map[string]int)
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), `godwit_accounts{state="`); ok {
			var count int
			state, number, _ := strings.Cut(rest, `"}`)
			if _, err := fmt.Sscan(number, &count); err != nil {
				return nil, fmt.Errorf("%s: %w", lines.Text(), err)
			}
			states[state] = count
		}
	}
	return states, lines.Err()
}
