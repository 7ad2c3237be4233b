package sandbox

import (
	"slices"
	"strings"

	"godwit/tg"
)

func init() {
	register(getParticipants)
	register(getParticipant)
}

// Limits of lists of members (R-PT-03, R-PT-04).
const (
	maxParticipants  = 200    // of one call
	visibleMembers   = 10_000 // of a supergroup, however many it has
	visibleBroadcast = 200    // of a broadcast channel
)

// getParticipants serves channels.getParticipants (R-PT-01 to R-PT-12).
func getParticipants(c *call, q *tg.ChannelsGetParticipants) (tg.ChannelsChannelParticipantsClass, error) {
	ch, err := c.readable(q.Channel)
	switch {
	case err != nil:
		return nil, err
	case ch.broadcast && ch.creator != c.user.id:
		return nil, errAdminRequired
	}
	all := slices.DeleteFunc(ch.sorted(), func(m *member) bool { return !c.selects(ch, q.Filter, m) })
	count := len(all)
	visible := visibleMembers
	if ch.broadcast {
		visible = visibleBroadcast
	}
	all = all[:min(count, visible)]
	limit := int(q.Limit)
	if limit <= 0 || limit > maxParticipants {
		limit = maxParticipants
	}
	offset := max(0, min(int(q.Offset), len(all)))
	all = all[offset:min(offset+limit, len(all))]

	ids := make([]int64, len(all))
	out := &tg.ChannelsChannelParticipants{Count: int32(count), Participants: []tg.ChannelParticipantClass{}}
	var seen refs
	seen.add(ch.key())
	for i, m := range all {
		ids[i] = m.user.id
		seen.add(m.user.key())
		out.Participants = append(out.Participants, c.participant(ch, m))
	}
	if q.Hash != 0 && q.Hash == listHash(ids) {
		return &tg.ChannelsChannelParticipantsNotModified{}, nil
	}
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}

// selects tells whether a filter lets a member through (R-PT-02). Nobody is
// banned or kicked here.
func (c *call) selects(ch *channel, filter tg.ChannelParticipantsFilterClass, m *member) bool {
	switch f := filter.(type) {
	case *tg.ChannelParticipantsRecent:
		return true
	case *tg.ChannelParticipantsAdmins:
		return m.user.id == ch.creator
	case *tg.ChannelParticipantsBots:
		return m.user.isBot()
	case *tg.ChannelParticipantsSearch:
		return matches(m.user, strings.ToLower(f.Q))
	case *tg.ChannelParticipantsContacts:
		_, known := c.user.contacts[m.user.id]
		return known && matches(m.user, strings.ToLower(f.Q))
	case *tg.ChannelParticipantsMentions:
		return matches(m.user, strings.ToLower(f.Q.Or("")))
	}
	return false
}

func (c *call) participant(ch *channel, m *member) tg.ChannelParticipantClass {
	switch {
	case m.user.id == ch.creator:
		return &tg.ChannelParticipantCreator{UserID: m.user.id, AdminRights: *adminRights()}
	case m.user == c.user:
		return &tg.ChannelParticipantSelf{UserID: m.user.id, InviterID: m.inviter, Date: m.date}
	}
	return &tg.ChannelParticipant{UserID: m.user.id, Date: m.date}
}

// getParticipant serves channels.getParticipant (R-PT-13).
func getParticipant(c *call, q *tg.ChannelsGetParticipant) (*tg.ChannelsChannelParticipant, error) {
	ch, err := c.readable(q.Channel)
	if err != nil {
		return nil, err
	}
	p, err := c.findPeer(q.Participant)
	m := ch.members[p.id]
	switch {
	case err != nil:
		return nil, err
	case p.kind != peerUser || m == nil:
		return nil, refusal(400, "USER_NOT_PARTICIPANT")
	}
	var seen refs
	seen.add(p, ch.key())
	return &tg.ChannelsChannelParticipant{
		Participant: c.participant(ch, m),
		Users:       c.world().userObjects(c.user, &seen), Chats: c.world().chatObjects(c.user, &seen),
	}, nil
}
