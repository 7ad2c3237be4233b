package transport

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"godwit/internal/vectors"
	"godwit/mtproto"
)

var framings = []Framing{Abridged, Intermediate, PaddedIntermediate, Full}

// R-TR-02, R-TR-20: the lengths of abridged framing, with and without the
// request for a quick acknowledgement.
func TestAbridgedHeads(t *testing.T) {
	for i := range vectors.Len(t, "framing.abridged") {
		at := fmt.Sprintf("framing.abridged.%d.", i)
		size := int(vectors.Int(t, at+"payload_len"))
		want := vectors.Hex(t, at+"wire_header")
		_, quick := vectors.Get(t, fmt.Sprintf("framing.abridged.%d", i)).(map[string]any)["quick_ack"]
		t.Run(fmt.Sprintf("%d quick=%v", size, quick), func(t *testing.T) {
			if got := appendAbridgedHead(nil, size, quick); !bytes.Equal(got, want) {
				t.Fatalf("wrote %x, want %x", got, want)
			}
			s := server(t, wireOf(want, payload(size)), Abridged)
			got, err := s.ReadPacket(nil)
			if err != nil || !bytes.Equal(got, payload(size)) || s.QuickAckRequested() != quick {
				t.Fatalf("read %d bytes, quick=%v, %v", len(got), s.QuickAckRequested(), err)
			}
		})
	}
}

// Section 2.1, R-TR-20: whole packets.
func TestFramingVectors(t *testing.T) {
	for _, test := range []struct {
		framing Framing
		payload string
		wire    string
		quick   bool
	}{
		{Abridged, "abridged_examples.0.payload", "abridged_examples.0.wire_after_ef", false},
		{Intermediate, "intermediate.0.payload", "intermediate.0.wire", false},
		{Intermediate, "intermediate.1.payload", "intermediate.1.wire", true},
		{Full, "full.0.payload", "full.0.wire", false},
	} {
		t.Run(test.framing.String(), func(t *testing.T) {
			p, want := vectors.Hex(t, "framing."+test.payload), vectors.Hex(t, "framing."+test.wire)
			w := wireOf()
			c := client(t, w, Options{Framing: test.framing})
			write := c.WritePacket
			if test.quick {
				write = c.WritePacketQuickAck
			}
			if err := write(p); err != nil {
				t.Fatal(err)
			}
			if got := w.sent(); !bytes.Equal(got, append(plainMarker(test.framing), want...)) {
				t.Fatalf("wrote %x, want the marker and %x", got, want)
			}
			s := server(t, wireOf(want), test.framing)
			got, err := s.ReadPacket(nil)
			if err != nil || !bytes.Equal(got, p) || s.QuickAckRequested() != test.quick {
				t.Fatalf("read %x, quick=%v, %v", got, s.QuickAckRequested(), err)
			}
		})
	}
}

// R-TR-04: the second packet is number 1.
func TestFullCounts(t *testing.T) {
	want := slices.Concat(vectors.Hex(t, "framing.full.0.wire"), vectors.Hex(t, "framing.full.1.wire"))
	p := vectors.Hex(t, "framing.full.1.payload")
	w := wireOf()
	c := client(t, w, Options{Framing: Full})
	for range 2 {
		if err := c.WritePacketQuickAck(p); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(w.sent(), want) {
		t.Fatalf("wrote %x, want %x", w.sent(), want)
	}
	s := server(t, wireOf(want), Full)
	for range 2 {
		if got, err := s.ReadPacket(nil); err != nil || !bytes.Equal(got, p) {
			t.Fatalf("read %x, %v", got, err)
		}
	}
	if _, err := s.ReadPacket(nil); !errors.Is(err, io.EOF) {
		t.Fatalf("at the end: %v, want io.EOF", err)
	}
}

// R-TR-03: the padding stays on what is read.
func TestPaddingIsRead(t *testing.T) {
	p := vectors.Hex(t, "framing.padded.0.payload")
	s := server(t, wireOf(vectors.Hex(t, "framing.padded.0.wire")), PaddedIntermediate)
	want := append(bytes.Clone(p), vectors.Hex(t, "framing.padded.0.pad")...)
	if got, err := s.ReadPacket(nil); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %x, %v; want %x", got, err, want)
	}
}

