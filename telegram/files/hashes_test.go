package files

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

// A shelf is a Telegram with one file, on a CDN if it has a key.
type shelf struct {
	Telegram
	t       *testing.T
	content []byte
	every   int    // bytes of a range with a hash
	key     []byte // of the CDN
	damaged int    // offset of a byte that is not as it should be; -1 for none
	dead    int    // up to which its tokens are not known any more

	mu     sync.Mutex
	tokens int // how many were given out
}

func (s *shelf) Media(int) tg.Invoker { return s }
func (s *shelf) CDN(int) tg.Invoker   { return s }

// Invoke implements tg.Invoker.
func (s *shelf) Invoke(_ context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	answer, err := s.answer(req)
	if err != nil {
		return err
	}
	body, err := tl.Marshal(answer)
	if err != nil {
		s.t.Fatal(err)
	}
	return decode(tl.NewReader(body))
}

func (s *shelf) answer(req tg.Request) (tl.Object, error) {
	switch req := req.(type) {
	case *tg.UploadGetFile:
		if req.CDNSupported && s.key != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.tokens++
			return &tg.UploadFileCDNRedirect{
				DCID: 203, FileToken: []byte{byte(s.tokens)}, EncryptionKey: s.key, EncryptionIV: make([]byte, 16),
			}, nil
		}
		return &tg.UploadFile{Type: &tg.StorageFileUnknown{}, Bytes: s.part(req.Offset, req.Limit)}, nil
	case *tg.UploadGetCDNFile:
		if int(req.FileToken[0]) <= s.dead {
			return nil, mtproto.NewRPCError(400, "FILE_TOKEN_INVALID")
		}
		p := s.part(req.Offset, req.Limit)
		block, err := aes.NewCipher(s.key)
		if err != nil {
			s.t.Fatal(err)
		}
		iv := make([]byte, 16)
		binary.BigEndian.PutUint32(iv[12:], uint32(req.Offset/16)) // R-FI-25
		cipher.NewCTR(block, iv).XORKeyStream(p, p)
		return &tg.UploadCDNFile{Bytes: p}, nil
	case *tg.UploadGetCDNFileHashes:
		return s.hashes(req.Offset), nil
	case *tg.UploadGetFileHashes:
		return s.hashes(req.Offset), nil
	}
	return nil, errors.ErrUnsupported
}

func (s *shelf) part(offset int64, limit int32) []byte {
	end := min(int64(len(s.content)), offset+int64(limit))
	p := bytes.Clone(s.content[min(offset, end):end])
	if at := int64(s.damaged) - offset; s.damaged >= 0 && at >= 0 && at < int64(len(p)) {
		p[at] ^= 1
	}
	return p
}

type hashList []*tg.FileHash

func (l hashList) TL(c *tl.Codec) {
	b := c.Buffer()
	b.Vector(len(l))
	for _, h := range l {
		b.Object(h)
	}
}

// hashes returns those of the range with an offset and the next.
func (s *shelf) hashes(offset int64) hashList {
	var list hashList
	for at := offset - offset%int64(s.every); at < int64(len(s.content)) && len(list) < 2; at += int64(s.every) {
		sum := sha256.Sum256(s.content[at:min(int64(len(s.content)), at+int64(s.every))])
		list = append(list, &tg.FileHash{Offset: at, Limit: int32(s.every), Hash: sum[:]})
	}
	return list
}

func counted(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * i >> 3)
	}
	return p
}

// R-FI-16, R-FI-25..R-FI-27: ranges with hashes that do not line up with what
// is fetched are fetched whole, and the last one may be short.
func TestHashesOfAnyRange(t *testing.T) {
	content := counted(3*chunkSize + 777)
	for _, key := range [][]byte{nil, counted(32)} {
		for _, every := range []int{128 << 10, 100 << 10, 700 << 10, 4 << 10} {
			s := &shelf{t: t, content: content, every: every, key: key, damaged: -1}
			f := New(s, Options{Verify: true})
			r := &Remote{Name: "x", Size: int64(len(content)), at: func([]byte) tg.InputFileLocationClass { return &tg.InputTakeoutFileLocation{} }}
			var got bytes.Buffer
			if _, err := f.Download(t.Context(), r, &got, Transfer{}); err != nil || !bytes.Equal(got.Bytes(), content) {
				t.Errorf("hashes of %d bytes, CDN %v: %v", every, key != nil, err)
			}
		}
	}
}

// R-FI-26: what does not fit its hash is thrown away, wherever it comes from.
func TestDamageIsFound(t *testing.T) {
	content := counted(2 * chunkSize)
	for _, key := range [][]byte{nil, counted(32)} {
		for _, at := range []int{0, 300_000, chunkSize - 1, chunkSize, len(content) - 1} {
			s := &shelf{t: t, content: content, every: 100 << 10, key: key, damaged: at}
			r := &Remote{Name: "x", Size: int64(len(content)), at: func([]byte) tg.InputFileLocationClass { return &tg.InputTakeoutFileLocation{} }}
			var got bytes.Buffer
			var wrong *HashError
			_, err := New(s, Options{Verify: true}).Download(t.Context(), r, &got, Transfer{})
			if !errors.As(err, &wrong) || int64(at) < wrong.Offset || int64(at) >= wrong.Offset+int64(wrong.Size) {
				t.Errorf("damage at %d, CDN %v: %v", at, key != nil, err)
			}
			if got.Len() > at {
				t.Errorf("damage at %d was written", at)
			}
		}
	}
}

// R-FI-20, R-FI-24: a token that is not known any more leads back to the data
// centre; keys of a wrong size, and an endless chase, are errors.
func TestRedirects(t *testing.T) {
	content := counted(1000)
	remote := func() *Remote {
		return &Remote{Name: "x", Size: 1000, at: func([]byte) tg.InputFileLocationClass { return &tg.InputTakeoutFileLocation{} }}
	}
	s := &shelf{t: t, content: content, every: 4 << 10, key: counted(32), damaged: -1, dead: 2}
	var got bytes.Buffer
	if _, err := New(s, Options{}).Download(t.Context(), remote(), &got, Transfer{}); err != nil || s.tokens != 3 || !bytes.Equal(got.Bytes(), content) {
		t.Errorf("after %d tokens: %v", s.tokens, err)
	}
	s.dead = 100
	if _, err := New(s, Options{}).Download(t.Context(), remote(), &got, Transfer{}); !errors.Is(err, errHops) {
		t.Errorf("tokens that are never known: %v", err)
	}
	s.key = counted(16)
	if _, err := New(s, Options{}).Download(t.Context(), remote(), &got, Transfer{}); !errors.Is(err, errRedirect) {
		t.Errorf("a key of 16 bytes: %v", err)
	}
}

// R-FI-12: an answer that is too short or too long is no part of the file.
func TestImplausibleAnswers(t *testing.T) {
	s := &shelf{t: t, content: counted(1000), damaged: -1}
	r := &Remote{Name: "x", Size: 1001, at: func([]byte) tg.InputFileLocationClass { return &tg.InputTakeoutFileLocation{} }}
	var got bytes.Buffer
	if _, err := New(s, Options{}).Download(t.Context(), r, &got, Transfer{}); !errors.Is(err, errTooLittle) || got.Len() > 0 {
		t.Errorf("a file that is shorter: %v", err)
	}
	l := New(s, Options{}).loader(r)
	if err := l.plausible(0, 4096, 4097); !errors.Is(err, errTooMuch) {
		t.Errorf("more than was asked for: %v", err)
	}
}
