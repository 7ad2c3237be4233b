// Package fleet decides which accounts this node of the bridge runs, runs them,
// and carries out what becomes of them.
//
// Start with [New] and [Fleet.Run]. Accounts fall into shards. A node holds the
// shards that bridge.Owners gives it among the nodes that are there, each by an
// advisory lock of PostgreSQL, which ends with the connection that it was taken
// on. Whoever takes a shard raises the epoch of its accounts, and every write of
// an owner before it is refused from then on. A node that is not certain of its
// locks any more drops all its accounts at once; a node that takes over from one
// that has not given its accounts back waits for longer than that takes. So no
// two nodes ever use one auth key, which Telegram would answer by ending it.
package fleet

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// Options are what a Fleet is made of. All are required but the durations.
type Options struct {
	Node    string // the name of this node, another each time that it starts
	Address string // host:port at which other nodes reach its HTTP API
	Store   *store.Store
	Starter Starter
	Logger  *slog.Logger
	Now     func() time.Time
	// OnChange is told when an account has come, has gone (nil), or has another
	// status. It must return soon.
	OnChange func(id bridge.AccountID, a *bridge.Account)

	Interval    time.Duration // between looks at who is there: 1 s
	LockTimeout time.Duration // for the database to prove that the locks are held: 3 s
	// LockLife is after how long the database takes the locks from a node that it
	// does not hear from, longer than Interval and LockTimeout together: 6 s.
	LockLife time.Duration
	// Grace is for how long accounts that another node did not give back are left
	// alone, from when that node was last certain of its locks. It is longer than
	// Interval and LockTimeout together, which that node may need to notice, by more
	// than a database loses of its last writes when it crashes: 5 s.
	Grace time.Duration
	// MaxConnecting is how many accounts connect at once: 32.
	MaxConnecting int
	MinBackoff    time.Duration // before an account that could not connect tries again: 1 s
	MaxBackoff    time.Duration // to which that doubles: 2 min
	CheckDelay    time.Duration // before a session that Telegram did not know is tried again: bridge.SessionCheckDelay
}

func (o *Options) complete() {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&o.Interval, time.Second)
	set(&o.LockTimeout, 3*time.Second)
	set(&o.LockLife, 6*time.Second)
	set(&o.Grace, 5*time.Second)
	set(&o.MinBackoff, time.Second)
	set(&o.MaxBackoff, 2*time.Minute)
	set(&o.CheckDelay, bridge.SessionCheckDelay)
	if o.MaxConnecting == 0 {
		o.MaxConnecting = 32
	}
	if o.OnChange == nil {
		o.OnChange = func(bridge.AccountID, *bridge.Account) {}
	}
}

// A Fleet is the accounts of a node.
type Fleet struct {
	o          Options
	key        int // of the node's lock
	connecting chan struct{}
	certainty  *certainty
	applier    *applier

	mu      sync.Mutex
	entries map[bridge.AccountID]*entry
	shards  map[int]bool // held
	// waits are until when accounts that another node did not give back are left
	// alone, even if this one loses and takes them again meanwhile.
	waits   map[bridge.AccountID]time.Time
	nodes   []string                 // that were there at the last look
	owners  [bridge.NumShards]string // for whom the shards are, then
	running bool
}

// New returns a Fleet that has nothing yet.
func New(o Options) *Fleet {
	o.complete()
	var random [4]byte
	rand.Read(random[:])
	return &Fleet{
		o: o, key: int(binary.BigEndian.Uint32(random[:]) & math.MaxInt32),
		connecting: make(chan struct{}, o.MaxConnecting), certainty: newCertainty(o.Now, o.Interval+o.LockTimeout),
		applier: &applier{store: o.Store, now: o.Now},
		entries: make(map[bridge.AccountID]*entry), shards: make(map[int]bool),
		waits: make(map[bridge.AccountID]time.Time),
	}
}

// Run holds and runs accounts until ctx ends, and then gives all of them back.
// While the database cannot be reached it holds none, and tries again.
func (f *Fleet) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := f.hold(ctx)
		if ctx.Err() != nil {
			return err
		}
		f.o.Logger.Error("accounts dropped: this node is not certain to own them", "error", err)
		select {
		case <-time.After(f.o.Interval):
		case <-ctx.Done():
		}
	}
	return nil
}

