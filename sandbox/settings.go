package sandbox

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"godwit/tg"
)

func init() {
	register(editChatAbout)
	register(toggleSlowMode)
	register(toggleParticipantsHidden)
	register(togglePreHistoryHidden)
	register(toggleJoinRequest)
	register(toggleSignatures)
	register(toggleNoForwards)
	register(deleteChannel)
	register(deleteChat)
	register(migrateChat)
	register(deleteChannelHistory)
	register(deleteParticipantHistory)
	register(exportMessageLink)
}

// maxAbout is the longest description, in code points.
const maxAbout = 255

func editChatAbout(c *call, q *tg.MessagesEditChatAbout) (boolean, error) {
	p, err := c.findGroup(q.Peer, actChangeInfo)
	if err != nil {
		return false, err
	}
	g := c.world().group(p)
	switch {
	case utf8.RuneCountInString(q.About) > maxAbout:
		return false, refusal(400, "CHAT_ABOUT_TOO_LONG")
	case q.About == g.about:
		return false, refusal(400, "CHAT_ABOUT_NOT_MODIFIED")
	}
	c.log(p, logInfo, &tg.ChannelAdminLogEventActionChangeAbout{PrevValue: g.about, NewValue: q.About}, g.about, q.About)
	g.about = q.About
	c.groupChanged(p)
	return true, nil
}

// slowModes are the seconds that slow mode may have, as
// channels.toggleSlowMode lists them.
var slowModes = []int32{0, 10, 30, 60, 300, 900, 3600}

func toggleSlowMode(c *call, q *tg.ChannelsToggleSlowMode) (tg.UpdatesClass, error) {
	ch, err := c.inChannel(q.Channel, actBan)
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(slowModes, q.Seconds):
		return nil, refusal(400, "SECONDS_INVALID")
	case ch.broadcast:
		return nil, errChatInvalid
	case ch.slow == q.Seconds:
		return nil, errNotModified
	}
	c.log(ch.key(), logSettings, &tg.ChannelAdminLogEventActionToggleSlowMode{PrevValue: ch.slow, NewValue: q.Seconds})
	ch.slow = q.Seconds
	c.groupChanged(ch.key())
	return c.updates(c.user), nil
}

// toggle changes a switch of a channel, and logs it unless action is nil.
func (c *call) toggle(
	in tg.InputChannelClass, a act, which func(*channel) *bool, on bool, action tg.ChannelAdminLogEventActionClass,
) (tg.UpdatesClass, error) {
	ch, err := c.inChannel(in, a)
	switch {
	case err != nil:
		return nil, err
	case !c.world().isAdmin(c.user, ch.key()):
		return nil, errAdminRequired
	case *which(ch) == on:
		return nil, errNotModified
	}
	*which(ch) = on
	if action != nil {
		c.log(ch.key(), logSettings, action)
	}
	c.groupChanged(ch.key())
	return c.updates(c.user), nil
}

func toggleParticipantsHidden(c *call, q *tg.ChannelsToggleParticipantsHidden) (tg.UpdatesClass, error) {
	return c.toggle(q.Channel, actBan, func(ch *channel) *bool { return &ch.hidden }, q.Enabled, nil)
}

func togglePreHistoryHidden(c *call, q *tg.ChannelsTogglePreHistoryHidden) (tg.UpdatesClass, error) {
	if ch, err := c.readable(q.Channel); err == nil && ch.linked != nil && q.Enabled {
		return nil, refusal(400, "CHAT_LINK_EXISTS")
	}
	action := &tg.ChannelAdminLogEventActionTogglePreHistoryHidden{NewValue: q.Enabled}
	return c.toggle(q.Channel, actBan, func(ch *channel) *bool { return &ch.prehidden }, q.Enabled, action)
}

func toggleJoinRequest(c *call, q *tg.ChannelsToggleJoinRequest) (tg.UpdatesClass, error) {
	return c.toggle(q.Channel, actInvite, func(ch *channel) *bool { return &ch.approve }, q.Enabled, nil)
}

func toggleSignatures(c *call, q *tg.ChannelsToggleSignatures) (tg.UpdatesClass, error) {
	action := &tg.ChannelAdminLogEventActionToggleSignatures{NewValue: q.SignaturesEnabled}
	return c.toggle(q.Channel, actChangeInfo, func(ch *channel) *bool { return &ch.signed }, q.SignaturesEnabled, action)
}

func toggleNoForwards(c *call, q *tg.MessagesToggleNoForwards) (tg.UpdatesClass, error) {
	p, err := c.findGroup(q.Peer, actChangeInfo)
	if err != nil {
		return nil, err
	}
	g := c.world().group(p)
	switch {
	case g.creator != c.user.id:
		return nil, errAdminRequired
	case g.protected == q.Enabled:
		return nil, errNotModified
	}
	g.protected = q.Enabled
	c.log(p, logSettings, &tg.ChannelAdminLogEventActionToggleNoForwards{NewValue: q.Enabled})
	c.groupChanged(p)
	return c.updates(c.user), nil
}

