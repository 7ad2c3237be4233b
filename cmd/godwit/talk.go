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

// line shows a message: when, its id, which way, and what. Further lines of its
// text are indented, so that none can be taken for a message.
func line(m *tg.Message) string {
	arrow := "←"
	if m.Out {
		arrow = "→"
	}
	lines := strings.Split(content(m), "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	head := fmt.Sprintf("%s %d", time.Unix(int64(m.Date), 0).Format(time.DateTime), m.ID)
	indent := "\n" + strings.Repeat(" ", len(head)+3) // as wide as what goes before the first line
	return fmt.Sprintf("%s %s %s", head, arrow, strings.Join(lines, indent))
}

// content returns what a message says and carries, as text.
func content(m *tg.Message) string {
	media := mediaOf(m)
	if media == "" {
		return m.Message
	}
	return strings.TrimSuffix(media+" "+m.Message, " ")
}

// mediaOf says what a message carries besides its text, empty for nothing.
func mediaOf(m *tg.Message) string {
	switch media := m.Media.(type) {
	case nil, *tg.MessageMediaWebPage: // a preview of what the text says
		return ""
	case *tg.MessageMediaPhoto:
		return "[photo]"
	case *tg.MessageMediaPoll:
		return "[poll: " + media.Poll.Question.Text + "]"
	case *tg.MessageMediaDocument:
		d, ok := media.Document.(*tg.Document)
		if !ok {
			return "[file]"
		}
		name := d.MIMEType
		for _, attribute := range d.Attributes {
			if f, ok := attribute.(*tg.DocumentAttributeFilename); ok {
				name = f.FileName
			}
		}
		return fmt.Sprintf("[%s, %d bytes]", name, d.Size)
	default:
		return "[" + strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", media), "*tg.MessageMedia")) + "]"
	}
}

// listenCommand prints chat messages as they come.
type listenCommand struct {
	accountFlags
	JSON bool `help:"Print one message a line as JSON, and nothing else on standard output." name:"json"`
}

// Run implements the command.
func (c *listenCommand) Run(env *environment) error {
	a, err := c.signedIn(env, telegram.OnMessage(func(_ context.Context, _ *telegram.Client, m *tg.Message) error {
		if c.JSON {
			return encodeJSON(env.out, messageLine(m))
		}
		_, err := fmt.Fprintln(env.out, line(m))
		return err
	}))
	if err != nil {
		return err
	}
	told := env.out
	if c.JSON {
		told = env.err
	}
	fmt.Fprintf(told, "Listening as %s. Ctrl-C ends it.\n", nameOf(a.Self()))
	err = a.Wait(env.ctx)
	if closed := a.close(); errors.Is(err, context.Canceled) {
		return closed
	}
	return err
}
