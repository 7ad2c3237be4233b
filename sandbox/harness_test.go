package sandbox

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
	"godwit/tg"
	"godwit/tl"
)

// A clock is the servers' time in a test.
type clock struct{ now atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(c.now.Load(), 0) }
func (c *clock) advance(d time.Duration) { c.now.Add(int64(d / time.Second)) }

// testKey is not used by tests that speak to the handlers alone.
var testKey = sync.OnceValue(func() *mtcrypto.PrivateKey {
	key, err := mtcrypto.GeneratePrivateKey(&counter{})
	if err != nil {
		panic(err)
	}
	return key
})

// A counter is a source of bytes that are the same in every run.
type counter struct{ state uint64 }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.state = c.state*6364136223846793005 + 1442695040888963407
		p[i] = byte(c.state >> 56)
	}
	return len(p), nil
}

// A lab is a sandbox without a network, and what tests need of it.
type lab struct {
	*Sandbox
	t     testing.TB
	clock *clock
	keys  uint64
}

func newLab(t testing.TB) *lab {
	t.Helper()
	return newLabWith(t, Options{})
}

// newLabWith returns a lab with some options of its own.
func newLabWith(t testing.TB, o Options) *lab {
	t.Helper()
	c := &clock{}
	c.now.Store(1_800_000_000)
	o.Now, o.Rand, o.PrivateKey = c.Now, &counter{}, testKey()
	sb, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	return &lab{Sandbox: sb, t: t, clock: c}
}

// A device is a client: one auth key with one session.
type device struct {
	l      *lab
	dc     *dc
	key    mtproto.KeyID
	layer  int
	inited bool
	quiet  bool // wraps in invokeWithoutUpdates
	self   *tg.User

	mu     sync.Mutex
	pushed []tg.UpdatesClass
	raw    [][]byte
	closed bool
}

func (l *lab) device(dc int) *device {
	l.keys++
	return &device{l: l, dc: l.dcs[dc-1], key: mtproto.KeyID(l.keys), layer: tg.Layer}
}

func (d *device) KeyID() mtproto.KeyID { return d.key }
func (d *device) Address() string      { return "192.0.2.1" }
func (d *device) Connection() string   { return "192.0.2.1:1" }
func (d *device) Attached() bool       { return true }
func (d *device) Media() bool          { return false }

func (d *device) Displaced() (link, bool) { return nil, false }
func (d *device) Rebound() bool           { return false }
func (d *device) Heard() int              { return 0 }

func (d *device) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
}

func (d *device) Push(p []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.raw = append(d.raw, p)
	if d.layer != tg.Layer {
		return
	}
	r := tl.NewReader(p)
	u := tg.Decode[tg.UpdatesClass](r)
	if err := r.Finish(); err != nil {
		d.l.t.Errorf("pushed update: %v", err)
	}
	d.pushed = append(d.pushed, u)
}

// updates returns the updates pushed since the last call.
func (d *device) updates() []tg.UpdateClass {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []tg.UpdateClass
	for _, u := range d.pushed {
		switch u := u.(type) {
		case *tg.Updates:
			all = append(all, u.Updates...)
		case *tg.UpdatesTooLong:
		default:
			d.l.t.Errorf("pushed %T", u)
		}
	}
	d.pushed, d.raw = nil, nil
	return all
}

// pushes returns the bytes pushed since the last call.
func (d *device) pushes() [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	raw := d.raw
	d.pushed, d.raw = nil, nil
	return raw
}

// Invoke is what tg.Call wants.
func (d *device) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	if !d.inited {
		req = &tg.InvokeWithLayer{Layer: int32(d.layer), Query: &tg.InitConnection{
			APIID: DefaultAPIID, DeviceModel: "Test", SystemVersion: "1", AppVersion: "2", SystemLangCode: "en", LangCode: "en",
			Query: req,
		}}
		d.inited = true
	}
	if d.quiet {
		req = &tg.InvokeWithoutUpdates{Query: req}
	}
	raw, err := tl.Marshal(req)
	if err != nil {
		return err
	}
	out, err := d.dc.handle(ctx, d, raw)
	if err != nil {
		return err
	}
	r := tl.NewReader(out)
	if err := decode(r); err != nil {
		return err
	}
	return r.Finish()
}

func call1[R any](d *device, m tg.Method[R]) (R, error) {
	return tg.Call(context.Background(), d, m)
}

// must calls a method that has to succeed.
func must[R any](d *device, m tg.Method[R]) R {
	d.l.t.Helper()
	out, err := call1(d, m)
	if err != nil {
		d.l.t.Fatalf("%T: %v", m, err)
	}
	return out
}

// fails calls a method that has to be refused with code and message.
func fails[R any](d *device, m tg.Method[R], code int, message string) {
	d.l.t.Helper()
	_, err := call1(d, m)
	var rpc *mtproto.RPCError
	if !errors.As(err, &rpc) || rpc.Code != code || rpc.Message() != message {
		d.l.t.Fatalf("%T: %v, want %s (%d)", m, err, message, code)
	}
}

func (d *device) sendCode(phone string) string {
	d.l.t.Helper()
	sent := must(d, &tg.AuthSendCode{PhoneNumber: phone, APIID: DefaultAPIID, APIHash: DefaultAPIHash})
	return sent.(*tg.AuthSentCode).PhoneCodeHash
}

// signIn signs in to an account that exists.
func (d *device) signIn(phone string) *device {
	d.l.t.Helper()
	hash := d.sendCode(phone)
	code := phoneCode(phone)
	auth := must(d, &tg.AuthSignIn{PhoneNumber: phone, PhoneCodeHash: hash, PhoneCode: tl.Some(code)})
	d.self = auth.(*tg.AuthAuthorization).User.(*tg.User)
	return d
}

// person adds an account and returns a device that is signed in to it.
func (l *lab) person(phone, name string) *device {
	l.t.Helper()
	_, home, _ := parsePhone(phone, len(l.dcs))
	if _, err := l.AddUser(phone, name, ""); err != nil {
		l.t.Fatal(err)
	}
	return l.device(home).signIn(phone)
}

// meet makes d know another user, and returns it as d addresses it.
func (d *device) meet(phone string) *tg.InputPeerUser {
	d.l.t.Helper()
	got := must(d, &tg.ContactsResolvePhone{Phone: phone})
	u := got.Users[0].(*tg.User)
	return &tg.InputPeerUser{UserID: u.ID, AccessHash: u.AccessHash.Value}
}

var lastRandomID atomic.Int64

// say sends a chat message.
func (d *device) say(to tg.InputPeerClass, text string) *tg.Updates {
	d.l.t.Helper()
	return must(d, &tg.MessagesSendMessage{Peer: to, Message: text, RandomID: lastRandomID.Add(1)}).(*tg.Updates)
}

// query sends a raw query.
func (d *device) query(p []byte) ([]byte, error) {
	return d.dc.handle(context.Background(), d, p)
}

func idOf(p []byte) uint32 { return binary.LittleEndian.Uint32(p) }
