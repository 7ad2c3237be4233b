package fleet_test

import (
	"fmt"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trial"
	"godwit/telegram"
)

// TestHistory has the past of an account fetched by itself when it is added, as
// far as nodes are to; and more of it when somebody asks, who does so while the
// account is offline and another node brings it online.
func TestHistory(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		p.History = 5
		for phone, name := range map[string]string{"9996621001": "Ann", "9996611002": "Bob"} {
			_, err := p.Sandbox.AddUser(phone, name, "")
			p.Check(err)
		}
		bob := p.Client("9996611002", telegram.Options{})
		ann, err := bob.ResolvePhone(p.Context(), "9996621001")
		p.Check(err)
		const written = 12
		for i := range written {
			_, err := bob.SendText(p.Context(), ann, fmt.Sprint("message ", i))
			p.Check(err)
		}
		first := p.Start("first")
		id := first.Add()
		first.SignIn(id, "9996621001")
		c := awaitHistory(first, id, written-p.History)
		_, err = first.Service.Pause(p.Context(), id)
		p.Check(err)
		first.AwaitState(id, bridge.Paused)
		p.Check(first.Service.Backfill(p.Context(), c, 0))
		first.End()
		second := p.Start("second")
		second.AwaitAccount(id, "at the second", func(a *bridge.Account) bool { return a.Node == "second" && second.Fleet.Owns(id) })
		_, err = second.Service.Start(p.Context(), id)
		p.Check(err)
		awaitHistory(second, id, 0)
		p.Check(second.Service.Backfill(p.Context(), c, 0)) // nothing is left
		second.Await("nothing to fetch", func() bool {
			left, err := second.Store.Backfills(p.Context(), id, 1)
			p.Check(err)
			return len(left) == 0
		})
		awaitHistory(second, id, 0)
		events, err := second.Store.Events(p.Context(), id, 0, 100)
		p.Check(err)
		for _, e := range events {
			if e.Type == bridge.MessageReceived {
				p.Errorf("told of %s", e.Data)
			}
		}
	})
}

// awaitHistory waits until the only conversation with messages has those from a
// number on, each once, and returns it.
func awaitHistory(n *trial.Node, id bridge.AccountID, from int) (found bridge.ConversationID) {
	n.Helper()
	n.Await(fmt.Sprint("messages from ", from), func() bool {
		list, err := n.Store.Conversations(n.Context(), store.ConversationPage{Accounts: []bridge.AccountID{id}, Limit: 10})
		n.Check(err)
		seen := make(map[string]int)
		for _, c := range list {
			messages, err := n.Store.Messages(n.Context(), store.MessagePage{Conversation: c.ID, OldestFirst: true, Limit: 100})
			n.Check(err)
			for _, m := range messages {
				seen[m.Text]++
				if m.Text == "message 11" {
					found = c.ID
				}
				if seen[m.Text] > 1 {
					n.Fatalf("%q is there twice", m.Text)
				}
			}
		}
		earlier := from > 0 && seen[fmt.Sprint("message ", from-1)] > 0
		if earlier {
			n.Fatalf("more than was wanted: %v", seen)
		}
		return seen[fmt.Sprint("message ", from)] > 0
	})
	return found
}
