package web

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"godwit/mtproto"
)

// Frames of RFC 6455, section 5.7, and what follows from section 5.2.
func TestFrameHead(t *testing.T) {
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	for name, test := range map[string]struct {
		wire string
		want frame
	}{
		"unmasked": {"8205", frame{fin: true, opcode: opBinary, length: 5}},
		"masked":   {"828537fa213d", frame{fin: true, opcode: opBinary, masked: true, mask: mask, length: 5}},
		"fragment": {"0203", frame{opcode: opBinary, length: 3}},
		"last":     {"8002", frame{fin: true, opcode: opContinuation, length: 2}},
		"ping":     {"8905", frame{fin: true, opcode: opPing, length: 5}},
		"256":      {"827e0100", frame{fin: true, opcode: opBinary, length: 256}},
		"65536":    {"827f0000000000010000", frame{fin: true, opcode: opBinary, length: 65536}},
		"125":      {"827d", frame{fin: true, opcode: opBinary, length: 125}},
		"126":      {"827e007e", frame{fin: true, opcode: opBinary, length: 126}},
	} {
		t.Run(name, func(t *testing.T) {
			wire, _ := hex.DecodeString(test.wire)
			side := mtproto.Server
			if test.want.masked {
				side = mtproto.Client
			}
			got, err := readFrame(bytes.NewReader(wire), side)
			if err != nil || got != test.want {
				t.Errorf("read %+v, %v", got, err)
			}
			if again := test.want.appendHead(nil); !bytes.Equal(again, wire) {
				t.Errorf("wrote %x, want %x", again, wire)
			}
		})
	}
	hello := []byte{0x7f, 0x9f, 0x4d, 0x51, 0x58}
	(&frame{masked: true, mask: mask}).xor(hello, 0)
	if string(hello) != "Hello" {
		t.Errorf("unmasked %q", hello)
	}
}

// R-HT-06: what is no frame of MTProto's is refused by a typed error, before
// anything of it is held.
func TestFrameRefused(t *testing.T) {
	for name, wire := range map[string]string{
		"reserved bit":        "c200",
		"text":                "8100",
		"unknown opcode":      "8300",
		"long ping":           "897e0080",
		"fragmented ping":     "0900",
		"masked by a server":  "828000000000",
		"length not shortest": "827e0001",
		"nor in 9 bytes":      "827f000000000000ffff",
		"oversize":            "827f0000000002000001",
		"negative":            "827fffffffffffffffff",
	} {
		t.Run(name, func(t *testing.T) {
			raw, _ := hex.DecodeString(wire)
			_, err := readFrame(bytes.NewReader(raw), mtproto.Server)
			var violation *mtproto.ViolationError
			if !errors.As(err, &violation) || violation.Rule != "R-HT-06" || !strings.Contains(err.Error(), "WebSocket") {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := readFrame(bytes.NewReader([]byte{0x82, 0}), mtproto.Client); err == nil {
		t.Error("a client's frame without mask is taken")
	}
	for _, cut := range []string{"82", "827e01", "827f00000000", "8285 37fa21"} {
		raw, _ := hex.DecodeString(strings.ReplaceAll(cut, " ", ""))
		side := mtproto.Server
		if len(raw) > 1 && raw[1]&maskBit != 0 {
			side = mtproto.Client
		}
		if _, err := readFrame(bytes.NewReader(raw), side); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v", cut, err)
		}
	}
}

// Whatever head is read is written again as it was.
func FuzzFrame(f *testing.F) {
	for _, wire := range []string{"8205", "828537fa213d", "827e0100", "827f0000000000010000", "8900", "880203e8", "0003"} {
		raw, _ := hex.DecodeString(wire)
		f.Add(raw, false)
		f.Add(raw, true)
	}
	f.Fuzz(func(t *testing.T, wire []byte, client bool) {
		side := mtproto.Server
		if client {
			side = mtproto.Client
		}
		r := bytes.NewReader(wire)
		frame, err := readFrame(r, side)
		if err != nil {
			return
		}
		read := wire[:len(wire)-r.Len()]
		if again := frame.appendHead(nil); !bytes.Equal(again, read) {
			t.Fatalf("read %x, wrote %x", read, again)
		}
		if frame.length > maxFrame || frame.opcode >= opClose && frame.length > maxControl {
			t.Fatalf("frame of %d bytes taken", frame.length)
		}
	})
}
