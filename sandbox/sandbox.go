// Package sandbox is a local Telegram: data centres that speak real MTProto
// over TCP, WebSocket and HTTP and keep accounts, conversations and updates in memory, for trying
// out clients and for testing them.
//
// Start with [New] and [Sandbox.Start]; [Sandbox.WriteInfo] writes the
// connection file that clients are given. Anybody can sign up: the phone
// number 99966XYYYY lives on DC X, and its login code is X five times
// (R-AP-10). [Sandbox.AddUser], [Sandbox.SetPassword] and [Sandbox.AddBot] put
// accounts there beforehand. [Sandbox.SetCodeWays], [Sandbox.SetLoginEmail] and
// [Sandbox.RefusePhone] say how else people sign in, and [Sandbox.Outbox] holds
// the codes that were sent to them.
//
// Each client is served in the layer that it announces, 144 to 229. A method
// that is not served is answered 400 INPUT_METHOD_INVALID and logged by name.
// Everything lasts as long as the process. All methods are safe for concurrent
// use.
//
// Numbers such as R-SP-12 are those of docs/requirements.md.
package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/mtserver"
	"godwit/mtproto/transport"
	"godwit/mtproto/transport/proxy"
	"godwit/mtproto/transport/web"
	"godwit/tg"
)

// MaxDCs is how many data centres a sandbox has at most: a phone number names
// its own by one digit.
const MaxDCs = 9

// Options say how a Sandbox is set up. The zero Options are good.
type Options struct {
	// Listen is the address of DC 1; DC n listens n-1 ports above, or where
	// there is room if the port is 0. Empty means 127.0.0.1:0.
	Listen string
	DCs    int // number of data centres, 1 to MaxDCs; 0 means 2

	// APIID and APIHash are the application that clients have to be; 0 and
	// empty mean DefaultAPIID and DefaultAPIHash.
	APIID   int
	APIHash string

	// MediaOnly has each DC listen on an address of its own for files too, which
	// help.getConfig tells as media_only (R-AP-03).
	MediaOnly bool
	// CDN adds a CDN DC, to which clients are sent for documents if they can
	// (R-FI-20). Its id is 203, and it has its own key.
	CDN bool

	// FileMemory is how many bytes of files are kept in memory; 0 means 64 MiB.
	// What is beyond lies in a temporary file in FileDir, the system's directory
	// for such if empty.
	FileMemory int64
	FileDir    string
	// FileReferenceTTL is how long file references are good (R-FI-15); 0 means 24
	// hours.
	FileReferenceTTL time.Duration

	// Transports are what the DCs serve, each on its one port: those of
	// Transports() if nil. What a client speaks is told from its first bytes.
	Transports []Transport
	// ProxySecrets are those by which each DC is an MTProxy to all of them: one
	// of each kind, drawn anew, if nil.
	ProxySecrets []transport.ProxySecret

	PrivateKey *mtcrypto.PrivateKey // of all DCs; a new one if nil
	CodeTTL    time.Duration        // how long a code is good; 0 means 5 minutes

	// FreshFor is how long a device that has signed in may not end others, 24
	// hours with Telegram (R-LG-41). 0 means that it may at once: in a sandbox
	// every device is fresh.
	FreshFor time.Duration
	// OnDelivery is told of every code that is sent to a person by text message,
	// call or e-mail. It must not use the Sandbox.
	OnDelivery func(Delivery)

	// KeyFault, if not nil, says for each key exchange with a DC what is to be done
	// wrong in it: one of the faults of package mtproto/authkey (R-AK-39).
	KeyFault   func(dc int) mtserver.KeyFault
	Duplicates DuplicateRule // when a key is used in two places at once

	// TakeoutDelay has devices that signed in less than a day ago wait before
	// they may export everything, as Telegram does.
	TakeoutDelay bool

	Now    func() time.Time // the servers' clock; time.Now if nil
	Rand   io.Reader        // crypto/rand's if nil
	Logger *slog.Logger     // silent if nil

	skew *atomic.Int64 // by how much the clock is ahead of what Now was
}

// The application that a sandbox expects unless told otherwise.
const (
	DefaultAPIID   = 12345
	DefaultAPIHash = "0123456789abcdef0123456789abcdef"
)

