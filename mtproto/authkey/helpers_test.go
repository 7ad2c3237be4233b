package authkey

import (
	"crypto/sha1"
	"errors"
	"io"
	"math/big"
	"testing"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
	"godwit/tl"
)

// chained reads from first until it is empty, then from rest.
type chained struct{ first, rest io.Reader }

func (c *chained) Read(p []byte) (int, error) {
	if n, err := c.first.Read(p); n > 0 || !errors.Is(err, io.EOF) {
		return n, err
	}
	return c.rest.Read(p)
}

func sum1(p []byte) [sha1.Size]byte { return sha1.Sum(p) }

// rawRSA encrypts a block to the test server without any padding.
func rawRSA(block []byte) []byte {
	pub := testKey().Public()
	m := new(big.Int).SetBytes(block)
	return m.Exp(m, big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, 256))
}

func padEncrypt(data []byte) []byte {
	pub := testKey().Public()
	out, err := mtcrypto.EncryptPadded(testRand(9), &pub, data)
	if err != nil {
		panic(err)
	}
	return out
}

// violates checks that err is a violation of rule.
func violates(t testing.TB, err error, rule string) {
	t.Helper()
	var violation *mtproto.ViolationError
	if !errors.As(err, &violation) || violation.Rule != rule {
		t.Errorf("error %v, want a violation of %s", err, rule)
	}
}

// rejects checks that err asks for a transport error, for a violation of rule.
func rejects(t testing.TB, err error, code int32, rule string) {
	t.Helper()
	var rejected *Reject
	if !errors.As(err, &rejected) || rejected.Code != code {
		t.Errorf("error %v, want a rejection with %d", err, code)
	}
	violates(t, err, rule)
}

// rewrite returns a packet whose object has been changed.
func rewrite[T tl.Object](v T, change func(T)) func(*pair, []byte) []byte {
	return func(p *pair, packet []byte) []byte {
		p.t.Helper()
		object(p.t, packet, v)
		change(v)
		return plain(p.t, v)
	}
}

// unseal returns the object that nonces.seal has encrypted.
func unseal[T tl.Object](t testing.TB, n *nonces, encrypted []byte, v T) T {
	t.Helper()
	if err := n.open("R-AK-22", encrypted, v); err != nil {
		t.Fatal(err)
	}
	return v
}

func seal(t testing.TB, n *nonces, v tl.Object) []byte {
	t.Helper()
	encrypted, err := n.seal(testRand(8), v)
	if err != nil {
		t.Fatal(err)
	}
	return encrypted
}

// sealRaw encrypts data that need not be what nonces.seal would make.
func sealRaw(n *nonces, data []byte) []byte {
	key, iv := mtcrypto.TempKeyIV(&n.new, &n.server)
	out := make([]byte, len(data))
	mtcrypto.EncryptIGE(out, data, &key, &iv)
	return out
}

// hashed returns v as nonces.seal would encrypt it, with so much padding.
func hashed(t testing.TB, v tl.Object, padding int) []byte {
	t.Helper()
	body, err := tl.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	sum := sum1(body)
	return append(append(sum[:], body...), make([]byte, padding)...)
}
