package groups

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"iter"

	"godwit/telegram"
	"godwit/tg"
	"godwit/tl"
)

// General is the id of the topic that every forum has.
const General = 1

// A Topic is a part of a forum.
type Topic struct {
	ID     int // that telegram.Reply and telegram.HistoryOptions name it by
	Title  string
	Unread int
	Closed bool // administrators alone write there
	Hidden bool // of the general topic alone
	Pinned bool
	Raw    *tg.ForumTopic
}

// SetForum gives a supergroup topics, or takes them away.
func SetForum(ctx context.Context, api telegram.API, peer tg.InputPeerClass, forum bool) error {
	in, err := channel(peer)
	if err != nil {
		return err
	}
	return update(ctx, api, &tg.ChannelsToggleForum{Channel: in, Enabled: forum})
}

// CreateTopic makes a topic and returns its id.
func CreateTopic(ctx context.Context, api telegram.API, peer tg.InputPeerClass, title string) (int, error) {
	var random [8]byte
	rand.Read(random[:])
	request := &tg.MessagesCreateForumTopic{Peer: peer, Title: title, RandomID: int64(binary.LittleEndian.Uint64(random[:]))}
	answer, err := tg.Call(ctx, api, request)
	if err != nil {
		return 0, err
	}
	learn(api, answer)
	for _, u := range listed(answer) {
		if u, ok := u.(*tg.UpdateMessageID); ok && u.RandomID == request.RandomID {
			return int(u.ID), nil
		}
	}
	return 0, errors.New("groups: the answer names no topic")
}

// EditTopic changes what of a topic is given.
type EditTopic struct {
	Title  tl.Optional[string]
	Closed tl.Optional[bool]
	Hidden tl.Optional[bool] // of the general topic alone
}

// ChangeTopic changes a topic.
func ChangeTopic(ctx context.Context, api telegram.API, peer tg.InputPeerClass, topic int, e EditTopic) error {
	return update(ctx, api, &tg.MessagesEditForumTopic{
		Peer: peer, TopicID: int32(topic), Title: e.Title, Closed: e.Closed, Hidden: e.Hidden,
	})
}

// PinTopic puts a topic at the top of the list, or takes it from there.
func PinTopic(ctx context.Context, api telegram.API, peer tg.InputPeerClass, topic int, pinned bool) error {
	return update(ctx, api, &tg.MessagesUpdatePinnedForumTopic{Peer: peer, TopicID: int32(topic), Pinned: pinned})
}

// DeleteTopic deletes a topic with all that is written in it.
func DeleteTopic(ctx context.Context, api telegram.API, peer tg.InputPeerClass, topic int) error {
	for {
		answer, err := tg.Call(ctx, api, &tg.MessagesDeleteTopicHistory{Peer: peer, TopMsgID: int32(topic)})
		switch {
		case err != nil:
			return err
		case answer.Offset <= 0:
			return nil
		case answer.PtsCount == 0:
			return errors.New("groups: the server says that there is more to delete, and deletes nothing")
		}
	}
}

// Topics returns the topics of a forum, pinned ones first, then the one with
// the newest message. A text keeps only those whose title holds it. An error
// ends the iteration.
func Topics(ctx context.Context, api telegram.API, peer tg.InputPeerClass, text string) iter.Seq2[Topic, error] {
	return func(yield func(Topic, error) bool) {
		request := &tg.MessagesGetForumTopics{Peer: peer, Limit: maxPage}
		if text != "" {
			request.Q = tl.Some(text)
		}
		seen := make(map[int32]bool)
		for {
			answer, err := tg.Call(ctx, api, request)
			if err != nil {
				yield(Topic{}, err)
				return
			}
			api.Learn(answer.Users, answer.Chats)
			fresh := false
			for _, one := range answer.Topics {
				t, ok := one.(*tg.ForumTopic)
				if !ok || seen[t.ID] {
					continue
				}
				seen[t.ID], fresh = true, true
				request.OffsetTopic, request.OffsetID, request.OffsetDate = t.ID, t.TopMessage, dateOf(answer.Messages, t.TopMessage)
				if !yield(Topic{int(t.ID), t.Title, int(t.UnreadCount), t.Closed, t.Hidden, t.Pinned, t}, nil) {
					return
				}
			}
			if !fresh || len(seen) >= int(answer.Count) {
				return
			}
		}
	}
}

func dateOf(messages []tg.MessageClass, id int32) int32 {
	for _, m := range messages {
		switch m := m.(type) {
		case *tg.Message:
			if m.ID == id {
				return m.Date
			}
		case *tg.MessageService:
			if m.ID == id {
				return m.Date
			}
		}
	}
	return 0
}
