// Package trial is for tests of the bridge: a sandbox, a database, and nodes of
// the bridge that run accounts there, with real connections between all of them.
//
// Start with [OnBoth] or [New], and [Place.Start]. TestMain of a package that
// uses it ends with os.Exit(pgtest.Run(m)).
package trial

import (
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/account"
	"godwit/bridge/internal/botapi"
	"godwit/bridge/internal/fleet"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/outbox"
	"godwit/bridge/internal/service"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/vault"
	"godwit/internal/pgtest"
	"godwit/mtproto/mtcrypto"
	"godwit/sandbox"
	sandboxapi "godwit/sandbox/botapi"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
)

// Patience is how long a test waits for what must happen.
const Patience = 2 * time.Minute

// serverKey is made once: it takes as long as a dozen tests.
var serverKey = sync.OnceValues(func() (*mtcrypto.PrivateKey, error) {
	return mtcrypto.GeneratePrivateKey(rand.Reader)
})

// A Place is a sandbox, and a database for nodes that run accounts there.
type Place struct {
	testing.TB
	Sandbox *sandbox.Sandbox
	BotAPI  *sandboxapi.Server
	Network telegram.Network
	File    *connectionfile.File
	URL     string // of the database
	KEK     string

	// Guard says whom nodes may write to; nil: everybody.
	Guard outbox.Guard
	// Dial says how a node reaches Telegram; over TCP if nil.
	Dial func(node string) telegram.DialFunc
	// BotWebhook says where Telegram brings the updates of bots; nil: nowhere.
	BotWebhook func(bridge.AccountID) string
	// History is how many messages of each conversation nodes fetch by themselves.
	History int
	// Admit says what the accounts of nodes may do in the background; nil:
	// everything.
	Admit func(ctx context.Context, id bridge.AccountID, kind bridge.BudgetKind) error
}

// OnBoth runs a test on each kind of database.
func OnBoth(t *testing.T, test func(p *Place)) {
	pgtest.OnBoth(t, func(t *testing.T, url string) { test(New(t, url)) })
}

// New returns a place with an empty sandbox and the database at a URL. A key
// that is used over two connections at once is ended there, as Telegram ends one
// that is used from two places.
func New(t testing.TB, url string) *Place {
	return NewUnder(t, url, sandbox.DuplicatesByConnection)
}

// NewUnder is New with another rule for keys in two places.
func NewUnder(t testing.TB, url string, rule sandbox.DuplicateRule) *Place {
	p := &Place{TB: t, URL: url, KEK: "file:" + filepath.Join(t.TempDir(), "kek")}
	key, err := serverKey()
	p.Check(err)
	p.Sandbox, err = sandbox.New(sandbox.Options{PrivateKey: key, Duplicates: rule})
	p.Check(err)
	p.Check(p.Sandbox.Start())
	t.Cleanup(func() { p.Check(p.Sandbox.Close()) })
	p.BotAPI = sandboxapi.New(p.Sandbox, sandboxapi.Options{})
	t.Cleanup(func() { p.Check(p.BotAPI.Close()) })
	bots, err := p.BotAPI.Start("127.0.0.1:0")
	p.Check(err)
	p.Sandbox.SetBotAPI(bots)
	path := filepath.Join(t.TempDir(), "connection.json")
	p.Check(p.Sandbox.WriteInfo(path))
	p.Network, p.File, err = connectionfile.Load(path)
	p.Check(err)
	return p
}

