package sandbox

import (
	"cmp"
	"iter"
	"slices"

	"godwit/tg"
	"godwit/tl"
)

// A member is someone in a chat or channel.
type member struct {
	user    *user
	inviter int64
	date    int32
	active  int32 // when last written
	asked   bool  // came in by a request that was approved

	admin    *tg.ChatAdminRights // nil: no administrator
	rank     string
	promoter int64
}

// members is who is in a chat or channel, in the order of joining.
type members []*member

func (m members) find(id int64) *member {
	for _, one := range m {
		if one.user.id == id {
			return one
		}
	}
	return nil
}

func (m members) without(id int64) members {
	return slices.DeleteFunc(m, func(one *member) bool { return one.user.id == id })
}

// A group is what basic groups, supergroups and broadcast channels have in
// common.
type group struct {
	title     string
	about     string
	creator   int64
	date      int32
	limits    tg.ChatBannedRights // what members may not do
	protected bool                // nothing may be forwarded
	reactions tg.ChatReactionsClass
	invites   []*invite
	requests  []*joinRequest // oldest first
	lastBot   int64          // who of the bots has written last, 0 for none
	photo     *file          // nil without
}

// A chat is a basic group. Its messages are in the box of each member.
type chat struct {
	group
	id       int64
	version  int
	members  members
	kicked   map[int64]bool
	migrated *channel // what it has become
}

func (g *chat) key() peerKey { return peerKey{peerChat, g.id} }

// A channel is a supergroup or a broadcast channel, with a box of its own.
type channel struct {
	group
	id        int64
	username  string
	broadcast bool
	forum     bool
	deleted   bool
	signed    bool     // posts name their authors
	linked    *channel // a channel's discussion group, or the channel of a group
	slow      int32    // seconds between messages of a member
	hidden    bool     // members see administrators alone
	prehidden bool     // new members do not see what was before them
	approve   bool     // joining takes an approval
	members   map[int64]*member
	bans      map[int64]*ban
	topics    map[int32]*topic
	threads   map[int32]*thread // by the message that began it
	origin    *chat             // that it was before
	box       box
	ids       []int32 // of the messages that are there, rising
	changed   int32   // when the box last changed
	log       []adminEvent
	index     index

	order members // most recently active first; nil when it has to be made
}

func (ch *channel) key() peerKey { return peerKey{peerChannel, ch.id} }

// A thread is the answers to a message of a supergroup, or the messages of a
// topic.
type thread struct {
	count, last int32
	recent      []peerKey // who wrote last, the last one first
}

// maxRepliers is how many of those who wrote to a thread are told of.
const maxRepliers = 3

// tell says how the thread stands, which may be nil.
func (t *thread) tell(out *tg.MessageReplies) {
	if t == nil || t.count == 0 {
		return
	}
	out.Replies, out.MaxID = t.count, tl.Some(t.last)
	if out.Comments {
		for _, p := range t.recent {
			out.RecentRepliers = append(out.RecentRepliers, p.object())
		}
	}
}

// threaded counts a message that is new in its thread.
func (ch *channel) threaded(e *entry) {
	if e.thread == 0 || e.thread == e.id {
		return
	}
	if ch.threads == nil {
		ch.threads = make(map[int32]*thread)
	}
	t := ch.threads[e.thread]
	if t == nil {
		t = new(thread)
		ch.threads[e.thread] = t
	}
	t.count++
	t.last = e.id
	by := e.sender()
	t.recent = slices.DeleteFunc(t.recent, func(p peerKey) bool { return p == by })
	t.recent = append([]peerKey{by}, t.recent[:min(len(t.recent), maxRepliers-1)]...)
}

// A ban is what one user may not do in a channel, in it or not. Who may not
// even read is out.
type ban struct {
	user   *user
	by     int64
	date   int32
	rights tg.ChatBannedRights
}

// kicked tells whether the ban keeps its user out.
func (b *ban) kicked() bool { return b != nil && b.rights.ViewMessages }

// ban returns what u may not do, nil if nothing; bans end by themselves.
func (w *world) ban(ch *channel, u *user) *ban {
	b := ch.bans[u.id]
	if b != nil && b.rights.UntilDate != 0 && b.rights.UntilDate <= w.unix() {
		delete(ch.bans, u.id)
		return nil
	}
	return b
}

// sorted returns the members, most recently active first (R-PT-07). The
// caller must not change the list.
func (ch *channel) sorted() members {
	if ch.order == nil {
		ch.order = make(members, 0, len(ch.members))
		for _, m := range ch.members {
			ch.order = append(ch.order, m)
		}
		slices.SortFunc(ch.order, func(a, b *member) int {
			return cmp.Or(cmp.Compare(b.active, a.active), cmp.Compare(a.date, b.date), cmp.Compare(a.user.id, b.user.id))
		})
	}
	return ch.order
}

// wrote notes that a member was active, which puts it in front.
func (ch *channel) wrote(m *member, now int32) {
	m.active = now
	if ch.order == nil {
		return
	}
	if i := slices.Index(ch.order, m); i > 0 {
		copy(ch.order[1:i+1], ch.order[:i])
		ch.order[0] = m
	}
}

// online returns the members who are signed in anywhere: the others need not
// be told, since a channel's events are in its own box.
func (w *world) online(ch *channel) iter.Seq[*user] {
	return func(yield func(*user) bool) {
		if len(w.present) < len(ch.members) {
			for u := range w.present {
				if ch.members[u.id] != nil && !yield(u) {
					return
				}
			}
			return
		}
		for _, one := range ch.members {
			if len(one.user.keys) > 0 && !yield(one.user) {
				return
			}
		}
	}
}

// audience returns who is to be told of what changes in a chat or channel.
func (w *world) audience(p peerKey) iter.Seq[*user] {
	return func(yield func(*user) bool) {
		switch p.kind {
		case peerChannel:
			w.online(w.channels[p.id])(yield)
		case peerChat:
			for _, one := range w.chats[p.id].members {
				if !yield(one.user) {
					return
				}
			}
		case peerUser:
			yield(w.users[p.id])
		}
	}
}

// group returns the group or channel at p, nil if p is a user.
func (w *world) group(p peerKey) *group {
	switch p.kind {
	case peerChat:
		return &w.chats[p.id].group
	case peerChannel:
		return &w.channels[p.id].group
	}
	return nil
}

// member returns u as a member of a chat or channel, nil if it is none.
func (w *world) member(p peerKey, u *user) *member {
	switch p.kind {
	case peerChat:
		return w.chats[p.id].members.find(u.id)
	case peerChannel:
		return w.channels[p.id].members[u.id]
	}
	return nil
}
