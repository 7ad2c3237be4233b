package authkey

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/big"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/tl"
)

// A violation changes one message of an honest exchange.
type violation struct {
	name   string
	rule   string // that the receiver must name
	n      int    // the message
	change func(p *pair, packet []byte) []byte
}

func number(shift uint, add int64) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(1), shift)
	return v.Add(v, big.NewInt(add))
}

func belowPrime(v *big.Int) []byte { return v.Sub(mtcrypto.DHPrime(), v).Bytes() }

// publicValues are values of g_a and g_b that must be refused, by rule.
var publicValues = []struct {
	name, rule string
	value      []byte
}{
	{"0", "R-AK-32", nil},
	{"1", "R-AK-32", []byte{1}},
	{"p-1", "R-AK-32", belowPrime(big.NewInt(1))},
	{"p", "R-AK-32", belowPrime(new(big.Int))},
	{"2^1984-1", "R-AK-33", number(1984, -1).Bytes()},
	{"p-2^1984+1", "R-AK-33", belowPrime(number(1984, -1))},
}

// damage are violations that any message can suffer.
func damage(n int) []violation {
	return []violation{
		{"short packet", "R-AK-01", n, func(_ *pair, b []byte) []byte { return b[:19] }},
		{"empty packet", "R-AK-01", n, func(*pair, []byte) []byte { return nil }},
		{"for another key", "R-AK-01", n, func(_ *pair, b []byte) []byte { b[0] = 1; return b }},
		{"length over packet", "R-AK-01", n, func(_ *pair, b []byte) []byte {
			binary.LittleEndian.PutUint32(b[16:], uint32(len(b)))
			return b
		}},
		{"negative length", "R-AK-01", n, func(_ *pair, b []byte) []byte {
			binary.LittleEndian.PutUint32(b[16:], 1<<31)
			return b
		}},
		{"truncated object", "R-TL-05", n, func(_ *pair, b []byte) []byte {
			binary.LittleEndian.PutUint32(b[16:], 16)
			return b
		}},
	}
}

// params changes what server_DH_params_ok holds under encryption.
func params(change func(v *mt.ServerDHInnerData)) func(*pair, []byte) []byte {
	return func(p *pair, packet []byte) []byte {
		n := &p.server.run.nonces
		ok, _ := object(p.t, packet, &mt.ServerDHParamsOK{})
		inner := unseal(p.t, n, ok.EncryptedAnswer, &mt.ServerDHInnerData{})
		change(inner)
		ok.EncryptedAnswer = seal(p.t, n, inner)
		return plain(p.t, ok)
	}
}

// paramsRaw changes what is encrypted, hash and padding included.
func paramsRaw(change func(p *pair, inner *mt.ServerDHInnerData) []byte) func(*pair, []byte) []byte {
	return func(p *pair, packet []byte) []byte {
		n := &p.server.run.nonces
		ok, _ := object(p.t, packet, &mt.ServerDHParamsOK{})
		inner := unseal(p.t, n, ok.EncryptedAnswer, &mt.ServerDHInnerData{})
		ok.EncryptedAnswer = sealRaw(n, change(p, inner))
		return plain(p.t, ok)
	}
}

// answer puts another object in the place of the server's.
func answer(build func(n *nonces, key *mtproto.AuthKey) tl.Object) func(*pair, []byte) []byte {
	return func(p *pair, _ []byte) []byte {
		return plain(p.t, build(&p.client.nonces, &p.client.key))
	}
}

