package sandbox

import (
	"slices"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getReplies)
	register(getDiscussionMessage)
	register(readDiscussion)
}

// findThread returns the supergroup and the id of the message that begins what
// the caller names: a thread or a topic by that message, or the comments on a
// channel's post by the post.
func (c *call) findThread(in tg.InputPeerClass, id int32) (*channel, int32, error) {
	p, err := c.findPeer(in)
	switch {
	case err != nil:
		return nil, 0, err
	case p.kind != peerChannel:
		return nil, 0, errPeerInvalid
	}
	ch := c.world().channels[p.id]
	if err := c.mayRead(ch); err != nil {
		return nil, 0, err
	}
	e := ch.box.get(id)
	switch {
	case ch.topics[id] != nil:
		return ch, id, nil
	case e == nil || e.id <= c.hiddenBefore(ch):
		return nil, 0, refusal(400, "MSG_ID_INVALID")
	case !ch.broadcast:
		return ch, ch.root(e), nil
	}
	group, copied := e.commented(ch)
	if copied == nil {
		return nil, 0, refusal(400, "MSG_ID_INVALID")
	}
	return group, group.root(copied), c.mayRead(group)
}

// commented returns where a post is discussed, and its copy there, nil if it is
// not or not any more.
func (e *entry) commented(ch *channel) (*channel, *entry) {
	group := ch.linked
	if group == nil || e.comments == nil || e.comments.to != group.key() {
		return nil, nil
	}
	return group, group.box.get(e.comments.copies[0])
}

// topicOf returns the id of the topic of a forum that a message is in.
func (w *world) topicOf(e *entry) tl.Optional[int32] {
	if e.peer.kind != peerChannel || !w.channels[e.peer.id].forum {
		return tl.Optional[int32]{}
	}
	return tl.Some(max(e.thread, generalTopic))
}

// root returns the id under which a message has its answers. The copy of an
// album has them under its first message.
func (ch *channel) root(e *entry) int32 {
	id := e.id
	if e.post == nil || e.group == 0 {
		return id
	}
	for before := ch.box.get(id - 1); before != nil && before.group == e.group; before = ch.box.get(id - 1) {
		id--
	}
	return id
}

// getReplies serves messages.getReplies: the messages of a thread or topic, or
// the comments on a post.
func getReplies(c *call, q *tg.MessagesGetReplies) (tg.MessagesMessagesClass, error) {
	ch, root, err := c.findThread(q.Peer, q.MsgID)
	if err != nil {
		return nil, err
	}
	ids, err := c.messageIDs(ch.key())
	if err != nil {
		return nil, err
	}
	want := page{q.OffsetID, q.OffsetDate, q.AddOffset, q.Limit, q.MaxID, q.MinID}
	return c.messages(ch.key(), topicIDs(ch, ids, root), want), nil
}

// getDiscussionMessage serves messages.getDiscussionMessage: what begins a
// thread, all of it if it is an album.
func getDiscussionMessage(c *call, q *tg.MessagesGetDiscussionMessage) (*tg.MessagesDiscussionMessage, error) {
	ch, root, err := c.findThread(q.Peer, q.MsgID)
	if err != nil {
		return nil, err
	}
	first := ch.box.get(root)
	if first == nil {
		return nil, refusal(400, "TOPIC_ID_INVALID") // such as the general topic
	}
	begin := []*entry{first}
	for e := ch.box.get(root + 1); first.group != 0 && e != nil && e.group == first.group; e = ch.box.get(e.id + 1) {
		begin = append(begin, e)
	}
	slices.Reverse(begin)
	w := c.world()
	var seen refs
	seen.add(ch.key())
	out := &tg.MessagesDiscussionMessage{Messages: w.messageObjects(c.user, 0, begin, &seen)}
	if t := ch.threads[root]; t != nil && t.count > 0 {
		out.MaxID = tl.Some(t.last)
	}
	read := c.readThread(ch, root)
	if read > 0 {
		out.ReadInboxMaxID = tl.Some(read)
	}
	ids := topicIDs(ch, ch.ids, root)
	for _, id := range ids[after(ids, max(read, root)):] {
		if ch.box.get(id).from != c.user.id {
			out.UnreadCount++
		}
	}
	out.Users, out.Chats = w.userObjects(c.user, &seen), w.chatObjects(c.user, &seen)
	return out, nil
}

// readThread returns up to where the caller has read a thread.
func (c *call) readThread(ch *channel, root int32) int32 {
	d := c.user.dialogs[ch.key()]
	if d == nil {
		return 0
	}
	return max(d.readInbox, d.readTopics[root])
}

// readDiscussion serves messages.readDiscussion.
func readDiscussion(c *call, q *tg.MessagesReadDiscussion) (boolean, error) {
	ch, root, err := c.findThread(q.Peer, q.MsgID)
	if err != nil {
		return false, err
	}
	d := c.user.dialog(ch.key())
	if d.readTopics == nil {
		d.readTopics = make(map[int32]int32)
	}
	before := d.readTopics[root]
	if q.ReadMaxID <= before {
		return true, nil
	}
	d.readTopics[root] = q.ReadMaxID
	inbox := &tg.UpdateReadChannelDiscussionInbox{ChannelID: ch.id, TopMsgID: root, ReadMaxID: q.ReadMaxID}
	if e := ch.box.get(root); e != nil && e.post != nil {
		inbox.BroadcastID, inbox.BroadcastPost = tl.Some(e.post.to.id), tl.Some(e.post.copies[0])
	}
	c.tell(c.user, inbox, ch.key())
	told := map[int64]bool{0: true, c.user.id: true}
	ids := topicIDs(ch, ch.ids, root)
	for _, id := range ids[after(ids, before):after(ids, q.ReadMaxID)] {
		if from := ch.box.get(id).from; !told[from] {
			told[from] = true
			c.tell(c.world().users[from], &tg.UpdateReadChannelDiscussionOutbox{
				ChannelID: ch.id, TopMsgID: root, ReadMaxID: q.ReadMaxID,
			}, ch.key())
		}
	}
	return true, nil
}

// topicIDs returns the ids of the messages of a topic or thread, rising: of those
// from the first one in ids on. They must not be changed.
func topicIDs(ch *channel, ids []int32, id int32) []int32 {
	if len(ids) == 0 {
		return nil
	}
	x := ch.index.catchUp(&ch.box, ch.ids)
	own := x.from(ids[0], term{what: termThread, id: int64(id)})
	if id != generalTopic || !ch.forum {
		return own
	}
	out := slices.Concat(own, x.from(ids[0], term{what: termThread}))
	slices.Sort(out)
	return out
}

// newestIn returns the id of the newest message of a topic, 0 if it has none.
func newestIn(ch *channel, id int32) (newest int32) {
	x := ch.index.catchUp(&ch.box, ch.ids)
	lists := [][]int32{x.lists[term{what: termThread, id: int64(id)}]}
	if id == generalTopic {
		lists = append(lists, x.lists[term{what: termThread}])
	}
	for _, list := range lists {
		if len(list) > 0 {
			newest = max(newest, list[len(list)-1])
		}
	}
	return newest
}
