package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"godwit/telegram"
	"godwit/tg"
)

// sendCommand sends one chat message.
type sendCommand struct {
	accountFlags
	To   string `arg:"" help:"Phone number or @username."`
	Text string `arg:"" help:"The text."`
}

// Run implements the command.
func (c *sendCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	peer, err := a.find(env.ctx, c.To)
	if err != nil {
		return err
	}
	message, err := a.SendText(env.ctx, peer, c.Text)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.out, "Sent as message %d.\n", message.ID)
	return nil
}

// find returns the peer with a phone number or username.
func (a *account) find(ctx context.Context, who string) (peer tg.InputPeerClass, err error) {
	if strings.HasPrefix(who, "@") {
		peer, err = a.ResolveUsername(ctx, who)
	} else {
		peer, err = a.ResolvePhone(ctx, who)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", who, err)
	}
	return peer, nil
}

// historyCommand prints a conversation.
type historyCommand struct {
	accountFlags
	With  string `arg:"" help:"Phone number or @username."`
	Limit int    `help:"Number of messages, the newest ones." default:"50"`
}

// Run implements the command.
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
	var lines []string
	for message, err := range a.History(env.ctx, peer, telegram.HistoryOptions{}) {
		if err != nil {
			return err
		}
		if len(lines) == c.Limit {
			break
		}
		lines = append(lines, line(message))
	}
	for i := range lines { // the newest came first
		fmt.Fprintln(env.out, lines[len(lines)-1-i])
	}
	return nil
}

// printable returns a text of somebody else's as it may go to a terminal: what
// would control it is made visible.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// line shows a message: when, which way, and what. Further lines of its text
// are indented, so that none can be taken for a message.
func line(m *tg.Message) string {
	arrow := "←"
	if m.Out {
		arrow = "→"
	}
	lines := strings.Split(m.Message, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	const indent = "\n                      " // as wide as what goes before the first line
	return fmt.Sprintf("%s %s %s", time.Unix(int64(m.Date), 0).Format(time.DateTime), arrow, strings.Join(lines, indent))
}

// listenCommand prints chat messages as they come.
type listenCommand struct{ accountFlags }

// Run implements the command.
func (c *listenCommand) Run(env *environment) error {
	a, err := c.signedIn(env, telegram.OnMessage(func(_ context.Context, _ *telegram.Client, m *tg.Message) error {
		_, err := fmt.Fprintln(env.out, line(m))
		return err
	}))
	if err != nil {
		return err
	}
	fmt.Fprintf(env.out, "Listening as %s. Ctrl-C ends it.\n", nameOf(a.Self()))
	err = a.Wait(env.ctx)
	if closed := a.close(); errors.Is(err, context.Canceled) {
		return closed
	}
	return err
}