func serverViolations() []violation {
	list := []violation{
		{"nonce of resPQ", "R-AK-11", 2, rewrite(&mt.ResPQ{}, func(v *mt.ResPQ) { v.Nonce[3] ^= 1 })},
		{"pq is prime", "R-AK-13", 2, rewrite(&mt.ResPQ{}, func(v *mt.ResPQ) { v.PQ = minimal(1<<61 - 1) })},
		{"pq is empty", "R-AK-13", 2, rewrite(&mt.ResPQ{}, func(v *mt.ResPQ) { v.PQ = nil })},
		{"pq is a square", "R-AK-13", 2, rewrite(&mt.ResPQ{}, func(v *mt.ResPQ) { v.PQ = minimal(2147483647 * 2147483647) })},
		{"pq of 65 bits", "R-AK-13", 2, rewrite(&mt.ResPQ{}, func(v *mt.ResPQ) { v.PQ = append([]byte{1}, v.PQ...) })},

		{"nonce of params", "R-AK-22", 4, rewrite(&mt.ServerDHParamsOK{}, func(v *mt.ServerDHParamsOK) { v.Nonce[0] ^= 1 })},
		{"server_nonce of params", "R-AK-22", 4, rewrite(&mt.ServerDHParamsOK{}, func(v *mt.ServerDHParamsOK) { v.ServerNonce[15] ^= 1 })},
		{"encrypted answer cut", "R-AK-22", 4, rewrite(&mt.ServerDHParamsOK{}, func(v *mt.ServerDHParamsOK) { v.EncryptedAnswer = v.EncryptedAnswer[4:] })},
		{"encrypted answer empty", "R-AK-22", 4, rewrite(&mt.ServerDHParamsOK{}, func(v *mt.ServerDHParamsOK) { v.EncryptedAnswer = nil })},
		{"encrypted answer altered", "R-AK-22", 4, rewrite(&mt.ServerDHParamsOK{}, func(v *mt.ServerDHParamsOK) { v.EncryptedAnswer[300] ^= 1 })},
		{"inner nonce", "R-AK-22", 4, params(func(v *mt.ServerDHInnerData) { v.Nonce[7] ^= 1 })},
		{"inner server_nonce", "R-AK-22", 4, params(func(v *mt.ServerDHInnerData) { v.ServerNonce[7] ^= 1 })},
		{"SHA-1 of answer", "R-AK-22", 4, paramsRaw(func(p *pair, v *mt.ServerDHInnerData) []byte {
			data := hashed(p.t, v, 8)
			data[0] ^= 1
			return data
		})},
		{"SHA-1 over the padding", "R-AK-22", 4, paramsRaw(func(p *pair, v *mt.ServerDHInnerData) []byte {
			data := hashed(p.t, v, 8)
			sum := sum1(data[20:])
			copy(data, sum[:])
			return data
		})},
		{"padding of 24 bytes", "R-AK-22", 4, paramsRaw(func(p *pair, v *mt.ServerDHInnerData) []byte { return hashed(p.t, v, 24) })},
		{"inner object cut", "R-AK-22", 4, paramsRaw(func(p *pair, v *mt.ServerDHInnerData) []byte { return hashed(p.t, v, 8)[:64] })},
		{"another inner object", "R-AK-22", 4, paramsRaw(func(p *pair, _ *mt.ServerDHInnerData) []byte { return hashed(p.t, &mt.Ping{}, 0) })},
		{"g of no use", "R-AK-31", 4, params(func(v *mt.ServerDHInnerData) { v.G = 2 })},
		{"g = 1", "R-AK-31", 4, params(func(v *mt.ServerDHInnerData) { v.G = 1 })},
		{"prime of 2047 bits", "R-AK-30", 4, params(func(v *mt.ServerDHInnerData) { v.DHPrime[0] &= 0x7f })},
		{"prime of 2056 bits", "R-AK-30", 4, params(func(v *mt.ServerDHInnerData) { v.DHPrime = append([]byte{1}, v.DHPrime...) })},
		{"no prime", "R-AK-30", 4, params(func(v *mt.ServerDHInnerData) { v.DHPrime = nil })},
		{"composite", "R-AK-30", 4, params(func(v *mt.ServerDHInnerData) {
			p := mtcrypto.DHPrime()
			v.DHPrime = p.Add(p, big.NewInt(12)).Bytes()
		})},
		{"hash of params_fail", "R-AK-23", 4, answer(func(n *nonces, _ *mtproto.AuthKey) tl.Object {
			return &mt.ServerDHParamsFail{Nonce: n.nonce, ServerNonce: n.server}
		})},
		{"nonce of params_fail", "R-AK-23", 4, answer(func(n *nonces, _ *mtproto.AuthKey) tl.Object {
			return &mt.ServerDHParamsFail{ServerNonce: n.server, NewNonceHash: failHash(n)}
		})},
		{"truncated params_fail", "R-TL-05", 4, func(p *pair, _ []byte) []byte {
			return AppendPlain(nil, 1, binary.LittleEndian.AppendUint32(nil, mt.IDServerDHParamsFail))
		}},

		{"nonce of ok", "R-AK-28", 6, rewrite(&mt.DHGenOK{}, func(v *mt.DHGenOK) { v.Nonce[1] ^= 1 })},
		{"server_nonce of ok", "R-AK-28", 6, rewrite(&mt.DHGenOK{}, func(v *mt.DHGenOK) { v.ServerNonce[1] ^= 1 })},
		{"hash of ok", "R-AK-28", 6, rewrite(&mt.DHGenOK{}, func(v *mt.DHGenOK) { v.NewNonceHash1[15] ^= 1 })},
		{"hash of retry in ok", "R-AK-28", 6, answer(func(n *nonces, key *mtproto.AuthKey) tl.Object {
			return &mt.DHGenOK{Nonce: n.nonce, ServerNonce: n.server, NewNonceHash1: n.hash(verdictRetry, key)}
		})},
		{"hash of ok in retry", "R-AK-28", 6, answer(func(n *nonces, key *mtproto.AuthKey) tl.Object {
			return &mt.DHGenRetry{Nonce: n.nonce, ServerNonce: n.server, NewNonceHash2: n.hash(verdictOK, key)}
		})},
		{"nonce of retry", "R-AK-28", 6, answer(func(n *nonces, key *mtproto.AuthKey) tl.Object {
			return &mt.DHGenRetry{ServerNonce: n.server, NewNonceHash2: n.hash(verdictRetry, key)}
		})},
		{"hash of fail", "R-AK-28", 6, answer(func(n *nonces, _ *mtproto.AuthKey) tl.Object {
			return &mt.DHGenFail{Nonce: n.nonce, ServerNonce: n.server}
		})},
		{"verdict is resPQ", "R-TL-05", 6, answer(func(n *nonces, _ *mtproto.AuthKey) tl.Object {
			return &mt.ResPQ{Nonce: n.nonce, ServerNonce: n.server}
		})},
	}
	for _, v := range publicValues {
		list = append(list, violation{"g_a = " + v.name, v.rule, 4, params(func(inner *mt.ServerDHInnerData) { inner.GA = v.value })})
	}
	for n := 2; n <= 6; n += 2 {
		list = append(list, damage(n)...)
	}
	return list
}

