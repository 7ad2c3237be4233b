package files

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"godwit/mtproto"
	"godwit/tg"
)

const (
	chunkSize = 512 << 10 // of what is fetched at once; divides 1 MiB (R-FI-11)
	rangeUnit = 4 << 10   // offsets and limits are multiples of it
	maxHops   = 8         // that one range takes to be found
)

// A loader fetches ranges of a file from wherever they are to be had: the data
// centre that has it, or a CDN that this sends to. It is safe for concurrent
// use.
type loader struct {
	f *Files
	r *Remote

	mu     sync.Mutex
	dc     int
	cdn    *redirect // nil: not sent to a CDN
	noCDN  bool      // after a CDN has failed
	hashes hashes    // of the file, wherever it is fetched from
}

// A redirect is where a file is on a CDN, and how it is encrypted there
// (R-FI-20).
type redirect struct {
	dc    int
	token []byte
	block cipher.Block
	iv    []byte
}

func (f *Files) loader(r *Remote) *loader { return &loader{f: f, r: r, dc: r.DC, noCDN: f.o.NoCDN} }

// A LoadError says what part of which file could not be fetched, and why.
type LoadError struct {
	Name   string
	Offset int64 // bytes
	Err    error
}

func (e *LoadError) Error() string {
	return fmt.Sprintf("files: %s at %d: %v", e.Name, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *LoadError) Unwrap() error { return e.Err }

var (
	errHops      = errors.New("Telegram sends from one place to the next")
	errRedirect  = errors.New("the CDN's key has a wrong size")
	errUnknown   = errors.New("an answer that is not known")
	errTooMuch   = errors.New("the answer is longer than what was asked for")
	errTooLittle = errors.New("the answer is shorter than the file")
)

// fetch returns the bytes from an offset on, fewer than limit only at the end
// of the file. offset and limit follow R-FI-11. What can be checked is.
func (l *loader) fetch(ctx context.Context, offset int64, limit int) ([]byte, error) {
	p, fromCDN, err := l.raw(ctx, offset, limit)
	if err == nil && (fromCDN || l.f.o.Verify) {
		p, err = l.verified(ctx, offset, p, fromCDN)
	}
	if err != nil {
		return nil, &LoadError{l.r.Name, offset, err}
	}
	return p, nil
}

// raw is fetch without checking against hashes.
func (l *loader) raw(ctx context.Context, offset int64, limit int) (p []byte, fromCDN bool, err error) {
	for range maxHops {
		cdn := l.redirected()
		if cdn != nil {
			p, err = l.fromCDN(ctx, cdn, offset, limit)
		} else {
			p, err = l.fromDC(ctx, offset, limit)
		}
		if err == nil && p == nil {
			continue // something was learned
		}
		if err == nil {
			err = l.plausible(offset, limit, len(p))
		}
		return p, cdn != nil, err
	}
	return nil, false, errHops
}

// plausible compares the length of an answer with what is known of the file
// (R-FI-12).
func (l *loader) plausible(offset int64, limit, n int) error {
	switch {
	case n > limit:
		return errTooMuch
	case l.r.Size >= 0 && int64(n) < min(int64(limit), l.r.Size-offset):
		return errTooLittle
	}
	return nil
}

func (l *loader) redirected() *redirect {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cdn
}

// fromDC asks a data centre of Telegram's own. Without bytes and an error it
// is to be asked again, or another is.
func (l *loader) fromDC(ctx context.Context, offset int64, limit int) ([]byte, error) {
	at, reference := l.r.location()
	l.mu.Lock()
	dc, cdn := l.dc, !l.noCDN
	l.mu.Unlock()
	answer, err := tg.Call(ctx, l.f.t.Media(dc), &tg.UploadGetFile{
		CDNSupported: cdn, Location: at, Offset: offset, Limit: int32(limit),
	})
	var rpc *mtproto.RPCError
	switch {
	case errors.Is(err, tg.ErrFileMigrate) && errors.As(err, &rpc): // R-FI-13
		l.mu.Lock()
		l.dc = rpc.Argument
		l.mu.Unlock()
		return nil, nil
	case isStale(err): // R-FI-15
		return nil, l.r.renew(ctx, l.f.t, reference, err)
	case err != nil:
		return nil, err
	}
	switch answer := answer.(type) {
	case *tg.UploadFile:
		if answer.Bytes == nil {
			return []byte{}, nil
		}
		return answer.Bytes, nil
	case *tg.UploadFileCDNRedirect:
		return nil, l.follow(answer)
	}
	return nil, errUnknown
}

// follow goes to a CDN from now on (R-FI-20).
func (l *loader) follow(to *tg.UploadFileCDNRedirect) error {
	if len(to.EncryptionKey) != 32 || len(to.EncryptionIV) != aes.BlockSize {
		return errRedirect
	}
	block, err := aes.NewCipher(to.EncryptionKey)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cdn = &redirect{int(to.DCID), to.FileToken, block, to.EncryptionIV}
	l.hashes.learn(to.FileHashes)
	return nil
}

// decrypt decrypts bytes from an offset of the file in place (R-FI-25).
func (r *redirect) decrypt(p []byte, offset int64) {
	iv := append([]byte(nil), r.iv...)
	binary.BigEndian.PutUint32(iv[12:], uint32(offset/aes.BlockSize))
	cipher.NewCTR(r.block, iv).XORKeyStream(p, p)
}

// fromCDN asks the CDN, and has it given the file if it lacks it (R-FI-23,
// R-FI-24).
func (l *loader) fromCDN(ctx context.Context, cdn *redirect, offset int64, limit int) ([]byte, error) {
	answer, err := tg.Call(ctx, l.f.t.CDN(cdn.dc), &tg.UploadGetCDNFile{
		FileToken: cdn.token, Offset: offset, Limit: int32(limit),
	})
	if err != nil {
		return nil, l.leaveCDN(cdn, err)
	}
	switch answer := answer.(type) {
	case *tg.UploadCDNFile:
		p := append([]byte{}, answer.Bytes...)
		cdn.decrypt(p, offset)
		return p, nil
	case *tg.UploadCDNFileReuploadNeeded:
		hashes, err := tg.Call(ctx, l.f.t.Media(l.homeDC()), &tg.UploadReuploadCDNFile{
			FileToken: cdn.token, RequestToken: answer.RequestToken,
		})
		if err != nil {
			return nil, l.leaveCDN(cdn, err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.hashes.learn(hashes)
		return nil, nil
	}
	return nil, errUnknown
}

func (l *loader) homeDC() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dc
}

// leaveCDN begins anew at the data centre that has the file, where what the
// CDN says is about the file's token (R-FI-24), and without a CDN where that
// cannot be reached. Other errors it returns.
func (l *loader) leaveCDN(cdn *redirect, err error) error {
	var rpc *mtproto.RPCError
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !errors.As(err, &rpc):
		return err
	case isServerFailure(err), rpc.Code == 420:
		return err
	case !errors.Is(err, tg.ErrFileTokenInvalid) && !errors.Is(err, tg.ErrRequestTokenInvalid):
		l.noCDN = true
	}
	if l.cdn == cdn {
		l.cdn = nil
	}
	return nil
}
