package main

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"godwit/tg"
)

// TestLine has a message shown with its id and with what it carries, and
// nothing of it control the terminal.
func TestLine(t *testing.T) {
	date := int32(1_700_000_000)
	head := time.Unix(int64(date), 0).Format(time.DateTime)
	file := &tg.MessageMediaDocument{Document: &tg.Document{
		MIMEType: "text/plain", Size: 6, Attributes: []tg.DocumentAttributeClass{&tg.DocumentAttributeFilename{FileName: "a\x1b.txt"}},
	}}
	tests := []struct {
		m    tg.Message
		want string
	}{
		{tg.Message{ID: 7, Message: "hello"}, head + " 7 ← hello"},
		{tg.Message{ID: 17, Out: true, Message: "two\nlines"}, head + " 17 → two\n                         lines"},
		{tg.Message{ID: 7, Media: file}, head + " 7 ← [a\uFFFD.txt, 6 bytes]"},
		{tg.Message{ID: 7, Media: file, Message: "a caption"}, head + " 7 ← [a\uFFFD.txt, 6 bytes] a caption"},
		{tg.Message{ID: 7, Media: &tg.MessageMediaDocument{Document: &tg.Document{MIMEType: "x/y"}}}, head + " 7 ← [x/y, 0 bytes]"},
		{tg.Message{ID: 7, Media: &tg.MessageMediaDocument{}}, head + " 7 ← [file]"},
		{tg.Message{ID: 7, Media: &tg.MessageMediaPhoto{}, Message: "look"}, head + " 7 ← [photo] look"},
		{tg.Message{ID: 7, Media: &tg.MessageMediaPoll{Poll: tg.Poll{Question: tg.TextWithEntities{Text: "tea?"}}}}, head + " 7 ← [poll: tea?]"},
		{tg.Message{ID: 7, Media: &tg.MessageMediaGeo{}}, head + " 7 ← [geo]"},
		{tg.Message{ID: 7, Media: &tg.MessageMediaWebPage{}, Message: "a link"}, head + " 7 ← a link"},
	}
	for _, test := range tests {
		test.m.Date = date
		if got := line(&test.m); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// TestInterruptedQuestion has Ctrl-C end a question that nobody answers.
func TestInterruptedQuestion(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	in, typed := io.Pipe()
	defer typed.Close()
	out := newScreen("Phone number:")
	keyboard := newTerminal(&environment{ctx: ctx, in: in, out: out}, "")
	asked := make(chan error)
	go func() {
		_, err := keyboard.ask("Phone number:")
		asked <- err
	}()
	<-out.seen
	interrupt()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}
