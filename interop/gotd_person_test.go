package interop

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/gotd/log"
	"github.com/gotd/log/logslog"
	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/auth"
	"github.com/gotd/td/telegram/dcs"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
	"github.com/gotd/td/transport"

	"godwit/mtproto/transport/proxy"
)

// A gotdTransport is one of the ways in which gotd can put packets on a
// connection, and whether it hides behind temporary keys (R-PF-01).
type gotdTransport struct {
	name       string
	protocol   transport.Protocol
	obfuscated bool
	pfs        bool
	// resolver is how the DCs are reached, by Plain over TCP if nil.
	resolver func(t *testing.T, conn *connection) dcs.Resolver
}

func (tr gotdTransport) resolve(t *testing.T, conn *connection) dcs.Resolver {
	if tr.resolver != nil {
		return tr.resolver(t, conn)
	}
	return dcs.Plain(dcs.PlainOptions{Protocol: tr.protocol, Obfuscated: tr.obfuscated})
}

// gotdWebSocket goes by WebSocket, through github.com/coder/websocket.
func gotdWebSocket(*testing.T, *connection) dcs.Resolver {
	return dcs.Websocket(dcs.WebsocketOptions{})
}

// gotdMTProxy goes through the sandbox as an MTProxy, by the secret of the
// given place in the connection file.
func gotdMTProxy(i int) func(*testing.T, *connection) dcs.Resolver {
	return func(t *testing.T, conn *connection) dcs.Resolver {
		t.Helper()
		p, err := proxy.Parse(conn.MTProxies[i])
		if err != nil {
			t.Fatal(err)
		}
		m := p.(*proxy.MTProxy)
		resolver, err := dcs.MTProxy(fmt.Sprintf("%s:%d", m.Host, m.Port), m.Secret.Encode(), dcs.MTProxyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return resolver
	}
}

// gotd has no obfuscated full framing: full framing has no tag to announce.
var gotdTransports = []gotdTransport{
	{"abridged", transport.Abridged, false, false, nil},
	{"intermediate", transport.Intermediate, false, false, nil},
	{"padded intermediate", transport.PaddedIntermediate, false, false, nil},
	{"full", transport.Full, false, false, nil},
	{"abridged, obfuscated", transport.Abridged, true, false, nil},
	{"intermediate, obfuscated", transport.Intermediate, true, false, nil},
	{"padded intermediate, obfuscated", transport.PaddedIntermediate, true, false, nil},
	{"abridged, obfuscated, PFS", transport.Abridged, true, true, nil},
	{name: "WebSocket", resolver: gotdWebSocket},
	{name: "MTProxy, plain secret", resolver: gotdMTProxy(0)},
	{name: "MTProxy, dd secret", resolver: gotdMTProxy(1)},
	{name: "MTProxy, fake TLS", resolver: gotdMTProxy(2)},
}

// A gotdPerson talks through gotd's telegram.Client.
type gotdPerson struct {
	client   *telegram.Client
	api      *tg.Client
	phone    string
	received chan message
	scanned  chan struct{} // has room for one
	contacts map[string]*tg.InputPeerUser
	stop     context.CancelFunc
	done     chan error
}

// startGotd connects a client to the DC that the file names first, or to the
// one in its storage, and ends it with the test.
func startGotd(ctx context.Context, t *testing.T, conn *connection, tr gotdTransport, phone string, storage session.Storage) *gotdPerson {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	p := &gotdPerson{
		phone:    phone,
		received: make(chan message, 64),
		scanned:  make(chan struct{}, 1),
		contacts: map[string]*tg.InputPeerUser{},
		stop:     stop,
		done:     make(chan error, 1),
	}
	updates := tg.NewUpdateDispatcher()
	updates.OnNewMessage(func(_ context.Context, _ tg.Entities, u *tg.UpdateNewMessage) error {
		if m, ok := u.Message.(*tg.Message); ok && !m.Out {
			p.received <- message{ID: m.ID, Text: m.Message}
		}
		return nil
	})
	// gotd's own helper forgets an update that comes before anybody waits for it.
	updates.OnLoginToken(func(context.Context, tg.Entities, *tg.UpdateLoginToken) error {
		select {
		case p.scanned <- struct{}{}:
		default:
		}
		return nil
	})
	p.client = telegram.NewClient(conn.APIID, conn.APIHash, telegram.Options{
		PublicKeys:     []telegram.PublicKey{{RSA: parsePublicKey(t, conn.PublicKey)}},
		DC:             conn.DCs[0].ID,
		DCList:         dcList(conn),
		Resolver:       tr.resolve(t, conn),
		SessionStorage: storage,
		EnablePFS:      tr.pfs,
		AllowCDN:       true,
		UpdateHandler:  updates,
		Logger:         gotdLogger(t),
	})
	p.api = p.client.API()

	ready := make(chan struct{})
	go func() {
		p.done <- p.client.Run(ctx, func(ctx context.Context) error {
			close(ready)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	t.Cleanup(p.Close)
	select {
	case <-ready:
	case err := <-p.done:
		p.done <- nil
		t.Fatalf("gotd did not connect: %v", err)
	}
	return p
}

// Close ends the client and waits for it. It may be called twice.
func (p *gotdPerson) Close() {
	p.stop()
	<-p.done
	p.done <- nil
}

func dcList(conn *connection) dcs.List {
	list := dcs.List{Test: conn.TestDC, Domains: map[int]string{}}
	for _, dc := range conn.DCs {
		list.Domains[dc.ID] = fmt.Sprintf("ws://%s:%d/apiws", dc.Host, dc.Port)
		list.Options = append(list.Options, tg.DCOption{ID: dc.ID, IPAddress: dc.Host, Port: dc.Port, Static: true})
	}
	return list
}

func parsePublicKey(t *testing.T, text string) *rsa.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no PEM block in %q", text)
	}
	key, err := x509.ParsePKCS1PublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func gotdLogger(t *testing.T) log.Logger {
	if os.Getenv("GODWIT_INTEROP_LOG") == "" {
		return nil
	}
	return logslog.New(slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// SignUp registers the phone number.
func (p *gotdPerson) SignUp(ctx context.Context, firstName string) error {
	sent, err := p.sendCode(ctx)
	if err != nil {
		return err
	}
	_, err = p.client.Auth().SignIn(ctx, p.phone, codeFor(p.phone), sent.PhoneCodeHash)
	if required := (*auth.SignUpRequired)(nil); !errors.As(err, &required) {
		return fmt.Errorf("signing in with a new number: got %v, want sign-up required", err)
	}
	_, err = p.client.Auth().SignUp(ctx, auth.SignUp{
		PhoneNumber:   p.phone,
		PhoneCodeHash: sent.PhoneCodeHash,
		FirstName:     firstName,
		LastName:      "of gotd",
	})
	return err
}

// SignIn signs in with the code, after a wrong one, and with the password if
// there is one, after a wrong one.
func (p *gotdPerson) SignIn(ctx context.Context, password string) error {
	sent, err := p.sendCode(ctx)
	if err != nil {
		return err
	}
	if _, err = p.client.Auth().SignIn(ctx, p.phone, "00000", sent.PhoneCodeHash); !tgerr.Is(err, "PHONE_CODE_INVALID") {
		return fmt.Errorf("wrong code: got %v, want PHONE_CODE_INVALID", err)
	}
	_, err = p.client.Auth().SignIn(ctx, p.phone, codeFor(p.phone), sent.PhoneCodeHash)
	if password == "" {
		return err
	}
	if !errors.Is(err, auth.ErrPasswordAuthNeeded) {
		return fmt.Errorf("code of an account with 2FA: got %v, want password needed", err)
	}
	if _, err := p.client.Auth().Password(ctx, password+"?"); !errors.Is(err, auth.ErrPasswordInvalid) {
		return fmt.Errorf("wrong password: got %v, want password invalid", err)
	}
	_, err = p.client.Auth().Password(ctx, password)
	return err
}

func (p *gotdPerson) sendCode(ctx context.Context) (*tg.AuthSentCode, error) {
	sent, err := p.client.Auth().SendCode(ctx, p.phone, auth.SendCodeOptions{})
	if err != nil {
		return nil, err
	}
	code, ok := sent.(*tg.AuthSentCode)
	if !ok {
		return nil, fmt.Errorf("auth.sendCode answered %T", sent)
	}
	return code, nil
}

// SetPassword turns 2FA on.
func (p *gotdPerson) SetPassword(ctx context.Context, password string) error {
	return p.client.Auth().UpdatePassword(ctx, password, auth.UpdatePasswordOptions{Hint: "a bird"})
}

// Add makes the owner of a phone number a contact.
func (p *gotdPerson) Add(ctx context.Context, phone string) error {
	imported, err := p.api.ContactsImportContacts(ctx, []tg.InputPhoneContact{
		{ClientID: 1, Phone: phone, FirstName: "Contact", LastName: phone},
	})
	if err != nil {
		return err
	}
	user, ok := tg.UserClassArray(imported.Users).FirstAsNotEmpty()
	if !ok {
		return fmt.Errorf("contacts.importContacts found nobody: %v", imported)
	}
	p.contacts[phone] = user.AsInputPeer()
	return nil
}

// Send sends a chat message to a contact.
func (p *gotdPerson) Send(ctx context.Context, phone, text string) (int, error) {
	return p.send(ctx, phone, text, rand.Int64())
}

func (p *gotdPerson) send(ctx context.Context, phone, text string, randomID int64) (int, error) {
	answer, err := p.api.MessagesSendMessage(ctx, &tg.MessagesSendMessageRequest{
		Peer: p.contacts[phone], Message: text, RandomID: randomID,
	})
	if err != nil {
		return 0, err
	}
	switch u := answer.(type) {
	case *tg.UpdateShortSentMessage:
		return u.ID, nil
	case *tg.Updates:
		for _, update := range u.Updates {
			if id, ok := update.(*tg.UpdateMessageID); ok && id.RandomID == randomID {
				return id.ID, nil
			}
		}
	}
	return 0, fmt.Errorf("messages.sendMessage answered %v", answer)
}

// Receive waits for the next incoming chat message.
func (p *gotdPerson) Receive(ctx context.Context) (message, error) {
	select {
	case m := <-p.received:
		return m, nil
	case <-ctx.Done():
		return message{}, ctx.Err()
	}
}

// History reads the chat with a contact in pages of 5.
func (p *gotdPerson) History(ctx context.Context, phone string) ([]message, error) {
	var newestFirst []message
	for offset := 0; ; {
		page, err := p.api.MessagesGetHistory(ctx, &tg.MessagesGetHistoryRequest{
			Peer: p.contacts[phone], OffsetID: offset, Limit: 5,
		})
		if err != nil {
			return nil, err
		}
		list, ok := page.AsModified()
		if !ok {
			return nil, fmt.Errorf("messages.getHistory answered %T", page)
		}
		if len(list.GetMessages()) == 0 {
			break
		}
		for _, item := range list.GetMessages() {
			offset = item.GetID()
			if m, ok := item.(*tg.Message); ok {
				newestFirst = append(newestFirst, message{ID: m.ID, Text: m.Message, Out: m.Out})
			}
		}
	}
	oldestFirst := make([]message, len(newestFirst))
	for i, m := range newestFirst {
		oldestFirst[len(newestFirst)-1-i] = m
	}
	return oldestFirst, nil
}
