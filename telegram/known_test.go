package telegram_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"godwit/telegram"
	"godwit/tg"
)

// cuttable dials connections that a test can cut.
type cuttable struct {
	mu    sync.Mutex
	conns []net.Conn
	dials int
}

func (d *cuttable) dial(ctx context.Context, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns = append(d.conns, c)
	d.dials++
	return c, nil
}

func (d *cuttable) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conns {
		c.Close()
	}
	d.conns = nil
}

// TestRecoversFromLostConnections: requests that are made while connections go
// away are answered, and what arrives meanwhile is handled once, in order (gotd
// #1030).
func TestRecoversFromLostConnections(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610001", "Ann")
	p.addUser("9996610002", "Bob")
	lines := new(cuttable)
	in := newInbox()
	o := p.options()
	o.Dial, o.Handler = lines.dial, in.handler()
	ann := p.signIn(o, "9996610001")
	bob := p.signIn(p.options(), "9996610002")
	toAnn, err := bob.ImportContact(p.ctx, telegram.Contact{Phone: "9996610001", FirstName: "Ann"})
	check(t, err)

	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for range 25 {
				if _, err := tg.Call(p.ctx, ann, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var want []string
	for _, text := range []string{"one", "two", "three", "four", "five"} {
		lines.cut()
		_, err := bob.SendText(p.ctx, toAnn, text)
		check(t, err)
		want = append(want, text)
	}
	asking.Wait()
	in.want(p.ctx, t, want...)
	if lines.dials < 2 {
		t.Errorf("%d connections: none was cut", lines.dials)
	}
}

// Who is known before a restart is known after it.
func TestPeersAfterRestart(t *testing.T) {
	p := newPlace(t)
	p.addUser(annPhone, "Ann")
	p.addUser(borisPhone, "Boris")
	o := p.options()
	o.Store = new(telegram.MemoryStore)
	o.Peers = new(telegram.MemoryPeers)
	ann := p.signIn(o, annPhone)
	boris, ok := p.contact(ann, borisPhone).(*tg.InputPeerUser)
	if !ok {
		t.Fatal("Boris is no user")
	}
	check(t, ann.Close())
	ann = p.connect(o)
	peer, err := ann.InputPeer(&tg.PeerUser{UserID: boris.UserID})
	check(t, err)
	p.send(ann, peer, "still here")
	_, err = ann.InputPeer(&tg.PeerUser{UserID: 1})
	var unknown *telegram.UnknownPeerError
	if !errors.As(err, &unknown) {
		t.Errorf("nobody is %v", err)
	}
}