func failHash(n *nonces) tl.Int128 {
	sum := sum1(n.new[:])
	return tl.Int128(sum[4:])
}

// TestViolatingServer covers the client's checks R-AK-01, R-AK-11, R-AK-13,
// R-AK-22, R-AK-23, R-AK-28 and R-AK-30..33: each ends the exchange.
func TestViolatingServer(t *testing.T) {
	for _, v := range serverViolations() {
		t.Run(v.name, func(t *testing.T) {
			p := newPair(t, ClientOptions{}, ServerOptions{})
			honest := p.message(v.n)
			_, err := p.deliver(v.n, v.change(p, bytes.Clone(honest)))
			violates(t, err, v.rule)

			if _, again := p.deliver(v.n, honest); !errors.Is(again, err) {
				t.Errorf("the exchange goes on: %v", again)
			}
			if _, done := p.client.Done(); done {
				t.Error("the client is done")
			}
			if p.client.nonces != (nonces{}) || !p.client.key.IsZero() {
				t.Error("secrets are kept")
			}
		})
	}
}

// TestServerGivesUp covers the honest failures of R-AK-11, R-AK-23 and
// R-AK-29, which have errors of their own.
func TestServerGivesUp(t *testing.T) {
	p := newPair(t, ClientOptions{Keys: mtcrypto.ProductionKeys()}, ServerOptions{})
	_, err := p.deliver(2, p.message(2))
	var unknown *UnknownKeysError
	if !errors.As(err, &unknown) || len(unknown.Offered) != 1 || unknown.Offered[0] != testKey().Public().Fingerprint() {
		t.Errorf("R-AK-11: %v", err)
	}

	p = newPair(t, ClientOptions{}, ServerOptions{})
	p.message(4)
	n := &p.client.nonces
	_, err = p.deliver(4, plain(t, &mt.ServerDHParamsFail{Nonce: n.nonce, ServerNonce: n.server, NewNonceHash: failHash(n)}))
	if !errors.Is(err, ErrParamsFailed) {
		t.Errorf("R-AK-23: %v", err)
	}
}

