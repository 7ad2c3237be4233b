package inspect

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// First words of capture files, read little-endian.
const (
	magicPcap      = 0xa1b2c3d4 // microseconds
	magicPcapNano  = 0xa1b23c4d
	magicPcapOther = 0xd4c3b2a1 // the other byte order
	magicNanoOther = 0x4d3cb2a1
	magicPcapng    = 0x0a0d0d0a
)

// A source gives the packets of a capture.
type source interface {
	// next returns a packet and how to read it, io.EOF after the last one.
	next() ([]byte, gopacket.CaptureInfo, layers.LinkType, error)
}

// openCapture tells the kind of the file from its first word.
func openCapture(r io.Reader) (source, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if head, err := in.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotCapture, err)
		}
		in = bufio.NewReaderSize(unpacked, 1<<16)
	}
	head, err := in.Peek(4)
	switch {
	case len(head) == 0 && errors.Is(err, io.EOF):
		return nil, ErrEmpty
	case len(head) < 4:
		return nil, fmt.Errorf("%w: it has %d bytes", ErrNotCapture, len(head))
	}
	switch magic := binary.LittleEndian.Uint32(head); magic {
	case magicPcap, magicPcapNano, magicPcapOther, magicNanoOther:
		return openPcap(in)
	case magicPcapng:
		return openPcapng(in)
	default:
		return nil, fmt.Errorf("%w: it begins with %q", ErrNotCapture, head)
	}
}

type pcapSource struct{ r *pcapgo.Reader }

func openPcap(in io.Reader) (source, error) {
	r, err := pcapgo.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotCapture, err)
	}
	return &pcapSource{r}, nil
}

func (s *pcapSource) next() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
	data, ci, err := s.r.ReadPacketData()
	return data, ci, s.r.LinkType(), err
}

type pcapngSource struct{ r *pcapgo.NgReader }

func openPcapng(in io.Reader) (source, error) {
	r, err := pcapgo.NewNgReader(in, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotCapture, err)
	}
	return &pcapngSource{r}, nil
}

func (s *pcapngSource) next() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
	data, ci, err := s.r.ReadPacketData()
	link := s.r.LinkType()
	if len(ci.AncillaryData) > 0 { // of the packet's own interface
		if own, ok := ci.AncillaryData[0].(layers.LinkType); ok {
			link = own
		}
	}
	return data, ci, link, err
}

// readAll takes all packets of a capture. A capture that is cut short is told
// by a note; the error is of one that is damaged.
func (t *tracker) readAll(s source) error {
	for t.err == nil {
		data, ci, link, err := s.next()
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			t.summary.Truncated = true
			t.emit(&Record{Kind: Note, Note: "the capture file ends in the middle of a packet"})
			return nil
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		t.summary.Packets++
		if ci.CaptureLength < ci.Length {
			t.summary.Cut++
		}
		t.packet(data, ci, link)
	}
	return nil
}
