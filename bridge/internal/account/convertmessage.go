package account

import (
	"fmt"
	"strconv"
	"strings"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/telegram"
	"godwit/tg"
)

// convertMessage returns a message, nil for one that is none.
func (c converter) convertMessage(m tg.MessageClass) *inbox.Message {
	switch m := m.(type) {
	case *tg.Message:
		to := c.about(m.PeerID, m.FromID, m.Out)
		to.TelegramID, to.At, to.Content = int(m.ID), unix(m.Date), convertContent(m)
		if !m.EditHide { // what is hidden was no edit of the text
			to.EditedAt = unix(m.EditDate.Value)
		}
		return to
	case *tg.MessageService:
		to := c.about(m.PeerID, m.FromID, m.Out)
		to.TelegramID, to.At = int(m.ID), unix(m.Date)
		to.Content = bridge.Content{
			Service: actionName(m.Action), Text: actionText(m.Action), Silent: m.Silent, Reactions: convertReactions(m.Reactions),
		}
		to.Content.ReplyTo, to.Content.Topic = convertReply(m.ReplyTo)
		return to
	}
	return nil
}

// about returns a message with whom it is between. Private chats do not say who
// wrote, since there are only two.
func (c converter) about(peer, from tg.PeerClass, out bool) *inbox.Message {
	m := &inbox.Message{Peer: convertPeer(peer), Sender: convertPeer(from), Direction: bridge.Inbound}
	self := bridge.Peer{Kind: bridge.UserPeer, ID: c.self}
	if out || m.Peer == self { // what one says to oneself is not marked as going out
		m.Direction = bridge.Outbound
	}
	switch {
	case m.Sender != (bridge.Peer{}):
	case m.Peer.Kind == bridge.ChannelPeer, m.Peer.Kind == bridge.UserPeer && m.Direction == bridge.Inbound:
		m.Sender = m.Peer
	case m.Direction == bridge.Outbound:
		m.Sender = self
	}
	return m
}

// convertContent returns what a message says. A login code in one of Telegram's
// own is hidden: what is stored of messages, shown to all who may read them and
// sent to webhooks is no place for what signs in as the account.
func convertContent(m *tg.Message) bridge.Content {
	c := bridge.Content{
		Text: telegram.HideSignInCodes(m), Entities: convertEntities(m.Entities), Media: convertMedia(m.Media), Silent: m.Silent,
		Album: m.GroupedID.Value, Forward: convertForward(m.FwdFrom), Reactions: convertReactions(m.Reactions),
	}
	c.ReplyTo, c.Topic = convertReply(m.ReplyTo)
	return c
}

// convertReply returns which message is answered, and the topic of a forum that
// the message is in. What goes into a topic names its first message, as the one
// that is answered where no other is (https://core.telegram.org/api/forum).
func convertReply(r tg.MessageReplyHeaderClass) (replyTo, topic int) {
	h, ok := r.(*tg.MessageReplyHeader)
	if !ok {
		return 0, 0
	}
	replyTo = int(h.ReplyToMsgID.Value)
	if h.ForumTopic {
		topic = int(h.ReplyToTopID.Value)
		if topic == 0 {
			replyTo, topic = 0, replyTo
		}
	}
	if h.ReplyToPeerID != nil { // the number is one of another conversation
		replyTo = 0
	}
	return replyTo, topic
}

func convertForward(h *tg.MessageFwdHeader) *bridge.Forward {
	if h == nil {
		return nil
	}
	return &bridge.Forward{
		From: convertPeer(h.FromID), Name: h.FromName.Value, At: unix(h.Date), MessageID: int(h.ChannelPost.Value),
	}
}

// Reactions that are no emoji are written so.
const (
	customEmoji  = "custom_emoji:"
	paidReaction = "paid"
)

func convertReactions(r *tg.MessageReactions) []bridge.Reaction {
	if r == nil {
		return nil
	}
	var list []bridge.Reaction
	for _, count := range r.Results {
		to := bridge.Reaction{Count: int(count.Count), Mine: count.ChosenOrder.Set}
		switch kind := count.Reaction.(type) {
		case *tg.ReactionEmoji:
			to.Emoji = kind.Emoticon
		case *tg.ReactionCustomEmoji:
			to.Emoji = customEmoji + strconv.FormatInt(kind.DocumentID, 10)
		case *tg.ReactionPaid:
			to.Emoji = paidReaction
		default:
			continue
		}
		list = append(list, to)
	}
	return list
}

// actionName returns what a service message tells of, as the schema writes it.
func actionName(a tg.MessageActionClass) string {
	_, name, _ := strings.Cut(fmt.Sprintf("%T", a), ".")
	if name == "" {
		return "messageActionEmpty"
	}
	return strings.ToLower(name[:1]) + name[1:]
}

// actionText returns the text that comes with a service message: a new title,
// or what it says by itself.
func actionText(a tg.MessageActionClass) string {
	switch a := a.(type) {
	case *tg.MessageActionChatCreate:
		return a.Title
	case *tg.MessageActionChannelCreate:
		return a.Title
	case *tg.MessageActionChatEditTitle:
		return a.Title
	case *tg.MessageActionTopicCreate:
		return a.Title
	case *tg.MessageActionTopicEdit:
		return a.Title.Value
	case *tg.MessageActionChannelMigrateFrom:
		return a.Title
	case *tg.MessageActionCustomAction:
		return a.Message
	case *tg.MessageActionWebViewDataSent:
		return a.Text
	}
	return ""
}
