package sandbox

import (
	"crypto/sha256"

	"godwit/internal/filetype"
	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getFile).anywhere()
	register(getFileHashes).anywhere()
}

const (
	rangeUnit    = 4096      // of ranges that are not precise (R-FI-11)
	preciseUnit  = 1024      // of those that are
	maxRange     = 1 << 20   // no range crosses a multiple of it
	hashedRange  = 128 << 10 // of which upload.getFileHashes tells the hash (R-FI-16)
	hashesAtOnce = 16
)

var (
	errOffset = refusal(400, "OFFSET_INVALID")
	errLimit  = refusal(400, "LIMIT_INVALID")
)

// checkRange follows R-FI-11.
func checkRange(offset, limit int64, precise bool) error {
	unit := int64(rangeUnit)
	if precise {
		unit = preciseUnit
	}
	switch {
	case offset < 0 || offset%unit != 0:
		return errOffset
	case limit <= 0 || limit > maxRange || limit%unit != 0 || !precise && maxRange%limit != 0:
		return errLimit
	case offset/maxRange != (offset+limit-1)/maxRange:
		return errLimit
	}
	return nil
}

// getFile serves upload.getFile (R-FI-10 to R-FI-13, R-FI-20).
func getFile(c *call, q *tg.UploadGetFile) (*later, error) {
	if err := checkRange(q.Offset, int64(q.Limit), q.Precise); err != nil {
		return nil, err
	}
	f, data, err := c.locateHere(q.Location)
	if err != nil {
		return nil, err
	}
	if q.CDNSupported && c.dc.onCDN(f, data) {
		return c.redirect(f, data, q.Offset), nil
	}
	out := &tg.UploadFile{Mtime: f.date}
	return &later{work: func() error {
		head, err := data.part(0, filetype.HeadSize)
		if err != nil {
			return err
		}
		out.Type = storageType(head)
		out.Bytes, err = data.part(q.Offset, int64(q.Limit))
		return err
	}, then: func(*call) (tl.Object, error) { return out, nil }}, nil
}

// locateHere is locate, for files of this DC alone (R-FI-13).
func (c *call) locateHere(in tg.InputFileLocationClass) (*file, *content, error) {
	f, data, err := c.locate(in)
	if err == nil && f.dc != c.dc.id {
		err = migrate("FILE", f.dc)
	}
	return f, data, err
}

// getFileHashes serves upload.getFileHashes (R-FI-16).
func getFileHashes(c *call, q *tg.UploadGetFileHashes) (*later, error) {
	_, data, err := c.locateHere(q.Location)
	if err != nil {
		return nil, err
	}
	if q.Offset < 0 {
		return nil, errOffset
	}
	return hashesFrom(data, q.Offset), nil
}

// hashesFrom answers with the hashes of some ranges, from the one that holds
// an offset on.
func hashesFrom(data *content, offset int64) *later {
	var out vector[*tg.FileHash]
	return &later{
		work: func() (err error) {
			out, err = data.hashes(offset)
			return err
		},
		then: func(*call) (tl.Object, error) { return out, nil },
	}
}

func (c *content) hashes(offset int64) (vector[*tg.FileHash], error) {
	out := vector[*tg.FileHash]{}
	for at := offset - offset%hashedRange; at < c.size && len(out) < hashesAtOnce; at += hashedRange {
		p, err := c.part(at, hashedRange)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(p)
		out = append(out, &tg.FileHash{Offset: at, Limit: int32(len(p)), Hash: sum[:]})
	}
	return out, nil
}