// R-TR-03: a client adds 0 to 15 bytes. A server adds 0 to 3, since gotd's
// client takes no more off, and so does a client that is told to. All sizes
// occur.
func TestPaddingIsWritten(t *testing.T) {
	p, w := payload(24), wireOf()
	for _, end := range []struct {
		name string
		conn *Conn
		most int
	}{
		{"client", client(t, w, Options{Framing: PaddedIntermediate}), 15},
		{"server", server(t, w, PaddedIntermediate), 3},
		{"client told to add little", client(t, w, Options{Framing: PaddedIntermediate, MaxPadding: 3}), 3},
	} {
		t.Run(end.name, func(t *testing.T) {
			seen := make([]bool, end.most+1)
			for range 500 {
				w.writes = nil
				end.conn.prefix = nil
				if err := end.conn.WritePacket(p); err != nil {
					t.Fatal(err)
				}
				sent := w.sent()
				length := int(binary.LittleEndian.Uint32(sent))
				if length != len(sent)-4 || !bytes.Equal(sent[4:][:len(p)], p) {
					t.Fatalf("wrote %x", sent)
				}
				if length-len(p) > end.most {
					t.Fatalf("%d bytes of padding, want at most %d", length-len(p), end.most)
				}
				seen[length-len(p)] = true
			}
			if slices.Contains(seen, false) {
				t.Fatalf("sizes of padding seen: %v", seen)
			}
		})
	}
}

// R-TR-30: transport errors as the server writes them and the client reads
// them, in every framing.
func TestTransportErrors(t *testing.T) {
	for _, code := range []int32{CodeForbidden, CodeAuthKeyNotFound, CodeFlood, CodeInvalidDC} {
		want := vectors.Hex(t, fmt.Sprintf("framing.transport_error_payloads.%d", code))
		for _, f := range framings {
			t.Run(fmt.Sprintf("%d %v", code, f), func(t *testing.T) {
				w := wireOf()
				if err := server(t, w, f).WriteError(code); err != nil {
					t.Fatal(err)
				}
				if !bytes.Contains(w.sent(), want) {
					t.Fatalf("wrote %x, want %x within", w.sent(), want)
				}
				c := client(t, wireOf(w.sent()), Options{Framing: f})
				_, err := c.ReadPacket(nil)
				var typed *Error
				if !errors.As(err, &typed) || typed.Code != code || !errors.Is(err, &Error{Code: code}) {
					t.Fatalf("read %v, want code %d", err, code)
				}
				if errors.Is(err, &Error{Code: code - 1}) {
					t.Fatal("errors.Is matches another code")
				}
			})
		}
	}
	for f, name := range map[Framing]string{Abridged: "abridged", Intermediate: "intermediate", PaddedIntermediate: "padded_example_pad_0"} {
		want := vectors.Hex(t, "framing.transport_error_-404."+name)
		w := wireOf()
		if err := server(t, w, f).WriteError(CodeAuthKeyNotFound); err != nil {
			t.Fatal(err)
		}
		wantWire(t, w.sent(), want)
		c := client(t, wireOf(want), Options{Framing: f})
		if _, err := c.ReadPacket(nil); !errors.Is(err, &Error{Code: -404}) {
			t.Errorf("%v: %v", f, err)
		}
	}
}

// R-TR-31: a padded error keeps its padding to itself, a zero word is nothing,
// and after an error the connection can be read on.
func TestShortPackets(t *testing.T) {
	good := payload(24)
	input := slices.Concat(
		frame(t, PaddedIntermediate, []byte{0, 0, 0, 0}),
		[]byte{11, 0, 0, 0}, []byte{0x53, 0xfe, 0xff, 0xff}, payload(7),
		[]byte{16, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 16), // a padded token
		frame(t, PaddedIntermediate, good))
	c := client(t, wireOf(input), Options{Framing: PaddedIntermediate})
	if _, err := c.ReadPacket(nil); !errors.Is(err, &Error{Code: CodeFlood}) {
		t.Fatalf("read %v, want -429", err)
	}
	if got, err := c.ReadPacket(nil); err != nil || !bytes.HasPrefix(got, good) {
		t.Fatalf("read %x, %v", got, err)
	}
}

// frame returns what a server writes for a packet.
func frame(t testing.TB, f Framing, p []byte) []byte {
	t.Helper()
	w := wireOf()
	if err := server(t, w, f).WritePacket(p); err != nil {
		t.Fatal(err)
	}
	return w.sent()
}

