package mtserver

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
	"godwit/tl"
)

// rsaKey is the DC's key in all tests.
var rsaKey = sync.OnceValue(func() *mtcrypto.PrivateKey {
	key, err := mtcrypto.GeneratePrivateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// A network is a listener whose connections are made in memory.
type network struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newNetwork() *network {
	return &network{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

func (n *network) dial(t testing.TB) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	select {
	case n.conns <- far:
	case <-n.closed:
		t.Fatal("dialed a closed server")
	}
	return near
}

// handler records what it is told and answers queries with answer, or with
// the query itself.
type handler struct {
	answer func(context.Context, *Session, mtproto.MsgID, []byte) ([]byte, error)
	opens  func(*Session)

	mu        sync.Mutex
	opened    []*Session
	closed    []*Session
	destroyed []mtproto.KeyID
	queries   [][]byte
}

func (h *handler) HandleRequest(ctx context.Context, s *Session, id mtproto.MsgID, q []byte) ([]byte, error) {
	h.mu.Lock()
	h.queries = append(h.queries, q)
	h.mu.Unlock()
	if h.answer != nil {
		return h.answer(ctx, s, id, q)
	}
	return q, nil
}

func (h *handler) SessionOpened(s *Session) {
	h.mu.Lock()
	h.opened = append(h.opened, s)
	h.mu.Unlock()
	if h.opens != nil {
		h.opens(s)
	}
}

func (h *handler) SessionClosed(s *Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = append(h.closed, s)
}

func (h *handler) KeyDestroyed(key mtproto.KeyID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.destroyed = append(h.destroyed, key)
}

// counts returns how many sessions were opened and closed, and how many
// queries were handled.
func (h *handler) counts() (opened, closed, queries int) {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.opened), len(h.closed), len(h.queries)
}

func (h *handler) session(t testing.TB, i int) *Session {
	t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if i >= len(h.opened) {
		t.Fatalf("%d sessions opened, want more than %d", len(h.opened), i)
	}
	return h.opened[i]
}

// A fixture is a running server.
type fixture struct {
	t    testing.TB
	srv  *Server
	net  *network
	h    *handler
	keys *MemoryKeys
}

// serve runs test with a server, inside a bubble of synctest: what goroutine
// it leaves behind fails the test.
func serve(t *testing.T, o Options, test func(t *testing.T, f *fixture)) {
	t.Helper()
	rsaKey() // outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		f := start(t, o)
		defer f.stop()
		test(t, f)
	})
}

func start(t testing.TB, o Options) *fixture {
	f := &fixture{t: t, net: newNetwork(), keys: NewMemoryKeys()}
	f.h, _ = o.Handler.(*handler)
	if f.h == nil {
		f.h = &handler{}
		o.Handler = f.h
	}
	o.PrivateKey = rsaKey()
	if o.DC == 0 {
		o.DC = 2
	}
	if o.Keys == nil {
		o.Keys = f.keys
	}
	srv, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	f.srv = srv
	go func() {
		if err := srv.Serve(f.net); !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	}()
	return f
}

func (f *fixture) stop() {
	if err := f.srv.Close(); err != nil {
		f.t.Error(err)
	}
}

// key puts a new permanent key into the store.
func (f *fixture) key() Key { return f.keyUntil(time.Time{}) }

// keyUntil puts a new key into the store, a temporary one unless expires is
// zero.
func (f *fixture) keyUntil(expires time.Time) Key {
	f.t.Helper()
	var value [mtproto.AuthKeySize]byte
	if _, err := rand.Read(value[:]); err != nil {
		f.t.Fatal(err)
	}
	k := Key{
		AuthKey: mtproto.NewAuthKey(value), Salt: mtproto.Salt(binary.LittleEndian.Uint64(value[:])),
		Created: time.Now(), ExpiresAt: expires,
	}
	if err := f.srv.o.Keys.Save(k); err != nil {
		f.t.Fatal(err)
	}
	return k
}

// A link is a client's connection.
type link struct {
	t    testing.TB
	net  net.Conn
	conn *transport.Conn
	in   chan incoming
	acks chan uint32
}

// incoming is a packet, a transport error, or the end of the connection.
type incoming struct {
	packet []byte
	err    error
}

func (f *fixture) dial(o transport.Options) *link {
	f.t.Helper()
	return f.over(f.net.dial(f.t), o)
}

// over makes a client's link of a connection.
func (f *fixture) over(nc net.Conn, o transport.Options) *link {
	f.t.Helper()
	l := &link{t: f.t, net: nc, in: make(chan incoming, 4096), acks: make(chan uint32, 16)}
	o.QuickAck = func(token uint32) { l.acks <- token }
	conn, err := transport.NewClient(l.net, o)
	if err != nil {
		f.t.Fatal(err)
	}
	l.conn = conn
	go func() {
		for {
			p, err := conn.ReadPacket(nil)
			l.in <- incoming{p, err}
			var code *transport.Error
			if err != nil && !errors.As(err, &code) {
				return
			}
		}
	}()
	return l
}

func (l *link) close() { l.net.Close() }

func (l *link) write(p []byte) {
	l.t.Helper()
	if err := l.conn.WritePacket(p); err != nil {
		l.t.Fatalf("write: %v", err)
	}
}

// next waits for what comes in next.
func (l *link) next() incoming {
	l.t.Helper()
	select {
	case in := <-l.in:
		return in
	case <-time.After(10 * time.Second):
		l.t.Fatal("nothing came in for 10 s")
		return incoming{}
	}
}

// packet waits for a packet.
func (l *link) packet() []byte {
	l.t.Helper()
	in := l.next()
	if in.err != nil {
		l.t.Fatalf("no packet but %v", in.err)
	}
	return in.packet
}

