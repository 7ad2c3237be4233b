package simulation

import (
	"errors"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/telegram/updates"
)

var (
	errCut      = errors.New("connection reset")
	errSlowKey  = errors.New("making a key takes too long")
	errDialing  = errors.New("connection refused")
	errNoAnswer = errors.New("no answer in time")
)

const (
	exchangeTimeout = 60 * time.Second
	firstSalt       = 30 * time.Minute
	minBackoff      = 500 * time.Millisecond
	maxBackoff      = 60 * time.Second
	fetchTimeout    = time.Minute
	maxKeyRefusals  = 2
)

// A client does with the cores what mtproto/mtclient and telegram do, with
// events in the place of goroutines.
type client struct {
	w      *world
	skew   time.Duration // its clock minus the true time
	slept  time.Duration // how long it has slept
	frozen *event        // its machine sleeps until then
	missed []func()      // what has to be done when it wakes up
	jumped bool          // its clock was set since the connection began

	// What a crash leaves: the stored credentials and the state of the updates.
	key    mtproto.AuthKey
	salts  []session.Salt
	stored updates.State

	session     *session.Session
	engine      *updates.Engine
	calls       map[session.RequestID]*request
	early       []*request // that wait for a key
	exchange    *authkey.Client
	exchangeEnd time.Time // by its clock
	conn        *conn     // nil between connections
	dialing     *event
	failures    int
	refusals    int // -404 for a packet under the key
	wake        *event
	leak        [][]byte
}

func newClient(w *world) *client {
	c := &client{w: w, skew: w.p.firstSkew, stored: w.server.log.state()}
	if !w.p.makeKey {
		c.key, c.salts = w.server.newKey()
	}
	return c
}

func (c *client) now() time.Time { return c.w.now.Add(c.skew) }

// steady is the time for the update engine, which only measures how long
// something takes: Go's clock does that without regard to who sets it.
func (c *client) steady() time.Time { return c.w.now.Add(-c.slept) }

// start begins the client's life, with what an earlier one has left.
func (c *client) start() {
	c.calls = map[session.RequestID]*request{}
	c.session = nil
	if !c.key.IsZero() {
		c.newSession(session.Options{})
	}
	c.engine = updates.New(updates.Options{State: c.stored.Clone()})
	c.engine.Start(c.steady())
	c.dial(0)
	c.pump()
}

func (c *client) newSession(o session.Options) {
	o.Side, o.Key, o.Salts, o.Rand = mtproto.Client, c.key, c.salts, c.w.secret
	o.CompressAbove = c.w.p.compress
	c.session = c.w.mustSession(o)
	early := c.early
	c.early = nil
	for _, r := range early {
		c.send(r)
	}
}

// dial opens a connection after a while.
func (c *client) dial(wait time.Duration) {
	c.dialing = c.w.after(wait+c.w.p.latency, "dialed", func() {
		c.dialing = nil
		if c.awake(func() { c.dial(0) }) {
			c.dialed()
		}
		c.pump()
	})
}

func (c *client) dialed() {
	if !c.w.quiet && c.w.chance(c.w.p.dialFails) {
		c.backoff(errDialing)
		return
	}
	c.conn = c.w.net.dial()
	c.jumped = false
	if c.session != nil {
		c.connected()
		return
	}
	c.exchange = authkey.NewClient(authkey.ClientOptions{
		Keys: []mtcrypto.PublicKey{rsaKey().Public()}, DC: simDC, Rand: c.w.secret,
	})
	c.exchangeEnd = c.now().Add(exchangeTimeout)
	packet, err := c.exchange.Start(c.now())
	if err != nil {
		c.w.violation("client: key exchange does not begin: %v", err)
		return
	}
	c.write(packet)
}

func (c *client) connected() {
	if err := c.session.Connected(c.now()); err != nil {
		c.w.violation("client: Connected: %v", err)
	}
}

// write puts a packet on its way to the server.
func (c *client) write(packet []byte) {
	conn := c.conn
	c.w.tell(mtproto.Client, packet)
	conn.send(&conn.toServer, packet, func(p []byte) { c.w.server.receive(conn, p) })
}

