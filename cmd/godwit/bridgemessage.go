package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"godwit/bridge/client"
)

// messageCommand deals with messages that a daemon sends and has sent.
type messageCommand struct {
	Send   messageSendCommand   `cmd:"" help:"Have a message sent: within the account's budgets, in the order of its conversation, once."`
	Show   messageShowCommand   `cmd:"" help:"Show a message, and what has become of it."`
	Cancel messageCancelCommand `cmd:"" help:"Take back a message that is not on its way yet."`
	Edit   messageEditCommand   `cmd:"" help:"Edit a message that was sent."`
	Delete messageDeleteCommand `cmd:"" help:"Delete a message at Telegram."`
}

// contentFlags say how a text is marked up.
type contentFlags struct {
	Markdown bool `help:"The text is Markdown: *bold*, _italic_, [text](link) and so on." xor:"format"`
	HTML     bool `help:"The text is HTML, with the tags that Telegram knows." name:"html" xor:"format"`
}

// format returns what the API calls it.
func (f *contentFlags) format() client.Format {
	switch {
	case f.Markdown:
		return client.FormatMarkdown
	case f.HTML:
		return client.FormatHTML
	}
	return client.FormatPlain
}

// messageSendCommand sends a message.
type messageSendCommand struct {
	bridgeFlags
	Account accountArg `arg:"" help:"Who writes: the id, name or phone number of an account."`
	To      string     `arg:"" help:"Where to: @username, +phone, user:ID, group:ID, channel:ID, or a conversation conv_…"`
	Text    string     `arg:"" optional:"" help:"The text; of a file, its caption."`
	contentFlags
	File     string        `help:"A file to send." type:"existingfile" placeholder:"FILE"`
	As       string        `help:"How the file is shown: photo, document, video, audio or voice." enum:"photo,document,video,audio,voice" default:"document"`
	ReplyTo  int64         `help:"Id at Telegram of the message to reply to." placeholder:"ID"`
	Silent   bool          `help:"Without a sound for those who get it."`
	Bulk     bool          `help:"It can wait for those that somebody waits for."`
	At       string        `help:"When it is to go at the earliest: a time such as 2026-12-24T18:00:00+01:00, or a duration from now such as 90m." placeholder:"WHEN"`
	Again    string        `help:"Idempotency key: the same command with the same key sends nothing more." name:"idempotency-key" placeholder:"KEY"`
	Wait     bool          `help:"Wait until it is sent, or cannot be."`
	WaitTime time.Duration `help:"For how long at most (${default})." name:"wait-time" default:"5m" placeholder:"DURATION"`
}

// Run implements the command.
func (c *messageSendCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		m, err := c.message(env.ctx, api)
		if err != nil {
			return err
		}
		sent, err := c.send(env.ctx, api, id, m)
		if err != nil {
			return err
		}
		if c.Wait {
			return c.await(env, api, sent)
		}
		when := ""
		if wait := time.Until(sent.EarliestSendAt); wait > time.Second {
			when = ", not before " + sent.EarliestSendAt.Local().Format(time.DateTime)
		}
		return c.print(env, sent, "%s is %s%s.", sent.ID, sent.State, when)
	})
}

// message makes the message of the flags, for which its file is given to the
// daemon.
func (c *messageSendCommand) message(ctx context.Context, api *client.Client) (client.NewMessage, error) {
	m := client.NewMessage{Text: c.Text, Format: c.format(), ReplyTo: c.ReplyTo, Silent: c.Silent}
	if c.Bulk {
		m.Priority = client.PriorityBulk
	}
	if c.At != "" {
		at, err := parseWhen("--at", c.At, time.Now())
		if err != nil {
			return m, err
		}
		m.SendAt = at
	}
	if c.File != "" {
		file, err := os.Open(c.File)
		if err != nil {
			return m, err
		}
		defer file.Close()
		upload, err := api.Upload(ctx, "", io.NopCloser(file), &client.UploadParams{Name: filepath.Base(c.File)})
		if err != nil {
			return m, err
		}
		m.Media = client.NewMedia{Type: client.NewMediaType(c.As), File: upload.ID}
	}
	return m, nil
}

