package pool

import (
	"context"
	"io"
	"slices"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
)

// A Suppression is the list of people who do not want to be written to.
type Suppression interface {
	// Check returns a *bridge.Error of CodeSuppressed if anything that a person is
	// known by is on the list.
	Check(t *store.Tx, keys []bridge.PersonKey) error
}

// Listed is the suppression list of the store.
type Listed struct{}

// Check implements Suppression.
func (Listed) Check(t *store.Tx, keys []bridge.PersonKey) error {
	found, err := t.Suppressed(keys)
	if err != nil || found == nil {
		return err
	}
	return found.Refusal()
}

// An Outbox takes messages that accounts are to send.
type Outbox interface {
	// Enqueue stores a message of an account, in the transaction that has decided
	// that it is the account's, and sees to it that it is sent once that is
	// permanent.
	Enqueue(t *store.Tx, account bridge.AccountID, m bridge.PoolMessage) (bridge.MessageID, error)
}

// Options are what Pools are made of. All are required.
type Options struct {
	Store       *store.Store
	Suppression Suppression
	Outbox      Outbox
	Now         func() time.Time
	Entropy     io.Reader // of ids; safe for concurrent use
}

// Pools are the pools of a daemon. They are safe for concurrent use.
type Pools struct{ o Options }

// New returns the pools that are stored.
func New(o Options) *Pools { return &Pools{o} }

// Create makes a pool.
func (p *Pools) Create(ctx context.Context, name string, policy bridge.PoolPolicy) (*bridge.Pool, error) {
	if err := policy.Check(); err != nil {
		return nil, err
	}
	now := p.o.Now()
	id, err := bridge.NewID[bridge.PoolID](now, p.o.Entropy)
	if err != nil {
		return nil, err
	}
	pool := &bridge.Pool{ID: id, Name: name, Policy: policy, CreatedAt: now}
	return pool, p.o.Store.Change(ctx, func(t *store.Tx) error { return t.SetPool(pool) })
}

// Pool returns a pool.
func (p *Pools) Pool(ctx context.Context, id bridge.PoolID) (*bridge.Pool, error) {
	return p.o.Store.Pool(ctx, id)
}

// List returns up to limit pools whose id comes after another.
func (p *Pools) List(ctx context.Context, after bridge.PoolID, limit int) ([]*bridge.Pool, error) {
	return p.o.Store.Pools(ctx, after, limit)
}

// Update changes the name and policy of a pool.
func (p *Pools) Update(ctx context.Context, id bridge.PoolID, name string, policy bridge.PoolPolicy) (*bridge.Pool, error) {
	if err := policy.Check(); err != nil {
		return nil, err
	}
	var pool *bridge.Pool
	err := p.o.Store.Change(ctx, func(t *store.Tx) (err error) {
		if pool, err = t.Pool(id); err != nil {
			return err
		}
		pool.Name, pool.Policy = name, policy
		return t.SetPool(pool)
	})
	return pool, err
}

// Delete deletes a pool and what it knows of people. Its accounts stay.
func (p *Pools) Delete(ctx context.Context, id bridge.PoolID) error {
	return p.o.Store.Change(ctx, func(t *store.Tx) error { return t.DeletePool(id) })
}

// AddMember adds an account, which is in one pool at most.
func (p *Pools) AddMember(ctx context.Context, id bridge.PoolID, account bridge.AccountID) error {
	return p.o.Store.Change(ctx, func(t *store.Tx) error {
		if _, err := t.Pool(id); err != nil {
			return err
		}
		a, err := t.Account(account)
		if err != nil {
			return err
		}
		if a.Kind != bridge.UserAccount {
			return bridge.Errorf(bridge.CodeSurfaceUnable, "Account %s is a bot. Bots cannot write to people first, so pools have none.", account)
		}
		return t.AddPoolMember(id, account)
	})
}

