package telegram

import (
	"context"
	"iter"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// A Search says which messages are looked for. The zero Search finds all.
type Search struct {
	Text  string
	From  tg.InputPeerClass      // who wrote them; nil: anybody
	Topic int                    // of a forum, or a thread; 0: any
	Kind  tg.MessagesFilterClass // such as &tg.InputMessagesFilterPinned{}; nil: any
	Since time.Time              // zero: from the beginning
	Until time.Time              // zero: to the end

	Limit  int // how many there are to be at most; 0: all
	Before int // id of a message; only older ones are wanted; 0: up to the newest
}

func (s *Search) filter() tg.MessagesFilterClass {
	if s.Kind == nil {
		return &tg.InputMessagesFilterEmpty{}
	}
	return s.Kind
}

// Search returns the messages exchanged with a peer that are looked for, the
// newest first, fetching them as the iteration goes on. An error ends the
// iteration.
func (c *Client) Search(ctx context.Context, peer tg.InputPeerClass, s Search) iter.Seq2[*tg.Message, error] {
	request := &tg.MessagesSearch{
		Peer: peer, Q: s.Text, FromID: s.From, Filter: s.filter(), OffsetID: int32(s.Before), Limit: maxPage,
		MinDate: unixOf(s.Since).Or(0), MaxDate: unixOf(s.Until).Or(0),
	}
	if s.Topic != 0 {
		request.TopMsgID = tl.Some(int32(s.Topic))
	}
	return found(s.Limit, func() (page, bool, error) {
		answer, err := tg.Call(ctx, c, request)
		if err != nil {
			return page{}, false, err
		}
		got := pageOf(c, answer)
		if len(got.messages) == 0 {
			return got, false, nil
		}
		before := request.OffsetID
		request.OffsetID = messageID(got.messages[len(got.messages)-1])
		return got, request.OffsetID != before, nil
	})
}

// SearchEverywhere is Search in all of the account's conversations. From, Topic
// and Before do not apply.
func (c *Client) SearchEverywhere(ctx context.Context, s Search) iter.Seq2[*tg.Message, error] {
	request := &tg.MessagesSearchGlobal{
		Q: s.Text, Filter: s.filter(), OffsetPeer: &tg.InputPeerEmpty{}, Limit: maxPage,
		MinDate: unixOf(s.Since).Or(0), MaxDate: unixOf(s.Until).Or(0),
	}
	return found(s.Limit, func() (page, bool, error) {
		answer, err := tg.Call(ctx, c, request)
		if err != nil {
			return page{}, false, err
		}
		got := pageOf(c, answer)
		if len(got.messages) == 0 {
			return got, false, nil
		}
		last := got.messages[len(got.messages)-1]
		peer, err := c.InputPeer(messagePeer(last))
		if err != nil {
			return got, false, err
		}
		request.OffsetPeer, request.OffsetID, request.OffsetRate = peer, messageID(last), got.nextRate
		return got, got.nextRate != 0, nil
	})
}

// found returns the messages of pages until there is no other one.
func found(limit int, next func() (page, bool, error)) iter.Seq2[*tg.Message, error] {
	return func(yield func(*tg.Message, error) bool) {
		left := limit
		for more := true; more; {
			var got page
			var err error
			if got, more, err = next(); err != nil {
				yield(nil, err)
				return
			}
			for _, m := range got.messages {
				m, ok := m.(*tg.Message)
				if !ok {
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
}