// TestEndlessRetry covers R-AK-29: a server that always asks for another key.
func TestEndlessRetry(t *testing.T) {
	p := newPair(t, ClientOptions{}, ServerOptions{})
	p.message(6)
	for i := 0; ; i++ {
		n := &p.client.nonces
		_, err := p.deliver(6, plain(t, &mt.DHGenRetry{
			Nonce: n.nonce, ServerNonce: n.server, NewNonceHash2: n.hash(verdictRetry, &p.client.key),
		}))
		if err != nil {
			violates(t, err, "R-AK-29")
			if i != maxRetries {
				t.Errorf("after %d times", i)
			}
			return
		}
	}
}

func TestClientOutOfTurn(t *testing.T) {
	p := newPair(t, ClientOptions{}, ServerOptions{})
	if _, err := p.client.Receive(testNow, nil); err == nil {
		t.Error("received before Start")
	}
	last := p.message(6)
	if _, err := p.client.Start(testNow); err == nil {
		t.Error("started twice")
	}
	p.finish(6, bytes.Clone(last))
	if _, err := p.client.Receive(testNow, last); err == nil {
		t.Error("received after the end")
	}
	if _, done := p.client.Done(); !done {
		t.Error("the result is lost")
	}
}

// innerData changes what req_DH_params holds under RSA.
func innerData(change func(v *mt.PQInnerDataTempDC)) func(*pair, []byte) []byte {
	return func(p *pair, packet []byte) []byte {
		req, _ := object(p.t, packet, &mt.ReqDHParams{})
		inner, err := openInner(testKey(), req.EncryptedData)
		if err != nil {
			p.t.Fatal(err)
		}
		inner.ExpiresIn = 3600
		change(&inner.PQInnerDataTempDC)
		body, err := tl.Marshal(&inner.PQInnerDataTempDC)
		if err != nil {
			p.t.Fatal(err)
		}
		req.EncryptedData = padEncrypt(body)
		return plain(p.t, req)
	}
}

// share changes what set_client_DH_params holds under encryption.
func share(change func(v *mt.ClientDHInnerData)) func(*pair, []byte) []byte {
	return func(p *pair, packet []byte) []byte {
		n := &p.client.nonces
		req, _ := object(p.t, packet, &mt.SetClientDHParams{})
		inner := unseal(p.t, n, req.EncryptedData, &mt.ClientDHInnerData{})
		change(inner)
		req.EncryptedData = seal(p.t, n, inner)
		return plain(p.t, req)
	}
}

