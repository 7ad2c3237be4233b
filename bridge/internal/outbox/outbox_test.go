package outbox_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
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

// TestSend has messages go to somebody who is looked up first, in order, once.
func TestSend(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		for phone, name := range map[string]string{"9996621001": "ann", "9996611002": "bob"} {
			_, err := p.Sandbox.AddUser(phone, name, "")
			p.Check(err)
			p.Check(p.Sandbox.SetUsername(phone, name+"_user"))
		}
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
		for phone, name := range map[string]string{"9996621001": "ann", "9996611002": "bob"} {
			_, err := p.Sandbox.AddUser(phone, name, "")
			p.Check(err)
			p.Check(p.Sandbox.SetUsername(phone, name+"_user"))
		}
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
