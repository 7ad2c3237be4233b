package outbox_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trial"
	"godwit/telegram"
	"godwit/telegram/updates"
	"godwit/tg"
)

const robotToken = "777:secret-of-the-bot"

// A chat is a person of the sandbox who writes with a bot of the bridge.
type chat struct {
	*trial.Place
	ann  *telegram.Client
	bot  tg.InputPeerClass // as Ann names it
	peer bridge.Peer       // Ann, as the bot does
	got  chan string       // what Ann is told
}

func newChat(p *trial.Place) *chat {
	c := &chat{Place: p, got: make(chan string, 100)}
	_, err := p.Sandbox.AddBot(robotToken, "Robot", "robot_bot")
	p.Check(err)
	_, err = p.Sandbox.AddUser("9996621001", "Ann", "")
	p.Check(err)
	c.ann = p.Client("9996621001", telegram.Options{Handler: c.told})
	c.bot, err = c.ann.ResolveUsername(p.Context(), "robot_bot")
	p.Check(err)
	c.peer = bridge.Peer{Kind: bridge.UserPeer, ID: c.ann.Self().ID}
	return c
}

func (c *chat) told(_ context.Context, _ *telegram.Client, d updates.Delivery) error {
	for _, u := range d.Updates {
		if u, ok := u.(*tg.UpdateNewMessage); ok {
			if m, ok := u.Message.(*tg.Message); ok && !m.Out {
				c.got <- m.Message
			}
		}
	}
	return nil
}

func (c *chat) writes(text string) {
	c.Helper()
	_, err := c.ann.SendText(c.Context(), c.bot, text)
	c.Check(err)
}

// conversation returns the bot's conversation with Ann, when there is one.
func (c *chat) conversation(n *trial.Node, id bridge.AccountID, texts ...string) (found *bridge.Conversation) {
	c.Helper()
	var have []string
	n.Await(fmt.Sprint("messages ", texts), func() bool {
		list, err := n.Store.Conversations(c.Context(), store.ConversationPage{Accounts: []bridge.AccountID{id}, Limit: 10})
		c.Check(err)
		have = nil
		for _, found = range list {
			messages, err := n.Store.Messages(c.Context(), store.MessagePage{Conversation: found.ID, OldestFirst: true, Limit: 100})
			c.Check(err)
			for _, m := range messages {
				have = append(have, m.Text)
			}
		}
		if len(have) > len(texts) {
			c.Fatalf("there are %q, want %q", have, texts)
		}
		return slices.Equal(have, texts)
	})
	return found
}

// TestBot has a bot and a person write to each other, with a person's account
// beside it, over the end of nodes: everything comes once.
func TestBot(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		c := newChat(p)
		_, err := p.Sandbox.AddUser("9996611002", "Bob", "")
		p.Check(err)
		first := p.Start("first")
		bot := first.AddBot(robotToken)
		bob := first.Add()
		first.SignIn(bob, "9996611002")
		c.writes("hello")
		conversation := c.conversation(first, bot, "hello")
		if conversation.Peer != c.peer || !conversation.PersonWrote {
			p.Errorf("the conversation is %+v", conversation)
		}
		awaitSent(first, send(first, bot, c.peer, "good day"), bridge.Delivered)
		if text := <-c.got; text != "good day" {
			p.Errorf("Ann is told %q", text)
		}
		toBob, err := c.ann.ResolvePhone(p.Context(), "9996611002")
		p.Check(err)
		_, err = c.ann.SendText(p.Context(), toBob, "hi Bob")
		p.Check(err)
		c.conversation(first, bob, "hi Bob")
		both, err := first.Store.Conversations(p.Context(), store.ConversationPage{
			Accounts: []bridge.AccountID{bot, bob}, Limit: 10,
		})
		p.Check(err)
		if len(both) != 2 || both[0].AccountID != bob || both[1].AccountID != bot {
			p.Errorf("listed together: %+v", both)
		}
		first.End()
		c.writes("are you there?")
		second := p.Start("second")
		second.AwaitAccount(bot, "online at the second", func(a *bridge.Account) bool {
			return a.Node == "second" && a.Status.State == bridge.Online
		})
		c.conversation(second, bot, "hello", "good day", "are you there?")
		awaitSent(second, send(second, bot, c.peer, "yes"), bridge.Delivered)
		if text := <-c.got; text != "yes" {
			p.Errorf("Ann is told %q", text)
		}
		c.conversation(second, bot, "hello", "good day", "are you there?", "yes")
	})
}

