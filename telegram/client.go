package telegram

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"godwit/mtproto/mtclient"
	"godwit/mtproto/mtcrypto"
	"godwit/tg"
	"godwit/tl"
)

// A Client is connected to Telegram for one device, signed in or not. It is
// safe for concurrent use.
type Client struct {
	o       Options
	ctx     context.Context // ends when the client does
	cancel  context.CancelFunc
	tasks   sync.WaitGroup
	done    chan struct{} // closed when the client has ended
	signing sync.Mutex    // one sign-in or sign-out at a time
	peers   peers
	gate    *gate

	logging sync.Mutex // of Options.KeyLog

	newConnection func(mtclient.Options) (connection, error)

	saving sync.Mutex // held while credentials change and are saved; before mu

	mu          sync.Mutex // guards what follows
	credentials Credentials
	links       map[int]*link
	pools       map[poolKey]*pool
	importing   map[int]chan struct{} // by DC; holds a token while the account is being signed in there
	mediaOnly   []DC                  // from help.getConfig; for files alone (R-AP-03)
	cdn         []DC                  // from help.getConfig
	cdnPublic   map[int][]mtcrypto.PublicKey
	main        int
	self        *tg.User // nil: not signed in
	leaving     bool     // signing out
	lapsed      error    // why the credentials that were loaded do not sign in any more
	signIn      *SignIn  // the newest, that gets what is sent before anybody is signed in
	pump        *pump
	lastPump    <-chan struct{} // closed when the pump before has stopped
	err         error           // why the client ended
}

// Connect connects to Telegram with the stored credentials, or as a new
// device where there are none. It returns once Telegram has answered; if the
// credentials are signed in, [Client.Self] then says as whom. The context is
// for connecting alone: the client lives until [Client.Close].
//
// An error is an *UnreachableError where nobody answers, what the Store says
// where the credentials cannot be read, or ctx's.
func Connect(ctx context.Context, o Options) (*Client, error) {
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	if err := c.begin(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// newClient returns a client that has loaded its credentials.
func newClient(o Options) (*Client, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	credentials, err := o.Store.Load()
	if err != nil {
		return nil, fmt.Errorf("telegram: loading credentials: %w", err)
	}
	if err := credentials.claim(o.Network); err != nil {
		return nil, err
	}
	c := &Client{
		o: o, credentials: credentials, links: make(map[int]*link), newConnection: newConnection,
		pools: make(map[poolKey]*pool), importing: make(map[int]chan struct{}),
		done: make(chan struct{}), lastPump: closedChannel(),
		peers: peers{store: o.Peers, log: o.Logger},
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.gate = newGate(&c.o, c.done)
	c.main = credentials.DC
	if c.main == 0 {
		c.main = o.Network.DCs[0].ID
	}
	return c, nil
}

// begin makes the first requests. Keys that Telegram has forgotten are thrown
// away only when somebody signs in anew.
func (c *Client) begin(ctx context.Context) error {
	known := c.credentials.UserID != 0
	err := c.refresh(ctx)
	if errors.Is(err, mtclient.ErrKeyUnknown) && !known {
		err = c.refresh(ctx)
	}
	var user *tg.User
	if err == nil && known {
		user, err = c.whoAmI(ctx)
	}
	switch {
	case known && (isEnd(err) || errors.Is(err, mtclient.ErrKeyUnknown)):
		c.o.Logger.Warn("the stored credentials are not signed in any more", "error", err)
		c.mu.Lock()
		c.lapsed = err
		c.mu.Unlock()
	case err != nil:
		return err
	case known:
		// Credentials that were imported may not say who it is.
		if c.credentials.UserID != user.ID || c.credentials.Bot != user.Bot {
			err := c.save(func(c *Credentials) { c.UserID, c.Bot = user.ID, user.Bot })
			if err != nil {
				return err
			}
		}
		c.signedIn(user)
	}
	return nil
}

// refresh asks for the configuration, which shows that Telegram is there and,
// on Telegram's own network, where its data centres are (R-AP-01, R-AP-02).
func (c *Client) refresh(ctx context.Context) error {
	config, err := tg.Call(ctx, c, &tg.HelpGetConfig{})
	if err != nil {
		return err
	}
	c.noteFileDCs(config)
	if !c.o.Network.Refresh {
		return nil
	}
	var list []DC
	for _, d := range config.DCOptions {
		if d.MediaOnly || d.CDN {
			continue
		}
		address, err := addressOf(&d)
		if err != nil {
			c.o.Logger.Warn("address left out", "dc", d.ID, "address", address.address(), "error", err)
			continue
		}
		list = append(list, address)
	}
	return c.save(func(c *Credentials) { c.Addresses, c.PreferIPv6 = list, config.ForceTryIpv6 })
}

// whoAmI asks as whom the client is signed in.
func (c *Client) whoAmI(ctx context.Context) (*tg.User, error) {
	users, err := tg.Call(ctx, c, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}})
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if user, ok := u.(*tg.User); ok {
			return user, nil
		}
	}
	return nil, errors.New("telegram: users.getUsers does not know its own user")
}

