package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"godwit/internal/filetype"
	"godwit/tg"
)

// defaultReferenceTTL is how long file references are good (R-FI-15).
const defaultReferenceTTL = 24 * time.Hour

var (
	errReferenceEmpty   = refusal(400, "FILE_REFERENCE_EMPTY")
	errReferenceInvalid = refusal(400, "FILE_REFERENCE_INVALID")
	errReferenceExpired = refusal(400, "FILE_REFERENCE_EXPIRED")
	errLocation         = refusal(400, "LOCATION_INVALID")
)

// A file is a photo or a document that messages or profiles refer to. It does
// not change.
type file struct {
	id       int64
	dc       int // where it is (R-FI-13)
	date     int32
	pictures []picture // the sizes of a photo, or thumbnails of a document

	document   bool // what follows is of documents
	content    *content
	mime       string
	attributes []tg.DocumentAttributeClass
}

// A picture is one size of an image.
type picture struct {
	kind          string // such as "x" for one that fits into 800x800
	width, height int
	content       *content
}

// addFile enters a file, which gets its id.
func (c *call) addFile(f *file) *file {
	w := c.world()
	for f.id == 0 || w.files[f.id] != nil {
		f.id = w.randomID()
	}
	f.dc, f.date = c.dc.id, w.unix()
	w.files[f.id] = f
	return f
}

// fileMAC proves that the sandbox has told a viewer something about a file.
func (w *world) fileMAC(viewer *user, f *file, what string, date int32) []byte {
	h := hmac.New(sha256.New, w.secret[:])
	h.Write([]byte(what))
	var b [20]byte
	binary.BigEndian.PutUint64(b[:], uint64(viewer.id))
	binary.BigEndian.PutUint64(b[8:], uint64(f.id))
	binary.BigEndian.PutUint32(b[16:], uint32(date))
	h.Write(b[:])
	return h.Sum(nil)
}

// fileHash returns the access hash under which a viewer knows a file.
func (w *world) fileHash(viewer *user, f *file) int64 {
	return int64(binary.LittleEndian.Uint64(w.fileMAC(viewer, f, "hash", 0)) | 1)
}

// referenceSize is that of a version, a date and 8 bytes of proof.
const referenceSize = 13

// reference returns what names the file to a viewer for some time (R-FI-15).
func (w *world) reference(viewer *user, f *file) []byte {
	now := w.unix()
	out := binary.BigEndian.AppendUint32([]byte{1}, uint32(now))
	return append(out, w.fileMAC(viewer, f, "reference", now)[:8]...)
}

func (w *world) checkReference(viewer *user, f *file, reference []byte) error {
	if len(reference) == 0 {
		return errReferenceEmpty
	}
	if len(reference) != referenceSize {
		return errReferenceInvalid
	}
	issued := int32(binary.BigEndian.Uint32(reference[1:]))
	if !hmac.Equal(reference[5:], w.fileMAC(viewer, f, "reference", issued)[:8]) {
		return errReferenceInvalid
	}
	if w.now().Sub(time.Unix(int64(issued), 0)) >= w.referenceTTL {
		return errReferenceExpired
	}
	return nil
}

// findFile returns a file that the caller names by id, hash and reference.
func (c *call) findFile(id, hash int64, reference []byte) (*file, error) {
	w := c.world()
	f := w.files[id]
	if f == nil || hash != w.fileHash(c.user, f) {
		return nil, errLocation
	}
	return f, w.checkReference(c.user, f, reference)
}

// photoObject returns a photo as the viewer sees it.
func (w *world) photoObject(viewer *user, f *file) *tg.Photo {
	return &tg.Photo{
		ID: f.id, AccessHash: w.fileHash(viewer, f), FileReference: w.reference(viewer, f),
		Date: f.date, Sizes: sizeObjects(f.pictures), DCID: int32(f.dc),
	}
}

func sizeObjects(pictures []picture) []tg.PhotoSizeClass {
	var out []tg.PhotoSizeClass
	for _, p := range pictures {
		out = append(out, &tg.PhotoSize{
			Type: p.kind, W: int32(p.width), H: int32(p.height), Size: int32(p.content.size),
		})
	}
	return out
}

// documentObject returns a document as the viewer sees it.
func (w *world) documentObject(viewer *user, f *file) *tg.Document {
	return &tg.Document{
		ID: f.id, AccessHash: w.fileHash(viewer, f), FileReference: w.reference(viewer, f),
		Date: f.date, MIMEType: f.mime, Size: f.content.size, Thumbs: sizeObjects(f.pictures),
		DCID: int32(f.dc), Attributes: f.attributes,
	}
}

// picture returns the content of one size.
func (f *file) picture(kind string) (*content, error) {
	for _, p := range f.pictures {
		if p.kind == kind {
			return p.content, nil
		}
	}
	return nil, errLocation
}

// locate returns the file that a location names, and which of its contents
// (R-FI-14).
func (c *call) locate(in tg.InputFileLocationClass) (*file, *content, error) {
	switch in := in.(type) {
	case *tg.InputDocumentFileLocation:
		f, err := c.findFile(in.ID, in.AccessHash, in.FileReference)
		switch {
		case err != nil:
			return nil, nil, err
		case !f.document:
			return nil, nil, errLocation
		case in.ThumbSize == "":
			return f, f.content, nil
		}
		data, err := f.picture(in.ThumbSize)
		return f, data, err
	case *tg.InputPhotoFileLocation:
		f, err := c.findFile(in.ID, in.AccessHash, in.FileReference)
		switch {
		case err != nil:
			return nil, nil, err
		case f.document:
			return nil, nil, errLocation
		}
		data, err := f.picture(in.ThumbSize)
		return f, data, err
	case *tg.InputPeerPhotoFileLocation:
		return c.locatePeerPhoto(in)
	}
	return nil, nil, errLocation
}

// locatePeerPhoto finds the photo of a person or chat, for which no reference is needed.
func (c *call) locatePeerPhoto(in *tg.InputPeerPhotoFileLocation) (*file, *content, error) {
	p, err := c.findPeer(in.Peer)
	if err != nil {
		return nil, nil, err
	}
	var f *file
	if p.kind == peerUser {
		f = c.world().users[p.id].photo(in.PhotoID)
	} else if f, err = c.locateChatPhoto(p, in.PhotoID); err != nil {
		return nil, nil, err
	}
	if f == nil {
		return nil, nil, errLocation
	}
	kind := "a"
	if in.Big {
		kind = "c"
	}
	data, err := f.picture(kind)
	return f, data, err
}

// storageType is what upload.getFile says of a file's content.
func storageType(p []byte) tg.StorageFileTypeClass {
	switch filetype.Detect(p, "") {
	case "image/jpeg":
		return &tg.StorageFileJpeg{}
	case "image/png":
		return &tg.StorageFilePng{}
	case "image/gif":
		return &tg.StorageFileGIF{}
	case "image/webp":
		return &tg.StorageFileWebp{}
	case "application/pdf":
		return &tg.StorageFilePDF{}
	case "video/mp4":
		return &tg.StorageFileMp4{}
	case "audio/mpeg":
		return &tg.StorageFileMp3{}
	}
	return &tg.StorageFileUnknown{}
}
