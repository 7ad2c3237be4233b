package botapi

import (
	"context"
	"strconv"

	"godwit/tg"
	"godwit/tl"
)

// fetch returns a message of a chat, an error if it is not there.
func (b *bot) fetch(ctx context.Context, chatID int64, id int32) (tg.MessageClass, error) {
	found, err := b.fetchAll(ctx, chatID, []int32{id})
	if err != nil {
		return nil, err
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return nil, errMessageMissing
}

var errMessageMissing = bad("MESSAGE_NOT_FOUND")

// fetchAll returns those of some messages of a chat that are there.
func (b *bot) fetchAll(ctx context.Context, chatID int64, ids []int32) ([]tg.MessageClass, error) {
	named := make([]tg.InputMessageClass, len(ids))
	for i, id := range ids {
		named[i] = &tg.InputMessageID{ID: id}
	}
	var got tg.MessagesMessagesClass
	var err error
	if chatID <= firstChannel {
		got, err = call(ctx, b, &tg.ChannelsGetMessages{Channel: channelOf(chatID), ID: named})
	} else {
		got, err = call(ctx, b, &tg.MessagesGetMessages{ID: named})
	}
	if err != nil {
		return nil, err
	}
	var all []tg.MessageClass
	switch got := got.(type) {
	case *tg.MessagesMessages:
		b.learn(got.Users, got.Chats)
		all = got.Messages
	case *tg.MessagesChannelMessages:
		b.learn(got.Users, got.Chats)
		all = got.Messages
	}
	var out []tg.MessageClass
	for _, m := range all {
		if h := headOf(m); h != nil && h.chat == chatID {
			out = append(out, m)
		}
	}
	return out, nil
}

// A head is what messages and service messages have in common.
type head struct {
	id    int32
	chat  int64
	from  int64 // user; 0 for none
	as    int64 // chat that is the sender, where that is another one; 0 for none
	date  int32
	out   bool
	post  bool
	reply tg.MessageReplyHeaderClass
}

// telegramID is the user as whom Telegram itself writes.
const telegramID = 777000

// headOf returns nil for a message that is not there.
func headOf(m tg.MessageClass) *head {
	var h *head
	var from tg.PeerClass
	switch m := m.(type) {
	case *tg.Message:
		h, from = &head{m.ID, chatIDOfPeer(m.PeerID), 0, 0, m.Date, m.Out, m.Post, m.ReplyTo}, m.FromID
	case *tg.MessageService:
		h, from = &head{m.ID, chatIDOfPeer(m.PeerID), 0, 0, m.Date, m.Out, m.Post, m.ReplyTo}, m.FromID
	default:
		return nil
	}
	switch from := from.(type) {
	case *tg.PeerUser:
		h.from = from.UserID
	case *tg.PeerChannel:
		h.as = chatIDOfPeer(from)
	case nil:
		if h.chat > 0 {
			h.from = h.chat
		}
	}
	return h
}

// message returns a message as an object, nil if it is not there. The message
// that it answers is in it if that is asked for.
func (b *bot) message(ctx context.Context, m tg.MessageClass, withReply bool) *message {
	h := headOf(m)
	if h == nil {
		return nil
	}
	out := &message{ID: h.id, Chat: b.chatObject(h.chat), Date: h.date}
	switch {
	case h.post:
		out.SenderChat = b.chatObject(h.chat)
	case h.as != 0:
		// https://core.telegram.org/bots/api#message: for older bots there is a user too.
		out.SenderChat, out.From = b.chatObject(h.as), b.userObject(telegramID)
	case h.from != 0:
		out.From = b.userObject(h.from)
	}
	if reply, ok := h.reply.(*tg.MessageReplyHeader); ok {
		b.addReply(ctx, out, h, reply, withReply)
	}
	switch m := m.(type) {
	case *tg.Message:
		b.addContent(out, m)
	case *tg.MessageService:
		b.addAction(out, h, m.Action, withReply)
	}
	return out
}

func (b *bot) addReply(ctx context.Context, out *message, h *head, reply *tg.MessageReplyHeader, with bool) {
	if reply.ForumTopic {
		out.ThreadID = reply.ReplyToTopID.Or(reply.ReplyToMsgID.Or(0))
		out.IsTopicMessage = true
	}
	if with && reply.ReplyToMsgID.Set && reply.ReplyToPeerID == nil {
		if answered, err := b.fetch(ctx, h.chat, reply.ReplyToMsgID.Value); err == nil {
			out.ReplyTo = b.message(ctx, answered, false)
		}
	}
	if reply.QuoteText.Set {
		out.Quote = &quote{
			Text: reply.QuoteText.Value, Entities: b.entities(reply.QuoteEntities), Position: reply.QuoteOffset.Or(0),
			IsManual: reply.Quote,
		}
	}
}

// addContent fills in what was said.
func (b *bot) addContent(out *message, m *tg.Message) {
	out.AuthorSignature = m.PostAuthor.Or("")
	out.EditDate = m.EditDate.Or(0)
	out.HasProtected = m.Noforwards
	if m.GroupedID.Set {
		out.MediaGroupID = strconv.FormatInt(m.GroupedID.Value, 10)
	}
	if m.FwdFrom != nil {
		b.addOrigin(out, m.FwdFrom)
		out.IsAutomatic = m.FwdFrom.SavedFromPeer != nil && out.SenderChat != nil
	}
	if in, ok := m.ReplyMarkup.(*tg.ReplyInlineMarkup); ok {
		out.ReplyMarkup = keyboardObject(in)
	}
	switch m.Media.(type) {
	case nil, *tg.MessageMediaEmpty, *tg.MessageMediaWebPage:
		out.Text, out.Entities = m.Message, b.entities(m.Entities)
		return
	}
	out.Caption, out.CaptionEntities = m.Message, b.entities(m.Entities)
	b.addMedia(out, m.Media)
}

func (b *bot) addOrigin(out *message, from *tg.MessageFwdHeader) {
	out.ForwardDate = from.Date
	out.ForwardOrigin = &origin{Date: from.Date}
	switch id := chatIDOfPeer(from.FromID); {
	case id > 0:
		out.ForwardFrom = b.userObject(id)
		out.ForwardOrigin.Type, out.ForwardOrigin.SenderUser = "user", out.ForwardFrom
	default:
		out.ForwardFromChat, out.ForwardMessageID = b.chatObject(id), from.ChannelPost.Or(0)
		out.ForwardSignature = from.PostAuthor.Or("")
		out.ForwardOrigin.Type, out.ForwardOrigin.Chat = "channel", out.ForwardFromChat
		out.ForwardOrigin.MessageID, out.ForwardOrigin.AuthorSignature = out.ForwardMessageID, out.ForwardSignature
	}
}

// addAction fills in what has happened.
func (b *bot) addAction(out *message, h *head, action tg.MessageActionClass, withReply bool) {
	joined := func(ids ...int64) {
		for _, id := range ids {
			out.NewMembers = append(out.NewMembers, b.userObject(id))
		}
		if len(ids) > 0 {
			out.NewMember = out.NewMembers[0]
			out.NewParticipant = out.NewMember
		}
	}
	switch a := action.(type) {
	case *tg.MessageActionChatCreate:
		out.GroupCreated = true
	case *tg.MessageActionChannelCreate:
		c, _ := b.chat(h.chat).(*tg.Channel)
		out.SuperCreated = c != nil && c.Megagroup
		out.ChannelCreated = !out.SuperCreated
	case *tg.MessageActionChatAddUser:
		joined(a.Users...)
	case *tg.MessageActionChatJoinedByLink, *tg.MessageActionChatJoinedByRequest:
		joined(h.from)
	case *tg.MessageActionChatDeleteUser:
		out.LeftMember = b.userObject(a.UserID)
		out.LeftParticipant = out.LeftMember
	case *tg.MessageActionChatEditTitle:
		out.NewTitle = a.Title
	case *tg.MessageActionChatEditPhoto:
		if p, ok := a.Photo.(*tg.Photo); ok {
			out.NewPhoto = b.photoSizes(kindPhoto, p.ID, p.Sizes)
		}
	case *tg.MessageActionChatDeletePhoto:
		out.PhotoDeleted = true
	case *tg.MessageActionChatMigrateTo:
		out.MigrateTo = channelChatID(a.ChannelID)
	case *tg.MessageActionChannelMigrateFrom:
		out.MigrateFrom = -a.ChatID
	case *tg.MessageActionPinMessage:
		out.Pinned, out.ReplyTo = out.ReplyTo, nil
		if reply, ok := h.reply.(*tg.MessageReplyHeader); ok && out.Pinned == nil && withReply {
			out.Pinned = &message{ID: reply.ReplyToMsgID.Or(0), Chat: out.Chat}
		}
	case *tg.MessageActionTopicCreate:
		out.TopicCreated = &topicCreated{a.Title, a.IconColor}
		out.ThreadID, out.IsTopicMessage = h.id, true
	case *tg.MessageActionTopicEdit:
		switch {
		case a.Closed.Set && a.Closed.Value:
			out.TopicClosed = &struct{}{}
		case a.Closed.Set:
			out.TopicReopened = &struct{}{}
		default:
			out.TopicEdited = &topicEdited{a.Title.Or("")}
		}
	}
}

func keyboardObject(in *tg.ReplyInlineMarkup) *inlineKeyboard {
	out := &inlineKeyboard{}
	for _, row := range in.Rows {
		var buttons []inlineButton
		for _, button := range row.Buttons {
			buttons = append(buttons, buttonObject(button))
		}
		out.Rows = append(out.Rows, buttons)
	}
	return out
}

func buttonObject(in tg.KeyboardInlineButton) inlineButton {
	out := inlineButton{Text: in.Text}
	if s := in.Style; s != nil {
		switch {
		case s.BgPrimary:
			out.Style = "primary"
		case s.BgDanger:
			out.Style = "danger"
		case s.BgSuccess:
			out.Style = "success"
		}
	}
	switch t := in.Type.(type) {
	case *tg.InlineButtonTypeURL:
		out.URL = t.URL
	case *tg.InlineButtonTypeCallback:
		out.CallbackData = string(t.Data)
	case *tg.InlineButtonTypeSwitchInline:
		if t.SamePeer {
			out.SwitchHere = &t.Query
		} else {
			out.SwitchInline = &t.Query
		}
	case *tg.InlineButtonTypeWebView:
		out.WebApp = &webApp{t.URL}
	case *tg.InlineButtonTypeCopy:
		out.CopyText = &copyText{t.CopyText}
	case *tg.InlineButtonTypeUserProfile:
		out.URL = "tg://user?id=" + strconv.FormatInt(t.UserID, 10)
	}
	return out
}

func reactionObjects(in []tg.ReactionClass) []reaction {
	out := []reaction{}
	for _, r := range in {
		switch r := r.(type) {
		case *tg.ReactionEmoji:
			out = append(out, reaction{Type: "emoji", Emoji: r.Emoticon})
		case *tg.ReactionCustomEmoji:
			out = append(out, reaction{Type: "custom_emoji", CustomEmojiID: strconv.FormatInt(r.DocumentID, 10)})
		case *tg.ReactionPaid:
			out = append(out, reaction{Type: "paid"})
		}
	}
	return out
}

// entities returns the entities of a text as objects.
func (b *bot) entities(in []tg.MessageEntityClass) []entity {
	var out []entity
	for _, e := range in {
		offset, length := tg.EntityRange(e)
		if offset == nil {
			continue
		}
		one := entity{Offset: *offset, Length: *length, Type: entityNames[tl.TypeID(e)]}
		switch e := e.(type) {
		case *tg.MessageEntityTextURL:
			one.URL = e.URL
		case *tg.MessageEntityMentionName:
			one.User = b.userObject(e.UserID)
		case *tg.MessageEntityPre:
			one.Language = e.Language
		case *tg.MessageEntityCustomEmoji:
			one.CustomEmojiID = strconv.FormatInt(e.DocumentID, 10)
		case *tg.MessageEntityBlockquote:
			if e.Collapsed {
				one.Type = "expandable_blockquote"
			}
		}
		if one.Type != "" {
			out = append(out, one)
		}
	}
	return out
}