// RemoveMember takes an account out. To whom it has written stays known, so that
// others of the pool do not write to them too.
func (p *Pools) RemoveMember(ctx context.Context, id bridge.PoolID, account bridge.AccountID) error {
	return p.o.Store.Change(ctx, func(t *store.Tx) error { return t.RemovePoolMember(id, account) })
}

// Members returns how the accounts of a pool stand.
func (p *Pools) Members(ctx context.Context, id bridge.PoolID) ([]bridge.PoolMember, error) {
	if _, err := p.o.Store.Pool(ctx, id); err != nil {
		return nil, err
	}
	rows, err := p.o.Store.PoolMembers(ctx, id)
	if err != nil {
		return nil, err
	}
	now := p.o.Now()
	list := make([]bridge.PoolMember, len(rows))
	for i, row := range rows {
		b, err := spend.Of(row.AccountID, &row.Budget)
		if err != nil {
			return nil, err
		}
		list[i] = bridge.PoolMember{
			AccountID: row.AccountID, State: row.State, Queued: row.Queued,
			Next:  b.Forecast(bridge.BudgetFirstMessages, row.Queued+1, now).At,
			Today: b.Today(bridge.BudgetFirstMessages, now),
		}
	}
	return list, nil
}

// Give has an account of a pool send a message to a person, and stores whose
// they are together with the message. Repeated with the same idempotency key,
// which may be empty, it does nothing and returns what it did before.
func (p *Pools) Give(ctx context.Context, id bridge.PoolID, m bridge.PoolMessage, idempotencyKey string) (*bridge.PoolReceipt, error) {
	keys, err := m.Person.Keys()
	if err != nil {
		return nil, err
	}
	var g *bridge.PoolReceipt
	err = p.o.Store.Change(ctx, func(t *store.Tx) error {
		pool, err := t.Pool(id) // one at a time
		if err != nil {
			return err
		}
		scope := string(id) + " " + string(m.RequestBy)
		g, err = store.Once(t, scope, idempotencyKey, m, p.o.Now(), func() (*bridge.PoolReceipt, error) {
			a, err := p.assign(t, pool, keys, "")
			if err != nil {
				return nil, err
			}
			message, err := p.o.Outbox.Enqueue(t, a.Account, m)
			return &bridge.PoolReceipt{MessageID: message, Assignment: a}, err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// Admit says whether an account may write a message to a person, and notes whose
// they are. It is for messages that are given to an account: call it in the
// transaction that stores the message, before anything else of it. Of an account
// that is in no pool only the suppression list is asked, and the Assignment has
// no more than the account.
func (p *Pools) Admit(t *store.Tx, account bridge.AccountID, keys []bridge.PersonKey) (bridge.Assignment, error) {
	pool, err := t.PoolOf(account)
	if err != nil {
		return bridge.Assignment{}, err
	}
	if pool != nil {
		return p.assign(t, pool, keys, account)
	}
	if err := p.o.Suppression.Check(t, keys); err != nil {
		return bridge.Assignment{}, err
	}
	return bridge.Assignment{Account: account}, nil
}

// assign decides who of a pool writes to a person, or whether one account may,
// and stores it.
func (p *Pools) assign(t *store.Tx, pool *bridge.Pool, keys []bridge.PersonKey, only bridge.AccountID) (bridge.Assignment, error) {
	row, keys, err := p.person(t, pool.ID, keys)
	if err != nil {
		return bridge.Assignment{}, err
	}
	person := Person{Account: row.AccountID, FirstMessages: row.FirstMessages, Refusal: p.o.Suppression.Check(t, keys)}
	members, err := p.members(t, pool.ID, keys)
	if err != nil {
		return bridge.Assignment{}, err
	}
	var a bridge.Assignment
	if only == "" {
		a, err = Assign(pool.Policy, person, members)
	} else {
		a, err = Admit(pool.Policy, person, members, only)
	}
	if err != nil {
		return bridge.Assignment{}, err
	}
	if only != "" && !a.First() && row.AccountID != "" {
		return a, nil // an answer of another account takes the person from nobody
	}
	if row.AccountID != a.Account {
		row.AccountID, row.AssignedAt = a.Account, p.o.Now()
	}
	if a.First() {
		row.FirstMessages++
	}
	return a, t.SetPerson(pool.ID, row, keys)
}

// person returns who is known by any of some keys, and everything that they are
// known by: those who were thought to be several are one from now on. Nobody is
// a row without an account.
func (p *Pools) person(t *store.Tx, id bridge.PoolID, keys []bridge.PersonKey) (store.PersonRow, []bridge.PersonKey, error) {
	people, err := t.People(id, keys)
	if err != nil {
		return store.PersonRow{}, nil, err
	}
	if len(people) == 0 {
		return store.PersonRow{Name: string(keys[0])}, keys, nil
	}
	row := people[0]
	if len(people) > 1 {
		if row, err = t.MergePeople(id, people); err != nil {
			return row, nil, err
		}
	}
	known, err := t.PersonKeys(id, row.Name)
	if err != nil {
		return row, nil, err
	}
	for _, key := range known {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return row, keys, nil
}

// Check returns a *bridge.Error if a message must not be sent: its person is on
// the suppression list, or has turned out to be somebody to whom another account
// of the pool has written, or who has got enough messages before an answer. It is
// to be called before a message is started, and again when the account has
// looked up whom a name belongs to. The transaction is to be committed all the
// same, so that what was learned is kept.
func (p *Pools) Check(t *store.Tx, h store.Head) error {
	keys := h.Conversation.PersonKeys()
	if len(keys) == 0 {
		return nil
	}
	pool, err := t.PoolOf(h.Message.AccountID)
	if err != nil {
		return err
	}
	if pool == nil || h.Acquaintance == bridge.Known {
		return p.o.Suppression.Check(t, keys)
	}
	row, keys, err := p.person(t, pool.ID, keys)
	if err != nil {
		return err
	}
	if err := p.o.Suppression.Check(t, keys); err != nil {
		return err
	}
	if row.AccountID == "" { // it was given when the account was not in the pool
		row.AccountID, row.AssignedAt, row.FirstMessages = h.Message.AccountID, p.o.Now(), row.FirstMessages+1
	}
	switch {
	case row.AccountID != h.Message.AccountID:
		return bridge.Errorf(bridge.CodeConflict, "The person has turned out to be account %s's.", row.AccountID)
	case row.FirstMessages > pool.Policy.FirstMessages:
		return bridge.Errorf(bridge.CodeBudgetExhausted,
			"The person was given %d messages before an answer; the pool allows %d.", row.FirstMessages, pool.Policy.FirstMessages)
	}
	return t.SetPerson(pool.ID, row, keys)
}

// members returns the accounts of a pool, and how they know a person.
func (p *Pools) members(t *store.Tx, id bridge.PoolID, keys []bridge.PersonKey) ([]Member, error) {
	rows, err := t.PoolMembers(id)
	if err != nil {
		return nil, err
	}
	acquaintances, err := t.Acquaintances(id, keys)
	if err != nil {
		return nil, err
	}
	now := p.o.Now()
	members := make([]Member, len(rows))
	for i, row := range rows {
		b, err := spend.Of(row.AccountID, &row.Budget)
		if err != nil {
			return nil, err
		}
		m := Member{
			ID: row.AccountID, State: row.State, Knows: bridge.Stranger, Queued: row.Queued,
			Message: b.Next(bridge.BudgetMessages, now).At,
			First:   b.Forecast(bridge.BudgetFirstMessages, row.Queued+1, now).At,
		}
		for _, a := range acquaintances {
			if a.AccountID == m.ID {
				m.Knows, m.WroteFirst, m.LastAt = knows(a), a.PersonWrote && a.First == bridge.Inbound, a.LastAt
			}
		}
		members[i] = m
	}
	return members, nil
}

func knows(a store.AcquaintanceRow) bridge.Acquaintance {
	switch {
	case a.PersonWrote:
		return bridge.Known
	case a.First != "":
		return bridge.Written
	}
	return bridge.Stranger
}
