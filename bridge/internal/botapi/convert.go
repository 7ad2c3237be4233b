package botapi

import (
	"strings"
	"time"

	"github.com/go-telegram/bot/models"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
)

// channelMark is where the ids of channels begin, downwards
// (https://core.telegram.org/api/bots/ids).
const channelMark = -1_000_000_000_000

// peerOf returns whom a chat is with.
func peerOf(chat int64) bridge.Peer {
	switch {
	case chat < channelMark:
		return bridge.Peer{Kind: bridge.ChannelPeer, ID: channelMark - chat}
	case chat < 0:
		return bridge.Peer{Kind: bridge.GroupPeer, ID: -chat}
	case chat > 0:
		return bridge.Peer{Kind: bridge.UserPeer, ID: chat}
	}
	return bridge.Peer{}
}

// chatOf is the reverse of peerOf.
func chatOf(p bridge.Peer) int64 {
	switch p.Kind {
	case bridge.ChannelPeer:
		return channelMark - p.ID
	case bridge.GroupPeer:
		return -p.ID
	}
	return p.ID
}

// convert says in the bridge's terms what updates tell a bot. What concerns no
// messages means nothing.
func convert(list []*models.Update) *inbox.Batch {
	b := &inbox.Batch{Source: bridge.BotAPI}
	for _, u := range list {
		for _, m := range []*models.Message{u.Message, u.ChannelPost} {
			if m != nil {
				b.Peers = append(b.Peers, shown(m.Chat))
				b.Changes = append(b.Changes, convertMessage(m))
			}
		}
		for _, m := range []*models.Message{u.EditedMessage, u.EditedChannelPost} {
			if m != nil {
				b.Peers = append(b.Peers, shown(m.Chat))
				b.Changes = append(b.Changes, &inbox.Edit{Message: *convertMessage(m)})
			}
		}
		if m := u.MyChatMember; m != nil && m.Chat.Type == models.ChatTypePrivate && m.NewChatMember.Type == models.ChatMemberTypeBanned {
			b.Changes = append(b.Changes, &inbox.Blocked{Peer: peerOf(m.Chat.ID)})
		}
		if r := u.MessageReactionCount; r != nil {
			b.Changes = append(b.Changes, &inbox.Reacted{
				Peer: peerOf(r.Chat.ID), TelegramID: r.MessageID, Reactions: convertCounts(r.Reactions), MineUnknown: true,
			})
		}
		// In groups it is told of one person's reactions alone, and not how many
		// there are.
		if r := u.MessageReaction; r != nil && r.Chat.Type == models.ChatTypePrivate {
			b.Changes = append(b.Changes, &inbox.Reacted{
				Peer: peerOf(r.Chat.ID), TelegramID: r.MessageID, Reactions: convertReactions(r.NewReaction),
			})
		}
	}
	return b
}

// shown returns how a chat is shown.
func shown(c models.Chat) inbox.Peer {
	title := c.Title
	if title == "" {
		title = fullName(c.FirstName, c.LastName)
	}
	return inbox.Peer{Peer: peerOf(c.ID), Title: title, Username: c.Username}
}

func fullName(first, last string) string { return strings.TrimSpace(first + " " + last) }

// convertMessage returns a message that others have written, or that the bot
// has: its answers to requests are messages too.
func convertMessage(m *models.Message) *inbox.Message {
	to := &inbox.Message{
		Peer: peerOf(m.Chat.ID), TelegramID: m.ID, Direction: bridge.Inbound, At: unix(m.Date), EditedAt: unix(m.EditDate),
		Content: bridge.Content{
			Text: m.Text, Entities: convertEntities(m.Entities), Media: convertMedia(m), Forward: convertForward(m.ForwardOrigin),
		},
	}
	if m.Caption != "" {
		to.Content.Text, to.Content.Entities = m.Caption, convertEntities(m.CaptionEntities)
	}
	switch {
	case m.SenderChat != nil:
		to.Sender = peerOf(m.SenderChat.ID)
	case m.From != nil:
		to.Sender = peerOf(m.From.ID)
	}
	if m.ReplyToMessage != nil {
		to.Content.ReplyTo = m.ReplyToMessage.ID
	}
	if m.IsTopicMessage {
		to.Content.Topic = m.MessageThreadID
	}
	if to.Content.Text == "" && to.Content.Media == nil {
		to.Content.Service, to.Content.Text = convertService(m)
	}
	return to
}