// wantCode waits for a transport error.
func (l *link) wantCode(code int32) {
	l.t.Helper()
	if in := l.next(); !errors.Is(in.err, &transport.Error{Code: code}) {
		l.t.Fatalf("got %v (%d bytes), want %d", in.err, len(in.packet), code)
	}
}

// wantCut waits for the end of the connection.
func (l *link) wantCut() {
	l.t.Helper()
	if in := l.next(); !errors.Is(in.err, io.EOF) {
		l.t.Fatalf("got %v (%d bytes), want the end of the connection", in.err, len(in.packet))
	}
}

// wantQuiet makes sure that nothing comes in now.
func (l *link) wantQuiet() {
	l.t.Helper()
	synctest.Wait()
	select {
	case in := <-l.in:
		l.t.Fatalf("got %d bytes, %v; want nothing", len(in.packet), in.err)
	default:
	}
}

// exchange makes an auth key over the connection.
func (l *link) exchange(o authkey.ClientOptions) authkey.Result {
	l.t.Helper()
	o.Keys, o.Rand = publicKeys(), rand.Reader
	if o.DC == 0 {
		o.DC = 2
	}
	c := authkey.NewClient(o)
	out, err := c.Start(time.Now())
	for err == nil && out != nil {
		l.write(out)
		out, err = c.Receive(time.Now(), l.packet())
	}
	result, ok := c.Done()
	if err != nil || !ok {
		l.t.Fatalf("key exchange: %v", err)
	}
	return result
}

// A peer is an honest client: a session on a link.
type peer struct {
	*link
	core    *session.Session
	results map[session.RequestID]session.Result
	updates []string
	created []int64
}

func (f *fixture) peer(k Key) *peer {
	f.t.Helper()
	return newPeer(f.dial(transport.Options{Framing: transport.Intermediate}), k.AuthKey, k.Salt, 0)
}

func newPeer(l *link, key mtproto.AuthKey, salt mtproto.Salt, id mtproto.SessionID) *peer {
	core, err := session.New(session.Options{
		Side: mtproto.Client, Key: key, ID: id, Rand: rand.Reader, ClockKnown: true,
		Salts: []session.Salt{session.NewSalt(salt, time.Now(), time.Now().Add(24*time.Hour))},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	core.Connected(time.Now())
	return &peer{link: l, core: core, results: make(map[session.RequestID]session.Result)}
}

// reconnect continues the session over another connection.
func (p *peer) reconnect(l *link) {
	p.core.Disconnected()
	p.link = l
	p.core.Connected(time.Now())
	p.flush()
}

func (p *peer) flush() {
	p.t.Helper()
	for {
		packet, _, err := p.core.Send(time.Now())
		if err != nil {
			p.t.Fatal(err)
		}
		if packet == nil {
			return
		}
		p.write(packet)
	}
}

// pump takes one packet.
func (p *peer) pump() {
	p.t.Helper()
	events, err := p.core.Receive(time.Now(), p.packet())
	if err != nil {
		p.t.Fatalf("the server broke a rule: %v", err)
	}
	for _, event := range events {
		switch event := event.(type) {
		case session.Result:
			p.results[event.Request] = event
		case session.Update:
			p.updates = append(p.updates, string(event.Body))
		case session.Created:
			p.created = append(p.created, event.UniqueID)
		}
	}
	p.flush()
}

// settle takes all packets that have come in or are about to.
func (p *peer) settle() {
	p.t.Helper()
	for synctest.Wait(); len(p.in) > 0; synctest.Wait() {
		p.pump()
	}
}

// result waits for the end of a query.
func (p *peer) result(id session.RequestID) session.Result {
	p.t.Helper()
	for {
		if result, ok := p.results[id]; ok {
			return result
		}
		p.pump()
	}
}

// call sends a query and waits for its end.
func (p *peer) call(q []byte) session.Result {
	p.t.Helper()
	id := p.core.Request(q)
	p.flush()
	return p.result(id)
}

// wantEcho calls the echoing handler.
func (p *peer) wantEcho() {
	p.t.Helper()
	q := query("echo")
	if result := p.call(q); result.Err != nil || string(result.Body) != string(q) {
		p.t.Fatalf("echo: %q, %v", result.Body, result.Err)
	}
}

// query makes a boxed value that is no known constructor.
func query(text string) []byte {
	var b tl.Buffer
	b.ID(0x11223344)
	b.String(text)
	return b.Bytes()
}

// wantRPCError checks the refusal of a query.
func wantRPCError(t testing.TB, result session.Result, code int, kind string) {
	t.Helper()
	if !errors.Is(result.Err, &mtproto.RPCError{Code: code, Type: kind}) {
		t.Fatalf("got %v, want %d %s", result.Err, code, kind)
	}
}

func marshal(t testing.TB, v tl.Object) []byte {
	t.Helper()
	b, err := tl.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ping is a service message that the server answers whatever its handler does.
func ping(t testing.TB) []byte { return marshal(t, &mt.Ping{PingID: 5}) }

func publicKeys() []mtcrypto.PublicKey { return []mtcrypto.PublicKey{rsaKey().Public()} }

// slow makes a handler that answers when it is released.
func slow(release <-chan struct{}) func(context.Context, *Session, mtproto.MsgID, []byte) ([]byte, error) {
	return func(ctx context.Context, _ *Session, _ mtproto.MsgID, q []byte) ([]byte, error) {
		select {
		case <-release:
			return q, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pass lets time go by, in the bubble.
func pass(d time.Duration) { <-time.After(d) }
