package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"godwit/telegram"
	"godwit/tg"
)

// chatsCommand prints the account's conversations.
type chatsCommand struct {
	accountFlags
	Archived bool `help:"Those in the archive."`
	Limit    int  `help:"Number of conversations; 0 for all." default:"0"`
	JSON     bool `help:"Print one conversation a line as JSON." name:"json"`
}

// A chatJSON is a conversation as --json prints it.
type chatJSON struct {
	ID       int64        `json:"id"` // as the Bot API writes ids
	Kind     string       `json:"kind"`
	Title    string       `json:"title"`
	Unread   int          `json:"unread,omitempty"`
	Mentions int          `json:"unread_mentions,omitempty"`  // messages
	Reacted  int          `json:"unread_reactions,omitempty"` // messages
	Pinned   bool         `json:"pinned,omitempty"`
	Archived bool         `json:"archived,omitempty"`
	Last     *messageJSON `json:"last,omitempty"`
}

// Run implements the command.
func (c *chatsCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	folder := telegram.MainList
	if c.Archived {
		folder = telegram.Archive
	}
	table := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	n := 0
	for d, err := range a.DialogsIn(env.ctx, folder) {
		if err != nil {
			return told("chats", err)
		}
		if c.JSON {
			err = encodeJSON(env.out, chatLine(d))
		} else {
			err = printChat(table, d)
		}
		if err != nil {
			return err
		}
		if n++; n == c.Limit {
			break
		}
	}
	return table.Flush()
}

func chatLine(d telegram.Dialog) chatJSON {
	id := telegram.IDOf(d.Raw.Peer)
	out := chatJSON{
		ID: id.Mark(), Kind: map[telegram.PeerKind]string{
			telegram.PeerUser: "user", telegram.PeerChat: "group", telegram.PeerChannel: "channel",
		}[id.Kind], Title: d.Title, Unread: d.Unread, Mentions: d.Mentions, Reacted: d.Reacted, Pinned: d.Pinned, Archived: d.Archived,
	}
	if m, ok := d.Last.(*tg.Message); ok {
		last := messageLine(m)
		out.Last = &last
	}
	return out
}

// printChat prints a line of the table: id, unread messages, title, and the
// beginning of the newest message.
func printChat(table *tabwriter.Writer, d telegram.Dialog) error {
	unread, last := "", ""
	if d.Unread > 0 {
		unread = fmt.Sprintf("%d new", d.Unread)
	}
	switch m := d.Last.(type) {
	case *tg.Message:
		last = content(m)
	case *tg.MessageService: // such as MessageActionChatCreate
		last = "[" + strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", m.Action), "*tg.MessageAction")) + "]"
	}
	const width = 60
	if r := []rune(last); len(r) > width {
		last = string(r[:width]) + "…"
	}
	_, err := fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", telegram.IDOf(d.Raw.Peer).Mark(), unread, printable(d.Title), printable(last))
	return err
}
