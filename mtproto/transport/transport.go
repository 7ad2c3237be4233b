// Package transport carries MTProto packets over a TCP connection: it frames
// them, hides them under obfuscation where asked to, and tells which framing a
// client has chosen (PROTOCOL sections 2.1 to 2.3).
//
// A client calls [NewClient] on a connection that it has dialed, a server
// [Accept] on one that it has accepted. Both return a [Conn], on which
// [Conn.WritePacket] and [Conn.ReadPacket] do the rest. What is inside a
// packet is not looked at, with one exception: a client's ReadPacket sorts out
// transport errors and quick acknowledgements.
//
// # Concurrency
//
// One goroutine may read from a Conn while another writes to it. Two
// goroutines must not read, nor two write, at the same time. Close and the
// deadlines may be used at any time from anywhere. After an error of a read
// other than [*Error], or of a write other than [ErrPacketSize], the stream
// has lost its place and the Conn is only good for Close.
//
// Numbers such as R-TR-30 are those of docs/requirements.md.
package transport

import (
	"bufio"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"godwit/mtproto"
)

// Framing is the way in which packets are told apart on the stream.
type Framing uint8

// The framings of TCP (section 2.1), smallest overhead first.
const (
	Abridged           Framing = iota // 1 or 4 bytes of length
	Intermediate                      // 4 bytes of length
	PaddedIntermediate                // the same, and up to 15 random bytes after the payload
	Full                              // length, sequence number and CRC-32
)

// String returns the framing's name in lower case.
func (f Framing) String() string {
	switch f {
	case Abridged:
		return "abridged"
	case Intermediate:
		return "intermediate"
	case PaddedIntermediate:
		return "padded intermediate"
	case Full:
		return "full"
	}
	return fmt.Sprintf("framing %d", uint8(f))
}

// DefaultMaxPacket is the size in bytes of the largest packet that a Conn
// accepts unless told otherwise: 4 MiB and 1 KiB (R-TR-05).
const DefaultMaxPacket = 4<<20 + 1<<10

// maxMaxPacket keeps every length below 2^24, the least that a framing can
// announce with its own overhead (R-TR-05).
const maxMaxPacket = 1<<24 - 64

// Options say how a connection is to be used. The zero Options are those of an
// abridged client, or of a server.
type Options struct {
	// Framing is what a client sends; a server finds out for itself.
	Framing Framing
	// Obfuscated makes a client hide everything under obfuscation (section
	// 2.3). With Full framing only a godwit server understands it, since that
	// framing has no marker (R-OB-02). A server that is Obfuscated takes nothing
	// else, and takes whatever comes first for a header.
	Obfuscated bool
	// Enclosed says that what a client sends goes inside something else, as that
	// of fake TLS, so that nobody can take an obfuscation header for the
	// beginning of something else: any will do (R-OB-12).
	Enclosed bool
	// DC goes into a client's obfuscation header, -32768 to 32767; 0 leaves
	// random bytes there. Only proxies look at it (R-OB-03).
	DC int
	// Secret is mixed into the obfuscation keys of both sides where it is not
	// nil (R-OB-05).
	Secret *Secret
	// Secrets are others that a server's clients may have instead of Secret, or
	// instead of none: those of the proxy that the server is besides.
	Secrets []Secret
	// Rand is the source of obfuscation headers and padding, crypto/rand's if
	// nil.
	Rand io.Reader
	// MaxPacket is the size in bytes of the largest packet that is read or
	// written, not counting what framing adds; 0 means DefaultMaxPacket.
	MaxPacket int
	// MaxPadding is the most random bytes that padded framing adds to a packet,
	// 1 to 15. 0 stands for 15 on a client, which hides best how long packets
	// are, and for 3 on a server: Telegram's own proxies add as little, and
	// gotd takes no more off, neither as client nor as server.
	MaxPadding int
	// QuickAck, if not nil, is called by a client's ReadPacket with each
	// quick acknowledgement that arrives (R-TR-24). It must not read from the
	// Conn.
	QuickAck func(token uint32)
}

