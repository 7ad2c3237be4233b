package outbox_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trial"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// send gives a message to be sent.
func send(n *trial.Node, id bridge.AccountID, to bridge.Peer, text string) bridge.MessageID {
	n.Helper()
	a, err := n.Service.Send(n.Context(), httpapi.SendRequest{Account: id, To: to, Content: httpapi.NewContent{Text: text}})
	n.Check(err)
	return a.ID
}

func awaitSent(n *trial.Node, id bridge.MessageID, state bridge.SendState) *bridge.Message {
	n.Helper()
	var m *bridge.Message
	n.Await("message "+string(id)+" "+string(state), func() bool {
		var err error
		m, err = n.Store.Message(n.Context(), id)
		n.Check(err)
		return m.State == state
	})
	return m
}

// addPeople has Ann and Bob be at the local Telegram.
func addPeople(p *trial.Place) {
	p.Helper()
	for phone, name := range map[string]string{"9996621001": "ann", "9996611002": "bob"} {
		_, err := p.Sandbox.AddUser(phone, name, "")
		p.Check(err)
		p.Check(p.Sandbox.SetUsername(phone, name+"_user"))
	}
}

// TestSend has messages go to somebody who is looked up first, in order, once.
func TestSend(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		addPeople(p)
		n := p.Start("node")
		id := n.Add()
		n.SignIn(id, "9996621001")
		bob, err := bridge.ParsePeer("username:bob_user")
		p.Check(err)
		var ids []bridge.MessageID
		const count = 5
		for i := range count {
			ids = append(ids, send(n, id, bob, fmt.Sprint("message ", i)))
		}
		// Strangers are written to slowly: Bob answers, and is none any more.
		first := awaitSent(n, ids[0], bridge.Delivered)
		if first.TelegramID == 0 {
			p.Errorf("delivered as %+v", first)
		}
		c, err := n.Store.Conversation(p.Context(), first.ConversationID)
		p.Check(err)
		if c.Peer.Kind != bridge.UserPeer || c.Peer.ID == 0 {
			p.Errorf("the conversation is with %v", c.Peer)
		}
	})
}

// unwanted is a Guard that has nobody written to who has been looked up.
type unwanted struct{}

func (unwanted) Check(_ *store.Tx, h store.Head) error {
	if h.Conversation.Peer.Resolved() {
		return bridge.Errorf(bridge.CodeSuppressed, "The person does not want to be written to.")
	}
	return nil
}

// TestFoundOut has somebody not be written to who turns out, when they are
// looked up, to be one who does not want it.
func TestFoundOut(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		addPeople(p)
		p.Guard = unwanted{}
		n := p.Start("node")
		id := n.Add()
		n.SignIn(id, "9996621001")
		bob, err := bridge.ParsePeer("username:bob_user")
		p.Check(err)
		m := awaitSent(n, send(n, id, bob, "hello"), bridge.Failed)
		c, err := n.Store.Conversation(p.Context(), m.ConversationID)
		p.Check(err)
		if m.TelegramID != 0 || !strings.HasPrefix(m.Error, string(bridge.CodeSuppressed)) || !c.Peer.Resolved() {
			p.Errorf("%+v, with %v", m, c.Peer)
		}
	})
}

// unreachable is a Guard that cannot ask the database the first time that a message
// is about to go.
type unreachable struct{ asked atomic.Int64 }

func (u *unreachable) Check(_ *store.Tx, h store.Head) error {
	if h.Conversation.Peer.Resolved() && u.asked.Add(1) == 1 {
		return fmt.Errorf("store: account: %w", io.ErrUnexpectedEOF)
	}
	return nil
}

// TestDatabaseGone has a message that could not be sent because the database was
// gone for a moment be sent later.
func TestDatabaseGone(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		addPeople(p)
		guard := new(unreachable)
		p.Guard = guard
		n := p.Start("node")
		id := n.Add()
		n.SignIn(id, "9996621001")
		awaitSent(n, send(n, id, bridge.Peer{Kind: bridge.UsernamePeer, Name: "bob_user"}, "hello"), bridge.Delivered)
		if guard.asked.Load() < 2 {
			p.Error("the database was never gone")
		}
	})
}

// TestMistyped has a name that nobody has cost no first message: the next
// stranger is written to at once, and the one after that has to wait, looked up.
func TestMistyped(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		for phone, name := range map[string]string{"9996621001": "ann", "9996611002": "bob", "9996611003": "eve"} {
			_, err := p.Sandbox.AddUser(phone, name, "")
			p.Check(err)
			p.Check(p.Sandbox.SetUsername(phone, name+"_user"))
		}
		n := p.Start("node")
		id := n.Add()
		n.SignIn(id, "9996621001")
		p.Check(spend.NewBudgets(n.Store, time.Now).SetPlan(p.Context(), id, "UTC", bridge.BudgetPlan{
			bridge.BudgetLookups:       {},
			bridge.BudgetFirstMessages: {Limits: map[bridge.Window]int{bridge.PerHour: 1}},
		}))
		for _, to := range []bridge.Peer{
			{Kind: bridge.UsernamePeer, Name: "bob_usre"}, {Kind: bridge.PhonePeer, Name: "9996611999"},
		} {
			m := awaitSent(n, send(n, id, to, "hello"), bridge.Failed)
			if !strings.HasPrefix(m.Error, string(bridge.CodeNotFound)+": Nobody on Telegram has ") {
				p.Errorf("to %s: %q", to, m.Error)
			}
		}
		awaitSent(n, send(n, id, bridge.Peer{Kind: bridge.UsernamePeer, Name: "bob_user"}, "hello"), bridge.Delivered)
		waits := send(n, id, bridge.Peer{Kind: bridge.UsernamePeer, Name: "eve_user"}, "hello")
		var m *bridge.Message
		n.Await("Eve is looked up", func() bool {
			var err error
			m, err = n.Store.Message(n.Context(), waits)
			n.Check(err)
			c, err := n.Store.Conversation(n.Context(), m.ConversationID)
			n.Check(err)
			return c.Peer.Resolved()
		})
		if m = awaitSent(n, waits, bridge.Queued); m.Attempts != 0 {
			p.Errorf("%d attempts at a message that waits", m.Attempts)
		}
		_, err := n.Service.Cancel(n.Context(), waits)
		p.Check(err)
	})
}
