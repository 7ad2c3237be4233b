package transport

import (
	"bytes"
	"crypto/cipher"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"godwit/internal/vectors"
)

// vectorSecret returns the secret of an obfuscation vector, nil for none.
func vectorSecret(t testing.TB, at string) *Secret {
	t.Helper()
	vector := vectors.Get(t, strings.TrimSuffix(at, ".")).(map[string]any)
	if vector["secret"] == nil {
		return nil
	}
	s := Secret(vectors.Hex(t, at+"secret"))
	return &s
}

// R-OB-02..08: the header, the keys and both keystreams.
func TestObfuscationVectors(t *testing.T) {
	for i := range vectors.Len(t, "obfuscation.cases") {
		at := fmt.Sprintf("obfuscation.cases.%d.", i)
		t.Run(vectors.String(t, at+"source"), func(t *testing.T) {
			secret := vectorSecret(t, at)
			tag := vectors.Hex(t, at+"protocol_tag")
			f := framings[slices.IndexFunc(framings, func(f Framing) bool {
				m := plainMarker(f)
				return m != nil && m[0] == tag[0]
			})]
			w := wireOf()
			c := client(t, w, Options{Framing: f, Obfuscated: true, DC: int(vectors.Int(t, at+"dc_field")),
				Secret: secret, Rand: bytes.NewReader(vectors.Hex(t, at+"random64"))})
			init := vectors.Hex(t, at+"wire_init")
			wantWire(t, c.prefix, init)
			wantStream(t, c.encrypt, vectors.Hex(t, at+"first_client_bytes_plain"), vectors.Hex(t, at+"first_client_bytes_wire"))
			wantStream(t, c.decrypt, vectors.Hex(t, at+"first_server_bytes_wire"), vectors.Hex(t, at+"first_server_bytes_plain"))

			s, err := Accept(wireOf(init), Options{Secret: secret})
			if err != nil {
				t.Fatal(err)
			}
			if s.Framing() != f || !s.Obfuscated() {
				t.Fatalf("accepted as %v, obfuscated=%v", s.Framing(), s.Obfuscated())
			}
			wantStream(t, s.decrypt, vectors.Hex(t, at+"first_client_bytes_wire"), vectors.Hex(t, at+"first_client_bytes_plain"))
			wantStream(t, s.encrypt, vectors.Hex(t, at+"first_server_bytes_plain"), vectors.Hex(t, at+"first_server_bytes_wire"))

			h := header(init)
			h.unseal(secret)
			wantWire(t, h[:], vectors.Hex(t, at+"init_plain"))
		})
	}
}

func wantStream(t *testing.T, s cipher.Stream, in, want []byte) {
	t.Helper()
	got := make([]byte, len(in))
	s.XORKeyStream(got, in)
	wantWire(t, got, want)
}

// R-OB-01: each beginning that a server could take for something else is drawn
// again, and so is another framing's marker under full framing.
func TestHeaderIsDrawnAgain(t *testing.T) {
	good := vectors.Hex(t, "obfuscation.cases.0.random64")
	type rejected struct {
		at     int
		bytes  []byte
		only   Framing
		anyway bool // whatever the framing
	}
	var cases []rejected
	for i := range vectors.Len(t, "obfuscation.must_regenerate_prefixes") {
		cases = append(cases, rejected{at: 0, anyway: true,
			bytes: vectors.Hex(t, fmt.Sprintf("obfuscation.must_regenerate_prefixes.%d", i))})
	}
	cases = append(cases, rejected{at: 4, bytes: vectors.Hex(t, "obfuscation.must_regenerate_bytes_4_7"), anyway: true})
	for f := range Full {
		marker := plainMarker(f)
		cases = append(cases, rejected{at: tagAt, bytes: bytes.Repeat(marker[:1], 4), only: Full})
	}
	for _, test := range cases {
		for _, f := range framings {
			t.Run(fmt.Sprintf("%x at %d %v", test.bytes, test.at, f), func(t *testing.T) {
				bad := bytes.Clone(good)
				copy(bad[test.at:], test.bytes)
				h, err := drawHeader(bytes.NewReader(slices.Concat(bad, good)), &Options{Framing: f})
				if err != nil {
					t.Fatal(err)
				}
				again := bytes.Equal(h[:tagAt], good[:tagAt]) && bytes.Equal(h[dcAt:], good[dcAt:])
				if test.at == tagAt {
					again = h.tag() == (*header)(good).tag()
				}
				if want := test.anyway || f == test.only; again != want {
					t.Fatalf("drawn again: %v, want %v", again, want)
				}
			})
		}
	}
}

// R-OB-12: inside fake TLS any header will do, and is taken for one.
func TestEnclosedHeader(t *testing.T) {
	for _, first := range []string{"\xef", "GET ", "\xdd\xdd\xdd\xdd", "0123\x00\x00\x00\x00"} {
		random := bytes.Repeat([]byte{7}, headerSize)
		copy(random, first)
		o := Options{Framing: PaddedIntermediate, Obfuscated: true, Enclosed: true, Secret: &Secret{1}}
		w := wireOf()
		o.Rand = io.MultiReader(bytes.NewReader(random), seeded())
		c := client(t, w, o)
		if err := c.WritePacket(payload(40)); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(w.sent(), []byte(first)) {
			t.Fatalf("%q was drawn again", first)
		}
		s, err := Accept(wireOf(w.sent()), Options{Obfuscated: true, Secret: &Secret{1}})
		if err != nil || s.Framing() != PaddedIntermediate {
			t.Fatalf("%q: %v", first, err)
		}
		if p, err := s.ReadPacket(nil); err != nil || !bytes.HasPrefix(p, payload(40)) {
			t.Errorf("%q: %x, %v", first, p, err)
		}
	}
}

// Randomness that never fits, or fails, is an error and not a hang.
func TestHeaderFromBadRandomness(t *testing.T) {
	always := bytes.NewReader(bytes.Repeat([]byte{abridgedByte}, headerSize*(headerDraws+1)))
	if _, err := NewClient(wireOf(), Options{Obfuscated: true, Rand: always}); err == nil {
		t.Error("a header of EF was taken")
	}
	if always.Len() != headerSize {
		t.Errorf("%d bytes of randomness left, want those of one draw", always.Len())
	}
	short := bytes.NewReader(make([]byte, headerSize-1))
	if _, err := NewClient(wireOf(), Options{Obfuscated: true, Rand: short}); err == nil {
		t.Error("half a header was taken")
	}
}

// R-OB-03: the DC field is written as it is, or left random.
func TestHeaderDC(t *testing.T) {
	good := vectors.Hex(t, "obfuscation.cases.0.random64")
	for dc, want := range map[int][]byte{2: {2, 0}, -4: {0xfc, 0xff}, 10002: {0x12, 0x27}, 0: good[dcAt:][:2], -32768: {0, 0x80}} {
		h, err := drawHeader(bytes.NewReader(good), &Options{Framing: Intermediate, DC: dc})
		if err != nil || !bytes.Equal(h[dcAt:][:2], want) {
			t.Errorf("DC %d: %x, %v", dc, h[dcAt:][:2], err)
		}
	}
	for _, dc := range []int{32768, -32769} {
		if _, err := NewClient(wireOf(), Options{Obfuscated: true, DC: dc}); err == nil {
			t.Errorf("DC %d taken", dc)
		}
	}
	if _, err := NewClient(wireOf(), Options{Framing: Full + 1}); err == nil {
		t.Error("unknown framing taken")
	}
}