func deleteChannel(c *call, q *tg.ChannelsDeleteChannel) (tg.UpdatesClass, error) {
	ch, err := c.owned(q.Channel)
	if err != nil {
		return nil, err
	}
	c.world().setName(ch.key(), ch.username, "")
	ch.username, ch.deleted = "", true
	c.unlink(ch)
	c.groupChanged(ch.key())
	return c.updates(c.user), nil
}

func deleteChat(c *call, q *tg.MessagesDeleteChat) (boolean, error) {
	g, err := c.inChat(q.ChatID, actBan)
	switch {
	case err != nil:
		return false, err
	case g.creator != c.user.id:
		return false, errAdminRequired
	}
	gone := g.members
	g.members = nil
	g.version++
	g.kicked = make(map[int64]bool)
	for _, m := range gone {
		g.kicked[m.user.id] = true
		c.tell(m.user, &tg.UpdateChatParticipants{Participants: &tg.ChatParticipantsForbidden{ChatID: g.id}}, g.key())
	}
	return true, nil
}

// migrateChat serves messages.migrateChat: the group becomes a supergroup
// with the same members, who keep what was written before (R-PT-16).
func migrateChat(c *call, q *tg.MessagesMigrateChat) (tg.UpdatesClass, error) {
	g, err := c.inChat(q.ChatID, actBan)
	switch {
	case err != nil:
		return nil, err
	case g.creator != c.user.id:
		return nil, errAdminRequired
	}
	w := c.world()
	ch := w.addChannel(c.user, g.title, false)
	ch.about, ch.limits, ch.reactions, ch.photo, ch.origin = g.about, g.limits, g.reactions, g.photo, g
	for _, one := range g.members {
		if one.user == c.user {
			continue
		}
		w.join(ch, one.user, one.inviter)
		if one.admin != nil {
			m := ch.members[one.user.id]
			m.admin, m.promoter = one.admin, c.user.id
		}
	}
	c.post(&message{from: c.user.id, to: g.key(), action: &tg.MessageActionChatMigrateTo{ChannelID: ch.id}})
	g.migrated = ch
	g.version++
	for _, one := range g.members {
		c.tell(one.user, &tg.UpdateChannel{ChannelID: ch.id}, ch.key(), g.key())
	}
	c.post(&message{
		from: c.user.id, to: ch.key(), action: &tg.MessageActionChannelMigrateFrom{Title: g.title, ChatID: g.id},
	})
	return c.updates(c.user), nil
}

// deleteChannelHistory serves channels.deleteHistory: for everybody, or for
// the caller, who then does not see it any more.
func deleteChannelHistory(c *call, q *tg.ChannelsDeleteHistory) (tg.UpdatesClass, error) {
	ch, err := c.readable(q.Channel)
	switch {
	case err != nil:
		return nil, err
	case q.ForEveryone && !c.world().may(c.user, ch.key(), actDelete):
		return nil, errAdminRequired
	}
	upTo := q.MaxID
	if upTo <= 0 || upTo > ch.box.last() {
		upTo = ch.box.last()
	}
	if q.ForEveryone {
		c.removeLogged(ch, slices.Clone(ch.ids[:after(ch.ids, upTo)]))
		return c.updates(c.user), nil
	}
	c.user.dialog(ch.key()).from = upTo
	c.tell(c.user, &tg.UpdateChannelAvailableMessages{ChannelID: ch.id, AvailableMinID: upTo}, ch.key())
	return c.updates(c.user), nil
}

func deleteParticipantHistory(c *call, q *tg.ChannelsDeleteParticipantHistory) (*tg.MessagesAffectedHistory, error) {
	ch, err := c.inChannel(q.Channel, actDelete)
	if err != nil {
		return nil, err
	}
	p, err := c.findPeer(q.Participant)
	if err != nil || p.kind != peerUser {
		return nil, refusal(400, "PARTICIPANT_ID_INVALID")
	}
	var ids []int32
	for _, id := range ch.ids {
		if ch.box.get(id).from == p.id {
			ids = append(ids, id)
		}
	}
	left := max(0, len(ids)-maxDelete)
	n := c.removeLogged(ch, ids[left:])
	return &tg.MessagesAffectedHistory{Pts: int32(ch.box.pts), PtsCount: int32(n), Offset: int32(left)}, nil
}

func exportMessageLink(c *call, q *tg.ChannelsExportMessageLink) (*tg.ExportedMessageLink, error) {
	ch, err := c.readable(q.Channel)
	switch {
	case err != nil:
		return nil, err
	case ch.box.get(q.ID) == nil:
		return nil, errMessageInvalid
	}
	where := "c/" + strconv.FormatInt(ch.id, 10)
	if ch.username != "" {
		where = ch.username
	}
	return &tg.ExportedMessageLink{Link: "https://t.me/" + where + "/" + strconv.Itoa(int(q.ID))}, nil
}
