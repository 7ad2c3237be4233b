package sandbox

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(toggleForum)
	register(createForumTopic)
	register(editForumTopic)
	register(getForumTopics)
	register(getForumTopicsByID)
	register(updatePinnedForumTopic)
	register(deleteTopicHistory)
}

// generalTopic is the id of the topic that every forum has.
const generalTopic = 1

// maxTitle is the longest title, in code points.
const maxTitle = 128

// A topic is a part of a forum. Its id is that of the message that made it.
type topic struct {
	id      int32
	title   string
	color   int32
	icon    tl.Optional[int64]
	creator int64
	date    int32
	closed  bool
	hidden  bool
	pinned  bool
}

// topicColors are the colours that a topic may have.
var topicColors = []int32{0x6FB9F0, 0xFFD67E, 0xCB86DB, 0x8EEE98, 0xFF93B2, 0xFB6F5F}

func toggleForum(c *call, q *tg.ChannelsToggleForum) (tg.UpdatesClass, error) {
	ch, err := c.inChannel(q.Channel, actBan)
	switch {
	case err != nil:
		return nil, err
	case ch.broadcast || ch.creator != c.user.id:
		return nil, errAdminRequired
	case ch.linked != nil && q.Enabled:
		return nil, refusal(400, "CHAT_DISCUSSION_UNALLOWED")
	case ch.forum == q.Enabled:
		return nil, errNotModified
	}
	ch.forum = q.Enabled
	c.log(ch.key(), logForums, &tg.ChannelAdminLogEventActionToggleForum{NewValue: q.Enabled})
	ch.general(c.world().unix())
	c.groupChanged(ch.key())
	return c.updates(c.user), nil
}

// general sees to it that a forum has its general topic.
func (ch *channel) general(now int32) {
	if ch.forum && ch.topics == nil {
		ch.topics = map[int32]*topic{
			generalTopic: {id: generalTopic, title: "General", color: topicColors[0], creator: ch.creator, date: now},
		}
	}
}

// inForum returns a forum in which the caller may do something.
func (c *call) inForum(in tg.InputPeerClass, right bool) (*channel, error) {
	p, err := c.findPeer(in)
	switch {
	case err != nil:
		return nil, err
	case p.kind != peerChannel || !c.world().channels[p.id].forum:
		return nil, refusal(400, "CHANNEL_FORUM_MISSING")
	}
	ch := c.world().channels[p.id]
	if err := c.mayRead(ch); err != nil {
		return nil, err
	}
	if right {
		err = c.needs(p, actTopics)
	}
	return ch, err
}

func topicTitle(s string) (string, error) {
	s = strings.TrimSpace(s)
	if n := utf8.RuneCountInString(s); n == 0 || n > maxTitle {
		return "", refusal(400, "TOPIC_TITLE_EMPTY")
	}
	return s, nil
}

func createForumTopic(c *call, q *tg.MessagesCreateForumTopic) (tg.UpdatesClass, error) {
	if m := c.user.sent[q.RandomID]; m != nil && q.RandomID != 0 {
		return c.sent(m), nil
	}
	ch, err := c.inForum(q.Peer, true)
	if err != nil {
		return nil, err
	}
	title, err := topicTitle(q.Title)
	if err != nil {
		return nil, err
	}
	t := &topic{title: title, color: q.IconColor.Or(topicColors[0]), icon: q.IconEmojiID, creator: c.user.id, date: c.world().unix()}
	if !slices.Contains(topicColors, t.color) {
		t.color = topicColors[0]
	}
	m := &message{
		from: c.user.id, to: ch.key(), randomID: q.RandomID,
		action: &tg.MessageActionTopicCreate{Title: title, IconColor: t.color, IconEmojiID: q.IconEmojiID},
	}
	t.id = ch.box.last() + 1
	m.thread = t.id
	ch.topics[t.id] = t
	c.post(m)
	c.log(ch.key(), logForums, &tg.ChannelAdminLogEventActionCreateTopic{Topic: t.inLog(ch)}, t.title)
	c.user.sent[q.RandomID] = m
	return c.sent(m), nil
}

