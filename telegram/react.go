package telegram

import (
	"context"
	"slices"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// update makes a request that is answered with updates alone, and learns whom
// they mention.
func (c *Client) update(ctx context.Context, request tg.Method[tg.UpdatesClass]) error {
	answer, err := tg.Call(ctx, c, request)
	c.updatesOf(request, answer)
	return err
}

// Pinning says how a message is pinned.
type Pinning struct {
	Silent  bool // without telling everybody
	OneSide bool // in a private chat, for the account alone
}

// Pin pins a message.
func (c *Client) Pin(ctx context.Context, peer tg.InputPeerClass, id int, how Pinning) error {
	return c.update(ctx, &tg.MessagesUpdatePinnedMessage{
		Silent: how.Silent, PmOneside: how.OneSide, Peer: peer, ID: int32(id),
	})
}

// Unpin takes a message from the pinned ones.
func (c *Client) Unpin(ctx context.Context, peer tg.InputPeerClass, id int) error {
	return c.update(ctx, &tg.MessagesUpdatePinnedMessage{Unpin: true, Peer: peer, ID: int32(id)})
}

// UnpinAll takes all messages from the pinned ones, in a forum those of one
// topic unless it is 0. It returns how many there were.
func (c *Client) UnpinAll(ctx context.Context, peer tg.InputPeerClass, topic int) (int, error) {
	request := &tg.MessagesUnpinAllMessages{Peer: peer}
	if topic != 0 {
		request.TopMsgID = tl.Some(int32(topic))
	}
	return c.affectAll(ctx, request)
}

// SaveDraft keeps a message that has not been sent yet for the account's other
// devices. An Outgoing without text and reply takes the draft away.
func (c *Client) SaveDraft(ctx context.Context, peer tg.InputPeerClass, m Outgoing) error {
	entities, err := c.inputEntities(m.Entities)
	if err != nil {
		return err
	}
	_, err = tg.Call(ctx, c, &tg.MessagesSaveDraft{
		NoWebpage: m.NoPreview, ReplyTo: m.Reply.input(), Peer: peer, Message: m.Text, Entities: entities,
	})
	return err
}

// A Draft is a message that has not been sent yet.
type Draft struct {
	Peer  PeerID
	Topic int // of a forum, else 0
	Date  time.Time
	Text  string
	Raw   *tg.DraftMessage
}

// Drafts returns the account's drafts.
func (c *Client) Drafts(ctx context.Context) ([]Draft, error) {
	request := &tg.MessagesGetAllDrafts{}
	answer, err := tg.Call(ctx, c, request)
	if err != nil {
		return nil, err
	}
	var drafts []Draft
	for _, u := range c.updatesOf(request, answer) {
		u, ok := u.(*tg.UpdateDraftMessage)
		if !ok {
			continue
		}
		if d, ok := u.Draft.(*tg.DraftMessage); ok {
			drafts = append(drafts, Draft{
				Peer: IDOf(u.Peer), Topic: int(u.TopMsgID.Or(0)), Date: time.Unix(int64(d.Date), 0), Text: d.Message, Raw: d,
			})
		}
	}
	return drafts, nil
}

// Typing shows the other side that the account is writing, for some 6 seconds
// (https://core.telegram.org/method/messages.setTyping). Another action than
// writing can be given; &tg.SendMessageCancelAction{} ends it.
func (c *Client) Typing(ctx context.Context, peer tg.InputPeerClass, action tg.SendMessageActionClass) error {
	if action == nil {
		action = &tg.SendMessageTypingAction{}
	}
	_, err := tg.Call(ctx, c, &tg.MessagesSetTyping{Peer: peer, Action: action})
	return err
}

// MarkRead marks the messages with a peer as read, up to and including the one
// with an id; 0: all.
func (c *Client) MarkRead(ctx context.Context, peer tg.InputPeerClass, upTo int) error {
	if channel := InputChannelOf(peer); channel != nil {
		_, err := tg.Call(ctx, c, &tg.ChannelsReadHistory{Channel: channel, MaxID: int32(upTo)})
		return err
	}
	_, err := tg.Call(ctx, c, &tg.MessagesReadHistory{Peer: peer, MaxID: int32(upTo)})
	return err
}

// MarkTopicRead marks the messages of a forum's topic, or of a thread, as
// read up to and including one.
func (c *Client) MarkTopicRead(ctx context.Context, peer tg.InputPeerClass, topic, upTo int) error {
	_, err := tg.Call(ctx, c, &tg.MessagesReadDiscussion{Peer: peer, MsgID: int32(topic), ReadMaxID: int32(upTo)})
	return err
}

// Messages returns messages by their ids, in the same order; nil for those
// that are not there. The peer matters for channels and supergroups alone: the
// ids of other messages are the account's own.
func (c *Client) Messages(ctx context.Context, peer tg.InputPeerClass, ids ...int) ([]tg.MessageClass, error) {
	found := make(map[int32]tg.MessageClass, len(ids))
	for part := range slices.Chunk(ids, maxIDs) {
		var list []tg.InputMessageClass
		for _, id := range part {
			list = append(list, &tg.InputMessageID{ID: int32(id)})
		}
		var answer tg.MessagesMessagesClass
		var err error
		if channel := InputChannelOf(peer); channel != nil {
			answer, err = tg.Call(ctx, c, &tg.ChannelsGetMessages{Channel: channel, ID: list})
		} else {
			answer, err = tg.Call(ctx, c, &tg.MessagesGetMessages{ID: list})
		}
		if err != nil {
			return nil, err
		}
		for _, m := range pageOf(c, answer).messages {
			if _, empty := m.(*tg.MessageEmpty); !empty {
				found[messageID(m)] = m
			}
		}
	}
	out := make([]tg.MessageClass, len(ids))
	for i, id := range ids {
		out[i] = found[int32(id)]
	}
	return out, nil
}
