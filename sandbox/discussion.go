package sandbox

import (
	"slices"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getGroupsForDiscussion)
	register(setDiscussionGroup)
}

// mayLink reports whether the caller may make a supergroup the one in which a
// channel's posts are discussed.
func (c *call) mayLink(ch *channel) bool {
	w := c.world()
	return !ch.broadcast && w.isAdmin(c.user, ch.key()) && w.may(c.user, ch.key(), actPin)
}

// getGroupsForDiscussion serves channels.getGroupsForDiscussion. Basic groups
// are among them, which have to become supergroups first.
func getGroupsForDiscussion(c *call, _ *tg.ChannelsGetGroupsForDiscussion) (tg.MessagesChatsClass, error) {
	var seen refs
	for _, ch := range c.joined() {
		if !ch.deleted && !ch.forum && ch.linked == nil && c.mayLink(ch) {
			seen.add(ch.key())
		}
	}
	for p := range c.user.dialogs {
		if g := c.world().chats[p.id]; p.kind == peerChat && g != nil && g.creator == c.user.id && g.migrated == nil {
			seen.add(p)
		}
	}
	return &tg.MessagesChats{Chats: c.world().chatObjects(c.user, &seen)}, nil
}

// ofDiscussion returns a channel that the caller names, nil for none.
func (c *call) ofDiscussion(in tg.InputChannelClass) (*channel, error) {
	if _, none := in.(*tg.InputChannelEmpty); none {
		return nil, nil
	}
	return c.readable(in)
}

// setDiscussionGroup serves channels.setDiscussionGroup. Either may be nobody,
// which ends what the other one is linked with.
func setDiscussionGroup(c *call, q *tg.ChannelsSetDiscussionGroup) (boolean, error) {
	from, err := c.ofDiscussion(q.Broadcast)
	if err != nil {
		return false, err
	}
	group, err := c.ofDiscussion(q.Group)
	switch {
	case err != nil:
		return false, err
	case from == nil && group == nil, from != nil && !from.broadcast:
		return false, refusal(400, "BROADCAST_ID_INVALID")
	case group != nil && (group.broadcast || group.forum):
		return false, refusal(400, "MEGAGROUP_ID_INVALID")
	case from != nil && !c.world().may(c.user, from.key(), actChangeInfo), group != nil && !c.mayLink(group):
		return false, errAdminRequired
	case group != nil && group.prehidden:
		return false, refusal(400, "MEGAGROUP_PREHISTORY_HIDDEN")
	case from != nil && from.linked == group, from == nil && group.linked == nil:
		return false, refusal(400, "LINK_NOT_MODIFIED")
	}
	for _, ch := range []*channel{from, group} {
		if ch != nil {
			c.unlink(ch)
		}
	}
	if from != nil && group != nil {
		c.link(from, group)
	}
	return true, nil
}

// link has the posts of a channel discussed in a group.
func (c *call) link(from, group *channel) {
	for ch, other := range map[*channel]*channel{from: group, group: from} {
		ch.linked = other
		c.log(ch.key(), logSettings, &tg.ChannelAdminLogEventActionChangeLinkedChat{NewValue: other.id})
		c.groupChanged(ch.key())
	}
}

// unlink ends what a channel or group is linked with.
func (c *call) unlink(ch *channel) {
	for _, one := range []*channel{ch, ch.linked} {
		if one != nil && one.linked != nil {
			c.log(one.key(), logSettings, &tg.ChannelAdminLogEventActionChangeLinkedChat{PrevValue: one.linked.id})
			one.linked = nil
			c.groupChanged(one.key())
		}
	}
}

// discuss puts a copy of a new post into the group in which it is discussed, and
// pins it, as Telegram does (https://core.telegram.org/api/discussion).
func (c *call) discuss(e *entry, group *channel) {
	m := &message{
		as: e.peer, to: group.key(), text: e.text, entities: e.entities, media: e.media, poll: e.poll, group: e.group,
		silent: true, protected: e.protected, post: e.message,
	}
	h := *c.forwardHeader(e)
	if e.forward != nil {
		h = *e.forward
	}
	h.SavedFromPeer, h.SavedFromMsgID = e.peer.object(), tl.Some(e.id)
	m.forward = &h
	e.comments = m
	c.pinChannel(group, []int32{c.post(m).id}, true)
}

// copied adds to the answer to who has posted what became of the copy.
func (c *call) copied(out *tg.Updates, seen *refs, m *message) {
	group := c.world().channels[m.to.id]
	e := group.box.get(m.copies[0])
	if e == nil || group.members[c.user.id] == nil {
		return
	}
	seen.entry(e)
	out.Updates = append(out.Updates, c.newMessage(c.user, e))
	for _, u := range c.batch(c.user).updates {
		if u, ok := u.(*tg.UpdatePinnedChannelMessages); ok && slices.Contains(u.Messages, e.id) && u.ChannelID == group.id {
			out.Updates = append(out.Updates, u)
		}
	}
}

// editComments changes the copy of a post in the group where it is discussed, as
// the post has changed.
func (c *call) editComments(post *message) {
	m := post.comments
	if m == nil {
		return
	}
	m.text, m.entities, m.media, m.edited = post.text, slices.Clone(post.entities), post.media, post.edited
	c.edited(m)
}

// commentsObject tells of the comments on a post, nil if there can be none.
func (w *world) commentsObject(viewer *user, ch *channel, e *entry) *tg.MessageReplies {
	group, copied := e.commented(ch)
	if copied == nil {
		return nil
	}
	root := group.root(copied)
	out := &tg.MessageReplies{Comments: true, ChannelID: tl.Some(group.id), RepliesPts: int32(group.box.pts)}
	group.threads[root].tell(out)
	if d := viewer.dialogs[group.key()]; d != nil {
		if read := max(d.readInbox, d.readTopics[root]); read > 0 {
			out.ReadMaxID = tl.Some(read)
		}
	}
	return out
}
