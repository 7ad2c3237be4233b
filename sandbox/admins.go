package sandbox

import (
	"slices"
	"unicode/utf8"

	"godwit/tg"
)

func init() {
	register(editAdmin)
	register(editBanned)
	register(editChatAdmin)
	register(editDefaultLimits)
}

// Limits of roles.
const (
	maxAdmins = 50
	maxRank   = 16 // code points of an administrator's title
)

// admins returns the creator and the administrators, oldest members first.
func (w *world) admins(ch *channel) members {
	var out members
	for _, m := range ch.members {
		if m.admin != nil || m.user.id == ch.creator {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *member) int {
		if a.date != b.date {
			return int(a.date - b.date)
		}
		return int(a.user.id - b.user.id)
	})
	return out
}

// exceeds tells whether some rights have more than others do.
func exceeds(rights, limit *tg.ChatAdminRights) bool {
	for a := range actMembers {
		if granted(rights, a) && !granted(limit, a) {
			return true
		}
	}
	return false
}

// editAdmin serves channels.editAdmin: no rights at all make an ordinary
// member again. Who is not in the channel yet is brought in.
func editAdmin(c *call, q *tg.ChannelsEditAdmin) (tg.UpdatesClass, error) {
	ch, err := c.inChannel(q.Channel, actAddAdmins)
	if err != nil {
		return nil, err
	}
	u, err := c.findUser(q.UserID)
	if err != nil {
		return nil, err
	}
	rights := q.AdminRights
	m := ch.members[u.id]
	none := rights == tg.ChatAdminRights{}
	creator := ch.creator == c.user.id
	switch {
	case u.id == ch.creator:
		return nil, refusal(400, "USER_CREATOR")
	case utf8.RuneCountInString(q.Rank.Or("")) > maxRank:
		return nil, refusal(400, "ADMIN_RANK_INVALID")
	case m == nil && none:
		return nil, errNotParticipant
	case m == nil && c.world().ban(ch, u).kicked() && !c.world().may(c.user, ch.key(), actBan):
		return nil, refusal(400, "USER_KICKED")
	case m != nil && m.admin != nil && !creator && m.promoter != c.user.id:
		return nil, errAdminRequired
	case !creator && exceeds(&rights, ch.members[c.user.id].admin):
		return nil, refusal(403, "RIGHT_FORBIDDEN")
	case !none && (m == nil || m.admin == nil) && len(c.world().admins(ch)) >= maxAdmins:
		return nil, refusal(400, "ADMINS_TOO_MUCH")
	}
	changed := c.watch(ch.key(), u) // once, also of who is brought in
	if m == nil {
		if err := c.bring(ch.key(), u, c.user.id); err != nil {
			return nil, err
		}
		m = ch.members[u.id]
	}
	log := c.logMember(ch.key(), u)
	delete(ch.bans, u.id)
	m.admin, m.rank, m.promoter = &rights, q.Rank.Or(""), c.user.id
	kind := logPromote
	if none {
		m.admin, m.rank, m.promoter = nil, "", 0
		kind = logDemote
	}
	changed()
	log(kind)
	c.tell(u, &tg.UpdateChannel{ChannelID: ch.id}, ch.key())
	if u != c.user {
		c.tell(c.user, &tg.UpdateChannel{ChannelID: ch.id}, ch.key())
	}
	return c.updates(c.user), nil
}

