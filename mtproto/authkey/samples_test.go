package authkey

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/big"
	"testing"
	"time"

	"godwit/internal/vectors"
	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/tl"
)

const sample = "auth_key_official_sample."

func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s = %x, want %x", what, got, want)
	}
}

// body returns the body of a packet.
func body(t testing.TB, packet []byte) []byte {
	t.Helper()
	_, b, err := ParsePlain(packet)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// samplePacket makes a server's packet of the sample: its object, and the tail
// that the sample declares but does not show.
func samplePacket(t testing.TB, object []byte, idPath, lengthPath string) []byte {
	t.Helper()
	id := mtproto.MsgID(binary.LittleEndian.Uint64(vectors.Hex(t, sample+"packets."+idPath)))
	tail := make([]byte, vectors.Int(t, sample+"packets."+lengthPath)-int64(len(object)))
	return AppendPlain(nil, id, append(object, tail...))
}

// TestOfficialSample drives a client with the packets of the official sample
// and its random numbers. Only the temporary key of RSA_PAD is not in the
// sample, and so what is under RSA is compared decrypted (R-AK-08..36).
func TestOfficialSample(t *testing.T) {
	hex := func(path string) []byte { return vectors.Hex(t, sample+path) }
	random := bytes.NewReader(bytes.Join([][]byte{
		hex("nonce"), hex("new_nonce"), hex("rsa_pad_random_padding_bytes"), make([]byte, 32),
		hex("b"), hex("client_padding"),
	}, nil))
	// The clock of the client is 10 s behind.
	now := time.Unix(vectors.Int(t, sample+"server_time")-10, 0)
	c := NewClient(ClientOptions{Keys: mtcrypto.ProductionKeys(), DC: int(vectors.Int(t, sample+"dc")), Rand: random})

	packet, err := c.Start(now)
	if err != nil {
		t.Fatal(err)
	}
	official := hex("packets.c1_req_pq_multi")
	same(t, "req_pq_multi", body(t, packet), body(t, official))
	same(t, "head of req_pq_multi", append(packet[:8:8], packet[16:20]...), append(official[:8:8], official[16:20]...))

	header := hex("packets.s1_resPQ_header_and_object_without_tail")
	tail := make([]byte, vectors.Int(t, sample+"packets.s1_declared_len")-vectors.Int(t, sample+"packets.s1_object_len"))
	if packet, err = c.Receive(now, append(header, tail...)); err != nil {
		t.Fatal(err)
	}
	want := hex("packets.c2_req_DH_params_object")
	if len(want) != len(body(t, packet)) {
		t.Fatalf("req_DH_params of %d bytes", len(packet))
	}
	same(t, "req_DH_params before RSA", body(t, packet)[:len(want)-256], want[:len(want)-256])
	key, iv := mtcrypto.TempKeyIV(&c.nonces.new, &c.nonces.server)
	same(t, "tmp_aes_key", key[:], hex("tmp_aes_key"))
	same(t, "tmp_aes_iv", iv[:], hex("tmp_aes_iv"))
	inner, err := tl.Marshal(c.innerData(hex("pq"), hex("p"), hex("q")))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "p_q_inner_data_dc", inner, hex("p_q_inner_data_dc"))

	params := samplePacket(t, hex("packets.s2_server_DH_params_ok_object"), "s2_msg_id_wire", "s2_declared_len")
	if packet, err = c.Receive(now, params); err != nil {
		t.Fatal(err)
	}
	same(t, "set_client_DH_params", body(t, packet), hex("packets.c3_set_client_DH_params_object"))
	same(t, "auth_key", c.key.Bytes(), hex("auth_key"))

	ok := samplePacket(t, hex("packets.s3_dh_gen_ok_object"), "s3_msg_id_wire", "s3_declared_len")
	if packet, err = c.Receive(now, ok); err != nil || packet != nil {
		t.Fatalf("%x, %v", packet, err)
	}
	result, done := c.Done()
	if !done || random.Len() != 0 {
		t.Fatalf("done: %v, %d random bytes are left", done, random.Len())
	}
	same(t, "auth_key of the result", result.Key.Bytes(), hex("auth_key"))
	same(t, "auth_key_id", binary.LittleEndian.AppendUint64(nil, uint64(result.Key.ID())), hex("auth_key_id"))
	same(t, "server_salt", binary.LittleEndian.AppendUint64(nil, uint64(result.Salt)), hex("initial_server_salt"))
	if result.ClockOffset != 10*time.Second {
		t.Errorf("clock offset %v", result.ClockOffset)
	}
}

