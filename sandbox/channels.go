package sandbox

import (
	"strings"

	"godwit/tg"
)

func init() {
	register(createChannel)
	register(joinChannel)
	register(leaveChannel)
	register(inviteToChannel)
	register(editChannelTitle)
	register(checkChannelUsername)
	register(updateChannelUsername)
	register(getChannels)
	register(getFullChannel)
	register(getChannelMessages)
	register(readChannelHistory)
	register(deleteChannelMessages)
}

// maxMembers is how many a supergroup has at most.
const maxMembers = 200_000

func createChannel(c *call, q *tg.ChannelsCreateChannel) (tg.UpdatesClass, error) {
	title, err := checkTitle(q.Title)
	if err != nil {
		return nil, err
	}
	w := c.world()
	ch := w.addChannel(c.user, title, q.Broadcast)
	ch.about, ch.forum = q.About, q.Forum && !q.Broadcast
	ch.general(w.unix())
	c.tell(c.user, &tg.UpdateChannel{ChannelID: ch.id}, ch.key())
	c.post(&message{from: c.user.id, to: ch.key(), action: &tg.MessageActionChannelCreate{Title: title}})
	return c.updates(c.user), nil
}

func (w *world) addChannel(creator *user, title string, broadcast bool) *channel {
	w.lastChannel++
	ch := &channel{
		id: w.lastChannel, broadcast: broadcast,
		group:   group{title: title, creator: creator.id, date: w.unix()},
		members: make(map[int64]*member), bans: make(map[int64]*ban),
	}
	if !broadcast {
		ch.limits = groupLimits()
	}
	ch.box.pts = firstPts
	w.channels[ch.id] = ch
	w.join(ch, creator, creator.id)
	return ch
}

// join makes u a member. What was written before counts as read.
func (w *world) join(ch *channel, u *user, inviter int64) {
	m := &member{user: u, inviter: inviter, date: w.unix()}
	ch.members[u.id] = m
	if ch.order != nil {
		ch.order = append(ch.order, m) // who has not written comes last
	}
	if b := ch.bans[u.id]; b.kicked() {
		delete(ch.bans, u.id)
	}
	d := u.dialog(ch.key())
	d.joined = w.unix()
	d.readInbox = ch.box.last()
	d.from = 0
	if ch.prehidden && u.id != ch.creator {
		d.from = ch.box.last()
	}
}

// leave makes u no member any more.
func (w *world) leave(ch *channel, u *user) {
	delete(ch.members, u.id)
	ch.order = nil
}

// hiddenBefore returns the newest message that the caller may not see because
// it was there before the caller.
func (c *call) hiddenBefore(ch *channel) int32 {
	if d := c.user.dialogs[ch.key()]; d != nil {
		return d.from
	}
	return 0
}

// joinChannel serves channels.joinChannel.
func joinChannel(c *call, q *tg.ChannelsJoinChannel) (tg.MessagesChatInviteJoinResultClass, error) {
	ch, err := c.findChannel(q.Channel)
	switch {
	case err != nil:
		return nil, err
	case c.world().ban(ch, c.user).kicked():
		return nil, refusal(400, "USER_BANNED_IN_CHANNEL")
	case c.mayRead(ch) != nil:
		return nil, errChannelPrivate
	case ch.members[c.user.id] != nil:
		return nil, refusal(400, "USER_ALREADY_PARTICIPANT")
	case ch.approve:
		return nil, c.ask(ch.key(), nil)
	}
	if err := c.enter(ch.key(), c.user, 0); err != nil {
		return nil, err
	}
	c.log(ch.key(), logJoin, &tg.ChannelAdminLogEventActionParticipantJoin{})
	return &tg.MessagesChatInviteJoinResultOK{Updates: c.updates(c.user)}, nil
}

func leaveChannel(c *call, q *tg.ChannelsLeaveChannel) (tg.UpdatesClass, error) {
	ch, err := c.findChannel(q.Channel)
	switch {
	case err != nil:
		return nil, err
	case ch.members[c.user.id] == nil:
		return nil, errNotParticipant
	case ch.creator == c.user.id:
		return nil, refusal(400, "USER_CREATOR")
	}
	changed := c.watch(ch.key(), c.user)
	c.world().leave(ch, c.user)
	changed()
	c.log(ch.key(), logLeave, &tg.ChannelAdminLogEventActionParticipantLeave{})
	c.tell(c.user, &tg.UpdateChannel{ChannelID: ch.id}, ch.key())
	return c.updates(c.user), nil
}

