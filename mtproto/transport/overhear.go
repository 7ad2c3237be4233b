package transport

import (
	"bufio"
	"crypto/cipher"
	"encoding/binary"
	"io"

	"godwit/mtproto"
)

// A Reader reads one direction of a connection that others hold, as a capture
// has it. Begin with [Overhear]; where the beginning of the connection is
// missing, with [NewReader] and [Reader.Resync]. A Reader never writes.
type Reader struct {
	c     Conn
	plain *revealing
	found bool // the framing is known
	guess bool // by how the packets look that Resync has found
}

// Overhear returns readers of what a client and what its server have sent.
// Like [Accept] it reads the client's first bytes to tell the transport, and
// it fails as Accept does: the First of an *UnknownTransportError are all the
// bytes that it has taken, if client is a *bufio.Reader of the usual size. From
// server it takes none.
//
// Of the options it uses Secret, Secrets, MaxPacket and QuickAck, which is called with
// the quick acknowledgements of the server.
func Overhear(client, server io.Reader, o Options) (requests, answers *Reader, err error) {
	c, err := newConn(nil, &o, mtproto.Server)
	if err != nil {
		return nil, nil, err
	}
	c.in = bufio.NewReaderSize(client, readBuffer)
	if err := c.detect(&o); err != nil {
		return nil, nil, err
	}
	s := Conn{
		side: mtproto.Client, framing: c.framing, obfuscated: c.obfuscated, max: c.max, quickAck: o.QuickAck,
		in: bufio.NewReaderSize(server, readBuffer), decrypt: c.encrypt,
	}
	return newReader(c), newReader(&s), nil
}

// NewReader returns a Reader of what the side from has sent, in a framing
// that is not known and without obfuscation. It has to be told by Resync where
// a packet begins. It uses the same options as Overhear.
func NewReader(r io.Reader, from mtproto.Side, o Options) (*Reader, error) {
	c, err := newConn(nil, &o, from.Remote())
	if err != nil {
		return nil, err
	}
	c.in = bufio.NewReaderSize(r, readBuffer)
	reader := newReader(c)
	reader.found, reader.guess = false, true
	return reader, nil
}

// newReader moves decryption below the buffer, so that what is ahead can be
// looked at.
func newReader(c *Conn) *Reader {
	plain := &revealing{c.in, c.decrypt}
	c.in, c.decrypt = bufio.NewReaderSize(plain, readBuffer), nil
	return &Reader{c: *c, plain: plain, found: true}
}

// Framing returns the framing in use.
func (r *Reader) Framing() Framing { return r.c.framing }

// Obfuscated reports whether the connection is under obfuscation.
func (r *Reader) Obfuscated() bool { return r.c.obfuscated }

// ReadPacket returns the next packet, as [Conn.ReadPacket] does. Errors of the
// reader underneath come back as they are, also in the middle of a packet.
func (r *Reader) ReadPacket(buf []byte) ([]byte, error) { return r.c.ReadPacket(buf) }

// QuickAckRequested is [Conn.QuickAckRequested].
func (r *Reader) QuickAckRequested() bool { return r.c.ackAsked }

// firstBytes is how much of a packet's beginning Resync shows.
const firstBytes = 8

// Resync finds the next packet after an error of ReadPacket. Lost says how
// many bytes the reader underneath has left out since then, 0 for none; under
// obfuscation they count as much as those that came. Begins is asked for the
// place of a packet: it is given the size and the first 8 bytes of what could
// be one and says whether it is.
//
// Resync returns how many bytes it has passed over. Its error is the reader's;
// a further call may follow it.
func (r *Reader) Resync(lost int, begins func(size int, first []byte) bool) (passed int, err error) {
	r.plain.skip(lost)
	r.c.headHeld = false
	if r.guess && r.found && lost == 0 && r.c.framing == Intermediate {
		// A padded packet that got no padding has looked like one without.
		r.c.framing = PaddedIntermediate
	}
	for {
		window, err := r.c.in.Peek(fullHead + firstBytes)
		if len(window) >= 1+firstBytes && r.packetAt(window, begins) {
			return passed, nil
		}
		if err != nil {
			n, _ := r.c.in.Discard(len(window))
			return passed + n, err
		}
		n, _ := r.c.in.Discard(1) // it has been peeked at
		passed += n
	}
}

// packetAt reports whether a packet begins at the window, in the framing of
// the reader or, where that is not known yet, in any.
func (r *Reader) packetAt(window []byte, begins func(int, []byte) bool) bool {
	for _, f := range []Framing{Full, Intermediate, PaddedIntermediate, Abridged} {
		if r.found && f != r.c.framing {
			continue
		}
		size, head := headOf(f, window)
		if size <= 0 || size > r.c.max+maxPadding || len(window) < head+firstBytes || f != PaddedIntermediate && size%4 != 0 {
			continue
		}
		if !begins(size, window[head:head+firstBytes]) {
			continue
		}
		if f == Full {
			r.c.readSeq = binary.LittleEndian.Uint32(window[4:])
		}
		r.c.framing, r.found = f, true
		return true
	}
	return false
}

// headOf reads the head of a packet: the payload's size, at most, and its own.
func headOf(f Framing, p []byte) (size, head int) {
	switch {
	case f == Full:
		return int(binary.LittleEndian.Uint32(p)) - fullHead - fullTail, fullHead
	case f != Abridged:
		return int(binary.LittleEndian.Uint32(p) &^ ackFlag), 4
	case p[0]&0x7f < 0x7f:
		return 4 * int(p[0]&0x7f), 1
	}
	return 4 * (int(p[1]) | int(p[2])<<8 | int(p[3])<<16), 4
}

// revealing takes the obfuscation off what it reads.
type revealing struct {
	in     *bufio.Reader
	stream cipher.Stream // nil without obfuscation
}

func (r *revealing) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if r.stream != nil {
		r.stream.XORKeyStream(p[:n], p[:n])
	}
	return n, err
}

// skip moves the keystream past n bytes that are lost.
func (r *revealing) skip(n int) {
	if r.stream == nil {
		return
	}
	var waste [4096]byte
	for n > 0 {
		step := min(n, len(waste))
		r.stream.XORKeyStream(waste[:step], waste[:step])
		n -= step
	}
}
