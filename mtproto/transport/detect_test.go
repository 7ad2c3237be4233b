package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"godwit/mtproto"
)

// R-TR-01, R-OB-07, R-SV-01, R-SV-11: every framing, obfuscated or not, with a
// secret or not, is told from its first bytes however the network cuts them,
// and carries packets both ways at once.
func TestConversation(t *testing.T) {
	for _, f := range framings {
		for _, obfuscated := range []bool{false, true} {
			for _, secret := range []*Secret{nil, {1, 2, 3}} {
				for _, size := range []int{1, 3, 64, 1 << 20} {
					name := fmt.Sprintf("%v obfuscated=%v secret=%v pieces of %d", f, obfuscated, secret != nil, size)
					t.Run(name, func(t *testing.T) {
						converse(t, Options{Framing: f, Obfuscated: obfuscated, Secret: secret, DC: 2}, size)
					})
				}
			}
		}
	}
}

var conversationSizes = []int{24, 40, 504, 508, 5000, 72}

func converse(t *testing.T, o Options, segmentSize int) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	c := client(t, segment(near, segmentSize), o)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		s, err := Accept(segment(far, segmentSize), Options{Secret: o.Secret, Rand: seeded()})
		if err != nil {
			t.Error(err)
			far.Close()
			return
		}
		if s.Framing() != o.Framing || s.Obfuscated() != o.Obfuscated {
			t.Errorf("accepted as %v, obfuscated=%v", s.Framing(), s.Obfuscated())
		}
		// Both ends write and read at the same time.
		wg.Go(func() { exchange(t, s, s.WritePacket) })
		expect(t, s)
	})
	wg.Go(func() { expect(t, c) })
	exchange(t, c, c.WritePacketQuickAck)
}

func exchange(t *testing.T, c *Conn, write func([]byte) error) {
	for _, n := range conversationSizes {
		if err := write(payload(n)); err != nil {
			t.Errorf("writing %d bytes: %v", n, err)
			c.Close()
			return
		}
	}
}

func expect(t *testing.T, c *Conn) {
	var buf []byte
	for _, n := range conversationSizes {
		p, err := c.ReadPacket(buf)
		if err != nil || !bytes.HasPrefix(p, payload(n)) || len(p) > n+maxPadding {
			t.Errorf("reading %d bytes: %d bytes, %v", n, len(p), err)
			c.Close()
			return
		}
		if c.QuickAckRequested() != (c.side == mtproto.Server && c.Framing() != Full) {
			t.Errorf("%v: quick ack requested: %v", c.side, c.QuickAckRequested())
		}
		buf = p
	}
}

// A packet is one write, and the first takes the marker or header along.
func TestOneWritePerPacket(t *testing.T) {
	for _, f := range framings {
		for _, obfuscated := range []bool{false, true} {
			w := wireOf()
			c := client(t, w, Options{Framing: f, Obfuscated: obfuscated})
			if len(w.writes) != 0 {
				t.Fatalf("%v: NewClient wrote %x", f, w.writes)
			}
			for _, n := range []int{24, 8192} {
				if err := c.WritePacket(payload(n)); err != nil {
					t.Fatal(err)
				}
			}
			if len(w.writes) != 2 {
				t.Errorf("%v obfuscated=%v: %d writes for 2 packets", f, obfuscated, len(w.writes))
			}
		}
	}
}

// Accept takes no more than it needs: a client that has sent just one packet is
// served. What it reads of an obfuscated full framing is 8 bytes of that packet.
func TestDetectionIsEager(t *testing.T) {
	for _, f := range framings {
		for _, obfuscated := range []bool{false, true} {
			w := wireOf()
			if err := client(t, w, Options{Framing: f, Obfuscated: obfuscated}).WritePacket(payload(24)); err != nil {
				t.Fatal(err)
			}
			in := wireOf(w.sent())
			in.deadline = os.ErrDeadlineExceeded
			s, err := Accept(in, Options{})
			if err != nil {
				t.Fatalf("%v obfuscated=%v: %v", f, obfuscated, err)
			}
			if p, err := s.ReadPacket(nil); err != nil || !bytes.HasPrefix(p, payload(24)) {
				t.Errorf("%v obfuscated=%v: %x, %v", f, obfuscated, p, err)
			}
		}
	}
}

