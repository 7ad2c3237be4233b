package telegram

import (
	"context"
	"iter"

	"godwit/tg"
)

// maxPage is how many messages or dialogs Telegram hands out at once.
const maxPage = 100

// HistoryOptions say which part of a history is wanted. The zero
// HistoryOptions stand for all of it.
type HistoryOptions struct {
	// Limit is how many messages there are to be at most; 0: all.
	Limit int
	// Before is the id of a message; only older ones are wanted. 0: from the
	// newest on. The ID of the last message that was handled goes on where an
	// earlier iteration has stopped.
	Before int
	// After is the id of a message; only newer ones are wanted. 0: to the
	// oldest.
	After int
}

// History returns the messages exchanged with a peer, the newest first. It
// fetches them as the iteration goes on, up to 100 at a time. Service messages,
// such as that somebody joined, are left out. An error ends the iteration.
func (c *Client) History(ctx context.Context, peer tg.InputPeerClass, o HistoryOptions) iter.Seq2[*tg.Message, error] {
	return func(yield func(*tg.Message, error) bool) {
		left := o.Limit
		request := &tg.MessagesGetHistory{Peer: peer, OffsetID: int32(o.Before), MinID: int32(o.After)}
		for {
			request.Limit = maxPage
			if o.Limit > 0 {
				request.Limit = int32(min(left, maxPage))
			}
			page, err := c.historyPage(ctx, request)
			if err != nil {
				yield(nil, err)
				return
			}
			oldest := request.OffsetID
			for _, m := range page {
				oldest = messageID(m)
				message, ok := m.(*tg.Message)
				if !ok || int(message.ID) <= o.After {
					continue
				}
				if !yield(message, nil) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
			if len(page) == 0 || oldest == request.OffsetID || int(oldest) <= o.After+1 {
				return
			}
			request.OffsetID = oldest
		}
	}
}

// historyPage fetches some messages.
func (c *Client) historyPage(ctx context.Context, request *tg.MessagesGetHistory) ([]tg.MessageClass, error) {
	answer, err := tg.Call(ctx, c, request)
	if err != nil {
		return nil, err
	}
	switch answer := answer.(type) {
	case *tg.MessagesMessages:
		c.peers.learn(answer.Users, answer.Chats)
		return answer.Messages, nil
	case *tg.MessagesMessagesSlice:
		c.peers.learn(answer.Users, answer.Chats)
		return answer.Messages, nil
	case *tg.MessagesChannelMessages:
		c.peers.learn(answer.Users, answer.Chats)
		return answer.Messages, nil
	}
	return nil, nil // messages.messagesNotModified, which answers a hash alone
}

func messageID(m tg.MessageClass) int32 {
	switch m := m.(type) {
	case *tg.Message:
		return m.ID
	case *tg.MessageService:
		return m.ID
	case *tg.MessageEmpty:
		return m.ID
	}
	return 0
}
