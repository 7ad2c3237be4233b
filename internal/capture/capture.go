// Package capture reads what programs such as tcpdump and Wireshark have
// captured of a network: the packets of a file, what of them is TCP, and the
// bytes of a TCP connection in their order.
//
// Start with [Open] and [Reader.Next]; [Packet.Segment] tells what is TCP, and
// an [Assembler] puts the segments of one direction in order. All else that a
// network carries is passed over.
package capture

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// What errors wrap.
var (
	// ErrEmpty is of a file of no bytes.
	ErrEmpty = errors.New("it is empty")
	// ErrFormat is of what is no capture.
	ErrFormat = errors.New("it is no capture: neither pcap nor pcapng")
	// ErrDamaged is of a capture that cannot be read on.
	ErrDamaged = errors.New("what stands there is no packet")
)

// maxPacket bounds a packet of a file, in bytes: what Wireshark does
// (WTAP_MAX_PACKET_SIZE_STANDARD).
const maxPacket = 256 << 10

// A Link is a kind of network, and so how its packets begin
// (https://www.tcpdump.org/linktypes.html).
type Link uint16

// The links that are read.
const (
	LinkNull     Link = 0 // BSD's loopback
	LinkEthernet Link = 1
	LinkRaw      Link = 101 // IP and nothing before
	LinkLoop     Link = 108 // OpenBSD's loopback
	LinkLinuxSLL Link = 113 // Linux, any interface
	LinkIPv4     Link = 228
	LinkIPv6     Link = 229
	LinkSLL2     Link = 276 // Linux, any interface, since 2018
)

// A Packet is one of a capture.
type Packet struct {
	Time   time.Time
	Link   Link
	Data   []byte // what has been captured of it; good until the next one is read
	Length int    // how many bytes it had
}

// A Reader reads a capture: pcap of either byte order, in microseconds or
// nanoseconds (https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/), or
// pcapng (https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/), packed by
// gzip or not.
type Reader struct {
	format interface{ next() (Packet, error) }
}

// First words of captures, read little-endian.
const (
	magicMicro      = 0xa1b2c3d4
	magicMicroOther = 0xd4c3b2a1 // the other byte order
	magicNano       = 0xa1b23c4d
	magicNanoOther  = 0x4d3cb2a1
	magicNG         = 0x0a0d0d0a
)

// Open reads the head of a capture. The error is an ErrEmpty for nothing at all,
// and an ErrFormat for what is none.
func Open(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if head, err := in.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		in = bufio.NewReaderSize(unpacked, 1<<16)
	}
	head, err := in.Peek(4)
	switch {
	case len(head) == 4:
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	case len(head) == 0:
		return nil, ErrEmpty
	default:
		return nil, fmt.Errorf("%w: it has %d bytes", ErrFormat, len(head))
	}
	var out Reader
	switch binary.LittleEndian.Uint32(head) {
	case magicMicro:
		out.format, err = openClassic(in, binary.LittleEndian, time.Microsecond)
	case magicMicroOther:
		out.format, err = openClassic(in, binary.BigEndian, time.Microsecond)
	case magicNano:
		out.format, err = openClassic(in, binary.LittleEndian, time.Nanosecond)
	case magicNanoOther:
		out.format, err = openClassic(in, binary.BigEndian, time.Nanosecond)
	case magicNG:
		out.format, err = openNG(in)
	default:
		return nil, fmt.Errorf("%w: it begins with %q", ErrFormat, head)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return &out, nil
}

// Next returns the next packet: io.EOF after the last one, io.ErrUnexpectedEOF
// if the capture ends in the middle of one, an ErrDamaged where it cannot be read on.
func (r *Reader) Next() (Packet, error) { return r.format.next() }

// A classic reads pcap.
type classic struct {
	in    *bufio.Reader
	order binary.ByteOrder
	unit  time.Duration // of the fraction of a second
	link  Link
	data  []byte
}

func openClassic(in *bufio.Reader, order binary.ByteOrder, unit time.Duration) (*classic, error) {
	var head [24]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	if major := order.Uint16(head[4:]); major != 2 {
		return nil, fmt.Errorf("version %d of pcap is not known", major)
	}
	// The upper half of the word tells of checksums at the end of frames.
	return &classic{in: in, order: order, unit: unit, link: Link(order.Uint32(head[20:]))}, nil
}

func (c *classic) next() (Packet, error) {
	var head [16]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return Packet{}, err
	}
	seconds, fraction := c.order.Uint32(head[0:]), c.order.Uint32(head[4:])
	captured, length := c.order.Uint32(head[8:]), c.order.Uint32(head[12:])
	if captured > maxPacket || captured > length {
		return Packet{}, fmt.Errorf("%w: it would have %d of %d bytes", ErrDamaged, captured, length)
	}
	var err error
	if c.data, err = readFull(c.in, c.data, int(captured)); err != nil {
		return Packet{}, err
	}
	at := time.Unix(int64(seconds), 0).Add(time.Duration(fraction) * c.unit).UTC()
	return Packet{Time: at, Link: c.link, Data: c.data, Length: int(length)}, nil
}

// readFull reads n bytes, into buf if there is room. A stream that ends has
// ended in the middle.
func readFull(in io.Reader, buf []byte, n int) ([]byte, error) {
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	_, err := io.ReadFull(in, buf)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return buf, err
}
