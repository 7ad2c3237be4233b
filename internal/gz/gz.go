// Package gz packs bytes as gzip streams and unpacks those and zlib streams
// (R-TL-30), with compressors that are kept: one takes about a megabyte.
//
// Call [Pack] and [Unpack]. Both are safe for concurrent use.
package gz

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"sync"
)

// ErrTooLarge says that a stream inflates to more than is allowed.
var ErrTooLarge = errors.New("gzip_packed is too large")

var writers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic("gz: " + err.Error()) // the level is good
	}
	return w
}}

var readers = sync.Pool{New: func() any { return new(gzip.Reader) }}

// Pack returns p as a gzip stream.
func Pack(p []byte) []byte {
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	var z bytes.Buffer
	w.Reset(&z)
	// A bytes.Buffer takes everything.
	_, _ = w.Write(p)
	_ = w.Close()
	return z.Bytes()
}

// Unpack returns what a gzip or a zlib stream holds. It fails with ErrTooLarge
// if that is more than limit bytes (R-TL-31).
func Unpack(p []byte, limit int) ([]byte, error) {
	if len(p) > 0 && p[0] == 0x78 { // zlib; gzip begins with 1f
		z, err := zlib.NewReader(bytes.NewReader(p))
		if err != nil {
			return nil, err
		}
		return readAll(z, len(p), limit)
	}
	z := readers.Get().(*gzip.Reader)
	defer readers.Put(z)
	if err := z.Reset(bytes.NewReader(p)); err != nil {
		return nil, err
	}
	return readAll(z, len(p), limit)
}

// readAll reads a stream whose packed size is known. What it allocates in all is
// at most about twice the limit: a hostile remote decides how much comes.
func readAll(z io.ReadCloser, packed, limit int) ([]byte, error) {
	out := make([]byte, 0, min(4*packed+512, limit+1))
	for {
		n, err := z.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		switch {
		case len(out) > limit:
			return nil, ErrTooLarge
		case err == io.EOF:
			return out, z.Close()
		case err != nil:
			return nil, err
		case len(out) == cap(out):
			grown := make([]byte, len(out), min(2*cap(out), limit+1))
			copy(grown, out)
			out = grown
		}
	}
}
