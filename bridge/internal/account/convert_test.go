package account

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
	"godwit/schema"
	"godwit/telegram/files"
	"godwit/telegram/updates"
	"godwit/tg"
	"godwit/tl"
	tlschema "godwit/tl/schema"
)

// me is the account in these tests.
var me = converter{self: 1}

func somebody(id int64) bridge.Peer { return bridge.Peer{Kind: bridge.UserPeer, ID: id} }

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

const noonUnix = 1893499200

// TestConvertUpdates has each update that concerns messages mean what it does.
func TestConvertUpdates(t *testing.T) {
	text := &tg.Message{ID: 7, PeerID: &tg.PeerUser{UserID: 5}, Date: noonUnix, Message: "hello"}
	said := &inbox.Message{
		Peer: somebody(5), TelegramID: 7, Direction: bridge.Inbound, Sender: somebody(5), At: noon,
		Content: bridge.Content{Text: "hello"},
	}
	edited := *text
	edited.EditDate = tl.Some[int32](noonUnix + 60)
	afterwards := *said
	afterwards.EditedAt = noon.Add(time.Minute)
	hidden := edited
	hidden.EditHide = true
	tests := []struct {
		update tg.UpdateClass
		want   []inbox.Change
	}{
		{&tg.UpdateNewMessage{Message: text}, []inbox.Change{said}},
		{&tg.UpdateNewChannelMessage{Message: text}, []inbox.Change{said}},
		{&tg.UpdateEditMessage{Message: &edited}, []inbox.Change{&inbox.Edit{Message: afterwards}}},
		{&tg.UpdateEditChannelMessage{Message: &hidden}, []inbox.Change{&inbox.Edit{Message: *said}}},
		{&tg.UpdateMessageID{ID: 7, RandomID: -9}, []inbox.Change{&inbox.Sent{RandomID: -9, TelegramID: 7}}},
		{&tg.UpdateDeleteMessages{Messages: []int32{1, 2}}, []inbox.Change{&inbox.Deletion{TelegramIDs: []int{1, 2}}}},
		{&tg.UpdateDeleteChannelMessages{ChannelID: 6, Messages: []int32{1}},
			[]inbox.Change{&inbox.Deletion{Channel: channelPeer(6), TelegramIDs: []int{1}}}},
		{&tg.UpdateReadHistoryInbox{Peer: &tg.PeerChat{ChatID: 4}, MaxID: 9, StillUnreadCount: 2}, []inbox.Change{
			&inbox.Read{Peer: bridge.Peer{Kind: bridge.GroupPeer, ID: 4}, By: bridge.ReadByAccount, UpTo: 9, Unread: 2}}},
		{&tg.UpdateReadHistoryInbox{Peer: &tg.PeerUser{UserID: 4}, MaxID: 9, TopMsgID: tl.Some[int32](3)}, nil},
		{&tg.UpdateReadHistoryOutbox{Peer: &tg.PeerUser{UserID: 4}, MaxID: 9},
			[]inbox.Change{&inbox.Read{Peer: somebody(4), By: bridge.ReadByPeer, UpTo: 9}}},
		{&tg.UpdateReadChannelInbox{ChannelID: 6, MaxID: 9, StillUnreadCount: 1},
			[]inbox.Change{&inbox.Read{Peer: channelPeer(6), By: bridge.ReadByAccount, UpTo: 9, Unread: 1}}},
		{&tg.UpdateReadChannelOutbox{ChannelID: 6, MaxID: 9},
			[]inbox.Change{&inbox.Read{Peer: channelPeer(6), By: bridge.ReadByPeer, UpTo: 9}}},
		{&tg.UpdateMessageReactions{Peer: &tg.PeerChannel{ChannelID: 6}, MsgID: 3, Reactions: tg.MessageReactions{
			Min: true, Results: []tg.ReactionCount{
				{Reaction: &tg.ReactionEmoji{Emoticon: "👍"}, Count: 2, ChosenOrder: tl.Some[int32](0)},
				{Reaction: &tg.ReactionCustomEmoji{DocumentID: -4}, Count: 1}, {Reaction: &tg.ReactionPaid{}, Count: 50},
				{Reaction: &tg.ReactionEmpty{}},
			},
		}}, []inbox.Change{&inbox.Reacted{Peer: channelPeer(6), TelegramID: 3, MineUnknown: true, Reactions: []bridge.Reaction{
			{Emoji: "👍", Count: 2, Mine: true}, {Emoji: "custom_emoji:-4", Count: 1}, {Emoji: "paid", Count: 50},
		}}}},
		{&tg.UpdateNewAuthorization{Unconfirmed: true, Hash: 3, Date: tl.Some[int32](noonUnix), Device: tl.Some("x"), Location: tl.Some("y")},
			[]inbox.Change{&inbox.Device{DeviceData: bridge.DeviceData{Hash: 3, Unconfirmed: true, Device: "x", Location: "y", At: noon}}}},
		{&tg.UpdateNewMessage{Message: &tg.MessageEmpty{ID: 4}}, nil},
		{&tg.UpdateUserTyping{UserID: 4}, nil},
	}
	for _, test := range tests {
		b := me.convert(updates.Delivery{Updates: []tg.UpdateClass{test.update}})
		if !reflect.DeepEqual(b.Changes, test.want) || b.Source != bridge.MTProto || b.State != nil {
			t.Errorf("%T means %+v\nwant %+v", test.update, b.Changes, test.want)
		}
	}
}

