package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
)

// pair returns both ends of a WebSocket whose handshake is over.
func pair(t *testing.T) (client, server *conn) {
	t.Helper()
	near, far := net.Pipe()
	client = newConn(near, bufio.NewReader(near), mtproto.Client)
	server = newConn(far, bufio.NewReader(far), mtproto.Server)
	t.Cleanup(func() {
		near.Close()
		far.Close()
	})
	return client, server
}

// R-HT-06: bytes arrive as a stream both ways at once, whatever the messages
// that they came in.
func TestConnIsAStream(t *testing.T) {
	a, b := pair(t)
	sent := make([]byte, 200_000)
	for i := range sent {
		sent[i] = byte(i * 7)
	}
	var running sync.WaitGroup
	exchange := func(c *conn, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		running.Go(func() {
			for left := sent; len(left) > 0; {
				n := min(1+random.IntN(70_000), len(left))
				if _, err := c.Write(left[:n]); err != nil {
					t.Error(err)
					return
				}
				left = left[n:]
			}
		})
		running.Go(func() {
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%v: received other bytes, %v", c.side, err)
			}
		})
	}
	exchange(a, 1)
	exchange(b, 2)
	running.Wait()
	if n, err := a.Write(nil); n != 0 || err != nil {
		t.Errorf("writing nothing: %d, %v", n, err)
	}
	if n, err := a.Read(nil); n != 0 || err != nil {
		t.Errorf("reading nothing: %d, %v", n, err)
	}
}

// script plays a remote that sends exactly these frames, unmasked, and returns
// what is read of them and what comes back.
func script(t *testing.T, wire ...[]byte) (read, answer []byte, err error) {
	t.Helper()
	near, far := net.Pipe()
	c := newConn(near, bufio.NewReader(near), mtproto.Client)
	answered := make(chan []byte)
	go func() {
		got, _ := io.ReadAll(far)
		answered <- got
	}()
	go func() {
		_, _ = far.Write(bytes.Join(wire, nil))
		far.SetReadDeadline(time.Now().Add(10 * time.Second))
	}()
	read, err = readUntilError(c)
	near.Close()
	answer = <-answered
	far.Close()
	return read, answer, err
}

func readUntilError(c net.Conn) (all []byte, err error) {
	buf := make([]byte, 3)
	for {
		n, err := c.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil {
			return all, err
		}
	}
}

func wireFrame(fin bool, opcode byte, payload string) []byte {
	f := frame{fin: fin, opcode: opcode, length: uint64(len(payload))}
	return append(f.appendHead(nil), payload...)
}

// RFC 6455, sections 5.4 and 5.5: fragments are joined, control frames may come
// between them, pings are answered, a close is answered by 1000 and ends it.
func TestControlFrames(t *testing.T) {
	read, answer, err := script(t,
		wireFrame(true, opPong, "unasked"),
		wireFrame(false, opBinary, "ab"), wireFrame(true, opPing, "are you there"),
		wireFrame(false, opContinuation, ""), wireFrame(true, opContinuation, "cd"),
		wireFrame(true, opBinary, ""), wireFrame(true, opBinary, "ef"),
		wireFrame(true, opClose, "\x03\xe8429"),
	)
	if string(read) != "abcdef" || err != io.EOF {
		t.Errorf("read %q, %v", read, err)
	}
	r := bytes.NewReader(answer)
	for _, want := range []struct {
		opcode  byte
		payload string
	}{{opPong, "are you there"}, {opClose, "\x03\xe8"}} {
		f, err := readFrame(r, mtproto.Client)
		if err != nil {
			t.Fatal(err)
		}
		payload := make([]byte, f.length)
		if _, err := io.ReadFull(r, payload); err != nil {
			t.Fatal(err)
		}
		f.xor(payload, 0)
		if f.opcode != want.opcode || string(payload) != want.payload {
			t.Errorf("answered %#x %q, want %#x %q", f.opcode, payload, want.opcode, want.payload)
		}
	}
	if r.Len() != 0 {
		t.Errorf("%d more bytes", r.Len())
	}
}

// What breaks the rules ends reading with a typed error.
func TestBrokenStreams(t *testing.T) {
	for name, wire := range map[string][][]byte{
		"continuation of nothing":  {wireFrame(true, opContinuation, "x")},
		"message within a message": {wireFrame(false, opBinary, "x"), wireFrame(true, opBinary, "y")},
		"close of one byte":        {wireFrame(true, opClose, "x")},
		"text":                     {wireFrame(true, opText, "x")},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := script(t, wire...)
			var violation *mtproto.ViolationError
			if !errors.As(err, &violation) {
				t.Errorf("%v", err)
			}
		})
	}
}

// The end of the connection is io.EOF between messages only.
func TestConnEnds(t *testing.T) {
	for name, test := range map[string]struct {
		wire []byte
		want error
	}{
		"between messages": {wireFrame(true, opBinary, "x"), io.EOF},
		"within a message": {wireFrame(false, opBinary, "x"), io.ErrUnexpectedEOF},
		"within a frame":   {wireFrame(true, opBinary, "xyz")[:3], io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			c := newConn(nil, bufio.NewReader(bytes.NewReader(test.wire)), mtproto.Client)
			if _, err := readUntilError(c); err != test.want {
				t.Errorf("%v", err)
			}
		})
	}
}

// A remote that floods with pings and never reads neither blocks the reader
// nor makes anything pile up.
func TestPingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		wrote := make(chan error)
		go func() {
			_, err := a.Write(make([]byte, 100)) // which b does not read
			wrote <- err
		}()
		synctest.Wait()
		go func() {
			for i := range 1000 {
				ping := wireFrame(true, opPing, fmt.Sprint(i))
				if _, err := b.Conn.Write(ping); err != nil {
					t.Error(err)
				}
			}
			_, _ = b.Conn.Write(wireFrame(true, opBinary, "data"))
		}()
		got := make([]byte, 4)
		if _, err := io.ReadFull(a, got); err != nil || string(got) != "data" {
			t.Fatalf("%q, %v", got, err)
		}
		go func() {
			f, err := readFrame(b.in, mtproto.Client)
			if err != nil || f.opcode != opBinary {
				t.Errorf("%+v, %v", f, err)
			}
			_, _ = io.CopyN(io.Discard, b.in, 100)
			f, err = readFrame(b.in, mtproto.Client) // one pong, to the last ping
			payload := make([]byte, f.length)
			if _, err := io.ReadFull(b.in, payload); err != nil {
				t.Error(err)
			}
			f.xor(payload, 0)
			if err != nil || f.opcode != opPong || string(payload) != "999" {
				t.Errorf("%+v %q, %v", f, payload, err)
			}
		}()
		if err := <-wrote; err != nil {
			t.Error(err)
		}
	})
}

// Deadlines hold, and what could not be written whole is not gone on with.
func TestConnDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		start := time.Now()
		if err := a.SetDeadline(start.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		var timeout net.Error
		if _, err := a.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%v", err)
		}
		if _, err := a.Write([]byte("x")); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%v", err)
		}
		if _, err := a.Write([]byte("y")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
		// Closing does not wait for a remote that does not read.
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > time.Second+closeTimeout {
			t.Errorf("took %v", took)
		}
	})
}