// runsTopics tells whether u may do everything with the topics of others.
func (w *world) runsTopics(u *user, ch *channel) bool {
	return w.isAdmin(u, ch.key()) && w.may(u, ch.key(), actTopics)
}

// findTopic returns a topic that the caller may change: its own, or any with
// the right to.
func (c *call) findTopic(in tg.InputPeerClass, id int32) (*channel, *topic, error) {
	ch, err := c.inForum(in, false)
	if err != nil {
		return nil, nil, err
	}
	t := ch.topics[id]
	switch {
	case t == nil:
		return nil, nil, refusal(400, "TOPIC_ID_INVALID")
	case t.creator != c.user.id && !c.world().runsTopics(c.user, ch):
		return nil, nil, errAdminRequired
	}
	return ch, t, nil
}

func editForumTopic(c *call, q *tg.MessagesEditForumTopic) (tg.UpdatesClass, error) {
	ch, t, err := c.findTopic(q.Peer, q.TopicID)
	if err != nil {
		return nil, err
	}
	title := t.title
	if q.Title.Set {
		if title, err = topicTitle(q.Title.Value); err != nil {
			return nil, err
		}
	}
	closed, hidden := q.Closed.Or(t.closed), q.Hidden.Or(t.hidden)
	icon := t.icon
	if q.IconEmojiID.Set {
		icon = q.IconEmojiID
	}
	switch {
	case q.Hidden.Set && t.id != generalTopic:
		return nil, refusal(400, "TOPIC_HIDE_FAILED")
	case title == t.title && closed == t.closed && hidden == t.hidden && icon == t.icon:
		return nil, refusal(400, "TOPIC_NOT_MODIFIED")
	}
	before := t.inLog(ch)
	t.title, t.closed, t.hidden, t.icon = title, closed, hidden, icon
	c.log(ch.key(), logForums, &tg.ChannelAdminLogEventActionEditTopic{PrevTopic: before, NewTopic: t.inLog(ch)}, t.title)
	c.post(&message{
		from: c.user.id, to: ch.key(), thread: t.id,
		action: &tg.MessageActionTopicEdit{Title: q.Title, IconEmojiID: q.IconEmojiID, Closed: q.Closed, Hidden: q.Hidden},
	})
	return c.updates(c.user), nil
}

// inLog returns a topic as the log has it, without what is each reader's own.
func (t *topic) inLog(ch *channel) *tg.ForumTopic {
	return &tg.ForumTopic{
		Closed: t.closed, Pinned: t.pinned, Hidden: t.hidden, ID: t.id, Date: t.date,
		Peer: ch.key().object(), Title: t.title, IconColor: t.color, IconEmojiID: t.icon,
		FromID: peerKey{peerUser, t.creator}.object(),
	}
}

func (c *call) topicObject(ch *channel, t *topic) *tg.ForumTopic {
	out := t.inLog(ch)
	out.My = t.creator == c.user.id
	out.TopMessage = newestIn(ch, t.id)
	if d := c.user.dialogs[ch.key()]; d != nil {
		out.ReadInboxMaxID = max(d.readInbox, d.readTopics[t.id])
		out.ReadOutboxMaxID = d.readOutbox
		for _, id := range topicIDs(ch, ch.ids[after(ch.ids, out.ReadInboxMaxID):], t.id) {
			if ch.box.get(id).from != c.user.id {
				out.UnreadCount++
			}
		}
		out.UnreadMentionsCount = int32(len(c.unreadIn(ch.key(), t.id, mentionsOf)))
		out.UnreadReactionsCount = int32(len(c.unreadIn(ch.key(), t.id, reactionsTo)))
		if draft := d.drafts[t.id]; draft != nil {
			out.Draft = draft
		}
	}
	return out
}