// awake reports whether the client's machine runs. If not, do happens when it
// does.
func (c *client) awake(do func()) bool {
	if c.frozen == nil {
		return true
	}
	c.missed = append(c.missed, do)
	return false
}

// closed tells the client that a connection has ended.
func (c *client) closed(conn *conn, why error) {
	if !c.awake(func() { c.closed(conn, why) }) {
		return
	}
	if conn == c.conn {
		c.lost(why)
		c.pump()
	}
}

// lost ends the connection and has another one opened after a while.
func (c *client) lost(why error) {
	c.w.tracef("client: connection %d lost: %v", c.conn.number, why)
	c.w.net.hangUp(c.conn)
	c.conn, c.exchange = nil, nil
	if c.session != nil {
		c.session.Disconnected()
	}
	c.backoff(why)
}

func (c *client) backoff(error) {
	wait := min(minBackoff<<min(c.failures, 10), maxBackoff)
	c.failures++
	c.dial(wait - c.w.upTo(wait/2))
}

// receive takes a packet that has arrived over a connection.
func (c *client) receive(conn *conn, packet []byte) {
	if !c.awake(func() { c.receive(conn, packet) }) {
		return
	}
	if conn != c.conn {
		return
	}
	var err error
	if c.exchange != nil {
		err = c.continueExchange(packet)
	} else {
		err = c.receiveEncrypted(conn, packet)
	}
	if err != nil && conn == c.conn {
		c.lost(err)
	}
	c.pump()
}

func (c *client) receiveEncrypted(conn *conn, packet []byte) error {
	events, err := c.session.Receive(c.now(), packet)
	if err != nil {
		c.judge(conn, err)
		return err
	}
	c.failures, c.refusals = 0, 0
	c.happened(events)
	return nil
}

// happened deals with what the session has to tell.
func (c *client) happened(events []session.Event) {
	for _, e := range events {
		switch e := e.(type) {
		case session.Result:
			c.ended(e)
		case session.Update:
			c.updated(e.Body)
		case session.Created:
			c.engine.Lost(c.steady())
		case session.SaltsChanged:
			c.salts = c.session.Salts()
		}
	}
}

// judge notes that the client refuses a packet, unless it may.
func (c *client) judge(conn *conn, err error) {
	var v *mtproto.ViolationError
	switch {
	case conn.tampered:
	case errors.As(err, &v) && v.Rule == "R-EM-17" && (c.jumped || c.w.server.jumped):
		// A clock was set; the next connection tells which one is right.
	case errors.As(err, &v) && v.Rule == "R-EM-15" && c.w.server.jumped:
		// The server's clock was set back.
	case errors.As(err, &v) && (v.Rule == "R-EM-15" || v.Rule == "R-EM-10") && c.w.p.mixes():
		// So late that it is older than all that is remembered, or from the making
		// of the key.
	default:
		c.w.violation("client: %v", err)
	}
}

// continueExchange takes the server's part in the making of a key.
func (c *client) continueExchange(packet []byte) error {
	out, err := c.exchange.Receive(c.now(), packet)
	if err != nil {
		if !c.w.p.mixes() {
			c.w.violation("client: key exchange: %v", err)
		}
		return err
	}
	if out != nil {
		c.write(out)
		return nil
	}
	made, done := c.exchange.Done()
	if !done {
		return nil
	}
	c.w.report.Exchanges++
	c.exchange = nil
	c.key = made.Key
	c.salts = []session.Salt{session.NewSalt(made.Salt, made.ServerTime, made.ServerTime.Add(firstSalt))}
	c.newSession(session.Options{ClockOffset: made.ClockOffset, ClockKnown: true})
	c.connected()
	return nil
}

// refused takes a transport error: the server does not know the key.
func (c *client) refused(conn *conn) {
	if !c.awake(func() { c.refused(conn) }) {
		return
	}
	if conn != c.conn {
		return
	}
	making := c.exchange != nil
	c.lost(errors.New("-404"))
	if c.refusals++; !making && c.refusals >= maxKeyRefusals {
		c.w.tracef("client: key is gone; the account signs in anew")
		c.end()
		c.key, c.salts, c.refusals = mtproto.AuthKey{}, nil, 0
		c.start()
	}
	c.pump()
}

