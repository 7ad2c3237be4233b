package telegram

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtclient"
	"godwit/mtproto/transport"
	"godwit/telegram/flow"
	"godwit/tg"
	"godwit/tl"
)

// Connections for files: how many of them there are to a data centre at most,
// how many requests each has under way before there is another one (R-FI-17),
// and for how long one without any is kept.
const (
	maxPoolLinks    = 4
	requestsPerLink = 4
	poolIdle        = time.Minute
)

// Media returns what sends requests to a data centre, 0 for the account's own,
// over connections that are for files alone: as many as the load asks for, up
// to 4, closed when there has been nothing to do for a minute. Updates do not
// come over them (R-AP-08, R-FI-17). The account is signed in at the data
// centre first, if it is not yet (R-AP-06).
//
// Where Telegram asks to wait or names another data centre, requests fail at
// once: with a *flow.WaitError, or a *mtproto.RPCError for which
// errors.Is(err, tg.ErrFileMigrate) holds. Package telegram/files knows what to
// do then, and is what most programs want.
func (c *Client) Media(dc int) tg.Invoker { return mediaInvoker{c, dc} }

type mediaInvoker struct {
	c  *Client
	dc int
}

// Invoke implements tg.Invoker.
func (m mediaInvoker) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	c, dc := m.c, m.dc
	if dc == 0 {
		dc = c.mainDC()
	}
	if c.Self() == nil {
		return ErrNotSignedIn
	}
	err := m.send(ctx, dc, req, decode)
	switch {
	case dc == c.mainDC() || !c.staying():
		return err
	case errors.Is(err, mtclient.ErrKeyUnknown):
		// Without the key, the account is signed in again with another one.
	case errors.Is(err, tg.ErrAuthKeyUnregistered):
		// It has forgotten the account, which is no end there (R-ER-07).
		if err := c.setImported(dc, false); err != nil {
			return err
		}
	default:
		return err
	}
	return m.send(ctx, dc, req, decode)
}

// send sends a request over a connection for files: over another one where the key
// has been replaced that it shared.
func (m mediaInvoker) send(ctx context.Context, dc int, req tg.Request, decode func(*tl.Reader) error) error {
	for try := 1; ; try++ {
		err := m.c.invokeFile(ctx, poolKey{dc: dc}, &tg.InvokeWithoutUpdates{Query: req}, req, decode)
		if !errors.Is(err, mtclient.ErrKeyExpired) || try > maxPoolLinks || ctx.Err() != nil {
			return err
		}
	}
}

// invokeFile sends a request over a connection for files.
func (c *Client) invokeFile(ctx context.Context, to poolKey, wrapped, req tg.Request, decode func(*tl.Reader) error) error {
	encoded, err := tl.Marshal(wrapped)
	if err != nil {
		return fmt.Errorf("telegram: %s: %w", tg.MethodName(tl.TypeID(req)), err)
	}
	query := mtclient.Request{Query: encoded, Repeat: true} // to move a part twice does no harm
	method := tg.MethodName(tl.TypeID(req))
	body, err := c.gate.pass(ctx, flow.Request{Method: method, DC: to.dc}, func() ([]byte, error) {
		l, err := c.take(ctx, to)
		if err != nil {
			return nil, err
		}
		defer l.pool.release(l)
		body, err := l.invoke(ctx, query)
		var rpc *mtproto.RPCError
		if errors.As(err, &rpc) {
			refusal := *rpc
			refusal.Method = method
			err = &refusal
		}
		return body, err
	})
	if err != nil {
		if ended := c.Err(); ended != nil && errors.Is(err, ErrClosed) {
			return because(err, ended)
		}
		return err
	}
	r := tl.NewReader(body)
	r.Borrow(true) // nobody else has the answer
	if err := decode(r); err != nil {
		return fmt.Errorf("telegram: answer to %s: %w", method, err)
	}
	return nil
}

// A poolKey names a pool. Connections to a CDN are unlike others.
type poolKey struct {
	dc  int
	cdn bool
}

// A pool is the connections for files to one data centre. Client.mu guards it.
type pool struct {
	poolKey
	c       *Client
	links   []*link
	load    map[*link]int
	idle    map[*link]*time.Timer
	opening chan struct{} // holds a token while keys or a sign-in are seen to

	shared    mtclient.Temporary  // of all connections but those to a CDN; without a key while there is none
	permanent mtproto.AuthKey     // for which that speaks
	left      []mtproto.SessionID // under it, which nobody uses and the server has still to forget

	key mtclient.Credentials // of a CDN, for which alone it is kept in memory (R-FI-22)
}