// topics answers with topics of a forum.
func (c *call) topics(ch *channel, list []*topic, count int) *tg.MessagesForumTopics {
	w := c.world()
	out := &tg.MessagesForumTopics{
		Count: int32(count), Pts: int32(ch.box.pts), Topics: []tg.ForumTopicClass{}, Messages: []tg.MessageClass{},
	}
	var seen refs
	seen.add(ch.key())
	for _, t := range list {
		o := c.topicObject(ch, t)
		seen.add(peerKey{peerUser, t.creator})
		out.Topics = append(out.Topics, o)
		if e := ch.box.get(o.TopMessage); e != nil {
			seen.entry(e)
			out.Messages = append(out.Messages, w.messageObject(c.user, 0, e))
		}
	}
	out.Users, out.Chats = w.userObjects(c.user, &seen), w.chatObjects(c.user, &seen)
	return out
}

// getForumTopics serves messages.getForumTopics: pinned ones first, then the
// one with the newest message. A page begins after the topic that is named.
func getForumTopics(c *call, q *tg.MessagesGetForumTopics) (*tg.MessagesForumTopics, error) {
	ch, err := c.inForum(q.Peer, false)
	if err != nil {
		return nil, err
	}
	newest := make(map[int32]int32, len(ch.topics))
	var all []*topic
	for _, t := range ch.topics {
		if strings.Contains(strings.ToLower(t.title), strings.ToLower(q.Q.Or(""))) {
			all = append(all, t)
			newest[t.id] = newestIn(ch, t.id)
		}
	}
	slices.SortFunc(all, func(a, b *topic) int {
		if a.pinned != b.pinned {
			return map[bool]int{true: -1, false: 1}[a.pinned]
		}
		return cmp.Or(cmp.Compare(newest[b.id], newest[a.id]), cmp.Compare(b.id, a.id))
	})
	count := len(all)
	if q.OffsetTopic != 0 {
		at := slices.IndexFunc(all, func(t *topic) bool { return t.id == q.OffsetTopic })
		all = all[at+1:]
	}
	limit := int(q.Limit)
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	return c.topics(ch, all[:min(limit, len(all))], count), nil
}

func getForumTopicsByID(c *call, q *tg.MessagesGetForumTopicsByID) (*tg.MessagesForumTopics, error) {
	ch, err := c.inForum(q.Peer, false)
	if err != nil {
		return nil, err
	}
	var list []*topic
	for _, id := range q.Topics {
		if t := ch.topics[id]; t != nil {
			list = append(list, t)
		}
	}
	return c.topics(ch, list, len(list)), nil
}

func updatePinnedForumTopic(c *call, q *tg.MessagesUpdatePinnedForumTopic) (tg.UpdatesClass, error) {
	ch, t, err := c.findTopic(q.Peer, q.TopicID)
	switch {
	case err != nil:
		return nil, err
	case !c.world().isAdmin(c.user, ch.key()):
		return nil, errAdminRequired
	case t.pinned == q.Pinned:
		return nil, refusal(400, "PINNED_TOPIC_NOT_MODIFIED")
	}
	before := t.inLog(ch)
	t.pinned = q.Pinned
	c.log(ch.key(), logForums, &tg.ChannelAdminLogEventActionPinTopic{PrevTopic: before, NewTopic: t.inLog(ch)}, t.title)
	for u := range c.world().online(ch) {
		c.tell(u, &tg.UpdatePinnedForumTopic{Pinned: t.pinned, Peer: ch.key().object(), TopicID: t.id}, ch.key())
	}
	return c.updates(c.user), nil
}

func deleteTopicHistory(c *call, q *tg.MessagesDeleteTopicHistory) (*tg.MessagesAffectedHistory, error) {
	ch, t, err := c.findTopic(q.Peer, q.TopMsgID)
	switch {
	case err != nil:
		return nil, err
	case t.creator != c.user.id && !c.world().may(c.user, ch.key(), actDelete):
		return nil, errAdminRequired
	}
	ids := topicIDs(ch, ch.ids, t.id)
	left := max(0, len(ids)-maxDelete)
	n := c.removeChannel(ch, slices.Clone(ids[left:]))
	if left == 0 && t.id != generalTopic {
		delete(ch.topics, t.id)
		c.log(ch.key(), logForums, &tg.ChannelAdminLogEventActionDeleteTopic{Topic: t.inLog(ch)}, t.title)
	}
	return &tg.MessagesAffectedHistory{Pts: int32(ch.box.pts), PtsCount: int32(n), Offset: int32(left)}, nil
}
