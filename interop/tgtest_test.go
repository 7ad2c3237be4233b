package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"godwit/mtproto"
	"godwit/mtproto/mtclient"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/transport"
	"godwit/telegram"
	"godwit/tg"
	"godwit/tl"
)

// The transports that gotd's server accepts. It has no obfuscated full framing,
// and takes no more than 3 bytes of padding off.
var tgtestTransports = []transport.Options{
	{Framing: transport.Abridged},
	{Framing: transport.Intermediate},
	{Framing: transport.PaddedIntermediate, MaxPadding: 3},
	{Framing: transport.Full},
	{Framing: transport.Abridged, Obfuscated: true},
	{Framing: transport.Intermediate, Obfuscated: true},
	{Framing: transport.PaddedIntermediate, MaxPadding: 3, Obfuscated: true},
}

func transportName(o transport.Options) string {
	if o.Obfuscated {
		return o.Framing.String() + ", obfuscated"
	}
	return o.Framing.String()
}

// TestTgtestRPC makes a key with gotd's server and calls methods there, over
// each transport: R-AK-11..36, R-TR-01..05, R-OB-01..07, R-EM-01..08,
// R-EM-10..24. That server leaves every seqno and salt of its own 0, names no
// message of ours as the first of the session, and answers even our
// acknowledgements with an rpc_error.
func TestTgtestRPC(t *testing.T) {
	for _, o := range tgtestTransports {
		t.Run(transportName(o), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			conn := startTgtest(t, o.Obfuscated)
			client := startMtclient(ctx, t, conn, o)

			config, err := tg.Call(ctx, client, &tg.HelpGetConfig{})
			if err != nil {
				t.Fatal(err)
			}
			if config.ThisDC != tgtestDC || len(config.DCOptions) != 1 || int(config.DCOptions[0].Port) != conn.DCs[0].Port {
				t.Errorf("help.getConfig: DC %d of %v", config.ThisDC, config.DCOptions)
			}
			self := &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}}
			if _, err := tg.Call(ctx, client, self); !errors.Is(err, tg.ErrAuthKeyUnregistered) {
				t.Errorf("before signing in: got %v, want AUTH_KEY_UNREGISTERED", err)
			}
			if _, err := tg.Call(ctx, client, &tg.HelpGetNearestDC{}); !isInvalidMethod(err) {
				t.Errorf("what the server lacks: got %v, want INPUT_METHOD_INVALID", err)
			}
		})
	}
}

// TestTgtest lets two people of our client talk on gotd's server over each
// transport, and ends one of them in the middle.
func TestTgtest(t *testing.T) {
	for _, o := range tgtestTransports {
		t.Run(transportName(o), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			testTgtest(ctx, t, startTgtest(t, o.Obfuscated), o)
		})
	}
}

func testTgtest(ctx context.Context, t *testing.T, conn *connection, o transport.Options) {
	row := "godwit on tgtest, " + transportName(o)
	store := new(telegram.MemoryStore)
	anna := speaker{name: "Anna", phone: newPhone(tgtestDC)}
	ben := speaker{name: "Ben", phone: newPhone(tgtestDC)}
	first := startGodwit(ctx, t, conn, o, anna.phone, store)
	anna.person = first
	ben.person = startGodwit(ctx, t, conn, o, ben.phone, new(telegram.MemoryStore))
	covered.add(t, row, "key", "rpc")
	for _, p := range []speaker{anna, ben} {
		if err := p.SignIn(ctx, ""); err != nil {
			t.Fatal(err)
		}
	}
	covered.add(t, row, "code")
	converse(ctx, t, anna, ben)
	covered.add(t, row, "send", "receive", "history")

	if err := first.client.Close(); err != nil {
		t.Fatal(err)
	}
	missed := []string{"are you there?", "hello?", "well then"}
	for _, text := range missed {
		if _, err := ben.Send(ctx, anna.phone, text); err != nil {
			t.Fatal(err)
		}
	}
	again := startGodwit(ctx, t, conn, o, anna.phone, store)
	if self := again.client.Self(); self == nil {
		t.Fatal("not signed in after the restart")
	}
	again.contacts = first.contacts
	anna.person = again
	checkReceived(ctx, t, anna, missed)
	burst(ctx, t, anna, ben, 9, true)
	covered.add(t, row, "resume")
}

func isInvalidMethod(err error) bool {
	var rpc *mtproto.RPCError
	return errors.As(err, &rpc) && rpc.Code == 400 && rpc.Type == "INPUT_METHOD_INVALID"
}

// A mtclientInvoker is an mtclient.Client with the API on top.
type mtclientInvoker struct{ *mtclient.Client }

// Invoke sends a request and has its answer decoded.
func (c mtclientInvoker) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	query, err := tl.Marshal(req)
	if err != nil {
		return err
	}
	answer, err := c.Client.Invoke(ctx, query)
	if err != nil {
		return err
	}
	return decode(tl.NewReader(answer))
}

// know tells gotd's server's stand-in for an API of a permanent key, with which
// it checks how temporary ones are bound.
func (c *connection) know(key *mtproto.AuthKey) {
	c.permanent.Store(int64(key.ID()), [mtproto.AuthKeySize]byte(key.Bytes()))
}

// startMtclient runs a client of gotd's server until the test ends.
func startMtclient(ctx context.Context, t *testing.T, conn *connection, o transport.Options) mtclientInvoker {
	t.Helper()
	keys, err := mtcrypto.ParsePublicKeys([]byte(conn.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	dc := conn.DCs[0]
	client, err := mtclient.New(mtclient.Options{
		Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("%s:%d", dc.Host, dc.Port))
		},
		Transport:  o,
		DC:         dc.ID,
		PublicKeys: keys,
		Save: func(c mtclient.Credentials) error {
			conn.know(&c.Key)
			return nil
		},
		Init: func(query []byte) []byte { return initConnection(conn, query) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- client.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	return mtclientInvoker{client}
}

// initConnection wraps the first query of a connection.
func initConnection(conn *connection, query []byte) []byte {
	var b tl.Buffer
	b.Object(&tg.InvokeWithLayer{
		Layer: tg.Layer,
		Query: &tg.InitConnection{
			APIID: int32(conn.APIID), DeviceModel: "interop", SystemVersion: "1", AppVersion: "1",
			SystemLangCode: "en", LangCode: "en", Query: tl.Encoded(query),
		},
	})
	return b.Bytes()
}
