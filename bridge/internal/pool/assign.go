// Package pool decides which account of a pool does what, and keeps what it has
// decided.
//
// [Assign] and [Admit] are the whole of the rules, as pure functions. [Pools] is
// what carries them out on the store: [Pools.Give] gives a message to a pool,
// and [Pools.Admit] asks the same for one that was given to an account. Both
// store whose a person is before anything is sent. [Pools.Check] is asked again
// when it is sent: by then more may be known of who the person is.
//
// # The rules
//
//   - Nobody on the suppression list is written to, by any account.
//   - A person belongs to the account that has written to them first, or that
//     they have written to, and stays with it.
//   - All accounts of a pool together write to a person who has not answered as
//     often as the pool's policy says, and no more.
//   - What an account has not been able to write first, because its budget is
//     used up, or Telegram has restricted or banned it, waits or fails. It is
//     never given to another account.
//   - The conversations of a banned or restricted account go to another one if
//     the pool's policy says so and the person wrote first, in that very
//     conversation. To the other account it is a first message all the same.
package pool

import (
	"cmp"
	"slices"
	"time"

	"godwit/bridge"
)

// A Person is what a pool knows of somebody who is to be written to.
type Person struct {
	// Account is the one whose the person is; empty: nobody's yet.
	Account bridge.AccountID
	// FirstMessages is how many messages the accounts of the pool have been given
	// for the person before an answer.
	FirstMessages int
	// Refusal is why nobody is to write to the person, such as that they are on
	// the suppression list; nil: they may.
	Refusal error
}

// A Member is an account of a pool, and how it knows the person.
type Member struct {
	ID    bridge.AccountID
	State bridge.State
	Knows bridge.Acquaintance
	// WroteFirst says that the person began the conversation with the account.
	WroteFirst bool
	LastAt     time.Time // of the last message between them; zero: none
	// Message is when the account's budget has the next message to somebody it
	// knows, First when a first message that is queued behind all others; the
	// zero time: never.
	Message, First time.Time
	Queued         int // first messages that wait
}

// Assign says which account of a pool writes to a person. The error is a
// *bridge.Error that says why none does.
func Assign(policy bridge.PoolPolicy, p Person, members []Member) (bridge.Assignment, error) {
	if p.Refusal != nil {
		return bridge.Assignment{}, p.Refusal
	}
	p.FirstMessages = max(p.FirstMessages, unanswered(members))
	holder, reason, err := holderOf(policy, p, members)
	switch {
	case err != nil:
		return bridge.Assignment{}, err
	case holder == nil:
		return first(policy, p, members, bridge.HasBudget)
	case policy.HandsOver(holder.State) && holder.WroteFirst:
		a, err := handOver(policy, p, members, holder.ID)
		if err == nil || holder.State == bridge.Banned {
			return a, err
		}
		// Nobody takes it; a restricted account may still answer.
	}
	return stay(policy, p, holder, reason)
}

// Admit says whether an account of a pool may write to a person, when that was
// asked of it and not of the pool.
func Admit(policy bridge.PoolPolicy, p Person, members []Member, account bridge.AccountID) (bridge.Assignment, error) {
	if p.Refusal != nil {
		return bridge.Assignment{}, p.Refusal
	}
	p.FirstMessages = max(p.FirstMessages, unanswered(members))
	i := slices.IndexFunc(members, func(m Member) bool { return m.ID == account })
	if i < 0 {
		return bridge.Assignment{}, bridge.Errorf(bridge.CodeNotFound, "Account %s is not in the pool.", account)
	}
	m := &members[i]
	if m.Knows == bridge.Known { // an answer
		return stay(policy, p, m, bridge.Acquainted)
	}
	holder, reason, err := holderOf(policy, p, members)
	switch {
	case err != nil:
		return bridge.Assignment{}, err
	case holder == nil:
		return stay(policy, p, m, bridge.HasBudget)
	case holder.ID != account:
		return bridge.Assignment{}, bridge.Errorf(bridge.CodeConflict,
			"The person is account %s's: a first message is not sent from another account of its pool.", holder.ID)
	}
	return stay(policy, p, m, reason)
}

// unanswered returns how many accounts have written and got no answer. They may
// have done so before they were in the pool.
func unanswered(members []Member) int {
	n := 0
	for i := range members {
		if members[i].Knows == bridge.Written {
			n++
		}
	}
	return n
}