func inviteToChannel(c *call, q *tg.ChannelsInviteToChannel) (*tg.MessagesInvitedUsers, error) {
	ch, err := c.inChannel(q.Channel, actInvite)
	if err != nil {
		return nil, err
	}
	others, err := c.invitees(q.Users)
	switch {
	case err != nil:
		return nil, err
	case len(ch.members)+len(others) > maxMembers:
		return nil, refusal(400, "USERS_TOO_MUCH")
	}
	for _, u := range others {
		if c.world().ban(ch, u).kicked() && !c.world().may(c.user, ch.key(), actBan) {
			return nil, refusal(400, "USER_KICKED")
		}
	}
	var ids []int64
	for _, u := range others {
		if ch.members[u.id] == nil {
			log := c.logMember(ch.key(), u)
			if err := c.enter(ch.key(), u, c.user.id); err != nil {
				return nil, err
			}
			log(logInvite)
			ids = append(ids, u.id)
		}
	}
	if len(ids) > 0 && !ch.broadcast {
		c.post(&message{from: c.user.id, to: ch.key(), action: &tg.MessageActionChatAddUser{Users: ids}})
	}
	return c.invited(), nil
}

// owned returns a channel that the caller has created.
func (c *call) owned(in tg.InputChannelClass) (*channel, error) {
	ch, err := c.readable(in)
	if err == nil && ch.creator != c.user.id {
		err = errAdminRequired
	}
	return ch, err
}

func editChannelTitle(c *call, q *tg.ChannelsEditTitle) (tg.UpdatesClass, error) {
	ch, err := c.inChannel(q.Channel, actChangeInfo)
	if err != nil {
		return nil, err
	}
	return editTitle(c, &ch.title, ch.key(), q.Title)
}

func checkChannelUsername(c *call, q *tg.ChannelsCheckUsername) (boolean, error) {
	return boolean(c.nameFree(q.Username) == nil), nil
}

func updateChannelUsername(c *call, q *tg.ChannelsUpdateUsername) (boolean, error) {
	ch, err := c.owned(q.Channel)
	switch {
	case err != nil:
		return false, err
	case q.Username == ch.username:
		return false, refusal(400, "USERNAME_NOT_MODIFIED")
	}
	if q.Username != "" && !strings.EqualFold(q.Username, ch.username) {
		if err := c.nameFree(q.Username); err != nil {
			return false, err
		}
	}
	c.log(ch.key(), logInfo, &tg.ChannelAdminLogEventActionChangeUsername{
		PrevValue: ch.username, NewValue: q.Username,
	}, ch.username, q.Username)
	c.world().setName(ch.key(), ch.username, q.Username)
	ch.username = q.Username
	c.groupChanged(ch.key())
	return true, nil
}

func getChannels(c *call, q *tg.ChannelsGetChannels) (tg.MessagesChatsClass, error) {
	var seen refs
	for _, in := range q.ID {
		ch, err := c.findChannel(in)
		if err != nil {
			return nil, err
		}
		seen.add(ch.key())
	}
	return &tg.MessagesChats{Chats: c.world().chatObjects(c.user, &seen)}, nil
}

func getFullChannel(c *call, q *tg.ChannelsGetFullChannel) (*tg.MessagesChatFull, error) {
	ch, err := c.readable(q.Channel)
	if err != nil {
		return nil, err
	}
	var seen refs
	seen.add(ch.key())
	if ch.linked != nil {
		seen.add(ch.linked.key())
	}
	return c.chatFull(c.channelFull(ch), &seen), nil
}

func getChannelMessages(c *call, q *tg.ChannelsGetMessages) (tg.MessagesMessagesClass, error) {
	ch, err := c.readable(q.Channel)
	if err != nil {
		return nil, err
	}
	var seen refs
	seen.add(ch.key())
	out := &tg.MessagesChannelMessages{
		Pts: int32(ch.box.pts), Count: int32(len(q.ID)), Messages: c.byID(&ch.box, ch.key(), q.ID, &seen),
	}
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}

func readChannelHistory(c *call, q *tg.ChannelsReadHistory) (boolean, error) {
	ch, err := c.readable(q.Channel)
	if err != nil {
		return false, err
	}
	if ch.members[c.user.id] != nil {
		c.readChannel(ch, q.MaxID)
	}
	return true, nil
}

func deleteChannelMessages(c *call, q *tg.ChannelsDeleteMessages) (*tg.MessagesAffectedMessages, error) {
	ch, err := c.readable(q.Channel)
	if err != nil {
		return nil, err
	}
	for _, id := range q.ID {
		if e := ch.box.get(id); e != nil && e.from != c.user.id && !c.world().may(c.user, ch.key(), actDelete) {
			return nil, refusal(403, "MESSAGE_DELETE_FORBIDDEN")
		}
	}
	n := c.removeLogged(ch, q.ID)
	return &tg.MessagesAffectedMessages{Pts: int32(ch.box.pts), PtsCount: int32(n)}, nil
}