// TestOfficialSampleParts recomputes what the sample shows of single steps:
// R-AK-13, R-AK-21, R-AK-22, R-AK-24, R-AK-26 and R-AK-28.
func TestOfficialSampleParts(t *testing.T) {
	hex := func(path string) []byte { return vectors.Hex(t, sample+path) }
	n := nonces{
		nonce: tl.Int128(hex("nonce")), server: tl.Int128(hex("server_nonce")), new: tl.Int256(hex("new_nonce")),
	}
	p, q, err := factor(hex("pq"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "p", p, hex("p"))
	same(t, "q", q, hex("q"))

	var dh mt.ServerDHInnerData
	if err := n.open("R-AK-22", hex("encrypted_answer"), &dh); err != nil {
		t.Fatal(err)
	}
	inner, err := tl.Marshal(&dh)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "server_DH_inner_data", inner, hex("server_DH_inner_data"))
	same(t, "g_a", dh.GA, hex("g_a"))

	sealed, err := n.seal(bytes.NewReader(hex("answer_padding")), &dh)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "encrypted_answer", sealed, hex("encrypted_answer"))

	b, gb, err := drawShare(bytes.NewReader(hex("b")), int(dh.G), new(big.Int).SetBytes(dh.DHPrime))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "g_b", gb.Bytes(), hex("g_b"))
	key := sharedKey(new(big.Int).SetBytes(dh.GA), b, new(big.Int).SetBytes(dh.DHPrime))
	same(t, "auth_key", key.Bytes(), hex("auth_key"))
	for which, name := range map[byte]string{verdictOK: "new_nonce_hash1", verdictRetry: "new_nonce_hash2_derived", verdictFail: "new_nonce_hash3_derived"} {
		hash := n.hash(which, &key)
		same(t, name, hash[:], hex(name))
	}
}

// TestClassicSample decrypts the answer of the older official sample (R-AK-20,
// R-AK-22), whose g does not pass today's checks (R-AK-31).
func TestClassicSample(t *testing.T) {
	const classic = "auth_key_classic_sample."
	n := nonces{
		server: tl.Int128(vectors.Hex(t, classic+"server_nonce")),
		new:    tl.Int256(vectors.Hex(t, classic+"new_nonce")),
	}
	encrypted := vectors.Hex(t, classic+"encrypted_answer")
	var dh mt.ServerDHInnerData
	if err := n.open("R-AK-22", encrypted, &dh); err != nil {
		t.Fatal(err)
	}
	answer, err := tl.Marshal(&dh)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "answer", answer, vectors.Hex(t, classic+"answer"))
	sum := sum1(answer)
	same(t, "SHA-1", sum[:], vectors.Hex(t, classic+"answer_sha1"))
	sealed, err := n.seal(bytes.NewReader(vectors.Hex(t, classic+"answer_padding")), &dh)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "encrypted_answer", sealed, encrypted)
	violates(t, mtcrypto.CheckDHPrime(new(big.Int).SetBytes(dh.DHPrime), int(dh.G)), "R-AK-31")
}

// shortPower returns an exponent e, at or over start, for which base^e modulo
// the DH prime begins with a zero byte.
func shortPower(base, start *big.Int) *big.Int {
	p := mtcrypto.DHPrime()
	e := new(big.Int).Set(start)
	power := new(big.Int).Exp(base, e, p)
	for power.BitLen() > 2040 {
		e.Add(e, big.NewInt(1))
		power.Mul(power, base).Mod(power, p)
	}
	return e
}