// take returns the connection with the least to do, a new one if all have
// much. It is to be given back by release.
func (c *Client) take(ctx context.Context, key poolKey) (*link, error) {
	p := c.poolOf(key)
	select {
	case p.opening <- struct{}{}:
		defer func() { <-p.opening }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	prepare := p.prepareMedia
	if key.cdn {
		prepare = p.prepareCDN
	}
	options, err := prepare(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	l := p.least()
	if l == nil || p.load[l] >= requestsPerLink && len(p.links) < maxPoolLinks && p.hasKey(&options) {
		if l, err = p.open(options); err != nil {
			return nil, err
		}
	}
	p.load[l]++
	if timer := p.idle[l]; timer != nil {
		timer.Stop()
		delete(p.idle, l)
	}
	return l, nil
}

// hasKey reports whether there is the key that all connections of the pool share:
// as long as there is none, the one connection that makes it is all that there is.
func (p *pool) hasKey(o *mtclient.Options) bool {
	if o.PermanentKeyOnly {
		return !o.Credentials.Key.IsZero()
	}
	return p.temporary(o) != nil
}

// temporary returns the temporary key that the connections of the pool share, nil
// without one that speaks for the permanent one and is good for some time.
func (p *pool) temporary(o *mtclient.Options) *mtclient.Temporary {
	s := &p.shared
	if s.Key.IsZero() || !p.permanent.Equal(&o.Credentials.Key) || time.Until(s.Expires.Add(-s.Offset)) < sharedMargin {
		return nil
	}
	return s
}

// sharedMargin is how long a temporary key must be good to be used for one more
// connection: as long as it takes to replace it (R-PF-11).
const sharedMargin = time.Hour

// open opens another connection. c.mu is held.
func (p *pool) open(o mtclient.Options) (*link, error) {
	l := &link{c: p.c, dc: p.dc, pool: p, key: o.Credentials.Key, done: make(chan struct{})}
	o.Save = l.saveSalts
	if p.cdn {
		o.Save = l.saveCDN
	}
	switch shared := p.temporary(&o); {
	case o.PermanentKeyOnly:
		l.under = l.key.ID()
	case shared != nil:
		o.Temporary, l.under = *shared, shared.Key.ID()
	default:
		o.OnTemporary = l.share
	}
	if err := l.open(o); err != nil {
		return nil, err
	}
	if l.under != 0 && l.under == p.shared.Key.ID() {
		for _, id := range p.left {
			p.c.tasks.Go(func() { l.conn.DestroySession(id) })
		}
		p.left = nil
	}
	p.links = append(p.links, l)
	return l, nil
}

// share lets the other connections of the pool use a temporary key (R-PF-07).
func (l *link) share(t mtclient.Temporary) {
	c := l.c
	c.mu.Lock()
	defer c.mu.Unlock()
	l.under, l.pool.shared, l.pool.permanent, l.pool.left = t.Key.ID(), t, l.key, nil
}

func (c *Client) poolOf(key poolKey) *pool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pools[key]
	if p == nil {
		p = &pool{
			poolKey: key, c: c, load: make(map[*link]int), idle: make(map[*link]*time.Timer), opening: make(chan struct{}, 1),
		}
		c.pools[key] = p
	}
	return p
}

// least returns the connection with the least to do, nil if there is none.
func (p *pool) least() (least *link) {
	for _, l := range p.links {
		if least == nil || p.load[l] < p.load[least] {
			least = l
		}
	}
	return least
}

// release gives a connection back. One that stays idle is closed.
func (p *pool) release(l *link) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	p.load[l]--
	if p.load[l] > 0 || p.c.err != nil || !slices.Contains(p.links, l) {
		return
	}
	p.idle[l] = time.AfterFunc(poolIdle, func() {
		p.c.mu.Lock()
		over := p.load[l] == 0 && slices.Contains(p.links, l)
		if over {
			p.removeLocked(l)
		}
		p.c.mu.Unlock()
		if over {
			p.giveUp(l)
		}
	})
}

