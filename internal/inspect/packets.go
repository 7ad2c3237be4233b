package inspect

import (
	"errors"
	"io"

	"godwit/internal/capture"
)

// readAll takes all packets of a capture. A capture that is cut short is told
// by a note; the error is of one that is damaged.
func (t *tracker) readAll(r *capture.Reader) error {
	for t.err == nil {
		p, err := r.Next()
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
		if len(p.Data) < p.Length {
			t.summary.Cut++
		}
		t.packet(p)
	}
	return nil
}