// hold holds accounts until ctx ends or the locks may be lost.
func (f *Fleet) hold(ctx context.Context) (err error) {
	open, cancelOpen := context.WithTimeout(ctx, 10*time.Second)
	opened := f.o.Now()
	locks, err := f.o.Store.OpenLocks(open, f.key, f.o.LockLife)
	cancelOpen()
	if err != nil {
		return err
	}
	// Its lock says that the node is there, so this is told once.
	err = f.o.Store.Change(ctx, func(t *store.Tx) error {
		return t.SetNode(store.Node{ID: f.o.Node, Address: f.o.Address, LockKey: f.key, SeenAt: f.o.Now()})
	})
	if err == nil {
		err = locks.Check(ctx, f.o.LockTimeout) // of which others know by the clock of the database
	}
	if err != nil {
		return errors.Join(err, locks.Close())
	}
	f.certainty.proved(opened)
	held, lost := context.WithCancelCause(ctx)
	// It goes on while accounts are given back, which may take a while.
	watched, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	var watching sync.WaitGroup
	watching.Go(func() { f.watch(watched, locks, lost) })
	for held.Err() == nil {
		if err := f.look(held, locks); err != nil {
			lost(err)
		}
		select {
		case <-time.After(f.o.Interval):
		case <-held.Done():
		}
	}
	lost(nil)
	if ctx.Err() != nil {
		err = f.giveBack()
	} else {
		f.certainty.lost()
		f.dropAll()
		err = context.Cause(held)
	}
	unwatch()
	watching.Wait()
	f.certainty.lost()
	return errors.Join(err, locks.Close())
}

// watch has everything dropped as soon as the locks are not certain to be held.
func (f *Fleet) watch(ctx context.Context, locks *store.Locks, lost func(error)) {
	for {
		select {
		case <-time.After(f.o.Interval):
		case <-ctx.Done():
			return
		}
		begun := f.o.Now()
		switch err := locks.Check(ctx, f.o.LockTimeout); {
		case err == nil:
			f.certainty.proved(begun)
		case ctx.Err() == nil:
			f.certainty.lost()
			lost(err)
			f.dropAll()
			return
		}
	}
}

// look takes the shards that are for this node and gives back those that are
// not.
func (f *Fleet) look(ctx context.Context, locks *store.Locks) error {
	nodes, err := f.o.Store.Nodes(ctx)
	if err != nil {
		return err
	}
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.ID
	}
	for shard, owner := range f.see(names) {
		mine := owner == f.o.Node
		switch holds := f.holds(shard); {
		case mine && !holds:
			err = f.take(ctx, locks, shard)
		case !mine && holds:
			err = f.release(ctx, locks, shard)
		}
		if err != nil {
			return err
		}
	}
	return f.adoptNew(ctx)
}

// see notes which nodes are there, and returns for whom the shards are.
func (f *Fleet) see(nodes []string) [bridge.NumShards]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(nodes, f.nodes) {
		f.nodes, f.owners = nodes, bridge.Owners(nodes)
	}
	f.running = true
	return f.owners
}

func (f *Fleet) holds(shard int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.shards[shard]
}

// take takes a shard, unless another node holds it still.
func (f *Fleet) take(ctx context.Context, locks *store.Locks, shard int) error {
	ok, err := locks.TryLock(ctx, shard)
	if err != nil || !ok {
		return err
	}
	var accounts []*bridge.Account
	var crashed map[bridge.AccountID]time.Duration
	err = f.o.Store.Change(ctx, func(t *store.Tx) (err error) {
		if accounts, crashed, err = t.ClaimShard(shard, f.o.Node); err != nil {
			return err
		}
		return f.noteCrash(t, accounts, crashed)
	})
	if err != nil {
		// It may have been stored all the same, and then looks as if this node had
		// had them all along.
		for id, silence := range crashed {
			f.grace(id, true, silence)
		}
		return errors.Join(err, locks.Unlock(ctx, shard))
	}
	f.mu.Lock()
	f.shards[shard] = true
	f.mu.Unlock()
	for _, a := range accounts {
		silence, ok := crashed[a.ID]
		f.add(ctx, a, f.grace(a.ID, ok, silence))
	}
	return nil
}

// noteCrash notes that accounts are not connected any more whose owner did not say
// so. They may be left alone for a while before they connect again.
func (f *Fleet) noteCrash(t *store.Tx, accounts []*bridge.Account, crashed map[bridge.AccountID]time.Duration) (err error) {
	now, c := f.o.Now(), bridge.Cause{Kind: bridge.Disconnected}
	var changed []*bridge.Account
	var events []*bridge.Event
	for _, a := range accounts {
		if _, ok := crashed[a.ID]; !ok || !a.Status.State.Runs() {
			continue
		}
		next := bridge.Next(now, a.Status, c)
		if next.Status == a.Status {
			continue
		}
		a.Status = next.Status
		changed = append(changed, a)
		if events, err = tell(events, now, a, next.Event, c); err != nil {
			return err
		}
	}
	if err := t.SetStatuses(changed); err != nil {
		return err
	}
	return t.AddEvents(events...)
}

// grace returns for how long an account that was taken is to be left alone.
// crashed says that another node had it and did not give it back; that one has not
// been certain of its locks since.
func (f *Fleet) grace(id bridge.AccountID, crashed bool, silence time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.o.Now()
	until, waits := f.waits[id]
	// With a database that only one node uses, whoever had it before has ended.
	if crashed && f.o.Store.Shared() {
		if u := now.Add(f.o.Grace - silence); !waits || u.After(until) {
			f.waits[id], until, waits = u, u, true
		}
	}
	if wait := until.Sub(now); waits && wait > 0 {
		return wait
	}
	delete(f.waits, id)
	return 0
}

