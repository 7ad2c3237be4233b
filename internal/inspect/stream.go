package inspect

import (
	"fmt"
	"io"
	"iter"
	"slices"

	"godwit/internal/capture"
	"godwit/mtproto"
)

// A half is one direction of a connection. Its bytes come as the capture has
// them, while what reads them waits for them like on a connection: a coroutine
// that goes on with each segment.
type half struct {
	side mtproto.Side // who sends

	order      capture.Assembler
	start      uint32 // number of the first byte, if startKnown
	startKnown bool
	headless   bool // the capture lacks the beginning

	in     stream
	held   bool // not to be read yet
	done   bool // nothing more is read
	resume func() (struct{}, bool)
	stop   func()
}

// maxHeld is how many bytes of a server are kept while it is not known how to
// read them: the client's first bytes tell.
const maxHeld = 1 << 20

func (h *half) init(c *connection, side mtproto.Side) {
	h.side = side
	h.held = side == mtproto.Server
	h.resume, h.stop = iter.Pull(func(wait func(struct{}) bool) {
		h.in.wait = wait
		c.read(h)
	})
}

// feed takes bytes that follow, after a gap of lost ones.
func (h *half) feed(lost int, p []byte) {
	if h.done {
		return
	}
	h.in.parts = append(h.in.parts, part{lost: lost, bytes: slices.Clone(p)})
	h.in.size += len(p)
	if h.in.size > maxHeld {
		h.held = false // it has to be read without the client
	}
	h.run()
}

// run reads as far as there are bytes.
func (h *half) run() {
	if h.held || h.done {
		return
	}
	if _, more := h.resume(); !more {
		h.finish()
	}
}

// end reads the rest, to the end of the stream.
func (h *half) end() {
	h.in.ended = true
	h.run()
	h.finish()
}

// finish stops reading and lets go of what is left.
func (h *half) finish() {
	if !h.done {
		h.done = true
		h.stop()
		h.in.parts = nil
	}
}

// A part is bytes of a stream and how many are missing before them.
type part struct {
	lost  int
	bytes []byte
}

// A stream is an io.Reader of parts. Where bytes are missing it fails once,
// with a *lostError, and then goes on after the gap.
type stream struct {
	parts []part
	size  int // of all parts
	ended bool
	wait  func(struct{}) bool
}

// A lostError says that the capture lacks bytes of a stream.
type lostError struct{ bytes int }

func (e *lostError) Error() string { return fmt.Sprintf("the capture lacks %d bytes", e.bytes) }

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	for len(s.parts) == 0 {
		// When nobody feeds it any more, wait returns false.
		if s.ended || !s.wait(struct{}{}) {
			s.ended = true
			return 0, io.EOF
		}
	}
	first := &s.parts[0]
	if first.lost > 0 {
		err := &lostError{first.lost}
		first.lost = 0
		return 0, err
	}
	n := copy(p, first.bytes)
	first.bytes = first.bytes[n:]
	s.size -= n
	if len(first.bytes) == 0 {
		s.parts = s.parts[1:]
	}
	return n, nil
}
