package fleet

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

// stages are runners that do nothing, of which a test says how they go.
type stages struct {
	Starter
	started chan *stage
}

type stage struct {
	Runner
	watcher Watcher
	closing chan struct{} // gets one when Close is called
	closed  chan struct{} // has Close return
}

func (s *stages) Start(_ *bridge.Account, _ int64, w Watcher, _ func(context.Context) (func(), error)) Runner {
	r := &stage{watcher: w, closing: make(chan struct{}, 1), closed: make(chan struct{})}
	s.started <- r
	return r
}

func (r *stage) Close() {
	r.closing <- struct{}{}
	<-r.closed
}

// A node is a Fleet that owns one account, which is told of on changes.
type node struct {
	*testing.T
	*Fleet
	stages  *stages
	id      bridge.AccountID
	changes chan *bridge.Account
}

func newNode(t *testing.T, url string) *node {
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	n := &node{T: t, stages: &stages{started: make(chan *stage, 10)}, changes: make(chan *bridge.Account, 100)}
	n.Fleet = New(Options{
		Node: "node", Store: s, Starter: n.stages, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		OnChange: func(_ bridge.AccountID, a *bridge.Account) { n.changes <- a },
	})
	n.id, err = bridge.NewID[bridge.AccountID](time.Now(), rand.Reader)
	n.check(err)
	var accounts []*bridge.Account
	n.check(s.Change(t.Context(), func(t *store.Tx) error {
		err := t.AddAccount(&bridge.Account{ID: n.id, Kind: bridge.UserAccount, CreatedAt: time.Now(),
			Status: bridge.Status{State: bridge.Connecting, Since: time.Now()}})
		if err == nil {
			accounts, _, err = t.ClaimShard(bridge.ShardOf(n.id), "node")
		}
		return err
	}))
	n.shards[bridge.ShardOf(n.id)] = true
	n.add(t.Context(), accounts[0], 0)
	return n
}

func (n *node) check(err error) {
	n.Helper()
	if err != nil {
		n.Fatal(err)
	}
}

// becomes waits until it is told of a state.
func (n *node) becomes(s bridge.State) {
	n.Helper()
	for {
		select {
		case a := <-n.changes:
			if a != nil && a.Status.State == s {
				return
			}
		case <-time.After(20 * time.Second):
			n.Fatalf("nobody is told that the account is %s", s)
		}
	}
}

func (n *node) stored() bridge.Status {
	n.Helper()
	a, err := n.o.Store.Account(n.Context(), n.id)
	n.check(err)
	return a.Status
}

// onDatabase runs a statement beside the store.
func (n *node) onDatabase(url, statement string) {
	n.Helper()
	driver := "pgx"
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, url = "sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, url)
	n.check(err)
	defer db.Close()
	_, err = db.ExecContext(n.Context(), statement)
	n.check(err)
}

// TestNotStored has an account come online while the database stores nothing: it is
// shown as online, and sends, once the database does.
func TestNotStored(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		r := <-n.stages.started
		close(r.closed)
		n.onDatabase(url, `ALTER TABLE events RENAME TO away`)
		failed := make(chan struct{}, 100)
		n.o.Logger = slog.New(onError{slog.DiscardHandler, failed})
		r.watcher.Happened(bridge.Cause{Kind: bridge.Connected})
		<-failed
		n.onDatabase(url, `ALTER TABLE away RENAME TO events`)
		n.becomes(bridge.Online)
		if s := n.stored(); s.State != bridge.Online {
			t.Errorf("stored as %s", s.State)
		}
		n.dropAll()
	})
}

// onError is a handler that tells of errors.
type onError struct {
	slog.Handler
	failed chan struct{}
}

func (h onError) Enabled(context.Context, slog.Level) bool { return true }
func (h onError) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h onError) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelError {
		h.failed <- struct{}{}
	}
	return nil
}

// TestStartedWhileClosing has an account be started again while the runner before
// is being closed: no two ever use its key at once.
func TestStartedWhileClosing(t *testing.T) {
	n := newNode(t, "sqlite:"+t.TempDir()+"/a.db")
	first := <-n.stages.started
	_, err := n.Report(n.id, bridge.Cause{Kind: bridge.PausedByOperator})
	n.check(err)
	<-first.closing
	_, err = n.Report(n.id, bridge.Cause{Kind: bridge.Started})
	n.check(err)
	select {
	case <-n.stages.started:
		t.Fatal("another runner was started while the one before was there still")
	default:
	}
	close(first.closed)
	second := <-n.stages.started
	close(second.closed)
	n.dropAll()
}

// TestGivenBackWhileRenewing has an account be given back while its runner makes
// room for another: it is not, before that one is closed.
func TestGivenBackWhileRenewing(t *testing.T) {
	n := newNode(t, "sqlite:"+t.TempDir()+"/a.db")
	first := <-n.stages.started
	var renewing sync.WaitGroup
	renewing.Go(func() { _, _ = n.Renew(context.WithoutCancel(t.Context()), n.id) })
	<-first.closing
	e, err := n.entry(n.id)
	n.check(err)
	gone := make(chan struct{})
	go func() { n.dropAll(); close(gone) }()
	for ended := false; !ended; { // until it is being dropped
		e.mu.Lock()
		ended = e.ended
		e.mu.Unlock()
	}
	select {
	case <-gone:
		t.Error("the account is given back while a runner of it is there")
	case <-time.After(100 * time.Millisecond):
	}
	close(first.closed)
	<-gone
	renewing.Wait()
	if len(n.stages.started) > 0 {
		t.Error("a runner was started of an account that has gone")
	}
}