// What is no transport is refused with its first bytes; R-OB-07 for what could
// be a header.
func TestUnknownTransports(t *testing.T) {
	noise := make([]byte, 256)
	if _, err := seeded().Read(noise); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		input []byte
		first int  // bytes that the error carries
		ended bool // for want of more
		http  bool
	}{
		{"get", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 4, false, true},
		{"post", []byte("POST /api HTTP/1.1\r\n"), 4, false, true},
		{"head", []byte("HEAD / HTTP/1.1\r\n"), 4, false, true},
		{"options", []byte("OPTIONS * HTTP/1.1\r\n"), 4, false, true},
		{"put", []byte("PUT / HTTP/1.1\r\nHost: x\r\n\r\n"), 27, true, false},
		{"tls", []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 4, false, false},
		{"short line", []byte("hello\r\n"), 7, true, false},
		{"one byte", []byte{0}, 1, true, false},
		{"three bytes", []byte{0xee, 0xee, 0xee}, 3, true, false},
		{"noise", noise, headerSize + fullHead, false, false},
		{"noise of a header's size", noise[:headerSize], headerSize, true, false},
		{"noise and a bit", noise[:headerSize+7], headerSize + 7, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Accept(wireOf(test.input), Options{})
			var unknown *UnknownTransportError
			if !errors.As(err, &unknown) {
				t.Fatalf("accepted: %v", err)
			}
			if !bytes.Equal(unknown.First, test.input[:test.first]) || unknown.IsHTTP() != test.http {
				t.Errorf("first bytes %q, HTTP %v", unknown.First, unknown.IsHTTP())
			}
			if errors.Is(err, io.ErrUnexpectedEOF) != test.ended || !strings.Contains(err.Error(), "unknown beginning") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// Obfuscated full framing must look right from its first head on (R-OB-02): a
// wrong number, an empty, odd or overlong packet is noise.
func TestFullUnderObfuscation(t *testing.T) {
	for name, spoil := range map[string]byte{"number": 4, "odd length": 0, "length": 3} {
		w := wireOf()
		if err := client(t, w, Options{Framing: Full, Obfuscated: true}).WritePacket(payload(24)); err != nil {
			t.Fatal(err)
		}
		p := w.sent()
		p[headerSize+int(spoil)] ^= 1
		var unknown *UnknownTransportError
		if _, err := Accept(wireOf(p), Options{}); !errors.As(err, &unknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, total := range []uint32{0, 4, 12} {
		head := []byte{byte(total), 0, 0, 0, 0, 0, 0, 0}
		if fullBegins(head, 64) {
			t.Errorf("a first packet of %d bytes in all is taken", total)
		}
	}
}

// Both ends must have the same secret (R-OB-05).
func TestWrongSecret(t *testing.T) {
	for _, secrets := range [][2]*Secret{{nil, {1}}, {{1}, nil}, {{1}, {2}}} {
		w := wireOf()
		if err := client(t, w, Options{Obfuscated: true, Secret: secrets[0]}).WritePacket(payload(64)); err != nil {
			t.Fatal(err)
		}
		var unknown *UnknownTransportError
		if _, err := Accept(wireOf(w.sent()), Options{Secret: secrets[1]}); !errors.As(err, &unknown) {
			t.Errorf("accepted: %v", err)
		}
	}
}

// Nothing sent is no unknown transport, and the cause of a failure stays
// visible.
func TestAcceptFailures(t *testing.T) {
	if _, err := Accept(wireOf(), Options{}); !errors.Is(err, io.EOF) {
		t.Errorf("nothing sent: %v, want io.EOF", err)
	}
	slow := wireOf([]byte{1, 2, 3, 4, 5})
	slow.deadline = os.ErrDeadlineExceeded
	_, err := Accept(slow, Options{})
	var unknown *UnknownTransportError
	if !errors.As(err, &unknown) || !errors.Is(err, os.ErrDeadlineExceeded) || !slices.Equal(unknown.First, []byte{1, 2, 3, 4, 5}) {
		t.Errorf("deadline after 5 bytes: %v", err)
	}
	if _, err := Accept(wireOf(), Options{MaxPacket: 1}); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("MaxPacket 1: %v", err)
	}
	if (&UnknownTransportError{First: []byte{1}}).IsHTTP() {
		t.Error("one byte is HTTP")
	}
}

// The methods that pass through do.
func TestPassThrough(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := client(t, near, Options{})
	if c.RemoteAddr() != near.RemoteAddr() {
		t.Error("another address")
	}
	past := testTime()
	if err := errors.Join(c.SetReadDeadline(past), c.SetWriteDeadline(past)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ReadPacket(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading: %v", err)
	}
	if err := c.WritePacket(payload(24)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("writing: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.WritePacket(payload(24)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("writing after Close: %v", err)
	}
}
