package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Types of the blocks of pcapng that are read.
const (
	blockSection   = magicNG
	blockInterface = 1
	blockObsolete  = 2 // Packet Block, superseded by Enhanced Packet Block
	blockSimple    = 3
	blockPacket    = 6
)

// Options of a description of an interface.
const (
	optionEnd        = 0
	optionResolution = 9
	optionOffset     = 14
)

// orderMagic is what a section begins with, in its own byte order.
const orderMagic = 0x1a2b3c4d

// maxBlock bounds a block that is kept in memory, in bytes: a packet with its
// options. Blocks that are passed over may be of any size.
const maxBlock = maxPacket + 64<<10

// maxSeconds is the end of the year 9998: dates have four digits.
const maxSeconds = 253370764799

// An ng reads pcapng.
type ng struct {
	in         *bufio.Reader
	order      binary.ByteOrder
	interfaces []ngInterface // of the section
	block      []byte        // the one that is read
}

// An ngInterface is where packets were captured.
type ngInterface struct {
	link    Link
	snaplen uint32
	units   uint64 // of time, per second
	offset  int64  // seconds to add
}

func openNG(in *bufio.Reader) (*ng, error) {
	n := &ng{in: in, order: binary.LittleEndian}
	kind, body, err := n.read()
	if err == nil && kind != blockSection {
		err = errors.New("no section begins it")
	}
	if err == nil {
		err = n.section(body)
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (n *ng) next() (Packet, error) {
	for {
		kind, body, err := n.read()
		if err != nil {
			return Packet{}, err
		}
		var p Packet
		switch kind {
		case blockSection:
			err = n.section(body)
		case blockInterface:
			err = n.describe(body)
		case blockPacket, blockObsolete:
			if p, err = n.packet(kind, body); err == nil {
				return p, nil
			}
		case blockSimple:
			if p, err = n.simple(body); err == nil {
				return p, nil
			}
		}
		if err != nil {
			return Packet{}, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
}

// read returns the next block without its frame; of a type that is passed over,
// nothing.
func (n *ng) read() (kind uint32, body []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(n.in, head[:]); err != nil {
		return 0, nil, err
	}
	kind = n.order.Uint32(head[:])
	if kind == blockSection { // reads the same in both orders
		magic, err := n.in.Peek(4)
		if err != nil {
			return 0, nil, io.ErrUnexpectedEOF
		}
		switch uint32(orderMagic) {
		case binary.LittleEndian.Uint32(magic):
			n.order = binary.LittleEndian
		case binary.BigEndian.Uint32(magic):
			n.order = binary.BigEndian
		default:
			return 0, nil, fmt.Errorf("%w: a section of the byte order %x", ErrDamaged, magic)
		}
	}
	length := n.order.Uint32(head[4:])
	if length < 12 || length%4 != 0 {
		return 0, nil, fmt.Errorf("%w: a block of %d bytes", ErrDamaged, length)
	}
	switch kind {
	case blockSection, blockInterface, blockObsolete, blockSimple, blockPacket:
		if length > maxBlock {
			return 0, nil, fmt.Errorf("%w: a block of %d bytes", ErrDamaged, length)
		}
		n.block, err = readFull(n.in, n.block, int(length)-8)
	default:
		if _, err = io.CopyN(io.Discard, n.in, int64(length)-12); err == nil {
			n.block, err = readFull(n.in, n.block, 4)
		} else if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil {
		return 0, nil, err
	}
	end := len(n.block) - 4
	if again := n.order.Uint32(n.block[end:]); again != length {
		return 0, nil, fmt.Errorf("%w: a block of %d bytes that ends as one of %d", ErrDamaged, length, again)
	}
	return kind, n.block[:end], nil
}

// errShort says that a block lacks what one of its type has.
var errShort = errors.New("a block is too short for its type")

func (n *ng) section(body []byte) error {
	if len(body) < 16 {
		return errShort
	}
	if major := n.order.Uint16(body[4:]); major != 1 {
		return fmt.Errorf("version %d of pcapng is not known", major)
	}
	n.interfaces = nil
	return nil
}

func (n *ng) describe(body []byte) error {
	if len(body) < 8 {
		return errShort
	}
	i := ngInterface{link: Link(n.order.Uint16(body)), snaplen: n.order.Uint32(body[4:]), units: 1e6}
	for options := body[8:]; len(options) >= 4; {
		code, length := n.order.Uint16(options), int(n.order.Uint16(options[2:]))
		if options = options[4:]; code == optionEnd {
			break
		}
		if length > len(options) {
			return errShort
		}
		value := options[:length]
		options = options[min((length+3)&^3, len(options)):]
		switch {
		case code == optionResolution && length == 1:
			units, err := resolution(value[0])
			if err != nil {
				return err
			}
			i.units = units
		case code == optionOffset && length == 8:
			i.offset = int64(n.order.Uint64(value))
		}
	}
	n.interfaces = append(n.interfaces, i)
	return nil
}

// resolution returns how many units of time a second has: a power of ten, or of
// two if the highest bit is set.
func resolution(b byte) (uint64, error) {
	exponent, base, most := b&0x7f, uint64(10), byte(19)
	if b&0x80 != 0 {
		base, most = 2, 63
	}
	if exponent > most {
		return 0, fmt.Errorf("a clock of %d**%d units a second", base, exponent)
	}
	units := uint64(1)
	for range exponent {
		units *= base
	}
	return units, nil
}

// packet reads an Enhanced Packet Block, or an obsolete one, which differs in
// its first word alone.
func (n *ng) packet(kind uint32, body []byte) (Packet, error) {
	if len(body) < 20 {
		return Packet{}, errShort
	}
	id := n.order.Uint32(body)
	if kind == blockObsolete {
		id = uint32(n.order.Uint16(body))
	}
	if int64(id) >= int64(len(n.interfaces)) {
		return Packet{}, fmt.Errorf("a packet of interface %d, of %d", id, len(n.interfaces))
	}
	i := n.interfaces[id]
	captured := n.order.Uint32(body[12:])
	length := n.order.Uint32(body[16:])
	if int64(captured) > int64(len(body)-20) || captured > length {
		return Packet{}, fmt.Errorf("a packet of %d of %d bytes in a block of %d", captured, length, len(body))
	}
	at := uint64(n.order.Uint32(body[4:]))<<32 | uint64(n.order.Uint32(body[8:]))
	return Packet{
		Time: i.time(at), Link: i.link, Data: body[20 : 20+captured], Length: int(length),
	}, nil
}

// simple reads a Simple Packet Block: it is of the first interface, and has no
// time.
func (n *ng) simple(body []byte) (Packet, error) {
	if len(body) < 4 {
		return Packet{}, errShort
	}
	if len(n.interfaces) == 0 {
		return Packet{}, errors.New("a packet of no interface")
	}
	i := n.interfaces[0]
	length := n.order.Uint32(body)
	captured := min(length, uint32(len(body)-4))
	if i.snaplen != 0 {
		captured = min(captured, i.snaplen)
	}
	return Packet{Link: i.link, Data: body[4 : 4+captured], Length: int(length)}, nil
}

func (i *ngInterface) time(at uint64) time.Time {
	seconds := int64(min(at/i.units, maxSeconds)) + min(max(i.offset, -maxSeconds), maxSeconds)
	nanoseconds := math.Round(float64(at%i.units) / float64(i.units) * 1e9)
	return time.Unix(min(max(seconds, 0), maxSeconds), int64(nanoseconds)).UTC()
}
