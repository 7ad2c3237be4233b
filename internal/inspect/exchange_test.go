package inspect

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/transport"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
)

var serverKey = sync.OnceValues(func() (*mtcrypto.PrivateKey, error) {
	return mtcrypto.GeneratePrivateKey(rand.Reader)
})

// An exchange is what a client and a sandbox have really said.
type exchange struct {
	chunks []chunk
	key    mtproto.AuthKey
}

// record has a client sign in and write to itself.
func record(t testing.TB, o transport.Options) exchange { return recordOver(t, o, nil) }

// recordOver is record over a transport that connect makes of what dials, in
// place of plain TCP.
func recordOver(t testing.TB, o transport.Options, connect func(transport.DialFunc) transport.Connector) exchange {
	t.Helper()
	key, err := serverKey()
	check(t, err)
	sb, err := sandbox.New(sandbox.Options{PrivateKey: key, DCs: 1})
	check(t, err)
	check(t, sb.Start())
	defer sb.Close()
	_, err = sb.AddUser("9996610001", "Ann", "")
	check(t, err)
	path := filepath.Join(t.TempDir(), "connection.json")
	check(t, sb.WriteInfo(path))
	network, file, err := connectionfile.Load(path)
	check(t, err)

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	var wires []*recording
	dial := func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := transport.DialTCP(ctx, address)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		wires = append(wires, &recording{Conn: conn})
		return wires[len(wires)-1], nil
	}
	store := new(telegram.MemoryStore)
	options := telegram.Options{
		APIID: file.APIID, APIHash: file.APIHash, Network: network, Store: store, PermanentKeyOnly: true,
	}
	if connect == nil {
		options.Transport, options.Dial = &o, dial
	} else {
		options.Connector = connect(dial)
	}
	client, err := telegram.Connect(ctx, options)
	check(t, err)
	self, err := client.SignIn(ctx, telegram.Answers{PhoneNumber: "9996610001", AskCode: telegram.FixedCode("11111")})
	check(t, err)
	peer, err := client.ImportContact(ctx, telegram.Contact{Phone: "+9996610001", FirstName: self.FirstName.Or("")})
	check(t, err)
	_, err = client.SendText(ctx, peer, "Kjøkken – a text for the capture")
	check(t, err)
	_, err = client.SendText(ctx, peer, strings.Repeat("long enough to be packed ", 150))
	check(t, err)
	for i := range 12 {
		_, err = client.SendText(ctx, peer, fmt.Sprintf("and %d more to come", 11-i))
		check(t, err)
	}
	check(t, client.Close())
	credentials, err := store.Load()
	check(t, err)
	// The busiest connection is the one to look at: HTTP takes several.
	mu.Lock()
	defer mu.Unlock()
	var chunks []chunk
	for _, wire := range wires {
		wire.mu.Lock()
		if len(wire.chunks) > len(chunks) {
			chunks = wire.chunks
		}
		wire.mu.Unlock()
	}
	return exchange{chunks, credentials.Keys[1].Key}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// exchanges records each way of framing once.
var exchanges sync.Map // string → func() exchange

func recorded(t testing.TB, framing transport.Framing, obfuscated bool) exchange {
	t.Helper()
	made, _ := exchanges.LoadOrStore(fmt.Sprint(framing, obfuscated), sync.OnceValue(func() exchange {
		return record(t, transport.Options{Framing: framing, Obfuscated: obfuscated})
	}))
	return made.(func() exchange)()
}

var framings = []transport.Framing{transport.Abridged, transport.Intermediate, transport.PaddedIntermediate, transport.Full}

// want reports what a text does not have.
func want(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

// R-TR-01, R-OB-07, R-EM-01..05, R-AK-01: everything that a client and the
// sandbox say is read, over every framing, obfuscated or not.
func TestExchanges(t *testing.T) {
	for _, framing := range framings {
		for _, obfuscated := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v obfuscated=%v", framing, obfuscated), func(t *testing.T) {
				e := recorded(t, framing, obfuscated)
				frames := cabling{}.frames(t, e.chunks)
				records, summary := inspect(t, pcap(t, frames, ethernet, 1<<16), Options{Keys: []mtproto.AuthKey{e.key}})
				text := lines(records)
				how := framing.String()
				if obfuscated {
					how += ", obfuscated"
				}
				want(t, text, "#1 10.0.0.1:40000 → 149.154.167.51:443: "+how+"\n",
					"→ plaintext", "req_pq_multi{nonce: ", "← plaintext", "resPQ{", "set_client_DH_params{", "dh_gen_ok{",
					"invokeWithLayer{layer: ", "auth.sendCode{phone_number: \"9996610001\"", "answers auth.sendCode rpc_result{",
					"auth.signIn{", "answers auth.signIn rpc_result{", `messages.sendMessage{`, `message: "Kjøkken – a text for the capture"`,
					"answers messages.sendMessage rpc_result{", "gzip_packed{packed_data: ", "new_session_created{", "msgs_ack{", "msg_container{messages: [")
				for _, r := range records {
					if r.Kind == Encrypted || r.Note != "" && r.Kind != Connection {
						t.Errorf("%s", r.Text())
					}
					if r.Kind == Message && (r.Object == nil || r.Version != 2) {
						t.Errorf("%s", r.Text())
					}
				}
				if summary.Connections != 1 || summary.Others != 0 || len(summary.Missing) != 0 || summary.Messages < 10 {
					t.Errorf("%+v", summary)
				}
			})
		}
	}
}
