package authkey

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/tl"
)

// testRand returns randomness that is the same in every run.
func testRand(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

var testKey = sync.OnceValue(func() *mtcrypto.PrivateKey {
	key, err := mtcrypto.GeneratePrivateKey(testRand(0))
	if err != nil {
		panic(err)
	}
	return key
})

var testNow = time.Unix(1_700_000_000, 250_000_000)

const testDC = 2

// A pair is an exchange under way. Its messages are numbered: 1 is req_pq,
// odd ones go to the server.
type pair struct {
	t      testing.TB
	client *Client
	server *Server
}

func newPair(t testing.TB, c ClientOptions, s ServerOptions) *pair {
	if c.Keys == nil {
		c.Keys = []mtcrypto.PublicKey{mtcrypto.TestKeys()[0], testKey().Public()}
	}
	if c.DC == 0 {
		c.DC = testDC
	}
	if c.Rand == nil {
		c.Rand = testRand(1)
	}
	s.Key = testKey()
	if s.DC == 0 {
		s.DC = testDC
	}
	if s.Rand == nil {
		s.Rand = testRand(2)
	}
	return &pair{t: t, client: NewClient(c), server: NewServer(s)}
}

// start returns message 1.
func (p *pair) start() []byte {
	p.t.Helper()
	packet, err := p.client.Start(testNow)
	if err != nil {
		p.t.Fatal(err)
	}
	return packet
}

// pass delivers message n and returns the next.
func (p *pair) pass(n int, packet []byte) []byte {
	p.t.Helper()
	out, err := p.deliver(n, packet)
	if err != nil {
		p.t.Fatalf("message %d: %v", n, err)
	}
	return out
}

func (p *pair) deliver(n int, packet []byte) ([]byte, error) {
	if n%2 == 1 {
		return p.server.Receive(testNow.Add(time.Second), packet)
	}
	return p.client.Receive(testNow.Add(2*time.Second), packet)
}

// message goes through the exchange and returns message n, not delivered.
func (p *pair) message(n int) []byte {
	p.t.Helper()
	packet := p.start()
	for i := 1; i < n; i++ {
		packet = p.pass(i, packet)
	}
	return packet
}

// finish delivers message n and all that follow, and returns what the sides
// have made.
func (p *pair) finish(n int, packet []byte) (client, server Result) {
	p.t.Helper()
	for ; packet != nil; n++ {
		packet = p.pass(n, packet)
	}
	client, ok := p.client.Done()
	if !ok {
		p.t.Fatal("the client is not done")
	}
	server, ok = p.server.Done()
	if !ok {
		p.t.Fatal("the server is not done")
	}
	if client.Key.IsZero() || !client.Key.Equal(&server.Key) {
		p.t.Fatal("the keys differ")
	}
	if client.Salt != server.Salt {
		p.t.Errorf("salts %d and %d", client.Salt, server.Salt)
	}
	return client, server
}

// object decodes the body of a packet and returns it with what follows it.
func object[T tl.Object](t testing.TB, packet []byte, v T) (T, []byte) {
	t.Helper()
	_, body, err := ParsePlain(packet)
	if err != nil {
		t.Fatal(err)
	}
	object, err := decode(body, v)
	if err != nil {
		t.Fatal(err)
	}
	return v, body[len(object):]
}

func plain(t testing.TB, v tl.Object) []byte {
	t.Helper()
	body, err := tl.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return AppendPlain(nil, mtproto.MsgIDAt(testNow), body)
}

// TestExchange covers R-AK-14, R-AK-15, R-AK-26, R-AK-34, R-AK-35 and R-PF-02.
func TestExchange(t *testing.T) {
	for _, test := range []struct {
		name      string
		client    ClientOptions
		server    ServerOptions
		temporary bool
	}{
		{name: "permanent"},
		{name: "temporary", client: ClientOptions{ExpiresIn: 24 * time.Hour}, temporary: true},
		{name: "test DC", client: ClientOptions{DC: 10002}, server: ServerOptions{DC: 10002}},
		{name: "media DC", client: ClientOptions{DC: -2}, server: ServerOptions{AcceptDC: func(dc int) bool { return dc == -2 }}},
		{name: "key id is new", server: ServerOptions{KeyExists: func(mtproto.KeyID) bool { return false }}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPair(t, test.client, test.server)
			client, server := p.finish(1, p.start())
			if client.ServerTime != testNow.Add(time.Second).Truncate(time.Second) {
				t.Errorf("server time %v", client.ServerTime)
			}
			if want := client.ServerTime.Sub(testNow.Add(2 * time.Second)); client.ClockOffset != want {
				t.Errorf("clock offset %v, want %v", client.ClockOffset, want)
			}
			if client.DC != p.client.o.DC || server.DC != client.DC {
				t.Errorf("DC %d and %d, want %d", client.DC, server.DC, p.client.o.DC)
			}
			if client.Temporary != test.temporary || server.Temporary != test.temporary {
				t.Errorf("temporary: %v, %v", client.Temporary, server.Temporary)
			}
			if test.temporary && client.ExpiresAt != client.ServerTime.Add(24*time.Hour) {
				t.Errorf("the client's key expires at %v", client.ExpiresAt)
			}
			if late := server.ExpiresAt.Sub(client.ExpiresAt); test.temporary && (late < 0 || late > time.Second) {
				t.Errorf("the server's key expires %v later", late)
			}
			if p.client.nonces != (nonces{}) || p.server.run.nonces != (nonces{}) || p.server.run.secret != nil {
				t.Error("R-AK-36: secrets are kept")
			}
		})
	}
}