// signedIn notes as whom the client is signed in, and begins to receive
// updates. The credentials say so already.
func (c *Client) signedIn(user *tg.User) {
	c.peers.learn([]tg.UserClass{user}, nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.self, c.lapsed = user, nil
	if c.o.Handler != nil && c.err == nil {
		c.pump = newPump(c, user.Bot, c.lastPump)
		c.lastPump = c.pump.done
		c.pump.tick()
	}
}

func closedChannel() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// String returns nothing that is secret.
func (c *Client) String() string { return "telegram client on DC " + strconv.Itoa(c.mainDC()) }

// GoString is as String.
func (c *Client) GoString() string { return c.String() }

// Self returns as whom the client is signed in, nil if it is not.
func (c *Client) Self() *tg.User {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.self
}

// Lapsed returns why the stored credentials do not sign in any more, such as
// tg.ErrSessionRevoked; nil if they do, or never did. They are kept until
// somebody signs in anew.
func (c *Client) Lapsed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lapsed
}

// Close ends the client and waits until nothing of it is left. What has been
// handled by then is saved; the Store is left open. Close must not be called
// from a handler.
func (c *Client) Close() error {
	c.end(ErrClosed)
	c.tasks.Wait()
	c.gate.stop()
	return nil
}

// LastHeard returns when the account's data centre was last heard of, the zero
// time for never. On a connection that is in order that is never longer ago
// than a minute: it is pinged.
func (c *Client) LastHeard() time.Time {
	c.mu.Lock()
	l := c.links[c.main]
	c.mu.Unlock()
	if l == nil {
		return time.Time{}
	}
	return l.conn.Heard()
}