// TestConvertParties has it known who wrote to whom, wherever Telegram leaves it
// out.
func TestConvertParties(t *testing.T) {
	user, group, channel := &tg.PeerUser{UserID: 5}, &tg.PeerChat{ChatID: 6}, &tg.PeerChannel{ChannelID: 7}
	out := bridge.Outbound
	for _, test := range []struct {
		name       string
		peer, from tg.PeerClass
		out        bool
		direction  bridge.Direction
		sender     bridge.Peer
	}{
		{"a person", user, nil, false, bridge.Inbound, somebody(5)},
		{"to a person", user, nil, true, out, somebody(1)},
		{"to a person, said so", user, &tg.PeerUser{UserID: 1}, true, out, somebody(1)},
		{"to oneself", &tg.PeerUser{UserID: 1}, nil, false, out, somebody(1)},
		{"in a group", group, user, false, bridge.Inbound, somebody(5)},
		{"to a group", group, nil, true, out, somebody(1)},
		{"by an anonymous administrator", channel, channel, false, bridge.Inbound, channelPeer(7)},
		{"a post", channel, nil, false, bridge.Inbound, channelPeer(7)},
		{"a post of one's own", channel, nil, true, out, channelPeer(7)},
		{"in a group, by nobody", group, nil, false, bridge.Inbound, bridge.Peer{}},
	} {
		for _, m := range []tg.MessageClass{
			&tg.Message{PeerID: test.peer, FromID: test.from, Out: test.out},
			&tg.MessageService{PeerID: test.peer, FromID: test.from, Out: test.out, Action: &tg.MessageActionPinMessage{}},
		} {
			got := me.convertMessage(m)
			if got.Direction != test.direction || got.Sender != test.sender || got.Peer != convertPeer(test.peer) {
				t.Errorf("%s: %+v", test.name, got)
			}
		}
	}
}

func TestConvertContent(t *testing.T) {
	m := &tg.Message{
		PeerID: &tg.PeerUser{UserID: 5}, Message: "a bold one", Silent: true, GroupedID: tl.Some[int64](-8),
		Entities: []tg.MessageEntityClass{&tg.MessageEntityBold{Offset: 2, Length: 4}, &tg.MessageEntityBankCard{Length: 1}},
		ReplyTo:  &tg.MessageReplyHeader{ReplyToMsgID: tl.Some[int32](3)},
		FwdFrom: &tg.MessageFwdHeader{
			FromID: &tg.PeerChannel{ChannelID: 9}, FromName: tl.Some("x"), Date: noonUnix, ChannelPost: tl.Some[int32](4),
		},
		Media:     &tg.MessageMediaContact{PhoneNumber: "99", FirstName: "Ann", LastName: "Lee"},
		Reactions: &tg.MessageReactions{Results: []tg.ReactionCount{{Reaction: &tg.ReactionEmoji{Emoticon: "🔥"}, Count: 1}}},
	}
	want := bridge.Content{
		Text: "a bold one", Silent: true, Album: -8, Entities: []bridge.Entity{{Type: "bold", Offset: 2, Length: 4}}, ReplyTo: 3,
		Forward:   &bridge.Forward{From: channelPeer(9), Name: "x", At: noon, MessageID: 4},
		Media:     &bridge.Media{Type: "contact", Title: "Ann Lee", Phone: "99"},
		Reactions: []bridge.Reaction{{Emoji: "🔥", Count: 1}},
	}
	if got := me.convertMessage(m).Content; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	service := me.convertMessage(&tg.MessageService{
		PeerID: &tg.PeerChat{ChatID: 6}, Action: &tg.MessageActionChatEditTitle{Title: "new"},
		ReplyTo: &tg.MessageReplyHeader{ReplyToMsgID: tl.Some[int32](3)},
	}).Content
	if want := (bridge.Content{Service: "messageActionChatEditTitle", Text: "new", ReplyTo: 3}); !reflect.DeepEqual(service, want) {
		t.Errorf("%+v\nwant %+v", service, want)
	}
}

