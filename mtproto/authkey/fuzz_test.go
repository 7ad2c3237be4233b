package authkey

import (
	"bytes"
	"errors"
	"testing"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// clone copies an exchange, so that each input meets it in the same state.
func (p *pair) clone(t testing.TB) *pair {
	client, server := *p.client, *p.server
	client.o.Rand = testRand(6)
	server.o.Rand = testRand(6)
	if server.run != nil {
		run := *server.run
		run.o = &server.o
		server.run = &run
	}
	return &pair{t: t, client: &client, server: &server}
}

// stages returns six exchanges, in each of which message i+1 is to come, and
// those messages.
func stages(t testing.TB) (pairs [6]*pair, packets [6][]byte) {
	p := newPair(t, ClientOptions{}, ServerOptions{})
	packet := p.start()
	for i := range pairs {
		pairs[i], packets[i] = p.clone(t), packet
		packet = p.pass(i+1, packet)
	}
	return pairs, packets
}

func FuzzPlain(f *testing.F) {
	f.Add(AppendPlain(nil, 5, []byte("body")))
	f.Fuzz(func(t *testing.T, packet []byte) {
		id, body, err := ParsePlain(packet)
		if err != nil {
			violates(t, err, "R-AK-01")
			return
		}
		if again := AppendPlain(nil, id, body); !bytes.Equal(again, packet[:len(again)]) {
			t.Errorf("%x became %x", packet, again)
		}
	})
}

// FuzzPackets gives each side arbitrary packets in every state. All that may
// come of them is an answer, a violation or another error of the package.
func FuzzPackets(f *testing.F) {
	pairs, packets := stages(f)
	for i, packet := range packets {
		f.Add(byte(i), packet)
	}
	f.Fuzz(func(t *testing.T, i byte, packet []byte) {
		n := int(i)%6 + 1
		p := pairs[n-1].clone(t)
		_, err := p.deliver(n, packet)
		checkError(t, err, n%2 == 1)
		if _, done := p.client.Done(); done && n == 6 && !bytes.HasPrefix(body(t, packet), body(t, packets[5])[:52]) {
			t.Error("the client takes another verdict")
		}
	})
}

func checkError(t *testing.T, err error, fromServer bool) {
	t.Helper()
	var (
		violation *mtproto.ViolationError
		unknown   *UnknownKeysError
		rejected  *Reject
	)
	switch {
	case err == nil:
	case fromServer && !errors.As(err, &rejected):
		t.Errorf("server: %v", err)
	case errors.As(err, &violation), errors.As(err, &unknown):
	case errors.Is(err, ErrFailed), errors.Is(err, ErrParamsFailed):
	default:
		t.Errorf("error %v", err)
	}
}

// FuzzInner gives each side arbitrary objects under proper encryption, which
// must decode to what they encode to, or be refused.
func FuzzInner(f *testing.F) {
	pairs, packets := stages(f)
	inner, err := openInner(testKey(), first(object(f, packets[2], &mt.ReqDHParams{})).EncryptedData)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(0), marshal(f, &mt.PQInnerDataDC{PQ: inner.PQ, P: inner.P, Q: inner.Q, Nonce: inner.Nonce, ServerNonce: inner.ServerNonce, DC: testDC}))
	f.Add(byte(0), marshal(f, &mt.PQInnerData{}))
	f.Add(byte(0), marshal(f, &mt.PQInnerDataTemp{}))
	f.Add(byte(0), marshal(f, &mt.PQInnerDataTempDC{}))
	n := &pairs[4].server.run.nonces
	params := unseal(f, n, first(object(f, packets[3], &mt.ServerDHParamsOK{})).EncryptedAnswer, &mt.ServerDHInnerData{})
	f.Add(byte(1), marshal(f, params))
	share := unseal(f, n, first(object(f, packets[4], &mt.SetClientDHParams{})).EncryptedData, &mt.ClientDHInnerData{})
	f.Add(byte(2), marshal(f, share))
	f.Fuzz(func(t *testing.T, which byte, object []byte) {
		i := 2 + int(which)%3
		p := pairs[i].clone(t)
		_, err := p.deliver(i+1, encryptInner(t, p, i, packets[i], object))
		checkError(t, err, i != 3)
	})
}

func first[T any](v T, _ []byte) T { return v }

func marshal(t testing.TB, v tl.Object) []byte {
	t.Helper()
	b, err := tl.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// encryptInner puts an object in the place of the one that message i+1 holds
// under encryption.
func encryptInner(t *testing.T, p *pair, i int, packet, inner []byte) []byte {
	n := &p.server.run.nonces
	sum := sum1(inner)
	data := append(sum[:], inner...)
	data = append(data, make([]byte, -len(data)&15)...)
	switch i {
	case 2:
		req, _ := object(t, packet, &mt.ReqDHParams{})
		req.EncryptedData = padEncrypt(inner[:min(len(inner), 144)])
		return plain(t, req)
	case 3:
		ok, _ := object(t, packet, &mt.ServerDHParamsOK{})
		ok.EncryptedAnswer = sealRaw(n, data)
		return plain(t, ok)
	default:
		req, _ := object(t, packet, &mt.SetClientDHParams{})
		req.EncryptedData = sealRaw(n, data)
		return plain(t, req)
	}
}
