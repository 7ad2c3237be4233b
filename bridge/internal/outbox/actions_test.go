package outbox_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/trial"
	"godwit/telegram"
	"godwit/telegram/groups"
)

// TestRamp has twenty accounts join two groups each and post in them, by what is
// queued for them, with the daemon restarted in the middle: each post is in its
// group once, and what cannot be done fails.
func TestRamp(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		publicGroups(p, "rampwaders", "rampdivers")
		n := p.Start("first")
		var accounts []bridge.AccountID
		all := bridge.BudgetPlan{bridge.BudgetJoins: {}, bridge.BudgetPosts: {}, bridge.BudgetLookups: {}}
		for i := range 20 {
			phone := fmt.Sprintf("99966%d%04d", 1+i%2, 3000+i)
			_, err := p.Sandbox.AddUser(phone, fmt.Sprint("account ", i), "")
			p.Check(err)
			id := n.Add()
			n.SignIn(id, phone)
			p.Check(spend.NewBudgets(n.Store, time.Now).SetPlan(p.Context(), id, "Europe/Berlin", all))
			accounts = append(accounts, id)
		}
		ramps := spend.NewRamps(n.Store, time.Now, rand.Reader)
		// What is tried again, since the daemon has ended meanwhile, costs the budget again.
		ramp, err := ramps.Create(p.Context(), "the twenty", bridge.RampPlan{
			PerDay: map[bridge.BudgetKind][]int{bridge.BudgetJoins: {6}, bridge.BudgetPosts: {6}},
		}, accounts, "key_1")
		p.Check(err)
		var work []bridge.RampWork
		for _, target := range []string{"rampwaders", "https://t.me/rampdivers", "@nobodyhasthis"} {
			work = append(work, bridge.RampWork{Kind: bridge.JoinAction, Target: target, Each: true},
				bridge.RampWork{Kind: bridge.PostAction, Target: target, Each: true, Content: bridge.Content{Text: "to " + target}})
		}
		queued, err := ramps.Queue(p.Context(), ramp.ID, work, "key_1", "once")
		p.Check(err)
		wake := func(n *trial.Node) {
			for _, id := range accounts {
				n.Outbox.Wake(id)
			}
		}
		wake(n)
		n.Await("a third is done", func() bool { return ended(n, ramp.ID)[bridge.ActionDone] >= len(queued)/3 })
		n.End()
		n = p.Start("second")
		n.Await("all is done or has failed", func() bool {
			counts := ended(n, ramp.ID)
			return counts[bridge.ActionDone]+counts[bridge.ActionFailed] == len(queued)
		})
		if got := ended(n, ramp.ID); got[bridge.ActionDone] != 80 || got[bridge.ActionFailed] != 40 {
			p.Errorf("of %d actions %v", len(queued), got)
		}
		posts := make(map[string]int)
		for _, e := range p.Sandbox.Ledger() {
			if strings.HasPrefix(e.Text, "to ") {
				posts[fmt.Sprint(e.From, e.PeerKind, e.PeerID, e.Text)]++
			}
		}
		if len(posts) != 40 {
			p.Errorf("%d posts, want 40", len(posts))
		}
		for post, times := range posts {
			if times != 1 {
				p.Errorf("%s is there %d times", post, times)
			}
		}
	})
}

// publicGroups has somebody make groups that anybody can join.
func publicGroups(p *trial.Place, names ...string) {
	p.Helper()
	const owner = "9996620002"
	_, err := p.Sandbox.AddUser(owner, "Boris", "")
	p.Check(err)
	boris := p.Client(owner, telegram.Options{Store: new(telegram.MemoryStore)})
	for _, name := range names {
		made, err := groups.Create(p.Context(), boris, groups.New{Kind: groups.Supergroup, Title: name})
		p.Check(err)
		p.Check(groups.SetUsername(p.Context(), boris, made.Peer, name))
	}
}

// ended counts the actions of a ramp by their states.
func ended(n *trial.Node, ramp bridge.RampID) map[bridge.ActionState]int {
	n.Helper()
	actions, err := n.Store.RampActions(n.Context(), ramp, "", 1000)
	n.Check(err)
	counts := make(map[bridge.ActionState]int)
	for _, a := range actions {
		counts[a.State]++
	}
	return counts
}