func clientViolations() []violation {
	legacy := func(change func(block []byte)) func(*pair, []byte) []byte {
		return rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) {
			body, _ := tl.Marshal(&mt.PQInnerData{})
			sum := sum1(body)
			block := make([]byte, 255)
			copy(block[copy(block, sum[:]):], body)
			change(block)
			v.EncryptedData = rawRSA(block)
		})
	}
	list := []violation{
		{"another query", "R-AK-02", 1, func(p *pair, _ []byte) []byte { return plain(p.t, &mt.Ping{}) }},
		{"answer as query", "R-AK-02", 3, func(p *pair, _ []byte) []byte { return plain(p.t, &mt.ResPQ{}) }},
		{"no query", "R-AK-02", 1, func(*pair, []byte) []byte { return AppendPlain(nil, 4, nil) }},
		{"params before req_pq", "R-AK-09", 1, func(p *pair, _ []byte) []byte { return plain(p.t, &mt.ReqDHParams{}) }},
		{"share before req_pq", "R-AK-09", 1, func(p *pair, _ []byte) []byte { return plain(p.t, &mt.SetClientDHParams{}) }},
		{"share before params", "R-AK-09", 3, func(p *pair, _ []byte) []byte {
			n := &p.client.nonces
			return plain(p.t, &mt.SetClientDHParams{Nonce: n.nonce, ServerNonce: n.server})
		}},
		{"other params again", "R-AK-09", 5, func(p *pair, _ []byte) []byte {
			n := &p.client.nonces
			return plain(p.t, &mt.ReqDHParams{Nonce: n.nonce, ServerNonce: n.server})
		}},

		{"nonce of params", "R-AK-19", 3, rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) { v.Nonce[0] ^= 1 })},
		{"server_nonce of params", "R-AK-19", 3, rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) { v.ServerNonce[0] ^= 1 })},
		{"p", "R-AK-19", 3, rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) { v.P[0] ^= 1 })},
		{"q", "R-AK-19", 3, rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) { v.Q = []byte{1} })},
		{"p and q swapped", "R-AK-19", 3, rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) { v.P, v.Q = v.Q, v.P })},
		{"R-IX-26: p of 8 bytes", "R-AK-19", 3, rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) { v.P = append(make([]byte, 4), v.P...) })},
		{"fingerprint", "R-AK-19", 3, rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) { v.PublicKeyFingerprint++ })},
		{"inner nonce", "R-AK-19", 3, innerData(func(v *mt.PQInnerDataTempDC) { v.Nonce[0] ^= 1 })},
		{"inner server_nonce", "R-AK-19", 3, innerData(func(v *mt.PQInnerDataTempDC) { v.ServerNonce[0] ^= 1 })},
		{"inner pq", "R-AK-19", 3, innerData(func(v *mt.PQInnerDataTempDC) { v.PQ[0] ^= 1 })},
		{"inner p", "R-AK-19", 3, innerData(func(v *mt.PQInnerDataTempDC) { v.P = nil })},
		{"inner q", "R-AK-19", 3, innerData(func(v *mt.PQInnerDataTempDC) { v.Q[0] ^= 1 })},
		{"expires_in = 0", "R-AK-14", 3, innerData(func(v *mt.PQInnerDataTempDC) { v.ExpiresIn = 0 })},
		{"expires_in < 0", "R-AK-14", 3, innerData(func(v *mt.PQInnerDataTempDC) { v.ExpiresIn = -1 })},
		{"RSA altered", "R-AK-17", 3, rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) { v.EncryptedData[255] ^= 1 })},
		{"RSA empty", "R-AK-17", 3, rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) { v.EncryptedData = nil })},
		{"RSA of another object", "R-TL-05", 3, rewrite(&mt.ReqDHParams{}, func(v *mt.ReqDHParams) { v.EncryptedData = padEncrypt(make([]byte, 96)) })},
		{"legacy SHA-1", "R-AK-17", 3, legacy(func(block []byte) { block[0] ^= 1 })},
		{"legacy object", "R-AK-17", 3, legacy(func(block []byte) { block[20] ^= 1 })},

		{"nonce of share", "R-AK-19", 5, rewrite(&mt.SetClientDHParams{}, func(v *mt.SetClientDHParams) { v.Nonce[0] ^= 1 })},
		{"server_nonce of share", "R-AK-19", 5, rewrite(&mt.SetClientDHParams{}, func(v *mt.SetClientDHParams) { v.ServerNonce[0] ^= 1 })},
		{"share cut", "R-AK-24", 5, rewrite(&mt.SetClientDHParams{}, func(v *mt.SetClientDHParams) { v.EncryptedData = v.EncryptedData[1:] })},
		{"share altered", "R-AK-24", 5, rewrite(&mt.SetClientDHParams{}, func(v *mt.SetClientDHParams) { v.EncryptedData[99] ^= 1 })},
		{"inner nonce of share", "R-AK-24", 5, share(func(v *mt.ClientDHInnerData) { v.Nonce[0] ^= 1 })},
		{"inner server_nonce of share", "R-AK-24", 5, share(func(v *mt.ClientDHInnerData) { v.ServerNonce[0] ^= 1 })},
		{"retry_id", "R-AK-25", 5, share(func(v *mt.ClientDHInnerData) { v.RetryID = 1 })},
	}
	for _, v := range publicValues {
		list = append(list, violation{"g_b = " + v.name, v.rule, 5, share(func(inner *mt.ClientDHInnerData) { inner.GB = v.value })})
	}
	for n := 1; n <= 5; n += 2 {
		list = append(list, damage(n)...)
	}
	return list
}

