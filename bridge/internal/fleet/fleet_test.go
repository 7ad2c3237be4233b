package fleet_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/account"
	"godwit/bridge/internal/fleet"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/vault"
	"godwit/internal/pgtest"
	"godwit/mtproto/mtcrypto"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/updates"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// patience is how long a test waits for what must happen.
const patience = time.Minute

var serverKey = sync.OnceValues(func() (*mtcrypto.PrivateKey, error) {
	return mtcrypto.GeneratePrivateKey(rand.Reader)
})

// A place is a sandbox, and a database for nodes that run accounts there.
type place struct {
	*testing.T
	sandbox *sandbox.Sandbox
	network telegram.Network
	file    *telegram.ConnectionFile
	url     string
	kek     string
}

func onBoth(t *testing.T, test func(p *place)) {
	t.Run("postgres", func(t *testing.T) { test(newPlace(t, pgtest.Database(t))) })
	t.Run("sqlite", func(t *testing.T) { test(newPlace(t, "sqlite:"+filepath.Join(t.TempDir(), "bridge.db"))) })
}

func newPlace(t *testing.T, url string) *place {
	p := &place{T: t, url: url, kek: "file:" + filepath.Join(t.TempDir(), "kek")}
	key, err := serverKey()
	p.check(err)
	p.sandbox, err = sandbox.New(sandbox.Options{PrivateKey: key, Duplicates: sandbox.DuplicatesByConnection})
	p.check(err)
	p.check(p.sandbox.Start())
	t.Cleanup(func() { p.check(p.sandbox.Close()) })
	path := filepath.Join(t.TempDir(), "connection.json")
	p.check(p.sandbox.WriteInfo(path))
	p.network, p.file, err = telegram.LoadNetwork(path)
	p.check(err)
	return p
}

func (p *place) check(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// states is an account.Inbox that keeps nothing but where accounts stand.
type states struct {
	mu sync.Mutex
	of map[bridge.AccountID]*updates.State
}

func (s *states) LoadState(_ context.Context, id bridge.AccountID) (updates.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state := s.of[id]; state != nil {
		return state.Clone(), nil
	}
	return updates.State{}, nil
}

func (s *states) Deliver(_ context.Context, a *bridge.Account, _ int64, _ *telegram.Client, d updates.Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = make(map[bridge.AccountID]*updates.State)
	}
	if s.of[a.ID] == nil {
		s.of[a.ID] = new(updates.State)
	}
	s.of[a.ID].Apply(d.Change)
	return nil
}

// A node is a fleet that runs.
type node struct {
	p     *place
	store *store.Store
	fleet *fleet.Fleet
	stop  context.CancelFunc
	done  chan struct{}

	mu      sync.Mutex
	changed chan struct{} // closed with each change
}

