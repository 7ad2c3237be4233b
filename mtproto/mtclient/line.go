package mtclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// A line is a session with the connection that it is used over, and with the
// making of both. There is one for all queries; for a while there is another
// one to take its place, when its temporary key ends soon, and those that were
// replaced until what they have in hand is answered.
type line struct {
	*loop
	ended bool

	// Queries. There is no session until there is a key for it.
	key     mtproto.AuthKey
	expires time.Time // of a temporary key, by the server's clock; zero for the permanent one
	session *session.Session
	bound   bool              // the key may be used: it is the permanent one, or speaks for it
	binding session.RequestID // the query that binds the key, 0 for none
	calls   map[session.RequestID]*call
	inited  bool      // Init was applied, and what it tells has arrived
	since   time.Time // when the session got its first connection
	drainBy time.Time // when a line that was replaced ends at the latest

	// The connection: at any time it is being dialed, or link or retryAt is set.
	dialing     context.CancelFunc // gives the dialing up; nil: there is none
	link        *link
	retryAt     time.Time
	exchange    *authkey.Client // while a key is being made
	exchangeEnd time.Time
	packet      []byte // of the exchange, to be written next

	// Failures since the server last did what it should.
	failures         int
	keyRefusals      int // -404 for a packet under our permanent key
	exchangeRefusals int // -404 for a packet of the exchange
	bindRefusals     int
}

func (l *loop) newLine() *line {
	return &line{loop: l, calls: make(map[session.RequestID]*call)}
}

// connectByDial is Options.Connect where there is only Options.Dial.
func (o *Options) connectByDial(ctx context.Context) (transport.PacketConn, error) {
	c, err := o.Dial(ctx)
	if err != nil {
		return nil, err
	}
	framed, err := transport.NewClient(c, o.Transport)
	if err != nil {
		_ = c.Close() // it was not used
		return nil, err
	}
	return framed, nil
}

// dial starts an attempt to connect.
func (n *line) dial() {
	n.state(State{Phase: Connecting})
	ctx, cancel := context.WithTimeout(n.ctx, n.o.DialTimeout)
	n.dialing = cancel
	n.tasks.Go(func() {
		defer cancel()
		conn, err := n.o.Connect(ctx)
		select {
		case n.inbox <- event{n, func() error { return n.dialed(conn, err) }}:
		case <-n.ctx.Done():
			if err == nil {
				_ = conn.Close() // it was not used
			}
		}
	})
}

// dialed deals with the end of an attempt to connect.
func (n *line) dialed(conn transport.PacketConn, err error) error {
	n.dialing = nil
	if n.ended { // the line is not needed any more
		if err == nil {
			_ = conn.Close()
		}
		return nil
	}
	if err != nil {
		return err
	}
	n.openLink(conn)
	return n.proceed()
}

// proceed does what comes next over an open connection: a key is made where
// one is missing, or the session is used.
func (n *line) proceed() error {
	if n.session != nil && n.expired(n.o.Now()) {
		n.dropKey(ErrKeyExpired)
	}
	if n.spent != nil {
		return nil //nolint:nilerr // Run ends by it
	}
	switch {
	case n.permanent.IsZero():
		return n.startExchange(0)
	case n.session == nil && n.o.PermanentKeyOnly:
		o := session.Options{Salts: n.salts, ClockOffset: n.offset, ClockKnown: n.offsetKnown}
		if err := n.newSession(n.permanent, o); err != nil {
			return err
		}
		n.bound = true
	case n.session == nil && n.foreign():
		t := &n.o.Temporary
		return n.use(t, session.Options{ClockOffset: t.Offset, ClockKnown: true})
	case n.session == nil && n == n.main && n.keeps():
		t := n.kept
		n.kept = Temporary{}
		return n.use(&t, session.Options{ClockOffset: n.offset, ClockKnown: n.offsetKnown})
	case n.session == nil:
		return n.startExchange(n.lifetime())
	}
	return n.connected()
}

// startExchange begins to make a key over the connection: a permanent one, or
// one with a lifetime.
func (n *line) startExchange(lifetime time.Duration) error {
	n.state(State{Phase: Exchanging})
	now := n.o.Now()
	n.exchangeEnd = now.Add(n.o.ExchangeTimeout)
	n.exchange = authkey.NewClient(authkey.ClientOptions{
		Keys: n.o.PublicKeys, DC: n.o.DC, Rand: n.o.Rand, ExpiresIn: lifetime,
	})
	packet, err := n.exchange.Start(now)
	n.packet = packet
	return err
}