// TestViolatingClient covers the server's checks R-AK-01, R-AK-02, R-AK-09,
// R-AK-14, R-AK-17, R-AK-19, R-AK-24, R-AK-25, R-AK-32 and R-AK-33: each is
// answered with -404, and so is all that follows (R-TR-33).
func TestViolatingClient(t *testing.T) {
	for _, v := range clientViolations() {
		t.Run(v.name, func(t *testing.T) {
			p := newPair(t, ClientOptions{}, ServerOptions{})
			honest := p.message(v.n)
			_, err := p.deliver(v.n, v.change(p, bytes.Clone(honest)))
			rejects(t, err, -404, v.rule)
			if _, done := p.server.Done(); done {
				t.Error("the server is done")
			}
			if v.n > 1 {
				_, err = p.deliver(v.n, honest)
				rejects(t, err, -404, "R-AK-09")
			}
			// A new exchange is welcome (R-TR-33).
			p.client = NewClient(p.client.o)
			p.finish(1, p.start())
		})
	}
}

// TestWrongDC covers R-AK-15 and R-IX-09: -444 for a DC that we are not.
func TestWrongDC(t *testing.T) {
	for _, dc := range []int{1, -testDC, testDC + 10000} {
		p := newPair(t, ClientOptions{DC: dc}, ServerOptions{})
		_, err := p.deliver(3, p.message(3))
		rejects(t, err, -444, "R-AK-15")
	}
}

// TestRandomnessFails cuts each side's randomness short at every place where
// it could end.
func TestRandomnessFails(t *testing.T) {
	count := &counting{rest: testRand(1)}
	serverCount := &counting{rest: testRand(2)}
	p := newPair(t, ClientOptions{Rand: count}, ServerOptions{Rand: serverCount})
	p.finish(1, p.start())
	for i := range count.reads {
		p := newPair(t, ClientOptions{Rand: &counting{rest: testRand(1), limit: i + 1}}, ServerOptions{})
		if !failsOn(p, 0) {
			t.Errorf("client goes on without read %d", i)
		}
	}
	for i := range serverCount.reads {
		p := newPair(t, ClientOptions{}, ServerOptions{Rand: &counting{rest: testRand(2), limit: i + 1}})
		if !failsOn(p, 1) {
			t.Errorf("server goes on without read %d", i)
		}
	}
}

var errNoRandomness = errors.New("no randomness")

// counting counts the reads, and fails in the one that limit names.
type counting struct {
	rest         interface{ Read([]byte) (int, error) }
	reads, limit int
}

func (c *counting) Read(p []byte) (int, error) {
	if c.reads++; c.reads == c.limit {
		return 0, errNoRandomness
	}
	return c.rest.Read(p)
}

// failsOn reports whether the first error of the exchange is for want of
// randomness, and comes from a message with the given parity.
func failsOn(p *pair, parity int) bool {
	packet, err := p.client.Start(testNow)
	n := 1
	for ; err == nil && packet != nil; n++ {
		packet, err = p.deliver(n, packet)
	}
	return errors.Is(err, errNoRandomness) && (n-1)%2 == parity
}

// TestServerTimeUnsigned covers the year 2038 (R-IX-32).
func TestServerTimeUnsigned(t *testing.T) {
	late := time.Unix(1<<31+1000, 0)
	p := newPair(t, ClientOptions{}, ServerOptions{})
	packet, err := p.client.Start(late)
	for n := 1; err == nil && packet != nil; n++ {
		if n%2 == 1 {
			packet, err = p.server.Receive(late, packet)
		} else {
			packet, err = p.client.Receive(late, packet)
		}
	}
	if result, ok := p.client.Done(); err != nil || !ok || !result.ServerTime.Equal(late) {
		t.Errorf("server time %v, %v, %v", result.ServerTime, ok, err)
	}
}
