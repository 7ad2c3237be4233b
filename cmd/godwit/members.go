package main

import (
	"fmt"
	"time"

	"godwit/telegram"
	"godwit/telegram/flow"
	"godwit/telegram/participants"
)

// membersCommand prints who is in a group or channel.
type membersCommand struct {
	accountFlags
	Chat   string `arg:"" help:"The group or channel: @username, link or id."`
	Filter string `help:"Who: ${enum}." enum:"recent,admins,kicked,banned,bots,search,contacts,mentions" default:"recent"`
	Query  string `help:"Only those whose name or username begins so." placeholder:"TEXT"`
	Limit  int    `help:"Number of members; 0 for all." default:"0"`
	JSON   bool   `help:"Print one member a line as JSON; the last line is the report." name:"json"`
}

// A memberJSON is a member as --json prints it.
type memberJSON struct {
	ID       int64      `json:"id"`
	Name     string     `json:"name,omitempty"`
	Username string     `json:"username,omitempty"`
	Role     string     `json:"role"`
	Title    string     `json:"title,omitempty"`
	Bot      bool       `json:"bot,omitempty"`
	Joined   *time.Time `json:"joined,omitempty"`
}

// A reportJSON says how much of the truth the list is.
type reportJSON struct {
	Seen     int    `json:"seen"`
	Total    int    `json:"total"`
	Visible  int    `json:"visible,omitempty"` // at most
	Complete bool   `json:"complete"`
	Why      string `json:"why_incomplete,omitempty"`
}

// Run implements the command.
func (c *membersCommand) Run(env *environment) error {
	kind, err := participants.ParseKind(c.Filter)
	if err != nil {
		return err
	}
	if c.Query != "" && kind == participants.Recent {
		kind = participants.Search
	}
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	peer, err := a.find(env.ctx, c.Chat)
	if err != nil {
		return err
	}
	list := participants.Of(a, peer, participants.Options{Kind: kind, Query: c.Query})
	n := 0
	for p, err := range list.All(telegram.WithPriority(env.ctx, flow.Bulk)) {
		if err != nil {
			return told(c.Chat, err)
		}
		if err := c.print(env, p); err != nil {
			return err
		}
		if n++; n == c.Limit {
			break
		}
	}
	r := list.Report()
	if !c.JSON {
		_, err = fmt.Fprintln(env.out, r)
		return err
	}
	out := reportJSON{Seen: r.Seen, Total: r.Total, Visible: r.Cap, Complete: r.Complete()}
	if !out.Complete {
		out.Why = r.Why.String()
	}
	return encodeJSON(env.out, map[string]reportJSON{"report": out})
}

func (c *membersCommand) print(env *environment, p participants.Participant) error {
	m := memberJSON{ID: p.Peer.Mark(), Role: p.Role.String(), Title: p.Title, Bot: p.Bot}
	if p.User != nil {
		m.Name, m.Username = nameOf(p.User), p.User.Username.Or("")
	}
	if !p.Joined.IsZero() {
		joined := p.Joined.UTC()
		m.Joined = &joined
	}
	if c.JSON {
		return encodeJSON(env.out, m)
	}
	username := ""
	if m.Username != "" {
		username = " @" + m.Username
	}
	_, err := fmt.Fprintf(env.out, "%d %s%s %s\n", m.ID, m.Role, printable(username), printable(m.Name))
	return err
}
