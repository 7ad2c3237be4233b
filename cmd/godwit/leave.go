package main

import (
	"errors"
	"fmt"

	"godwit/telegram/groups"
)

// leaveCommand ends the account's membership in a group or channel.
type leaveCommand struct {
	accountFlags
	Chat string `arg:"" help:"The group or channel: @username, link or id."`
	JSON bool   `help:"Print the group or channel as JSON." name:"json"`
}

// Run implements the command.
func (c *leaveCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	peer, err := a.find(env.ctx, c.Chat)
	if err != nil {
		return err
	}
	if err := groups.Leave(env.ctx, a, peer); errors.Is(err, groups.ErrBasic) {
		return fmt.Errorf("%s: this is no group or channel", c.Chat)
	} else if err != nil {
		return told(c.Chat, err)
	}
	if c.JSON {
		return encodeJSON(env.out, membershipJSON{markOf(peer), false})
	}
	_, err = fmt.Fprintf(env.out, "Left %d.\n", markOf(peer))
	return err
}
