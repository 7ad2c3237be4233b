package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"godwit/mtproto"
	"godwit/mtproto/mtclient"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/transport"
	"godwit/tg"
	"godwit/tl"
)

// A remote is a client over TCP.
type remote struct {
	t       *testing.T
	c       *mtclient.Client
	updates chan tg.UpdatesClass
}

func dial(t *testing.T, info Info, dc int, o transport.Options) *remote {
	t.Helper()
	keys, err := mtcrypto.ParsePublicKeys([]byte(info.RSAPublicKey))
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort(info.DCs[dc-1].Host, strconv.Itoa(info.DCs[dc-1].Port))
	r := &remote{t: t, updates: make(chan tg.UpdatesClass, 100)}
	r.c, err = mtclient.New(mtclient.Options{
		Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		},
		Transport: o, DC: dc + 10000, PublicKeys: keys,
		Init: func(query []byte) []byte {
			var b tl.Buffer
			b.Object(&tg.InvokeWithLayer{Layer: tg.Layer, Query: &tg.InitConnection{
				APIID: int32(info.APIID), DeviceModel: "Test", SystemVersion: "1", AppVersion: "1", Query: tl.Encoded(query),
			}})
			return b.Bytes()
		},
		OnUpdate: func(p []byte) {
			rd := tl.NewReader(p)
			u := tg.Decode[tg.UpdatesClass](rd)
			if err := rd.Finish(); err != nil {
				t.Errorf("update: %v", err)
			}
			r.updates <- u
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := r.c.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("client: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return r
}

func (r *remote) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	raw, err := tl.Marshal(req)
	if err != nil {
		return err
	}
	out, err := r.c.Invoke(ctx, raw)
	if err != nil {
		return err
	}
	return decode(tl.NewReader(out))
}

// Two people sign up over TCP, one of them sent from DC 1 to DC 2, and talk.
// Everything is real but the network, which is the loopback.
func TestOverTCP(t *testing.T) {
	sb, err := New(Options{PrivateKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	if err := sb.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := sb.Start(); err == nil {
		t.Error("started twice")
	}
	info := sb.Info()
	alice := dial(t, info, 1, transport.Options{Framing: transport.Abridged})
	carol := dial(t, info, 2, transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true})
	ctx := t.Context()
	signUp := func(r *remote, phone, code, name string) *tg.User {
		t.Helper()
		sent, err := tg.Call(ctx, r, &tg.AuthSendCode{PhoneNumber: phone, APIID: int32(info.APIID), APIHash: info.APIHash})
		if err != nil {
			t.Fatal(err)
		}
		hash := sent.(*tg.AuthSentCode).PhoneCodeHash
		if _, err = tg.Call(ctx, r, &tg.AuthSignIn{PhoneNumber: phone, PhoneCodeHash: hash, PhoneCode: tl.Some(code)}); err != nil {
			t.Fatal(err)
		}
		auth, err := tg.Call(ctx, r, &tg.AuthSignUp{PhoneNumber: phone, PhoneCodeHash: hash, FirstName: name})
		if err != nil {
			t.Fatal(err)
		}
		return auth.(*tg.AuthAuthorization).User.(*tg.User)
	}
	signUp(alice, alicePhone, "11111", "Alice")
	_, err = tg.Call(ctx, alice, &tg.AuthSendCode{PhoneNumber: carolPhone, APIID: int32(info.APIID), APIHash: info.APIHash})
	if !errors.Is(err, &mtproto.RPCError{Code: 303, Type: "PHONE_MIGRATE", Argument: 2}) {
		t.Fatalf("a number of DC 2 on DC 1: %v", err)
	}
	signUp(carol, carolPhone, "22222", "Carol")

	imported, err := tg.Call(ctx, alice, &tg.ContactsImportContacts{Contacts: []tg.InputPhoneContact{{Phone: carolPhone, FirstName: "C"}}})
	if err != nil {
		t.Fatal(err)
	}
	u := imported.Users[0].(*tg.User)
	to := &tg.InputPeerUser{UserID: u.ID, AccessHash: u.AccessHash.Value}
	for i := range 20 {
		if _, err := tg.Call(ctx, alice, &tg.MessagesSendMessage{Peer: to, Message: strconv.Itoa(i), RandomID: int64(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		got := (<-carol.updates).(*tg.Updates).Updates[0].(*tg.UpdateNewMessage)
		if m := got.Message.(*tg.Message); m.Message != strconv.Itoa(i) || got.Pts != int32(firstPts+i+1) {
			t.Errorf("message %d is %q at pts %d", i, m.Message, got.Pts)
		}
	}
}

func TestInfo(t *testing.T) {
	l := newLab(t)
	path := filepath.Join(t.TempDir(), "sandbox.json")
	if err := l.WriteInfo(path); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var info Info
	if err := json.Unmarshal(text, &info); err != nil {
		t.Fatal(err)
	}
	if len(info.DCs) != 2 || info.DCs[1].ID != 2 || !strings.HasPrefix(info.RSAPublicKey, "-----BEGIN RSA PUBLIC KEY-----") {
		t.Errorf("info %+v", info)
	}
	if err := l.WriteInfo(filepath.Join(path, "x")); err == nil {
		t.Error("wrote below a file")
	}
}

func TestAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	sb, err := New(Options{Listen: taken.Addr().String(), PrivateKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	if err := sb.Start(); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("listening on a taken address: %v", err)
	}
	for _, bad := range []Options{{DCs: 10}, {DCs: -1}} {
		if _, err := New(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	sb, err = New(Options{Listen: "nowhere", PrivateKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	if err := sb.Start(); err == nil {
		t.Error("listens nowhere")
	}
}