// convertService returns what a service message tells of, by the names that the
// other surface has for it, and the text that comes with it.
func convertService(m *models.Message) (name, text string) {
	switch {
	case len(m.NewChatMembers) > 0:
		return "messageActionChatAddUser", ""
	case m.LeftChatMember != nil:
		return "messageActionChatDeleteUser", ""
	case m.NewChatTitle != "":
		return "messageActionChatEditTitle", m.NewChatTitle
	case len(m.NewChatPhoto) > 0:
		return "messageActionChatEditPhoto", ""
	case m.DeleteChatPhoto:
		return "messageActionChatDeletePhoto", ""
	case m.GroupChatCreated:
		return "messageActionChatCreate", ""
	case m.SupergroupChatCreated, m.ChannelChatCreated:
		return "messageActionChannelCreate", ""
	case m.MigrateToChatID != 0:
		return "messageActionChatMigrateTo", ""
	case m.MigrateFromChatID != 0:
		return "messageActionChannelMigrateFrom", ""
	case m.PinnedMessage != nil:
		return "messageActionPinMessage", ""
	case m.ForumTopicCreated != nil:
		return "messageActionTopicCreate", m.ForumTopicCreated.Name
	}
	return "messageActionEmpty", ""
}

func convertEntities(list []models.MessageEntity) []bridge.Entity {
	var out []bridge.Entity
	for _, e := range list {
		to := bridge.Entity{
			Type: string(e.Type), Offset: e.Offset, Length: e.Length, URL: e.URL, Language: e.Language, EmojiID: e.CustomEmojiID,
		}
		if e.User != nil {
			to.UserID = e.User.ID
		}
		out = append(out, to)
	}
	return out
}

// entitiesOf is the reverse of convertEntities.
func entitiesOf(list []bridge.Entity) []models.MessageEntity {
	var out []models.MessageEntity
	for _, e := range list {
		to := models.MessageEntity{
			Type: models.MessageEntityType(e.Type), Offset: e.Offset, Length: e.Length, URL: e.URL, Language: e.Language,
			CustomEmojiID: e.EmojiID,
		}
		if e.UserID != 0 {
			to.User = &models.User{ID: e.UserID}
		}
		out = append(out, to)
	}
	return out
}

func convertForward(o *models.MessageOrigin) *bridge.Forward {
	switch {
	case o == nil:
		return nil
	case o.MessageOriginUser != nil:
		return &bridge.Forward{From: peerOf(o.MessageOriginUser.SenderUser.ID), At: unix(o.MessageOriginUser.Date)}
	case o.MessageOriginHiddenUser != nil:
		return &bridge.Forward{Name: o.MessageOriginHiddenUser.SenderUserName, At: unix(o.MessageOriginHiddenUser.Date)}
	case o.MessageOriginChat != nil:
		return &bridge.Forward{From: peerOf(o.MessageOriginChat.SenderChat.ID), At: unix(o.MessageOriginChat.Date)}
	case o.MessageOriginChannel != nil:
		c := o.MessageOriginChannel
		return &bridge.Forward{From: peerOf(c.Chat.ID), At: unix(c.Date), MessageID: c.MessageID}
	}
	return nil
}

