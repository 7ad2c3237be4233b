package sandbox

import (
	"cmp"
	"slices"

	"godwit/tg"
	"godwit/tl"
)

// refs collects the peers that an answer mentions, whose objects it must then
// hold.
type refs map[peerKey]struct{}

func (r *refs) add(peers ...peerKey) {
	if *r == nil {
		*r = make(refs)
	}
	for _, p := range peers {
		(*r)[p] = struct{}{}
	}
}

// entry adds whatever a message mentions.
func (r *refs) entry(e *entry) {
	r.add(e.peer, e.sender())
	if e.post != nil {
		r.add(peerKey{peerUser, serviceID}) // as whom servers for bots show the sender
	}
	switch a := e.action.(type) {
	case *tg.MessageActionChatCreate:
		r.users(a.Users)
	case *tg.MessageActionChatAddUser:
		r.users(a.Users)
	case *tg.MessageActionChatDeleteUser:
		r.users([]int64{a.UserID})
	case *tg.MessageActionChatJoinedByLink:
		r.users([]int64{a.InviterID})
	case *tg.MessageActionChatMigrateTo:
		r.add(peerKey{peerChannel, a.ChannelID})
	case *tg.MessageActionChannelMigrateFrom:
		r.add(peerKey{peerChat, a.ChatID})
	}
	if e.forward != nil {
		r.peer(e.forward.FromID)
		r.peer(e.forward.SavedFromPeer)
	}
	if e.reply != nil && e.reply.origin != nil {
		r.peer(e.reply.origin.FromID)
		if e.reply.to.to.kind == peerChannel {
			r.add(e.reply.to.to)
		}
	}
	if e.comments != nil {
		r.add(e.comments.to)
	}
	for _, mark := range e.entities {
		if mark, ok := mark.(*tg.MessageEntityMentionName); ok {
			r.users([]int64{mark.UserID})
		}
	}
	for _, one := range e.reactions[max(0, len(e.reactions)-recentReactions):] {
		r.add(one.user.key())
	}
}

func (r *refs) peer(p tg.PeerClass) {
	switch p := p.(type) {
	case *tg.PeerUser:
		r.add(peerKey{peerUser, p.UserID})
	case *tg.PeerChat:
		r.add(peerKey{peerChat, p.ChatID})
	case *tg.PeerChannel:
		r.add(peerKey{peerChannel, p.ChannelID})
	}
}

func (r *refs) users(ids []int64) {
	for _, id := range ids {
		r.add(peerKey{peerUser, id})
	}
}

// sorted returns the peers in a fixed order.
func (r *refs) sorted() []peerKey {
	all := make([]peerKey, 0, len(*r))
	for p := range *r {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b peerKey) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id)) })
	return all
}

func (w *world) userObjects(viewer *user, r *refs) []tg.UserClass {
	out := []tg.UserClass{}
	for _, p := range r.sorted() {
		if u := w.users[p.id]; p.kind == peerUser && u != nil {
			out = append(out, w.userObject(viewer, u))
		}
	}
	return out
}

func (w *world) chatObjects(viewer *user, r *refs) []tg.ChatClass {
	out := []tg.ChatClass{}
	for _, p := range r.sorted() {
		switch p.kind {
		case peerChat:
			if g := w.chats[p.id]; g != nil {
				out = append(out, w.chatObject(viewer, g))
			}
		case peerChannel:
			if ch := w.channels[p.id]; ch != nil {
				out = append(out, w.channelObject(viewer, ch))
			}
		}
	}
	return out
}

// text returns an optional string that is absent when empty.
func text(s string) tl.Optional[string] { return tl.Optional[string]{Value: s, Set: s != ""} }

// userObject returns u as the viewer sees it.
func (w *world) userObject(viewer, u *user) *tg.User {
	if u.deleted {
		return &tg.User{ID: u.id, AccessHash: tl.Some(w.accessHash(viewer.id, u.key())), Deleted: true}
	}
	out := &tg.User{
		ID:         u.id,
		AccessHash: tl.Some(w.accessHash(viewer.id, u.key())),
		Self:       u == viewer,
		FirstName:  text(u.first),
		LastName:   text(u.last),
		Username:   text(u.username),
		Status:     w.status(u),
		Premium:    u.premium,
		Photo:      profilePhoto(u),
	}
	if c, ok := viewer.contacts[u.id]; ok {
		_, back := u.contacts[viewer.id]
		out.Contact, out.MutualContact = true, back
		out.FirstName, out.LastName = text(c.first), text(c.last)
	}
	if u == viewer || out.Contact {
		out.Phone = text(u.phone)
	}
	if u == w.service {
		out.Verified, out.Support = true, true
	}
	if u.isBot() {
		out.Bot, out.BotChatHistory = true, u.bot.readsAll
		out.BotInfoVersion = tl.Some[int32](1)
		out.Status = nil
	}
	return out
}

func (w *world) status(u *user) tg.UserStatusClass {
	switch {
	case u.online > w.unix():
		return &tg.UserStatusOnline{Expires: u.online}
	case u.seen != 0:
		return &tg.UserStatusOffline{WasOnline: u.seen}
	}
	return &tg.UserStatusEmpty{}
}

func (p peerKey) object() tg.PeerClass {
	switch p.kind {
	case peerChat:
		return &tg.PeerChat{ChatID: p.id}
	case peerChannel:
		return &tg.PeerChannel{ChannelID: p.id}
	}
	return &tg.PeerUser{UserID: p.id}
}