const (
	defaultCodeTTL    = 5 * time.Minute
	defaultFileMemory = 64 << 20
)

// A Sandbox is a local Telegram.
type Sandbox struct {
	options Options
	log     *slog.Logger
	world   *world
	dcs     []*dc
	tls     *web.Certificate // nil where TLS is not served
	proxy   *proxy.Acceptor
	secrets []transport.Secret // those of Options.ProxySecrets that go without fake TLS

	cdnServer *cdnServer // nil without

	bell    chan struct{} // rung when a message is put by for later; has room for one
	stopped chan struct{} // closed when the sandbox is

	mu      sync.Mutex // guards what follows
	started bool
	closed  bool
	botAPI  string // where it is served
	control string // the same for package sandbox/control
	serving sync.WaitGroup
}

// New returns a Sandbox that does not listen yet. It fails on options out of
// range, and if there is no randomness.
func New(o Options) (*Sandbox, error) {
	if o.DCs == 0 {
		o.DCs = 2
	}
	if o.DCs < 1 || o.DCs > MaxDCs {
		return nil, fmt.Errorf("sandbox: %d DCs, want 1 to %d", o.DCs, MaxDCs)
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	w, err := newWorld(&o)
	if err != nil {
		return nil, fmt.Errorf("sandbox: randomness: %w", err)
	}
	sb := &Sandbox{options: o, log: o.Logger, world: w, bell: make(chan struct{}, 1), stopped: make(chan struct{})}
	if err := errors.Join(sb.prepareTLS(), sb.prepareProxy()); err != nil {
		return nil, err
	}
	for id := range o.DCs {
		d := &dc{Sandbox: sb, id: id + 1}
		d.server, err = mtserver.New(mtserver.Options{
			DC: d.id, PrivateKey: o.PrivateKey, Handler: handlerOf{d}, Now: o.Now, Rand: o.Rand, Logger: o.Logger,
			UnboundMethods: []uint32{tg.IDHelpGetConfig, tg.IDHelpGetNearestDC},
			CompressAbove:  512, Accept: d.accept, KeyFault: d.keyFault(), PacketFault: d.packetFault,
		})
		if err != nil {
			return nil, fmt.Errorf("sandbox: DC %d: %w", d.id, err)
		}
		sb.dcs = append(sb.dcs, d)
	}
	if o.CDN {
		if sb.cdnServer, err = newCDNServer(sb); err != nil {
			return nil, fmt.Errorf("sandbox: CDN: %w", err)
		}
	}
	return sb, nil
}

// complete fills in what is not given.
func (o *Options) complete() error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.APIID == 0 {
		o.APIID = DefaultAPIID
	}
	if o.APIHash == "" {
		o.APIHash = DefaultAPIHash
	}
	if o.CodeTTL == 0 {
		o.CodeTTL = defaultCodeTTL
	}
	if o.FileMemory == 0 {
		o.FileMemory = defaultFileMemory
	}
	if o.FileReferenceTTL == 0 {
		o.FileReferenceTTL = defaultReferenceTTL
	}
	if o.OnDelivery == nil {
		o.OnDelivery = func(Delivery) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	now, skew := o.Now, new(atomic.Int64)
	o.skew, o.Now = skew, func() time.Time { return now().Add(time.Duration(skew.Load())) }
	if o.Rand == nil {
		o.Rand = rand.Reader
	} else {
		o.Rand = &lockedReader{r: o.Rand}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Transports == nil {
		o.Transports = Transports()
	}
	if err := checkTransports(o.Transports); err != nil {
		return err
	}
	if o.PrivateKey != nil {
		return nil
	}
	key, err := mtcrypto.GeneratePrivateKey(o.Rand)
	if err != nil {
		return fmt.Errorf("sandbox: private key: %w", err)
	}
	o.PrivateKey = key
	return nil
}

// A lockedReader lets the DCs share a source of randomness.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// Start listens on all addresses and serves until Close. It fails, naming the
// address, if one of them cannot be had; then none is left open.
func (sb *Sandbox) Start() error {
	sb.mu.Lock()
	defer sb.mu.Unlock()
	if sb.started {
		return errors.New("sandbox: started already")
	}
	host, port, err := net.SplitHostPort(sb.options.Listen)
	if err != nil {
		return fmt.Errorf("sandbox: listen address %q: %w", sb.options.Listen, err)
	}
	first, err := net.LookupPort("tcp", port)
	if err != nil {
		return fmt.Errorf("sandbox: listen address %q: %w", sb.options.Listen, err)
	}
	places := sb.places()
	for i := range places {
		if first != 0 {
			port = strconv.Itoa(first + i)
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil {
			for _, open := range places[:i] {
				open.listener.Close()
			}
			return fmt.Errorf("sandbox: DC %d cannot listen on %s: %w", places[i].dc.id, net.JoinHostPort(host, port), err)
		}
		places[i].listener = l
		places[i].dc.listensOn(l.Addr(), places[i].media)
	}
	sb.started = true
	sb.world.setAlarm(sb.ring)
	sb.serving.Go(sb.keepTime)
	for _, d := range sb.all() {
		d.startWeb()
	}
	for _, p := range places {
		sb.serving.Go(func() {
			if err := p.dc.server.Serve(p.listener); !errors.Is(err, mtserver.ErrServerClosed) {
				sb.log.Error("DC has stopped", "dc", p.dc.id, "error", err)
			}
		})
	}
	return nil
}

// all returns the DCs, and the CDN DC after them if there is one.
func (sb *Sandbox) all() []*dc {
	if sb.cdnServer == nil {
		return sb.dcs
	}
	return append(slices.Clip(sb.dcs), sb.cdnServer.dc)
}

// A place is where a DC listens.
type place struct {
	dc       *dc
	media    bool // told as for files alone
	listener net.Listener
}

// places returns where to listen, in the order of ports.
func (sb *Sandbox) places() []place {
	var all []place
	for _, d := range sb.dcs {
		all = append(all, place{dc: d})
	}
	if sb.options.MediaOnly {
		for _, d := range sb.dcs {
			all = append(all, place{dc: d, media: true})
		}
	}
	if sb.cdnServer != nil {
		all = append(all, place{dc: sb.cdnServer.dc})
	}
	return all
}

// listensOn notes the address that clients are told. One that means every
// interface is told as this machine's own.
func (d *dc) listensOn(a net.Addr, media bool) {
	d.host = "127.0.0.1"
	if tcp, ok := a.(*net.TCPAddr); ok {
		if media {
			d.mediaPort = tcp.Port
		} else {
			d.port = tcp.Port
		}
		if !tcp.IP.IsUnspecified() {
			d.host = tcp.IP.String()
		}
	}
}

// Close ends all connections and waits until everything has stopped. A closed
// Sandbox cannot be started again.
func (sb *Sandbox) Close() error {
	sb.mu.Lock()
	defer sb.mu.Unlock()
	sb.started = true
	if !sb.closed {
		sb.closed = true
		close(sb.stopped)
	}
	var failed error
	for _, d := range sb.all() {
		failed = errors.Join(failed, d.server.Close())
	}
	for _, d := range sb.all() {
		failed = errors.Join(failed, d.stopWeb())
	}
	sb.serving.Wait()
	return errors.Join(failed, sb.world.blobs.close())
}

// handlerOf is how mtserver sees a DC.
type handlerOf struct{ d *dc }

func (h handlerOf) HandleRequest(ctx context.Context, s *mtserver.Session, _ mtproto.MsgID, query []byte) ([]byte, error) {
	return h.d.handle(ctx, wire{s}, query)
}

func (h handlerOf) SessionOpened(*mtserver.Session)   {}
func (h handlerOf) SessionClosed(s *mtserver.Session) { h.d.world.closed(wire{s}) }
func (h handlerOf) KeyDestroyed(id mtproto.KeyID)     { h.d.world.destroyed(id) }

// A wire is a link over MTProto.
type wire struct{ *mtserver.Session }

// Connection tells the client's connections apart.
func (w wire) Connection() string { return w.RemoteAddr().String() }

// Address returns the client's address without its port.
func (w wire) Address() string { return withoutPort(w.RemoteAddr()) }

// Displaced returns the session whose temporary key was replaced by this one's.
func (w wire) Displaced() (link, bool) {
	other := w.Session.Displaced()
	return wire{other}, other != nil
}

func withoutPort(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.IP.String()
	}
	return ""
}