// editBanned serves channels.editBanned: who may not read is thrown out, no
// limits at all end a ban.
func editBanned(c *call, q *tg.ChannelsEditBanned) (tg.UpdatesClass, error) {
	ch, err := c.inChannel(q.Channel, actBan)
	if err != nil {
		return nil, err
	}
	p, err := c.findPeer(q.Participant)
	if err != nil || p.kind != peerUser {
		return nil, refusal(400, "PARTICIPANT_ID_INVALID")
	}
	w := c.world()
	u := w.users[p.id]
	m := ch.members[u.id]
	limits := q.BannedRights
	until := limits.UntilDate
	limits.UntilDate = 0
	none := limits == tg.ChatBannedRights{}
	out := w.ban(ch, u).kicked()
	changed, log := c.watch(ch.key(), u), c.logMember(ch.key(), u)
	switch {
	case u == c.user, u.id == ch.creator, m != nil && m.admin != nil && ch.creator != c.user.id && m.promoter != c.user.id:
		return nil, refusal(400, "USER_ADMIN_INVALID")
	case ch.broadcast && !none && !limits.ViewMessages:
		return nil, refusal(400, "BANNED_RIGHTS_INVALID")
	case none:
		delete(ch.bans, u.id)
	default:
		if now := w.unix(); until-now < 30 || until-now > 366*86400 {
			until = forever // as the documentation of chatBannedRights says
		}
		limits.UntilDate = until
		ch.bans[u.id] = &ban{user: u, by: c.user.id, date: w.unix(), rights: limits}
	}
	if m != nil {
		m.admin, m.rank = nil, ""
	}
	if limits.ViewMessages && m != nil {
		w.leave(ch, u)
		changed()
		log(logKick)
		c.tell(u, &tg.UpdateChannel{ChannelID: ch.id}, ch.key())
		if !ch.broadcast {
			c.post(&message{from: c.user.id, to: ch.key(), action: &tg.MessageActionChatDeleteUser{UserID: u.id}})
		}
		return c.updates(c.user), nil
	}
	changed()
	switch {
	case limits.ViewMessages:
		log(logKick)
	case none && out:
		log(logUnkick)
	case none:
		log(logUnban)
	default:
		log(logBan)
	}
	c.tell(u, &tg.UpdateChannel{ChannelID: ch.id}, ch.key())
	c.tell(c.user, &tg.UpdateChannel{ChannelID: ch.id}, ch.key())
	return c.updates(c.user), nil
}

func editChatAdmin(c *call, q *tg.MessagesEditChatAdmin) (boolean, error) {
	g, err := c.inChat(q.ChatID, actPin)
	switch {
	case err != nil:
		return false, err
	case g.creator != c.user.id:
		return false, errAdminRequired
	}
	u, err := c.findUser(q.UserID)
	if err != nil {
		return false, err
	}
	m := g.members.find(u.id)
	switch {
	case m == nil:
		return false, errNotParticipant
	case u == c.user:
		return false, errUserInvalid
	}
	changed := c.watch(g.key(), u)
	m.admin = nil
	if q.IsAdmin {
		m.admin = chatAdminRights()
	}
	changed()
	g.version++
	for _, one := range g.members {
		c.tell(one.user, &tg.UpdateChatParticipantAdmin{
			ChatID: g.id, UserID: u.id, IsAdmin: q.IsAdmin, Version: int32(g.version),
		}, g.key(), u.key())
	}
	return true, nil
}

// editDefaultLimits serves messages.editChatDefaultBannedRights.
func editDefaultLimits(c *call, q *tg.MessagesEditChatDefaultBannedRights) (tg.UpdatesClass, error) {
	p, err := c.administered(q.Peer, actBan)
	if err != nil {
		return nil, err
	}
	g := c.world().group(p)
	limits := q.BannedRights
	limits.UntilDate = forever
	switch {
	case p.kind == peerChannel && c.world().channels[p.id].broadcast, limits.ViewMessages:
		return nil, refusal(400, "BANNED_RIGHTS_INVALID")
	case limits == g.limits:
		return nil, errNotModified
	}
	c.log(p, logSettings, &tg.ChannelAdminLogEventActionDefaultBannedRights{PrevBannedRights: g.limits, NewBannedRights: limits})
	g.limits = limits
	version := int32(0)
	if p.kind == peerChat {
		c.world().chats[p.id].version++
		version = int32(c.world().chats[p.id].version)
	}
	for u := range c.world().audience(p) {
		c.tell(u, &tg.UpdateChatDefaultBannedRights{Peer: p.object(), DefaultBannedRights: limits, Version: version}, p)
	}
	return c.updates(c.user), nil
}
