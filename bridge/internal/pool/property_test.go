package pool

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"godwit/bridge"
	"godwit/bridge/internal/budget"
)

// A world is a pool, its accounts and the people whom they write to, as they are
// after what a test has had happen.
type world struct {
	policy   bridge.PoolPolicy
	now      time.Time
	accounts []*account
	people   []*somebody
	sent     []sending
}

type account struct {
	id     bridge.AccountID
	state  bridge.State
	budget budget.Budget
	queue  []*message
	talks  map[*somebody]*talk
}

// A talk is a conversation of an account and a person.
type talk struct {
	wroteFirst bridge.Direction
	answered   bool
	lastAt     time.Time
}

type somebody struct {
	Person
	given []bridge.AccountID // who was given first messages to them, in order
}

type message struct {
	to    *somebody
	first bool
}

type sending struct {
	by   *account
	kind bridge.BudgetKind
	at   time.Time
}

func newWorld(t *rapid.T) *world {
	w := &world{now: start, policy: bridge.PoolPolicy{FirstMessages: rapid.IntRange(0, 2).Draw(t, "first messages")}}
	for _, s := range []bridge.State{bridge.Banned, bridge.Restricted} {
		if rapid.Bool().Draw(t, "hands over "+string(s)) {
			w.policy.HandOver = append(w.policy.HandOver, s)
		}
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "accounts") {
		perDay := rapid.IntRange(0, 3).Draw(t, "per day")
		w.accounts = append(w.accounts, &account{
			id: bridge.AccountID(fmt.Sprint("acc_", i)), state: bridge.Online, talks: make(map[*somebody]*talk),
			budget: budget.Budget{Zone: time.UTC, Plan: bridge.BudgetPlan{bridge.BudgetFirstMessages: {
				Limits: map[bridge.Window]int{bridge.PerHour: 1, bridge.PerDay: perDay},
			}}},
		})
	}
	for range 3 {
		w.people = append(w.people, new(somebody))
	}
	return w
}

// members returns the accounts as Assign is told of them.
func (w *world) members(p *somebody) []Member {
	var list []Member
	for _, a := range w.accounts {
		waiting := 0
		for _, m := range a.queue {
			if m.first {
				waiting++
			}
		}
		m := Member{
			ID: a.id, State: a.state, Knows: bridge.Stranger, Queued: waiting,
			Message: a.budget.Next(bridge.BudgetMessages, w.now).At,
			First:   a.budget.Forecast(bridge.BudgetFirstMessages, waiting+1, w.now).At,
		}
		if c := a.talks[p]; c != nil {
			m.Knows, m.WroteFirst, m.LastAt = bridge.Written, c.wroteFirst == bridge.Inbound, c.lastAt
			if c.answered {
				m.Knows = bridge.Known
			}
		}
		list = append(list, m)
	}
	return list
}

func (w *world) account(t *rapid.T, id bridge.AccountID) *account {
	for _, a := range w.accounts {
		if a.id == id {
			return a
		}
	}
	t.Fatalf("assigned to %q", id)
	return nil
}

// take does what the service does with a decision, and checks it.
func (w *world) take(t *rapid.T, p *somebody, d bridge.Assignment) {
	a := w.account(t, d.Account)
	if p.Refusal != nil {
		t.Fatal("a suppressed person is written to")
	}
	if a.state == bridge.Banned || d.First() && a.state == bridge.Restricted {
		t.Fatalf("%+v, which is %s", d, a.state)
	}
	p.Account = a.id
	c := a.talks[p]
	if known := c != nil && c.answered; known == d.First() {
		t.Fatalf("%+v, and they know each other: %t", d, known)
	}
	if d.First() {
		for _, id := range p.given {
			if b := w.account(t, id); b != a && !w.givesUp(b, p) {
				t.Fatalf("a first message of %s is moved to %s", b.id, a.id)
			}
		}
		p.given = append(p.given, a.id)
		if p.FirstMessages++; len(p.given) > w.policy.FirstMessages {
			t.Fatalf("%d first messages, %v", len(p.given), p.given)
		}
	}
	if c == nil {
		a.talks[p] = &talk{wroteFirst: bridge.Outbound}
		c = a.talks[p]
	}
	c.lastAt = w.now
	a.queue = append(a.queue, &message{p, d.First()})
}

