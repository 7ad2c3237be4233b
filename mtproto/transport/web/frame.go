package web

import (
	"encoding/binary"
	"errors"
	"io"

	"godwit/mtproto"
)

// A frame is the unit of RFC 6455, section 5.2:
//
//	 0               1               2               4
//	+---------------+---------------+---------------+-------------
//	|fin rsv  opcode|mask   length  | length, if it | mask, 4
//	|  1   3     4  |  1      7     | is 126: 2     | bytes, from
//	|               |               |        127: 8 | a client only
//	+---------------+---------------+---------------+-------------
type frame struct {
	fin    bool
	opcode byte
	masked bool
	mask   [4]byte
	length uint64 // of the payload, in bytes
}

// Opcodes of frames. From opClose on they are control frames.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

const (
	finBit     = 0x80
	rsvBits    = 0x70
	maskBit    = 0x80
	maxControl = 125 // bytes of payload of a control frame
	maxHead    = 14

	// maxFrame is the longest frame that is taken, in bytes. It is not held in
	// memory; but one that is announced to be longer is no transport's.
	maxFrame = 32 << 20
)

// appendHead writes the head of a frame, with the length in the fewest bytes.
func (f *frame) appendHead(b []byte) []byte {
	first, second := f.opcode, byte(0)
	if f.fin {
		first |= finBit
	}
	if f.masked {
		second = maskBit
	}
	switch {
	case f.length <= maxControl:
		b = append(b, first, second|byte(f.length))
	case f.length < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, first, second|126), uint16(f.length))
	default:
		b = binary.BigEndian.AppendUint64(append(b, first, second|127), f.length)
	}
	if f.masked {
		b = append(b, f.mask[:]...)
	}
	return b
}

// readFrame reads the head of a frame that the given side has sent. The error
// is io.EOF where there is none.
func readFrame(r io.Reader, from mtproto.Side) (frame, error) {
	var head [maxHead]byte
	if _, err := io.ReadFull(r, head[:1]); err != nil {
		return frame{}, err
	}
	if _, err := io.ReadFull(r, head[1:2]); err != nil {
		return frame{}, unexpected(err)
	}
	f := frame{
		fin: head[0]&finBit != 0, opcode: head[0] & 0xf,
		masked: head[1]&maskBit != 0, length: uint64(head[1] &^ maskBit),
	}
	if head[0]&rsvBits != 0 {
		return f, violation("frame with reserved bits %#x", head[0]&rsvBits)
	}
	if f.masked != (from == mtproto.Client) {
		return f, violation("frame of a %v that is masked: %v", from, f.masked)
	}
	if err := f.readLength(r, head[2:10]); err != nil {
		return f, err
	}
	if f.masked {
		if _, err := io.ReadFull(r, f.mask[:]); err != nil {
			return f, unexpected(err)
		}
	}
	return f, f.check()
}

// readLength reads the longer forms of the length, in their shortest form only.
func (f *frame) readLength(r io.Reader, scratch []byte) error {
	switch f.length {
	case 126:
		if _, err := io.ReadFull(r, scratch[:2]); err != nil {
			return unexpected(err)
		}
		if f.length = uint64(binary.BigEndian.Uint16(scratch)); f.length <= maxControl {
			return violation("length %d in 3 bytes", f.length)
		}
	case 127:
		if _, err := io.ReadFull(r, scratch[:8]); err != nil {
			return unexpected(err)
		}
		if f.length = binary.BigEndian.Uint64(scratch); f.length < 1<<16 {
			return violation("length %d in 9 bytes", f.length)
		}
	}
	return nil
}

func (f *frame) check() error {
	switch {
	case f.opcode >= opClose && (f.length > maxControl || !f.fin):
		return violation("control frame of %d bytes, final: %v", f.length, f.fin)
	case f.length > maxFrame:
		return violation("frame of %d bytes", f.length)
	}
	switch f.opcode {
	case opContinuation, opBinary, opClose, opPing, opPong:
		return nil
	case opText:
		return violation("text instead of binary data")
	}
	return violation("unknown opcode %#x", f.opcode)
}

// xor masks or unmasks p, whose first byte is at the given offset of the
// payload.
func (f *frame) xor(p []byte, offset uint64) {
	if !f.masked {
		return
	}
	for i := range p {
		p[i] ^= f.mask[(offset+uint64(i))%4]
	}
}

// violation says how the remote breaks the rules of WebSocket.
func violation(format string, args ...any) error {
	return mtproto.Violation("R-HT-06", "WebSocket: "+format, args...)
}

// unexpected is err, with io.EOF called what it is in the middle of something.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