// R-TR-21..23: tokens on the wire and back, between packets.
func TestQuickAcks(t *testing.T) {
	for _, vector := range []string{"framing.quick_ack_server", "framing.quick_ack_from_synthetic_ping"} {
		token := binary.BigEndian.Uint32(vectors.Hex(t, vector+".token_u32"))
		for _, f := range framings {
			t.Run(fmt.Sprintf("%x %v", token, f), func(t *testing.T) {
				w := wireOf()
				s := server(t, w, f)
				// The top bit is set on the way out.
				if err := s.WriteQuickAck(token &^ ackFlag); err != nil {
					t.Fatal(err)
				}
				switch f {
				case Abridged:
					wantWire(t, w.sent(), vectors.Hex(t, vector+".abridged_wire"))
				case Intermediate:
					wantWire(t, w.sent(), vectors.Hex(t, vector+".intermediate_wire"))
				case PaddedIntermediate:
					want := append([]byte{8, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, vectors.Hex(t, vector+".intermediate_wire")...)
					wantWire(t, w.sent(), want)
				case Full:
					wantWire(t, w.sent(), nil)
				}
				var tokens []uint32
				input := append(w.sent(), frame(t, f, payload(24))...)
				c := client(t, wireOf(input), Options{Framing: f, QuickAck: func(v uint32) { tokens = append(tokens, v) }})
				if got, err := c.ReadPacket(nil); err != nil || !bytes.HasPrefix(got, payload(24)) {
					t.Fatalf("after the token: %x, %v", got, err)
				}
				want := []uint32{token}
				if f == Full {
					want = nil
				}
				if !slices.Equal(tokens, want) {
					t.Fatalf("tokens %x, want %x", tokens, want)
				}
			})
		}
	}
}

func wantWire(t *testing.T, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("wrote %x, want %x", got, want)
	}
}

