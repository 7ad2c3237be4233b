package account

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"godwit/bridge"
	"godwit/telegram/files"
	"godwit/tg"
)

// convertMedia returns what a message carries, nil for nothing.
func convertMedia(m tg.MessageMediaClass) *bridge.Media {
	switch m := m.(type) {
	case nil, *tg.MessageMediaEmpty:
		return nil
	case *tg.MessageMediaPhoto:
		return convertPhoto(m.Photo)
	case *tg.MessageMediaDocument:
		return convertDocument(m)
	case *tg.MessageMediaWebPage:
		return convertWebPage(m.Webpage)
	case *tg.MessageMediaContact:
		return &bridge.Media{Type: "contact", Title: fullName(m.FirstName, m.LastName), Phone: m.PhoneNumber}
	case *tg.MessageMediaPoll:
		return &bridge.Media{Type: "poll", Title: m.Poll.Question.Text}
	case *tg.MessageMediaDice:
		return &bridge.Media{Type: "dice", Emoji: m.Emoticon, Title: strconv.Itoa(int(m.Value))}
	case *tg.MessageMediaGame:
		return &bridge.Media{Type: "game", Title: m.Game.Title}
	case *tg.MessageMediaInvoice:
		return &bridge.Media{Type: "invoice", Title: m.Title}
	case *tg.MessageMediaToDo:
		return &bridge.Media{Type: "checklist", Title: m.Todo.Title.Text}
	case *tg.MessageMediaGeo:
		return convertPlace("location", m.Geo, "")
	case *tg.MessageMediaGeoLive:
		return convertPlace("live_location", m.Geo, "")
	case *tg.MessageMediaVenue:
		return convertPlace("venue", m.Geo, m.Title)
	}
	return &bridge.Media{Type: otherMedia(m)}
}

// otherMedia returns the type of what a message carries that has nothing else
// to be told of.
func otherMedia(m tg.MessageMediaClass) string {
	switch m.(type) {
	case *tg.MessageMediaStory:
		return "story"
	case *tg.MessageMediaGiveaway, *tg.MessageMediaGiveawayResults:
		return "giveaway"
	case *tg.MessageMediaPaidMedia:
		return "paid_media"
	}
	return "unsupported"
}

func convertPlace(kind string, p tg.GeoPointClass, title string) *bridge.Media {
	to := &bridge.Media{Type: kind, Title: title}
	if p, ok := p.(*tg.GeoPoint); ok {
		to.Latitude, to.Longitude = p.Lat, p.Long
	}
	return to
}

func convertWebPage(p tg.WebPageClass) *bridge.Media {
	switch p := p.(type) {
	case *tg.WebPage:
		return &bridge.Media{Type: "web_page", URL: p.URL, Title: p.Title.Value}
	case *tg.WebPagePending:
		return &bridge.Media{Type: "web_page", URL: p.URL.Value}
	}
	return nil
}

// convertPhoto returns a photo in its largest size. One that has expired has
// nothing but its type.
func convertPhoto(photo tg.PhotoClass) *bridge.Media {
	to := &bridge.Media{Type: "photo"}
	p, ok := photo.(*tg.Photo)
	if !ok {
		return to
	}
	to.MIMEType = "image/jpeg"
	var size string
	for _, s := range p.Sizes {
		switch s := s.(type) {
		case *tg.PhotoSize:
			if wider(to, s.W, s.H) {
				to.Width, to.Height, to.Size, size = int(s.W), int(s.H), int64(s.Size), s.Type
			}
		case *tg.PhotoSizeProgressive:
			if len(s.Sizes) > 0 && wider(to, s.W, s.H) {
				to.Width, to.Height, to.Size, size = int(s.W), int(s.H), int64(s.Sizes[len(s.Sizes)-1]), s.Type
			}
		}
	}
	if size != "" {
		to.Reference = reference{
			Size: size, ID: p.ID, AccessHash: p.AccessHash, DC: p.DCID, Date: p.Date, FileReference: p.FileReference,
		}.String()
	}
	return to
}

func wider(m *bridge.Media, width, height int32) bool {
	return int64(width)*int64(height) > int64(m.Width)*int64(m.Height)
}

func convertDocument(m *tg.MessageMediaDocument) *bridge.Media {
	to := &bridge.Media{Type: "document"}
	d, ok := m.Document.(*tg.Document)
	if !ok {
		return to
	}
	to.MIMEType, to.Size = d.MIMEType, d.Size
	to.Reference = reference{
		ID: d.ID, AccessHash: d.AccessHash, DC: d.DCID, Date: d.Date, FileReference: d.FileReference,
	}.String()
	for _, a := range d.Attributes {
		convertAttribute(to, a)
	}
	return to
}