// giveUp ends a connection and has the server forget its session, which takes
// another one under the same key: the next there is, if there is none now
// (R-EM-64, R-SM-67).
func (p *pool) giveUp(l *link) {
	l.close()
	id := l.conn.Session()
	if id == 0 {
		return
	}
	p.c.mu.Lock()
	var other *link
	for _, one := range p.links {
		if one.under == l.under {
			other = one
		}
	}
	if other == nil && l.under == p.shared.Key.ID() {
		p.left = append(p.left, id)
	}
	p.c.mu.Unlock()
	if other != nil {
		other.conn.DestroySession(id)
	}
}

func (p *pool) removeLocked(l *link) {
	p.links = slices.DeleteFunc(p.links, func(other *link) bool { return other == l })
	if timer := p.idle[l]; timer != nil {
		timer.Stop()
		delete(p.idle, l)
	}
	if p.load[l] == 0 {
		delete(p.load, l)
	}
}

// ended forgets a connection that has ended, and a key that its data centre
// has forgotten, unless the account depends on it.
func (p *pool) ended(l *link, err error) {
	c := p.c
	c.mu.Lock()
	p.removeLocked(l)
	unknown := errors.Is(err, mtclient.ErrKeyUnknown)
	if unknown && p.cdn && p.key.Key.Equal(&l.key) {
		p.key = mtclient.Credentials{} // R-FI-22
	}
	stale := c.credentials.Keys[p.dc].Key
	unknown = unknown && !p.cdn && p.dc != c.main && stale.Equal(&l.key)
	if errors.Is(err, mtclient.ErrKeyExpired) && l.under == p.shared.Key.ID() {
		p.shared, p.left = mtclient.Temporary{}, nil
	}
	c.mu.Unlock()
	if !unknown {
		return
	}
	if err := c.save(func(c *Credentials) { delete(c.Keys, p.dc) }); err != nil {
		c.o.Logger.Error("credentials not saved", "error", err)
	}
}

// prepareMedia makes sure that the account is signed in at the data centre,
// and returns how to connect there.
func (p *pool) prepareMedia(ctx context.Context) (mtclient.Options, error) {
	c := p.c
	if len(c.addresses(p.dc)) == 0 {
		return mtclient.Options{}, &UnknownDCError{p.dc}
	}
	if err := c.importTo(ctx, p.dc); err != nil {
		return mtclient.Options{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.credentials.Keys[p.dc]
	if key.Key.IsZero() {
		return mtclient.Options{}, ErrNotSignedIn
	}
	return mtclient.Options{
		Connect: func(ctx context.Context) (transport.PacketConn, error) {
			return c.connect(ctx, p.dc, append(c.filesOnly(p.dc), c.addresses(p.dc)...))
		},
		PublicKeys:  c.o.Network.PublicKeys,
		Credentials: mtclient.Credentials{Key: key.Key, Salts: key.Salts, Created: key.Created},
		Init:        c.initConnection,
		// Files are compressed already, or encrypted.
		CompressAbove: -1,
		// The temporary key is another one than that of the data centre's own
		// connection: those for files count apart, as TDLib (td/telegram/net/Session.cpp)
		// and Telegram Desktop (mtproto/details/mtproto_dcenter.h) have it too.
		PermanentKeyOnly: c.o.PermanentKeyOnly,
	}, nil
}

// saveSalts keeps the salts of a key that others may have replaced.
func (l *link) saveSalts(m mtclient.Credentials) error {
	return l.c.save(func(c *Credentials) {
		if key, ok := c.Keys[l.dc]; ok && key.Key.Equal(&m.Key) {
			key.Salts = slices.Clone(m.Salts)
			c.Keys[l.dc] = key
		}
	})
}

// filesOnly returns the addresses of a data centre that are for files alone.
// They are no use to what carries packets by other means than TCP.
func (c *Client) filesOnly(dc int) (list []DC) {
	if _, ok := c.o.Connector.(*transport.TCP); !ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.mediaOnly {
		if d.ID == dc {
			list = append(list, d)
		}
	}
	return list
}

// noteFileDCs keeps the addresses that are for files alone, and those of CDNs
// (R-AP-03).
func (c *Client) noteFileDCs(config *tg.Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mediaOnly, c.cdn = nil, nil
	for _, d := range config.DCOptions {
		address, err := addressOf(&d)
		switch {
		case err != nil || !c.o.usable(address):
		case d.CDN:
			c.cdn = append(c.cdn, address)
		case d.MediaOnly:
			c.mediaOnly = append(c.mediaOnly, address)
		}
	}
}
