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
