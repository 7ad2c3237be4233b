package web

import (
	"bufio"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"godwit/mtproto"
)

// A conn is a WebSocket as a stream of bytes. Each Write is one binary message.
type conn struct {
	net.Conn
	side mtproto.Side
	in   *bufio.Reader

	// Reading.
	head  frame  // of the data frame in hand
	at    uint64 // how much of its payload has been read
	open  bool   // a message has begun whose last frame has not come
	ended error  // what every further Read returns

	writing sync.Mutex // held while writing; guards closed
	closed  bool       // nothing can be written any more

	small    sync.Mutex // held for a moment; guards what follows
	deadline time.Time  // for writing, as it was asked for
	pong     []byte     // what answers the latest ping; nil once it is sent
}

const (
	closeNormal = 1000 // the one close code in use (R-HT-06)
	// controlTimeout is for frames that the other side did not ask for by
	// reading: it must not hold a reader up for long.
	controlTimeout = 10 * time.Second
	closeTimeout   = 100 * time.Millisecond
)

// newConn returns the WebSocket over c, from which in reads.
func newConn(c net.Conn, in *bufio.Reader, side mtproto.Side) *conn {
	return &conn{Conn: c, side: side, in: in}
}

// Read implements net.Conn. It answers pings on the way. The error is io.EOF
// after the remote has closed the WebSocket in whatever way between messages.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 || c.ended != nil {
		return 0, c.ended
	}
	for c.at == c.head.length {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	most := min(uint64(len(p)), c.head.length-c.at)
	n, err := c.in.Read(p[:most])
	c.head.xor(p[:n], c.at)
	c.at += uint64(n)
	return n, unexpected(err)
}

// next reads up to the payload of the next data frame.
func (c *conn) next() error {
	f, err := readFrame(c.in, c.side.Remote())
	if errors.Is(err, io.EOF) && c.open {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	switch {
	case f.opcode >= opClose:
		return c.control(&f)
	case (f.opcode == opContinuation) != c.open:
		return violation("frame of opcode %#x, within a message: %v", f.opcode, c.open)
	}
	c.head, c.at, c.open = f, 0, !f.fin
	return nil
}

// control deals with a control frame.
func (c *conn) control(f *frame) error {
	payload := make([]byte, f.length)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		return unexpected(err)
	}
	f.xor(payload, 0)
	switch f.opcode {
	case opPing:
		c.answerPing(payload)
	case opClose:
		if len(payload) == 1 {
			return violation("close frame of 1 byte")
		}
		c.ended = io.EOF
		c.sendClose()
		return io.EOF
	}
	return nil // a pong that nobody has asked for
}

// answerPing sends a pong to the latest ping, or leaves it to the writer at
// work: that one may be waiting for a remote that waits for us.
func (c *conn) answerPing(payload []byte) {
	c.small.Lock()
	c.pong = payload
	c.small.Unlock()
	c.flushPong()
}

// flushPong sends the pong that is due, unless somebody is writing, who does
// it afterwards.
func (c *conn) flushPong() {
	for c.pongDue() && c.writing.TryLock() {
		c.small.Lock()
		payload := c.pong
		c.pong = nil
		c.small.Unlock()
		if payload != nil {
			_ = c.writeControl(opPong, payload, controlTimeout) // a broken connection shows in the next read
		}
		c.writing.Unlock()
	}
}

func (c *conn) pongDue() bool {
	c.small.Lock()
	defer c.small.Unlock()
	return c.pong != nil
}

// writeControl sends a control frame under a deadline of its own.
func (c *conn) writeControl(opcode byte, payload []byte, timeout time.Duration) error {
	if c.closed {
		return nil
	}
	if err := c.Conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	err := c.writeFrame(opcode, payload)
	c.closed = err != nil || opcode == opClose
	c.small.Lock()
	defer c.small.Unlock()
	if reset := c.Conn.SetWriteDeadline(c.deadline); err == nil {
		err = reset
	}
	return err
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.small.Lock()
	defer c.small.Unlock()
	c.deadline = t
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// Write implements net.Conn: it sends p as one message.
func (c *conn) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	defer c.flushPong()
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	if err := c.writeFrame(opBinary, p); err != nil {
		c.closed = true // in the middle of a frame
		return 0, err
	}
	return len(p), nil
}

// frames are buffers for outgoing frames, shared by all connections.
var frames = sync.Pool{New: func() any { return new([]byte) }}

func (c *conn) writeFrame(opcode byte, payload []byte) error {
	f := frame{fin: true, opcode: opcode, masked: c.side == mtproto.Client, length: uint64(len(payload))}
	if f.masked {
		_, _ = rand.Read(f.mask[:]) // never fails
	}
	pooled := frames.Get().(*[]byte)
	defer frames.Put(pooled)
	b := f.appendHead((*pooled)[:0])
	start := len(b)
	b = append(b, payload...)
	f.xor(b[start:], 0)
	*pooled = b
	_, err := c.Conn.Write(b)
	return err
}

// sendClose says that nothing more will come, if nobody is writing: then there
// is no telling when.
func (c *conn) sendClose() {
	if c.writing.TryLock() {
		defer c.writing.Unlock()
		_ = c.writeControl(opClose, []byte{closeNormal >> 8, closeNormal & 0xff}, closeTimeout)
	}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.sendClose()
	return c.Conn.Close()
}
