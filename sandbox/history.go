package sandbox

import (
	"slices"
	"sort"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getHistory)
	register(getMessages)
}

// maxPage is how many messages one call returns.
const maxPage = 100

// A page says which part of a list of messages is wanted, newest first.
type page struct {
	offsetID, offsetDate, addOffset, limit int32
	maxID, minID                           int32
}

// cut returns the part of ids, which rise, that a page asks for, newest
// first, and how many newer ones come before it.
func (p page) cut(b *box, ids []int32) (part []int32, before int) {
	// In ids, what is older than the offset ends at older.
	older := len(ids)
	switch {
	case p.offsetID > 0:
		older = sort.Search(len(ids), func(i int) bool { return ids[i] >= p.offsetID })
	case p.offsetDate > 0:
		older = sort.Search(len(ids), func(i int) bool { return b.get(ids[i]).date >= p.offsetDate })
	}
	limit := int(max(0, min(p.limit, maxPage)))
	high := older - int(p.addOffset)
	low := max(high-limit, 0)
	high = max(0, min(high, len(ids)))
	for _, id := range slices.Backward(ids[min(low, high):high]) {
		if (p.maxID == 0 || id < p.maxID) && id > p.minID {
			part = append(part, id)
		}
	}
	return part, len(ids) - high
}

// messageIDs returns the ids of the caller's messages with p, rising.
func (c *call) messageIDs(p peerKey) ([]int32, error) {
	if p.kind != peerChannel {
		if d := c.user.dialogs[p]; d != nil {
			return d.ids, nil
		}
		return nil, nil
	}
	ch := c.world().channels[p.id]
	if err := c.mayRead(ch); err != nil {
		return nil, err
	}
	return ch.ids[after(ch.ids, c.hiddenBefore(ch)):], nil
}

func getHistory(c *call, q *tg.MessagesGetHistory) (tg.MessagesMessagesClass, error) {
	p, err := c.findPeer(q.Peer)
	if err != nil {
		return nil, err
	}
	ids, err := c.messageIDs(p)
	if err != nil {
		return nil, err
	}
	return c.messages(p, ids, page{q.OffsetID, q.OffsetDate, q.AddOffset, q.Limit, q.MaxID, q.MinID}), nil
}

// messages answers with a page of a conversation.
func (c *call) messages(p peerKey, ids []int32, want page) tg.MessagesMessagesClass {
	w := c.world()
	b, owner := c.boxOf(p)
	part, before := want.cut(b, ids)
	entries := make([]*entry, len(part))
	for i, id := range part {
		entries[i] = b.get(id)
	}
	var seen refs
	seen.add(p)
	messages := w.messageObjects(c.user, owner, entries, &seen)
	users, chats := w.userObjects(c.user, &seen), w.chatObjects(c.user, &seen)
	switch {
	case p.kind == peerChannel:
		return &tg.MessagesChannelMessages{
			Pts: int32(b.pts), Count: int32(len(ids)), OffsetIDOffset: tl.Some(int32(before)),
			Messages: messages, Users: users, Chats: chats,
		}
	case len(part) == len(ids):
		return &tg.MessagesMessages{Messages: messages, Users: users, Chats: chats}
	}
	return &tg.MessagesMessagesSlice{
		Count: int32(len(ids)), OffsetIDOffset: tl.Some(int32(before)),
		Messages: messages, Users: users, Chats: chats,
	}
}

// byID renders messages of a box by id, p being the channel or nobody. Those
// that are not there are empty.
func (c *call) byID(b *box, p peerKey, ids []tg.InputMessageClass, seen *refs) []tg.MessageClass {
	out := []tg.MessageClass{}
	owner, hidden := c.user.id, int32(0)
	if p.kind == peerChannel {
		owner, hidden = 0, c.hiddenBefore(c.world().channels[p.id])
	}
	for _, in := range ids {
		var e *entry
		var id int32
		switch in := in.(type) {
		case *tg.InputMessageID:
			id = in.ID
			e = b.get(id)
		case *tg.InputMessageReplyTo:
			if answer := b.get(in.ID); answer != nil && answer.replyTo() != nil {
				id = answer.replyTo().copies[owner]
				e = b.get(id)
			}
		case *tg.InputMessagePinned:
			if p.kind == peerChannel {
				id = b.newestPinned(p).Value
				e = b.get(id)
			}
		}
		if e == nil || e.id <= hidden {
			out = append(out, &tg.MessageEmpty{ID: id})
			continue
		}
		seen.entry(e)
		out = append(out, c.world().messageObject(c.user, owner, e))
	}
	return out
}

func getMessages(c *call, q *tg.MessagesGetMessages) (tg.MessagesMessagesClass, error) {
	var seen refs
	out := &tg.MessagesMessages{Messages: c.byID(&c.user.box, peerKey{}, q.ID, &seen)}
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}
