package interop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"testing"

	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/transport"
	"godwit/telegram"
	"godwit/telegram/signin"
	"godwit/telegram/updates"
	"godwit/tg"
)

// knowing is a store that tells which keys are saved.
type knowing struct {
	telegram.Store
	conn *connection
}

func (k knowing) Save(c *telegram.Credentials) error {
	for _, key := range c.Keys {
		k.conn.know(&key.Key)
	}
	return k.Store.Save(c)
}

// A godwitPerson talks through our own client.
type godwitPerson struct {
	client   *telegram.Client
	phone    string
	received chan message
	signIns  chan *tg.UpdateNewAuthorization // on other devices
	contacts map[string]tg.InputPeerClass
}

// startGodwit connects a client and ends it with the test.
func startGodwit(ctx context.Context, t *testing.T, conn *connection, tr transport.Options, phone string, store telegram.Store) *godwitPerson {
	t.Helper()
	keys, err := mtcrypto.ParsePublicKeys([]byte(conn.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	network := telegram.Network{PublicKeys: keys, Test: conn.TestDC}
	for _, dc := range conn.DCs {
		network.DCs = append(network.DCs, telegram.DC{ID: dc.ID, Host: dc.Host, Port: dc.Port})
	}
	p := &godwitPerson{
		phone:    phone,
		received: make(chan message, 64),
		signIns:  make(chan *tg.UpdateNewAuthorization, 64),
		contacts: map[string]tg.InputPeerClass{},
	}
	p.client, err = telegram.Connect(ctx, telegram.Options{
		APIID:     conn.APIID,
		APIHash:   conn.APIHash,
		Store:     knowing{store, conn},
		Network:   network,
		Transport: &tr,
		Logger:    godwitLogger(t),
		Handler:   p.handle,
	})
	if err != nil {
		t.Fatalf("godwit did not connect: %v", err)
	}
	t.Cleanup(func() {
		if err := p.client.Close(); err != nil {
			t.Errorf("godwit: %v", err)
		}
	})
	return p
}

// handle takes what happens to the account.
func (p *godwitPerson) handle(_ context.Context, _ *telegram.Client, d updates.Delivery) error {
	for _, u := range d.Updates {
		switch u := u.(type) {
		case *tg.UpdateNewMessage:
			if m, ok := u.Message.(*tg.Message); ok && !m.Out {
				p.received <- message{ID: int(m.ID), Text: m.Message}
			}
		case *tg.UpdateNewAuthorization:
			p.signIns <- u
		}
	}
	return nil
}

func godwitLogger(t *testing.T) *slog.Logger {
	if os.Getenv("GODWIT_INTEROP_LOG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// SignIn signs in with the code, after a wrong one, and with the password if
// there is one.
func (p *godwitPerson) SignIn(ctx context.Context, password string) error {
	answers := telegram.Answers{
		PhoneNumber: p.phone,
		AskCode: func(_ context.Context, prompt signin.Prompt) (string, error) {
			switch prompt.Attempt {
			case 1:
				return "00000", nil
			case 2:
				if !errors.Is(prompt.Problem, tg.ErrPhoneCodeInvalid) {
					return "", fmt.Errorf("wrong code: got %v, want PHONE_CODE_INVALID", prompt.Problem)
				}
				return codeFor(p.phone), nil
			}
			return "", fmt.Errorf("right code: %w", prompt.Problem)
		},
	}
	if password != "" {
		answers.AskPassword = telegram.FixedPassword(password)
	}
	_, err := p.client.SignIn(ctx, answers)
	return err
}

// Add makes the owner of a phone number a contact.
func (p *godwitPerson) Add(ctx context.Context, phone string) error {
	peer, err := p.client.ImportContact(ctx, telegram.Contact{Phone: phone, FirstName: "Contact", LastName: phone})
	p.contacts[phone] = peer
	return err
}

// Send sends a chat message to a contact.
func (p *godwitPerson) Send(ctx context.Context, phone, text string) (int, error) {
	m, err := p.client.SendText(ctx, p.contacts[phone], text)
	if err != nil {
		return 0, err
	}
	return int(m.ID), nil
}

// Receive waits for the next incoming chat message.
func (p *godwitPerson) Receive(ctx context.Context) (message, error) {
	select {
	case m := <-p.received:
		return m, nil
	case <-p.client.Done():
		return message{}, p.client.Err()
	case <-ctx.Done():
		return message{}, ctx.Err()
	}
}

// History reads the whole chat with a contact.
func (p *godwitPerson) History(ctx context.Context, phone string) ([]message, error) {
	var list []message
	for m, err := range p.client.History(ctx, p.contacts[phone], telegram.HistoryOptions{}) {
		if err != nil {
			return nil, err
		}
		list = append(list, message{ID: int(m.ID), Text: m.Message, Out: m.Out})
	}
	slices.Reverse(list)
	return list, nil
}
