package telegram_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"godwit/telegram"
	"godwit/telegram/filestore"
	"godwit/telegram/updates"
	"godwit/tg"
)

// TestConversation has two people on two DCs write to each other.
func TestConversation(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610010", "Ann")
	p.addUser("9996620010", "Ben")
	check(t, p.SetUsername("9996620010", "ben_the_one"))
	inA, inB := newInbox(), newInbox()
	oA, oB := p.options(), p.options()
	oA.Handler, oB.Handler = inA.handler(), inB.handler()
	a := p.signIn(oA, "9996610010")
	b := p.signIn(oB, "9996620010")

	ben, err := a.ResolveUsername(p.ctx, "@ben_the_one")
	check(t, err)
	p.send(a, ben, "one", "two", "three")
	inB.want(p.ctx, t, "one", "two", "three")
	ann, err := b.InputPeer(&tg.PeerUser{UserID: a.Self().ID})
	check(t, err) // known from her messages
	for i := range 20 {
		p.send(b, ann, fmt.Sprint("b", i))
		p.send(a, ben, fmt.Sprint("a", i))
	}
	for i := range 20 {
		inA.want(p.ctx, t, fmt.Sprint("b", i))
		inB.want(p.ctx, t, fmt.Sprint("a", i))
	}
	inA.drained(t)
	inB.drained(t)

	var texts []string
	for m, err := range a.History(p.ctx, ben, telegram.HistoryOptions{Limit: 5}) {
		check(t, err)
		texts = append(texts, m.Message)
	}
	if want := []string{"a19", "b19", "a18", "b18", "a17"}; !slices.Equal(texts, want) {
		t.Errorf("history %q, want %q", texts, want)
	}
	var titles []string
	for d, err := range a.Dialogs(p.ctx) {
		check(t, err)
		titles = append(titles, d.Title)
		if last, ok := d.Last.(*tg.Message); d.Title == "Ben" && (!ok || last.Message != "a19") {
			t.Errorf("last message %+v", d.Last)
		}
	}
	if !slices.Contains(titles, "Ben") {
		t.Errorf("dialogs %q", titles)
	}
	if _, err := a.ResolveUsername(p.ctx, "nobody_at_all"); !errors.Is(err, tg.ErrUsernameNotOccupied) {
		t.Errorf("an unknown username: %v", err)
	}
	if _, err := a.ImportContact(p.ctx, telegram.Contact{Phone: "9996619999", FirstName: "X"}); !errors.Is(err, telegram.ErrNoUser) {
		t.Errorf("an unknown contact: %v", err)
	}
}

// TestLongHistory reads a history of several pages, whole and from the middle.
func TestLongHistory(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610011", "Cat")
	c := p.signIn(p.options(), "9996610011")
	const messages = 230
	for i := range messages {
		p.send(c, &tg.InputPeerSelf{}, fmt.Sprint(i))
	}
	var ids []int
	next := messages - 1
	for m, err := range c.History(p.ctx, &tg.InputPeerSelf{}, telegram.HistoryOptions{}) {
		check(t, err)
		if want := fmt.Sprint(next); m.Message != want {
			t.Fatalf("message %q, want %q", m.Message, want)
		}
		ids = append(ids, int(m.ID))
		next--
	}
	if next != -1 {
		t.Errorf("%d messages are missing", next+1)
	}
	part := telegram.HistoryOptions{Before: ids[9], After: ids[200]}
	var got []int
	for m, err := range c.History(p.ctx, &tg.InputPeerSelf{}, part) {
		check(t, err)
		got = append(got, int(m.ID))
	}
	if !slices.Equal(got, ids[10:200]) {
		t.Errorf("messages %v, want %v", got, ids[10:200])
	}
}

