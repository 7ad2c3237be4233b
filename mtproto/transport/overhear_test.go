package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"godwit/mtproto"
)

// errLost stands where a capture lacks bytes.
var errLost = errors.New("lost")

// broken reads its parts, and between two of them fails with errLost.
func broken(parts ...[]byte) io.Reader {
	readers := []io.Reader{bytes.NewReader(parts[0])}
	for _, p := range parts[1:] {
		readers = append(readers, &failOnce{}, bytes.NewReader(p))
	}
	return io.MultiReader(readers...)
}

type failOnce struct{ done bool }

func (f *failOnce) Read([]byte) (int, error) {
	if f.done {
		return 0, io.EOF
	}
	f.done = true
	return 0, errLost
}

// bothWays returns what a client and a server write that have the given
// packets for each other.
func bothWays(t testing.TB, o Options, packets [][]byte) (client, server []byte) {
	t.Helper()
	cw := wireOf()
	c, err := NewClient(cw, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		if err := c.WritePacketQuickAck(p); err != nil {
			t.Fatal(err)
		}
	}
	sw := wireOf(cw.sent())
	s, err := Accept(sw, Options{Secret: o.Secret, Rand: seeded()})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range packets {
		if err := errors.Join(s.WriteQuickAck(uint32(i)), s.WritePacket(p)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.WriteError(CodeFlood); err != nil {
		t.Fatal(err)
	}
	return cw.sent(), sw.sent()
}

func overheard(t *testing.T) [][]byte {
	t.Helper()
	var packets [][]byte
	for i, n := range []int{40, 504, 508, 8192, 72} {
		p := payload(n)
		copy(p, "KEYID")
		p[7] = byte(i)
		packets = append(packets, p)
	}
	return packets
}

func eachWire(t *testing.T, f func(t *testing.T, o Options)) {
	for _, framing := range framings {
		for _, obfuscated := range []bool{false, true} {
			for _, secret := range []*Secret{nil, {1, 2, 3}} {
				if secret != nil && !obfuscated {
					continue
				}
				t.Run(fmt.Sprintf("%v obfuscated=%v secret=%v", framing, obfuscated, secret != nil), func(t *testing.T) {
					f(t, Options{Framing: framing, Obfuscated: obfuscated, Secret: secret, Rand: seeded()})
				})
			}
		}
	}
}

// R-TR-01, R-OB-04, R-OB-06, R-OB-07: who looks on reads both directions.
func TestOverhear(t *testing.T) {
	eachWire(t, func(t *testing.T, o Options) {
		packets := overheard(t)
		client, server := bothWays(t, o, packets)
		acks := 0
		requests, answers, err := Overhear(bytes.NewReader(client), bytes.NewReader(server),
			Options{Secret: o.Secret, QuickAck: func(uint32) { acks++ }})
		if err != nil {
			t.Fatal(err)
		}
		if requests.Framing() != o.Framing || answers.Obfuscated() != o.Obfuscated {
			t.Errorf("recognised as %v, obfuscated=%v", requests.Framing(), answers.Obfuscated())
		}
		for _, r := range []*Reader{requests, answers} {
			for _, want := range packets {
				p, err := r.ReadPacket(nil)
				if err != nil || !bytes.HasPrefix(p, want) {
					t.Fatalf("%v: %d bytes, %v", r.c.side, len(p), err)
				}
				if asked := r == requests && o.Framing != Full; r.QuickAckRequested() != asked {
					t.Errorf("%v: quick ack requested: %v", r.c.side, !asked)
				}
			}
		}
		var failed *Error
		if _, err := answers.ReadPacket(nil); !errors.As(err, &failed) || failed.Code != CodeFlood {
			t.Errorf("server ends with %v", err)
		}
		if _, err := requests.ReadPacket(nil); !errors.Is(err, io.EOF) {
			t.Errorf("client ends with %v", err)
		}
		if want := len(packets); o.Framing != Full && acks != want {
			t.Errorf("%d quick acks of %d", acks, want)
		}
	})
}

func isOurs(_ int, first []byte) bool { return bytes.HasPrefix(first, []byte("KEYID")) }

// Bytes that are lost in the middle cost the packets that they are of and no
// others, also under obfuscation.
func TestResyncAfterLoss(t *testing.T) {
	eachWire(t, func(t *testing.T, o Options) {
		packets := overheard(t)
		client, server := bothWays(t, o, packets)
		for _, cut := range []struct{ from, to int }{{1500, 1700}, {1500, 5000}, {700, 1300}} {
			requests, answers, err := Overhear(
				broken(client[:cut.from], client[cut.to:]), broken(server[:cut.from], server[cut.to:]), Options{Secret: o.Secret})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []*Reader{requests, answers} {
				var got [][]byte
				for {
					p, err := r.ReadPacket(nil)
					if errors.Is(err, errLost) {
						if _, err := r.Resync(cut.to-cut.from, isOurs); err != nil {
							t.Fatal(err)
						}
						continue
					}
					if err != nil {
						break
					}
					got = append(got, p)
				}
				last := packets[len(packets)-1]
				if len(got) < 2 || len(got) >= len(packets) || !bytes.HasPrefix(got[len(got)-1], last) {
					t.Errorf("%v: %d packets after the loss of %d to %d", r.c.side, len(got), cut.from, cut.to)
				}
			}
		}
	})
}

// Where the beginning is missing, a known first word finds packet and framing.
func TestResyncWithoutBeginning(t *testing.T) {
	for _, f := range framings {
		packets := overheard(t)
		client, _ := bothWays(t, Options{Framing: f, Rand: seeded()}, packets)
		r, err := NewReader(bytes.NewReader(client[30:]), mtproto.Client, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if passed, err := r.Resync(0, isOurs); err != nil || passed == 0 {
			t.Fatalf("%v: passed %d, %v", f, passed, err)
		}
		for _, want := range packets[1:] {
			p, err := r.ReadPacket(nil)
			if err != nil || !bytes.HasPrefix(p, want) {
				t.Fatalf("%v: %d bytes, %v", f, len(p), err)
			}
		}
		if r.Framing() != f && !(f == PaddedIntermediate && r.Framing() == Intermediate) {
			t.Errorf("%v was taken for %v", f, r.Framing())
		}
	}
}

func TestResyncFindsNothing(t *testing.T) {
	r, err := NewReader(broken(payload(100), payload(5)), mtproto.Client, Options{})
	if err != nil {
		t.Fatal(err)
	}
	never := func(int, []byte) bool { return false }
	if n, err := r.Resync(0, never); n != 100 || !errors.Is(err, errLost) {
		t.Errorf("passed %d, %v", n, err)
	}
	if n, err := r.Resync(0, never); n != 5 || !errors.Is(err, io.EOF) {
		t.Errorf("passed %d, %v", n, err)
	}
	if _, err := NewReader(nil, mtproto.Client, Options{MaxPacket: 1}); err == nil {
		t.Error("a packet of 1 byte is allowed")
	}
}

// What Overhear has taken can be put back.
func TestOverhearUnknown(t *testing.T) {
	input := []byte("GET / HTTP/1.1\r\n\r\n")
	in := bytes.NewReader(input)
	_, _, err := Overhear(in, nil, Options{})
	var unknown *UnknownTransportError
	if !errors.As(err, &unknown) || !bytes.HasPrefix(input, unknown.First) {
		t.Errorf("%v", err)
	}
	if _, _, err := Overhear(in, nil, Options{MaxPacket: 1}); err == nil {
		t.Error("a packet of 1 byte is allowed")
	}
}

// Resync ends whatever it is given, and a packet that it finds is one that the
// framing allows.
func FuzzResync(f *testing.F) {
	for _, framing := range framings {
		f.Add(slices.Concat([]byte{1, 2, 3}, frame(f, framing, payload(24)), frame(f, framing, payload(40))), uint32(0), 3)
	}
	f.Fuzz(func(t *testing.T, input []byte, word uint32, lost int) {
		r, err := NewReader(bytes.NewReader(input), mtproto.Server, Options{MaxPacket: fuzzMax})
		if err != nil {
			t.Fatal(err)
		}
		begins := func(_ int, first []byte) bool { return binary.LittleEndian.Uint32(first) == word }
		passed, err := r.Resync(lost&0xffff, begins)
		if passed > len(input) {
			t.Fatalf("passed %d of %d bytes", passed, len(input))
		}
		if err != nil {
			return
		}
		p, err := r.ReadPacket(nil)
		if err == nil && binary.LittleEndian.Uint32(p) != word {
			t.Fatalf("found %x, read %x", word, p[:4])
		}
	})
}

// A padded packet that happens to have no padding does not have those after it
// taken for damage.
func TestResyncOfUnpadded(t *testing.T) {
	var sent []byte
	for _, padding := range []int{0, 1, 13, 2} {
		packet := append([]byte("KEYID"), payload(59+padding)...)
		sent = binary.LittleEndian.AppendUint32(sent, uint32(len(packet)))
		sent = append(sent, packet...)
	}
	r, err := NewReader(bytes.NewReader(sent), mtproto.Client, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resync(0, isOurs); err != nil {
		t.Fatal(err)
	}
	var got []int
	for {
		p, err := r.ReadPacket(nil)
		if violation := new(mtproto.ViolationError); errors.As(err, &violation) {
			if _, err := r.Resync(0, isOurs); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			break
		}
		got = append(got, len(p))
	}
	if want := []int{64, 77, 66}; !slices.Equal(got, want) || r.Framing() != PaddedIntermediate {
		t.Errorf("packets of %v bytes, %v; want %v", got, r.Framing(), want)
	}
}
