package sandbox

import (
	"slices"
	"sort"

	"godwit/tg"
	"godwit/tl"
)

// A botEvent is an update that bots alone get, which counts in qts (R-UP-10).
type botEvent struct {
	qts    int32
	update tg.UpdateClass
	seen   []peerKey
}

// tellBot tells a bot of something that counts in its qts.
func (c *call) tellBot(u *user, update tg.UpdateClass, seen ...peerKey) {
	b := u.bot
	b.qts++
	switch update := update.(type) {
	case *tg.UpdateBotStopped:
		update.Qts = b.qts
	case *tg.UpdateBotMessageReaction:
		update.Qts = b.qts
	case *tg.UpdateChatParticipant:
		update.Qts = b.qts
	case *tg.UpdateChannelParticipant:
		update.Qts = b.qts
	}
	if len(b.events) >= maxLog {
		b.events = slices.Delete(b.events, 0, maxLog/2)
	}
	b.events = append(b.events, botEvent{b.qts, update, seen})
	c.tell(u, update, seen...)
}

// botEvents returns what a bot has not heard of yet.
func (u *user) botEvents(after int32) []botEvent {
	if u.bot == nil {
		return nil
	}
	all := u.bot.events
	return all[sort.Search(len(all), func(i int) bool { return all[i].qts > after }):]
}

// qts is where the bot's own events stand, 0 for a person.
func (u *user) qts() int32 {
	if u.bot == nil {
		return 0
	}
	return u.bot.qts
}

// bots returns those of a group that are to be told of what concerns a member:
// administrators, and the bot itself that it concerns.
func (w *world) botsOf(p peerKey, about *user) []*user {
	var all []*user
	add := func(m *member) {
		if m.user.isBot() && m.user != about && w.isAdmin(m.user, p) {
			all = append(all, m.user)
		}
	}
	switch p.kind {
	case peerChat:
		for _, m := range w.chats[p.id].members {
			add(m)
		}
	case peerChannel:
		for _, m := range w.admins(w.channels[p.id]) {
			add(m)
		}
	}
	if about.isBot() {
		all = append(all, about)
	}
	return all
}

// A standing is what somebody is in a group.
type standing struct {
	chat    tg.ChatParticipantClass
	channel tg.ChannelParticipantClass
}

func (c *call) standing(p peerKey, u *user) standing {
	w := c.world()
	switch p.kind {
	case peerChat:
		if m := w.chats[p.id].members.find(u.id); m != nil {
			return standing{chat: w.chats[p.id].participant(m)}
		}
	case peerChannel:
		ch := w.channels[p.id]
		if m, b := ch.members[u.id], w.ban(ch, u); m != nil {
			return standing{channel: asOther(c.participant(ch, m))}
		} else if b != nil {
			return standing{channel: bannedObject(ch, b)}
		}
	}
	return standing{}
}

// asOther returns a participant as everybody sees it, who may be the caller.
func asOther(in tg.ChannelParticipantClass) tg.ChannelParticipantClass {
	switch in := in.(type) {
	case *tg.ChannelParticipantSelf:
		return &tg.ChannelParticipant{UserID: in.UserID, Date: in.Date}
	case *tg.ChannelParticipantAdmin:
		in.Self, in.CanEdit = false, false
		in.InviterID = tl.Optional[int64]{}
	}
	return in
}

func (s standing) same(other standing) bool {
	switch {
	case s.chat != nil && other.chat != nil:
		return encodingOf(s.chat) == encodingOf(other.chat)
	case s.channel != nil && other.channel != nil:
		return encodingOf(s.channel) == encodingOf(other.channel)
	}
	return s == other
}

// watch returns what tells bots of the change, to be called after it.
func (c *call) watch(p peerKey, u *user) func() {
	before := c.standing(p, u)
	return func() {
		if now := c.standing(p, u); !now.same(before) {
			c.tellOfMember(p, u, before, now)
		}
	}
}

// tellOfMember tells bots that somebody has joined or left a group, or has other
// rights in it.
func (c *call) tellOfMember(p peerKey, u *user, before, now standing) {
	for _, b := range c.world().botsOf(p, u) {
		var update tg.UpdateClass
		if p.kind == peerChat {
			update = &tg.UpdateChatParticipant{
				ChatID: p.id, Date: c.world().unix(), ActorID: c.user.id, UserID: u.id,
				PrevParticipant: before.chat, NewParticipant: now.chat,
			}
		} else {
			update = &tg.UpdateChannelParticipant{
				ChannelID: p.id, Date: c.world().unix(), ActorID: c.user.id, UserID: u.id,
				PrevParticipant: before.channel, NewParticipant: now.channel,
			}
		}
		c.tellBot(b, update, p, u.key(), c.user.key())
	}
}

// tellOfReaction tells bots that the caller has reacted otherwise: those who
// administer the group, or the one that is written with.
func (c *call) tellOfReaction(e *entry, before, now []emotion) {
	w := c.world()
	bots := w.botsOf(e.to, c.user)
	if e.to.kind == peerUser {
		bots = nil
		if other := w.users[e.peer.id]; other.isBot() {
			bots = []*user{other}
		}
	}
	for _, b := range bots {
		if b == c.user {
			continue
		}
		update := &tg.UpdateBotMessageReaction{
			Peer: e.to.object(), MsgID: e.copies[0], Date: w.unix(), Actor: c.user.key().object(),
			OldReactions: reactionObjects(before), NewReactions: reactionObjects(now),
		}
		switch e.to.kind {
		case peerUser:
			update.Peer, update.MsgID = c.user.key().object(), e.copies[b.id]
		case peerChat:
			update.MsgID = e.copies[b.id]
		}
		if update.MsgID != 0 {
			c.tellBot(b, update, e.to, c.user.key())
		}
	}
}

func reactionObjects(list []emotion) []tg.ReactionClass {
	out := []tg.ReactionClass{}
	for _, with := range list {
		out = append(out, with.object())
	}
	return out
}
