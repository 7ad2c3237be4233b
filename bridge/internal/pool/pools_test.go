package pool

import (
	"crypto/rand"
	"errors"
	"os"
	"reflect"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// A bench is a test of pools on an empty database.
type bench struct {
	testing.TB
	*store.Store
	pools *Pools
	now   time.Time

	mu     sync.Mutex
	queued []bridge.AccountID
	refuse error // of the outbox
}

func onBoth(t *testing.T, test func(b *bench)) {
	pgtest.OnBoth(t, func(t *testing.T, url string) { test(newBench(t, url)) })
}

func newBench(t testing.TB, url string) *bench {
	b := &bench{TB: t, now: start}
	var err error
	b.Store, err = store.Open(t.Context(), url)
	b.check(err)
	t.Cleanup(func() { b.Store.Close() })
	b.pools = New(Options{Store: b.Store, Suppression: Listed{}, Outbox: b, Now: func() time.Time { return b.now }, Entropy: rand.Reader})
	return b
}

// suppress puts somebody on the suppression list.
func (b *bench) suppress(p bridge.Person) {
	b.Helper()
	id, err := bridge.NewID[bridge.SuppressionID](start, rand.Reader)
	b.check(err)
	b.check(b.Change(b.Context(), func(t *store.Tx) error {
		_, err := t.Suppress(&bridge.Suppression{ID: id, Person: p, Reason: bridge.SuppressedByOperator, AddedAt: start})
		return err
	}))
}

func (b *bench) Enqueue(_ *store.Tx, account bridge.AccountID, _ bridge.PoolMessage) (bridge.MessageID, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		return "", b.refuse
	}
	b.queued = append(b.queued, account)
	return bridge.NewID[bridge.MessageID](start, rand.Reader)
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) expect(err error, code bridge.Code) {
	b.Helper()
	if !errors.Is(err, &bridge.Error{Code: code}) {
		b.Errorf("%v, want %s", err, code)
	}
}

// account adds an account to a pool, which may write to some new people a day.
func (b *bench) account(pool bridge.PoolID, perDay int) bridge.AccountID {
	b.Helper()
	id, err := bridge.NewID[bridge.AccountID](start, rand.Reader)
	b.check(err)
	b.check(b.Change(b.Context(), func(t *store.Tx) error {
		if err := t.AddAccount(&bridge.Account{
			ID: id, Kind: bridge.UserAccount, Status: bridge.Status{State: bridge.Online, Since: start}, CreatedAt: start,
		}); err != nil {
			return err
		}
		return t.SetBudgetPlan(id, "", bridge.BudgetPlan{bridge.BudgetFirstMessages: {Limits: map[bridge.Window]int{bridge.PerDay: perDay}}})
	}))
	b.check(b.pools.AddMember(b.Context(), pool, id))
	return id
}

func (b *bench) pool(policy bridge.PoolPolicy) bridge.PoolID {
	b.Helper()
	p, err := b.pools.Create(b.Context(), "sales", policy)
	b.check(err)
	return p.ID
}

func (b *bench) give(pool bridge.PoolID, p bridge.Person, key string) (*bridge.PoolReceipt, error) {
	return b.pools.Give(b.Context(), pool, bridge.PoolMessage{Person: p, Content: bridge.Content{Text: "hello"}, RequestBy: "key_1"}, key)
}

