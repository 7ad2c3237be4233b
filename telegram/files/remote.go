package files

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"godwit/tg"
)

// A Remote is a file at Telegram. It is safe for concurrent use.
type Remote struct {
	Name string // as its sender has called it, without any directory; may be empty
	MIME string
	Size int64 // bytes; negative where it is not known
	DC   int   // where it is (R-FI-13)

	id int64 // of the document or photo; 0 for what has no reference
	// at returns what names the file in requests.
	at func(reference []byte) tg.InputFileLocationClass

	mu        sync.Mutex
	reference []byte
	origins   []Origin
}

// ErrNoFile says that a message carries no file.
var ErrNoFile = errors.New("files: the message carries no file")

// OfMessage returns the file that a message carries: its document, or its
// photo in the largest size. peer is with whom the message is, for its
// reference to be renewed. The error is ErrNoFile if there is none.
func OfMessage(m *tg.Message, peer tg.InputPeerClass) (*Remote, error) {
	origin := FromMessage(peer, int(m.ID))
	switch media := m.Media.(type) {
	case *tg.MessageMediaDocument:
		if document, ok := media.Document.(*tg.Document); ok {
			return OfDocument(document, origin), nil
		}
	case *tg.MessageMediaPhoto:
		if photo, ok := media.Photo.(*tg.Photo); ok {
			return OfPhoto(photo, origin)
		}
	case *tg.MessageMediaWebPage:
		page, ok := media.Webpage.(*tg.WebPage)
		if !ok {
			break
		}
		if document, ok := page.Document.(*tg.Document); ok {
			return OfDocument(document, origin), nil
		}
		if photo, ok := page.Photo.(*tg.Photo); ok {
			return OfPhoto(photo, origin)
		}
	}
	return nil, ErrNoFile
}

// OfDocument returns the file of a document, which is to be found again by the
// given origins.
func OfDocument(d *tg.Document, origins ...Origin) *Remote {
	r := &Remote{
		MIME: d.MIMEType, Size: d.Size, DC: int(d.DCID), id: d.ID, reference: d.FileReference, origins: origins,
	}
	for _, a := range d.Attributes {
		if named, ok := a.(*tg.DocumentAttributeFilename); ok {
			r.Name = baseName(named.FileName)
		}
	}
	id, hash := d.ID, d.AccessHash
	r.at = func(reference []byte) tg.InputFileLocationClass {
		return &tg.InputDocumentFileLocation{ID: id, AccessHash: hash, FileReference: reference}
	}
	return r
}

// OfPhoto returns the file of a photo in its largest size. The error is
// ErrNoFile if it has none.
func OfPhoto(p *tg.Photo, origins ...Origin) (*Remote, error) {
	kind, size := largest(p.Sizes)
	if kind == "" {
		return nil, ErrNoFile
	}
	r := &Remote{
		Name: "photo_" + time.Unix(int64(p.Date), 0).UTC().Format("2006-01-02_15-04-05") + ".jpg", MIME: "image/jpeg",
		Size: size, DC: int(p.DCID), id: p.ID, reference: p.FileReference, origins: origins,
	}
	id, hash := p.ID, p.AccessHash
	r.at = func(reference []byte) tg.InputFileLocationClass {
		return &tg.InputPhotoFileLocation{ID: id, AccessHash: hash, FileReference: reference, ThumbSize: kind}
	}
	return r, nil
}

// OfProfile returns the profile photo of a user, in its larger size if big.
// The error is ErrNoFile if the user has none, or does not show it.
func OfProfile(u *tg.User, big bool) (*Remote, error) {
	photo, ok := u.Photo.(*tg.UserProfilePhoto)
	if !ok {
		return nil, ErrNoFile
	}
	at := &tg.InputPeerPhotoFileLocation{
		Big: big, PhotoID: photo.PhotoID, Peer: &tg.InputPeerUser{UserID: u.ID, AccessHash: u.AccessHash.Value},
	}
	if u.Self {
		at.Peer = &tg.InputPeerSelf{}
	}
	return &Remote{
		Name: fmt.Sprintf("profile_%d.jpg", u.ID), MIME: "image/jpeg", Size: -1, DC: int(photo.DCID),
		at: func([]byte) tg.InputFileLocationClass { return at },
	}, nil
}

// OfChat returns the photo of a group or channel, in its larger size if big. The
// error is ErrNoFile if it has none.
func OfChat(chat tg.ChatClass, big bool) (*Remote, error) {
	var photo tg.ChatPhotoClass
	var peer tg.InputPeerClass
	var id int64
	switch c := chat.(type) {
	case *tg.Chat:
		id, photo, peer = c.ID, c.Photo, &tg.InputPeerChat{ChatID: c.ID}
	case *tg.Channel:
		id, photo, peer = c.ID, c.Photo, &tg.InputPeerChannel{ChannelID: c.ID, AccessHash: c.AccessHash.Or(0)}
	}
	shown, ok := photo.(*tg.ChatPhoto)
	if !ok {
		return nil, ErrNoFile
	}
	at := &tg.InputPeerPhotoFileLocation{Big: big, PhotoID: shown.PhotoID, Peer: peer}
	return &Remote{
		Name: fmt.Sprintf("chat_%d.jpg", id), MIME: "image/jpeg", Size: -1, DC: int(shown.DCID),
		at: func([]byte) tg.InputFileLocationClass { return at },
	}, nil
}

// Remember adds a place where the file can be found again. Those that were
// added last are tried first.
func (r *Remote) Remember(o Origin) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.origins = append(r.origins, o)
}

// location returns what names the file now, and the reference in it.
func (r *Remote) location() (tg.InputFileLocationClass, []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at(r.reference), r.reference
}

// largest returns the largest size of a photo in pixels, and its bytes.
func largest(sizes []tg.PhotoSizeClass) (kind string, size int64) {
	type candidate struct {
		kind   string
		pixels int64
		size   int64
	}
	var list []candidate
	for _, s := range sizes {
		switch s := s.(type) {
		case *tg.PhotoSize:
			list = append(list, candidate{s.Type, int64(s.W) * int64(s.H), int64(s.Size)})
		case *tg.PhotoSizeProgressive:
			if len(s.Sizes) > 0 {
				list = append(list, candidate{s.Type, int64(s.W) * int64(s.H), int64(slices.Max(s.Sizes))})
			}
		}
	}
	if len(list) == 0 {
		return "", 0
	}
	best := slices.MaxFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.pixels, b.pixels), cmp.Compare(a.size, b.size))
	})
	return best.kind, best.size
}

// baseName returns the last element of a name that somebody else has chosen,
// "" where nothing is left that could name a file.
func baseName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name)
	if name == "." || name == ".." || name == "/" {
		return ""
	}
	return name
}