// Check ends the test where err is not nil.
func (p *Place) Check(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// Client returns a client of the sandbox that is signed in by phone, outside the
// bridge. The user must be there.
func (p *Place) Client(phone string, o telegram.Options) *telegram.Client {
	p.Helper()
	o.Network, o.APIID, o.APIHash = p.Network, p.File.APIID, p.File.APIHash
	c, err := telegram.Connect(p.Context(), o)
	p.Check(err)
	p.Cleanup(func() { _ = c.Close() })
	_, err = c.SignIn(p.Context(), telegram.Answers{PhoneNumber: phone, AskCode: telegram.FixedCode(Code(phone))})
	p.Check(err)
	return c
}

// Code returns the login code of a phone: the digit of its DC, five times.
func Code(phone string) string { return strings.Repeat(phone[5:6], 5) }

// A Node is a node of the bridge, without its HTTP API.
type Node struct {
	*Place
	Name    string
	Store   *store.Store
	Fleet   *fleet.Fleet
	Outbox  *outbox.Outbox
	Inbox   *inbox.Inbox
	Service *service.Service

	stop context.CancelFunc
	done chan struct{}
	once sync.Once

	mu      sync.Mutex
	changed chan struct{} // closed with each change
}

// anybody may be written to.
type anybody struct{}

// Check implements outbox.Guard.
func (anybody) Check(*store.Tx, store.Head) error { return nil }

// Start starts a node. It looks more often, and waits for less, than one that is
// not tested.
func (p *Place) Start(name string) *Node {
	p.Helper()
	s, err := store.Open(p.Context(), p.URL)
	p.Check(err)
	kek, err := vault.OpenKEK(p.Context(), p.KEK)
	p.Check(err)
	n := &Node{Place: p, Name: name, Store: s, done: make(chan struct{}), changed: make(chan struct{})}
	log := slog.New(slog.NewTextHandler(p.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", name)
	v := vault.New(kek)
	n.Inbox = inbox.New(s, time.Now)
	var dial telegram.DialFunc
	if p.Dial != nil {
		dial = p.Dial(name)
	}
	certain := func(ctx context.Context) error { return n.Fleet.Certain(ctx) }
	n.Fleet = fleet.New(fleet.Options{
		Node: name, Address: name + ":1", Store: s, Logger: log, Now: time.Now, OnChange: n.noteChange,
		Interval: 50 * time.Millisecond, MinBackoff: 10 * time.Millisecond, Grace: 4 * time.Second,
		LockTimeout: 3 * time.Second, CheckDelay: 100 * time.Millisecond,
		Starter: &fleet.Surfaces{
			Users: &account.Environment{
				Store: s, Vault: v, Network: p.Network, APIID: p.File.APIID, APIHash: p.File.APIHash, Logger: log, Now: time.Now, Dial: dial,
				Inbox:   &account.Recorder{Store: s, Inbox: n.Inbox, Logger: log, History: p.History, Admit: p.Admit},
				Certain: certain,
			},
			Bots: &botapi.Environment{
				Store: s, Vault: v, Inbox: n.Inbox, Logger: log, Now: time.Now, URL: p.File.BotAPIURL, Webhook: p.BotWebhook, Certain: certain,
			},
		},
	})
	guard := p.Guard
	if guard == nil {
		guard = anybody{}
	}
	n.Outbox = outbox.New(outbox.Options{Store: s, Fleet: n.Fleet, Inbox: n.Inbox, Guard: guard, Logger: log, Now: time.Now})
	n.Service = &service.Service{
		Store: s, Vault: v, Fleet: n.Fleet, Logger: log, Now: time.Now, Node: name, Wake: n.Outbox.Wake, BotWebhooks: p.BotWebhook != nil,
		Deleted: func(bridge.AccountID) {},
	}
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	go func() {
		defer close(n.done)
		if err := n.Fleet.Run(ctx); err != nil {
			log.Error("fleet", "error", err)
		}
	}()
	p.Cleanup(n.End)
	return n
}

// End ends a node, which gives its accounts back.
func (n *Node) End() {
	n.once.Do(func() {
		n.stop()
		<-n.done
		n.Outbox.Close()
		n.Inbox.Close()
		n.Check(n.Store.Close())
	})
}

func (n *Node) noteChange(id bridge.AccountID, a *bridge.Account) {
	n.Outbox.Changed(id, a)
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.changed)
	n.changed = make(chan struct{})
}

// Await waits until something holds, which it tries again with each change of an
// account of this node, and many times a second.
func (n *Node) Await(what string, holds func() bool) {
	n.Helper()
	deadline := time.After(Patience)
	for {
		n.mu.Lock()
		changed := n.changed
		n.mu.Unlock()
		if holds() {
			return
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // another node, or Telegram, may have done it
		case <-deadline:
			n.Fatalf("%s: not after %v", what, Patience)
		}
	}
}

// AwaitAccount waits until something holds of an account.
func (n *Node) AwaitAccount(id bridge.AccountID, what string, holds func(*bridge.Account) bool) (a *bridge.Account) {
	n.Helper()
	n.Await("account "+string(id)+" "+what, func() bool {
		var err error
		a, err = n.Store.Account(n.Context(), id)
		n.Check(err)
		return holds(a)
	})
	return a
}

// AwaitState waits until an account is in a state.
func (n *Node) AwaitState(id bridge.AccountID, s bridge.State) *bridge.Account {
	n.Helper()
	return n.AwaitAccount(id, string(s), func(a *bridge.Account) bool { return a.Status.State == s })
}

// Add adds a person's account that nobody has signed in yet.
func (n *Node) Add() bridge.AccountID {
	n.Helper()
	return n.AddOf(bridge.UserAccount)
}

// AddBot adds a bot that is in the sandbox, by its token, and waits until it is
// online.
func (n *Node) AddBot(token string) bridge.AccountID {
	n.Helper()
	id := n.AddOf(bridge.BotAccount)
	_, err := n.Fleet.BeginSignIn(n.Context(), id)
	n.Check(err)
	if step := n.Answer(id, "bot_token", token); step.Step != "done" {
		n.Fatalf("after the token: %+v", step)
	}
	n.AwaitState(id, bridge.Online)
	return id
}

// AddOf adds an account of a kind that nobody has signed in yet.
func (n *Node) AddOf(kind bridge.AccountKind) bridge.AccountID {
	n.Helper()
	id, err := bridge.NewID[bridge.AccountID](time.Now(), rand.Reader)
	n.Check(err)
	now := time.Now()
	n.Check(n.Store.Change(n.Context(), func(t *store.Tx) error {
		return t.AddAccount(&bridge.Account{ID: id, Kind: kind, CreatedAt: now,
			Status: bridge.Status{State: bridge.New, Since: now}})
	}))
	n.AwaitAccount(id, "owned", func(a *bridge.Account) bool {
		return a.Node != "" && (a.Node != n.Name || n.Fleet.Owns(id)) // it is claimed first
	})
	return id
}

// Answer answers a step of a sign-in.
func (n *Node) Answer(id bridge.AccountID, action, text string) *bridge.SignIn {
	n.Helper()
	step, err := n.Fleet.AnswerSignIn(n.Context(), id, bridge.Answer{Action: action, Text: text})
	n.Check(err)
	return step
}

// SignIn signs an account in by phone, and waits until it is online.
func (n *Node) SignIn(id bridge.AccountID, phone string) {
	n.Helper()
	_, err := n.Fleet.BeginSignIn(n.Context(), id)
	n.Check(err)
	n.Answer(id, "phone", phone)
	if step := n.Answer(id, "code", Code(phone)); step.Step != "done" {
		n.Fatalf("after the code: %+v", step)
	}
	n.AwaitState(id, bridge.Online)
}