// convertMedia returns what a message carries, nil for nothing. An animation is
// told of as a document too, and a venue as a location.
func convertMedia(m *models.Message) *bridge.Media {
	switch {
	case len(m.Photo) > 0:
		p := m.Photo[0]
		for _, size := range m.Photo {
			if size.Width*size.Height > p.Width*p.Height {
				p = size
			}
		}
		return &bridge.Media{
			Type: "photo", MIMEType: "image/jpeg", Size: int64(p.FileSize), Width: p.Width, Height: p.Height, Reference: p.FileID,
		}
	case m.Animation != nil:
		a := m.Animation
		return &bridge.Media{
			Type: "animation", Name: a.FileName, MIMEType: a.MimeType, Size: a.FileSize, Duration: float64(a.Duration),
			Width: a.Width, Height: a.Height, Reference: a.FileID,
		}
	case m.Video != nil:
		v := m.Video
		return &bridge.Media{
			Type: "video", Name: v.FileName, MIMEType: v.MimeType, Size: v.FileSize, Duration: float64(v.Duration),
			Width: v.Width, Height: v.Height, Reference: v.FileID,
		}
	case m.VideoNote != nil:
		return &bridge.Media{
			Type: "video_note", Size: int64(m.VideoNote.FileSize), Duration: float64(m.VideoNote.Duration), Reference: m.VideoNote.FileID,
		}
	case m.Audio != nil:
		a := m.Audio
		return &bridge.Media{
			Type: "audio", Name: a.FileName, MIMEType: a.MimeType, Size: a.FileSize, Duration: float64(a.Duration), Title: a.Title,
			Reference: a.FileID,
		}
	case m.Voice != nil:
		v := m.Voice
		return &bridge.Media{
			Type: "voice", MIMEType: v.MimeType, Size: v.FileSize, Duration: float64(v.Duration), Reference: v.FileID,
		}
	case m.Document != nil:
		d := m.Document
		return &bridge.Media{Type: "document", Name: d.FileName, MIMEType: d.MimeType, Size: d.FileSize, Reference: d.FileID}
	case m.Sticker != nil:
		s := m.Sticker
		return &bridge.Media{Type: "sticker", Emoji: s.Emoji, Width: s.Width, Height: s.Height, Reference: s.FileID}
	}
	return convertOther(m)
}

// convertOther returns what a message carries that is no file.
func convertOther(m *models.Message) *bridge.Media {
	switch {
	case m.Venue != nil:
		l := m.Venue.Location
		return &bridge.Media{Type: "venue", Title: m.Venue.Title, Latitude: l.Latitude, Longitude: l.Longitude}
	case m.Location != nil:
		kind := "location"
		if m.Location.LivePeriod > 0 {
			kind = "live_location"
		}
		return &bridge.Media{Type: kind, Latitude: m.Location.Latitude, Longitude: m.Location.Longitude}
	case m.Contact != nil:
		return &bridge.Media{
			Type: "contact", Title: fullName(m.Contact.FirstName, m.Contact.LastName), Phone: m.Contact.PhoneNumber,
		}
	case m.Poll != nil:
		return &bridge.Media{Type: "poll", Title: m.Poll.Question}
	case m.Dice != nil:
		return &bridge.Media{Type: "dice", Emoji: m.Dice.Emoji}
	case m.Game != nil:
		return &bridge.Media{Type: "game", Title: m.Game.Title}
	case m.Invoice != nil:
		return &bridge.Media{Type: "invoice", Title: m.Invoice.Title}
	case m.Checklist != nil:
		return &bridge.Media{Type: "checklist", Title: m.Checklist.Title}
	case m.Story != nil:
		return &bridge.Media{Type: "story"}
	case m.PaidMedia != nil:
		return &bridge.Media{Type: "paid_media"}
	case m.Giveaway != nil:
		return &bridge.Media{Type: "giveaway"}
	}
	return nil
}

func convertReactions(list []models.ReactionType) []bridge.Reaction {
	var out []bridge.Reaction
	for _, r := range list {
		out = append(out, bridge.Reaction{Emoji: emojiOf(r), Count: 1})
	}
	return out
}

func convertCounts(list []models.ReactionCount) []bridge.Reaction {
	var out []bridge.Reaction
	for _, r := range list {
		out = append(out, bridge.Reaction{Emoji: emojiOf(r.Type), Count: r.TotalCount})
	}
	return out
}

// customEmoji is how bridge.Reaction begins one that is no character.
const customEmoji = "custom_emoji:"

// emojiOf returns a reaction as bridge.Reaction writes it.
func emojiOf(r models.ReactionType) string {
	switch {
	case r.ReactionTypeEmoji != nil:
		return r.ReactionTypeEmoji.Emoji
	case r.ReactionTypeCustomEmoji != nil:
		return customEmoji + r.ReactionTypeCustomEmoji.CustomEmojiID
	}
	return "paid"
}

// unix returns a time of Telegram's, the zero time for 0.
func unix(seconds int) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}
