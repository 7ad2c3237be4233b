package pool

import (
	"errors"
	"testing"
	"time"

	"godwit/bridge"
)

var start = time.Date(2030, 5, 1, 9, 0, 0, 0, time.UTC)

// A row changes the pool that a test begins with.
type row struct {
	name    string
	policy  bridge.PoolPolicy
	person  Person
	members []Member
	want    bridge.AccountID
	reason  bridge.AssignmentReason
	first   bool
	err     bridge.Code
}

var (
	once      = bridge.PoolPolicy{FirstMessages: 1}
	handsOver = bridge.PoolPolicy{FirstMessages: 1, HandOver: []bridge.State{bridge.Banned, bridge.Restricted}}
)

// member returns an account that knows nobody, and whose budget has the next
// first message after some minutes; below 0: never.
func member(id bridge.AccountID, state bridge.State, minutes int) Member {
	m := Member{ID: id, State: state, Knows: bridge.Stranger, Message: start}
	if minutes >= 0 {
		m.First = start.Add(time.Duration(minutes) * time.Minute)
	}
	return m
}

func (m Member) wrote() Member { m.Knows, m.LastAt = bridge.Written, start; return m }

func (m Member) answered() Member { m.Knows, m.LastAt = bridge.Known, start; return m }

func (m Member) wasWritten() Member { m = m.answered(); m.WroteFirst = true; return m }

func (m Member) queued(n int) Member { m.Queued = n; return m }

func (m Member) ago(d time.Duration) Member { m.LastAt = m.LastAt.Add(-d); return m }

var refusal = &bridge.Error{Code: bridge.CodeSuppressed}

func TestAssign(t *testing.T) {
	const online, restricted, banned = bridge.Online, bridge.Restricted, bridge.Banned
	a, b, c := member("a", online, 5), member("b", online, 3), member("c", online, 4)
	tests := []row{
		{"nobody knows them", once, Person{}, []Member{a, b, c}, "b", bridge.HasBudget, true, ""},
		{"fewer wait", once, Person{}, []Member{member("a", online, 0).queued(2), member("b", online, 0).queued(1)}, "b", bridge.HasBudget, true, ""},
		{"not by who cannot", once, Person{}, []Member{a, member("b", bridge.Paused, 0), member("c", restricted, 0), member("d", banned, 0), member("e", bridge.LoginRequired, 0)}, "a", bridge.HasBudget, true, ""},
		{"nobody can", once, Person{}, []Member{member("b", bridge.Paused, 0), member("c", restricted, 0)}, "", "", false, bridge.CodeAccountNotOnline},
		{"nobody is there", once, Person{}, nil, "", "", false, bridge.CodeAccountNotOnline},
		{"nobody ever has budget", once, Person{}, []Member{member("a", online, -1)}, "", "", false, bridge.CodeBudgetExhausted},
		{"no first messages", bridge.PoolPolicy{}, Person{}, []Member{a}, "", "", false, bridge.CodeBudgetExhausted},
		{"suppressed", once, Person{Refusal: refusal}, []Member{a.answered()}, "", "", false, bridge.CodeSuppressed},

		{"a customer stays", once, Person{Account: "a"}, []Member{a.answered(), b}, "a", bridge.Theirs, false, ""},
		{"a customer stays with who is offline", once, Person{Account: "a"}, []Member{member("a", bridge.LoginRequired, 9).answered(), b}, "a", bridge.Theirs, false, ""},
		{"a customer whom nobody assigned", once, Person{}, []Member{a, b, c.wasWritten()}, "c", bridge.Acquainted, false, ""},
		{"a customer of two", once, Person{}, []Member{a.answered().ago(time.Hour), b.answered(), c.wrote()}, "b", bridge.Acquainted, false, ""},
		{"they have written to another", once, Person{Account: "a", FirstMessages: 1}, []Member{a.wrote(), b.wasWritten()}, "b", bridge.Acquainted, false, ""},
		{"they have answered, and write to another too", once, Person{Account: "a", FirstMessages: 1}, []Member{a.answered().ago(time.Hour), b.wasWritten()}, "a", bridge.Theirs, false, ""},

		{"they have not answered", once, Person{Account: "a", FirstMessages: 1}, []Member{a.wrote(), b}, "", "", false, bridge.CodeBudgetExhausted},
		{"another message before they answer", bridge.PoolPolicy{FirstMessages: 2}, Person{Account: "a", FirstMessages: 1}, []Member{a.wrote(), b}, "a", bridge.Theirs, true, ""},
		{"written to before the pool was", once, Person{}, []Member{a.wrote(), b}, "", "", false, bridge.CodeBudgetExhausted},
		{"written to by one that is gone", bridge.PoolPolicy{FirstMessages: 2}, Person{Account: "z", FirstMessages: 1}, []Member{a, b}, "", "", false, bridge.CodeConflict},
		{"one that is gone has not written", once, Person{Account: "z"}, []Member{a, b}, "b", bridge.HasBudget, true, ""},
		{"written to by one that is gone, and known", once, Person{Account: "z", FirstMessages: 1}, []Member{a.answered(), b}, "a", bridge.Acquainted, false, ""},

		{"the budget is used up", once, Person{Account: "a"}, []Member{member("a", online, 999), b}, "a", bridge.Theirs, true, ""},
		{"restricted before it could write", handsOver, Person{Account: "a"}, []Member{member("a", restricted, 0), b}, "", "", false, bridge.CodeAccountRestricted},
		{"banned before it could write", handsOver, Person{Account: "a"}, []Member{member("a", banned, 0), b}, "", "", false, bridge.CodeAccountBanned},
		{"banned, the account wrote first", handsOver, Person{Account: "a", FirstMessages: 1}, []Member{member("a", banned, 0).answered(), b}, "", "", false, bridge.CodeAccountBanned},
		{"banned, the person wrote first", handsOver, Person{}, []Member{member("a", banned, 0).wasWritten(), b, c}, "b", bridge.HandedOver, true, ""},
		{"banned, nobody may take it", once, Person{}, []Member{member("a", banned, 0).wasWritten(), b}, "", "", false, bridge.CodeAccountBanned},
		{"banned, nobody can take it", handsOver, Person{}, []Member{member("a", banned, 0).wasWritten(), member("b", restricted, 0)}, "", "", false, bridge.CodeAccountNotOnline},
		{"banned, another knows them", handsOver, Person{Account: "a"}, []Member{member("a", banned, 0).wasWritten(), b, c.answered()}, "c", bridge.Acquainted, false, ""},
		{"restricted, the person wrote first", handsOver, Person{}, []Member{member("a", restricted, 0).wasWritten(), b}, "b", bridge.HandedOver, true, ""},
		{"restricted, it answers itself", once, Person{}, []Member{member("a", restricted, 0).wasWritten(), b}, "a", bridge.Acquainted, false, ""},
		{"restricted, nobody takes it", handsOver, Person{}, []Member{member("a", restricted, 0).wasWritten()}, "a", bridge.Acquainted, false, ""},
		{"handed over, not answered", handsOver, Person{Account: "b", FirstMessages: 1}, []Member{member("a", banned, 0).wasWritten(), b.wrote(), c}, "", "", false, bridge.CodeBudgetExhausted},
		{"handed over, not written yet", bridge.PoolPolicy{FirstMessages: 2, HandOver: handsOver.HandOver}, Person{Account: "b", FirstMessages: 1}, []Member{member("a", banned, 0).wasWritten(), member("b", online, 99), c}, "b", bridge.Theirs, true, ""},
		{"handed over and answered", handsOver, Person{Account: "b", FirstMessages: 1}, []Member{member("a", banned, 0).wasWritten(), b.answered(), c}, "b", bridge.Theirs, false, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Assign(test.policy, test.person, test.members)
			test.check(t, got, err)
		})
	}
}

