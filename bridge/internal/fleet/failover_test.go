package fleet_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/trial"
	"godwit/internal/pgtest"
	"godwit/sandbox"
	"godwit/telegram"
)

// How long it takes is judged only where it is tried often:
//
//	go test ./bridge/internal/fleet -run TestFailover -rounds 200 -v -timeout 2h
var rounds = flag.Int("rounds", 4, "number of forced failovers in TestFailover")

// failoverTime is within which accounts have to answer again.
const failoverTime = 10 * time.Second

// A cluster is three nodes on one PostgreSQL, with some accounts. Each node
// connects to Telegram from an address of its own.
type cluster struct {
	*trial.Place
	postgres *pgtest.Server
	nodes    []*trial.Node
	started  int
	accounts []bridge.AccountID
}

func newCluster(t *testing.T, accounts int) *cluster {
	postgres, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := postgres.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &cluster{Place: trial.NewUnder(t, postgres.URL("postgres"), sandbox.DuplicatesByAddress), postgres: postgres}
	c.Dial = func(string) telegram.DialFunc {
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+c.started%200))}
		d := net.Dialer{LocalAddr: from}
		return func(ctx context.Context, address string) (net.Conn, error) { return d.DialContext(ctx, "tcp", address) }
	}
	for range 3 {
		c.nodes = append(c.nodes, c.another())
	}
	c.settled()
	for i := range accounts {
		phone := fmt.Sprintf("99966%d%04d", 1+i%2, 2000+i)
		_, err := c.Sandbox.AddUser(phone, "Ann", "")
		c.Check(err)
		id := c.nodes[0].Add()
		c.ownerOf(id).SignIn(id, phone)
		c.accounts = append(c.accounts, id)
	}
	return c
}

// another starts a node.
func (c *cluster) another() *trial.Node {
	c.started++
	return c.Start(fmt.Sprint("node", c.started))
}

// settled waits until each node holds what it is to hold.
func (c *cluster) settled() {
	c.Helper()
	for _, n := range c.nodes {
		n.Await(n.Name+" holds its shards", n.Fleet.Ready)
	}
}

// ownerOf waits for the node that runs an account.
func (c *cluster) ownerOf(id bridge.AccountID) (owner *trial.Node) {
	c.Helper()
	c.nodes[0].Await("somebody owns "+string(id), func() bool {
		for _, n := range c.nodes {
			if n.Fleet.Owns(id) {
				owner = n
				return true
			}
		}
		return false
	})
	return owner
}

// answering waits until all accounts answer under later epochs than those given.
func (c *cluster) answering(epochs map[bridge.AccountID]int64) {
	c.Helper()
	for _, id := range c.accounts {
		c.nodes[0].Await("account "+string(id)+" answers", func() bool {
			for _, n := range c.nodes {
				if epoch, owns := n.Fleet.Epoch(id); !owns || epoch <= epochs[id] {
					continue
				}
				if _, err := n.Service.Devices(c.Context(), id); err == nil {
					return true
				}
			}
			return false
		})
	}
}

// busiest returns the node that runs most accounts, and the epochs of those.
func (c *cluster) busiest() (victim int, epochs map[bridge.AccountID]int64) {
	for i, n := range c.nodes {
		own := make(map[bridge.AccountID]int64)
		for _, id := range c.accounts {
			if epoch, owns := n.Fleet.Epoch(id); owns {
				own[id] = epoch
			}
		}
		if len(own) > len(epochs) {
			victim, epochs = i, own
		}
	}
	return victim, epochs
}

// A failover takes accounts away from a node.
type failover struct {
	name  string
	force func(c *cluster, victim int)
}

var failovers = []failover{
	{"a node loses the connection of its locks", func(c *cluster, victim int) { c.terminate(victim) }},
	{"a node loses the database, and another takes its place", func(c *cluster, victim int) {
		n := c.nodes[victim]
		c.Check(n.Store.Close())
		n.End()
		c.nodes[victim] = c.another()
	}},
	{"PostgreSQL crashes", func(c *cluster, _ int) {
		_ = c.postgres.Kill() // says that it has exited by a signal
		c.Check(c.postgres.Restart())
	}},
	{"a node gives its accounts back, and another takes its place", func(c *cluster, victim int) {
		c.nodes[victim].End()
		c.nodes[victim] = c.another()
	}},
}

// terminate ends the connection on which a node holds its locks.
func (c *cluster) terminate(victim int) {
	c.Helper()
	nodes, err := c.nodes[victim].Store.Nodes(c.Context())
	c.Check(err)
	for _, n := range nodes {
		if n.ID == c.nodes[victim].Name {
			c.postgres.Terminate(c, n.LockKey)
		}
	}
}

// However accounts come to another node, no two nodes use one auth key, and all
// accounts answer again soon, with no code.
func TestFailover(t *testing.T) {
	c := newCluster(t, 6)
	c.answering(nil)
	var slowest time.Duration
	for i := range *rounds {
		f := failovers[i%len(failovers)]
		victim, epochs := c.busiest()
		began := time.Now()
		f.force(c, victim)
		c.answering(epochs)
		took := time.Since(began)
		slowest = max(slowest, took)
		t.Logf("round %d: %s; its %d accounts answer after %v", i+1, f.name, len(epochs), took.Round(time.Millisecond))
		if incidents := c.Sandbox.Incidents(); len(incidents) > 0 {
			t.Fatalf("round %d: one key at two nodes: %+v", i+1, incidents)
		}
		for _, id := range c.accounts {
			a, err := c.nodes[0].Store.Account(c.Context(), id)
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if !a.Status.State.Runs() {
				t.Fatalf("round %d: account %s is %+v", i+1, id, a.Status)
			}
		}
		c.settled()
	}
	t.Logf("slowest of %d: %v", *rounds, slowest)
	if *rounds > len(failovers) && slowest > failoverTime {
		t.Errorf("it took %v until all accounts answered, want %v", slowest, failoverTime)
	}
}
