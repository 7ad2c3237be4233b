package sandbox

import (
	"errors"
	"image"
	"slices"
	"strings"
	"unicode/utf8"

	"godwit/internal/filetype"
	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(sendMedia)
	register(uploadMedia)
	register(sendMultiMedia)
}

const (
	maxCaption = 1024 // code points
	maxAlbum   = 10   // messages
)

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
}

// object returns what the viewer is shown, nil for no media.
func (w *world) mediaObject(viewer *user, m *media) tg.MessageMediaClass {
	switch {
	case m == nil:
		return nil
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
func (c *call) takeMedia(in tg.InputMediaClass, then func(c *call, m *media) (tl.Encoder, error)) (tl.Encoder, error) {
	switch in := in.(type) {
	case *tg.InputMediaUploadedPhoto:
		return c.takePhoto(in.File, photoSizes, func(c *call, f *file) (tl.Encoder, error) {
			return then(c, &media{f, in.Spoiler})
		})
	case *tg.InputMediaUploadedDocument:
		return c.takeDocument(in, func(c *call, f *file) (tl.Encoder, error) {
			return then(c, &media{f, in.Spoiler})
		})
	case *tg.InputMediaEmpty:
		return nil, errMediaEmpty
	}
	m, err := c.sentBefore(in)
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
		return &media{f, in.Spoiler}, err
	case *tg.InputMediaDocument:
		id, ok := in.ID.(*tg.InputDocument)
		if !ok {
			return nil, errMediaEmpty
		}
		f, err := c.findMedia(id.ID, id.AccessHash, id.FileReference, true)
		return &media{f, in.Spoiler}, err
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
func (c *call) takePhoto(in tg.InputFileClass, sizes []sizeLimit, then func(*call, *file) (tl.Encoder, error)) (tl.Encoder, error) {
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
	}, then: func(c *call) (tl.Encoder, error) { return then(c, c.addFile(f)) }}, nil
}

// takeDocument makes a document of an upload, with a thumbnail where it can.
func (c *call) takeDocument(in *tg.InputMediaUploadedDocument, then func(*call, *file) (tl.Encoder, error)) (tl.Encoder, error) {
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
	}, then: func(c *call) (tl.Encoder, error) { return then(c, c.addFile(f)) }}, nil
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

// checkCaption is checkText for what goes with media.
func checkCaption(s string) error {
	switch {
	case s == "":
		return nil
	case utf8.RuneCountInString(s) > maxCaption:
		return errCaption
	}
	return checkText(s)
}

// sendMedia serves messages.sendMedia.
func sendMedia(c *call, q *tg.MessagesSendMedia) (tl.Encoder, error) {
	if m := c.user.sent[q.RandomID]; m != nil && q.RandomID != 0 {
		return c.sent(m), nil
	}
	p, err := c.writable(q.Peer)
	switch {
	case err != nil:
		return nil, err
	case q.RandomID == 0:
		return nil, refusal(400, "RANDOM_ID_EMPTY")
	}
	if err := checkCaption(q.Message); err != nil {
		return nil, err
	}
	m := &message{
		from: c.user.id, to: p, text: q.Message, entities: q.Entities, silent: q.Silent, randomID: q.RandomID,
	}
	if m.replyTo, err = c.replied(p, q.ReplyTo); err != nil {
		return nil, err
	}
	return c.takeMedia(q.Media, func(c *call, carried *media) (tl.Encoder, error) {
		if earlier := c.user.sent[q.RandomID]; earlier != nil {
			return c.sent(earlier), nil
		}
		m.media = carried
		c.post(m)
		c.user.sent[q.RandomID] = m
		return c.sent(m), nil
	})
}

// writable returns a peer that the caller names and may write to.
func (c *call) writable(in tg.InputPeerClass) (peerKey, error) {
	p, err := c.findPeer(in)
	if err != nil {
		return peerKey{}, err
	}
	return p, c.mayWrite(p)
}

// uploadMedia serves messages.uploadMedia, which makes media that can be sent
// later, in an album for one.
func uploadMedia(c *call, q *tg.MessagesUploadMedia) (tl.Encoder, error) {
	if _, err := c.writable(q.Peer); err != nil {
		return nil, err
	}
	return c.takeMedia(q.Media, func(c *call, m *media) (tl.Encoder, error) {
		return c.world().mediaObject(c.user, m), nil
	})
}

// sendMultiMedia serves messages.sendMultiMedia: an album, which takes media
// that are there already.
func sendMultiMedia(c *call, q *tg.MessagesSendMultiMedia) (*tg.Updates, error) {
	p, err := c.writable(q.Peer)
	switch {
	case err != nil:
		return nil, err
	case len(q.MultiMedia) == 0:
		return nil, errMediaEmpty
	case len(q.MultiMedia) > maxAlbum:
		return nil, errAlbumTooLong
	}
	replyTo, err := c.replied(p, q.ReplyTo)
	if err != nil {
		return nil, err
	}
	group := c.world().randomID()
	var album []*message
	for i, one := range q.MultiMedia {
		m := &message{
			from: c.user.id, to: p, text: one.Message, entities: one.Entities, silent: q.Silent,
			randomID: one.RandomID, replyTo: replyTo, group: group,
		}
		if err := c.checkSingle(&one, m, i); err != nil {
			return nil, err
		}
		album = append(album, m)
	}
	if !groupable(album) {
		return nil, refusal(400, "MEDIA_GROUPED_INVALID")
	}
	for i, m := range album {
		if earlier := c.user.sent[m.randomID]; earlier != nil {
			album[i] = earlier
			continue
		}
		c.post(m)
		c.user.sent[m.randomID] = m
	}
	return c.sent(album...), nil
}

// checkSingle fills in one message of an album.
func (c *call) checkSingle(one *tg.InputSingleMedia, m *message, index int) error {
	if one.RandomID == 0 {
		return refusal(400, "RANDOM_ID_EMPTY")
	}
	if err := checkCaption(one.Message); err != nil {
		return err
	}
	carried, err := c.sentBefore(one.Media)
	var rpc *mtproto.RPCError
	if errors.As(err, &rpc) && (errors.Is(err, errReferenceExpired) || errors.Is(err, errReferenceInvalid)) {
		// R-FI-15: which of them is in the middle of the name.
		what := strings.TrimPrefix(rpc.Type, "FILE_REFERENCE_")
		return &mtproto.RPCError{Code: 400, Type: "FILE_REFERENCE_X_" + what, Argument: index}
	}
	m.media = carried
	return err
}

// groupable reports whether messages can be one album: photos and videos mix,
// music and other documents stay among themselves.
func groupable(album []*message) bool {
	kinds := make(map[string]struct{})
	for _, m := range album {
		kinds[m.media.kind()] = struct{}{}
	}
	return len(kinds) == 1
}

func (m *media) kind() string {
	if !m.file.document {
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