// convertAttribute takes what an attribute says of a document. The types are
// those of the Bot API: an animation is a video without sound, a video note a
// round one.
func convertAttribute(to *bridge.Media, a tg.DocumentAttributeClass) {
	kind := ""
	switch a := a.(type) {
	case *tg.DocumentAttributeFilename:
		to.Name = a.FileName
	case *tg.DocumentAttributeImageSize:
		to.Width, to.Height = int(a.W), int(a.H)
	case *tg.DocumentAttributeVideo:
		to.Width, to.Height, to.Duration, kind = int(a.W), int(a.H), a.Duration, "video"
		if a.RoundMessage {
			kind = "video_note"
		}
	case *tg.DocumentAttributeAudio:
		to.Duration, to.Title, kind = float64(a.Duration), a.Title.Value, "audio"
		if a.Voice {
			kind = "voice"
		}
	case *tg.DocumentAttributeSticker:
		to.Emoji, kind = a.Alt, "sticker"
	case *tg.DocumentAttributeCustomEmoji:
		to.Emoji, kind = a.Alt, "sticker"
	case *tg.DocumentAttributeAnimated:
		kind = "animation"
	}
	if mediaRank[kind] > mediaRank[to.Type] {
		to.Type = kind
	}
}

// mediaRank orders the types of a document that has attributes of several: a
// sticker may be a video, an animation is one.
var mediaRank = map[string]int{"": -1, "document": 0, "video": 1, "audio": 1, "voice": 1, "video_note": 1, "animation": 2, "sticker": 3}

// A reference names a file for as long as Telegram takes it; later it is found
// again by the message that carries it.
type reference struct {
	Size          string // of a photo; empty for a document
	ID            int64
	AccessHash    int64
	DC            int32
	Date          int32
	FileReference []byte
}

// String returns the reference as parseReference reads it.
func (r reference) String() string {
	kind := "document"
	if r.Size != "" {
		kind = "photo-" + r.Size
	}
	return fmt.Sprintf("%s:%d:%d:%d:%d:%s", kind, r.ID, r.AccessHash, r.DC, r.Date,
		base64.RawURLEncoding.EncodeToString(r.FileReference))
}

func parseReference(s string) (reference, error) {
	var r reference
	bad := fmt.Errorf("account: %q is no reference of a file", s)
	part := strings.Split(s, ":")
	if len(part) != 6 {
		return r, bad
	}
	size, isPhoto := strings.CutPrefix(part[0], "photo-")
	if isPhoto && size != "" {
		r.Size = size
	} else if part[0] != "document" {
		return r, bad
	}
	numbers := make([]int64, 4)
	for i, bits := range []int{64, 64, 32, 32} {
		n, err := strconv.ParseInt(part[i+1], 10, bits)
		if err != nil {
			return reference{}, bad
		}
		numbers[i] = n
	}
	file, err := base64.RawURLEncoding.Strict().DecodeString(part[5])
	if err != nil {
		return reference{}, bad
	}
	r.ID, r.AccessHash, r.DC, r.Date, r.FileReference = numbers[0], numbers[1], int32(numbers[2]), int32(numbers[3]), file
	return r, nil
}

// fileOf returns the file that a received message carries, to be found again by
// the origins when its reference has ended. The error is files.ErrNoFile if
// there is none.
func fileOf(m *bridge.Media, origins ...files.Origin) (*files.Remote, error) {
	if m == nil || m.Reference == "" {
		return nil, files.ErrNoFile
	}
	r, err := parseReference(m.Reference)
	if err != nil {
		return nil, err
	}
	if r.Size != "" {
		return files.OfPhoto(&tg.Photo{
			ID: r.ID, AccessHash: r.AccessHash, DCID: r.DC, Date: r.Date, FileReference: r.FileReference,
			Sizes: []tg.PhotoSizeClass{&tg.PhotoSize{Type: r.Size, W: int32(m.Width), H: int32(m.Height), Size: int32(m.Size)}},
		}, origins...)
	}
	return files.OfDocument(&tg.Document{
		ID: r.ID, AccessHash: r.AccessHash, DCID: r.DC, Date: r.Date, FileReference: r.FileReference,
		MIMEType: m.MIMEType, Size: m.Size,
		Attributes: []tg.DocumentAttributeClass{&tg.DocumentAttributeFilename{FileName: m.Name}},
	}, origins...), nil
}
