package main

import (
	"encoding/json"
	"io"
	"time"

	"godwit/telegram"
	"godwit/telegram/text"
	"godwit/tg"
)

// encodeJSON prints a value as one line.
func encodeJSON(out io.Writer, v any) error { return json.NewEncoder(out).Encode(v) }

// A messageJSON is a message as --json prints it.
type messageJSON struct {
	ID      int32     `json:"id"`
	Chat    int64     `json:"chat"` // as the Bot API writes ids
	From    int64     `json:"from,omitempty"`
	Date    time.Time `json:"date"`
	Out     bool      `json:"out,omitempty"`
	Text    string    `json:"text"`
	HTML    string    `json:"html,omitempty"` // where parts of the text are marked
	ReplyTo int32     `json:"reply_to,omitempty"`
	Edited  bool      `json:"edited,omitempty"`
	Pinned  bool      `json:"pinned,omitempty"`
	Media   bool      `json:"media,omitempty"`
}

func messageLine(m *tg.Message) messageJSON {
	out := messageJSON{
		ID: m.ID, Chat: telegram.IDOf(m.PeerID).Mark(), From: telegram.IDOf(m.FromID).Mark(),
		Date: time.Unix(int64(m.Date), 0).UTC(), Out: m.Out, Text: m.Message, Edited: m.EditDate.Set, Pinned: m.Pinned,
		Media: m.Media != nil,
	}
	if len(m.Entities) > 0 {
		out.HTML = text.Text{Text: m.Message, Entities: m.Entities}.HTML()
	}
	if h, ok := m.ReplyTo.(*tg.MessageReplyHeader); ok {
		out.ReplyTo = h.ReplyToMsgID.Or(0)
	}
	return out
}