// ErrPacketSize says that a packet cannot be framed: it is empty, larger than
// MaxPacket, or its size is no multiple of 4. Nothing has been written.
var ErrPacketSize = errors.New("size does not fit the transport")

// A Conn carries packets over one connection. See the package documentation
// for what may be used concurrently.
type Conn struct {
	net        net.Conn
	side       mtproto.Side
	framing    Framing
	obfuscated bool
	secret     *Secret // under which the obfuscation is
	dc         int     // server: what the client's header names
	max        int
	padding    int // the most that padded framing adds
	rand       io.Reader
	quickAck   func(uint32)

	// Reading.
	in       *bufio.Reader
	decrypt  cipher.Stream // nil without obfuscation
	readSeq  uint32        // full framing
	ackAsked bool
	head     [12]byte // scratch space of readHead
	headHeld bool     // detection has read the first head

	// Writing.
	encrypt  cipher.Stream // nil without obfuscation
	writeSeq uint32        // full framing
	prefix   []byte        // goes before the first packet, as it stands
}

const (
	// readBuffer is small since a server has thousands of connections, and a bridge
	// too; packets that are larger are read past it.
	readBuffer = 1024
	// readStep is by how much the room for a packet grows at least.
	readStep = 2048
)

func newConn(c net.Conn, o *Options, side mtproto.Side) (*Conn, error) {
	conn := &Conn{
		net: c, side: side, max: o.MaxPacket, padding: o.MaxPadding, rand: o.Rand, quickAck: o.QuickAck,
		in: bufio.NewReaderSize(c, readBuffer),
	}
	if conn.max == 0 {
		conn.max = DefaultMaxPacket
	}
	if conn.max < 4 || conn.max > maxMaxPacket {
		return nil, fmt.Errorf("transport: MaxPacket %d is not within 4 and %d", o.MaxPacket, maxMaxPacket)
	}
	switch {
	case conn.padding < 0 || conn.padding > maxPadding:
		return nil, fmt.Errorf("transport: MaxPadding %d is not within 0 and %d", o.MaxPadding, maxPadding)
	case conn.padding == 0 && side == mtproto.Client:
		conn.padding = maxPadding
	case conn.padding == 0:
		conn.padding = serverPadding
	}
	if conn.rand == nil {
		conn.rand = rand.Reader
	}
	return conn, nil
}

// NewClient returns the client's end of c. It writes nothing: the marker or
// the obfuscation header goes out with the first packet. It fails on options
// out of range, and where Rand does.
func NewClient(c net.Conn, o Options) (*Conn, error) {
	conn, err := newConn(c, &o, mtproto.Client)
	if err != nil {
		return nil, err
	}
	if o.Framing > Full {
		return nil, fmt.Errorf("transport: no such framing: %v", o.Framing)
	}
	conn.framing = o.Framing
	if !o.Obfuscated {
		conn.prefix = plainMarker(o.Framing)
		return conn, nil
	}
	header, err := drawHeader(conn.rand, &o)
	if err != nil {
		return nil, err
	}
	out, in := header.streams(o.Secret)
	conn.prefix, conn.secret = header.seal(out), o.Secret
	conn.useStreams(out, in)
	return conn, nil
}

// Framing returns the framing in use.
func (c *Conn) Framing() Framing { return c.framing }

// Obfuscated reports whether the connection is under obfuscation.
func (c *Conn) Obfuscated() bool { return c.obfuscated }

// Secret returns the secret that the obfuscation of both sides is under, nil
// for none.
func (c *Conn) Secret() *Secret { return c.secret }

// DC returns what the header of an obfuscated client names on the server's
// side: a data centre where the client speaks to a proxy, and anything where
// it does not (R-OB-03).
func (c *Conn) DC() int { return c.dc }

// OnQuickAck implements [QuickAcker].
func (c *Conn) OnQuickAck(f func(token uint32)) { c.quickAck = f }