func (r row) check(t *testing.T, got bridge.Assignment, err error) {
	t.Helper()
	if got.Account != r.want || got.Reason != r.reason || got.First() != r.first {
		t.Errorf("%+v", got)
	}
	if r.err == "" && err != nil || r.err != "" && !errors.Is(err, &bridge.Error{Code: r.err}) {
		t.Errorf("error %v, want %s", err, r.err)
	}
	for _, m := range r.members {
		if want := map[bool]time.Time{false: m.Message, true: m.First}[r.first]; m.ID == got.Account && !got.At.Equal(want) {
			t.Errorf("at %v, want %v", got.At, want)
		}
	}
}

// TestAdmit has one account asked: a, always.
func TestAdmit(t *testing.T) {
	a, b := member("a", bridge.Online, 5), member("b", bridge.Online, 3)
	tests := []row{
		{"nobody knows them", once, Person{}, []Member{a, b}, "a", bridge.HasBudget, true, ""},
		{"suppressed", once, Person{Refusal: refusal}, []Member{a.answered()}, "", "", false, bridge.CodeSuppressed},
		{"another's", once, Person{Account: "b"}, []Member{a, b}, "", "", false, bridge.CodeConflict},
		{"another knows them", once, Person{}, []Member{a, b.answered()}, "", "", false, bridge.CodeConflict},
		{"another's, but they have written to it", once, Person{Account: "b", FirstMessages: 1}, []Member{a.wasWritten(), b.wrote()}, "a", bridge.Acquainted, false, ""},
		{"its own", once, Person{Account: "a"}, []Member{a, b}, "a", bridge.Theirs, true, ""},
		{"its own, not answered", once, Person{Account: "a", FirstMessages: 1}, []Member{a.wrote(), b}, "", "", false, bridge.CodeBudgetExhausted},
		{"restricted", once, Person{}, []Member{member("a", bridge.Restricted, 0), b}, "", "", false, bridge.CodeAccountRestricted},
		{"restricted, an answer", once, Person{}, []Member{member("a", bridge.Restricted, 0).answered(), b}, "a", bridge.Acquainted, false, ""},
		{"banned", once, Person{}, []Member{member("a", bridge.Banned, 0).answered(), b}, "", "", false, bridge.CodeAccountBanned},
		{"not there", once, Person{}, []Member{b}, "", "", false, bridge.CodeNotFound},
		{"one that is gone", bridge.PoolPolicy{FirstMessages: 2}, Person{Account: "z", FirstMessages: 1}, []Member{a}, "", "", false, bridge.CodeConflict},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Admit(test.policy, test.person, test.members, "a")
			test.check(t, got, err)
		})
	}
}
