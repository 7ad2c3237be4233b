package sandbox

import (
	"maps"
	"slices"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getUnreadMentions)
	register(readMentions)
	register(getUnreadReactions)
	register(readReactions)
	register(readMessageContents)
	register(readChannelContents)
}

// An idSet is messages of one conversation.
type idSet map[int32]struct{}

// add enters a message.
func (s *idSet) add(id int32) {
	if *s == nil {
		*s = make(idSet)
	}
	(*s)[id] = struct{}{}
}

func (s idSet) has(id int32) bool {
	_, ok := s[id]
	return ok
}

// mentions tells whether a message mentions the dialog's owner, who has not
// read it.
func (d *dialog) mentions(id int32) bool { return d != nil && d.unheard.has(id) }

// written returns the dialog in which a message lies with who has written it, and
// its id there; nil for what bots and channels have written, and where the author
// does not have it any more.
func (w *world) written(m *message) (*dialog, int32) {
	author := w.users[m.from]
	if author == nil || author.isBot() {
		return nil, 0
	}
	if m.to.kind == peerChannel {
		ch := w.channels[m.to.id]
		if id := m.copies[0]; !ch.broadcast && ch.members[author.id] != nil && ch.box.get(id) != nil {
			return author.dialog(m.to), id
		}
		return nil, 0
	}
	id := m.copies[author.id]
	if author.box.get(id) == nil {
		return nil, 0
	}
	return author.dialog(m.to), id
}

// noteReactions keeps whether there are reactions to a message that its author has
// not seen.
func (w *world) noteReactions(m *message) {
	d, id := w.written(m)
	switch {
	case d == nil:
	case slices.ContainsFunc(m.reactions, func(r reaction) bool { return r.unread }):
		d.unseen.add(id)
	default:
		delete(d.unseen, id)
	}
}

// forget drops what has not been read of a message that goes from a channel.
func (w *world) forget(ch *channel, e *entry, mentioned []*user) {
	if d, id := w.written(e.message); d != nil {
		delete(d.unseen, id)
	}
	for _, u := range mentioned {
		delete(u.dialog(ch.key()).unheard, e.id)
	}
}

// unreadIn returns the ids of what has not been read of some kind in the caller's
// conversation with p, rising; in a forum of one topic, unless it is 0.
func (c *call) unreadIn(p peerKey, topic int32, of func(*dialog) idSet) []int32 {
	d := c.user.dialogs[p]
	if d == nil {
		return nil
	}
	b, _ := c.boxOf(p)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(of(d))), func(id int32) bool {
		e := b.get(id)
		return e == nil || topic != 0 && max(e.thread, generalTopic) != topic
	})
}

func mentionsOf(d *dialog) idSet  { return d.unheard }
func reactionsTo(d *dialog) idSet { return d.unseen }

func getUnreadMentions(c *call, q *tg.MessagesGetUnreadMentions) (tg.MessagesMessagesClass, error) {
	return c.unreadPage(q.Peer, q.TopMsgID, mentionsOf, page{q.OffsetID, 0, q.AddOffset, q.Limit, q.MaxID, q.MinID})
}

// getUnreadReactions serves messages.getUnreadReactions: the caller's messages to
// which others have reacted since it looked last.
func getUnreadReactions(c *call, q *tg.MessagesGetUnreadReactions) (tg.MessagesMessagesClass, error) {
	return c.unreadPage(q.Peer, q.TopMsgID, reactionsTo, page{q.OffsetID, 0, q.AddOffset, q.Limit, q.MaxID, q.MinID})
}

func (c *call) unreadPage(
	in tg.InputPeerClass, topic tl.Optional[int32], of func(*dialog) idSet, want page,
) (tg.MessagesMessagesClass, error) {
	p, err := c.findPeer(in)
	if err != nil {
		return nil, err
	}
	if _, err := c.messageIDs(p); err != nil {
		return nil, err // a channel that may not be read
	}
	return c.messages(p, c.unreadIn(p, topic.Or(0), of), want), nil
}

func readMentions(c *call, q *tg.MessagesReadMentions) (*tg.MessagesAffectedHistory, error) {
	return c.readAll(q.Peer, q.TopMsgID, mentionsOf)
}

func readReactions(c *call, q *tg.MessagesReadReactions) (*tg.MessagesAffectedHistory, error) {
	return c.readAll(q.Peer, q.TopMsgID, reactionsTo)
}

func (c *call) readAll(
	in tg.InputPeerClass, topic tl.Optional[int32], of func(*dialog) idSet,
) (*tg.MessagesAffectedHistory, error) {
	p, err := c.findPeer(in)
	if err != nil {
		return nil, err
	}
	n := c.readContents(p, c.unreadIn(p, topic.Or(0), of))
	b, _ := c.boxOf(p)
	return &tg.MessagesAffectedHistory{Pts: int32(b.pts), PtsCount: int32(n)}, nil
}

// readMessageContents serves messages.readMessageContents, for messages of
// private chats and basic groups.
func readMessageContents(c *call, q *tg.MessagesReadMessageContents) (*tg.MessagesAffectedMessages, error) {
	in := make(map[peerKey][]int32)
	for _, id := range q.ID {
		if e := c.user.box.get(id); e != nil {
			in[e.peer] = append(in[e.peer], id)
		}
	}
	n := 0
	for p, ids := range in {
		n += c.readContents(p, ids)
	}
	return &tg.MessagesAffectedMessages{Pts: int32(c.user.box.pts), PtsCount: int32(n)}, nil
}

func readChannelContents(c *call, q *tg.ChannelsReadMessageContents) (boolean, error) {
	ch, err := c.readable(q.Channel)
	if err != nil {
		return false, err
	}
	c.readContents(ch.key(), q.ID)
	return true, nil
}

// readContents notes that the caller has seen that messages mention it, and how
// others have reacted to them, and tells its other devices, which take either for
// read then (tweb's appReactionsManager and mtcute's readReactions rest on that).
// It returns by how much its pts has grown.
func (c *call) readContents(p peerKey, ids []int32) int {
	d := c.user.dialogs[p]
	if d == nil {
		return 0
	}
	b, _ := c.boxOf(p)
	var read []int32
	for _, id := range ids {
		e := b.get(id)
		if e == nil || !d.unheard.has(id) && !d.unseen.has(id) {
			continue
		}
		if d.unseen.has(id) {
			for i := range e.reactions {
				e.reactions[i].unread = false
			}
		}
		delete(d.unheard, id)
		delete(d.unseen, id)
		read = append(read, id)
	}
	switch {
	case len(read) == 0:
		return 0
	case p.kind == peerChannel:
		c.tell(c.user, &tg.UpdateChannelReadMessagesContents{ChannelID: p.id, Messages: read}, p)
		return 0
	}
	ev := event{kind: eventReadContents, ids: read, peer: p, count: len(read)}
	ev.pts = c.user.box.record(ev)
	c.tell(c.user, contentsUpdate(ev), p)
	return len(read)
}

// contentsUpdate tells of messages that were seen.
func contentsUpdate(ev event) tg.UpdateClass {
	return &tg.UpdateReadMessagesContents{Messages: ev.ids, Pts: int32(ev.pts), PtsCount: int32(ev.count)}
}