// RemoteAddr returns the address of the other end.
func (c *Conn) RemoteAddr() net.Addr { return c.net.RemoteAddr() }

// Close closes the connection underneath. Reads and writes under way fail.
func (c *Conn) Close() error { return c.net.Close() }

// SetReadDeadline sets when ReadPacket gives up; the zero time means never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.net.SetReadDeadline(t) }

// SetWriteDeadline sets when writing gives up; the zero time means never.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.net.SetWriteDeadline(t) }

// writeBuffers are shared by all connections, so that an idle one holds none.
var writeBuffers = sync.Pool{New: func() any { return new([]byte) }}

// WritePacket sends one packet in one write to the connection underneath. The
// size of p is a multiple of 4, from 4 to MaxPacket, or else the error is
// ErrPacketSize. WritePacket does not keep p or change it.
func (c *Conn) WritePacket(p []byte) error { return c.write(p, false) }

// WritePacketQuickAck is WritePacket, and asks the server to tell as soon as
// the packet has been decrypted (R-TR-20). The full framing cannot ask: there
// it is the same as WritePacket (R-TR-04).
func (c *Conn) WritePacketQuickAck(p []byte) error { return c.write(p, true) }

// WriteError sends a transport error (R-TR-30). Code is one of the Code
// constants, or another negative number.
func (c *Conn) WriteError(code int32) error {
	p := [4]byte{byte(code), byte(code >> 8), byte(code >> 16), byte(code >> 24)}
	return c.write(p[:], false)
}

func (c *Conn) write(p []byte, quickAck bool) error {
	if len(p) == 0 || len(p) > c.max || len(p)%4 != 0 {
		return fmt.Errorf("transport: packet of %d bytes: %w", len(p), ErrPacketSize)
	}
	return c.send(func(b []byte) ([]byte, error) { return c.appendPacket(b, p, quickAck) })
}

// WriteQuickAck tells the client that a packet of its has been decrypted
// (R-TR-22). The token is what the packet's sender computed too (R-TR-21); its
// top bit is set here. The full framing has no quick acknowledgements: there
// it does nothing.
func (c *Conn) WriteQuickAck(token uint32) error {
	if c.framing == Full {
		return nil
	}
	return c.send(func(b []byte) ([]byte, error) { return c.appendQuickAck(b, token|ackFlag) })
}

// send writes what add appends, under the obfuscation, in one piece.
func (c *Conn) send(add func([]byte) ([]byte, error)) error {
	pooled := writeBuffers.Get().(*[]byte)
	defer writeBuffers.Put(pooled)
	start := len(c.prefix)
	b, err := add(append((*pooled)[:0], c.prefix...))
	if err != nil {
		return err
	}
	*pooled = b
	if c.encrypt != nil {
		c.encrypt.XORKeyStream(b[start:], b[start:])
	}
	c.prefix = nil
	_, err = c.net.Write(b)
	return err
}

// ReadPacket waits for a packet and returns it, in the memory of buf if it
// fits there. With padded framing, what padding there is still follows the
// payload (R-TR-03).
//
// The error is io.EOF where the remote closed the connection between packets,
// a *mtproto.ViolationError where it broke the framing, and on a client an
// *Error where the packet was a transport error; after that last one reading
// may go on.
func (c *Conn) ReadPacket(buf []byte) ([]byte, error) {
	for {
		n, err := c.readHead()
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		p, err := c.readBody(buf[:0], n)
		if err != nil {
			return nil, err
		}
		if c.side == mtproto.Server {
			return p, nil
		}
		if control, err := c.control(p); err != nil {
			return nil, err
		} else if !control {
			return p, nil
		}
	}
}

// QuickAckRequested reports whether the packet that ReadPacket returned last
// asks for a quick acknowledgement (R-TR-20). It belongs to the reading side:
// only the goroutine that reads may call it.
func (c *Conn) QuickAckRequested() bool { return c.ackAsked }
