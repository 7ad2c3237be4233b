package outbox_test

import (
	"fmt"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trial"
	"godwit/telegram"
)

// TestBehindBudget has messages to strangers, for whom there is no budget any more,
// hold up no other: not those of a later priority, however many the former are.
func TestBehindBudget(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		addPeople(p)
		n := p.Start("node")
		id := n.Add()
		n.SignIn(id, "9996621001")
		p.Check(spend.NewBudgets(n.Store, time.Now).SetPlan(p.Context(), id, "UTC", bridge.BudgetPlan{
			bridge.BudgetLookups:       {},
			bridge.BudgetMessages:      {},
			bridge.BudgetFirstMessages: {Limits: map[bridge.Window]int{bridge.PerHour: 1}},
		}))
		bob := p.Client("9996611002", telegram.Options{})
		ann, _, err := bob.Resolve(p.Context(), "@ann_user")
		p.Check(err)
		_, err = bob.Send(p.Context(), ann, telegram.Outgoing{Text: "are you there?"})
		p.Check(err)
		var known *bridge.Conversation
		n.Await("Bob has written", func() bool {
			list, err := n.Store.Conversations(p.Context(), store.ConversationPage{Accounts: []bridge.AccountID{id}, Limit: 10})
			p.Check(err)
			for _, c := range list {
				if c.PersonWrote {
					known = c
				}
			}
			return known != nil
		})
		const strangers = 70
		for i := range strangers {
			phone := fmt.Sprint("999661", 2000+i)
			_, err := p.Sandbox.AddUser(phone, "Stranger", "")
			p.Check(err)
			p.Check(p.Sandbox.SetUsername(phone, fmt.Sprint("stranger_", i)))
			send(n, id, bridge.Peer{Kind: bridge.UsernamePeer, Name: fmt.Sprint("stranger_", i)}, "hello")
		}
		a, err := n.Service.Send(p.Context(), httpapi.SendRequest{
			Account: id, Conversation: known.ID, Priority: bridge.PriorityBulk, Content: httpapi.NewContent{Text: "yes"},
		})
		p.Check(err)
		awaitSent(n, a.ID, bridge.Delivered)
	})
}

// choosy is a Guard that has some texts not be sent.
type choosy struct{}

func (choosy) Check(_ *store.Tx, h store.Head) error {
	if h.Message.Text == "no" {
		return bridge.Errorf(bridge.CodeSuppressed, "The person does not want to be written to.")
	}
	return nil
}

// TestBehindRefused has messages that are refused hold up nothing behind them.
func TestBehindRefused(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		addPeople(p)
		p.Guard = choosy{}
		n := p.Start("node")
		id := n.Add()
		n.SignIn(id, "9996621001")
		_, err := n.Service.Pause(p.Context(), id)
		p.Check(err)
		bob := bridge.Peer{Kind: bridge.UsernamePeer, Name: "bob_user"}
		send(n, id, bob, "no")
		send(n, id, bob, "no")
		last := send(n, id, bob, "hello")
		_, err = n.Service.Start(p.Context(), id)
		p.Check(err)
		awaitSent(n, last, bridge.Delivered)
	})
}