func TestConvertReply(t *testing.T) {
	id := tl.Some[int32]
	for _, test := range []struct {
		header         tg.MessageReplyHeaderClass
		replyTo, topic int
	}{
		{nil, 0, 0},
		{&tg.MessageReplyStoryHeader{StoryID: 5}, 0, 0},
		{&tg.MessageReplyHeader{ReplyToMsgID: id(3)}, 3, 0},
		{&tg.MessageReplyHeader{ReplyToMsgID: id(3), ReplyToTopID: id(2)}, 3, 0},
		{&tg.MessageReplyHeader{ForumTopic: true, ReplyToMsgID: id(3)}, 0, 3},
		{&tg.MessageReplyHeader{ForumTopic: true, ReplyToMsgID: id(3), ReplyToTopID: id(2)}, 3, 2},
		{&tg.MessageReplyHeader{ReplyToMsgID: id(3), ReplyToPeerID: &tg.PeerChannel{ChannelID: 1}}, 0, 0},
	} {
		if replyTo, topic := convertReply(test.header); replyTo != test.replyTo || topic != test.topic {
			t.Errorf("%+v answers %d in %d, want %d in %d", test.header, replyTo, topic, test.replyTo, test.topic)
		}
	}
}

// TestActionNames has service messages called as the schema calls them, all that
// there are.
func TestActionNames(t *testing.T) {
	parsed, err := tlschema.Parse("api.tl", schema.API)
	if err != nil {
		t.Fatal(err)
	}
	actions := parsed.TypeConstructors("MessageAction")
	for _, c := range actions {
		body := make([]byte, 256)
		binary.LittleEndian.PutUint32(body, c.ID)
		if got := actionName(tg.Decode[tg.MessageActionClass](tl.NewReader(body))); got != c.Name {
			t.Errorf("%s is called %s", c.Name, got)
		}
	}
	if len(actions) < 50 {
		t.Errorf("%d actions in the schema", len(actions))
	}
}

