package mtcrypto

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"

	"godwit/internal/vectors"
)

func number(t testing.TB, path string) *big.Int { return new(big.Int).SetBytes(vectors.Hex(t, path)) }

// TestPublishedKeys covers R-AK-12.
func TestPublishedKeys(t *testing.T) {
	for name, keys := range map[string][]PublicKey{"production": ProductionKeys(), "test": TestKeys()} {
		path := "rsa_public_keys." + name + "."
		if len(keys) != 1 {
			t.Fatalf("%d %s keys", len(keys), name)
		}
		key := keys[0]
		if key.N.Cmp(number(t, path+"n")) != 0 || int64(key.E) != vectors.Int(t, path+"e") {
			t.Errorf("%s key differs", name)
		}
		if got, want := key.Fingerprint(), vectors.Int(t, path+"fingerprint_int64"); got != want {
			t.Errorf("%s fingerprint = %d, want %d", name, got, want)
		}
		wire := binary.LittleEndian.AppendUint64(nil, uint64(key.Fingerprint()))
		same(t, "fingerprint on the wire", wire, vectors.Hex(t, path+"fingerprint_wire"))
	}
}

// vectorKey is the throw-away key of the RSA_PAD vector.
func vectorKey(t testing.TB) *PrivateKey {
	n, d := number(t, "rsa_pad.cases.0.n"), number(t, "rsa_pad.cases.0.d")
	if e := vectors.Int(t, "rsa_pad.cases.0.e"); e != rsaExponent {
		t.Fatalf("the key's exponent is %d", e)
	}
	p := primeOf(n, d)
	key := newPrivateKey(p, new(big.Int).Div(n, p))
	for _, c := range []int64{0, 1, 2, 1 << 40} {
		c := new(big.Int).Sub(n, big.NewInt(c+1))
		if got, want := key.power(c), new(big.Int).Exp(c, d, n); got.Cmp(want) != 0 {
			t.Fatalf("%x to the power of d is %x, want %x", c, got, want)
		}
	}
	return key
}

// primeOf returns a prime of n, by the secret exponent: 1 has square roots modulo
// n that tell (NIST SP 800-56B, appendix C).
func primeOf(n, d *big.Int) *big.Int {
	one := big.NewInt(1)
	order := new(big.Int).Mul(d, big.NewInt(rsaExponent))
	order.Sub(order, one)
	odd := new(big.Int).Rsh(order, order.TrailingZeroBits())
	for g := int64(2); ; g++ {
		x := new(big.Int).Exp(big.NewInt(g), odd, n)
		for range order.TrailingZeroBits() {
			square := new(big.Int).Mul(x, x)
			if square.Mod(square, n).Cmp(one) == 0 {
				break
			}
			x = square
		}
		if p := new(big.Int).GCD(nil, nil, x.Sub(x, one), n); p.Cmp(one) > 0 && p.Cmp(n) < 0 {
			return p
		}
	}
}

// TestEncryptPadded covers R-AK-16, the redrawing of step 7 too, and R-AK-17.
func TestEncryptPadded(t *testing.T) {
	const path = "rsa_pad.cases.0."
	priv := vectorKey(t)
	pub := priv.Public()
	wire := binary.LittleEndian.AppendUint64(nil, uint64(pub.Fingerprint()))
	same(t, "fingerprint", wire, vectors.Hex(t, path+"fingerprint_wire"))

	data, padding := vectors.Hex(t, path+"data"), vectors.Hex(t, path+"padding")
	temp, want := vectors.Hex(t, path+"temp_key"), vectors.Hex(t, path+"encrypted")
	rejected := vectors.Hex(t, path+"rejected_temp_keys.0.temp_key")
	for name, random := range map[string][]byte{
		"first temporary key":  bytes.Join([][]byte{padding, temp}, nil),
		"second temporary key": bytes.Join([][]byte{padding, rejected, temp}, nil),
	} {
		got, err := EncryptPadded(bytes.NewReader(random), &pub, data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, name, got, want)
	}
	block, err := priv.decrypt(want)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "block under RSA", block, vectors.Hex(t, path+"key_aes_encrypted"))

	got, err := DecryptPadded(priv, want)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "decrypted", got, append(data, padding...))
}