// send has the message sent, to somebody or into a conversation.
func (c *messageSendCommand) send(ctx context.Context, api *client.Client, account string, m client.NewMessage) (*client.Accepted, error) {
	if strings.HasPrefix(c.To, "conv_") {
		conversation, err := api.GetConversation(ctx, c.To)
		if err != nil {
			return nil, err
		}
		if conversation.AccountID != account {
			return nil, fmt.Errorf("%s is a conversation of another account, %s", c.To, conversation.AccountID)
		}
		return api.SendIntoConversation(ctx, c.To, m, &client.SendIntoConversationParams{IdempotencyKey: c.Again})
	}
	return api.SendMessage(ctx, account, client.SendMessageRequest{
		To: c.To, Text: m.Text, Format: m.Format, Media: m.Media, Priority: m.Priority, SendAt: m.SendAt, ReplyTo: m.ReplyTo,
		Silent: m.Silent,
	}, &client.SendMessageParams{IdempotencyKey: c.Again})
}

// pollInterval is how often it is asked what has become of a message.
const pollInterval = 300 * time.Millisecond

// await waits until it is known what becomes of a message.
func (c *messageSendCommand) await(env *environment, api *client.Client, sent *client.Accepted) error {
	ctx, cancel := context.WithTimeout(env.ctx, c.WaitTime)
	defer cancel()
	for {
		m, err := api.GetMessage(ctx, sent.ID)
		if err != nil {
			return err
		}
		switch m.State {
		case "delivered", "read":
			return c.print(env, m, "%s is sent, as message %d.", m.ID, m.TelegramID)
		case "failed", "canceled", "parked":
			return fmt.Errorf("%s is not sent but %s: %s", m.ID, m.State, printable(m.Error))
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			if env.ctx.Err() != nil {
				return env.ctx.Err()
			}
			return fmt.Errorf("%s is still %s after %v, and goes on without this command", sent.ID, m.State, c.WaitTime)
		}
	}
}

// messageFlags name a message.
type messageFlags struct {
	bridgeFlags
	ID string `arg:"" help:"The message's id: msg_…" name:"id"`
}

// messageShowCommand shows a message.
type messageShowCommand struct{ messageFlags }

// Run implements the command.
func (c *messageShowCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	m, err := api.GetMessage(env.ctx, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return encodeJSON(env.out, m)
	}
	_, err = fmt.Fprintln(env.out, messageText(m))
	return err
}

// messageCancelCommand takes a message back.
type messageCancelCommand struct{ messageFlags }

// Run implements the command.
func (c *messageCancelCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	m, err := api.CancelMessage(env.ctx, c.ID)
	if err != nil {
		return err
	}
	return c.print(env, m, "%s is %s.", m.ID, m.State)
}

// messageEditCommand edits a message.
type messageEditCommand struct {
	messageFlags
	Text string `arg:"" help:"The new text."`
	contentFlags
}

// Run implements the command.
func (c *messageEditCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if err := api.EditMessage(env.ctx, c.ID, client.NewContent{Text: c.Text, Format: c.format()}); err != nil {
		return err
	}
	return c.print(env, map[string]string{"edited": c.ID}, "%s is edited.", c.ID)
}

// messageDeleteCommand deletes a message.
type messageDeleteCommand struct {
	messageFlags
	Mine bool `help:"For the account alone, not for everybody."`
}

// Run implements the command.
func (c *messageDeleteCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	everybody := !c.Mine
	if err := api.DeleteMessage(env.ctx, c.ID, &client.DeleteMessageParams{Everybody: &everybody}); err != nil {
		return err
	}
	return c.print(env, map[string]string{"deleted": c.ID}, "%s is deleted.", c.ID)
}
