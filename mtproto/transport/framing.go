package transport

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"

	"godwit/mtproto"
)

// ackFlag in a length asks for a quick acknowledgement; in the first word of
// an answer it tells a token from a length (R-TR-20, R-TR-23).
const ackFlag = 1 << 31

// What full framing adds to the payload: length, sequence number, CRC-32.
const (
	fullHead = 8
	fullTail = 4
)

// What padded framing adds at most: a client and a server, unless
// Options.MaxPadding says otherwise.
const (
	maxPadding    = 15
	serverPadding = 3
)

// controlLimit is below the size of every packet of messages: a plaintext one
// has a head of 20 bytes. What is shorter comes from the transport itself
// (R-TR-31).
const controlLimit = 20

func (c *Conn) appendPacket(b, p []byte, quickAck bool) ([]byte, error) {
	switch c.framing {
	case Abridged:
		return append(appendAbridgedHead(b, len(p), quickAck), p...), nil
	case PaddedIntermediate:
		return c.appendPadded(b, p, quickAck)
	case Full:
		return c.appendFull(b, p), nil
	}
	return append(appendLength(b, len(p), quickAck), p...), nil
}

// appendAbridgedHead writes the length in words of four bytes: in one byte
// below 127, else in three after 7F (R-TR-02). The top bit of the first byte
// is the ack flag.
func appendAbridgedHead(b []byte, size int, quickAck bool) []byte {
	var flag byte
	if quickAck {
		flag = 0x80
	}
	words := size / 4
	if words < 0x7f {
		return append(b, byte(words)|flag)
	}
	return append(b, 0x7f|flag, byte(words), byte(words>>8), byte(words>>16))
}

func appendLength(b []byte, size int, quickAck bool) []byte {
	n := uint32(size)
	if quickAck {
		n |= ackFlag
	}
	return binary.LittleEndian.AppendUint32(b, n)
}

// appendPadded writes an intermediate packet with random bytes after it. What
// the transport itself says goes without: some clients know it by its length.
func (c *Conn) appendPadded(b, p []byte, quickAck bool) ([]byte, error) {
	if len(p) < controlLimit {
		return append(appendLength(b, len(p), quickAck), p...), nil
	}
	lengthAt := len(b)
	b = append(appendLength(b, 0, false), p...)
	padAt := len(b)
	// One more byte than can be needed is drawn: it tells how many are.
	b = slices.Grow(b, maxPadding+1)[:padAt+maxPadding+1]
	if _, err := io.ReadFull(c.rand, b[padAt:]); err != nil {
		return nil, err
	}
	pad := int(b[padAt+maxPadding]) % (c.padding + 1)
	appendLength(b[:lengthAt], len(p)+pad, quickAck)
	return b[:padAt+pad], nil
}

func (c *Conn) appendFull(b, p []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(fullHead+len(p)+fullTail))
	b = binary.LittleEndian.AppendUint32(b, c.writeSeq)
	c.writeSeq++
	b = append(b, p...)
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

// appendQuickAck writes an acknowledgement (R-TR-22): the bare token, reversed
// in abridged framing so that the flag leads, or a packet of its own in padded.
func (c *Conn) appendQuickAck(b []byte, token uint32) ([]byte, error) {
	switch c.framing {
	case Abridged:
		return binary.BigEndian.AppendUint32(b, token), nil
	case PaddedIntermediate:
		p := [8]byte{0xff, 0xff, 0xff, 0xff}
		binary.LittleEndian.PutUint32(p[4:], token)
		return c.appendPadded(b, p[:], false)
	}
	return binary.LittleEndian.AppendUint32(b, token), nil
}

// readHead reads what comes before a packet and returns the packet's size. It
// returns 0 where a quick acknowledgement stood there instead.
func (c *Conn) readHead() (int, error) {
	switch c.framing {
	case Abridged:
		return c.readAbridgedHead()
	case Full:
		return c.readFullHead()
	}
	if err := c.fillHead(4); err != nil {
		return 0, err
	}
	word := binary.LittleEndian.Uint32(c.head[:])
	if word&ackFlag != 0 && c.side == mtproto.Client && c.framing == Intermediate {
		c.gotQuickAck(word)
		return 0, nil
	}
	c.ackAsked = word&ackFlag != 0
	size := int(word &^ ackFlag)
	if c.framing == PaddedIntermediate {
		return c.checkSize(size, c.max+maxPadding)
	}
	if size%4 != 0 {
		return 0, mtproto.Violation("R-TR-05", "packet of %d bytes, which is no multiple of 4", size)
	}
	return c.checkSize(size, c.max)
}