func TestEncryptPaddedErrors(t *testing.T) {
	pub := vectorKey(t).Public()
	small := PublicKey{N: big.NewInt(77), E: 17}
	rejected := vectors.Hex(t, "rsa_pad.cases.0.rejected_temp_keys.0.temp_key")
	padded := append(vectors.Hex(t, "rsa_pad.cases.0.data"), vectors.Hex(t, "rsa_pad.cases.0.padding")...)
	stuck := slices.Concat(padded[100:], bytes.Repeat(rejected, maxDraws))
	for name, call := range map[string]func() ([]byte, error){
		"too long":             func() ([]byte, error) { return EncryptPadded(rand.Reader, &pub, make([]byte, 145)) },
		"small key":            func() ([]byte, error) { return EncryptPadded(rand.Reader, &small, nil) },
		"no key":               func() ([]byte, error) { return EncryptPadded(rand.Reader, &PublicKey{}, nil) },
		"no randomness":        func() ([]byte, error) { return EncryptPadded(strings.NewReader(""), &pub, nil) },
		"no temporary key":     func() ([]byte, error) { return EncryptPadded(strings.NewReader(strings.Repeat("x", 192)), &pub, nil) },
		"randomness is stuck":  func() ([]byte, error) { return EncryptPadded(bytes.NewReader(stuck), &pub, padded[:100]) },
		"reader of one byte":   func() ([]byte, error) { return EncryptPadded(io.LimitReader(rand.Reader, 1), &pub, nil) },
		"longest, no entropy":  func() ([]byte, error) { return EncryptPadded(io.LimitReader(rand.Reader, 47), &pub, make([]byte, 144)) },
		"longest, half a temp": func() ([]byte, error) { return EncryptPadded(io.LimitReader(rand.Reader, 64), &pub, make([]byte, 144)) },
	} {
		if got, err := call(); err == nil {
			t.Errorf("%s: %d bytes and no error", name, len(got))
		}
	}
	if got, err := EncryptPadded(rand.Reader, &pub, make([]byte, MaxPadded)); err != nil || len(got) != 256 {
		t.Errorf("longest data: %d bytes, %v", len(got), err)
	}
}

// TestDecryptRefuses covers the failures of R-AK-17.
func TestDecryptRefuses(t *testing.T) {
	priv := vectorKey(t)
	good := vectors.Hex(t, "rsa_pad.cases.0.encrypted")
	altered := bytes.Clone(good)
	altered[200] ^= 1
	for name, in := range map[string][]byte{
		"empty":     nil,
		"short":     good[1:],
		"long":      append(bytes.Clone(good), 0),
		"altered":   altered,
		"too large": priv.public.N.Bytes(),
		"zero":      make([]byte, 256),
	} {
		if _, err := DecryptPadded(priv, in); !errors.Is(err, ErrDecryption) {
			t.Errorf("DecryptPadded, %s: %v", name, err)
		}
	}
	for name, in := range map[string][]byte{"short": good[1:], "too large": priv.public.N.Bytes()} {
		if _, _, err := DecryptLegacy(priv, in); !errors.Is(err, ErrDecryption) {
			t.Errorf("DecryptLegacy, %s: %v", name, err)
		}
	}
	// A block of 256 bytes cannot be legacy data, which has 255.
	large := priv.public.encrypt(new(big.Int).Lsh(big.NewInt(1), 2040))
	if _, _, err := DecryptLegacy(priv, large); !errors.Is(err, ErrDecryption) {
		t.Errorf("DecryptLegacy of 256 bytes: %v", err)
	}
}

// TestDecryptLegacy covers R-AK-18.
func TestDecryptLegacy(t *testing.T) {
	priv := vectorKey(t)
	data := []byte("\x00legacy data")
	want := sha1.Sum(data)
	block := make([]byte, 255)
	copy(block[copy(block, want[:]):], data)

	sum, got, err := DecryptLegacy(priv, priv.public.encrypt(new(big.Int).SetBytes(block)))
	if err != nil || sum != want || len(got) != 235 || !bytes.HasPrefix(got, data) {
		t.Errorf("DecryptLegacy = %x, %q, %v", sum, got, err)
	}
}

