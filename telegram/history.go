package telegram

import (
	"context"
	"iter"

	"godwit/tg"
)

// maxPage is how many messages or dialogs Telegram hands out at once.
const maxPage = 100

// HistoryOptions say which part of a history is wanted, and in which order.
// The zero HistoryOptions stand for all of it, the newest first.
type HistoryOptions struct {
	// Limit is how many messages there are to be at most; 0: all.
	Limit int
	// Before is the id of a message; only older ones are wanted. 0: up to the
	// newest. The ID of the last message that was handled goes on where an
	// earlier iteration has stopped.
	Before int
	// After is the id of a message; only newer ones are wanted. 0: from the
	// oldest. With OldestFirst, it is what goes on where an earlier iteration has
	// stopped.
	After int
	// OldestFirst turns the order around.
	OldestFirst bool
	// Topic is the id of a topic of a forum, or of a message of a supergroup
	// whose thread is wanted, or of a post of a channel, for the comments on it;
	// 0: everything.
	Topic int
	// Service has service messages, such as that somebody joined, among the
	// messages that [HistoryOf] returns.
	Service bool
}

// History returns the messages exchanged with a peer. It fetches them as the
// iteration goes on, up to 100 at a time. Service messages are left out. An
// error ends the iteration.
func (c *Client) History(ctx context.Context, peer tg.InputPeerClass, o HistoryOptions) iter.Seq2[*tg.Message, error] {
	o.Service = false
	return func(yield func(*tg.Message, error) bool) {
		for m, err := range HistoryOf(ctx, c, peer, o) {
			message, _ := m.(*tg.Message)
			if !yield(message, err) {
				return
			}
		}
	}
}

// HistoryOf is [Client.History] over any API, with service messages if they are
// asked for: an element is a *tg.Message or a *tg.MessageService.
func HistoryOf(ctx context.Context, api API, peer tg.InputPeerClass, o HistoryOptions) iter.Seq2[tg.MessageClass, error] {
	if o.OldestFirst {
		return limited(o, forwards(ctx, api, peer, o))
	}
	return limited(o, backwards(ctx, api, peer, o))
}

// limited lets through what is wanted of a history.
func limited(o HistoryOptions, all iter.Seq2[tg.MessageClass, error]) iter.Seq2[tg.MessageClass, error] {
	return func(yield func(tg.MessageClass, error) bool) {
		left := o.Limit
		for m, err := range all {
			if err != nil {
				yield(nil, err)
				return
			}
			id := int(messageID(m))
			switch m.(type) {
			case *tg.Message:
			case *tg.MessageService:
				if !o.Service {
					continue
				}
			default:
				continue
			}
			if id <= o.After || o.Before > 0 && id >= o.Before {
				continue
			}
			if !yield(m, nil) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}

// A span says which messages of a history a request is for: some around an
// offset, of which add are on the newer side if it is negative.
type span struct{ offset, add, limit, min int32 }

// fetch fetches a span of a history.
func (o *HistoryOptions) fetch(ctx context.Context, api API, peer tg.InputPeerClass, s span) ([]tg.MessageClass, error) {
	var answer tg.MessagesMessagesClass
	var err error
	if o.Topic != 0 {
		answer, err = tg.Call(ctx, api, &tg.MessagesGetReplies{
			Peer: peer, MsgID: int32(o.Topic), OffsetID: s.offset, AddOffset: s.add, Limit: s.limit, MinID: s.min,
		})
	} else {
		answer, err = tg.Call(ctx, api, &tg.MessagesGetHistory{
			Peer: peer, OffsetID: s.offset, AddOffset: s.add, Limit: s.limit, MinID: s.min,
		})
	}
	if err != nil {
		return nil, err
	}
	return pageOf(api, answer).messages, nil
}

// backwards returns a history from the newest message on.
func backwards(ctx context.Context, api API, peer tg.InputPeerClass, o HistoryOptions) iter.Seq2[tg.MessageClass, error] {
	return func(yield func(tg.MessageClass, error) bool) {
		at := span{offset: int32(o.Before), limit: maxPage, min: int32(o.After)}
		if o.Limit > 0 {
			at.limit = int32(min(o.Limit, maxPage))
		}
		for {
			page, err := o.fetch(ctx, api, peer, at)
			if err != nil {
				yield(nil, err)
				return
			}
			oldest := at.offset
			for _, m := range page {
				oldest = messageID(m)
				if !yield(m, nil) {
					return
				}
			}
			if len(page) == 0 || oldest == at.offset || int(oldest) <= o.After+1 {
				return
			}
			at.offset = oldest
		}
	}
}

// forwards returns a history from the oldest message on: each page ends right
// before what an offset below the newest names, by an offset that is negative
// (https://core.telegram.org/api/offsets).
func forwards(ctx context.Context, api API, peer tg.InputPeerClass, o HistoryOptions) iter.Seq2[tg.MessageClass, error] {
	return func(yield func(tg.MessageClass, error) bool) {
		newest := int32(o.After)
		for {
			// Of messages from newest+1 on, the first maxPage.
			page, err := o.fetch(ctx, api, peer, span{offset: newest + 1, add: -maxPage, limit: maxPage})
			if err != nil {
				yield(nil, err)
				return
			}
			fresh := false
			for i := len(page) - 1; i >= 0; i-- {
				id := messageID(page[i])
				if id <= newest {
					continue
				}
				newest, fresh = id, true
				if !yield(page[i], nil) {
					return
				}
			}
			if !fresh || o.Before > 0 && int(newest)+1 >= o.Before {
				return
			}
		}
	}
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
