package files

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sync"

	"godwit/internal/filetype"
	"godwit/tg"
)

const (
	maxPart  = 512 << 10 // bytes, of a part (R-FI-02)
	minPart  = 32 << 10
	fewParts = 64       // to which small files are cut
	maxSmall = 10 << 20 // bytes, of a file that saveFilePart is for (R-FI-04)
)

// An Uploaded is a file that Telegram has got and that no message refers to
// yet. Telegram keeps it for some hours.
type Uploaded struct {
	Name string
	Size int64  // bytes
	MIME string // by its beginning, and its name

	id       int64
	parts    int
	part     int // bytes of each but the last
	big      bool
	sum      string // MD5, in hexadecimal, of what is not big
	source   *Source
	randomID int64 // of the message that it is for
	journal  *journal
}

// Input returns what names the file in requests, such as
// inputMediaUploadedDocument.
func (u *Uploaded) Input() tg.InputFileClass {
	if u.big {
		return &tg.InputFileBig{ID: u.id, Parts: int32(u.parts), Name: u.Name}
	}
	return &tg.InputFile{ID: u.id, Parts: int32(u.parts), Name: u.Name, MD5Checksum: u.sum}
}

// Done ends the upload's journal, if it has one: something refers to the file
// now. Send and SendAlbum do so by themselves.
func (u *Uploaded) Done() error {
	j := u.journal
	u.journal = nil
	return j.remove()
}

// Close leaves the upload's journal, if it has one, for a later Upload. After
// Done it does nothing.
func (u *Uploaded) Close() error { return u.journal.close() }

// Upload gives a file to Telegram (R-FI-01 to R-FI-06). Where it is to go with
// a message, Send does this too.
//
// With a journal, Done or Close is to be called on the result.
//
// Errors are *TooLargeError, *ChangedError, *JournalError, *mtproto.RPCError,
// what reading the source fails with, and ctx's.
func (f *Files) Upload(ctx context.Context, s *Source, t Transfer) (*Uploaded, error) {
	parts, setting, err := f.allowed(ctx, s)
	if err != nil {
		return nil, err
	}
	u := newUploaded(s)
	if err := u.open(t.Journal); err != nil {
		return nil, err
	}
	up := &uploading{
		Files: f, Uploaded: u, transfer: t, limit: parts, setting: setting, engine: f.engine(ctx, f.o.Requests),
	}
	up.buffers.New = func() any { p := make([]byte, u.part); return &p }
	if !u.big {
		up.md5 = md5.New()
	}
	up.progress.Total = s.Size
	up.progress.Done = u.journal.size(u.part, s.Size)
	up.report(0)
	if err := up.engine.run(up.next); err != nil {
		return nil, closing(u.journal, err)
	}
	if up.md5 != nil {
		u.sum = hex.EncodeToString(up.md5.Sum(nil))
	}
	u.Size = up.read
	return u, nil
}

// Check returns the error with which Upload would refuse a source for its
// size, nil for one that it would take, as far as that can be told before.
func (f *Files) Check(ctx context.Context, s *Source) error {
	_, _, err := f.allowed(ctx, s)
	return err
}

// allowed is Check, and returns how many parts a file may have, and the
// setting that says so.
func (f *Files) allowed(ctx context.Context, s *Source) (parts int, setting string, err error) {
	parts, setting, err = f.maxParts(ctx)
	switch {
	case err != nil:
	case s.Size > int64(parts)*maxPart:
		err = f.tooLarge(s.Name, s.Size, parts, setting)
	case s.Size == 0:
		err = errEmpty(s.Name)
	}
	return parts, setting, err
}

func errEmpty(name string) error {
	return fmt.Errorf("files: %s is empty, and Telegram takes no empty files", name)
}

func newUploaded(s *Source) *Uploaded {
	u := &Uploaded{
		Name: s.Name, Size: s.Size, source: s, id: randomID(), randomID: randomID(),
		part: partSize(s.Size), big: s.Size > maxSmall || s.Size < 0,
	}
	if s.Size > 0 {
		u.parts = int((s.Size + int64(u.part) - 1) / int64(u.part))
	}
	return u
}

// partSize returns the size of the parts of a file (R-FI-02).
func partSize(size int64) int {
	part := minPart
	for part < maxPart && (size < 0 || int64(part)*fewParts < size) {
		part *= 2
	}
	return part
}

// randomID returns a random number that is not 0.
func randomID() int64 {
	var p [8]byte
	for {
		rand.Read(p[:])
		if id := int64(binary.LittleEndian.Uint64(p[:])); id != 0 {
			return id
		}
	}
}

// open reads the journal, if there is to be one.
func (u *Uploaded) open(path string) error {
	if path == "" || !u.source.seekable() || u.source.Size < 0 {
		return nil
	}
	j, err := openJournal(path, journalHeader{
		Kind: "upload", Name: u.source.Name, Size: u.source.Size, Version: u.source.Version, Part: u.part,
		File: u.id, Message: u.randomID,
	})
	if err != nil {
		return err
	}
	u.journal, u.id, u.randomID = j, j.header.File, j.header.Message
	return nil
}

