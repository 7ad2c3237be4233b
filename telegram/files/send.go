package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/telegram"
	"godwit/tg"
)

// Media is what a message carries: Photo, Document or Existing.
type Media interface {
	// check returns why it cannot be sent, as far as that is known before.
	check(ctx context.Context, f *Files) error
	// prepare returns how requests name it, uploading it first if need be.
	prepare(ctx context.Context, f *Files) (*prepared, error)
}

// A prepared media is there for a message to refer to.
type prepared struct {
	input    func() tg.InputMediaClass
	uploads  []*Uploaded
	existing *Remote
	randomID int64
	renewed  int // how often its reference was
}

// A Photo is shown as a picture. Telegram makes a JPEG of it, in several
// sizes: who wants the file as it is sends a Document. It has 10 MB at most.
type Photo struct {
	Source  *Source
	Spoiler bool
	Transfer
}

const maxPhoto = 10 << 20 // bytes

// whole returns the source of a photo, whose size has to be known before
// (R-FI-05): a stream is read first.
func (p Photo) whole() (*Source, error) {
	s := *p.Source
	if s.Size < 0 {
		content, err := io.ReadAll(io.LimitReader(s.Content, maxPhoto+1))
		if err != nil {
			return nil, fmt.Errorf("files: reading %s: %w", s.Name, err)
		}
		s.Content, s.Size = bytes.NewReader(content), int64(len(content))
	}
	if s.Size > maxPhoto {
		return nil, photoTooLarge(&s)
	}
	return &s, nil
}

func photoTooLarge(s *Source) error {
	return &TooLargeError{Name: s.Name, Size: s.Size, Limit: maxPhoto, Setting: "photos", Premium: true}
}

// A Document is a file that arrives as it is.
type Document struct {
	Source *Source
	// MIME is the media type; by its beginning and its name if empty.
	MIME string
	// Attributes say how apps show it: as a video, music, a voice message and so
	// on. The name is added.
	Attributes []tg.DocumentAttributeClass
	// Thumb is a JPEG of at most 320 by 320 that is shown for it, nil for none.
	Thumb *Source
	// AsFile has a video or an animation shown as a file.
	AsFile  bool
	Spoiler bool
	Transfer
}

// An Existing is a document or photo that is at Telegram already, and is sent again
// without being fetched. A photo can be one too, but no profile photo.
type Existing struct {
	Remote  *Remote
	Spoiler bool
}

func (p Photo) check(ctx context.Context, f *Files) error {
	if p.Source.Size > maxPhoto {
		return photoTooLarge(p.Source)
	}
	return f.Check(ctx, p.Source)
}

func (d Document) check(ctx context.Context, f *Files) error { return f.Check(ctx, d.Source) }

func (e Existing) check(context.Context, *Files) error {
	switch at, _ := e.Remote.location(); at.(type) {
	case *tg.InputDocumentFileLocation, *tg.InputPhotoFileLocation:
		return nil
	}
	return fmt.Errorf("files: %s is no document or photo, and cannot be sent without being fetched", e.Remote.Name)
}

func (p Photo) prepare(ctx context.Context, f *Files) (*prepared, error) {
	source, err := p.whole()
	if err != nil {
		return nil, err
	}
	u, err := f.Upload(ctx, source, p.Transfer)
	if err != nil {
		return nil, err
	}
	return &prepared{uploads: []*Uploaded{u}, randomID: u.randomID, input: func() tg.InputMediaClass {
		return &tg.InputMediaUploadedPhoto{File: u.Input(), Spoiler: p.Spoiler}
	}}, nil
}