func (c *Conn) readAbridgedHead() (int, error) {
	if err := c.fillHead(1); err != nil {
		return 0, err
	}
	flagged := c.head[0]&0x80 != 0
	if flagged && c.side == mtproto.Client {
		if err := c.fill(c.head[1:4]); err != nil {
			return 0, err
		}
		c.gotQuickAck(binary.BigEndian.Uint32(c.head[:]))
		return 0, nil
	}
	c.ackAsked = flagged
	words := int(c.head[0] & 0x7f)
	if words == 0x7f {
		if err := c.fill(c.head[1:4]); err != nil {
			return 0, err
		}
		words = int(c.head[1]) | int(c.head[2])<<8 | int(c.head[3])<<16
	}
	return c.checkSize(4*words, c.max)
}

// readFullHead follows R-TR-04.
func (c *Conn) readFullHead() (int, error) {
	if err := c.fillHead(fullHead); err != nil {
		return 0, err
	}
	total := binary.LittleEndian.Uint32(c.head[:])
	if seq := binary.LittleEndian.Uint32(c.head[4:]); seq != c.readSeq {
		return 0, mtproto.Violation("R-TR-04", "packet number %d came as number %d", c.readSeq, seq)
	}
	if total%4 != 0 || total < fullHead+fullTail {
		return 0, mtproto.Violation("R-TR-04", "packet of %d bytes in all", total)
	}
	c.readSeq++
	return c.checkSize(int(total)-fullHead-fullTail, c.max)
}

func (c *Conn) checkSize(size, most int) (int, error) {
	if size == 0 || size > most {
		return 0, mtproto.Violation("R-TR-05", "packet of %d bytes", size)
	}
	return size, nil
}

// readBody reads a payload of n bytes, and the checksum where there is one.
// Memory grows as the bytes come in, not on the word of the length.
func (c *Conn) readBody(p []byte, n int) ([]byte, error) {
	for len(p) < n {
		at := len(p)
		step := min(n-at, max(at, cap(p)-at, readStep))
		p = slices.Grow(p, step)[:at+step]
		if err := c.fill(p[at:]); err != nil {
			return nil, err
		}
	}
	if c.framing != Full {
		return p, nil
	}
	sum := crc32.Update(crc32.ChecksumIEEE(c.head[:fullHead]), crc32.IEEETable, p)
	tail := c.head[fullHead:]
	if err := c.fill(tail); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(tail) != sum {
		return nil, mtproto.Violation("R-TR-04", "wrong CRC-32")
	}
	return p, nil
}

// fillHead fills the first n bytes of head, unless detection has done so
// already. The end of the stream before the first of them is io.EOF.
func (c *Conn) fillHead(n int) error {
	if c.headHeld {
		c.headHeld = false
		return nil
	}
	_, err := io.ReadFull(c.in, c.head[:n])
	c.reveal(c.head[:n])
	return err
}

// fill reads all of p, in the middle of a packet.
func (c *Conn) fill(p []byte) error {
	_, err := io.ReadFull(c.in, p)
	c.reveal(p)
	return unexpected(err)
}

// unexpected is err, with io.EOF called what it is in the middle of something.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (c *Conn) reveal(p []byte) {
	if c.decrypt != nil {
		c.decrypt.XORKeyStream(p, p)
	}
}

func (c *Conn) gotQuickAck(token uint32) {
	if c.quickAck != nil {
		c.quickAck(token)
	}
}

// control looks at a packet that a client has read. It handles what the
// transport itself has to say, and then reports true or the server's error
// (R-TR-23, R-TR-30, R-TR-31).
func (c *Conn) control(p []byte) (bool, error) {
	if len(p) >= controlLimit {
		return false, nil
	}
	if len(p) < 4 {
		return false, mtproto.Violation("R-TR-30", "packet of %d bytes", len(p))
	}
	code := int32(binary.LittleEndian.Uint32(p))
	switch {
	case code == 0:
		return true, nil
	case code == -1 && len(p) >= 8 && c.framing == PaddedIntermediate:
		c.gotQuickAck(binary.LittleEndian.Uint32(p[4:]))
		return true, nil
	case code < 0:
		return false, &Error{Code: code}
	}
	return false, mtproto.Violation("R-TR-30", "packet of %d bytes that begins with %d", len(p), code)
}