// An uploading is an upload under way.
type uploading struct {
	*Files
	*Uploaded
	transfer Transfer
	limit    int // of parts
	setting  string
	engine   *engine
	buffers  sync.Pool // of *[]byte

	// What reads the source, on one goroutine.
	index int   // of the next part
	read  int64 // bytes
	ahead *[]byte
	md5   hash.Hash

	mu       sync.Mutex
	progress Progress
}

// next reads the next part, and returns what sends it.
func (u *uploading) next(context.Context) (job, error) {
	for {
		p, last, err := u.readNext()
		if err != nil {
			return nil, err
		}
		index := u.index
		u.index++
		if index == 0 {
			u.MIME = filetype.Detect((*p)[:min(len(*p), filetype.HeadSize)], u.Name)
		}
		if u.md5 != nil {
			u.md5.Write(*p)
		}
		if last && u.Uploaded.parts == 0 {
			u.Uploaded.parts = u.index // R-FI-05
		}
		total := u.Uploaded.parts
		if u.journal.has(index) {
			u.recycle(p)
			continue
		}
		return func(ctx context.Context) (int, error) { return u.send(ctx, index, total, p) }, nil
	}
}

// readNext reads a part, and tells whether it is the last one. Of a stream one
// part is read ahead, to know.
func (u *uploading) readNext() (p *[]byte, last bool, err error) {
	if u.source.Size >= 0 {
		return u.readKnown()
	}
	if u.index == 0 {
		if u.ahead, err = u.fill(); err != nil {
			return nil, false, err
		}
		if len(*u.ahead) == 0 {
			return nil, false, errEmpty(u.Name)
		}
	}
	if len(*u.ahead) == 0 {
		return nil, false, io.EOF
	}
	if u.index == u.limit {
		return nil, false, u.tooLarge(u.Name, -1, u.limit, u.setting)
	}
	p = u.ahead
	if len(*p) < u.part {
		u.ahead = new([]byte)
	} else if u.ahead, err = u.fill(); err != nil {
		return nil, false, err
	}
	u.read += int64(len(*p))
	return p, len(*u.ahead) == 0, nil
}

func (u *uploading) readKnown() (p *[]byte, last bool, err error) {
	if u.index == u.Uploaded.parts {
		return nil, false, io.EOF
	}
	// A part that is there already is only of interest for what it adds to the
	// checksum and the type.
	if u.big && u.index > 0 && u.journal.has(u.index) {
		u.read += min(int64(u.part), u.source.Size-u.read)
		return new([]byte), false, nil
	}
	if p, err = u.fill(); err != nil {
		return nil, false, err
	}
	if want := min(int64(u.part), u.source.Size-u.read); int64(len(*p)) < want {
		return nil, false, &ChangedError{u.Name, u.source.Size, u.read + int64(len(*p))}
	} else if int64(len(*p)) > want {
		*p = (*p)[:want]
	}
	u.read += int64(len(*p))
	return p, u.read == u.source.Size, nil
}

// fill reads a part into a buffer.
func (u *uploading) fill() (*[]byte, error) {
	p := u.buffers.Get().(*[]byte)
	*p = (*p)[:u.part]
	n, err := u.source.readPart(*p, int64(u.index)*int64(u.part))
	*p = (*p)[:n]
	return p, err
}

func (u *uploading) recycle(p *[]byte) {
	if cap(*p) >= u.part {
		u.buffers.Put(p)
	}
}

// send saves a part at Telegram. total is 0 while it is not known.
func (u *uploading) send(ctx context.Context, index, total int, p *[]byte) (int, error) {
	if err := u.savePart(ctx, u.Uploaded, index, total, *p); err != nil {
		return 0, err
	}
	n := len(*p)
	u.recycle(p)
	if err := u.journal.add(index); err != nil {
		return n, err
	}
	u.report(n)
	return n, nil
}

// report counts bytes that have arrived.
func (u *uploading) report(n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.progress.Done += int64(n)
	u.progress.Requests = u.engine.limit()
	u.transfer.tell(u.progress)
}

// savePart sends one part (R-FI-04, R-FI-05).
func (f *Files) savePart(ctx context.Context, u *Uploaded, index, total int, p []byte) error {
	if u.big {
		if total == 0 {
			total = -1
		}
		_, err := tg.Call(ctx, f.t.Media(0), &tg.UploadSaveBigFilePart{
			FileID: u.id, FilePart: int32(index), FileTotalParts: int32(total), Bytes: p,
		})
		return err
	}
	_, err := tg.Call(ctx, f.t.Media(0), &tg.UploadSaveFilePart{FileID: u.id, FilePart: int32(index), Bytes: p})
	return err
}

// resend sends a part once more, which Telegram misses (R-FI-07).
func (f *Files) resend(ctx context.Context, u *Uploaded, index int) error {
	if !u.source.seekable() || index < 0 || index >= u.parts {
		return fmt.Errorf("files: Telegram has lost part %d of %s, which cannot be read again", index, u.Name)
	}
	p := make([]byte, u.part)
	n, err := u.source.readPart(p, int64(index)*int64(u.part))
	if err != nil {
		return err
	}
	return f.once(ctx, func(ctx context.Context) (int, error) {
		return n, f.savePart(ctx, u, index, u.parts, p[:n])
	})
}
