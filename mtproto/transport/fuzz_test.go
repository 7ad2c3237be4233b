package transport

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"godwit/internal/vectors"
	"godwit/mtproto"
)

const fuzzMax = 4096

// readAll reads packets until an error, and checks what holds of all of them.
func readAll(t *testing.T, c *Conn) ([][]byte, error) {
	var packets [][]byte
	for {
		p, err := c.ReadPacket(nil)
		var transport *Error
		switch {
		case errors.As(err, &transport):
			if c.side == mtproto.Server || transport.Code >= 0 {
				t.Fatalf("%v has read %v", c.side, err)
			}
			continue
		case err != nil:
			var violation *mtproto.ViolationError
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &violation) {
				t.Fatalf("read ended with %v", err)
			}
			return packets, err
		}
		if len(p) == 0 || len(p) > c.max+maxPadding {
			t.Fatalf("%v packet of %d bytes", c.framing, len(p))
		}
		packets = append(packets, p)
	}
}

// Whatever is read can be written and read again, to the same packets.
func rewrite(t *testing.T, f Framing, side mtproto.Side, packets [][]byte) {
	w := wireOf()
	c := client(t, w, Options{Framing: f, MaxPacket: fuzzMax})
	c.prefix = nil
	var kept [][]byte
	for _, p := range packets {
		p = p[:min(len(p)&^3, fuzzMax)] // padding is no part of a packet
		if len(p) < 4 || side == mtproto.Client && len(p) < controlLimit {
			continue
		}
		if err := c.WritePacket(p); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, p)
	}
	c = client(t, wireOf(w.sent()), Options{Framing: f, MaxPacket: fuzzMax})
	c.side = side
	again, err := readAll(t, c)
	if !errors.Is(err, io.EOF) || !slices.EqualFunc(again, kept, bytes.HasPrefix) {
		t.Fatalf("%v: wrote %x, read %x, %v", f, kept, again, err)
	}
}

func FuzzReadPacket(f *testing.F) {
	for _, framing := range framings {
		for _, server := range []bool{false, true} {
			f.Add(uint8(framing), server, slices.Concat(frame(f, framing, payload(24)), frame(f, framing, payload(512))))
			f.Add(uint8(framing), server, frame(f, framing, []byte{0x6c, 0xfe, 0xff, 0xff}))
		}
	}
	f.Add(uint8(Abridged), false, vectors.Hex(f, "framing.quick_ack_server.abridged_wire"))
	f.Add(uint8(Intermediate), false, vectors.Hex(f, "framing.quick_ack_server.intermediate_wire"))
	f.Fuzz(func(t *testing.T, framing uint8, server bool, input []byte) {
		c := client(t, wireOf(input), Options{Framing: Framing(framing % 4), MaxPacket: fuzzMax,
			QuickAck: func(token uint32) {
				if token&ackFlag == 0 && Framing(framing%4) != PaddedIntermediate {
					t.Fatalf("token %x without its flag", token)
				}
			}})
		if server {
			c.side = mtproto.Server
		}
		packets, _ := readAll(t, c)
		rewrite(t, c.framing, c.side, packets)
	})
}

func FuzzAccept(f *testing.F) {
	for _, framing := range framings {
		for _, obfuscated := range []bool{false, true} {
			w := wireOf()
			if err := client(f, w, Options{Framing: framing, Obfuscated: obfuscated}).WritePacket(payload(24)); err != nil {
				f.Fatal(err)
			}
			f.Add(w.sent())
		}
	}
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, input []byte) {
		c, err := Accept(wireOf(input), Options{MaxPacket: fuzzMax})
		var unknown *UnknownTransportError
		switch {
		case errors.As(err, &unknown):
			if len(unknown.First) == 0 || !bytes.HasPrefix(input, unknown.First) {
				t.Fatalf("first bytes %x of %x", unknown.First, input)
			}
			return
		case err != nil:
			if !errors.Is(err, io.EOF) || len(input) != 0 {
				t.Fatalf("%v for %x", err, input)
			}
			return
		}
		// One byte at a time it is the same.
		c1, err := Accept(segment(wireOf(input), 1), Options{MaxPacket: fuzzMax})
		if err != nil || c1.Framing() != c.Framing() || c1.Obfuscated() != c.Obfuscated() {
			t.Fatalf("byte by byte: %v", err)
		}
		packets, end := readAll(t, c)
		packets1, end1 := readAll(t, c1)
		if !slices.EqualFunc(packets, packets1, bytes.Equal) || end.Error() != end1.Error() {
			t.Fatalf("byte by byte: %d packets and %v, in one piece %d and %v", len(packets1), end1, len(packets), end)
		}
		rewrite(t, c.framing, mtproto.Server, packets)
	})
}

func FuzzObfuscationHeader(f *testing.F) {
	f.Add(vectors.Hex(f, "obfuscation.cases.0.random64"), []byte{}, int16(2))
	f.Add(vectors.Hex(f, "obfuscation.cases.1.random64"), vectors.Hex(f, "obfuscation.cases.1.secret"), int16(-4))
	f.Fuzz(func(t *testing.T, random, secretBytes []byte, dc int16) {
		var secret *Secret
		if len(secretBytes) >= SecretSize {
			secret = (*Secret)(secretBytes)
		}
		for _, framing := range framings {
			h, err := drawHeader(bytes.NewReader(random), &Options{Framing: framing, DC: int(dc)})
			if err != nil {
				continue
			}
			out, in := h.streams(secret)
			received := header(h.seal(out))
			if received.mistakable() {
				t.Fatalf("header %x begins like something else", received)
			}
			out1, in1 := received.unseal(secret)
			if received != *h {
				t.Fatalf("sealed %x, unsealed %x", *h, received)
			}
			if got, ok := framingOf(received.tag()); ok != (framing != Full) || ok && got != framing {
				t.Fatalf("%v has the tag of %v", framing, got)
			}
			for _, pair := range [][2][]byte{{keystream(out), keystream(out1)}, {keystream(in), keystream(in1)}} {
				if !bytes.Equal(pair[0], pair[1]) {
					t.Fatalf("keystreams differ: %x and %x", pair[0], pair[1])
				}
			}
		}
	})
}
