package sandbox

import (
	"crypto/md5"
	"encoding/hex"
	"io"
	"sync"
	"time"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(saveFilePart).anywhere()
	register(saveBigFilePart).anywhere()
}

const (
	partUnit       = 1024      // part sizes are multiples of it (R-FI-02)
	maxPart        = 512 << 10 // and divide this
	maxSmall       = 10 << 20  // size of files that saveFilePart is for (R-FI-04)
	maxParts       = 4000      // of an account without premium (R-FI-03)
	maxPartsPaying = 8000
	uploadTTL      = 2 * time.Hour // after the last part, if nothing uses them (R-FI-06)
)

var (
	errFilePart    = refusal(400, "FILE_PART_INVALID")
	errFileParts   = refusal(400, "FILE_PARTS_INVALID")
	errPartEmpty   = refusal(400, "FILE_PART_EMPTY")
	errPartTooBig  = refusal(400, "FILE_PART_TOO_BIG")
	errPartSize    = refusal(400, "FILE_PART_SIZE_INVALID")
	errPartChanged = refusal(400, "FILE_PART_SIZE_CHANGED")
	errPartLength  = refusal(400, "FILE_PART_LENGTH_INVALID")
	errInputFile   = refusal(400, "INPUT_FILE_INVALID")
	errChecksum    = refusal(400, "MD5_CHECKSUM_INVALID")
)

// An uploadKey names an upload: a client may choose any id.
type uploadKey struct {
	user int64
	id   int64
}

// An upload is the parts of a file that nothing refers to yet.
type upload struct {
	store *blobs
	dc    int // where the parts are (R-FI-06)

	mu      sync.Mutex
	big     bool
	total   int // number of parts that the client has named; 0 while it is unknown
	regular int // size of the parts before the last; 0 while it is unknown
	parts   map[int]blob
	touched time.Time
	kept    bool // a file may refer to the parts, which then outlast the upload
}

// upload returns the caller's upload of an id, new if there is none.
func (c *call) upload(id int64) *upload {
	w := c.world()
	now := w.now()
	key := uploadKey{c.user.id, id}
	if u := w.uploads[key]; u != nil && u.dc == c.dc.id {
		return u
	}
	for key, u := range w.uploads {
		if u.forgotten(now) {
			delete(w.uploads, key)
		}
	}
	u := &upload{store: w.blobs, dc: c.dc.id, parts: make(map[int]blob), touched: now}
	w.uploads[key] = u
	return u
}

// forgotten drops the parts of an upload that has not been used for long, and
// reports whether it has.
func (u *upload) forgotten(now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(u.touched) < uploadTTL {
		return false
	}
	for part := range u.parts {
		u.dropLocked(part)
	}
	return true
}

// dropLocked forgets a part.
func (u *upload) dropLocked(part int) {
	if b, ok := u.parts[part]; ok && !u.kept {
		u.store.drop(b)
	}
	delete(u.parts, part)
}

// maxPartsOf returns how many parts a user's files may have (R-FI-03).
func maxPartsOf(u *user) int {
	if u.premium {
		return maxPartsPaying
	}
	return maxParts
}

// saveFilePart serves upload.saveFilePart (R-FI-04).
func saveFilePart(c *call, q *tg.UploadSaveFilePart) (*later, error) {
	if err := checkPart(int(q.FilePart), q.Bytes); err != nil {
		return nil, err
	}
	switch {
	case len(q.Bytes) == 0:
		return nil, errPartEmpty
	case int(q.FilePart) >= maxSmall/partUnit:
		return nil, errFilePart
	}
	return c.savePart(q.FileID, int(q.FilePart), 0, q.Bytes)
}

// saveBigFilePart serves upload.saveBigFilePart (R-FI-04, R-FI-05).
func saveBigFilePart(c *call, q *tg.UploadSaveBigFilePart) (*later, error) {
	part, total := int(q.FilePart), int(q.FileTotalParts)
	if err := checkPart(part, q.Bytes); err != nil {
		return nil, err
	}
	switch {
	case total == 0, total < -1, total > maxPartsOf(c.user):
		return nil, errFileParts
	case part >= maxPartsOf(c.user), total > 0 && part >= total:
		return nil, errFilePart
	case len(q.Bytes) == 0 && part != total-1:
		return nil, errPartEmpty
	case part != total-1 && !validPart(len(q.Bytes)):
		return nil, errPartSize
	}
	return c.savePart(q.FileID, part, total, q.Bytes)
}