// TestBotUnknown has what a bot was sending when its node ended not be sent
// again, and somebody told.
func TestBotUnknown(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		c := newChat(p)
		first := p.Start("first")
		bot := first.AddBot(robotToken)
		c.writes("hello")
		c.conversation(first, bot, "hello")
		_, err := first.Service.Pause(p.Context(), bot)
		p.Check(err)
		first.AwaitState(bot, bridge.Paused)
		id := send(first, bot, c.peer, "once")
		first.End()
		// As a node leaves it that is killed.
		s, err := store.Open(p.Context(), p.URL)
		p.Check(err)
		p.Check(s.Change(p.Context(), func(t *store.Tx) error {
			_, err := t.StartSend(id)
			return err
		}))
		p.Check(s.Close())
		second := p.Start("second")
		m := awaitSent(second, id, bridge.Failed)
		if !strings.HasPrefix(m.Error, string(bridge.CodeOutcomeUnknown)) {
			p.Errorf("failed with %q", m.Error)
		}
		events, err := second.Store.Events(p.Context(), bot, 0, 100)
		p.Check(err)
		if !slices.ContainsFunc(events, func(e bridge.Event) bool {
			return e.Type == bridge.MessageFailed && e.Source == bridge.BotAPI && strings.Contains(string(e.Data), string(id))
		}) {
			p.Errorf("nobody is told")
		}
		_, err = second.Service.Start(p.Context(), bot)
		p.Check(err)
		second.AwaitState(bot, bridge.Online)
		awaitSent(second, send(second, bot, c.peer, "another"), bridge.Delivered)
		if text := <-c.got; text != "another" {
			p.Errorf("Ann is told %q", text)
		}
	})
}

// TestBotUnable has the bridge refuse what bots have no way to do, without
// asking Telegram; and one bot be one account.
func TestBotUnable(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		c := newChat(p)
		n := p.Start("node")
		bot := n.AddBot(robotToken)
		c.writes("hello")
		conversation := c.conversation(n, bot, "hello")
		ctx := p.Context()
		_, byName := n.Service.Send(ctx, httpapi.SendRequest{
			Account: bot, To: bridge.Peer{Kind: bridge.UsernamePeer, Name: "ann_user"}, Content: httpapi.NewContent{Text: "hi"},
		})
		_, devices := n.Service.Devices(ctx, bot)
		_, code := n.Service.LoginCode(ctx, bot)
		for what, err := range map[string]error{
			"write to a username": byName,
			"list devices":        devices,
			"read a login code":   code,
			"end a device":        n.Service.EndDevice(ctx, bot, 1),
			"confirm a device":    n.Service.ConfirmDevice(ctx, bot, 1),
			"mark as read":        n.Service.MarkRead(ctx, conversation.ID, 0),
		} {
			if bridge.CodeOf(err) != bridge.CodeSurfaceUnable {
				p.Errorf("%s: %v", what, err)
			}
		}
		again := n.AddOf(bridge.BotAccount)
		step, err := n.Fleet.BeginSignIn(ctx, again)
		p.Check(err)
		if step.Step != "start" || !slices.Equal(step.Actions, []string{"bot_token"}) {
			p.Errorf("the sign-in begins with %+v", step)
		}
		step = n.Answer(again, "bot_token", "778:nobodys")
		if step.Step != "start" || step.Problem == nil || step.Problem.Code != bridge.CodeLoginExpired {
			p.Errorf("after a wrong token: %+v", step)
		}
		_, err = n.Fleet.AnswerSignIn(ctx, again, bridge.Answer{Action: "bot_token", Text: robotToken})
		if bridge.CodeOf(err) != bridge.CodeConflict {
			p.Errorf("the same bot again: %v", err)
		}
		_, err = n.Service.SignOut(ctx, bot)
		p.Check(err)
		n.AwaitState(bot, bridge.SignedOut)
		if _, err := n.Fleet.BeginSignIn(ctx, bot); err != nil {
			p.Fatal(err)
		}
		if step := n.Answer(bot, "bot_token", robotToken); step.Step != "done" {
			p.Errorf("after the token: %+v", step)
		}
		n.AwaitState(bot, bridge.Online)
	})
}
