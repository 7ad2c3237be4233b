package session

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// ErrUnpackedTooLarge says that a gzip_packed inflates to more than MaxUnpacked.
var ErrUnpackedTooLarge = errors.New("gzip_packed is too large")

// Unpack returns what a boxed value holds if it is a gzip_packed, any other
// value as it is (R-TL-30, R-TL-31). Real clients pack with zlib too.
func Unpack(body []byte) ([]byte, error) {
	r := tl.NewReader(body)
	if r.PeekID() != mt.IDGzipPacked {
		return body, nil
	}
	r.Borrow(true)
	var packed mt.GzipPacked
	packed.Decode(r)
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("mtproto: gzip_packed: %w", err)
	}
	unpacked, err := inflate(packed.PackedData)
	if err != nil {
		return nil, fmt.Errorf("mtproto: gzip_packed: %w", err)
	}
	if tl.NewReader(unpacked).PeekID() == mt.IDGzipPacked {
		return nil, errors.New("mtproto: gzip_packed inside gzip_packed")
	}
	return unpacked, nil
}

func inflate(data []byte) ([]byte, error) {
	var z io.ReadCloser
	var err error
	if len(data) > 0 && data[0] == 0x78 {
		z, err = zlib.NewReader(bytes.NewReader(data))
	} else {
		z, err = gzip.NewReader(bytes.NewReader(data))
	}
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(z, MaxUnpacked+1))
	switch {
	case err != nil:
		return nil, err
	case n > MaxUnpacked:
		return nil, ErrUnpackedTooLarge
	}
	return out.Bytes(), z.Close()
}

// pack returns body as a gzip_packed if it is longer than above bytes and
// becomes shorter, else body itself.
func pack(body []byte, above int) []byte {
	if above <= 0 || len(body) <= above {
		return body
	}
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestSpeed)
	if err != nil {
		return body
	}
	if _, err := w.Write(body); err != nil || w.Close() != nil {
		return body
	}
	packed, err := tl.Marshal(&mt.GzipPacked{PackedData: z.Bytes()})
	if err != nil || len(packed) >= len(body) {
		return body
	}
	return packed
}
