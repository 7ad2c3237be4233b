package telegram

import (
	"context"
	"errors"
	"math"
	"slices"

	"godwit/tg"
	"godwit/tl"
)

// maxIDs is how many message ids one request takes.
const maxIDs = 100

// Edit changes a message that the account has sent, or a post of a channel
// that it administers, and returns it as it is now. A text alone leaves the
// media as they are. An unchanged message is a *mtproto.RPCError for which
// errors.Is(err, tg.ErrMessageNotModified) holds.
func (c *Client) Edit(ctx context.Context, peer tg.InputPeerClass, id int, m Outgoing) (*tg.Message, error) {
	entities, err := c.inputEntities(m.Entities)
	if err != nil {
		return nil, err
	}
	request := &tg.MessagesEditMessage{
		NoWebpage: m.NoPreview, Peer: peer, ID: int32(id), Media: m.Media, Entities: entities, ScheduleDate: unixOf(m.Schedule),
	}
	if m.Text != "" || m.Media == nil {
		request.Message = tl.Some(m.Text)
	}
	answer, err := tg.Call(ctx, c, request)
	if err != nil {
		return nil, err
	}
	for _, u := range c.updatesOf(request, answer) {
		if m, ok := edited(u).(*tg.Message); ok && int(m.ID) == id {
			return m, nil
		}
	}
	return nil, errNotAmongUpdates
}

// edited returns the message that an update says has changed, nil if it says
// nothing of the kind.
func edited(u tg.UpdateClass) tg.MessageClass {
	switch u := u.(type) {
	case *tg.UpdateEditMessage:
		return u.Message
	case *tg.UpdateEditChannelMessage:
		return u.Message
	case *tg.UpdateNewScheduledMessage:
		return u.Message
	}
	return nil
}

// InputChannelOf returns how requests name a channel or supergroup, nil if the
// peer is neither.
func InputChannelOf(peer tg.InputPeerClass) tg.InputChannelClass {
	switch p := peer.(type) {
	case *tg.InputPeerChannel:
		return &tg.InputChannel{ChannelID: p.ChannelID, AccessHash: p.AccessHash}
	case *tg.InputPeerChannelFromMessage:
		return &tg.InputChannelFromMessage{Peer: p.Peer, MsgID: p.MsgID, ChannelID: p.ChannelID}
	}
	return nil
}

// InputUserOf returns how requests name a user, nil if the peer is none.
func InputUserOf(peer tg.InputPeerClass) tg.InputUserClass {
	switch p := peer.(type) {
	case *tg.InputPeerSelf:
		return &tg.InputUserSelf{}
	case *tg.InputPeerUser:
		return &tg.InputUser{UserID: p.UserID, AccessHash: p.AccessHash}
	case *tg.InputPeerUserFromMessage:
		return &tg.InputUserFromMessage{Peer: p.Peer, MsgID: p.MsgID, UserID: p.UserID}
	}
	return nil
}

// Delete deletes messages: for everybody, or for the account alone. In
// channels and supergroups a message is deleted for everybody always. It
// returns how many Telegram has deleted; others were not there.
func (c *Client) Delete(ctx context.Context, peer tg.InputPeerClass, ids []int, everybody bool) (int, error) {
	deleted := 0
	for part := range slices.Chunk(ids, maxIDs) {
		list := make([]int32, len(part))
		for i, id := range part {
			list[i] = int32(id)
		}
		var affected *tg.MessagesAffectedMessages
		var err error
		if channel := InputChannelOf(peer); channel != nil {
			affected, err = tg.Call(ctx, c, &tg.ChannelsDeleteMessages{Channel: channel, ID: list})
		} else {
			affected, err = tg.Call(ctx, c, &tg.MessagesDeleteMessages{Revoke: everybody, ID: list})
		}
		if err != nil {
			return deleted, err
		}
		deleted += int(affected.PtsCount)
	}
	return deleted, nil
}

var errNoProgress = errors.New("telegram: the server says that there is more to delete, and deletes nothing")

// affectAll makes a request that does its work in parts until nothing is left,
// and returns how many messages it has concerned.
func (c *Client) affectAll(ctx context.Context, request tg.Method[*tg.MessagesAffectedHistory]) (int, error) {
	total, left := 0, int32(math.MaxInt32)
	for {
		affected, err := tg.Call(ctx, c, request)
		if err != nil {
			return total, err
		}
		total += int(affected.PtsCount)
		switch {
		case affected.Offset <= 0:
			return total, nil
		case affected.PtsCount == 0 && affected.Offset >= left:
			return total, errNoProgress
		}
		left = affected.Offset
	}
}

// ClearHistory deletes all messages with a peer: for everybody, which is
// possible with persons, and in channels and supergroups for those with the
// right to; or for the account alone. It returns how many Telegram has
// deleted, 0 in channels, where it does not say.
func (c *Client) ClearHistory(ctx context.Context, peer tg.InputPeerClass, everybody bool) (int, error) {
	if channel := InputChannelOf(peer); channel != nil {
		request := &tg.ChannelsDeleteHistory{ForEveryone: everybody, Channel: channel}
		answer, err := tg.Call(ctx, c, request)
		c.updatesOf(request, answer)
		return 0, err
	}
	return c.affectAll(ctx, &tg.MessagesDeleteHistory{Revoke: everybody, Peer: peer})
}

// Forwarding says how messages are forwarded. The zero Forwarding shows where
// they come from.
type Forwarding struct {
	HideAuthor  bool // without a word of where they come from
	HideCaption bool // without the texts of media; needs HideAuthor
	Silent      bool
	Protected   bool
	Topic       int // of a forum that they go into
}

// Forward forwards messages, up to 100 per request, and returns the new ones.
func (c *Client) Forward(
	ctx context.Context, from tg.InputPeerClass, ids []int, to tg.InputPeerClass, how Forwarding,
) ([]*tg.Message, error) {
	var out []*tg.Message
	for part := range slices.Chunk(ids, maxIDs) {
		request := &tg.MessagesForwardMessages{
			Silent: how.Silent, DropAuthor: how.HideAuthor, DropMediaCaptions: how.HideCaption, Noforwards: how.Protected,
			FromPeer: from, ToPeer: to,
		}
		if how.Topic != 0 {
			request.TopMsgID = tl.Some(int32(how.Topic))
		}
		for _, id := range part {
			request.ID = append(request.ID, int32(id))
			request.RandomID = append(request.RandomID, randomID())
		}
		answer, had, err := repeat(ctx, func() (tg.UpdatesClass, error) { return tg.Call(ctx, c, request) })
		if err != nil {
			return out, err
		}
		if had {
			continue
		}
		sent, err := c.sentMessages(request, answer, request.RandomID)
		out = append(out, sent...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}
