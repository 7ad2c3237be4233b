package main

import (
	"fmt"

	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/tg"
)

// joinCommand makes the account a member of a group or channel.
type joinCommand struct {
	accountFlags
	Chat string `arg:"" help:"The group or channel: @username, link or invitation."`
	JSON bool   `help:"Print the group or channel as JSON." name:"json"`
}

// Run implements the command.
func (c *joinCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	peer, err := groups.Join(env.ctx, a.Client, c.Chat)
	if err != nil {
		return told(c.Chat, err)
	}
	if c.JSON {
		return encodeJSON(env.out, membershipJSON{markOf(peer), true})
	}
	_, err = fmt.Fprintf(env.out, "Joined %d.\n", markOf(peer))
	return err
}

// A membershipJSON is what join and leave print with --json.
type membershipJSON struct {
	ID     int64 `json:"id"` // of the group or channel, as the Bot API writes ids
	Member bool  `json:"member"`
}

// markOf returns the id of a group or channel, as the Bot API writes it.
func markOf(peer tg.InputPeerClass) int64 {
	switch p := peer.(type) {
	case *tg.InputPeerChat:
		return telegram.PeerID{Kind: telegram.PeerChat, ID: p.ChatID}.Mark()
	case *tg.InputPeerChannel:
		return telegram.PeerID{Kind: telegram.PeerChannel, ID: p.ChannelID}.Mark()
	}
	return 0
}
