package mtclient

import (
	"context"
	"errors"
	"sync"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/session"
)

// A loop is what Run runs: the only user of everything in it.
type loop struct {
	c       *Client
	o       *Options
	cancel  context.CancelFunc
	ctx     context.Context // of everything that the loop starts
	tasks   sync.WaitGroup
	updates *updates

	// Queries. They wait in early as long as there is no session.
	key     mtproto.AuthKey
	session *session.Session // nil until there is a key
	calls   map[session.RequestID]*call
	early   []*call
	inited  bool // Init was applied, and what it tells has arrived

	// The connection: at any time one of dialed, link and retryAt is set.
	dialed      chan dialed
	link        *link
	retryAt     time.Time
	exchange    *authkey.Client // while a key is being made
	exchangeEnd time.Time
	packet      []byte // to be written next

	// Failures since the server last did what it should.
	failures         int
	keyRefusals      int // -404 for a packet under our key
	exchangeRefusals int // -404 for a packet of the exchange
}

func newLoop(c *Client) *loop {
	l := &loop{c: c, o: &c.o, calls: make(map[session.RequestID]*call)}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.updates = newUpdates(&c.o)
	l.tasks.Go(func() { l.updates.run(l.ctx) })
	return l
}

// run goes on until ctx ends or there is a final error, which it returns.
func (l *loop) run(ctx context.Context) error {
	if !l.o.Credentials.Key.IsZero() {
		if err := l.newSession(l.o.Credentials, session.Options{}); err != nil {
			return err
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	l.dial()
	for {
		err := l.fill()
		if err == nil {
			err = l.step(ctx, timer)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if err := l.lost(err); err != nil {
				return err
			}
		}
	}
}

// close ends everything that the loop has started, and waits for it.
func (l *loop) close() {
	l.cancel()
	if l.link != nil {
		l.link.close()
	}
	l.tasks.Wait()
	if l.dialed != nil {
		if d := <-l.dialed; d.err == nil {
			_ = d.conn.Close() // it was not used
		}
	}
}

// step waits for one thing to happen and deals with it. An error ends the
// connection or the attempt to get one.
func (l *loop) step(ctx context.Context, timer *time.Timer) error {
	var (
		in     <-chan []byte
		out    chan<- []byte
		failed <-chan error
	)
	if l.link != nil {
		in, failed = l.link.in, l.link.failed
		if l.packet != nil {
			out = l.link.out
		}
	}
	timer.Reset(l.pause())
	select {
	case <-ctx.Done():
		return nil
	case q := <-l.c.calls:
		l.add(q)
	case q := <-l.c.cancels:
		l.drop(q)
	case d := <-l.dialed:
		return l.connected(d)
	case packet := <-in:
		return l.receive(packet)
	case out <- l.packet:
		l.packet = nil
	case err := <-failed:
		return err
	case <-timer.C:
		return l.tick()
	}
	return nil
}

// pause returns how long nothing is due.
func (l *loop) pause() time.Duration {
	var at time.Time
	switch {
	case l.exchange != nil:
		at = l.exchangeEnd
	case l.link != nil:
		at = l.session.Deadline()
	case l.dialed == nil:
		at = l.retryAt
	}
	if at.IsZero() {
		return time.Hour // a tick too many does no harm
	}
	pause := at.Sub(l.o.Now())
	if l.packet != nil {
		// What is due may have to wait until the writer takes the packet.
		pause = max(pause, busyPause)
	}
	return pause
}

const busyPause = 100 * time.Millisecond

var errExchangeTimeout = errors.New("mtclient: the making of a key takes too long")

// tick does what is due.
func (l *loop) tick() error {
	now := l.o.Now()
	switch {
	case l.exchange != nil:
		if !now.Before(l.exchangeEnd) {
			return errExchangeTimeout
		}
	case l.link != nil:
		return l.session.Tick(now)
	case l.dialed == nil && !now.Before(l.retryAt):
		l.dial()
	}
	return nil
}

// fill takes the next packet from the session, if the last is on its way.
func (l *loop) fill() error {
	if l.link == nil || l.exchange != nil || l.packet != nil {
		return nil
	}
	packet, _, err := l.session.Send(l.o.Now())
	l.packet = packet
	return err
}

// receive deals with a packet.
func (l *loop) receive(packet []byte) error {
	now := l.o.Now()
	if l.exchange != nil {
		return l.continueExchange(now, packet)
	}
	events, err := l.session.Receive(now, packet)
	if err != nil {
		return err
	}
	l.failures, l.keyRefusals = 0, 0
	for _, event := range events {
		switch e := event.(type) {
		case session.Result:
			l.finish(e)
		case session.Update:
			l.updates.add(e.Body)
		case session.Created:
			l.updates.lost()
		case session.SaltsChanged:
			l.saveSalts()
		}
	}
	return nil
}