// release stops the accounts of a shard and gives it back.
func (f *Fleet) release(ctx context.Context, locks *store.Locks, shard int) error {
	f.mu.Lock()
	delete(f.shards, shard)
	f.mu.Unlock()
	f.drop(func(e *entry) bool { return bridge.ShardOf(e.id) == shard })
	err := f.o.Store.Change(ctx, func(t *store.Tx) error { return t.ReleaseShard(shard, f.o.Node) })
	return errors.Join(err, locks.Unlock(ctx, shard))
}

// adoptNew runs accounts that were added since the last look.
func (f *Fleet) adoptNew(ctx context.Context) error {
	ids, err := f.o.Store.Unowned(ctx, 1000)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if f.holds(bridge.ShardOf(id)) {
			if err := f.Adopt(ctx, id); err != nil && bridge.CodeOf(err) != bridge.CodeNotFound {
				return err
			}
		}
	}
	return nil
}

// Adopt runs an account that has just been added, if its shard is held here;
// otherwise the node that holds it finds it soon.
func (f *Fleet) Adopt(ctx context.Context, id bridge.AccountID) error {
	if !f.holds(bridge.ShardOf(id)) {
		return nil
	}
	// Once claimed, it has to be looked after, whoever has asked for it.
	ctx = context.WithoutCancel(ctx)
	var a *bridge.Account
	err := f.o.Store.Change(ctx, func(t *store.Tx) error {
		a = nil
		claimed, err := t.ClaimNew(id, f.o.Node)
		if err == nil && claimed {
			a, err = t.Account(id)
		}
		return err
	})
	if err != nil || a == nil {
		return err
	}
	f.add(ctx, a, 0)
	return nil
}

// add begins to look after an account.
func (f *Fleet) add(ctx context.Context, a *bridge.Account, wait time.Duration) {
	e := newEntry(f, a)
	f.mu.Lock()
	// A shard that was given back meanwhile is not held any more.
	if ctx.Err() != nil || !f.shards[bridge.ShardOf(a.ID)] || f.entries[a.ID] != nil {
		f.mu.Unlock()
		return
	}
	f.entries[a.ID] = e
	f.mu.Unlock()
	e.begin(wait)
	e.tell()
}

// drop stops accounts and waits until nothing of them is left.
func (f *Fleet) drop(which func(*entry) bool) {
	f.mu.Lock()
	var dropped []*entry
	for id, e := range f.entries {
		if which(e) {
			dropped = append(dropped, e)
			delete(f.entries, id)
		}
	}
	f.mu.Unlock()
	var ending sync.WaitGroup
	for _, e := range dropped {
		ending.Go(e.end)
	}
	ending.Wait()
	for _, e := range dropped {
		e.tellGone()
	}
}

func (f *Fleet) dropAll() {
	f.mu.Lock()
	clear(f.shards)
	f.mu.Unlock()
	f.drop(func(*entry) bool { return true })
}

// giveBack stops everything and tells the other nodes that they may go on with
// it at once.
func (f *Fleet) giveBack() error {
	f.mu.Lock()
	var shards []int
	for shard := range f.shards {
		shards = append(shards, shard)
	}
	f.mu.Unlock()
	f.dropAll()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return f.o.Store.Change(ctx, func(t *store.Tx) error {
		for _, shard := range shards {
			if err := t.ReleaseShard(shard, f.o.Node); err != nil {
				return err
			}
		}
		return t.DeleteNode(f.o.Node)
	})
}

// Ready reports whether the node holds what it is to hold.
func (f *Fleet) Ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.running {
		return false
	}
	for shard, owner := range f.owners {
		if owner == f.o.Node && !f.shards[shard] {
			return false
		}
	}
	return true
}

// Count returns how many accounts the node runs, by their states.
func (f *Fleet) Count() map[bridge.State]int {
	f.mu.Lock()
	entries := make([]*entry, 0, len(f.entries))
	for _, e := range f.entries {
		entries = append(entries, e)
	}
	f.mu.Unlock()
	counts := make(map[bridge.State]int)
	for _, e := range entries {
		counts[e.status().State]++
	}
	return counts
}

// Owns reports whether this node looks after an account.
func (f *Fleet) Owns(id bridge.AccountID) bool {
	_, err := f.entry(id)
	return err == nil
}

// entry returns what the node knows of an account that it owns.
func (f *Fleet) entry(id bridge.AccountID) (*entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e := f.entries[id]; e != nil {
		return e, nil
	}
	return nil, f.elsewhere(id)
}

// elsewhere says that this node does not own an account, or does not any more.
func (f *Fleet) elsewhere(id bridge.AccountID) error {
	return &bridge.Error{
		Code: bridge.CodeUnavailable, RetryAt: f.o.Now().Add(f.o.Interval),
		Detail: fmt.Sprintf("Account %s is on its way to another node of the bridge. Try again in a moment.", id),
	}
}
