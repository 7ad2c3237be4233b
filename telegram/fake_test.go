package telegram

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtclient"
	"godwit/tg"
	"godwit/tl"
)

// A fakeNetwork answers requests without a wire. It is for what a real one
// does rarely.
type fakeNetwork struct {
	t      *testing.T
	answer func(dc int, request tg.Request) (tl.Object, error)
	config *tg.Config // an empty one if nil

	mu   sync.Mutex
	log  []string // "DC method", help.getConfig left out
	push map[int]func([]byte)
	anew map[int]func()     // tells of a new session
	runs map[int]chan error // ends the connection to a DC for good
	keys []mtproto.AuthKey  // with which connections were made

	temporary []mtproto.KeyID     // that they were given, 0 for none
	destroyed []mtproto.SessionID // in order
}

// fakeConnection implements connection.
type fakeConnection struct {
	n    *fakeNetwork
	dc   int
	end  chan error
	done chan struct{}

	session mtproto.SessionID
	connect func() error // makes a key
}

func (f *fakeConnection) Run(ctx context.Context) error {
	defer close(f.done)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-f.end:
		return err
	}
}

func (f *fakeConnection) Heard() time.Time { return time.Time{} }

func (f *fakeConnection) Session() mtproto.SessionID { return f.session }

func (f *fakeConnection) DestroySession(id mtproto.SessionID) {
	f.n.mu.Lock()
	defer f.n.mu.Unlock()
	f.n.destroyed = append(f.n.destroyed, id)
}

func (f *fakeConnection) Do(ctx context.Context, r mtclient.Request) ([]byte, error) {
	if err := f.connect(); err != nil {
		return nil, err
	}
	type result struct {
		body []byte
		err  error
	}
	answered := make(chan result, 1)
	go func() {
		body, err := f.n.serve(f.dc, r.Query)
		answered <- result{body, err}
	}()
	select {
	case r := <-answered:
		return r.body, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.done:
		return nil, fmt.Errorf("%w: gone", mtclient.ErrClosed)
	}
}

// serve answers a query.
func (n *fakeNetwork) serve(dc int, query []byte) ([]byte, error) {
	r := tl.NewReader(query)
	request := tg.DecodeMethod(r)
	if err := r.Finish(); err != nil {
		return nil, err
	}
	name := ""
	if quiet, ok := request.(*tg.InvokeWithoutUpdates); ok {
		request, name = quiet.Query, " without updates"
	}
	if _, ok := request.(*tg.HelpGetConfig); ok {
		if n.config != nil {
			return tl.Marshal(n.config)
		}
		return tl.Marshal(&tg.Config{})
	}
	n.mu.Lock()
	n.log = append(n.log, fmt.Sprint(dc, " ", tg.MethodName(tl.TypeID(request)), name))
	n.mu.Unlock()
	answer, err := n.answer(dc, request)
	if err != nil {
		return nil, err
	}
	return tl.Marshal(answer)
}

// client returns a client on the network, signed in as user 1 if store says
// so.
func (n *fakeNetwork) client(o Options) *Client {
	n.t.Helper()
	n.push, n.anew, n.runs = make(map[int]func([]byte)), make(map[int]func()), make(map[int]chan error)
	o.APIID, o.APIHash = 1, "x"
	o.Network = Network{DCs: []DC{{ID: 1, Host: "one", Port: 1}, {ID: 2, Host: "two", Port: 2}}}
	c, err := newClient(o)
	if err != nil {
		n.t.Fatal(err)
	}
	c.newConnection = func(o mtclient.Options) (connection, error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		f := &fakeConnection{n: n, dc: max(o.DC, -o.DC), end: make(chan error, 1), done: make(chan struct{})}
		f.connect = sync.OnceValue(func() error {
			if o.OnTemporary != nil {
				key := mtproto.NewAuthKey([mtproto.AuthKeySize]byte{1: byte(f.dc)})
				o.OnTemporary(mtclient.Temporary{Key: key, Expires: time.Now().Add(24 * time.Hour)})
			}
			return o.Save(mtclient.Credentials{Key: mtproto.NewAuthKey([mtproto.AuthKeySize]byte{byte(f.dc)})})
		})
		n.push[o.DC], n.anew[o.DC], n.runs[o.DC] = o.OnUpdate, o.OnNewSession, f.end
		n.keys = append(n.keys, o.Credentials.Key)
		n.temporary = append(n.temporary, 0)
		if !o.Temporary.Key.IsZero() {
			n.temporary[len(n.temporary)-1] = o.Temporary.Key.ID()
		}
		f.session = mtproto.SessionID(len(n.keys))
		return f, nil
	}
	n.t.Cleanup(func() { c.Close() })
	if err := c.begin(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
	return c
}

// signedInStore returns a store of user 1, at home on DC 1.
func signedInStore(t *testing.T) *MemoryStore {
	t.Helper()
	store := new(MemoryStore)
	if err := store.Save(&Credentials{DC: 1, UserID: 1}); err != nil {
		t.Fatal(err)
	}
	return store
}

// wantLog compares the requests since the last call.
func (n *fakeNetwork) wantLog(want ...string) {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.log, want) {
		n.t.Errorf("requests %q, want %q", n.log, want)
	}
	n.log = nil
}

// self answers users.getUsers, which comes first where the store is signed in.
func self() tl.Object { return vectorOf{&tg.User{ID: 1, Self: true}} }

// vectorOf is a Vector<User>.
type vectorOf []tg.UserClass

func (v vectorOf) TL(c *tl.Codec) {
	b := c.Buffer()
	b.Vector(len(v))
	for _, u := range v {
		b.Object(u)
	}
}

func refuse(code int, message string) error { return mtproto.NewRPCError(code, message) }

var errUnexpected = errors.New("not expected here")