// continueExchange takes the server's part of the making of a key.
func (n *line) continueExchange(now time.Time, packet []byte) error {
	out, err := n.exchange.Receive(now, packet)
	if err != nil {
		return err
	}
	n.packet = out
	made, done := n.exchange.Done()
	if !done {
		return nil
	}
	n.exchange, n.exchangeRefusals = nil, 0
	salts := []session.Salt{session.NewSalt(made.Salt, made.ServerTime, made.ServerTime.Add(firstSaltLifetime))}
	if made.Temporary {
		// Its salts are its own (R-PF-08).
		o := session.Options{Salts: salts, ClockOffset: made.ClockOffset, ClockKnown: true}
		if err := n.newSession(made.Key, o); err != nil {
			return err
		}
		n.expires = made.ExpiresAt
		return n.connected()
	}
	// The new key is saved before it is used.
	if err := n.o.Save(Credentials{Key: made.Key, Salts: salts, Created: made.ServerTime}); err != nil {
		return notSaved(err)
	}
	n.permanent, n.salts, n.created = made.Key, salts, made.ServerTime
	n.offset, n.offsetKnown = made.ClockOffset, true
	return n.proceed()
}

func notSaved(err error) error {
	return fmt.Errorf("mtclient: new auth key is not saved, and so not used: %w", err)
}

// firstSaltLifetime is the least that Telegram grants a salt (R-EM-41).
const firstSaltLifetime = 30 * time.Minute

// newSession begins to use a key. What o already holds are the salts and what
// is known of the clock.
func (n *line) newSession(key mtproto.AuthKey, o session.Options) error {
	o.Side, o.Key = mtproto.Client, key
	o.Rand, o.CompressAbove, o.PingInterval = n.o.Rand, max(n.o.CompressAbove, 0), n.o.PingInterval
	s, err := session.New(o)
	if err != nil {
		return err
	}
	if n.o.OnKey != nil {
		n.o.OnKey(key)
	}
	n.key, n.session, n.since = key, s, n.o.Now()
	return nil
}

// connected begins to use the connection for the session.
func (n *line) connected() error {
	n.inited = false
	err := n.session.Connected(n.o.Now())
	n.pump()
	if err != nil {
		return err
	}
	switch {
	case n.bound:
		n.ready()
	case n == n.main && n.binding == 0:
		return n.bind()
	}
	return nil
}

// ready lets queries be sent.
func (n *line) ready() {
	if !n.drainBy.IsZero() {
		return
	}
	if n == n.main {
		n.c.session.Store(uint64(n.session.ID()))
	}
	n.state(State{Phase: Ready})
}

// state tells of a change, if the line is the one that counts.
func (n *line) state(s State) {
	if n == n.main {
		n.o.OnState(s)
	}
}

// usable reports whether queries may be given to the session.
func (n *line) usable() bool { return n.session != nil && n.bound }

// fill has the next packet written, if the last is.
func (n *line) fill() error {
	if n.link == nil || n.link.busy {
		return nil
	}
	packet := outgoing{body: n.packet}
	n.packet = nil
	if packet.body == nil && n.exchange == nil && n.session != nil {
		var err error
		packet, err = n.pack()
		n.pump()
		if err != nil {
			return err
		}
	}
	if packet.body != nil {
		k := n.link
		k.busy = true
		k.open++
		n.tasks.Go(func() { n.write(k, packet) })
	}
	return nil
}

// receive deals with a packet.
func (n *line) receive(packet []byte) error {
	now := n.o.Now()
	if n.exchange != nil {
		return n.continueExchange(now, packet)
	}
	events, err := n.session.Receive(now, packet)
	if err != nil {
		return err
	}
	n.failures, n.keyRefusals = 0, 0
	n.c.heard.Store(now.UnixNano())
	return n.happened(events)
}

// pump deals with what has come of other calls than Receive: queries that have
// ended without an answer.
func (n *line) pump() { _ = n.happened(n.session.Events()) }

func (n *line) happened(events []session.Event) error {
	for _, event := range events {
		switch e := event.(type) {
		case session.Result:
			if e.Request == n.binding {
				if err := n.boundBy(e); err != nil {
					return err
				}
				continue
			}
			n.finish(e)
		case session.Update:
			n.updates.add(e.Body)
		case session.Created:
			n.updates.lost()
		case session.SaltsChanged:
			n.saveSalts()
		}
	}
	return nil
}

// deadline returns when tick has something to do, the zero time for never.
func (n *line) deadline() time.Time {
	switch {
	case n.exchange != nil:
		return n.exchangeEnd
	case n.link != nil && n.session != nil:
		at := n.session.Deadline()
		if n.link.busy {
			// What is due may have to wait until the packet is written.
			at = later(at, n.o.Now().Add(busyPause))
		}
		return at
	case n.dialing == nil && n.link == nil:
		return n.retryAt
	}
	return time.Time{}
}

const busyPause = 100 * time.Millisecond

// later returns the later of two times, the zero time for never if at is that.
func later(at, least time.Time) time.Time {
	if !at.IsZero() && at.Before(least) {
		return least
	}
	return at
}

var errExchangeTimeout = errors.New("mtclient: the making of a key takes too long")

// tick does what is due.
func (n *line) tick(now time.Time) error {
	switch {
	case n.exchange != nil:
		if !now.Before(n.exchangeEnd) {
			return errExchangeTimeout
		}
	case n.link != nil && n.session != nil:
		err := n.session.Tick(now)
		n.pump()
		return err
	case n.dialing == nil && n.link == nil && !now.Before(n.retryAt):
		n.dial()
	}
	return nil
}
