package fleet

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

// A cutter is between a node and PostgreSQL. It can keep the answer to a COMMIT, and
// end the connection instead: then the database has stored what the node is told
// has failed.
type cutter struct {
	url string // by which the database is reached through it
	cut atomic.Bool
}

func newCutter(t *testing.T, database string) *cutter {
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := u.Host
	u.Host = l.Addr().String()
	c := &cutter{url: u.String()}
	var serving sync.WaitGroup
	t.Cleanup(func() { l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { c.serve(t, client, server) })
		}
	})
	return c
}

func (c *cutter) serve(t *testing.T, client net.Conn, server string) {
	defer client.Close()
	database, err := net.Dial("tcp", server)
	if err != nil {
		t.Error(err)
		return
	}
	defer database.Close()
	var committing atomic.Bool
	var answering sync.WaitGroup
	defer answering.Wait()
	answering.Go(func() {
		defer client.Close()
		relay(client, database, func([]byte) bool { return !committing.Load() })
	})
	relay(database, client, func(b []byte) bool {
		if bytes.Contains(b, []byte("commit\x00")) && c.cut.CompareAndSwap(true, false) {
			committing.Store(true)
		}
		return true
	})
	database.Close()
}

// relay passes on what it reads as long as pass returns true.
func relay(to, from net.Conn, pass func([]byte) bool) {
	b := make([]byte, 1<<16)
	for {
		n, err := from.Read(b)
		if err != nil || !pass(b[:n]) {
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// TestStoredWithAnError has the database store that Telegram did not know a session
// once, and say that it has failed: that is not taken for twice.
func TestStoredWithAnError(t *testing.T) {
	c := newCutter(t, pgtest.Database(t))
	n := newNode(t, c.url)
	r := <-n.stages.started
	close(r.closed)
	r.watcher.Happened(bridge.Cause{Kind: bridge.Connected})
	n.becomes(bridge.Online)
	c.cut.Store(true)
	r.watcher.Happened(bridge.Cause{Kind: bridge.KeyUnregistered, Error: "AUTH_KEY_UNREGISTERED"})
	for a := range n.changes {
		if s := a.Status; s.State != bridge.Online || s.Suspected {
			break
		}
	}
	if s := n.stored(); s.State != bridge.Online || !s.Suspected {
		t.Errorf("after one AUTH_KEY_UNREGISTERED the account is %s", s.State)
	}
	if c.cut.Load() {
		t.Error("no COMMIT was seen")
	}
	n.dropAll()
}

// TestGraceAfterAnError has a node be told that it has not taken a shard which it has
// taken: when it takes it again, the accounts are left alone all the same until the
// node that had them before cannot use them any more.
func TestGraceAfterAnError(t *testing.T) {
	c := newCutter(t, pgtest.Database(t))
	n := newNode(t, c.url)
	close((<-n.stages.started).closed)
	n.dropAll()
	shard := bridge.ShardOf(n.id)
	n.check(n.o.Store.Change(t.Context(), func(t *store.Tx) error {
		_, _, err := t.ClaimShard(shard, "crashed")
		return err
	}))
	locks, err := n.o.Store.OpenLocks(t.Context(), n.key, time.Minute)
	n.check(err)
	defer locks.Close()
	c.cut.Store(true)
	if err := n.take(t.Context(), locks, shard); err == nil {
		t.Fatal("the shard was taken though nothing was committed")
	}
	if a, err := n.o.Store.Account(t.Context(), n.id); err != nil || a.Node != "node" {
		t.Fatalf("the account is of %q, %v", a.Node, err)
	}
	n.check(n.take(t.Context(), locks, shard))
	select {
	case r := <-n.stages.started:
		close(r.closed)
		t.Error("the account is used at once, while the node that had it may use it still")
	default:
	}
	n.dropAll()
}
