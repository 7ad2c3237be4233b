package telegram

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtclient"
	"godwit/mtproto/transport"
	"godwit/tg"
	"godwit/tl"
)

// A link is the client's connection to one data centre, opened when it is
// first needed and renewed by mtclient when it is lost.
type link struct {
	c    *Client
	dc   int
	conn connection
	stop context.CancelFunc
	done chan struct{}   // closed when it has ended
	pool *pool           // of a link that is for files alone, else nil
	key  mtproto.AuthKey // that a link of a pool began with

	under mtproto.KeyID // with which the packets of a link of a pool are encrypted, 0: not known yet; c.mu guards it

	up    atomic.Bool // something has been answered
	lost  bool        // and not back yet; of OnState alone
	tries int         // that failed before that; of OnState alone
	once  sync.Once
	err   error // why it ended; set before done is closed
}

// A connection is what a link needs of an *mtclient.Client.
type connection interface {
	Run(ctx context.Context) error
	Do(ctx context.Context, r mtclient.Request) ([]byte, error)
	Heard() time.Time
	Session() mtproto.SessionID
	DestroySession(id mtproto.SessionID)
}

func newConnection(o mtclient.Options) (connection, error) { return mtclient.New(o) }

// linkTo returns the connection to a data centre, which may still have to be
// made.
func (c *Client) linkTo(dc int) (*link, error) {
	if len(c.addresses(dc)) == 0 {
		return nil, &UnknownDCError{dc}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	if l := c.links[dc]; l != nil {
		return l, nil
	}
	l := &link{c: c, dc: dc, done: make(chan struct{})}
	key := c.credentials.Keys[dc]
	err := l.open(mtclient.Options{
		Connect:          func(ctx context.Context) (transport.PacketConn, error) { return c.connect(ctx, dc, c.addresses(dc)) },
		PublicKeys:       c.o.Network.PublicKeys,
		Credentials:      mtclient.Credentials{Key: key.Key, Salts: key.Salts, Created: key.Created, Temporary: key.Temporary.kept()},
		Init:             c.initConnection,
		Save:             l.save,
		OnUpdate:         l.received,
		OnNewSession:     l.newSession,
		PermanentKeyOnly: c.o.PermanentKeyOnly,
		KeepTemporary:    c.o.KeepTemporaryKeys,
	})
	if err != nil {
		return nil, err
	}
	c.links[dc] = l
	return l, nil
}

// open begins to run the link, with what all of them have in common added to
// the options. l.c.mu is held.
func (l *link) open(o mtclient.Options) error {
	c := l.c
	o.DC, o.Logger = c.number(l.dc), dcLogger{c.o.Logger, l.dc}
	if l.pool != nil && !l.pool.cdn {
		o.DC = -o.DC // R-AK-15
	}
	o.Transport = transport.Options{MaxPacket: c.o.Transport.MaxPacket}
	o.OnState = l.changed
	if c.o.KeyLog != nil {
		o.OnKey = c.logKey
	}
	connect := o.Connect
	o.Connect = func(ctx context.Context) (transport.PacketConn, error) {
		if err := c.gate.awaitDC(ctx, l.dc); err != nil {
			return nil, err
		}
		return connect(ctx)
	}
	conn, err := c.newConnection(o)
	if err != nil {
		return err
	}
	l.conn = conn
	ctx, stop := context.WithCancel(c.ctx)
	l.stop = stop
	c.tasks.Go(func() { l.run(ctx) })
	return nil
}

// A dcLogger adds the data centre to what a connection tells.
type dcLogger struct {
	log mtproto.Logger
	dc  int
}

func (l dcLogger) pairs(more []any) []any { return append([]any{"dc", l.dc}, more...) }

func (l dcLogger) Debug(message string, pairs ...any) { l.log.Debug(message, l.pairs(pairs)...) }
func (l dcLogger) Info(message string, pairs ...any)  { l.log.Info(message, l.pairs(pairs)...) }
func (l dcLogger) Warn(message string, pairs ...any)  { l.log.Warn(message, l.pairs(pairs)...) }
func (l dcLogger) Error(message string, pairs ...any) { l.log.Error(message, l.pairs(pairs)...) }

// logKey writes an auth key to Options.KeyLog. A log that cannot be written is
// told of; nothing depends on it.
func (c *Client) logKey(key mtproto.AuthKey) {
	c.logging.Lock()
	defer c.logging.Unlock()
	if _, err := fmt.Fprintf(c.o.KeyLog, "%x\n", key.Bytes()); err != nil {
		c.o.Logger.Error("auth key not logged", "error", err)
	}
}

// run ends when the link does.
func (l *link) run(ctx context.Context) {
	err := l.conn.Run(ctx)
	byItself := ctx.Err() == nil
	l.fail(err)
	c := l.c
	switch {
	case l.pool != nil:
		l.pool.ended(l, err)
	case byItself:
		c.linkEnded(l, err)
	}
	c.mu.Lock()
	if c.links[l.dc] == l {
		delete(c.links, l.dc)
	}
	c.mu.Unlock()
	close(l.done)
}

// fail ends the link.
func (l *link) fail(err error) {
	l.once.Do(func() {
		l.err = err
		l.stop()
	})
}

// close ends the link and waits until nothing more comes from it.
func (l *link) close() {
	l.fail(ErrClosed)
	<-l.done
}

// invoke sends a query and returns its answer.
func (l *link) invoke(ctx context.Context, query mtclient.Request) ([]byte, error) {
	body, err := l.conn.Do(ctx, query)
	var rpc *mtproto.RPCError
	switch {
	case err == nil, errors.As(err, &rpc):
		l.up.Store(true)
	case errors.Is(err, mtclient.ErrClosed):
		// Once the link is done, the next request makes another one.
		select {
		case <-l.done:
			return nil, because(err, l.err)
		case <-ctx.Done():
			return nil, because(err, ctx.Err())
		}
	}
	return body, err
}

// changed is told what the connection is doing. A data centre that has never
// answered and cannot be reached is given up; later, connections are renewed
// for ever.
func (l *link) changed(s mtclient.State) {
	switch {
	case s.Phase == mtclient.Ready && l.lost:
		l.lost = false
		l.c.o.Logger.Info("connected again", "dc", l.dc)
		l.tell(nil)
	case s.Phase == mtclient.Waiting && l.up.Load() && !l.lost && l.pool == nil:
		l.lost = true
		l.c.o.Logger.Warn("connection lost; it is tried again", "dc", l.dc, "error", s.Err)
		l.tell(s.Err)
	}
	if s.Phase != mtclient.Waiting {
		return
	}
	if refused := new(transport.Error); errors.As(s.Err, &refused) && refused.Code == transport.CodeFlood {
		l.c.gate.update(func(now time.Time) { l.c.gate.scheduler.Congested(now, l.dc, refused) })
	}
	if l.up.Load() {
		return
	}
	l.tries++
	var unreachable *UnreachableError
	switch {
	case errors.As(s.Err, &unreachable):
		l.fail(s.Err)
	case l.tries >= maxTries:
		l.fail(&UnreachableError{l.dc, fmt.Errorf("what answers there is no Telegram: %w", s.Err)})
	}
}

// tell tells the owner of the client how the main connection is.
func (l *link) tell(lost error) {
	if l.dc == l.c.mainDC() {
		l.c.o.OnConnection(lost)
	}
}

func (k TemporaryKey) kept() mtclient.Temporary {
	return mtclient.Temporary{Key: k.Key, Expires: k.Expires, Salts: k.Salts}
}

// save keeps the keys and the salts of the data centre.
func (l *link) save(m mtclient.Credentials) error {
	return l.c.save(func(c *Credentials) {
		key := c.Keys[l.dc]
		if !key.Key.Equal(&m.Key) {
			key = DCKey{Key: m.Key, Created: m.Created}
		}
		key.Salts = slices.Clone(m.Salts)
		if t := m.Temporary; !t.Key.IsZero() {
			key.Temporary = TemporaryKey{Key: t.Key, Expires: t.Expires, Salts: t.Salts}
		}
		if c.Keys == nil {
			c.Keys = make(map[int]DCKey)
		}
		c.Keys[l.dc] = key
	})
}

// received takes what the data centre sends by itself. Only the main one
// speaks for the account, and only once somebody is signed in (R-UP-04,
// R-UP-05); before that, for who signs in (R-LG-32).
func (l *link) received(body []byte) {
	if p := l.c.pumpOf(l.dc); p != nil {
		p.received(body)
	} else if l.c.Self() == nil {
		l.c.early(l.dc, body)
	}
}

func (l *link) newSession() {
	if p := l.c.pumpOf(l.dc); p != nil {
		p.lost()
	}
}

// initConnection wraps the first queries of a connection (R-TL-36).
func (c *Client) initConnection(query []byte) []byte { return c.announce(c.o.Device, query) }

// announce tells what a device is.
func (c *Client) announce(device Device, query []byte) []byte {
	wrapped, err := tl.Marshal(&tg.InvokeWithLayer{Layer: tg.Layer, Query: &tg.InitConnection{
		APIID:          int32(c.o.APIID),
		DeviceModel:    device.Model,
		SystemVersion:  device.System,
		AppVersion:     device.AppVersion,
		SystemLangCode: device.LangCode,
		LangCode:       device.LangCode,
		Query:          tl.Encoded(query),
	}})
	if err != nil {
		return query // a device described in more than 16 MB
	}
	return wrapped
}