// TestRestart ends a client in the middle of a conversation and starts it from
// its file: nobody is asked for a code, and what was sent meanwhile arrives
// once and in order, as does what was being handled at the end (R-UP-30,
// R-UP-31).
func TestRestart(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610012", "Deb")
	p.addUser("9996620012", "Eli")
	sender := p.signIn(p.options(), "9996610012")
	eli := p.contact(sender, "9996620012")

	path := filepath.Join(t.TempDir(), "eli.credentials")
	key := filestore.RawKey([filestore.KeySize]byte{1, 2, 3})
	in := newInbox()
	start := func(h telegram.Handler) (*telegram.Client, *filestore.Store) {
		store, err := filestore.Open(path, key)
		check(t, err)
		t.Cleanup(func() { store.Close() })
		o := p.options()
		o.Store, o.Handler = store, h
		return p.connect(o), store
	}
	c, store := start(in.handler())
	_, err := c.SignIn(p.ctx, answers("9996620012"))
	check(t, err)
	p.send(sender, eli, "before 1", "before 2")
	in.want(p.ctx, t, "before 1", "before 2")
	check(t, c.Close())
	check(t, store.Close())

	// A handler that fails ends the client, and has what it got delivered to
	// the next one.
	p.send(sender, eli, "meanwhile 1", "meanwhile 2")
	failed := errors.New("handler failed")
	c, store = start(func(_ context.Context, _ *telegram.Client, d updates.Delivery) error {
		if len(d.Updates) > 0 {
			return failed
		}
		return nil
	})
	if err := c.Wait(p.ctx); !errors.Is(err, failed) {
		t.Fatalf("ended with %v", err)
	}
	check(t, c.Close())
	check(t, store.Close())

	p.send(sender, eli, "meanwhile 3")
	c, _ = start(in.handler())
	user, err := c.SignIn(p.ctx, telegram.Answers{})
	check(t, err)
	if user.FirstName.Value != "Eli" {
		t.Errorf("signed in as %+v", user)
	}
	in.want(p.ctx, t, "meanwhile 1", "meanwhile 2", "meanwhile 3")
	p.send(sender, eli, "after")
	in.want(p.ctx, t, "after")
	in.drained(t)
}

// TestLostConnection cuts the connection in the middle of a conversation:
// requests under way are answered over the next one, once, and what was
// missed arrives.
func TestLostConnection(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610013", "Fio")
	p.addUser("9996620013", "Gus")
	a := p.signIn(p.options(), "9996610013")
	var cable cable
	in := newInbox()
	o := p.options()
	o.Dial, o.Handler = cable.dial, in.handler()
	b := p.signIn(o, "9996620013")
	gus := p.contact(a, "9996620013")
	fio := p.contact(b, "9996610013")

	cable.set(true)
	p.send(a, gus, "while cut 1", "while cut 2")
	sent := make(chan error, 1)
	go func() {
		_, err := b.SendText(p.ctx, fio, "from the dark")
		sent <- err
	}()
	cable.set(false)
	in.want(p.ctx, t, "while cut 1", "while cut 2")
	check(t, <-sent)
	p.send(a, gus, "mended")
	in.want(p.ctx, t, "mended")
	in.drained(t)
	n := 0
	for m, err := range a.History(p.ctx, gus, telegram.HistoryOptions{}) {
		check(t, err)
		if m.Message == "from the dark" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the message of the dark was sent %d times", n)
	}
}

// TestHandlerCalls has a handler use the client that it belongs to.
func TestHandlerCalls(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610014", "Hub")
	p.addUser("9996620014", "Ivy")
	in := newInbox()
	oA, oB := p.options(), p.options()
	oA.Handler = in.handler()
	oB.Handler = telegram.OnMessage(func(ctx context.Context, c *telegram.Client, m *tg.Message) error {
		if m.Out {
			return nil
		}
		back, err := c.InputPeer(m.PeerID)
		if err != nil {
			return err
		}
		_, err = c.SendText(ctx, back, "echo "+m.Message)
		return err
	})
	a := p.signIn(oA, "9996610014")
	p.signIn(oB, "9996620014")
	ivy := p.contact(a, "9996620014")
	for i := range 5 {
		p.send(a, ivy, fmt.Sprint(i))
	}
	for i := range 5 {
		in.want(p.ctx, t, fmt.Sprint("echo ", i))
	}
}

