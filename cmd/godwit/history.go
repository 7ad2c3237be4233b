package main

import (
	"fmt"
	"slices"

	"godwit/telegram"
	"godwit/tg"
)

// historyCommand prints a conversation.
type historyCommand struct {
	accountFlags
	With   string `arg:"" help:"With whom: @username, phone number with +, link, id, or me."`
	Limit  int    `help:"Number of messages, the newest ones; 0 for all." default:"50"`
	Before int    `help:"Only messages older than the one with this id." placeholder:"ID"`
	After  int    `help:"Only messages newer than the one with this id." placeholder:"ID"`
	Topic  int    `help:"Only the topic of a forum with this id." placeholder:"ID"`
	Search string `help:"Only messages that hold this text." placeholder:"TEXT"`
	JSON   bool   `help:"Print one message a line as JSON." name:"json"`
}

// Run implements the command. The newest message comes last.
func (c *historyCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	peer, err := a.find(env.ctx, c.With)
	if err != nil {
		return err
	}
	all := a.History(env.ctx, peer, telegram.HistoryOptions{Limit: c.Limit, Before: c.Before, After: c.After, Topic: c.Topic})
	if c.Search != "" {
		all = a.Search(env.ctx, peer, telegram.Search{Text: c.Search, Limit: c.Limit, Before: c.Before, Topic: c.Topic})
	}
	var messages []*tg.Message
	for m, err := range all {
		if err != nil {
			return told(c.With, err)
		}
		messages = append(messages, m)
	}
	for _, m := range slices.Backward(messages) {
		if !c.JSON {
			fmt.Fprintln(env.out, line(m))
		} else if err := encodeJSON(env.out, messageLine(m)); err != nil {
			return err
		}
	}
	return nil
}
