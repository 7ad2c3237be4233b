package sandbox

import (
	"bytes"
	"compress/gzip"

	"godwit/tg"
)

func init() {
	register(getAvailableReactions)
	register(getStickerSet)
	register(getStickers)
	register(getEmojiGroups)
	register(getAttachMenuBots)
	register(getPremiumPromo)
	register(getDefaultEmojiStatuses)
}

// offersHash is the hash of all lists of what there is to choose from, which never
// change. Who has a list by it is not sent it again.
const offersHash = 1

// blankIcon is a WebP image of one transparent pixel.
const blankIcon = "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

// blankAnimation is one second of an animation, as Lottie, that shows nothing.
const blankAnimation = `{"tgs":1,"v":"5.5.2","fr":30,"ip":0,"op":30,"w":512,"h":512,"ddd":0,"assets":[],"layers":[]}`

// reactionPictures are what reactions look like: a sandbox draws them all alike, as
// nothing.
type reactionPictures struct{ icon, animation *file }

// pictures returns what reactions look like, made when they are first asked for.
func (c *call) pictures() (*reactionPictures, error) {
	w := c.world()
	if w.pictures != nil {
		return w.pictures, nil
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(blankAnimation)); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	icon, err := c.sticker("image/webp", "sticker.webp", []byte(blankIcon), 1)
	if err != nil {
		return nil, err
	}
	animation, err := c.sticker("application/x-tgsticker", "AnimatedSticker.tgs", packed.Bytes(), 512)
	if err != nil {
		return nil, err
	}
	w.pictures = &reactionPictures{icon, animation}
	return w.pictures, nil
}

// sticker adds a sticker that is in no set, as wide as it is high.
func (c *call) sticker(mime, name string, data []byte, width int32) (*file, error) {
	w := c.world()
	kept, err := w.blobs.put(data)
	if err != nil {
		return nil, err
	}
	return c.addFile(&file{
		document: true, mime: mime, content: &content{store: w.blobs, parts: []blob{kept}, size: kept.size},
		attributes: []tg.DocumentAttributeClass{
			&tg.DocumentAttributeImageSize{W: width, H: width},
			&tg.DocumentAttributeSticker{Stickerset: &tg.InputStickerSetEmpty{}},
			&tg.DocumentAttributeFilename{FileName: name},
		},
	}), nil
}

// getAvailableReactions serves messages.getAvailableReactions: the emoji that
// messages.sendReaction takes from everybody.
func getAvailableReactions(c *call, q *tg.MessagesGetAvailableReactions) (tg.MessagesAvailableReactionsClass, error) {
	if q.Hash == offersHash {
		return &tg.MessagesAvailableReactionsNotModified{}, nil
	}
	pictures, err := c.pictures()
	if err != nil {
		return nil, err
	}
	icon, animation := c.world().documentObject(c.user, pictures.icon), c.world().documentObject(c.user, pictures.animation)
	out := &tg.MessagesAvailableReactions{Hash: offersHash}
	for _, emoji := range reactionEmoji {
		out.Reactions = append(out.Reactions, tg.AvailableReaction{
			Reaction: emoji, Title: emoji, StaticIcon: icon, AppearAnimation: animation, SelectAnimation: animation,
			ActivateAnimation: animation, EffectAnimation: animation, AroundAnimation: animation, CenterIcon: animation,
		})
	}
	return out, nil
}

// getStickerSet serves messages.getStickerSet. There are no sets here, not even
// those that clients know by what they are for.
func getStickerSet(*call, *tg.MessagesGetStickerSet) (tg.MessagesStickerSetClass, error) {
	return nil, refusal(400, "STICKERSET_INVALID")
}

func getStickers(_ *call, q *tg.MessagesGetStickers) (tg.MessagesStickersClass, error) {
	switch {
	case q.Emoticon == "":
		return nil, refusal(400, "EMOTICON_EMPTY")
	case q.Hash == offersHash:
		return &tg.MessagesStickersNotModified{}, nil
	}
	return &tg.MessagesStickers{Hash: offersHash, Stickers: []tg.DocumentClass{}}, nil
}

func getEmojiGroups(_ *call, q *tg.MessagesGetEmojiGroups) (tg.MessagesEmojiGroupsClass, error) {
	if q.Hash == offersHash {
		return &tg.MessagesEmojiGroupsNotModified{}, nil
	}
	return &tg.MessagesEmojiGroups{Hash: offersHash, Groups: []tg.EmojiGroupClass{}}, nil
}

func getAttachMenuBots(_ *call, q *tg.MessagesGetAttachMenuBots) (tg.AttachMenuBotsClass, error) {
	if q.Hash == offersHash {
		return &tg.AttachMenuBotsNotModified{}, nil
	}
	return &tg.AttachMenuBots{Hash: offersHash, Bots: []tg.AttachMenuBot{}, Users: []tg.UserClass{}}, nil
}

// getPremiumPromo serves help.getPremiumPromo. Subscriptions are given by
// SetPremium alone, so that none is on sale.
func getPremiumPromo(c *call, _ *tg.HelpGetPremiumPromo) (*tg.HelpPremiumPromo, error) {
	status := "This account has no premium subscription. A local Telegram sells none."
	if c.user.premium {
		status = "This account has a premium subscription."
	}
	return &tg.HelpPremiumPromo{
		StatusText: status, StatusEntities: []tg.MessageEntityClass{}, VideoSections: []string{},
		Videos: []tg.DocumentClass{}, PeriodOptions: []tg.PremiumSubscriptionOption{}, Users: []tg.UserClass{},
	}, nil
}

func getDefaultEmojiStatuses(_ *call, q *tg.AccountGetDefaultEmojiStatuses) (tg.AccountEmojiStatusesClass, error) {
	if q.Hash == offersHash {
		return &tg.AccountEmojiStatusesNotModified{}, nil
	}
	return &tg.AccountEmojiStatuses{Hash: offersHash, Statuses: []tg.EmojiStatusClass{}}, nil
}
