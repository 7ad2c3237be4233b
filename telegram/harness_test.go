package telegram_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/mtproto/mtcrypto"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/updates"
	"godwit/tg"
)

// patience is how long a test waits for what must happen. None waits for it to
// pass: proofs of passwords take a second each under the race detector.
const patience = 2 * time.Minute

// serverKey is made once: it takes as long as a dozen tests.
var serverKey = sync.OnceValues(func() (*mtcrypto.PrivateKey, error) {
	return mtcrypto.GeneratePrivateKey(rand.Reader)
})

// A place is a sandbox and the connection file that leads there.
type place struct {
	*sandbox.Sandbox
	t       *testing.T
	ctx     context.Context
	network telegram.Network
	file    *connectionfile.File
}

func newPlace(t *testing.T) *place {
	t.Helper()
	return newPlaceWith(t, sandbox.Options{})
}

func newPlaceWith(t *testing.T, o sandbox.Options) *place {
	t.Helper()
	key, err := serverKey()
	check(t, err)
	o.PrivateKey = key
	sb, err := sandbox.New(o)
	check(t, err)
	check(t, sb.Start())
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(t.TempDir(), "connection.json")
	check(t, sb.WriteInfo(path))
	network, file, err := connectionfile.Load(path)
	check(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return &place{sb, t, ctx, network, file}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// addUser puts somebody there. Phones are 99966XYYYY.
func (p *place) addUser(phone, name string) {
	p.t.Helper()
	_, err := p.AddUser(phone, name, "")
	check(p.t, err)
}

// options returns what clients there start with.
func (p *place) options() telegram.Options {
	return telegram.Options{APIID: p.file.APIID, APIHash: p.file.APIHash, Network: p.network}
}

func (p *place) connect(o telegram.Options) *telegram.Client {
	p.t.Helper()
	c, err := telegram.Connect(p.ctx, o)
	check(p.t, err)
	p.t.Cleanup(func() { c.Close() })
	return c
}

// signIn connects somebody who is there.
func (p *place) signIn(o telegram.Options, phone string) *telegram.Client {
	p.t.Helper()
	c := p.connect(o)
	_, err := c.SignIn(p.ctx, answers(phone))
	check(p.t, err)
	return c
}

// answers knows the code of a phone: the digit of its DC, five times.
func answers(phone string) telegram.Answers {
	return telegram.Answers{PhoneNumber: phone, AskCode: telegram.FixedCode(codeOf(phone))}
}

func codeOf(phone string) string { return strings.Repeat(phone[5:6], 5) }

// An inbox is a handler that keeps the texts of the messages that come in.
type inbox chan string

func newInbox() inbox { return make(inbox, 1000) }

func (b inbox) handler() telegram.Handler {
	return telegram.OnMessage(func(_ context.Context, _ *telegram.Client, m *tg.Message) error {
		if !m.Out {
			b <- m.Message
		}
		return nil
	})
}

// want waits for messages, which must be these in this order.
func (b inbox) want(ctx context.Context, t *testing.T, texts ...string) {
	t.Helper()
	for _, want := range texts {
		select {
		case got := <-b:
			if got != want {
				t.Fatalf("received %q, want %q", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("%q was not received", want)
		}
	}
}

// drained reports messages beyond those that were waited for.
func (b inbox) drained(t *testing.T) {
	t.Helper()
	select {
	case got := <-b:
		t.Errorf("received %q too", got)
	default:
	}
}

func (p *place) send(c *telegram.Client, to tg.InputPeerClass, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		m, err := c.SendText(p.ctx, to, text)
		check(p.t, err)
		if m.Message != text || m.ID == 0 || !m.Out {
			p.t.Errorf("sent %q, got %+v back", text, m)
		}
	}
}

func (p *place) contact(c *telegram.Client, phone string) tg.InputPeerClass {
	p.t.Helper()
	peer, err := c.ImportContact(p.ctx, telegram.Contact{Phone: "+" + phone, FirstName: "Contact"})
	check(p.t, err)
	return peer
}

// A cable dials, and can be cut.
type cable struct {
	mu    sync.Mutex
	conns []net.Conn
	cut   bool
}

var errCut = errors.New("cable is cut")

func (k *cable) dial(ctx context.Context, address string) (net.Conn, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cut {
		return nil, errCut
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err == nil {
		k.conns = append(k.conns, conn)
	}
	return conn, err
}

// set cuts the cable or mends it.
func (k *cable) set(cut bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cut = cut
	if cut {
		for _, conn := range k.conns {
			conn.Close()
		}
		k.conns = nil
	}
}

// stateOf returns the updates state in a delivery's change, for handlers that
// look at it.
func ptsOf(d updates.Delivery) int32 {
	if d.Change.Common == nil {
		return 0
	}
	return d.Change.Common.PTS
}