// TestParsePublicKeys reads what the standard library writes, in both forms.
func TestParsePublicKeys(t *testing.T) {
	want := ProductionKeys()[0]
	pub := &rsa.PublicKey{N: want.N, E: want.E}
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	text := "ahead\n" + string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(pub)})) +
		TestKeys()[0].PEM() + "behind\n"
	keys, err := ParsePublicKeys([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range keys {
		got = append(got, fmt.Sprint(k.Fingerprint()))
	}
	list := []string{fmt.Sprint(want.Fingerprint()), fmt.Sprint(want.Fingerprint()), fmt.Sprint(TestKeys()[0].Fingerprint())}
	if strings.Join(got, " ") != strings.Join(list, " ") {
		t.Errorf("fingerprints %v, want %v", got, list)
	}
	if parsed, err := x509.ParsePKCS1PublicKey(mustPEM(t, want.PEM())); err != nil || parsed.N.Cmp(want.N) != 0 {
		t.Errorf("standard library reads PEM as %v, %v", parsed, err)
	}
}

func mustPEM(t *testing.T, text string) []byte {
	t.Helper()
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(rest) != 0 {
		t.Fatalf("not one PEM block: %q", text)
	}
	return block.Bytes
}

func TestParsePublicKeysErrors(t *testing.T) {
	good := mustPEM(t, ProductionKeys()[0].PEM())
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	negative, err := asn1.Marshal(PublicKey{N: new(big.Int).Neg(ProductionKeys()[0].N), E: 3})
	if err != nil {
		t.Fatal(err)
	}
	ed25519 := "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
	for name, text := range map[string]string{
		"empty":         "",
		"no PEM":        "not a key",
		"private":       encode("RSA PRIVATE KEY", good),
		"truncated":     encode("RSA PUBLIC KEY", good[:100]),
		"trailing":      encode("RSA PUBLIC KEY", append(bytes.Clone(good), 0)),
		"PKCS1 as SPKI": encode("PUBLIC KEY", good),
		"not RSA":       ed25519,
		"small":         PublicKey{N: big.NewInt(77), E: 3}.PEM(),
		"negative":      encode("RSA PUBLIC KEY", negative),
		"even":          PublicKey{N: new(big.Int).Add(ProductionKeys()[0].N, big.NewInt(1)), E: 3}.PEM(),
		"exponent 1":    PublicKey{N: ProductionKeys()[0].N, E: 1}.PEM(),
	} {
		if keys, err := ParsePublicKeys([]byte(text)); err == nil {
			t.Errorf("%s: %d keys and no error", name, len(keys))
		}
	}
}

func FuzzParsePublicKeys(f *testing.F) {
	f.Add([]byte(ProductionKeys()[0].PEM()))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := ParsePublicKeys(text)
		if err != nil {
			return
		}
		var again []byte
		for _, k := range keys {
			again = append(again, k.PEM()...)
		}
		reread, err := ParsePublicKeys(again)
		if err != nil || len(reread) != len(keys) {
			t.Fatalf("%d keys became %d, %v", len(keys), len(reread), err)
		}
		for i, k := range keys {
			if k.Fingerprint() != reread[i].Fingerprint() {
				t.Errorf("key %d changed", i)
			}
		}
	})
}

// TestGeneratePrivateKey holds a new key to what CLIENTS.md 10 asks.
func TestGeneratePrivateKey(t *testing.T) {
	priv, err := GeneratePrivateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub := priv.Public()
	if pub.N.BitLen() != 2048 || pub.E != 65537 || len(fmt.Sprintf("%x", uint64(pub.Fingerprint()))) != 16 {
		t.Errorf("key of %d bits, e = %d, fingerprint %x", pub.N.BitLen(), pub.E, uint64(pub.Fingerprint()))
	}
	data := []byte("some data")
	sealed, err := EncryptPadded(rand.Reader, &pub, data)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := DecryptPadded(priv, sealed)
	if err != nil || !bytes.HasPrefix(opened, data) {
		t.Errorf("opened %x, %v", opened, err)
	}
	if _, err := GeneratePrivateKey(io.LimitReader(rand.Reader, 100)); err == nil {
		t.Error("no error without randomness")
	}
}

func TestPrivateKeyRedacted(t *testing.T) {
	priv := vectorKey(t)
	for _, text := range []string{fmt.Sprint(priv), fmt.Sprintf("%v %+v %#v %s", *priv, *priv, *priv, priv)} {
		if strings.Contains(text, priv.p.String()) || !strings.Contains(text, "[redacted]") {
			t.Errorf("printed as %q", text)
		}
	}
}