// TestOwnMessages has the handler told what the account itself sends, with
// each state following the one before (R-UP-02).
func TestOwnMessages(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610015", "Joy")
	deliveries := make(chan updates.Delivery, 100)
	o := p.options()
	o.Handler = func(_ context.Context, _ *telegram.Client, d updates.Delivery) error {
		deliveries <- d
		return nil
	}
	c := p.signIn(o, "9996610015")
	p.send(c, &tg.InputPeerSelf{}, "x", "y", "z")
	var texts []string
	last := int32(0)
	for len(texts) < 3 {
		var d updates.Delivery
		select {
		case d = <-deliveries:
		case <-p.ctx.Done():
			t.Fatalf("only %q was delivered", texts)
		}
		for _, u := range d.Updates {
			if u, ok := u.(*tg.UpdateNewMessage); ok {
				texts = append(texts, u.Message.(*tg.Message).Message)
			}
		}
		if pts := ptsOf(d); pts != 0 {
			if pts < last {
				t.Errorf("pts %d after %d", pts, last)
			}
			last = pts
		}
	}
	if !slices.Equal(texts, []string{"x", "y", "z"}) {
		t.Errorf("delivered %q", texts)
	}
}

// TestUnreachable has Connect say what it could not reach.
func TestUnreachable(t *testing.T) {
	p := newPlace(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	check(t, listener.Close())

	t.Run("nobody listens", func(t *testing.T) {
		o := p.options()
		o.Network.DCs = []telegram.DC{{ID: 1, Host: "127.0.0.1", Port: port}}
		_, err := telegram.Connect(p.ctx, o)
		var unreachable *telegram.UnreachableError
		if !errors.As(err, &unreachable) || unreachable.DC != 1 {
			t.Errorf("%v", err)
		}
	})
	t.Run("the second address answers", func(t *testing.T) {
		o := p.options()
		o.Network.DCs = slices.Concat([]telegram.DC{{ID: 1, Host: "127.0.0.1", Port: port}}, p.network.DCs)
		p.connect(o)
	})
	t.Run("garbage answers", func(t *testing.T) {
		o := p.options()
		o.Dial = garbage
		_, err := telegram.Connect(p.ctx, o)
		var unreachable *telegram.UnreachableError
		if !errors.As(err, &unreachable) {
			t.Errorf("%v", err)
		}
	})
	t.Run("the home of the account", func(t *testing.T) {
		p.addUser("9996620016", "Kit")
		o := p.options()
		o.Network.DCs = []telegram.DC{p.network.DCs[0], {ID: 2, Host: "127.0.0.1", Port: port}}
		c := p.connect(o)
		_, err := c.SignIn(p.ctx, answers("9996620016"))
		var unreachable *telegram.UnreachableError
		if !errors.As(err, &unreachable) || unreachable.DC != 2 || c.Err() != nil {
			t.Errorf("%v, ended with %v", err, c.Err())
		}
		p.addUser("9996610016", "Kim")
		_, err = c.SignIn(p.ctx, answers("9996610016")) // who lives where it can be reached
		check(t, err)
	})
	t.Run("no patience", func(t *testing.T) {
		ctx, cancel := context.WithCancel(p.ctx)
		o := p.options()
		o.Dial = func(ctx context.Context, _ string) (net.Conn, error) {
			cancel()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		if _, err := telegram.Connect(ctx, o); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

// garbage is a server of something else.
func garbage(context.Context, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		if _, err := theirs.Read(make([]byte, 1024)); err == nil {
			fmt.Fprint(theirs, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
		}
	}()
	return ours, nil
}

// TestDamagedFile has a file that is cut short refused, kept and named.
func TestDamagedFile(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610017", "Lou")
	path := filepath.Join(t.TempDir(), "lou.credentials")
	key := filestore.RawKey([filestore.KeySize]byte{9})
	store, err := filestore.Open(path, key)
	check(t, err)
	o := p.options()
	o.Store = store
	check(t, p.signIn(o, "9996610017").Close())
	check(t, store.Close())

	whole, err := os.ReadFile(path)
	check(t, err)
	cut := whole[:len(whole)/2]
	check(t, os.WriteFile(path, cut, 0o600))
	_, err = filestore.Open(path, key)
	var damaged *filestore.Error
	if !errors.Is(err, filestore.ErrTruncated) || !errors.As(err, &damaged) || damaged.Path != path {
		t.Errorf("%v", err)
	}
	if now, err := os.ReadFile(path); err != nil || !slices.Equal(now, cut) {
		t.Errorf("the file was changed: %v", err)
	}
}