func TestEntities(t *testing.T) {
	custom := tg.MessageEntityCustomEmoji{Offset: 1, Length: 2, DocumentID: -1 << 63}
	both := []struct {
		theirs tg.MessageEntityClass
		ours   bridge.Entity
	}{
		{&tg.MessageEntityBold{Offset: 1, Length: 2}, bridge.Entity{Type: "bold"}},
		{&tg.MessageEntityItalic{Offset: 1, Length: 2}, bridge.Entity{Type: "italic"}},
		{&tg.MessageEntityUnderline{Offset: 1, Length: 2}, bridge.Entity{Type: "underline"}},
		{&tg.MessageEntityStrike{Offset: 1, Length: 2}, bridge.Entity{Type: "strikethrough"}},
		{&tg.MessageEntitySpoiler{Offset: 1, Length: 2}, bridge.Entity{Type: "spoiler"}},
		{&tg.MessageEntityCode{Offset: 1, Length: 2}, bridge.Entity{Type: "code"}},
		{&tg.MessageEntityPre{Offset: 1, Length: 2, Language: "go"}, bridge.Entity{Type: "pre", Language: "go"}},
		{&tg.MessageEntityBlockquote{Offset: 1, Length: 2}, bridge.Entity{Type: "blockquote"}},
		{&tg.MessageEntityBlockquote{Offset: 1, Length: 2, Collapsed: true}, bridge.Entity{Type: "expandable_blockquote"}},
		{&tg.MessageEntityTextURL{Offset: 1, Length: 2, URL: "u"}, bridge.Entity{Type: "text_link", URL: "u"}},
		{&custom, bridge.Entity{Type: "custom_emoji", EmojiID: "-9223372036854775808"}},
	}
	nobody := func(int64) tg.InputUserClass { return nil }
	for _, e := range both {
		e.ours.Offset, e.ours.Length = 1, 2
		if got := convertEntities([]tg.MessageEntityClass{e.theirs}); len(got) != 1 || got[0] != e.ours {
			t.Errorf("%+v, want %+v", got, e.ours)
		}
		got, err := entitiesOf([]bridge.Entity{e.ours}, nobody)
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], e.theirs) {
			t.Errorf("%+v, want %+v, %v", got, e.theirs, err)
		}
	}
	found := map[string]tg.MessageEntityClass{
		"mention": &tg.MessageEntityMention{}, "hashtag": &tg.MessageEntityHashtag{}, "cashtag": &tg.MessageEntityCashtag{},
		"bot_command": &tg.MessageEntityBotCommand{}, "url": &tg.MessageEntityURL{}, "email": &tg.MessageEntityEmail{},
		"phone_number": &tg.MessageEntityPhone{},
	}
	for name, e := range found {
		got := convertEntities([]tg.MessageEntityClass{e})
		if len(got) != 1 || got[0].Type != name {
			t.Errorf("%T is %+v, want %s", e, got, name)
		}
		if back, err := entitiesOf(got, nobody); len(back) != 0 || err != nil {
			t.Errorf("%s is sent: %+v, %v", name, back, err)
		}
	}
	mention := convertEntities([]tg.MessageEntityClass{&tg.MessageEntityMentionName{Offset: 1, Length: 2, UserID: 5}})
	if want := []bridge.Entity{{Type: "text_mention", Offset: 1, Length: 2, UserID: 5}}; !slices.Equal(mention, want) {
		t.Errorf("%+v", mention)
	}
	back, err := entitiesOf(mention, func(id int64) tg.InputUserClass { return &tg.InputUser{UserID: id, AccessHash: 9} })
	want := &tg.InputMessageEntityMentionName{Offset: 1, Length: 2, UserID: &tg.InputUser{UserID: 5, AccessHash: 9}}
	if err != nil || len(back) != 1 || !reflect.DeepEqual(back[0], want) {
		t.Errorf("%+v, %v", back, err)
	}
	if back, err := entitiesOf(mention, nobody); len(back) != 0 || err != nil {
		t.Errorf("%+v, %v", back, err)
	}
	for _, bad := range []bridge.Entity{{Type: "blink"}, {}, {Type: "custom_emoji", EmojiID: "x"}} {
		if _, err := entitiesOf([]bridge.Entity{bad}, nobody); !errors.Is(err, &bridge.Error{Code: bridge.CodeInvalidRequest}) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func document(attributes ...tg.DocumentAttributeClass) tg.MessageMediaClass {
	return &tg.MessageMediaDocument{Document: &tg.Document{
		ID: 4, AccessHash: -5, FileReference: []byte{1, 2}, Date: 6, MIMEType: "x/y", Size: 1 << 33, DCID: 2, Attributes: attributes,
	}}
}

func TestConvertMedia(t *testing.T) {
	size, sound := &tg.DocumentAttributeImageSize{W: 3, H: 4}, &tg.DocumentAttributeAudio{Duration: 9, Title: tl.Some("song")}
	video := &tg.DocumentAttributeVideo{W: 5, H: 6, Duration: 1.5}
	for _, test := range []struct {
		media tg.MessageMediaClass
		want  string // kind, and what else is told
	}{
		{document(), "document"},
		{document(&tg.DocumentAttributeFilename{FileName: "a.txt"}), "document a.txt"},
		{document(video), "video 5x6 1.5s"},
		{document(&tg.DocumentAttributeVideo{W: 5, H: 5, RoundMessage: true}), "video_note 5x5"},
		{document(&tg.DocumentAttributeAnimated{}, video), "animation 5x6 1.5s"},
		{document(size, &tg.DocumentAttributeSticker{Alt: "🦆"}, video), "sticker 5x6 1.5s 🦆"},
		{document(&tg.DocumentAttributeCustomEmoji{Alt: "🦆"}), "sticker 🦆"},
		{document(sound), "audio 9s song"},
		{document(&tg.DocumentAttributeAudio{Duration: 9, Voice: true}), "voice 9s"},
		{&tg.MessageMediaDocument{}, "document"},
		{&tg.MessageMediaPhoto{Photo: &tg.Photo{ID: 7, Sizes: []tg.PhotoSizeClass{
			&tg.PhotoSize{Type: "m", W: 10, H: 20, Size: 3}, &tg.PhotoSizeProgressive{Type: "y", W: 100, H: 200, Sizes: []int32{5, 50}},
			&tg.PhotoStrippedSize{Type: "i"}, &tg.PhotoSize{Type: "x", W: 50, H: 100, Size: 30},
		}}}, "photo 100x200"},
		{&tg.MessageMediaPhoto{}, "photo"},
		{&tg.MessageMediaGeo{Geo: &tg.GeoPoint{Lat: 1.5, Long: -2.5}}, "location 1.5,-2.5"},
		{&tg.MessageMediaGeoLive{Geo: &tg.GeoPoint{Lat: 1.5, Long: -2.5}}, "live_location 1.5,-2.5"},
		{&tg.MessageMediaVenue{Geo: &tg.GeoPointEmpty{}, Title: "zoo"}, "venue zoo"},
		{&tg.MessageMediaContact{FirstName: "Ann", PhoneNumber: "99"}, "contact Ann 99"},
		{&tg.MessageMediaPoll{Poll: tg.Poll{Question: tg.TextWithEntities{Text: "why?"}}}, "poll why?"},
		{&tg.MessageMediaDice{Emoticon: "🎲", Value: 6}, "dice 6 🎲"},
		{&tg.MessageMediaGame{Game: tg.Game{Title: "snake"}}, "game snake"},
		{&tg.MessageMediaInvoice{Title: "bill"}, "invoice bill"},
		{&tg.MessageMediaToDo{Todo: tg.TodoList{Title: tg.TextWithEntities{Text: "list"}}}, "checklist list"},
		{&tg.MessageMediaWebPage{Webpage: &tg.WebPage{URL: "https://x", Title: tl.Some("X")}}, "web_page X https://x"},
		{&tg.MessageMediaWebPage{Webpage: &tg.WebPagePending{URL: tl.Some("https://x")}}, "web_page https://x"},
		{&tg.MessageMediaStory{}, "story"},
		{&tg.MessageMediaPaidMedia{}, "paid_media"},
		{&tg.MessageMediaGiveaway{}, "giveaway"},
		{&tg.MessageMediaUnsupported{}, "unsupported"},
	} {
		if got := tell(convertMedia(test.media)); got != test.want {
			t.Errorf("%T is %q, want %q", test.media, got, test.want)
		}
	}
	for _, nothing := range []tg.MessageMediaClass{nil, &tg.MessageMediaEmpty{}, &tg.MessageMediaWebPage{Webpage: &tg.WebPageEmpty{}}} {
		if m := convertMedia(nothing); m != nil {
			t.Errorf("%T is %+v", nothing, m)
		}
	}
}

// tell says what is known of media, but for its file.
func tell(m *bridge.Media) string {
	words := []string{m.Type}
	if m.Width > 0 {
		words = append(words, fmt.Sprintf("%dx%d", m.Width, m.Height))
	}
	if m.Duration > 0 {
		words = append(words, fmt.Sprintf("%gs", m.Duration))
	}
	if m.Latitude != 0 {
		words = append(words, fmt.Sprintf("%g,%g", m.Latitude, m.Longitude))
	}
	for _, word := range []string{m.Name, m.Title, m.Emoji, m.Phone, m.URL} {
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// TestReferences has a file named by what is stored of it.
func TestReferences(t *testing.T) {
	m := convertMedia(document(&tg.DocumentAttributeFilename{FileName: "a.txt"}))
	f, err := fileOf(m)
	if err != nil || f.Name != "a.txt" || f.Size != 1<<33 || f.MIME != "x/y" || f.DC != 2 {
		t.Errorf("%+v, %v", f, err)
	}
	photo := convertMedia(&tg.MessageMediaPhoto{Photo: &tg.Photo{ID: 7, DCID: 3, Date: noonUnix, Sizes: []tg.PhotoSizeClass{
		&tg.PhotoSize{Type: "m", W: 10, H: 20, Size: 3},
	}}})
	if f, err := fileOf(photo); err != nil || f.Size != 3 || f.MIME != "image/jpeg" || f.DC != 3 {
		t.Errorf("%+v, %v", f, err)
	}
	for _, none := range []*bridge.Media{nil, {Type: "location"}} {
		if _, err := fileOf(none); !errors.Is(err, files.ErrNoFile) {
			t.Errorf("%+v: %v", none, err)
		}
	}
	for _, bad := range []string{"x", "document:1:2:3:4", "document:1:2:3:4:?", "photo-:1:2:3:4:", "film:1:2:3:4:", "document:1:2:9999999999:4:"} {
		if _, err := fileOf(&bridge.Media{Reference: bad}); err == nil {
			t.Errorf("%q names a file", bad)
		}
	}
}

func FuzzReference(f *testing.F) {
	f.Add("document:4:-5:2:6:AQI")
	f.Add("photo-y:7:0:3:1893499200:")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseReference(s)
		if err != nil {
			return
		}
		again, err := parseReference(r.String())
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%q is %+v, and then %+v, %v", s, r, again, err)
		}
	})
}

