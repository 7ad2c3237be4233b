package main

import (
	"fmt"
	"time"

	"godwit/telegram"
	"godwit/telegram/text"
)

// sendCommand sends one chat message.
type sendCommand struct {
	accountFlags
	To   string `arg:"" help:"Where to: @username, phone number with +, link, id, or me."`
	Text string `arg:"" help:"The text."`

	ReplyTo  int    `help:"Id of the message to reply to." placeholder:"ID"`
	Topic    int    `help:"Id of the topic of a forum to write into." placeholder:"ID"`
	Markdown bool   `help:"The text is Markdown: *bold*, _italic_, [text](link) and so on." xor:"format"`
	HTML     bool   `help:"The text is HTML, with the tags that Telegram knows." name:"html" xor:"format"`
	Silent   bool   `help:"Without a sound for those who get it."`
	Schedule string `help:"When Telegram is to send it: a time such as 2026-12-24T18:00:00+01:00, or a duration from now such as 90m." placeholder:"WHEN"`
	JSON     bool   `help:"Print what was sent as JSON." name:"json"`
}

// Run implements the command.
func (c *sendCommand) Run(env *environment) error {
	m, err := c.outgoing(time.Now())
	if err != nil {
		return err
	}
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	peer, err := a.find(env.ctx, c.To)
	if err != nil {
		return err
	}
	message, err := a.Send(env.ctx, peer, m)
	if err != nil {
		return told(c.To, err)
	}
	switch {
	case c.JSON:
		return encodeJSON(env.out, messageLine(message))
	case !m.Schedule.IsZero():
		fmt.Fprintf(env.out, "Telegram sends it at %s, as scheduled message %d.\n", m.Schedule.Format(time.DateTime), message.ID)
	default:
		fmt.Fprintf(env.out, "Sent as message %d.\n", message.ID)
	}
	return nil
}

// outgoing makes the message of the flags.
func (c *sendCommand) outgoing(now time.Time) (telegram.Outgoing, error) {
	t := text.Text{Text: c.Text}
	var err error
	switch {
	case c.Markdown:
		t, err = text.ParseMarkdown(c.Text)
	case c.HTML:
		t, err = text.ParseHTML(c.Text)
	}
	if err != nil {
		return telegram.Outgoing{}, err
	}
	m := telegram.Outgoing{
		Text: t.Text, Entities: t.Entities, Silent: c.Silent, Reply: telegram.Reply{Message: c.ReplyTo, Topic: c.Topic},
	}
	if c.Schedule != "" {
		m.Schedule, err = parseWhen("--schedule", c.Schedule, now)
	}
	return m, err
}

// parseWhen reads a time, or a duration from now, that a flag gives.
func parseWhen(flag, s string, now time.Time) (time.Time, error) {
	when, err := time.Parse(time.RFC3339, s)
	if d, wrong := time.ParseDuration(s); wrong == nil {
		when, err = now.Add(d), nil
	}
	switch {
	case err != nil:
		return when, fmt.Errorf("%s: %q is neither a time such as 2026-12-24T18:00:00+01:00 nor a duration such as 90m", flag, s)
	case when.Before(now):
		return when, fmt.Errorf("%s: that time is over", flag)
	}
	return when, nil
}
