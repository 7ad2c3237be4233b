package telegram

import (
	"context"
	"iter"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// React sets the account's reactions to a message: emoji such as "👍", of
// which accounts without premium have one. None takes them back.
func (c *Client) React(ctx context.Context, peer tg.InputPeerClass, id int, emoji ...string) error {
	list := make([]tg.ReactionClass, len(emoji))
	for i, one := range emoji {
		list[i] = &tg.ReactionEmoji{Emoticon: one}
	}
	return c.ReactWith(ctx, peer, id, list...)
}

// ReactWith is React with what else there is: a *tg.ReactionCustomEmoji is one of
// the emoji that users make, by the id of its document. Everybody may use those
// that a chat lists among its reactions; for the others it takes premium, and in
// groups and channels that they are allowed (https://core.telegram.org/api/reactions).
func (c *Client) ReactWith(ctx context.Context, peer tg.InputPeerClass, id int, reactions ...tg.ReactionClass) error {
	return c.update(ctx, &tg.MessagesSendReaction{
		Peer: peer, MsgID: int32(id), Reaction: append([]tg.ReactionClass{}, reactions...),
	})
}

// A Reactor is somebody who has reacted to a message.
type Reactor struct {
	Peer     PeerID
	Reaction tg.ReactionClass
	Date     time.Time
	Own      bool // the account's
	Big      bool // with an animation over the whole screen
	Unread   bool // the account, whose message it is to, has not seen it
}

// Reactors returns who has reacted to a message, the last one first, fetching them
// as the iteration goes on. A reaction asks for those with that one alone; nil: any.
// An error ends the iteration; of posts of channels it is always tg.ErrBroadcastForbidden.
func (c *Client) Reactors(
	ctx context.Context, peer tg.InputPeerClass, id int, reaction tg.ReactionClass,
) iter.Seq2[Reactor, error] {
	return func(yield func(Reactor, error) bool) {
		request := &tg.MessagesGetMessageReactionsList{Peer: peer, ID: int32(id), Reaction: reaction, Limit: maxPage}
		for {
			answer, err := tg.Call(ctx, c, request)
			if err != nil {
				yield(Reactor{}, err)
				return
			}
			c.Learn(answer.Users, answer.Chats)
			for _, r := range answer.Reactions {
				one := Reactor{IDOf(r.PeerID), r.Reaction, time.Unix(int64(r.Date), 0), r.My, r.Big, r.Unread}
				if !yield(one, nil) {
					return
				}
			}
			next := answer.NextOffset.Or("")
			if next == "" || next == request.Offset.Or("") {
				return
			}
			request.Offset = tl.Some(next)
		}
	}
}
