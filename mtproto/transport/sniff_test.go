package transport

import (
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
)

// R-TR-01, R-SV-01: what opens a connection is told from as few bytes as can
// be, which are all there again afterwards.
func TestSniff(t *testing.T) {
	for name, test := range map[string]struct {
		first string // hex
		want  Opening
		most  int // bytes that may be read
	}{
		"abridged":            {"ef0a", OpeningPackets, 1},
		"intermediate":        {"eeeeeeee", OpeningPackets, 1},
		"full":                {"16030100" + "00000000", OpeningPackets, 6},
		"random":              {"0102030405", OpeningPackets, 1},
		"begins like a verb":  {"47474747", OpeningPackets, 4},
		"POST":                {hex.EncodeToString([]byte("POST /api")), OpeningHTTP, 4},
		"GET":                 {hex.EncodeToString([]byte("GET /apiws")), OpeningHTTP, 4},
		"HEAD":                {hex.EncodeToString([]byte("HEAD /")), OpeningHTTP, 4},
		"OPTIONS":             {hex.EncodeToString([]byte("OPTIONS /")), OpeningHTTP, 4},
		"client hello":        {"1603010200" + "0100", OpeningTLS, 6},
		"large client hello":  {"16030106c8" + "0100", OpeningTLS, 6},
		"server hello":        {"1603030200" + "0200", OpeningPackets, 6},
		"begins like a hello": {"16f10102000100", OpeningPackets, 6},
		"cut verb":            {"4745", OpeningPackets, 2},
		"cut hello":           {"160301", OpeningPackets, 3},
	} {
		t.Run(name, func(t *testing.T) {
			first, err := hex.DecodeString(test.first)
			if err != nil {
				t.Fatal(err)
			}
			w := wireOf(first)
			counted := &countingReader{r: w.in}
			w.in = iotest.OneByteReader(counted)
			opening, c, err := Sniff(w)
			if err != nil || opening != test.want || counted.n > test.most {
				t.Errorf("%v after %d bytes, %v; want %v after at most %d", opening, counted.n, err, test.want, test.most)
			}
			if again, err := io.ReadAll(c); err != nil || string(again) != string(first) {
				t.Errorf("read again: %x, %v", again, err)
			}
		})
	}
	w := wireOf()
	w.deadline = net.ErrClosed
	if _, _, err := Sniff(w); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
	for o, want := range map[Opening]string{OpeningPackets: "packets", OpeningHTTP: "HTTP", OpeningTLS: "TLS", 9: "opening 9"} {
		if o.String() != want {
			t.Errorf("%q, want %q", o, want)
		}
	}
}

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// FuzzSniff: whatever comes first can be read again.
func FuzzSniff(f *testing.F) {
	for _, first := range []string{"", "GET / ", "\x16\x03\x01\x02\x00\x01", "\xef", "PO"} {
		f.Add([]byte(first))
	}
	f.Fuzz(func(t *testing.T, first []byte) {
		opening, c, err := Sniff(wireOf(first))
		if len(first) == 0 {
			if err == nil {
				t.Fatal("nothing opens something")
			}
			return
		}
		again, readErr := io.ReadAll(c)
		if err != nil || readErr != nil || string(again) != string(first) {
			t.Fatalf("%x read again as %x, %v, %v", first, again, err, readErr)
		}
		verb := len(first) >= 4 && strings.Contains("GET |POST|HEAD|OPTI", string(first[:4])) && !strings.Contains(string(first[:4]), "|")
		if (opening == OpeningHTTP) != verb {
			t.Fatalf("%q is %v", first, opening)
		}
	})
}

// R-OB-05, R-OB-07: a server with several secrets finds out which one a client
// has, and which DC it names; a client with none of them is not understood.
func TestSeveralSecrets(t *testing.T) {
	secrets := []Secret{{1}, {2}, {3}}
	for name, test := range map[string]struct {
		client   *Secret
		own      *Secret
		accepted bool
	}{
		"no secret":              {nil, nil, true},
		"the first":              {&secrets[0], nil, true},
		"the last":               {&secrets[2], nil, true},
		"its own":                {&Secret{9}, &Secret{9}, true},
		"one besides its own":    {&secrets[1], &Secret{9}, true},
		"a stranger's":           {&Secret{7}, nil, false},
		"none, though it has to": {nil, &Secret{9}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := wireOf()
			c := client(t, w, Options{Framing: PaddedIntermediate, Obfuscated: true, Secret: test.client, DC: -10002})
			if err := c.WritePacket(payload(40)); err != nil {
				t.Fatal(err)
			}
			s, err := Accept(wireOf(w.sent()), Options{Secret: test.own, Secrets: secrets, Rand: seeded()})
			if (err == nil) != test.accepted {
				t.Fatalf("%v", err)
			}
			if err != nil {
				return
			}
			if (s.Secret() == nil) != (test.client == nil) || s.Secret() != nil && *s.Secret() != *test.client || s.DC() != -10002 {
				t.Errorf("DC %d", s.DC())
			}
			if p, err := s.ReadPacket(nil); err != nil || len(p) < 40 {
				t.Errorf("%x, %v", p, err)
			}
		})
	}
}
