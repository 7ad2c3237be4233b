package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"godwit/telegram"
	"godwit/telegram/filestore"
	"godwit/telegram/signin"
	"godwit/tg"
)

// A person of the story, with the device that they use. Their credentials
// stay in a file while the client comes and goes.
type person struct {
	*story
	name, phone, code, password string

	store  *filestore.Store
	client *telegram.Client // nil while away
	peer   tg.InputPeerClass
	inbox  chan string

	codes, passwords int // how often they were asked for
}

// connect starts the person's client with what is in the file.
func (p *person) connect(ctx context.Context) error {
	store, err := filestore.Open(filepath.Join(p.dir, strings.ToLower(p.name)+".session"), p.key)
	if err != nil {
		return err
	}
	p.store = store
	if p.inbox == nil {
		p.inbox = make(chan string, 100)
	}
	p.client, err = telegram.Connect(ctx, telegram.Options{
		APIID: p.file.APIID, APIHash: p.file.APIHash,
		Network: p.network, Store: store, Logger: p.env.log,
		Handler: telegram.OnMessage(p.receive),
	})
	if err != nil {
		return errors.Join(err, store.Close())
	}
	if self := p.client.Self(); self != nil {
		p.line("  %s is back, signed in from the stored credentials.", p.name)
	}
	return nil
}

// leave ends the person's client, as a program that ends does.
func (p *person) leave() {
	if p.client == nil {
		return
	}
	p.client.Close()
	p.store.Close()
	p.client = nil
}

// signIn signs in by phone code, and by password or as a new account where it
// comes to that.
func (p *person) signIn(ctx context.Context) error {
	user, err := p.client.SignIn(ctx, telegram.Answers{
		PhoneNumber: p.phone,
		AskCode: func(_ context.Context, prompt signin.Prompt) (string, error) {
			p.codes++
			p.line("  %s is asked for the code sent to +%s, and types %s.", p.name, prompt.Phone, p.code)
			return p.code, prompt.Problem
		},
		AskPassword: func(_ context.Context, prompt signin.Prompt) (string, error) {
			p.passwords++
			p.line("  %s is asked for the password (hint: %s), and proves knowing it by SRP.", p.name, prompt.Password.Hint)
			return p.password, prompt.Problem
		},
		NewAccount: &telegram.Name{First: p.name},
	})
	if err != nil {
		return err
	}
	p.line("  %s is signed in as user %d.", p.name, user.ID)
	return nil
}

// homeDC returns the data centre that the person's credentials name.
func (p *person) homeDC() (int, error) {
	credentials, err := p.store.Load()
	return credentials.DC, err
}

// know makes the other a contact.
func (p *person) know(ctx context.Context, other *person) error {
	peer, err := p.client.ImportContact(ctx, telegram.Contact{Phone: "+" + other.phone, FirstName: other.name})
	p.peer = peer
	return err
}

// say sends a message to the one person that p knows.
func (p *person) say(ctx context.Context, to *person, text string) error {
	if _, err := p.client.SendText(ctx, p.peer, text); err != nil {
		return err
	}
	p.said = append(p.said, text)
	p.line("  %5s → %-5s  %s", p.name, to.name, text)
	return nil
}

// receive takes a message that has arrived.
func (p *person) receive(ctx context.Context, _ *telegram.Client, m *tg.Message) error {
	if m.Out {
		return nil
	}
	select {
	case p.inbox <- m.Message:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// expect waits for the next message, which must be text.
func (p *person) expect(ctx context.Context, text string) error {
	select {
	case got := <-p.inbox:
		if got != text {
			return fmt.Errorf("%s got %q where %q was next", p.name, got, text)
		}
		p.line("  %5s got      %s", p.name, text)
		return nil
	case <-p.client.Done():
		return p.client.Err()
	case <-ctx.Done():
		return fmt.Errorf("%s has not got %q: %w", p.name, text, ctx.Err())
	}
}

// unexpected returns what has arrived and was not waited for.
func (p *person) unexpected() (texts []string) {
	for {
		select {
		case text := <-p.inbox:
			texts = append(texts, text)
		default:
			return texts
		}
	}
}