// TestGive has a person stay with the account that was chosen first, whatever
// they are called by later.
func TestGive(t *testing.T) {
	onBoth(t, func(b *bench) {
		pool := b.pool(bridge.PoolPolicy{FirstMessages: 2})
		b.account(pool, 0)
		able := b.account(pool, 9)
		first, err := b.give(pool, bridge.Person{Phone: "+49 30 123456", Username: "@Ann_1"}, "one")
		b.check(err)
		want := bridge.Assignment{Account: able, Reason: bridge.HasBudget, Kind: bridge.BudgetFirstMessages, At: start}
		if first.Assignment != want || first.MessageID == "" {
			b.Errorf("%+v, want %+v", first, want)
		}
		again, err := b.give(pool, bridge.Person{Phone: "+49 30 123456", Username: "@Ann_1"}, "one")
		if err != nil || !reflect.DeepEqual(again, first) || len(b.queued) != 1 {
			b.Errorf("%+v, %v, %d messages", again, err, len(b.queued))
		}
		_, err = b.give(pool, bridge.Person{Phone: "+49 30 123457"}, "one")
		b.expect(err, bridge.CodeIdempotencyReused)
		b.refuse = errors.New("refused")
		if _, err := b.give(pool, bridge.Person{Username: "ann_1"}, "two"); !errors.Is(err, b.refuse) { // and it does not count
			b.Error(err)
		}
		b.refuse = nil
		second, err := b.give(pool, bridge.Person{Username: "ann_1"}, "two")
		if err != nil || second.Assignment.Account != able || second.Assignment.Reason != bridge.Theirs {
			b.Errorf("%+v, %v", second, err)
		}
		_, err = b.give(pool, bridge.Person{Phone: "4930123456", UserID: 5}, "")
		b.expect(err, bridge.CodeBudgetExhausted)
		_, err = b.give(pool, bridge.Person{}, "")
		b.expect(err, bridge.CodeInvalidRequest)
		_, err = b.give("pool_none", bridge.Person{UserID: 5}, "")
		b.expect(err, bridge.CodeNotFound)
		b.suppress(bridge.Person{Username: "ann_1"})
		_, err = b.give(pool, bridge.Person{Phone: "4930123456"}, "") // by another of their keys
		b.expect(err, bridge.CodeSuppressed)
	})
}

// TestGiveAtOnce has the same person given many times at once, and once be
// enough.
func TestGiveAtOnce(t *testing.T) {
	onBoth(t, func(b *bench) {
		pool := b.pool(bridge.PoolPolicy{FirstMessages: 1})
		for range 3 {
			b.account(pool, 9)
		}
		var giving sync.WaitGroup
		for range 8 {
			giving.Go(func() {
				if _, err := b.give(pool, bridge.Person{UserID: 5}, ""); err != nil {
					b.expect(err, bridge.CodeBudgetExhausted)
				}
			})
		}
		giving.Wait()
		if len(b.queued) != 1 {
			b.Errorf("%d messages", len(b.queued))
		}
	})
}

// admit asks whether an account may write to somebody.
func (b *bench) admit(account bridge.AccountID, keys ...bridge.PersonKey) (a bridge.Assignment, err error) {
	err = b.Change(b.Context(), func(t *store.Tx) error {
		a, err = b.pools.Admit(t, account, keys)
		return err
	})
	return a, err
}

// TestDirectly has messages that are given to an account of a pool fall under
// the same rules.
func TestDirectly(t *testing.T) {
	onBoth(t, func(b *bench) {
		pool := b.pool(bridge.PoolPolicy{FirstMessages: 1})
		one, two, alone := b.account(pool, 9), b.account(pool, 9), b.account(pool, 9)
		b.check(b.pools.RemoveMember(b.Context(), pool, alone))
		if a, err := b.admit(one, "user:5"); err != nil || a.Account != one || !a.First() {
			b.Errorf("%+v, %v", a, err)
		}
		_, err := b.admit(one, "user:5")
		b.expect(err, bridge.CodeBudgetExhausted)
		_, err = b.admit(two, "user:5")
		b.expect(err, bridge.CodeConflict)
		for range 2 { // of an account in no pool, others decide
			if a, err := b.admit(alone, "user:5"); err != nil || a.Account != alone {
				b.Errorf("%+v, %v", a, err)
			}
		}
		b.suppress(bridge.Person{UserID: 5})
		_, err = b.admit(alone, "user:5")
		b.expect(err, bridge.CodeSuppressed)
	})
}