// Done is closed when the client has ended for good; Err then says why. Lost
// connections are no end: they are renewed.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the client has ended, nil as long as it has not: ErrClosed;
// what Telegram said when it ended the session, for errors.Is with
// tg.ErrAuthKeyUnregistered, tg.ErrSessionRevoked, tg.ErrUserDeactivated and
// so on; an error of the Store or of the handler.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Wait waits until the client has ended, and returns why, or until ctx has.
func (c *Client) Wait(ctx context.Context) error {
	select {
	case <-c.done:
		return c.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// OnEnd has f called on a goroutine of its own once the client has ended, at once if
// it has. Who runs thousands of clients needs no goroutine for each to wait.
func (c *Client) OnEnd(f func()) { context.AfterFunc(c.ctx, f) }

// end ends the client.
func (c *Client) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	if c.pump != nil {
		c.pump.stop()
	}
	c.cancel()
	close(c.done)
}

// ended ends the client because Telegram has ended its session.
func (c *Client) ended(err error) {
	c.end(fmt.Errorf("telegram: the session has ended: %w", err))
}

// linkEnded deals with a connection that will not be renewed. Where nobody is
// signed in by a key that the data centre does not know, another one is made.
func (c *Client) linkEnded(l *link, err error) {
	c.mu.Lock()
	main := l.dc == c.main && c.credentials.UserID != 0
	ends := main && c.self != nil && !c.leaving
	c.mu.Unlock()
	switch {
	case ends:
		c.ended(err)
	case !main && errors.Is(err, mtclient.ErrKeyUnknown):
		if err := c.save(func(c *Credentials) { delete(c.Keys, l.dc) }); err != nil {
			c.o.Logger.Error("credentials not saved", "error", err)
		}
	}
}

// save changes the credentials and saves them. A client whose credentials
// cannot be saved ends: going on would lose what comes.
func (c *Client) save(change func(*Credentials)) error {
	c.saving.Lock()
	defer c.saving.Unlock()
	c.mu.Lock()
	change(&c.credentials)
	copied := c.credentials
	c.mu.Unlock()
	// Only holders of saving change what the copy shares.
	if err := c.o.Store.Save(&copied); err != nil {
		err = fmt.Errorf("telegram: saving credentials: %w", err)
		c.end(err)
		return err
	}
	return nil
}

// forgetKeys throws away everything that signs in.
func (c *Client) forgetKeys() error {
	c.closeLinks()
	return c.save(func(c *Credentials) { *c = c.signedOut() })
}

// closeLinks ends all connections. They are made anew when they are needed.
func (c *Client) closeLinks() {
	c.mu.Lock()
	var links []*link
	for _, l := range c.links {
		links = append(links, l)
	}
	for _, p := range c.pools {
		links = append(links, p.links...)
	}
	clear(c.links)
	c.mu.Unlock()
	for _, l := range links {
		l.close()
	}
}

// pumpOf returns the pump that takes what a data centre sends by itself, nil
// if none does.
func (c *Client) pumpOf(dc int) *pump {
	c.mu.Lock()
	defer c.mu.Unlock()
	if dc != c.main {
		return nil
	}
	return c.pump
}

var _ tg.Invoker = (*Client)(nil)

// Invoke implements tg.Invoker: it sends a request to the data centre that it
// belongs to, and follows Telegram to another one where it says so.
//
// Where Telegram refuses, the error is a *mtproto.RPCError with the Method
// that it refused. Where it asks to wait, the request is held back and tried
// again, if Options.Patience and ctx allow for it, and refused with a
// *flow.WaitError if they do not: see package flow. After errors of the server
// only what reads is repeated, since other requests may have had their effect
// (R-ER-05). A method that is not for the kind
// of account that is signed in is refused with an *AccessError and not sent.
// Requests that were under way when a connection was lost are answered over
// the next one. One that gets no answer all the same, because ctx or the client
// has ended or Telegram has lost it, fails with an *mtproto.OutcomeError, which
// says whether it was carried out, as far as that is known. None is carried out
// twice, unless it only reads or Telegram tells repetitions by its random_id.
func (c *Client) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) (err error) {
	inner := unwrapped(req)
	if c.o.Observe != nil {
		if ended := c.o.Observe(ctx, tg.MethodName(tl.TypeID(inner))); ended != nil {
			defer func() { ended(err) }()
		}
	}
	if err := c.checkAccess(inner); err != nil {
		return err
	}
	body, err := c.gate.pass(ctx, c.flowRequest(ctx, req), func() ([]byte, error) { return c.request(ctx, req) })
	if err != nil {
		if ended := c.Err(); ended != nil && errors.Is(err, ErrClosed) {
			return because(err, ended)
		}
		return err
	}
	if err := decode(tl.NewReader(body)); err != nil {
		return fmt.Errorf("telegram: answer to %s: %w", tg.MethodName(tl.TypeID(req)), err)
	}
	c.observe(inner, body)
	return nil
}