// TestMessageSizes holds the messages to the table of section 3.2, and ids to
// R-AK-01.
func TestMessageSizes(t *testing.T) {
	p := newPair(t, ClientOptions{}, ServerOptions{})
	packet := p.start()
	var last [2]mtproto.MsgID
	for n, want := range []int{20, 0, 320, 0, 376, 52} {
		id, body, err := ParsePlain(packet)
		if err != nil {
			t.Fatal(err)
		}
		if kind := mtproto.MsgID(n % 2); id&3 != kind || !last[n%2].Before(id) {
			t.Errorf("message %d has the id %x after %x", n+1, id, last[n%2])
		}
		last[n%2] = id
		if n%2 == 0 && len(body) != want {
			t.Errorf("message %d has %d bytes, want %d", n+1, len(body), want)
		}
		packet = p.pass(n+1, packet)
	}
}

// TestRetry covers R-AK-25 and R-AK-29: the server finds the key's id taken.
func TestRetry(t *testing.T) {
	for _, taken := range []int{1, 2, maxRetries} {
		var refused []mtproto.KeyID
		p := newPair(t, ClientOptions{}, ServerOptions{KeyExists: func(id mtproto.KeyID) bool {
			refused = append(refused, id)
			return len(refused) <= taken
		}})
		client, _ := p.finish(1, p.start())
		if len(refused) != taken+1 || refused[taken] != client.Key.ID() || refused[0] == refused[1] {
			t.Errorf("ids %x, in the end %x", refused, client.Key.ID())
		}
	}
}

// TestFail covers R-AK-29: the server gives up.
func TestFail(t *testing.T) {
	p := newPair(t, ClientOptions{}, ServerOptions{KeyExists: func(mtproto.KeyID) bool { return true }})
	packet := p.message(6)
	for n := 6; ; n++ {
		next, err := p.deliver(n, packet)
		if err != nil {
			if !errors.Is(err, ErrFailed) || n != 6+2*maxRetries {
				t.Errorf("message %d: %v", n, err)
			}
			break
		}
		packet = next
	}
	if _, done := p.server.Done(); done {
		t.Error("the server is done")
	}
	if _, done := p.client.Done(); done {
		t.Error("the client is done")
	}
}

// TestTails covers R-AK-08 and R-IX-08: what follows an object is ignored, and
// our server sends such tails.
func TestTails(t *testing.T) {
	p := newPair(t, ClientOptions{}, ServerOptions{})
	packet := p.start()
	tails := 0
	for n := 1; n <= 6; n++ {
		id, body, err := ParsePlain(packet)
		if err != nil {
			t.Fatal(err)
		}
		if n%2 == 1 {
			id = 0 // as some clients do
		} else {
			v := map[int]tl.Object{2: &mt.ResPQ{}, 4: &mt.ServerDHParamsOK{}, 6: &mt.DHGenOK{}}[n]
			object, err := decode(body, v)
			if err != nil {
				t.Fatal(err)
			}
			tails += len(body) - len(object)
		}
		tail := bytes.Repeat([]byte{0xa5}, 100+n)
		packet = append(AppendPlain(nil, id, append(body, tail...)), "transport padding"...)
		packet = p.pass(n, packet)
	}
	p.finish(7, nil)
	if tails == 0 {
		t.Error("the server sends no tails")
	}
}

// legacyEncrypt pads as clients did before RSA_PAD (R-AK-18).
func legacyEncrypt(data []byte) []byte {
	block := make([]byte, 255)
	sum := sum1(data)
	copy(block[copy(block, sum[:]):], data)
	return rawRSA(block)
}

