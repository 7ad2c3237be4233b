package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"testing"

	"godwit/tg"
)

// Clients are told of the reactions that they may give, and get what these look
// like.
func TestAvailableReactions(t *testing.T) {
	l, alice, _, toBob, _ := pair(t)
	list := must(alice, &tg.MessagesGetAvailableReactions{}).(*tg.MessagesAvailableReactions)
	if len(list.Reactions) != len(reactionEmoji) || len(list.Reactions) < 50 {
		t.Fatalf("%d reactions of %d", len(list.Reactions), len(reactionEmoji))
	}
	for _, r := range list.Reactions {
		id := alice.say(toBob, r.Title).Updates[0].(*tg.UpdateMessageID).ID
		must(alice, &tg.MessagesSendReaction{Peer: toBob, MsgID: id, Reaction: like(r.Reaction)})
	}
	if again, ok := must(alice, &tg.MessagesGetAvailableReactions{Hash: list.Hash}).(*tg.MessagesAvailableReactionsNotModified); !ok {
		t.Errorf("the same again: %T", again)
	}
	fetch := func(in tg.DocumentClass, mime string) []byte {
		t.Helper()
		d := in.(*tg.Document)
		if d.MIMEType != mime {
			t.Errorf("a picture is %s, want %s", d.MIMEType, mime)
		}
		f := must(alice, &tg.UploadGetFile{Limit: 4096, Location: &tg.InputDocumentFileLocation{
			ID: d.ID, AccessHash: d.AccessHash, FileReference: d.FileReference,
		}}).(*tg.UploadFile)
		if int64(len(f.Bytes)) != d.Size {
			t.Errorf("%d bytes of %d", len(f.Bytes), d.Size)
		}
		return f.Bytes
	}
	if icon := fetch(list.Reactions[0].StaticIcon, "image/webp"); !bytes.HasPrefix(icon[8:], []byte("WEBPVP8L")) {
		t.Errorf("icon %q", icon)
	}
	z, err := gzip.NewReader(bytes.NewReader(fetch(list.Reactions[0].SelectAnimation, "application/x-tgsticker")))
	if err != nil {
		t.Fatal(err)
	}
	lottie, err := io.ReadAll(z)
	if err != nil || !json.Valid(lottie) {
		t.Errorf("animation %s, %v", lottie, err)
	}
	other := l.device(2)
	if _, err := call1(other, &tg.MessagesGetAvailableReactions{}); err == nil {
		t.Error("told to somebody who is not signed in")
	}
}

// What there is nothing of is said to be empty, and not to have changed to who has
// asked before.
func TestOffers(t *testing.T) {
	l, alice, _, _, _ := pair(t)
	if got := must(alice, &tg.MessagesGetStickers{Emoticon: "👍"}).(*tg.MessagesStickers); len(got.Stickers) != 0 {
		t.Errorf("stickers %+v", got)
	}
	if got := must(alice, &tg.MessagesGetEmojiGroups{}).(*tg.MessagesEmojiGroups); len(got.Groups) != 0 {
		t.Errorf("emoji groups %+v", got)
	}
	if got := must(alice, &tg.MessagesGetAttachMenuBots{}).(*tg.AttachMenuBots); len(got.Bots) != 0 {
		t.Errorf("bots of the attachment menu %+v", got)
	}
	if got := must(alice, &tg.AccountGetDefaultEmojiStatuses{}).(*tg.AccountEmojiStatuses); len(got.Statuses) != 0 {
		t.Errorf("emoji statuses %+v", got)
	}
	_, stickers := must(alice, &tg.MessagesGetStickers{Emoticon: "👍", Hash: offersHash}).(*tg.MessagesStickersNotModified)
	_, groups := must(alice, &tg.MessagesGetEmojiGroups{Hash: offersHash}).(*tg.MessagesEmojiGroupsNotModified)
	_, bots := must(alice, &tg.MessagesGetAttachMenuBots{Hash: offersHash}).(*tg.AttachMenuBotsNotModified)
	_, statuses := must(alice, &tg.AccountGetDefaultEmojiStatuses{Hash: offersHash}).(*tg.AccountEmojiStatusesNotModified)
	if !stickers || !groups || !bots || !statuses {
		t.Errorf("not modified: stickers %t, groups %t, bots %t, statuses %t", stickers, groups, bots, statuses)
	}
	fails(alice, &tg.MessagesGetStickers{}, 400, "EMOTICON_EMPTY")
	fails(alice, &tg.MessagesGetStickerSet{Stickerset: &tg.InputStickerSetAnimatedEmoji{}}, 400, "STICKERSET_INVALID")
	without := must(alice, &tg.HelpGetPremiumPromo{}).StatusText
	if err := l.SetPremium(alicePhone, true); err != nil {
		t.Fatal(err)
	}
	if with := must(alice, &tg.HelpGetPremiumPromo{}).StatusText; with == without || with == "" {
		t.Errorf("premium is promoted by %q and %q", without, with)
	}
}
