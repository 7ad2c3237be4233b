package mtcrypto

import (
	"bytes"
	"crypto/rand"
	"io"
	"math/big"
	"testing"

	"godwit/internal/vectors"
)

const srp = "srp.0."

func srpParams(t testing.TB) SRPParams {
	return SRPParams{
		Salt1: vectors.Hex(t, srp+"salt1"),
		Salt2: vectors.Hex(t, srp+"salt2"),
		G:     int(vectors.Int(t, srp+"g")),
		P:     vectors.Hex(t, srp+"p"),
	}
}

// TestSRPVector covers R-SP-03 to R-SP-07 and R-SP-09.
func TestSRPVector(t *testing.T) {
	params := srpParams(t)
	password := []byte(vectors.String(t, srp+"password"))

	x, err := params.passwordHash(password)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "x", x.FillBytes(make([]byte, 32)), vectors.Hex(t, srp+"x"))
	group, err := newSRPGroup(params)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "k", group.k.Bytes(), vectors.Hex(t, srp+"k"))

	v, err := SRPVerifier(params, password)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "v", v, vectors.Hex(t, srp+"verifier_v"))

	server, err := NewSRPServer(bytes.NewReader(vectors.Hex(t, srp+"b_server_secret")), params, v)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "g_b", server.B(), vectors.Hex(t, srp+"g_b"))

	a, m1, err := SRPAnswer(bytes.NewReader(vectors.Hex(t, srp+"a")), params, server.B(), password)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "g_a", a, vectors.Hex(t, srp+"g_a"))
	same(t, "M1", m1, vectors.Hex(t, srp+"M1"))
	u := group.hash(new(big.Int).SetBytes(a), server.gb)
	same(t, "u", u.Bytes(), vectors.Hex(t, srp+"u"))
	if !server.Check(a, m1) {
		t.Error("the server refuses the right password")
	}
	if server.Check(a, m1) {
		t.Error("the server accepts the same proof twice")
	}
}

// TestSRPWrongProof covers R-SP-09: what proves nothing is refused.
func TestSRPWrongProof(t *testing.T) {
	params := srpParams(t)
	v := vectors.Hex(t, srp+"verifier_v")
	answer := func(srpB []byte, password string) (a, m1 []byte) {
		a, m1, err := SRPAnswer(rand.Reader, params, srpB, []byte(password))
		if err != nil {
			t.Fatal(err)
		}
		return a, m1
	}
	right := vectors.String(t, srp+"password")
	p := new(big.Int).SetBytes(params.P)
	for name, attempt := range map[string]func(s *SRPServer) bool{
		"wrong password": func(s *SRPServer) bool { return s.Check(answer(s.B(), "wrong")) },
		"altered proof": func(s *SRPServer) bool {
			a, m1 := answer(s.B(), right)
			m1[3] ^= 1
			return s.Check(a, m1)
		},
		"no proof":   func(s *SRPServer) bool { a, _ := answer(s.B(), right); return s.Check(a, nil) },
		"a is 0":     func(s *SRPServer) bool { _, m1 := answer(s.B(), right); return s.Check(make([]byte, 256), m1) },
		"a is p":     func(s *SRPServer) bool { _, m1 := answer(s.B(), right); return s.Check(p.Bytes(), m1) },
		"a is empty": func(s *SRPServer) bool { _, m1 := answer(s.B(), right); return s.Check(nil, m1) },
		"a is long": func(s *SRPServer) bool {
			a, m1 := answer(s.B(), right)
			return s.Check(append([]byte{0}, a...), m1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := NewSRPServer(rand.Reader, params, v)
			if err != nil {
				t.Fatal(err)
			}
			if attempt(server) {
				t.Error("accepted")
			}
		})
	}
}

// TestSRPLeadingZeros runs exchanges until one of g_a, g_b and M1 begins with
// a zero byte (R-SP-02, R-IX-06).
func TestSRPLeadingZeros(t *testing.T) {
	params := srpParams(t)
	group, err := newSRPGroup(params)
	if err != nil {
		t.Fatal(err)
	}
	// Exponents whose public value is short are found with one multiplication
	// each, since g^(n+1) = g * g^n.
	secret := new(big.Int).Lsh(big.NewInt(1), 2046)
	public := new(big.Int).Exp(group.g, secret, group.p)
	for public.BitLen() > 2040 {
		secret.Add(secret, big.NewInt(1))
		public.Mul(public, group.g).Mod(public, group.p)
	}
	server, err := NewSRPServer(rand.Reader, params, vectors.Hex(t, srp+"verifier_v"))
	if err != nil {
		t.Fatal(err)
	}
	a, m1, err := SRPAnswer(bytes.NewReader(pad(secret)), params, server.B(), []byte(vectors.String(t, srp+"password")))
	if err != nil {
		t.Fatal(err)
	}
	if a[0] != 0 || len(a) != 256 {
		t.Fatalf("a = %x does not begin with 0", a)
	}
	if !server.Check(bytes.TrimLeft(a, "\x00"), m1) {
		t.Error("refused")
	}
}

// TestSRPRemote covers R-SP-02 and R-SP-08: numbers of a server that are not
// safe end the attempt before the password is used.
func TestSRPRemote(t *testing.T) {
	good := srpParams(t)
	b := vectors.Hex(t, srp+"g_b")
	p := new(big.Int).SetBytes(good.P)
	with := func(change func(p *SRPParams)) SRPParams {
		params := good
		change(&params)
		return params
	}
	for _, test := range []struct {
		name, rule string
		params     SRPParams
		b          []byte
	}{
		{"short prime", "R-AK-30", with(func(p *SRPParams) { p.P = p.P[:255] }), b},
		{"composite", "R-AK-30", with(func(s *SRPParams) { s.P = new(big.Int).Add(p, big.NewInt(24)).Bytes() }), b},
		{"bad g", "R-AK-31", with(func(p *SRPParams) { p.G = 2 }), b},
		{"no srp_B", "R-SP-08", good, nil},
		{"srp_B of 247 bytes", "R-SP-08", good, b[:247]},
		{"srp_B of 257 bytes", "R-SP-08", good, append([]byte{0}, b...)},
		{"srp_B is 0", "R-AK-32", good, make([]byte, 256)},
		{"srp_B is p", "R-AK-32", good, good.P},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := SRPAnswer(rand.Reader, test.params, test.b, []byte("password"))
			violates(t, err, test.rule)
		})
	}
	if _, err := SRPVerifier(with(func(p *SRPParams) { p.G = 2 }), nil); err == nil {
		t.Error("SRPVerifier takes a bad g")
	}
	if _, err := NewSRPServer(rand.Reader, with(func(p *SRPParams) { p.G = 2 }), nil); err == nil {
		t.Error("NewSRPServer takes a bad g")
	}
}

func TestSRPRandomness(t *testing.T) {
	params, b := srpParams(t), vectors.Hex(t, srp+"g_b")
	zeros := bytes.NewReader(make([]byte, 256*(srpDraws+1)))
	for name, random := range map[string]io.Reader{"zeros": zeros, "short": io.LimitReader(rand.Reader, 255)} {
		if _, _, err := SRPAnswer(random, params, b, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewSRPServer(io.LimitReader(rand.Reader, 9), params, nil); err == nil {
		t.Error("server: no error")
	}
}