func (d Document) prepare(ctx context.Context, f *Files) (*prepared, error) {
	u, err := f.Upload(ctx, d.Source, d.Transfer)
	if err != nil {
		return nil, err
	}
	attributes := slices.Clone(d.Attributes)
	if !slices.ContainsFunc(attributes, func(a tg.DocumentAttributeClass) bool {
		_, named := a.(*tg.DocumentAttributeFilename)
		return named
	}) {
		attributes = append(attributes, &tg.DocumentAttributeFilename{FileName: u.Name})
	}
	mime := d.MIME
	if mime == "" {
		mime = u.MIME
	}
	out := &prepared{uploads: []*Uploaded{u}, randomID: u.randomID}
	var thumb *Uploaded
	if d.Thumb != nil {
		if thumb, err = f.Upload(ctx, d.Thumb, Transfer{}); err != nil {
			return nil, err
		}
		out.uploads = append(out.uploads, thumb)
	}
	out.input = func() tg.InputMediaClass {
		media := &tg.InputMediaUploadedDocument{
			File: u.Input(), MIMEType: mime, Attributes: attributes, ForceFile: d.AsFile, Spoiler: d.Spoiler,
		}
		if thumb != nil {
			media.Thumb = thumb.Input()
		}
		return media
	}
	return out, nil
}

func (e Existing) prepare(ctx context.Context, f *Files) (*prepared, error) {
	if err := e.check(ctx, f); err != nil {
		return nil, err
	}
	return &prepared{existing: e.Remote, randomID: randomID(), input: func() tg.InputMediaClass {
		switch at, _ := e.Remote.location(); at := at.(type) {
		case *tg.InputDocumentFileLocation:
			return &tg.InputMediaDocument{Spoiler: e.Spoiler, ID: &tg.InputDocument{
				ID: at.ID, AccessHash: at.AccessHash, FileReference: at.FileReference,
			}}
		case *tg.InputPhotoFileLocation:
			return &tg.InputMediaPhoto{Spoiler: e.Spoiler, ID: &tg.InputPhoto{
				ID: at.ID, AccessHash: at.AccessHash, FileReference: at.FileReference,
			}}
		}
		return nil
	}}, nil
}

// Send sends a file with a message, which says what is to be beside it: the
// caption is its Text. It is sent once, even if a journal is gone on with:
// Telegram knows the message by a number that is in the journal, unless m has
// another. Otherwise it is as with [telegram.Client.Send].
func (f *Files) Send(ctx context.Context, peer tg.InputPeerClass, media Media, m telegram.Outgoing) (*tg.Message, error) {
	p, err := media.prepare(ctx, f)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var sent *tg.Message
	err = f.insist(ctx, []*prepared{p}, func() error {
		var err error
		sent, err = f.t.Send(ctx, peer, p.in(m))
		return err
	})
	if err != nil {
		return nil, p.failed(err)
	}
	return sent, p.forget()
}

// failed returns an error. If it is one that the same request would meet
// again, there is nothing to go on with.
func (p *prepared) failed(err error) error {
	var rpc *mtproto.RPCError
	if errors.As(err, &rpc) && rpc.Code >= 400 && rpc.Code < 420 && rpc.Code != 401 {
		return errors.Join(err, p.forget())
	}
	return err
}

// SendAlbum sends 2 to telegram.MaxAlbum files as one album, and returns its
// messages. Photos and videos may be mixed; music, and other files, go among
// themselves. m says what is to be beside the first: its Text is the caption.
func (f *Files) SendAlbum(ctx context.Context, peer tg.InputPeerClass, media []Media, m telegram.Outgoing) ([]*tg.Message, error) {
	if len(media) < 2 || len(media) > telegram.MaxAlbum {
		return nil, fmt.Errorf("files: an album has 2 to %d files, not %d", telegram.MaxAlbum, len(media))
	}
	var album []*prepared
	defer func() {
		for _, p := range album {
			p.close()
		}
	}()
	for _, one := range media {
		if err := one.check(ctx, f); err != nil {
			return nil, err
		}
	}
	for _, one := range media {
		p, err := one.prepare(ctx, f)
		if err != nil {
			return nil, err
		}
		album = append(album, p)
		if err := f.keep(ctx, peer, p); err != nil {
			return nil, p.failed(err)
		}
	}
	var sent []*tg.Message
	err := f.insist(ctx, album, func() error {
		messages := []telegram.Outgoing{album[0].in(m)}
		for _, p := range album[1:] {
			messages = append(messages, p.in(telegram.Outgoing{}))
		}
		var err error
		sent, err = f.t.SendAlbum(ctx, peer, messages)
		return err
	})
	if err != nil {
		for _, p := range album {
			err = p.failed(err)
		}
		return nil, err
	}
	for _, p := range album {
		err = errors.Join(err, p.forget())
	}
	return sent, err
}

