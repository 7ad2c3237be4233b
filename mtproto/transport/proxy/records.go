package proxy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"

	"godwit/mtproto"
)

// Types of TLS records.
const (
	recordChangeCipherSpec = 0x14
	recordHandshake        = 0x16
	recordApplicationData  = 0x17
)

const (
	recordHead = 5 // bytes: type, version, length
	// maxRecord is the most bytes that a record of application data may hold:
	// 2^14, and room for encryption (R-FT-06).
	maxRecord = 1<<14 + 256
	// maxWritten is how many bytes go into one record: the size that TDLib
	// writes, which passes as that of a browser (R-FT-06).
	maxWritten = 2878
)

// changeCipherSpec is that record, which means nothing in TLS 1.3 and is sent
// by everybody all the same.
var changeCipherSpec = []byte{recordChangeCipherSpec, 3, 3, 0, 1, 1}

// A records is a connection after the greetings of fake TLS: its bytes travel
// in records of application data.
type records struct {
	net.Conn
	side mtproto.Side

	in     *bufio.Reader
	left   int  // bytes of the record in hand that have not been read
	greets bool // the client's change cipher spec is still to come

	mu     sync.Mutex // held while writing
	opens  bool       // a change cipher spec is to go first
	broken bool       // a write has failed, maybe within a record
}

// newRecords returns the stream inside the records of c, from which in reads.
func newRecords(c net.Conn, in *bufio.Reader, side mtproto.Side) *records {
	return &records{Conn: c, in: in, side: side, greets: side == mtproto.Server, opens: side == mtproto.Client}
}

// Read implements net.Conn.
func (r *records) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.left == 0 {
		n, err := readRecord(r.in, &r.greets)
		if err != nil {
			return 0, err
		}
		r.left = n
	}
	n, err := r.in.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, unexpected(err)
}

// readRecord reads the head of a record of application data and returns how
// many bytes it holds. With greets, a change cipher spec has to come first. The
// error is io.EOF where the stream ends between records.
func readRecord(in io.Reader, greets *bool) (int, error) {
	var head [recordHead]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, err
	}
	size := int(binary.BigEndian.Uint16(head[3:]))
	if *greets {
		var value [1]byte
		if string(head[:]) != string(changeCipherSpec[:recordHead]) {
			return 0, violation("R-FT-06", "record %x instead of a change cipher spec", head)
		}
		if _, err := io.ReadFull(in, value[:]); err != nil {
			return 0, unexpected(err)
		}
		if value[0] != 1 {
			return 0, violation("R-FT-06", "change cipher spec of %d", value[0])
		}
		*greets = false
		return 0, nil
	}
	if head[0] != recordApplicationData || head[1] != 3 || head[2] != 3 || size > maxRecord {
		return 0, violation("R-FT-06", "record %x instead of application data", head)
	}
	return size, nil
}

// buffers are for writing, shared by all connections.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Write implements net.Conn: it sends p in as many records as that takes, in
// one write.
func (r *records) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken {
		return 0, net.ErrClosed
	}
	pooled := buffers.Get().(*[]byte)
	defer buffers.Put(pooled)
	b := (*pooled)[:0]
	if r.opens {
		b = append(b, changeCipherSpec...)
		r.opens = false
	}
	b = appendRecords(b, p)
	*pooled = b
	if _, err := r.Conn.Write(b); err != nil {
		r.broken = true
		return 0, err
	}
	return len(p), nil
}

// appendRecords writes p as records of application data.
func appendRecords(b, p []byte) []byte {
	for len(p) > 0 {
		n := min(len(p), maxWritten)
		b = append(b, recordApplicationData, 3, 3, byte(n>>8), byte(n))
		b = append(b, p[:n]...)
		p = p[n:]
	}
	return b
}

// violation says how the remote breaks the rules of fake TLS.
func violation(rule, format string, args ...any) error {
	return mtproto.Violation(rule, "fake TLS: "+format, args...)
}

// unexpected is err, with io.EOF called what it is in the middle of something.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
