package session

import (
	"errors"
	"fmt"

	"godwit/internal/gz"
	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// ErrUnpackedTooLarge says that a gzip_packed inflates to more than MaxUnpacked.
var ErrUnpackedTooLarge = gz.ErrTooLarge

// Unpack returns what a boxed value holds if it is a gzip_packed, any other
// value as it is (R-TL-30, R-TL-31). Real clients pack with zlib too.
func Unpack(body []byte) ([]byte, error) { return unpack(body, MaxUnpacked) }

// unpack is Unpack with a limit in bytes for what comes out.
func unpack(body []byte, limit int) ([]byte, error) {
	r := tl.NewReader(body)
	if r.PeekID() != mt.IDGzipPacked {
		return body, nil
	}
	r.Borrow(true)
	var packed mt.GzipPacked
	r.Object(&packed)
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("mtproto: gzip_packed: %w", err)
	}
	unpacked, err := gz.Unpack(packed.PackedData, limit)
	if err != nil {
		return nil, fmt.Errorf("mtproto: gzip_packed: %w", err)
	}
	if tl.NewReader(unpacked).PeekID() == mt.IDGzipPacked {
		return nil, errors.New("mtproto: gzip_packed inside gzip_packed")
	}
	return unpacked, nil
}

// pack returns body as a gzip_packed if it is longer than above bytes and
// becomes shorter, else body itself.
func pack(body []byte, above int) []byte {
	if above <= 0 || len(body) <= above || !packable(body) {
		return body
	}
	packed, err := tl.Marshal(&mt.GzipPacked{PackedData: gz.Pack(body)})
	if err != nil || len(packed) >= len(body) {
		return body
	}
	return packed
}

const (
	sampled    = 64 << 10 // bytes; of what is longer a sample is packed first
	sampleSize = 8 << 10
)

// packable tells, from a sample of something long, whether it is worth
// packing: parts of media files are not, and to find that out for all of them
// takes longer than to encrypt them.
func packable(body []byte) bool {
	if len(body) < sampled {
		return true
	}
	middle := body[(len(body)-sampleSize)/2:][:sampleSize]
	return len(gz.Pack(middle)) < sampleSize*9/10
}
