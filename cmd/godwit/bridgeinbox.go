package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"godwit/bridge/client"
)

// inboxCommand shows what the accounts of a daemon have been written.
type inboxCommand struct {
	Conversations inboxConversationsCommand `cmd:"" help:"List the conversations of an account, those with the latest messages first."`
	Messages      inboxMessagesCommand      `cmd:"" help:"Print the messages of a conversation."`
	Read          inboxReadCommand          `cmd:"" help:"Mark a conversation as read."`
	Follow        inboxFollowCommand        `cmd:"" help:"Print what happens as it happens."`
}

// inboxConversationsCommand lists conversations.
type inboxConversationsCommand struct {
	bridgeFlags
	Account accountArg `arg:"" help:"The id, name or phone number of an account."`
	Unread  bool       `help:"Only those with messages that the account has not read."`
	Limit   int        `help:"How many at most; 0 for all (${default})." default:"50" placeholder:"N"`
}

// Run implements the command.
func (c *inboxConversationsCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		list := api.Conversations(env.ctx, id, &client.ListConversationsParams{Unread: c.Unread})
		return printList(env, &c.bridgeFlags, list, c.Limit, "ID\tWITH\tUNREAD\tLAST\tTEXT", func(v *client.Conversation) string {
			title := v.Title
			if v.Username != "" {
				title = strings.TrimSpace(title + " @" + v.Username)
			}
			if title == "" {
				title = v.Peer
			}
			return row(v.ID, title, v.Unread, orEmpty(v.LastAt), v.LastText)
		})
	})
}

// inboxMessagesCommand prints messages.
type inboxMessagesCommand struct {
	bridgeFlags
	Conversation string `arg:"" help:"The conversation's id: conv_…"`
	Limit        int    `help:"How many of the latest; 0 for all (${default})." default:"50" placeholder:"N"`
}

// Run implements the command.
func (c *inboxMessagesCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var latest []client.Message // the last one first
	for m, err := range api.Messages(env.ctx, c.Conversation, &client.ListMessagesParams{Limit: 200}) {
		if err != nil {
			return err
		}
		latest = append(latest, m)
		if len(latest) == c.Limit {
			break
		}
	}
	for i := len(latest) - 1; i >= 0; i-- {
		var err error
		if c.JSON {
			err = encodeJSON(env.out, latest[i])
		} else {
			_, err = fmt.Fprintln(env.out, messageText(&latest[i]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// messageText shows a message as line does: when, its id, which way, and what.
func messageText(m *client.Message) string {
	arrow := "←"
	if m.Direction == client.MessageDirectionOut {
		arrow = "→"
	}
	what := m.Text
	if m.Media.Type != "" {
		what = strings.TrimSpace("[" + strings.TrimSpace(m.Media.Type+" "+m.Media.Name) + "] " + what)
	}
	if m.Service != "" {
		what = strings.TrimSpace("[" + m.Service + "] " + what)
	}
	lines := strings.Split(what, "\n")
	for i, one := range lines {
		lines[i] = printable(one)
	}
	what = strings.Join(lines, "\n    ")
	switch {
	case !m.DeletedAt.IsZero():
		what += " (deleted)"
	case m.Error != "":
		what += fmt.Sprintf(" (%s: %s)", m.State, printable(m.Error))
	case m.State != "":
		what += " (" + m.State + ")"
	}
	return fmt.Sprintf("%s  %s %s %s", m.At.Local().Format(time.DateTime), m.ID, arrow, what)
}

// inboxReadCommand marks a conversation as read.
type inboxReadCommand struct {
	bridgeFlags
	Conversation string `arg:"" help:"The conversation's id: conv_…"`
}

// Run implements the command.
func (c *inboxReadCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if err := api.MarkRead(env.ctx, c.Conversation, client.MarkReadRequest{}); err != nil {
		return err
	}
	return c.print(env, map[string]string{"read": c.Conversation}, "%s is read.", c.Conversation)
}

// inboxFollowCommand prints events.
type inboxFollowCommand struct {
	bridgeFlags
	Account []accountArg       `help:"Of these accounts alone. May be repeated." placeholder:"ACCOUNT"`
	Type    []client.EventType `help:"Of these types alone, such as message.received. May be repeated." placeholder:"TYPE"`
	After   string             `help:"Begin behind an event, by its id, or with 0 at the first that there is. Without this, with what happens from now on." placeholder:"EVENT"`
	Events  int                `help:"End after so many." placeholder:"N"`
}

// Run implements the command.
func (c *inboxFollowCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	f := client.Following{After: c.After, Types: c.Type, Cut: func(err error) {
		fmt.Fprintf(env.err, "godwit: the stream was cut (%v); it is opened again\n", sentence(err))
	}}
	for _, a := range c.Account {
		id, err := a.find(env.ctx, api)
		if err != nil {
			return err
		}
		f.Accounts = append(f.Accounts, id)
	}
	n := 0
	for e, err := range api.Follow(env.ctx, f) {
		if err != nil {
			return err
		}
		if c.JSON {
			err = encodeJSON(env.out, e)
		} else {
			_, err = fmt.Fprintln(env.out, eventText(&e))
		}
		if n++; err != nil || n == c.Events {
			return err
		}
	}
	return errors.New("the stream has ended")
}

// eventText shows an event: when, of which account, what, and the text of a
// message.
func eventText(e *client.Event) string {
	var data struct {
		ConversationID string `json:"conversation_id"`
		Text           string `json:"text"`
		Error          string `json:"error"`
	}
	// Data of another form has nothing of this to show.
	_ = json.Unmarshal(e.Data, &data)
	words := []string{e.Timestamp.Local().Format(time.DateTime), e.AccountID, string(e.Type)}
	for _, more := range []string{data.ConversationID, data.Error, data.Text} {
		if more != "" {
			words = append(words, printable(strings.ReplaceAll(more, "\n", " ")))
		}
	}
	return strings.Join(words, "  ")
}
