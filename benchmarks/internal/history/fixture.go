package history

import (
	"math/rand/v2"
	"strings"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// What the page of history holds. The shares are those of a lively group:
// mostly short texts, many of them replies, some media, a few service messages.
const (
	messages = 100
	people   = 25
	group    = 4012345678
	started  = 1_760_000_000 // unix time of the first message
)

// Bytes returns a messages.messages of 100 messages with its users and chat, as
// a server sends it for messages.getHistory. It is the same in every run. The
// rival encodes it: both have the schema of layer 229, and the test of this
// package checks that both encode what they decode from it to the same bytes.
func Bytes() ([]byte, error) {
	f := fixture{rand.New(rand.NewPCG(229, 100))}
	var b bin.Buffer
	err := f.page().Encode(&b)
	return b.Buf, err
}

type fixture struct{ *rand.Rand }

// often reports true percent times out of a hundred.
func (f fixture) often(percent int) bool { return f.IntN(100) < percent }

func (f fixture) bytes(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(f.Uint32())
	}
	return p
}

func (f fixture) text(words int) string {
	vocabulary := strings.Fields("the a of flight tide wind north mud shore later tomorrow " +
		"photo привет встречаемся завтра где ok thanks https://example.org/p/1 seriously 🙂 estuary")
	parts := make([]string, words)
	for i := range parts {
		parts[i] = vocabulary[f.IntN(len(vocabulary))]
	}
	return strings.Join(parts, " ")
}

func (f fixture) person() tg.PeerClass {
	return &tg.PeerUser{UserID: 5_000_000_000 + f.Int64N(people)}
}

func (f fixture) page() *tg.MessagesMessages {
	page := &tg.MessagesMessages{
		Messages: make([]tg.MessageClass, messages),
		Users:    make([]tg.UserClass, people),
		Chats: []tg.ChatClass{&tg.Channel{
			Megagroup: true, ID: group, AccessHash: f.Int64(), Title: "Wader watch", Username: "waders",
			Photo: &tg.ChatPhotoEmpty{}, Date: started, ParticipantsCount: 1234,
		}},
	}
	for i := range page.Messages {
		id, date := 9000-i, started+60*(messages-i)
		if f.often(4) {
			page.Messages[i] = &tg.MessageService{
				ID: id, Date: date, FromID: f.person(), PeerID: &tg.PeerChannel{ChannelID: group},
				Action: &tg.MessageActionChatAddUser{Users: []int64{5_000_000_000 + f.Int64N(people)}},
			}
			continue
		}
		page.Messages[i] = f.message(id, date)
	}
	for i := range page.Users {
		page.Users[i] = f.user(int64(i))
	}
	return page
}

func (f fixture) message(id, date int) *tg.Message {
	m := &tg.Message{
		ID: id, Date: date, FromID: f.person(), PeerID: &tg.PeerChannel{ChannelID: group},
		Message: f.text(2 + f.IntN(25)), Out: f.often(10),
	}
	if f.often(40) {
		reply := &tg.MessageReplyHeader{}
		reply.SetReplyToMsgID(id - 1 - f.IntN(20))
		if f.often(20) {
			reply.Quote = true
			reply.SetQuoteText(f.text(6))
			reply.SetQuoteOffset(4)
		}
		m.SetReplyTo(reply)
	}
	if f.often(30) {
		m.SetEntities(f.entities(1 + f.IntN(4)))
	}
	switch n := f.IntN(100); {
	case n < 12:
		m.SetMedia(f.photo())
	case n < 18:
		m.SetMedia(f.video())
	case n < 24:
		m.SetMedia(f.webPage())
	}
	if f.often(20) {
		m.SetReactions(f.reactions())
	}
	if f.often(6) {
		forward := tg.MessageFwdHeader{Date: started - f.IntN(100000)}
		forward.SetFromID(f.person())
		m.SetFwdFrom(forward)
	}
	if f.often(8) {
		m.SetEditDate(date + 30)
		m.EditHide = f.often(50)
	}
	return m
}

