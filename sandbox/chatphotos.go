package sandbox

import (
	"slices"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(editChatPhoto)
	register(editChannelPhoto)
}

// chatPhoto is what the object of a group or channel tells of its photo.
func chatPhoto(f *file) tg.ChatPhotoClass {
	if f == nil {
		return &tg.ChatPhotoEmpty{}
	}
	return &tg.ChatPhoto{PhotoID: f.id, DCID: int32(f.dc)}
}

// wholePhoto is what the full object tells of it.
func (w *world) wholePhoto(viewer *user, f *file) tg.PhotoClass {
	if f == nil {
		return &tg.PhotoEmpty{}
	}
	return w.photoObject(viewer, f)
}

// editChatPhoto serves messages.editChatPhoto.
func editChatPhoto(c *call, q *tg.MessagesEditChatPhoto) (tl.Object, error) {
	g, err := c.inChat(q.ChatID, actChangeInfo)
	if err != nil {
		return nil, err
	}
	return c.setPhoto(g.key(), q.Photo)
}

// editChannelPhoto serves channels.editPhoto.
func editChannelPhoto(c *call, q *tg.ChannelsEditPhoto) (tl.Object, error) {
	ch, err := c.inChannel(q.Channel, actChangeInfo)
	if err != nil {
		return nil, err
	}
	return c.setPhoto(ch.key(), q.Photo)
}

// setPhoto gives a group or channel the photo that the caller names.
func (c *call) setPhoto(p peerKey, in tg.InputChatPhotoClass) (tl.Object, error) {
	then := func(c *call, f *file) (tl.Object, error) { return c.photoSet(p, f) }
	switch in := in.(type) {
	case *tg.InputChatPhotoEmpty:
		return then(c, nil)
	case *tg.InputChatUploadedPhoto:
		if in.File == nil {
			return nil, refusal(400, "PHOTO_FILE_MISSING") // videos are not taken
		}
		return c.takePhoto(in.File, profileSizes, then)
	case *tg.InputChatPhoto:
		return c.photoOf(in.ID, then)
	}
	return nil, errPhotoInvalid
}

var errPhotoInvalid = refusal(400, "PHOTO_INVALID")

// photoOf makes a photo of a chat of one that was sent before, unless it is one
// already.
func (c *call) photoOf(in tg.InputPhotoClass, then func(*call, *file) (tl.Object, error)) (tl.Object, error) {
	id, ok := in.(*tg.InputPhoto)
	if !ok {
		return nil, errPhotoInvalid
	}
	f, err := c.findFile(id.ID, id.AccessHash, id.FileReference)
	switch {
	case err != nil:
		return nil, err
	case f.document || len(f.pictures) == 0:
		return nil, errPhotoInvalid
	}
	if _, err := f.picture(profileSizes[0].kind); err == nil {
		return then(c, f)
	}
	store, out := c.world().blobs, new(file)
	largest := slices.MaxFunc(f.pictures, func(a, b picture) int { return a.width - b.width })
	return &later{work: func() (err error) {
		out.pictures, err = pictures(largest.content, profileSizes, store)
		return err
	}, then: func(c *call) (tl.Object, error) { return then(c, c.addFile(out)) }}, nil
}

// photoSet changes the photo, nil taking it away, and says so in the group.
func (c *call) photoSet(p peerKey, f *file) (tl.Object, error) {
	g := c.world().group(p)
	if f == g.photo {
		return nil, errNotModified
	}
	before := g.photo
	g.photo = f
	c.logPhoto(p, before)
	m := &message{from: c.user.id, to: p, action: &tg.MessageActionChatDeletePhoto{}}
	if f != nil {
		m.action, m.media = &tg.MessageActionChatEditPhoto{}, &media{file: f}
	}
	c.groupChanged(p)
	c.post(m)
	return c.updates(c.user), nil
}

// locateChatPhoto finds the photo of a group or channel, for which no reference
// is needed.
func (c *call) locateChatPhoto(p peerKey, id int64) (*file, error) {
	g := c.world().group(p)
	if p.kind == peerChannel {
		if err := c.mayRead(c.world().channels[p.id]); err != nil {
			return nil, err
		}
	}
	if g.photo == nil || g.photo.id != id {
		return nil, errLocation
	}
	return g.photo, nil
}