// TestCheck has people turn out to be the same before they are written to.
func TestCheck(t *testing.T) {
	onBoth(t, func(b *bench) {
		pool := b.pool(bridge.PoolPolicy{FirstMessages: 1})
		one, two, alone := b.account(pool, 9), b.account(pool, 9), b.account(pool, 9)
		b.check(b.pools.RemoveMember(b.Context(), pool, alone))
		check := func(account bridge.AccountID, knows bridge.Acquaintance, c bridge.Conversation) (err error) {
			h := store.Head{Message: &bridge.Message{AccountID: account}, Conversation: &c, Acquaintance: knows}
			b.check(b.Change(b.Context(), func(t *store.Tx) error {
				err = b.pools.Check(t, h)
				return nil // what was learned is kept
			}))
			return err
		}
		user := func(id int64, username, phone string) bridge.Conversation {
			return bridge.Conversation{Peer: bridge.Peer{Kind: bridge.UserPeer, ID: id}, Username: username, Phone: phone}
		}
		_, err := b.admit(one, "phone:1234567")
		b.check(err)
		b.now = b.now.Add(time.Second)
		_, err = b.admit(two, "username:ann_1")
		b.check(err)
		b.check(check(two, bridge.Stranger, bridge.Conversation{Peer: bridge.Peer{Kind: bridge.UsernamePeer, Name: "ann_1"}}))
		b.check(check(one, bridge.Stranger, user(5, "", "1234567")))
		b.expect(check(two, bridge.Stranger, user(5, "ann_1", "")), bridge.CodeConflict)
		b.check(check(two, bridge.Known, user(5, "ann_1", ""))) // an answer
		_, err = b.admit(two, "username:ann_1")
		b.expect(err, bridge.CodeConflict)
		b.expect(check(one, bridge.Written, user(5, "", "")), bridge.CodeBudgetExhausted) // two were given, whoever sent them
		for range 2 {                                                                     // given before the account was in the pool
			b.check(check(one, bridge.Stranger, user(6, "", "")))
		}
		b.expect(check(two, bridge.Stranger, user(6, "", "")), bridge.CodeConflict)
		b.check(check(alone, bridge.Stranger, user(5, "", "")))
		b.check(check(two, bridge.Stranger, bridge.Conversation{Peer: bridge.Peer{Kind: bridge.ChannelPeer, ID: 5}}))
		b.suppress(bridge.Person{Phone: "1234567"})
		b.expect(check(two, bridge.Stranger, user(7, "ann_1", "")), bridge.CodeSuppressed)
		b.expect(check(alone, bridge.Known, user(8, "", "1234567")), bridge.CodeSuppressed)
	})
}

func TestPools(t *testing.T) {
	onBoth(t, func(b *bench) {
		ctx := b.Context()
		_, err := b.pools.Create(ctx, "x", bridge.PoolPolicy{FirstMessages: -1})
		b.expect(err, bridge.CodeInvalidRequest)
		pool := b.pool(bridge.PoolPolicy{FirstMessages: 1})
		account := b.account(pool, 3)
		got, err := b.pools.Members(ctx, pool)
		if want := []bridge.PoolMember{{AccountID: account, State: bridge.Online, Next: start, Today: 3}}; err != nil || !reflect.DeepEqual(got, want) {
			b.Errorf("%+v, want %+v, %v", got, want, err)
		}
		_, err = b.pools.Members(ctx, "pool_none")
		b.expect(err, bridge.CodeNotFound)
		_, err = b.pools.Update(ctx, "pool_none", "x", bridge.PoolPolicy{})
		b.expect(err, bridge.CodeNotFound)
		changed, err := b.pools.Update(ctx, pool, "support", bridge.PoolPolicy{FirstMessages: 2})
		b.check(err)
		if list, err := b.pools.List(ctx, "", 9); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], changed) {
			b.Errorf("%+v, %v", list, err)
		}
		bot, err := bridge.NewID[bridge.AccountID](start, rand.Reader)
		b.check(err)
		b.check(b.Change(ctx, func(t *store.Tx) error {
			return t.AddAccount(&bridge.Account{ID: bot, Kind: bridge.BotAccount, Status: bridge.Status{State: bridge.New, Since: start}, CreatedAt: start})
		}))
		b.expect(b.pools.AddMember(ctx, pool, bot), bridge.CodeSurfaceUnable)
		b.expect(b.pools.AddMember(ctx, "pool_none", account), bridge.CodeNotFound)
		b.expect(b.pools.AddMember(ctx, pool, "acc_none"), bridge.CodeNotFound)
		b.check(b.pools.Delete(ctx, pool))
		_, err = b.pools.Pool(ctx, pool)
		b.expect(err, bridge.CodeNotFound)
	})
}

// BenchmarkGive gives messages to new people to a pool of twenty accounts.
func BenchmarkGive(t *testing.B) {
	b := newBench(t, pgtest.Database(t))
	pool := b.pool(bridge.PoolPolicy{FirstMessages: 1})
	for range 20 {
		b.account(pool, 50)
	}
	user := int64(0)
	for t.Loop() {
		user++
		_, err := b.give(pool, bridge.Person{UserID: user}, "")
		b.check(err)
	}
}