// TestLegacyClients covers R-AK-14, R-AK-17 and R-AK-18: every form of the
// inner data, in both paddings.
func TestLegacyClients(t *testing.T) {
	forms := map[string]func(v mt.PQInnerDataTempDC) tl.Object{
		"p_q_inner_data": func(v mt.PQInnerDataTempDC) tl.Object {
			return &mt.PQInnerData{PQ: v.PQ, P: v.P, Q: v.Q, Nonce: v.Nonce, ServerNonce: v.ServerNonce, NewNonce: v.NewNonce}
		},
		"p_q_inner_data_dc": func(v mt.PQInnerDataTempDC) tl.Object {
			return &mt.PQInnerDataDC{PQ: v.PQ, P: v.P, Q: v.Q, Nonce: v.Nonce, ServerNonce: v.ServerNonce, NewNonce: v.NewNonce, DC: v.DC}
		},
		"p_q_inner_data_temp": func(v mt.PQInnerDataTempDC) tl.Object {
			return &mt.PQInnerDataTemp{PQ: v.PQ, P: v.P, Q: v.Q, Nonce: v.Nonce, ServerNonce: v.ServerNonce, NewNonce: v.NewNonce, ExpiresIn: v.ExpiresIn}
		},
		"p_q_inner_data_temp_dc": func(v mt.PQInnerDataTempDC) tl.Object { return &v },
	}
	for name, form := range forms {
		for padding, encrypt := range map[string]func([]byte) []byte{"RSA_PAD": padEncrypt, "legacy": legacyEncrypt} {
			t.Run(name+" "+padding, func(t *testing.T) {
				p := newPair(t, ClientOptions{}, ServerOptions{})
				req, _ := object(t, p.message(3), &mt.ReqDHParams{})
				data, err := openInner(testKey(), req.EncryptedData)
				if err != nil {
					t.Fatal(err)
				}
				data.ExpiresIn = 3600
				body, err := tl.Marshal(form(data.PQInnerDataTempDC))
				if err != nil {
					t.Fatal(err)
				}
				req.EncryptedData = encrypt(body)
				_, server := p.finish(3, plain(t, req))
				if temporary := len(name) > 18; server.Temporary != temporary {
					t.Errorf("temporary: %v", server.Temporary)
				}
			})
		}
	}
}

// TestRetransmission covers R-AK-09: a repeated query gets the stored answer,
// for ten minutes.
func TestRetransmission(t *testing.T) {
	p := newPair(t, ClientOptions{}, ServerOptions{})
	packet := p.start()
	answers := map[int]tl.Object{2: &mt.ResPQ{}, 4: &mt.ServerDHParamsOK{}, 6: &mt.DHGenOK{}}
	var query, answer []byte
	for n := 1; n <= 5; n += 2 {
		first := p.pass(n, packet)
		id, body, err := ParsePlain(packet)
		if err != nil {
			t.Fatal(err)
		}
		// The same query in another message, with a tail.
		again := p.pass(n, AppendPlain(nil, id+4, append(body, 1, 2, 3, 4)))
		if !sameObject(t, first, again, answers[n+1]) {
			t.Errorf("message %d repeated has another answer", n)
		}
		query, answer = packet, first
		packet = p.pass(n+1, again)
	}
	p.finish(7, packet)
	if out, err := p.server.Receive(testNow.Add(9*time.Minute), query); err != nil || !sameObject(t, answer, out, answers[6]) {
		t.Errorf("after 9 minutes: %v", err)
	}
	_, err := p.server.Receive(testNow.Add(11*time.Minute), query)
	rejects(t, err, -404, "R-AK-09")
}

func sameObject(t *testing.T, a, b []byte, v tl.Object) bool {
	t.Helper()
	var bodies [2][]byte
	for i, packet := range [][]byte{a, b} {
		_, body, err := ParsePlain(packet)
		if err != nil {
			t.Fatal(err)
		}
		if bodies[i], err = decode(body, v); err != nil {
			t.Fatal(err)
		}
	}
	return bytes.Equal(bodies[0], bodies[1])
}

// TestSecondReqPQ covers R-AK-10: some clients send a fake req_pq first.
func TestSecondReqPQ(t *testing.T) {
	for name, query := range map[string]tl.Object{
		"req_pq":       &mt.ReqPQ{Nonce: tl.Int128{9}},
		"req_pq_multi": &mt.ReqPQMulti{Nonce: tl.Int128{9}},
	} {
		p := newPair(t, ClientOptions{}, ServerOptions{})
		fake, _ := object(t, p.pass(1, plain(t, query)), &mt.ResPQ{})
		packet := p.start()
		genuine, _ := object(t, p.pass(1, packet), &mt.ResPQ{})
		if fake.Nonce != (tl.Int128{9}) || genuine.Nonce != p.client.nonces.nonce || fake.ServerNonce == genuine.ServerNonce {
			t.Errorf("%s: answered with %+v and %+v", name, fake, genuine)
		}
		p.finish(1, packet)
	}
}

// TestSeveralExchanges makes two keys with one Server (R-SV-02).
func TestSeveralExchanges(t *testing.T) {
	p := newPair(t, ClientOptions{}, ServerOptions{})
	first, _ := p.finish(1, p.start())
	o := p.client.o
	o.ExpiresIn = time.Hour
	p.client = NewClient(o)
	second, server := p.finish(1, p.start())
	if first.Key.Equal(&second.Key) || !server.Temporary {
		t.Error("the second exchange repeats the first")
	}
}

// TestServerNonceLeadingZero covers what CLIENTS.md asks: no server_nonce
// begins with 0.
func TestServerNonceLeadingZero(t *testing.T) {
	// One nonce that begins with 0 is drawn and thrown away.
	random := bytes.NewReader(append(make([]byte, 16), 7))
	p := newPair(t, ClientOptions{}, ServerOptions{Rand: &chained{random, testRand(3)}})
	res, _ := object(t, p.message(2), &mt.ResPQ{})
	if res.ServerNonce[0] != 7 {
		t.Errorf("server_nonce = %x", res.ServerNonce)
	}
}
