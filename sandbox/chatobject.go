package sandbox

import (
	"godwit/tg"
	"godwit/tl"
)

func (w *world) chatObject(viewer *user, g *chat) tg.ChatClass {
	if g.kicked[viewer.id] {
		return &tg.ChatForbidden{ID: g.id, Title: g.title}
	}
	m := g.members.find(viewer.id)
	out := &tg.Chat{
		ID:                  g.id,
		Creator:             g.creator == viewer.id,
		Left:                m == nil,
		Deactivated:         g.migrated != nil,
		Noforwards:          g.protected,
		Title:               g.title,
		Photo:               chatPhoto(g.photo),
		ParticipantsCount:   int32(len(g.members)),
		Date:                g.date,
		Version:             int32(g.version),
		DefaultBannedRights: &g.limits,
	}
	if m != nil {
		out.AdminRights = m.admin
	}
	if out.Creator {
		out.AdminRights = adminRights()
	}
	if g.migrated != nil {
		out.MigratedTo = &tg.InputChannel{ChannelID: g.migrated.id, AccessHash: w.accessHash(viewer.id, g.migrated.key())}
	}
	return out
}

func (w *world) channelObject(viewer *user, ch *channel) tg.ChatClass {
	hash := w.accessHash(viewer.id, ch.key())
	b := w.ban(ch, viewer)
	if b.kicked() || ch.deleted {
		out := &tg.ChannelForbidden{
			Broadcast: ch.broadcast, Megagroup: !ch.broadcast, ID: ch.id, AccessHash: hash, Title: ch.title,
		}
		if b != nil && b.rights.UntilDate != forever && b.rights.UntilDate != 0 {
			out.UntilDate = tl.Some(b.rights.UntilDate)
		}
		return out
	}
	m := ch.members[viewer.id]
	out := &tg.Channel{
		ID:                ch.id,
		AccessHash:        tl.Some(hash),
		Creator:           ch.creator == viewer.id,
		Left:              m == nil,
		Broadcast:         ch.broadcast,
		Megagroup:         !ch.broadcast,
		Forum:             ch.forum,
		Signatures:        ch.signed,
		Noforwards:        ch.protected,
		SlowmodeEnabled:   ch.slow > 0,
		JoinRequest:       ch.approve,
		Title:             ch.title,
		Username:          text(ch.username),
		Photo:             chatPhoto(ch.photo),
		HasLink:           ch.linked != nil,
		Date:              ch.date,
		ParticipantsCount: tl.Some(int32(len(ch.members))),
	}
	if d := viewer.dialogs[ch.key()]; m != nil && d != nil {
		out.Date = d.joined
	}
	if m != nil {
		out.AdminRights = m.admin
	}
	if out.Creator {
		out.AdminRights = adminRights()
	}
	if b != nil {
		out.BannedRights = &b.rights
	}
	if !ch.broadcast {
		out.DefaultBannedRights = &ch.limits
	}
	return out
}

// channelFull is what channels.getFullChannel tells of a channel.
func (c *call) channelFull(ch *channel) *tg.ChannelFull {
	w := c.world()
	admin := w.isAdmin(c.user, ch.key())
	full := &tg.ChannelFull{
		ID: ch.id, About: ch.about, Pts: int32(ch.box.pts),
		CanViewParticipants: admin || !ch.broadcast && !ch.hidden,
		CanSetUsername:      ch.creator == c.user.id,
		CanDeleteChannel:    ch.creator == c.user.id,
		ParticipantsHidden:  ch.hidden,
		HiddenPrehistory:    ch.prehidden,
		ParticipantsCount:   tl.Some(int32(len(ch.members))),
		ChatPhoto:           w.wholePhoto(c.user, ch.photo),
		AvailableReactions:  ch.reactions,
	}
	if admin {
		full.AdminsCount = tl.Some(int32(len(w.admins(ch))))
		kicked, banned := 0, 0
		for _, b := range ch.bans {
			if b.kicked() {
				kicked++
			} else {
				banned++
			}
		}
		full.KickedCount, full.BannedCount = tl.Some(int32(kicked)), tl.Some(int32(banned))
	}
	full.PinnedMsgID = ch.box.newestPinned(ch.key())
	if ch.linked != nil {
		full.LinkedChatID = tl.Some(ch.linked.id)
	}
	c.fullOwn(full, ch)
	if w.may(c.user, ch.key(), actInvite) {
		full.ExportedInvite = permanentInvite(&ch.group, c.user)
		full.RequestsPending, full.RecentRequesters = pending(&ch.group)
	}
	if ch.origin != nil {
		full.MigratedFromChatID = tl.Some(ch.origin.id)
		full.MigratedFromMaxID = tl.Some[int32](0)
		if d := c.user.dialogs[ch.origin.key()]; d != nil && len(d.ids) > 0 {
			full.MigratedFromMaxID.Value = d.ids[len(d.ids)-1]
		}
	}
	return full
}

// fullOwn adds what concerns the caller's own part in the channel.
func (c *call) fullOwn(full *tg.ChannelFull, ch *channel) {
	if d := c.user.dialogs[ch.key()]; d != nil {
		full.ReadInboxMaxID, full.ReadOutboxMaxID = d.readInbox, d.readOutbox
		full.UnreadCount = int32(c.world().unread(c.user, d))
		if d.from > 0 {
			full.AvailableMinID = tl.Some(d.from)
		}
		if d.folder != 0 {
			full.FolderID = tl.Some(d.folder)
		}
	}
	if ch.slow > 0 {
		full.SlowmodeSeconds = tl.Some(ch.slow)
		if m := ch.members[c.user.id]; m != nil && m.active+ch.slow > c.world().unix() {
			full.SlowmodeNextSendDate = tl.Some(m.active + ch.slow)
		}
	}
}