// givesUp reports whether a conversation of an account may go to another one.
func (w *world) givesUp(a *account, p *somebody) bool {
	c := a.talks[p]
	return c != nil && c.wroteFirst == bridge.Inbound && w.policy.HandsOver(a.state)
}

// send has all accounts send what they may.
func (w *world) send() {
	for _, a := range w.accounts {
		if !a.state.Runs() {
			continue
		}
		var rest []*message
		for _, m := range a.queue {
			kind := bridge.BudgetMessages
			if m.first && !a.talks[m.to].answered {
				kind = bridge.BudgetFirstMessages
			}
			if m.to.Refusal != nil {
				continue
			}
			if !a.budget.Next(kind, w.now).Now() {
				rest = append(rest, m)
				continue
			}
			a.budget.Start(kind, w.now)
			w.sent = append(w.sent, sending{a, kind, w.now})
		}
		a.queue = rest
	}
}

// check has no account over its budget in any window.
func (w *world) check(t *rapid.T) {
	for i, s := range w.sent {
		if s.kind != bridge.BudgetFirstMessages {
			continue
		}
		hour, day := 0, 0
		for _, r := range w.sent[:i+1] {
			if r.by != s.by || r.kind != s.kind {
				continue
			}
			if s.at.Sub(r.at) < time.Hour {
				hour++
			}
			if r.at.YearDay() == s.at.YearDay() {
				day++
			}
		}
		if limits := s.by.budget.Plan[s.kind].Limits; hour > limits[bridge.PerHour] || day > limits[bridge.PerDay] {
			t.Fatalf("%s: %d in an hour, %d in a day", s.by.id, hour, day)
		}
	}
}

// TestInvariants has everything happen to a pool, in any order: no account is
// ever over its budget, first messages are never moved, a person never gets more
// of them than the pool allows, and who is suppressed is never written to.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		somebody := func(t *rapid.T) *somebody { return rapid.SampledFrom(w.people).Draw(t, "person") }
		account := func(t *rapid.T) *account { return rapid.SampledFrom(w.accounts).Draw(t, "account") }
		t.Repeat(map[string]func(*rapid.T){
			"": w.check,
			"give to the pool": func(t *rapid.T) {
				p := somebody(t)
				members := w.members(p)
				d, err := Assign(w.policy, p.Person, members)
				if err == nil {
					w.take(t, p, d)
				} else if d != (bridge.Assignment{}) {
					t.Fatalf("%+v and %v", d, err)
				}
			},
			"give to an account": func(t *rapid.T) {
				p, a := somebody(t), account(t)
				d, err := Admit(w.policy, p.Person, w.members(p), a.id)
				switch {
				case err != nil:
				case d.Account != a.id:
					t.Fatalf("%s was asked: %+v", a.id, d)
				default:
					held := p.Account
					w.take(t, p, d)
					if !d.First() && held != "" {
						p.Account = held // as the service does
					}
				}
			},
			"write": func(t *rapid.T) {
				p, a := somebody(t), account(t)
				if a.state == bridge.Banned {
					return
				}
				if a.talks[p] == nil {
					a.talks[p] = &talk{wroteFirst: bridge.Inbound}
				}
				a.talks[p].answered, a.talks[p].lastAt = true, w.now
			},
			"pass": func(t *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "minutes")) * time.Minute)
				w.send()
			},
			"happen": func(t *rapid.T) {
				if a := account(t); a.state != bridge.Banned {
					a.state = rapid.SampledFrom([]bridge.State{bridge.Online, bridge.Online, bridge.Restricted, bridge.Paused, bridge.Banned}).Draw(t, "state")
				}
			},
			"flood": func(t *rapid.T) {
				account(t).budget.Refused(bridge.BudgetFirstMessages, w.now, time.Duration(rapid.IntRange(0, 9000).Draw(t, "wait"))*time.Second)
			},
			"suppress": func(t *rapid.T) { somebody(t).Refusal = refusal },
		})
	})
}
