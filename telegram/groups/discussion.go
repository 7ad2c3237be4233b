package groups

import (
	"context"
	"errors"

	"godwit/telegram"
	"godwit/tg"
)

// SetDiscussion has the posts of a channel, from, discussed in a supergroup: each
// comes there by itself, and who answers it there comments on it. The group must
// show new members what was written before them and must be no forum; the account
// needs the rights to change the channel and to pin in the group. With a nil group
// the channel's discussion ends, with a nil channel that of the group.
func SetDiscussion(ctx context.Context, api telegram.API, from, group tg.InputPeerClass) error {
	request := &tg.ChannelsSetDiscussionGroup{Broadcast: &tg.InputChannelEmpty{}, Group: &tg.InputChannelEmpty{}}
	var err error
	if from != nil {
		request.Broadcast, err = channel(from)
	}
	if group != nil && err == nil {
		request.Group, err = channel(group)
	}
	if err != nil {
		return err
	}
	_, err = tg.Call(ctx, api, request)
	return err
}

// DiscussionGroups returns the groups that the account may give a channel for its
// discussion. Of a basic group a supergroup has to be made first, by [Migrate].
func DiscussionGroups(ctx context.Context, api telegram.API) ([]tg.ChatClass, error) {
	answer, err := tg.Call(ctx, api, &tg.ChannelsGetGroupsForDiscussion{})
	if err != nil {
		return nil, err
	}
	var list []tg.ChatClass
	switch a := answer.(type) {
	case *tg.MessagesChats:
		list = a.Chats
	case *tg.MessagesChatsSlice:
		list = a.Chats
	}
	api.Learn(nil, list)
	return list, nil
}

// A Discussion is where a post of a channel is commented on, or the thread of a
// message of a supergroup.
type Discussion struct {
	Group  tg.InputPeerClass
	Thread int // id of the message of the group that begins it, which comments answer
	Newest int // id of the newest comment; 0: none
	Read   int // id up to which the account has read; 0: nothing
	Unread int
	// Messages are what begins it, several of an album, the newest first.
	Messages []tg.MessageClass
}

// Discuss finds where a post of a channel is commented on. To write there, answer
// its Thread:
//
//	d, err := groups.Discuss(ctx, client, channel, post)
//	…
//	client.Send(ctx, d.Group, telegram.Outgoing{Text: "Well said", Reply: telegram.Reply{Message: d.Thread}})
//
// The comments are a history, of either peer: HistoryOptions{Topic: post} of the
// channel's, HistoryOptions{Topic: d.Thread} of the group's. A post without
// comments is a *mtproto.RPCError for which errors.Is(err, tg.ErrMsgIDInvalid)
// holds. [telegram.Client.MarkTopicRead] marks comments as read.
func Discuss(ctx context.Context, api telegram.API, peer tg.InputPeerClass, post int) (Discussion, error) {
	answer, err := tg.Call(ctx, api, &tg.MessagesGetDiscussionMessage{Peer: peer, MsgID: int32(post)})
	if err != nil {
		return Discussion{}, err
	}
	api.LearnFrom(answer.Messages, answer.Users, answer.Chats)
	d := Discussion{
		Newest: int(answer.MaxID.Or(0)), Read: int(answer.ReadInboxMaxID.Or(0)), Unread: int(answer.UnreadCount),
		Messages: answer.Messages,
	}
	for _, m := range answer.Messages {
		id, in := placeOf(m)
		if id == 0 || d.Thread != 0 && id >= d.Thread {
			continue
		}
		d.Thread = id
		if d.Group, err = api.InputPeer(in); err != nil {
			return Discussion{}, err
		}
	}
	if d.Thread == 0 {
		return Discussion{}, errNoThread
	}
	return d, nil
}

var errNoThread = errors.New("groups: the answer holds no message to comment on")

// placeOf returns the id of a message and in which chat it is.
func placeOf(m tg.MessageClass) (id int, in tg.PeerClass) {
	switch m := m.(type) {
	case *tg.Message:
		return int(m.ID), m.PeerID
	case *tg.MessageService:
		return int(m.ID), m.PeerID
	}
	return 0, nil
}