func exponent(e *big.Int, rest io.Reader) io.Reader {
	return &chained{bytes.NewReader(e.FillBytes(make([]byte, 256))), rest}
}

// TestLeadingZeros covers R-IX-06 and R-IX-07: nonces, public values and keys
// that begin with zeros give the same key on both sides.
func TestLeadingZeros(t *testing.T) {
	start := new(big.Int).Lsh(big.NewInt(1), 2046)
	g := big.NewInt(mtcrypto.DHGenerator)

	t.Run("nonce and new_nonce", func(t *testing.T) {
		zeros := append(make([]byte, 15), 1) // nonce
		zeros = append(zeros, make([]byte, 31)...)
		p := newPair(t, ClientOptions{Rand: &chained{bytes.NewReader(zeros), testRand(4)}}, ServerOptions{})
		p.finish(1, p.start())
	})
	t.Run("g_a", func(t *testing.T) {
		p := newPair(t, ClientOptions{}, ServerOptions{})
		packet := p.message(3)
		p.server.run.o.Rand = exponent(shortPower(g, start), testRand(5))
		ok, _ := object(t, p.pass(3, packet), &mt.ServerDHParamsOK{})
		inner := unseal(t, &p.server.run.nonces, ok.EncryptedAnswer, &mt.ServerDHInnerData{})
		if len(inner.GA) != 256 || inner.GA[0] != 0 {
			t.Fatalf("g_a = %x", inner.GA)
		}
		p.finish(4, plain(t, ok))
	})
	t.Run("g_b", func(t *testing.T) {
		p := newPair(t, ClientOptions{}, ServerOptions{})
		packet := p.message(4)
		p.client.o.Rand = exponent(shortPower(g, start), testRand(5))
		packet = p.pass(4, packet)
		// Some clients send it without the zeros.
		packet = share(func(v *mt.ClientDHInnerData) {
			if len(v.GB) != 256 || v.GB[0] != 0 {
				t.Fatalf("g_b = %x", v.GB)
			}
			v.GB = bytes.TrimLeft(v.GB, "\x00")
		})(p, packet)
		p.finish(5, packet)
	})
	t.Run("auth_key", func(t *testing.T) {
		p := newPair(t, ClientOptions{}, ServerOptions{})
		packet := p.message(4)
		ok, _ := object(t, packet, &mt.ServerDHParamsOK{})
		inner := unseal(t, &p.server.run.nonces, ok.EncryptedAnswer, &mt.ServerDHInnerData{})
		b := shortPower(new(big.Int).SetBytes(inner.GA), start)
		p.client.o.Rand = exponent(b, testRand(5))
		client, _ := p.finish(4, packet)
		if client.Key.Bytes()[0] != 0 {
			t.Errorf("auth_key begins with %x", client.Key.Bytes()[:2])
		}
	})
}

// BenchmarkClient is the client's work for one auth key.
func BenchmarkClient(b *testing.B) {
	random := testRand(7)
	for b.Loop() {
		b.StopTimer()
		p := newPair(b, ClientOptions{Rand: random}, ServerOptions{Rand: random})
		packet := p.start()
		for n := 1; packet != nil; n++ {
			if n%2 == 0 {
				b.StartTimer()
			}
			packet = p.pass(n, packet)
			b.StopTimer()
		}
		b.StartTimer()
	}
}

// BenchmarkServer is the server's work for one auth key.
func BenchmarkServer(b *testing.B) {
	random := testRand(7)
	for b.Loop() {
		b.StopTimer()
		p := newPair(b, ClientOptions{Rand: random}, ServerOptions{Rand: random})
		packet := p.start()
		for n := 1; packet != nil; n++ {
			if n%2 == 1 {
				b.StartTimer()
			}
			packet = p.pass(n, packet)
			b.StopTimer()
		}
		b.StartTimer()
	}
}