func (p *place) start(name string) *node {
	p.Helper()
	s, err := store.Open(p.Context(), p.url)
	p.check(err)
	kek, err := vault.OpenKEK(p.Context(), p.kek)
	p.check(err)
	n := &node{p: p, store: s, done: make(chan struct{}), changed: make(chan struct{})}
	log := slog.New(slog.NewTextHandler(p.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	n.fleet = fleet.New(fleet.Options{
		Node: name, Address: name + ":1", Store: s, Logger: log.With("node", name), Now: time.Now,
		Interval: 50 * time.Millisecond, MinBackoff: 10 * time.Millisecond, Grace: 300 * time.Millisecond,
		OnChange: func(bridge.AccountID, *bridge.Account) {
			n.mu.Lock()
			defer n.mu.Unlock()
			close(n.changed)
			n.changed = make(chan struct{})
		},
		Starter: &account.Environment{
			Store: s, Vault: vault.New(kek), Network: p.network, APIID: p.file.APIID, APIHash: p.file.APIHash,
			Inbox: new(states), Logger: log.With("node", name), Now: time.Now,
		},
	})
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	go func() {
		defer close(n.done)
		if err := n.fleet.Run(ctx); err != nil {
			p.Error(err)
		}
	}()
	p.Cleanup(n.end)
	return n
}

func (n *node) end() {
	n.stop()
	<-n.done
	n.store.Close()
}

// await waits until something about an account holds.
func (n *node) await(id bridge.AccountID, what string, holds func(*bridge.Account) bool) *bridge.Account {
	n.p.Helper()
	deadline := time.After(patience)
	for {
		n.mu.Lock()
		changed := n.changed
		n.mu.Unlock()
		a, err := n.store.Account(n.p.Context(), id)
		n.p.check(err)
		if holds(a) {
			return a
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // another node may have changed it
		case <-deadline:
			n.p.Fatalf("account %s is %+v of node %q, not %s", id, a.Status, a.Node, what)
		}
	}
}

func (n *node) awaitState(id bridge.AccountID, s bridge.State) *bridge.Account {
	n.p.Helper()
	return n.await(id, string(s), func(a *bridge.Account) bool { return a.Status.State == s })
}

// add adds an account, which nobody has signed in yet.
func (n *node) add() bridge.AccountID {
	n.p.Helper()
	id, err := bridge.NewID[bridge.AccountID](time.Now(), rand.Reader)
	n.p.check(err)
	n.p.check(n.store.Change(n.p.Context(), func(t *store.Tx) error {
		return t.AddAccount(&bridge.Account{ID: id, Kind: bridge.UserAccount, CreatedAt: time.Now(),
			Status: bridge.Status{State: bridge.New, Since: time.Now()}})
	}))
	n.await(id, "owned", func(a *bridge.Account) bool { return a.Node != "" })
	return id
}

func (n *node) answer(id bridge.AccountID, action, text string) *bridge.SignIn {
	n.p.Helper()
	step, err := n.fleet.AnswerSignIn(n.p.Context(), id, bridge.Answer{Action: action, Text: text})
	n.p.check(err)
	return step
}

// signIn signs somebody in, whose phone begins with 99966 and the DC.
func (n *node) signIn(id bridge.AccountID, phone string) {
	n.p.Helper()
	_, err := n.fleet.BeginSignIn(n.p.Context(), id)
	n.p.check(err)
	n.answer(id, "phone", phone)
	code := slices.Repeat([]byte{phone[5]}, 5)
	if step := n.answer(id, "code", string(code)); step.Step != "done" {
		n.p.Fatalf("after the code: %+v", step)
	}
	n.awaitState(id, bridge.Online)
}

func TestSignInAndRestart(t *testing.T) {
	onBoth(t, func(p *place) {
		_, err := p.sandbox.AddUser("9996621001", "Ann", "")
		p.check(err)
		first := p.start("first")
		id := first.add()
		_, err = first.fleet.BeginSignIn(p.Context(), id)
		p.check(err)
		step := first.answer(id, "phone", "9996621001")
		if step.Step != "code" {
			p.Fatalf("after the phone: %+v", step)
		}
		if step = first.answer(id, "code", "12345"); step.Step != "code" || step.Problem == nil ||
			step.Problem.Code != bridge.CodeLoginCodeInvalid {
			p.Fatalf("after a wrong code: %+v", step)
		}
		// The sign-in goes on in another process, with the same code.
		first.end()
		second := p.start("second")
		second.await(id, "of the second", func(a *bridge.Account) bool { return a.Node == "second" })
		if step = second.answer(id, "code", "22222"); step.Step != "done" {
			p.Fatalf("after the code: %+v", step)
		}
		a := second.awaitState(id, bridge.Online)
		if a.Phone != "9996621001" || a.UserID == 0 {
			p.Errorf("signed in as %+v", a)
		}
		second.end()
		third := p.start("third")
		third.await(id, "online at the third", func(a *bridge.Account) bool {
			return a.Node == "third" && a.Status.State == bridge.Online
		})
		events, err := third.store.Events(p.Context(), id, 0, 100)
		p.check(err)
		var types []bridge.EventType
		for i, e := range events {
			types = append(types, e.Type)
			if e.Seq != int64(i+1) {
				p.Errorf("event %d has seq %d", i, e.Seq)
			}
		}
		if len(types) < 2 || types[0] != bridge.AccountConnecting || types[1] != bridge.AccountOnline {
			p.Errorf("events are %v", types)
		}
	})
}
