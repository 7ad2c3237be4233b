package sandbox

import (
	"errors"
	"image"
	"slices"

	"godwit/internal/filetype"
	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(uploadMedia)
}

var (
	errMedia        = refusal(400, "MEDIA_INVALID")
	errMediaEmpty   = refusal(400, "MEDIA_EMPTY")
	errCaption      = refusal(400, "MEDIA_CAPTION_TOO_LONG")
	errAlbumTooLong = refusal(400, "MULTI_MEDIA_TOO_LONG")
)

// A media is what a message carries beside its text.
type media struct {
	file    *file
	spoiler bool
	plain   tg.MessageMediaClass // what is no file, else nil
}

// object returns what the viewer is shown, nil for no media.
func (w *world) mediaObject(viewer *user, m *media) tg.MessageMediaClass {
	switch {
	case m == nil:
		return nil
	case m.plain != nil:
		return m.plain
	case !m.file.document:
		return &tg.MessageMediaPhoto{Spoiler: m.spoiler, Photo: w.photoObject(viewer, m.file)}
	}
	out := &tg.MessageMediaDocument{Spoiler: m.spoiler, Document: w.documentObject(viewer, m.file)}
	for _, a := range m.file.attributes {
		switch a := a.(type) {
		case *tg.DocumentAttributeVideo:
			out.Video, out.Round = !a.RoundMessage, a.RoundMessage
		case *tg.DocumentAttributeAudio:
			out.Voice = a.Voice
		}
	}
	return out
}

// takeMedia makes the media that a query names, and then goes on with it.
func (c *call) takeMedia(in tg.InputMediaClass, then func(c *call, m *media) (tl.Object, error)) (tl.Object, error) {
	switch in := in.(type) {
	case *tg.InputMediaUploadedPhoto:
		return c.takePhoto(in.File, photoSizes, func(c *call, f *file) (tl.Object, error) {
			return then(c, &media{file: f, spoiler: in.Spoiler})
		})
	case *tg.InputMediaUploadedDocument:
		return c.takeDocument(in, func(c *call, f *file) (tl.Object, error) {
			return then(c, &media{file: f, spoiler: in.Spoiler})
		})
	case *tg.InputMediaEmpty:
		return nil, errMediaEmpty
	}
	m, err := c.plainMedia(in)
	if m == nil && err == nil {
		m, err = c.sentBefore(in)
	}
	if err != nil {
		return nil, err
	}
	return then(c, m)
}

// sentBefore finds media that are there already.
func (c *call) sentBefore(in tg.InputMediaClass) (*media, error) {
	switch in := in.(type) {
	case *tg.InputMediaPhoto:
		id, ok := in.ID.(*tg.InputPhoto)
		if !ok {
			return nil, errMediaEmpty
		}
		f, err := c.findMedia(id.ID, id.AccessHash, id.FileReference, false)
		return &media{file: f, spoiler: in.Spoiler}, err
	case *tg.InputMediaDocument:
		id, ok := in.ID.(*tg.InputDocument)
		if !ok {
			return nil, errMediaEmpty
		}
		f, err := c.findMedia(id.ID, id.AccessHash, id.FileReference, true)
		return &media{file: f, spoiler: in.Spoiler}, err
	}
	return nil, errMedia
}

func (c *call) findMedia(id, hash int64, reference []byte, document bool) (*file, error) {
	f, err := c.findFile(id, hash, reference)
	if errors.Is(err, errLocation) || err == nil && f.document != document {
		return nil, errMediaEmpty
	}
	return f, err
}

// takePhoto makes a photo of an upload.
func (c *call) takePhoto(in tg.InputFileClass, sizes []sizeLimit, then func(*call, *file) (tl.Object, error)) (tl.Object, error) {
	up, err := c.takeFile(in)
	if err != nil {
		return nil, err
	}
	store, f := c.world().blobs, new(file)
	return &later{work: func() error {
		if err := up.check(); err != nil {
			return err
		}
		f.pictures, err = pictures(up.content, sizes, store)
		return err
	}, then: func(c *call) (tl.Object, error) { return then(c, c.addFile(f)) }}, nil
}

// takeDocument makes a document of an upload, with a thumbnail where it can.
func (c *call) takeDocument(in *tg.InputMediaUploadedDocument, then func(*call, *file) (tl.Object, error)) (tl.Object, error) {
	up, err := c.takeFile(in.File)
	if err != nil {
		return nil, err
	}
	shown := up.content
	if in.Thumb != nil {
		thumb, err := c.takeFile(in.Thumb)
		if err != nil {
			return nil, err
		}
		shown = thumb.content
	}
	store := c.world().blobs
	f := &file{document: true, content: up.content, mime: in.MIMEType, attributes: in.Attributes}
	return &later{work: func() error {
		if err := up.check(); err != nil {
			return err
		}
		return f.describe(up.name, shown, store)
	}, then: func(c *call) (tl.Object, error) { return then(c, c.addFile(f)) }}, nil
}

// describe completes a document by what can be seen in it. shown is what its
// thumbnail is made of, if that is an image.
func (f *file) describe(name string, shown *content, store *blobs) error {
	if named := slices.ContainsFunc(f.attributes, func(a tg.DocumentAttributeClass) bool {
		_, ok := a.(*tg.DocumentAttributeFilename)
		return ok
	}); !named && name != "" {
		f.attributes = append(f.attributes, &tg.DocumentAttributeFilename{FileName: name})
	}
	if f.mime == "" {
		head, err := f.content.part(0, filetype.HeadSize)
		if err != nil {
			return err
		}
		f.mime = filetype.Detect(head, name)
	}
	if config, _, err := image.DecodeConfig(f.content.reader()); err == nil {
		f.attributes = append(f.attributes, &tg.DocumentAttributeImageSize{W: int32(config.Width), H: int32(config.Height)})
	}
	thumbs, err := pictures(shown, thumbnailSizes, store)
	var unsuitable *mtproto.RPCError
	if errors.As(err, &unsuitable) {
		return nil // what is no image has no thumbnail
	}
	f.pictures = thumbs
	return err
}

// writable returns a peer that the caller names and may write to.
func (c *call) writable(in tg.InputPeerClass) (peerKey, error) {
	p, err := c.findPeer(in)
	if err != nil {
		return peerKey{}, err
	}
	return p, c.mayWrite(p, contentMedia)
}

// uploadMedia serves messages.uploadMedia, which makes media that can be sent
// later, in an album for one.
func uploadMedia(c *call, q *tg.MessagesUploadMedia) (tl.Object, error) {
	if _, err := c.writable(q.Peer); err != nil {
		return nil, err
	}
	return c.takeMedia(q.Media, func(c *call, m *media) (tl.Object, error) {
		return c.world().mediaObject(c.user, m), nil
	})
}

// groupable reports whether messages can be one album: photos and videos mix,
// music and other documents stay among themselves.
func groupable(album []*message) bool {
	kinds := make(map[string]struct{})
	for _, m := range album {
		kinds[m.media.kind()] = struct{}{}
	}
	_, plain := kinds["plain"]
	return len(kinds) == 1 && !plain
}

func (m *media) kind() string {
	switch {
	case m.plain != nil:
		return "plain"
	case !m.file.document:
		return "visual"
	}
	for _, a := range m.file.attributes {
		switch a := a.(type) {
		case *tg.DocumentAttributeVideo:
			return "visual"
		case *tg.DocumentAttributeAudio:
			if a.Voice {
				return "voice"
			}
			return "music"
		}
	}
	return "document"
}
