package sandbox

import (
	"errors"
	"slices"

	"godwit/internal/filetype"
	"godwit/tg"
)

func init() {
	register(getCustomEmojiDocuments)
}

// maxCustomEmoji is how many documents messages.getCustomEmojiDocuments is asked
// for at once, as its page says.
const maxCustomEmoji = 200

// AddCustomEmoji adds an emoji of the kind that users make, with which one can
// react where that is allowed, and mark texts. alt is the emoji that stands for it
// where it cannot be shown, image what it looks like, such as a WebP. The result is
// the id of its document.
func (sb *Sandbox) AddCustomEmoji(alt string, image []byte) (int64, error) {
	if alt == "" || len(image) == 0 {
		return 0, errors.New("sandbox: a custom emoji has an emoji that stands for it and an image")
	}
	w := sb.world
	kept, err := w.blobs.put(slices.Clone(image))
	if err != nil {
		return 0, err
	}
	f := &file{
		document: true, mime: filetype.Detect(image[:min(len(image), filetype.HeadSize)], ""),
		content: &content{store: w.blobs, parts: []blob{kept}, size: kept.size},
		attributes: []tg.DocumentAttributeClass{
			&tg.DocumentAttributeCustomEmoji{Free: true, Alt: alt, Stickerset: &tg.InputStickerSetEmpty{}},
		},
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	(&call{dc: sb.dcs[0]}).addFile(f)
	return f.id, nil
}

// customEmoji returns the custom emoji with an id, nil if there is none.
func (w *world) customEmoji(id int64) *file {
	f := w.files[id]
	if f == nil || !slices.ContainsFunc(f.attributes, func(a tg.DocumentAttributeClass) bool {
		_, ok := a.(*tg.DocumentAttributeCustomEmoji)
		return ok
	}) {
		return nil
	}
	return f
}

// getCustomEmojiDocuments serves messages.getCustomEmojiDocuments. What is no
// custom emoji is left out.
func getCustomEmojiDocuments(c *call, q *tg.MessagesGetCustomEmojiDocuments) (vector[tg.DocumentClass], error) {
	out := vector[tg.DocumentClass]{}
	for _, id := range q.DocumentID[:min(len(q.DocumentID), maxCustomEmoji)] {
		if f := c.world().customEmoji(id); f != nil {
			out = append(out, c.world().documentObject(c.user, f))
		}
	}
	return out, nil
}