func checkPart(part int, p []byte) error {
	switch {
	case part < 0:
		return errFilePart
	case len(p) > maxPart:
		return errPartTooBig
	}
	return nil
}

// validPart reports whether parts other than the last may have this size
// (R-FI-02).
func validPart(size int) bool { return size > 0 && size%partUnit == 0 && maxPart%size == 0 }

// savePart stores a part. total is 0 for a file that is not big, -1 if it is
// not known yet.
func (c *call) savePart(id int64, part, total int, p []byte) (*later, error) {
	u, now := c.upload(id), c.world().now()
	return &later{work: func() error {
		b, err := u.store.put(p)
		if err != nil {
			return err
		}
		if err := u.add(part, total, b, now); err != nil {
			u.store.drop(b)
			return err
		}
		return nil
	}, then: func(*call) (tl.Object, error) { return boolean(true), nil }}, nil
}

func (u *upload) add(part, total int, b blob, now time.Time) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	big := total != 0
	total = max(total, 0)
	switch {
	case len(u.parts) > 0 && u.big != big:
		return errFilePart
	case total > 0 && u.total > 0 && total != u.total:
		return errFileParts
	case big && part != total-1 && u.regular != 0 && int(b.size) != u.regular:
		return errPartChanged
	}
	u.big, u.touched = big, now
	u.total = max(u.total, total)
	if big && part != total-1 {
		u.regular = int(b.size)
	}
	u.dropLocked(part)
	u.parts[part] = b
	return nil
}

// finish returns the content of an upload that consists of as many parts.
func (u *upload) finish(count int, big bool) (*content, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if count < 1 || u.big != big || u.total > 0 && u.total != count {
		return nil, errFileParts
	}
	out := &content{store: u.store}
	for i := range count {
		b, ok := u.parts[i]
		if !ok {
			return nil, missing(i)
		}
		first := int(out.firstSize(b))
		switch {
		case i < count-1 && !validPart(int(b.size)):
			return nil, errPartSize
		case i < count-1 && int(b.size) != first:
			return nil, errPartChanged
		case int(b.size) > first:
			return nil, errPartLength
		case b.size > 0:
			out.parts = append(out.parts, b)
			out.size += b.size
		}
	}
	switch {
	case out.size == 0:
		return nil, errPartEmpty
	case !big && out.size > maxSmall:
		return nil, errFileParts
	}
	u.kept = true
	return out, nil
}

func (c *content) firstSize(otherwise blob) int64 {
	if len(c.parts) > 0 {
		return c.parts[0].size
	}
	return otherwise.size
}

func missing(part int) error {
	return &mtproto.RPCError{Code: 400, Type: "FILE_PART_X_MISSING", Argument: part}
}

// An uploaded is a file that a query has named, taken from its upload.
type uploaded struct {
	*content
	name string
	sum  string // MD5 that the client has told; may be empty
}

// takeFile finds the upload that a query names. The content is looked at only
// once the world is not locked any more.
func (c *call) takeFile(in tg.InputFileClass) (*uploaded, error) {
	var id int64
	var count int
	out := new(uploaded)
	big := false
	switch in := in.(type) {
	case *tg.InputFile:
		id, count, out.name, out.sum = in.ID, int(in.Parts), in.Name, in.MD5Checksum
	case *tg.InputFileBig:
		id, count, out.name, big = in.ID, int(in.Parts), in.Name, true
	default:
		return nil, errInputFile
	}
	if count > maxPartsOf(c.user) {
		return nil, errFileParts
	}
	u := c.world().uploads[uploadKey{c.user.id, id}]
	if u == nil || u.dc != c.dc.id {
		return nil, missing(0)
	}
	var err error
	out.content, err = u.finish(count, big)
	return out, err
}

// check compares the content with the checksum.
func (f *uploaded) check() error {
	if f.sum == "" {
		return nil
	}
	h := md5.New()
	if _, err := io.Copy(h, f.reader()); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != f.sum {
		return errChecksum
	}
	return nil
}