// holderOf returns the account whose the person is; nil: nobody's. Somebody who
// has written to another account, and whose own one cannot answer or has got no
// answer, is that one's.
func holderOf(policy bridge.PoolPolicy, p Person, members []Member) (*Member, bridge.AssignmentReason, error) {
	var theirs, talks, knows *Member
	able := func(m *Member) bool {
		return m.Knows == bridge.Known && m.State != bridge.Banned && !policy.HandsOver(m.State)
	}
	for i := range members {
		m := &members[i]
		if m.ID == p.Account {
			theirs = m
		}
		if m.Knows == bridge.Stranger {
			continue
		}
		if knows == nil || closer(m, knows) < 0 {
			knows = m
		}
		if able(m) && (talks == nil || closer(m, talks) < 0) {
			talks = m
		}
	}
	switch {
	case theirs != nil && (able(theirs) || talks == nil):
		return theirs, bridge.Theirs, nil
	case talks != nil:
		return talks, bridge.Acquainted, nil
	case p.Account != "" && p.FirstMessages > 0 && (knows == nil || knows.Knows != bridge.Known):
		return nil, "", bridge.Errorf(bridge.CodeConflict,
			"The person was written to by account %s, which is not in the pool any more, and has not answered.", p.Account)
	}
	return knows, bridge.Acquainted, nil
}

// closer compares how well two accounts know a person, the better one first.
func closer(a, b *Member) int {
	known := func(m *Member) int {
		if m.Knows == bridge.Known {
			return 0
		}
		return 1
	}
	return cmp.Or(known(a)-known(b), b.LastAt.Compare(a.LastAt), cmp.Compare(a.ID, b.ID))
}

// stay has an account write to a person who is its own.
func stay(policy bridge.PoolPolicy, p Person, m *Member, reason bridge.AssignmentReason) (bridge.Assignment, error) {
	a := bridge.Assignment{Account: m.ID, Reason: reason, Kind: bridge.BudgetOf(bridge.UserPeer, m.Knows), At: m.Message}
	if m.State == bridge.Banned {
		return bridge.Assignment{}, bridge.Errorf(bridge.CodeAccountBanned, "The person is account %s's, which Telegram has banned.", m.ID)
	}
	if !a.First() {
		return a, nil
	}
	a.At = m.First
	if m.State == bridge.Restricted {
		return bridge.Assignment{}, bridge.Errorf(bridge.CodeAccountRestricted,
			"The person is account %s's, which Telegram does not let write to people who have not written.", m.ID)
	}
	if err := allowed(policy, p); err != nil {
		return bridge.Assignment{}, err
	}
	return a, nil
}

// allowed returns an error if a person must not get another message before they
// answer.
func allowed(policy bridge.PoolPolicy, p Person) error {
	if p.FirstMessages < policy.FirstMessages {
		return nil
	}
	return bridge.Errorf(bridge.CodeBudgetExhausted,
		"The person has not answered, and has got %d of the %d messages that the pool allows until then.", p.FirstMessages, policy.FirstMessages)
}

// first has the account write to a person who is nobody's whose budget lets it
// do so first.
func first(policy bridge.PoolPolicy, p Person, members []Member, reason bridge.AssignmentReason) (bridge.Assignment, error) {
	if err := allowed(policy, p); err != nil {
		return bridge.Assignment{}, err
	}
	var best *Member
	online := false
	for i := range members {
		m := &members[i]
		if !m.State.Runs() || m.State == bridge.Restricted {
			continue
		}
		online = true
		if !m.First.IsZero() && (best == nil || before(m, best) < 0) {
			best = m
		}
	}
	switch {
	case best != nil:
		return bridge.Assignment{Account: best.ID, Reason: reason, Kind: bridge.BudgetFirstMessages, At: best.First}, nil
	case online:
		return bridge.Assignment{}, bridge.Errorf(bridge.CodeBudgetExhausted, "No account of the pool has a budget for first messages.")
	}
	return bridge.Assignment{}, bridge.Errorf(bridge.CodeAccountNotOnline, "No account of the pool is online and may write to new people.")
}

// before compares the budgets of two accounts, the one that is to go first
// first.
func before(a, b *Member) int {
	return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Queued, b.Queued), cmp.Compare(a.ID, b.ID))
}

// handOver has another account than that of a person write to them: one that
// they have written to as well, or any.
func handOver(policy bridge.PoolPolicy, p Person, members []Member, from bridge.AccountID) (bridge.Assignment, error) {
	var others []Member
	var known *Member
	for i := range members {
		m := &members[i]
		if m.ID == from {
			continue
		}
		others = append(others, *m)
		if m.Knows == bridge.Known && m.State.Runs() && (known == nil || closer(m, known) < 0) {
			known = m
		}
	}
	if known != nil {
		return stay(policy, p, known, bridge.HandedOver)
	}
	return first(policy, p, others, bridge.HandedOver)
}
