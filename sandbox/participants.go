package sandbox

import (
	"cmp"
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
	visibleSearch    = 200    // for one query
)

// A roster is a list of members, or of who is banned.
type roster struct {
	members members
	bans    []*ban
}

func (r roster) size() int { return len(r.members) + len(r.bans) }

// cut returns a part of the list.
func (r roster) cut(low, high int) roster {
	if r.members != nil {
		return roster{members: r.members[low:high]}
	}
	return roster{bans: r.bans[low:high]}
}

// getParticipants serves channels.getParticipants (R-PT-01 to R-PT-12).
func getParticipants(c *call, q *tg.ChannelsGetParticipants) (tg.ChannelsChannelParticipantsClass, error) {
	ch, err := c.readable(q.Channel)
	if err != nil {
		return nil, err
	}
	admin := c.world().isAdmin(c.user, ch.key())
	switch q.Filter.(type) {
	case *tg.ChannelParticipantsKicked, *tg.ChannelParticipantsBanned:
		err = c.needs(ch.key(), actBan)
	}
	switch {
	case err != nil:
		return nil, err
	case ch.broadcast && !admin:
		return nil, errAdminRequired
	}
	filter := q.Filter
	if _, asked := filter.(*tg.ChannelParticipantsAdmins); ch.hidden && !admin && !asked {
		return c.participants(ch, roster{}, 0, q.Hash), nil // R-PT-10
	}
	all, visible := c.choose(ch, filter)
	visible = min(visible, all.size())
	limit := int(q.Limit)
	if limit <= 0 || limit > maxParticipants {
		limit = maxParticipants
	}
	offset := max(0, min(int(q.Offset), visible))
	return c.participants(ch, all.cut(offset, min(offset+limit, visible)), all.size(), q.Hash), nil
}

// participants answers with a page of a list.
func (c *call) participants(ch *channel, part roster, count int, hash int64) tg.ChannelsChannelParticipantsClass {
	out := &tg.ChannelsChannelParticipants{Count: int32(count), Participants: []tg.ChannelParticipantClass{}}
	var ids []int64
	var seen refs
	seen.add(ch.key())
	for _, m := range part.members {
		ids = append(ids, m.user.id)
		seen.users([]int64{m.user.id, m.promoter})
		out.Participants = append(out.Participants, c.participant(ch, m))
	}
	for _, b := range part.bans {
		ids = append(ids, b.user.id)
		seen.users([]int64{b.user.id, b.by})
		out.Participants = append(out.Participants, bannedObject(ch, b))
	}
	if hash != 0 && hash == listHash(ids) {
		return &tg.ChannelsChannelParticipantsNotModified{}
	}
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out
}

// choose returns those whom a filter lets through (R-PT-02), and how many of
// them can be seen at most.
func (c *call) choose(ch *channel, filter tg.ChannelParticipantsFilterClass) (list roster, visible int) {
	visible = visibleMembers
	if ch.broadcast {
		visible = visibleBroadcast
	}
	query := ""
	pass := func(*member) bool { return true }
	switch f := filter.(type) {
	case *tg.ChannelParticipantsRecent:
		return roster{members: ch.sorted()}, visible
	case *tg.ChannelParticipantsAdmins:
		return roster{members: c.world().admins(ch)}, visible
	case *tg.ChannelParticipantsKicked:
		return roster{bans: c.world().banned(ch, true, f.Q)}, visible
	case *tg.ChannelParticipantsBanned:
		return roster{bans: c.world().banned(ch, false, f.Q)}, visible
	case *tg.ChannelParticipantsBots:
		pass = func(m *member) bool { return m.user.isBot() }
	case *tg.ChannelParticipantsSearch:
		if query = f.Q; query == "" {
			return roster{members: ch.sorted()}, visible
		}
		visible = min(visible, visibleSearch)
	case *tg.ChannelParticipantsContacts:
		query = f.Q
		pass = func(m *member) bool { _, known := c.user.contacts[m.user.id]; return known }
	case *tg.ChannelParticipantsMentions:
		query = f.Q.Or("")
	default:
		return roster{}, 0
	}
	query = strings.ToLower(query)
	for _, m := range ch.sorted() {
		if pass(m) && matches(m.user, query) {
			list.members = append(list.members, m)
		}
	}
	return list, visible
}

// banned returns who is banned from reading, or restricted.
func (w *world) banned(ch *channel, kicked bool, query string) []*ban {
	var out []*ban
	for _, b := range ch.bans {
		if w.ban(ch, b.user) != nil && b.kicked() == kicked && matches(b.user, strings.ToLower(query)) {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b *ban) int {
		return cmp.Or(cmp.Compare(b.date, a.date), cmp.Compare(a.user.id, b.user.id))
	})
	return out
}

func bannedObject(ch *channel, b *ban) tg.ChannelParticipantClass {
	return &tg.ChannelParticipantBanned{
		Left: ch.members[b.user.id] == nil, Peer: b.user.key().object(), KickedBy: b.by, Date: b.date, BannedRights: b.rights,
	}
}

func (c *call) participant(ch *channel, m *member) tg.ChannelParticipantClass {
	self := m.user == c.user
	switch {
	case m.user.id == ch.creator:
		return &tg.ChannelParticipantCreator{UserID: m.user.id, AdminRights: *adminRights()}
	case m.admin != nil:
		out := &tg.ChannelParticipantAdmin{
			CanEdit: ch.creator == c.user.id || m.promoter == c.user.id, Self: self, UserID: m.user.id,
			PromotedBy: m.promoter, Date: m.date, AdminRights: *m.admin, Rank: text(m.rank),
		}
		if self {
			out.InviterID.Value, out.InviterID.Set = m.inviter, true
		}
		return out
	}
	if b := c.world().ban(ch, m.user); b != nil {
		return bannedObject(ch, b)
	}
	if self {
		return &tg.ChannelParticipantSelf{ViaRequest: m.asked, UserID: m.user.id, InviterID: m.inviter, Date: m.date}
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
	if err != nil {
		return nil, err
	}
	u := c.world().users[p.id]
	self := u == c.user
	switch {
	case p.kind != peerUser:
		return nil, errNotParticipant
	case (ch.broadcast || ch.hidden) && !self && !c.world().isAdmin(c.user, ch.key()):
		return nil, errAdminRequired
	}
	out := &tg.ChannelsChannelParticipant{}
	switch m, b := ch.members[u.id], c.world().ban(ch, u); {
	case m != nil:
		out.Participant = c.participant(ch, m)
	case b != nil:
		out.Participant = bannedObject(ch, b)
	default:
		return nil, errNotParticipant
	}
	var seen refs
	seen.add(p, ch.key())
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}