// in returns a message that carries the media.
func (p *prepared) in(m telegram.Outgoing) telegram.Outgoing {
	m.Media = p.input()
	if m.RandomID == 0 {
		m.RandomID = p.randomID
	}
	return m
}

// keep makes of an upload what an album can refer to (messages.uploadMedia).
func (f *Files) keep(ctx context.Context, peer tg.InputPeerClass, p *prepared) error {
	if p.existing != nil {
		return nil
	}
	return f.insist(ctx, []*prepared{p}, func() error {
		kept, err := tg.Call(ctx, f.t, &tg.MessagesUploadMedia{Peer: peer, Media: p.input()})
		if err != nil {
			return err
		}
		r, err := OfMessage(&tg.Message{Media: kept}, peer)
		if err != nil {
			return err
		}
		r.origins = nil // it is in no message yet
		again, err := Existing{Remote: r}.prepare(ctx, f)
		if err != nil {
			return err
		}
		p.input, p.existing = again.input, r
		return nil
	})
}

// insist makes a request that names media, and repeats it when a part has to
// be sent again, a reference has ended, or a server has failed.
func (f *Files) insist(ctx context.Context, media []*prepared, request func() error) error {
	lost := -2
	for failures := 0; ; {
		err := request()
		var rpc *mtproto.RPCError
		switch {
		case err == nil || !errors.As(err, &rpc):
			return err
		case errors.Is(err, tg.ErrFilePartXMissing):
			if err := f.resendMissing(ctx, media, rpc, rpc.Argument == lost+1); err != nil {
				return err
			}
			lost = rpc.Argument
		case isStale(err):
			if err := f.renewAny(ctx, media, rpc); err != nil {
				return err
			}
		case isServerFailure(err) && failures < maxFailures:
			if err := pause(ctx, min(firstBackoff<<failures, lastBackoff)); err != nil {
				return err
			}
			failures++
		default:
			return err
		}
	}
}

// resendMissing sends a part again that Telegram misses (R-FI-07), of
// whichever upload it can be, and with rest those after it: where two in a row
// are missing, the upload is forgotten.
func (f *Files) resendMissing(ctx context.Context, media []*prepared, refusal *mtproto.RPCError, rest bool) error {
	for _, p := range media {
		for _, u := range p.uploads {
			if p.existing != nil || refusal.Argument >= u.parts {
				continue
			}
			last := refusal.Argument
			if rest {
				last = u.parts - 1
			}
			for part := refusal.Argument; part <= last; part++ {
				if err := f.resend(ctx, u, part); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return refusal
}

// maxRenewals is how often in a row a reference may be refused.
const maxRenewals = 3

// renewAny renews the reference that Telegram has refused: the one whose
// number it names, or that of the only file.
func (f *Files) renewAny(ctx context.Context, media []*prepared, refusal *mtproto.RPCError) error {
	index := refusal.Argument
	if index >= len(media) || media[index].existing == nil || media[index].renewed >= maxRenewals {
		return refusal
	}
	p := media[index]
	p.renewed++
	_, reference := p.existing.location()
	return p.existing.renew(ctx, f.t, reference, refusal)
}

// forget ends the journals of what has been sent.
func (p *prepared) forget() (err error) {
	for _, u := range p.uploads {
		err = errors.Join(err, u.Done())
	}
	return err
}

// close leaves the journals of what has not.
func (p *prepared) close() {
	for _, u := range p.uploads {
		_ = u.Close() // whose lines are written already
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
