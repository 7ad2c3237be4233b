package telegram

import (
	"context"
	"iter"

	"godwit/tg"
	"godwit/tl"
)

// UnreadReactions returns the account's messages with a peer to which others have
// reacted since it looked last, the newest first, fetching them as the iteration
// goes on: in a forum those of one topic, unless it is 0. Reactions that are new
// have Unread set. To look at them marks nothing as read. An error ends the
// iteration.
func (c *Client) UnreadReactions(ctx context.Context, peer tg.InputPeerClass, topic int) iter.Seq2[*tg.Message, error] {
	return c.unread(ctx, func(before int32) tg.Method[tg.MessagesMessagesClass] {
		return &tg.MessagesGetUnreadReactions{Peer: peer, TopMsgID: topicID(topic), OffsetID: before, Limit: maxPage}
	})
}

// UnreadMentions is UnreadReactions for messages that mention the account.
func (c *Client) UnreadMentions(ctx context.Context, peer tg.InputPeerClass, topic int) iter.Seq2[*tg.Message, error] {
	return c.unread(ctx, func(before int32) tg.Method[tg.MessagesMessagesClass] {
		return &tg.MessagesGetUnreadMentions{Peer: peer, TopMsgID: topicID(topic), OffsetID: before, Limit: maxPage}
	})
}

// topicID returns what names a topic, and nothing for 0.
func topicID(topic int) (id tl.Optional[int32]) {
	if topic != 0 {
		id = tl.Some(int32(topic))
	}
	return id
}

// unread returns the messages of a list that request asks for from an offset on.
func (c *Client) unread(
	ctx context.Context, request func(before int32) tg.Method[tg.MessagesMessagesClass],
) iter.Seq2[*tg.Message, error] {
	before := int32(0)
	return found(0, func() (page, bool, error) {
		answer, err := tg.Call(ctx, c, request(before))
		if err != nil {
			return page{}, false, err
		}
		got := pageOf(c, answer)
		if len(got.messages) == 0 {
			return got, false, nil
		}
		was := before
		before = messageID(got.messages[len(got.messages)-1])
		return got, before != was, nil
	})
}

// ReadReactions marks the reactions to the account's messages with a peer as seen,
// in a forum those of one topic, unless it is 0.
func (c *Client) ReadReactions(ctx context.Context, peer tg.InputPeerClass, topic int) error {
	_, err := c.affectAll(ctx, &tg.MessagesReadReactions{Peer: peer, TopMsgID: topicID(topic)})
	return err
}

// ReadMentions is ReadReactions for messages that mention the account.
func (c *Client) ReadMentions(ctx context.Context, peer tg.InputPeerClass, topic int) error {
	_, err := c.affectAll(ctx, &tg.MessagesReadMentions{Peer: peer, TopMsgID: topicID(topic)})
	return err
}

// MarkSeen marks messages with a peer as seen: that they mention the account, how
// others have reacted to them, and what of voice and video messages has not been
// played.
func (c *Client) MarkSeen(ctx context.Context, peer tg.InputPeerClass, ids ...int) error {
	list := make([]int32, len(ids))
	for i, id := range ids {
		list[i] = int32(id)
	}
	if channel := InputChannelOf(peer); channel != nil {
		_, err := tg.Call(ctx, c, &tg.ChannelsReadMessageContents{Channel: channel, ID: list})
		return err
	}
	_, err := tg.Call(ctx, c, &tg.MessagesReadMessageContents{ID: list})
	return err
}