// pump does everything that can be done at present.
func (c *client) pump() {
	if c.frozen != nil {
		return
	}
	c.deliver()
	c.transmit()
	if c.session != nil {
		if events := c.session.Events(); len(events) > 0 {
			c.happened(events)
			c.deliver()
			c.transmit()
		}
	}
	c.plan()
}

// transmit sends what the session has to say, as far as the connection takes
// it.
func (c *client) transmit() {
	for c.conn != nil && c.exchange == nil && !c.conn.toServer.busyUntil.After(c.w.now) {
		packet, _, err := c.session.Send(c.now())
		if err != nil {
			c.w.violation("client: Send: %v", err)
			return
		}
		if packet == nil {
			return
		}
		c.write(packet)
	}
}

// plan has the client woken when something is due.
func (c *client) plan() {
	at := c.engine.Deadline()
	if !at.IsZero() {
		at = at.Add(c.now().Sub(c.steady())) // by the clock
	}
	soon := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if c.conn != nil {
		if c.exchange != nil {
			soon(c.exchangeEnd)
		} else {
			soon(c.session.Deadline())
		}
		if busy := c.conn.toServer.busyUntil; busy.After(c.w.now) {
			soon(busy.Add(c.skew))
		}
	}
	c.wake.cancel()
	c.wake = nil
	if !at.IsZero() {
		// A deadline that has passed must still let time go by.
		delay := max(at.Sub(c.now()), time.Millisecond)
		c.wake = c.w.after(delay, "client wakes", c.tick)
	}
}

// tick does what is due.
func (c *client) tick() {
	c.wake = nil
	if c.frozen != nil {
		return
	}
	c.engine.Tick(c.steady())
	switch {
	case c.conn == nil:
	case c.exchange != nil:
		if !c.now().Before(c.exchangeEnd) {
			c.lost(errSlowKey)
		}
	default:
		if err := c.session.Tick(c.now()); err != nil {
			c.lost(err)
		}
	}
	c.pump()
}

// suspend lets the client's machine sleep. Its clock, as Go's timers know it,
// stands still meanwhile.
func (c *client) suspend() {
	if c.frozen != nil {
		return
	}
	d := c.w.upTo(time.Second << c.w.choice.IntN(18))
	c.w.tracef("client sleeps for %v", d)
	c.wake.cancel()
	c.frozen = c.w.after(d, "client wakes up", func() {
		c.skew -= d
		c.slept += d
		c.thaw()
	})
}

// thaw ends the client's sleep.
func (c *client) thaw() {
	if c.frozen == nil {
		return
	}
	if c.frozen.at.After(c.w.now) { // before its time
		c.frozen.cancel()
	}
	missed := c.missed
	c.frozen, c.missed = nil, nil
	c.jumped = true
	for _, do := range missed {
		do()
	}
	c.pump()
}

// jump sets the client's clock.
func (c *client) jump() {
	by := c.w.step()
	c.w.tracef("client's clock jumps by %v", by)
	c.skew += by
	c.jumped = true
	if c.conn != nil && (by > time.Minute || by < -time.Minute) {
		// What sets a clock so far sets it when the machine begins to run.
		conn := c.conn
		c.w.after(c.w.upTo(30*time.Second), "client sees the end", func() { c.closed(conn, errCut) })
	}
	c.pump()
}

// crash ends the client's life; another one begins with what was stored.
func (c *client) crash() {
	if c.frozen != nil {
		return
	}
	c.end()
	c.start()
}

// end forgets all that is not stored.
func (c *client) end() {
	if c.conn != nil {
		c.w.net.hangUp(c.conn)
	}
	c.dialing.cancel()
	c.conn, c.exchange, c.dialing = nil, nil, nil
	c.early = nil
	c.failures = 0
	c.w.books.abandon()
}