func (f fixture) entities(n int) []tg.MessageEntityClass {
	list := make([]tg.MessageEntityClass, n)
	for i := range list {
		switch offset := 5 * i; f.IntN(6) {
		case 0:
			list[i] = &tg.MessageEntityBold{Offset: offset, Length: 4}
		case 1:
			list[i] = &tg.MessageEntityItalic{Offset: offset, Length: 4}
		case 2:
			list[i] = &tg.MessageEntityURL{Offset: offset, Length: 4}
		case 3:
			list[i] = &tg.MessageEntityMention{Offset: offset, Length: 4}
		case 4:
			list[i] = &tg.MessageEntityTextURL{Offset: offset, Length: 4, URL: "https://example.org/" + f.text(1)}
		case 5:
			list[i] = &tg.MessageEntityCustomEmoji{Offset: offset, Length: 2, DocumentID: f.Int64()}
		}
	}
	return list
}

func (f fixture) picture() *tg.Photo {
	return &tg.Photo{
		ID: f.Int64(), AccessHash: f.Int64(), FileReference: f.bytes(37), Date: started, DCID: 2,
		Sizes: []tg.PhotoSizeClass{
			&tg.PhotoStrippedSize{Type: "i", Bytes: f.bytes(120)},
			&tg.PhotoSize{Type: "m", W: 320, H: 240, Size: 18211},
			&tg.PhotoSizeProgressive{Type: "y", W: 1280, H: 960, Sizes: []int{9000, 21000, 60000, 180000}},
		},
	}
}

func (f fixture) photo() tg.MessageMediaClass {
	media := &tg.MessageMediaPhoto{}
	media.SetPhoto(f.picture())
	return media
}

func (f fixture) video() tg.MessageMediaClass {
	document := &tg.Document{
		ID: f.Int64(), AccessHash: f.Int64(), FileReference: f.bytes(37), Date: started, DCID: 2,
		MimeType: "video/mp4", Size: 4_200_000,
		Attributes: []tg.DocumentAttributeClass{
			&tg.DocumentAttributeVideo{SupportsStreaming: true, Duration: 12.5, W: 1280, H: 720},
			&tg.DocumentAttributeFilename{FileName: "VID_2031.mp4"},
		},
	}
	document.SetThumbs([]tg.PhotoSizeClass{
		&tg.PhotoStrippedSize{Type: "i", Bytes: f.bytes(90)},
		&tg.PhotoSize{Type: "m", W: 320, H: 180, Size: 11020},
	})
	media := &tg.MessageMediaDocument{Video: true}
	media.SetDocument(document)
	return media
}

func (f fixture) webPage() tg.MessageMediaClass {
	page := &tg.WebPage{ID: f.Int64(), URL: "https://example.org/p/1", DisplayURL: "example.org/p/1", Hash: 7}
	page.SetType("article")
	page.SetSiteName("Example")
	page.SetTitle(f.text(6))
	page.SetDescription(f.text(25))
	page.SetPhoto(f.picture())
	return &tg.MessageMediaWebPage{Webpage: page}
}

func (f fixture) reactions() tg.MessageReactions {
	reactions := tg.MessageReactions{CanSeeList: true}
	for _, emoji := range []string{"👍", "🔥"}[:1+f.IntN(2)] {
		reactions.Results = append(reactions.Results, tg.ReactionCount{
			Reaction: &tg.ReactionEmoji{Emoticon: emoji}, Count: 1 + f.IntN(9),
		})
	}
	reactions.SetRecentReactions([]tg.MessagePeerReaction{{
		PeerID: f.person(), Date: started, Reaction: &tg.ReactionEmoji{Emoticon: "👍"},
	}})
	return reactions
}

func (f fixture) user(n int64) *tg.User {
	user := &tg.User{ID: 5_000_000_000 + n, Premium: f.often(20)}
	user.SetAccessHash(f.Int64())
	user.SetFirstName(f.text(1))
	if f.often(70) {
		user.SetLastName(f.text(1))
	}
	if f.often(60) {
		user.SetUsername("wader" + f.text(1))
	}
	if f.often(80) {
		photo := &tg.UserProfilePhoto{PhotoID: f.Int64(), DCID: 2}
		photo.SetStrippedThumb(f.bytes(100))
		user.SetPhoto(photo)
	}
	if f.often(50) {
		user.SetStatus(&tg.UserStatusRecently{})
	} else {
		user.SetStatus(&tg.UserStatusOffline{WasOnline: started + f.IntN(10000)})
	}
	return user
}
