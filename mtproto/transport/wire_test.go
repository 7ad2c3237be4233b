package transport

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"testing/iotest"
	"time"

	"godwit/mtproto"
)

// A wire is a connection whose input is known beforehand and whose output is
// kept, write by write.
type wire struct {
	in       io.Reader
	writes   [][]byte
	deadline error // what reads fail with after the input, io.EOF if nil
	largest  int   // the largest buffer that was offered for reading
}

func wireOf(input ...[]byte) *wire { return &wire{in: bytes.NewReader(bytes.Join(input, nil))} }

func (w *wire) Read(p []byte) (int, error) {
	w.largest = max(w.largest, len(p))
	n, err := w.in.Read(p)
	if err == io.EOF && w.deadline != nil {
		err = w.deadline
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	w.writes = append(w.writes, bytes.Clone(p))
	return len(p), nil
}

func (w *wire) sent() []byte { return bytes.Join(w.writes, nil) }

func (*wire) Close() error                     { return nil }
func (*wire) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*wire) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*wire) SetDeadline(time.Time) error      { return nil }
func (*wire) SetReadDeadline(time.Time) error  { return nil }
func (*wire) SetWriteDeadline(time.Time) error { return nil }

// A segmented connection hands on what is written to it in pieces of at most
// size bytes, and reads likewise, as a network may.
type segmented struct {
	net.Conn
	size   int
	reader io.Reader
}

func segment(c net.Conn, size int) *segmented {
	s := &segmented{Conn: c, size: size, reader: c}
	if size == 1 {
		s.reader = iotest.OneByteReader(c)
	}
	return s
}

func (s *segmented) Read(p []byte) (int, error) { return s.reader.Read(p) }

func (s *segmented) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n, err := s.Conn.Write(p[:min(s.size, len(p))])
		written += n
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

// seeded is a source of randomness that repeats itself.
func seeded() io.Reader {
	var seed [32]byte
	copy(seed[:], "transport tests")
	return rand.NewChaCha8(seed)
}

// payload returns n bytes that do not look like a transport error.
func payload(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i)
	}
	return p
}

func client(t testing.TB, c net.Conn, o Options) *Conn {
	t.Helper()
	if o.Rand == nil {
		o.Rand = seeded()
	}
	conn, err := NewClient(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// server makes a Conn of a server of known framing, without detection.
func server(t testing.TB, w *wire, f Framing) *Conn {
	t.Helper()
	conn, err := newConn(w, &Options{Rand: seeded()}, mtproto.Server)
	if err != nil {
		t.Fatal(err)
	}
	conn.framing = f
	return conn
}

// testTime is long past.
func testTime() time.Time { return time.Unix(1700000000, 0) }
