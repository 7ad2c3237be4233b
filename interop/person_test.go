package interop

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

// A person is somebody who talks through one client library. The methods are
// the features that every library is asked for, so that two people can talk
// whatever they use.
type person interface {
	// SignIn signs in with the phone code, and with the password if the account
	// has one.
	SignIn(ctx context.Context, password string) error
	// Add makes the owner of a phone number a contact.
	Add(ctx context.Context, phone string) error
	// Send sends a chat message to a contact and returns its id.
	Send(ctx context.Context, phone, text string) (int, error)
	// Receive waits for the next incoming chat message.
	Receive(ctx context.Context) (message, error)
	// History returns the whole chat with a contact, oldest first.
	History(ctx context.Context, phone string) ([]message, error)
}

// A message is one chat message as a person sees it.
type message struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
	Out  bool   `json:"out"`
}

// A speaker is a person together with what the others know him by.
type speaker struct {
	person
	name, phone string
}

// converse lets two people become contacts, talk in turns and in bursts, and
// compares what each received and what each finds in the history.
func converse(ctx context.Context, t *testing.T, a, b speaker) {
	t.Helper()
	if err := a.Add(ctx, b.phone); err != nil {
		t.Fatalf("%s adds %s: %v", a.name, b.name, err)
	}
	if err := b.Add(ctx, a.phone); err != nil {
		t.Fatalf("%s adds %s: %v", b.name, a.name, err)
	}
	var said []message // as a sees it, ids aside
	for turn := range 2 {
		said = append(said, burst(ctx, t, a, b, turn, true)...)
		said = append(said, burst(ctx, t, b, a, turn, false)...)
	}
	checkHistory(ctx, t, a, b, said)
	for i := range said {
		said[i].Out = !said[i].Out
	}
	checkHistory(ctx, t, b, a, said)
}

// burst sends three messages and waits until they arrived. Libraries hand
// messages of different packets to their users in any order, so the order is
// checked by id.
func burst(ctx context.Context, t *testing.T, from, to speaker, turn int, out bool) []message {
	t.Helper()
	const size = 3
	var sent []message
	for i := range size {
		text := fmt.Sprintf("%s to %s, turn %d, message %d", from.name, to.name, turn, i)
		if _, err := from.Send(ctx, to.phone, text); err != nil {
			t.Fatalf("%s sends: %v", from.name, err)
		}
		sent = append(sent, message{Text: text, Out: out})
	}
	checkReceived(ctx, t, to, texts(sent))
	return sent
}

// checkReceived waits for as many messages as are wanted and compares them.
func checkReceived(ctx context.Context, t *testing.T, p speaker, want []string) {
	t.Helper()
	var got []message
	for range want {
		m, err := p.Receive(ctx)
		if err != nil {
			t.Fatalf("%s receives, has %d of %d: %v", p.name, len(got), len(want), err)
		}
		if m.Out {
			t.Errorf("%s received %q, marked as outgoing", p.name, m.Text)
		}
		got = append(got, m)
	}
	slices.SortFunc(got, func(x, y message) int { return x.ID - y.ID })
	if !slices.Equal(texts(got), want) {
		t.Fatalf("%s received %q, want %q", p.name, texts(got), want)
	}
}

func checkHistory(ctx context.Context, t *testing.T, p, with speaker, want []message) {
	t.Helper()
	got, err := p.History(ctx, with.phone)
	if err != nil {
		t.Fatalf("history of %s: %v", p.name, err)
	}
	for i := range got {
		if i > 0 && got[i].ID <= got[i-1].ID {
			t.Errorf("history of %s: id %d after %d", p.name, got[i].ID, got[i-1].ID)
		}
		got[i].ID = 0
	}
	if !slices.Equal(got, want) {
		t.Fatalf("history of %s:\n got %v\nwant %v", p.name, got, want)
	}
}

func texts(messages []message) []string {
	var list []string
	for _, m := range messages {
		list = append(list, m.Text)
	}
	return list
}