// A remote that breaks the framing is a violator, by the rule that it broke.
func TestFramingViolations(t *testing.T) {
	full := func(change func(p []byte)) []byte {
		p := bytes.Clone(vectors.Hex(t, "framing.full.0.wire"))
		change(p)
		return p
	}
	tooLong := uint32(DefaultMaxPacket + 4)
	for _, test := range []struct {
		name    string
		framing Framing
		wire    []byte
		rule    string
	}{
		{"abridged empty", Abridged, []byte{0}, "R-TR-05"},
		{"abridged too long", Abridged, []byte{0x7f, 0x01, 0x01, 0x10}, "R-TR-05"},
		{"intermediate empty", Intermediate, []byte{0, 0, 0, 0}, "R-TR-05"},
		{"intermediate no multiple of 4", Intermediate, []byte{5, 0, 0, 0, 1, 2, 3, 4, 5}, "R-TR-05"},
		{"intermediate too long", Intermediate, binary.LittleEndian.AppendUint32(nil, tooLong), "R-TR-05"},
		{"intermediate longest", Intermediate, []byte{0xff, 0xff, 0xff, 0x7f}, "R-TR-05"},
		{"padded too long", PaddedIntermediate, binary.LittleEndian.AppendUint32(nil, tooLong+12), "R-TR-05"},
		{"full too long", Full, full(func(p []byte) { binary.LittleEndian.PutUint32(p, tooLong+12) }), "R-TR-05"},
		{"full longest", Full, full(func(p []byte) { binary.LittleEndian.PutUint32(p, 0xfffffffc) }), "R-TR-05"},
		{"full too short", Full, full(func(p []byte) { binary.LittleEndian.PutUint32(p, 8) }), "R-TR-04"},
		{"full empty", Full, full(func(p []byte) { binary.LittleEndian.PutUint32(p, 12) }), "R-TR-05"},
		{"full number", Full, full(func(p []byte) { p[4] = 1 }), "R-TR-04"},
		{"full checksum", Full, full(func(p []byte) { p[len(p)-1] ^= 1 }), "R-TR-04"},
		{"full payload", Full, full(func(p []byte) { p[9] ^= 1 }), "R-TR-04"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := server(t, wireOf(test.wire, make([]byte, 64)), test.framing).ReadPacket(nil)
			var violation *mtproto.ViolationError
			if !errors.As(err, &violation) || violation.Rule != test.rule {
				t.Fatalf("read %v, want a violation of %s", err, test.rule)
			}
		})
	}
	for name, p := range map[string][]byte{
		"R-TR-30 positive code": {4, 0, 0, 0, 1, 0, 0, 0},
		"R-TR-30 three bytes":   {3, 0, 0, 0, 1, 0, 0},
	} {
		c := client(t, wireOf(p), Options{Framing: PaddedIntermediate})
		var violation *mtproto.ViolationError
		if _, err := c.ReadPacket(nil); !errors.As(err, &violation) || violation.Rule != "R-TR-30" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// R-TR-05: the limit is exact, on both ends, and adjustable.
func TestSizeLimit(t *testing.T) {
	for _, f := range framings {
		c := client(t, wireOf(), Options{Framing: f, MaxPacket: 64})
		for _, n := range []int{0, 3, 66, 68} {
			if err := c.WritePacket(payload(n)); !errors.Is(err, ErrPacketSize) {
				t.Errorf("%v: %d bytes written: %v", f, n, err)
			}
		}
		w := wireOf()
		c = client(t, w, Options{Framing: f, MaxPacket: 64})
		if err := c.WritePacket(payload(64)); err != nil {
			t.Errorf("%v: 64 bytes not written: %v", f, err)
		}
		s, err := Accept(wireOf(w.sent(), make([]byte, 4)), Options{MaxPacket: 64})
		if err != nil {
			t.Fatal(err)
		}
		if p, err := s.ReadPacket(nil); err != nil || !bytes.HasPrefix(p, payload(64)) {
			t.Errorf("%v: 64 bytes not read: %v", f, err)
		}
		if s, err = Accept(wireOf(w.sent()), Options{MaxPacket: 32}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ReadPacket(nil); err == nil {
			t.Errorf("%v: 64 bytes read over a limit of 32", f)
		}
	}
	for _, limit := range []int{-1, 3, 1 << 24} {
		if _, err := NewClient(wireOf(), Options{MaxPacket: limit}); err == nil {
			t.Errorf("MaxPacket %d taken", limit)
		}
	}
	for _, padding := range []int{-1, 16} {
		if _, err := NewClient(wireOf(), Options{MaxPadding: padding}); err == nil {
			t.Errorf("MaxPadding %d taken", padding)
		}
	}
}

// A stream that ends inside a packet is io.ErrUnexpectedEOF, and what was
// announced but never came has not been allocated.
func TestTruncated(t *testing.T) {
	for _, f := range framings {
		p := frame(t, f, payload(1<<20))
		for _, n := range []int{2, 5, 1000} {
			w := wireOf(p[:n])
			buf, err := server(t, w, f).ReadPacket(nil)
			if !errors.Is(err, io.ErrUnexpectedEOF) || buf != nil {
				t.Errorf("%v cut after %d bytes: %v", f, n, err)
			}
			if w.largest > 2*readStep {
				t.Errorf("%v cut after %d bytes: %d bytes asked for", f, n, w.largest)
			}
		}
	}
}

// The memory that the caller offers is used where it suffices.
func TestReadBufferIsUsed(t *testing.T) {
	for _, f := range framings {
		p := frame(t, f, payload(4096))
		buf := make([]byte, 8, 8192)
		got, err := server(t, wireOf(p), f).ReadPacket(buf)
		if err != nil || &got[0] != &buf[0] || !bytes.HasPrefix(got, payload(4096)) {
			t.Errorf("%v: other memory, or %v", f, err)
		}
	}
}

func TestStrings(t *testing.T) {
	for f, want := range map[Framing]string{Abridged: "abridged", Intermediate: "intermediate",
		PaddedIntermediate: "padded intermediate", Full: "full", 9: "framing 9"} {
		if f.String() != want {
			t.Errorf("%d prints as %q", uint8(f), f)
		}
	}
	for code, want := range map[int32]string{
		CodeForbidden: "access refused", CodeAuthKeyNotFound: "auth key not found", CodeFlood: "too many", CodeInvalidDC: "wrong DC", -500: "-500",
	} {
		if got := (&Error{Code: code}).Error(); !bytes.Contains([]byte(got), []byte(want)) {
			t.Errorf("%d prints as %q", code, got)
		}
	}
	secret, _ := hex.DecodeString("99999999999999999999999999999999")
	s := Secret(secret)
	text, _ := s.MarshalText()
	for _, got := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %x", &s, s, s, s), string(text)} {
		if bytes.Contains([]byte(got), []byte("99")) || bytes.Contains([]byte(got), []byte("153")) {
			t.Errorf("the secret prints: %s", got)
		}
	}
}
