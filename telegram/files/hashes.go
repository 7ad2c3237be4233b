package files

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"godwit/tg"
)

// hashes are the hashes of ranges of a file, by offset (R-FI-16, R-FI-26).
type hashes struct{ list []tg.FileHash }

// learn adds hashes.
func (h *hashes) learn(more []tg.FileHash) {
	for _, one := range more {
		if one.Limit <= 0 || one.Offset < 0 {
			continue
		}
		at, found := h.find(one.Offset)
		if !found {
			h.list = slices.Insert(h.list, at, one)
		}
	}
}

func (h *hashes) find(offset int64) (int, bool) {
	return slices.BinarySearchFunc(h.list, offset, func(a tg.FileHash, offset int64) int {
		switch {
		case a.Offset < offset:
			return -1
		case a.Offset > offset:
			return 1
		}
		return 0
	})
}

// covering returns the hash of the range that an offset is in.
func (h *hashes) covering(offset int64) (tg.FileHash, bool) {
	at, found := h.find(offset)
	if !found {
		at--
	}
	if at < 0 || offset >= h.list[at].Offset+int64(h.list[at].Limit) {
		return tg.FileHash{}, false
	}
	return h.list[at], true
}

// A HashError says that bytes are not those that Telegram has promised. They
// were thrown away.
type HashError struct {
	Offset int64 // bytes, of the range
	Size   int   // bytes
	CDN    int   // the data centre that they came from; 0 for one of Telegram's own
}

func (e *HashError) Error() string {
	from := "the data centre"
	if e.CDN != 0 {
		from = fmt.Sprintf("CDN %d", e.CDN)
	}
	return fmt.Sprintf("%d bytes at %d from %s are not what their hash says", e.Size, e.Offset, from)
}

var errNoHash = errors.New("Telegram tells no hash for what a CDN has sent")

// verified checks bytes from an offset of the file against the hashes, and
// returns them. Ranges that reach beyond are fetched whole (R-FI-27).
func (l *loader) verified(ctx context.Context, offset int64, p []byte, fromCDN bool) ([]byte, error) {
	for at := offset; at < offset+int64(len(p)); {
		h, err := l.hashOf(ctx, at, fromCDN)
		if err != nil {
			return nil, err
		}
		if h.Limit == 0 { // nothing is known of it, nor has to be
			return p, nil
		}
		end := l.endOf(h)
		inside := h.Offset >= offset && end <= offset+int64(len(p))
		var data []byte
		if inside {
			data = p[h.Offset-offset : end-offset]
		} else if data, err = l.gather(ctx, h.Offset, end); err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(data); string(sum[:]) != string(h.Hash) {
			cdn := 0
			if r := l.redirected(); r != nil && fromCDN {
				cdn = r.dc
			}
			return nil, &HashError{h.Offset, len(data), cdn}
		}
		if !inside {
			overlay(p, offset, data, h.Offset)
		}
		at = end
	}
	return p, nil
}

// endOf returns where the range of a hash ends: with the file at the latest.
func (l *loader) endOf(h tg.FileHash) int64 {
	end := h.Offset + int64(h.Limit)
	if l.r.Size >= 0 {
		end = min(end, l.r.Size)
	}
	return end
}

// overlay puts bytes that were checked in the place of those that were not.
func overlay(p []byte, offset int64, whole []byte, at int64) {
	if at < offset {
		whole = whole[offset-at:]
		at = offset
	}
	copy(p[at-offset:], whole)
}

// hashOf returns the hash of the range that an offset is in, asking for it if
// need be. For what comes from Telegram's own data centres there need not be
// any.
func (l *loader) hashOf(ctx context.Context, offset int64, fromCDN bool) (tg.FileHash, error) {
	l.mu.Lock()
	h, ok := l.hashes.covering(offset)
	cdn, dc := l.cdn, l.dc
	l.mu.Unlock()
	if ok {
		return h, nil
	}
	var more []tg.FileHash
	var err error
	if cdn != nil {
		more, err = tg.Call(ctx, l.f.t.Media(dc), &tg.UploadGetCDNFileHashes{FileToken: cdn.token, Offset: offset})
	} else {
		more, err = l.fileHashes(ctx, dc, offset)
	}
	if err != nil {
		return tg.FileHash{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hashes.learn(more)
	h, ok = l.hashes.covering(offset)
	if !ok && fromCDN {
		return tg.FileHash{}, errNoHash
	}
	return h, nil
}

// fileHashes asks the file's own data centre, with a new reference if need be.
func (l *loader) fileHashes(ctx context.Context, dc int, offset int64) ([]tg.FileHash, error) {
	at, reference := l.r.location()
	more, err := tg.Call(ctx, l.f.t.Media(dc), &tg.UploadGetFileHashes{Location: at, Offset: offset})
	if !isStale(err) {
		return more, err
	}
	if err := l.r.renew(ctx, l.f.t, reference, err); err != nil {
		return nil, err
	}
	at, _ = l.r.location()
	return tg.Call(ctx, l.f.t.Media(dc), &tg.UploadGetFileHashes{Location: at, Offset: offset})
}

// gather fetches a range, in pieces that may be asked for.
func (l *loader) gather(ctx context.Context, from, end int64) ([]byte, error) {
	var whole []byte
	start := from - from%rangeUnit
	for at := start; at < end; {
		limit := rangeUnit
		for 2*limit <= chunkSize && at%int64(2*limit) == 0 && at+int64(limit) < end {
			limit *= 2
		}
		p, _, err := l.raw(ctx, at, limit)
		if err != nil {
			return nil, err
		}
		whole = append(whole, p...)
		at += int64(len(p))
		if len(p) < limit {
			break
		}
	}
	if int64(len(whole)) < end-start {
		return nil, errTooLittle
	}
	return whole[from-start : end-start], nil
}