func TestConvertPeers(t *testing.T) {
	got := convertPeers(
		[]tg.UserClass{
			&tg.User{ID: 1, FirstName: tl.Some("Ann"), LastName: tl.Some("Lee"), Username: tl.Some("ann"), Phone: tl.Some("99")},
			&tg.User{ID: 2, Min: true, FirstName: tl.Some("Bob"), Usernames: []tg.Username{{Username: "old"}, {Username: "bob", Active: true}}},
			&tg.User{ID: 3, Deleted: true}, &tg.UserEmpty{ID: 4},
		},
		[]tg.ChatClass{
			&tg.Chat{ID: 1, Title: "family"}, &tg.Channel{ID: 2, Title: "news", Username: tl.Some("news")},
			&tg.ChannelForbidden{ID: 3, Title: "left"}, &tg.ChatForbidden{ID: 4, Title: "gone"}, &tg.ChatEmpty{ID: 5},
		},
	)
	group := func(id int64) bridge.Peer { return bridge.Peer{Kind: bridge.GroupPeer, ID: id} }
	want := []inbox.Peer{
		{Peer: somebody(1), Title: "Ann Lee", Username: "ann", Phone: "99"}, {Peer: somebody(2), Title: "Bob", Username: "bob", Partly: true},
		{Peer: somebody(3), Title: deletedAccount}, {Peer: group(1), Title: "family"},
		{Peer: channelPeer(2), Title: "news", Username: "news"}, {Peer: channelPeer(3), Title: "left", Partly: true},
		{Peer: group(4), Title: "gone"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	renames := me.convert(updates.Delivery{Updates: []tg.UpdateClass{
		&tg.UpdateUserName{UserID: 1, FirstName: "Anna", Usernames: []tg.Username{{Username: "anna", Active: true}}},
		&tg.UpdateUserPhone{UserID: 1, Phone: "98"},
	}})
	if want := []inbox.Peer{{Peer: somebody(1), Title: "Anna", Username: "anna", Partly: true}, {Peer: somebody(1), Phone: "98", Partly: true}}; !slices.Equal(renames.Peers, want) {
		t.Errorf("%+v", renames.Peers)
	}
	for _, p := range []bridge.Peer{somebody(1), group(1), channelPeer(1), {}} {
		if got := convertPeer(telegramPeer(p)); got != p {
			t.Errorf("%v became %v", p, got)
		}
	}
}

func TestConvertStates(t *testing.T) {
	b := me.convert(updates.Delivery{
		Change: updates.Change{Common: &updates.Common{PTS: 1, QTS: 2, Date: 3, Seq: 4}, Channels: []updates.ChannelPTS{{ID: 5, PTS: 6}}},
		Lost:   &updates.Lost{Channel: 5, Messages: []tg.MessageClass{&tg.Message{ID: 9, PeerID: &tg.PeerChannel{ChannelID: 5}}}},
	})
	want := &store.UpdateChange{
		Counters: &store.Counters{PTS: 1, QTS: 2, Date: 3, Seq: 4}, Channels: []store.ChannelPTS{{Channel: 5, PTS: 6}},
	}
	if !reflect.DeepEqual(b.State, want) {
		t.Errorf("%+v", b.State)
	}
	if len(b.Changes) != 2 || *b.Changes[0].(*inbox.Lost) != (inbox.Lost{Channel: channelPeer(5)}) ||
		b.Changes[1].(*inbox.Message).TelegramID != 9 {
		t.Errorf("%+v", b.Changes)
	}
	b = me.convert(updates.Delivery{Lost: new(updates.Lost)})
	if len(b.Changes) != 1 || *b.Changes[0].(*inbox.Lost) != (inbox.Lost{}) {
		t.Errorf("%+v", b.Changes)
	}
	state := convertState(store.UpdateState{Counters: *want.Counters, Channels: map[int64]int{5: 6}})
	if !reflect.DeepEqual(state, updates.State{Common: updates.Common{PTS: 1, QTS: 2, Date: 3, Seq: 4}, Channels: map[int64]int32{5: 6}}) {
		t.Errorf("%+v", state)
	}
}
