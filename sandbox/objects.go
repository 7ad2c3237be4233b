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
	r.add(e.peer, peerKey{peerUser, e.from})
	switch a := e.action.(type) {
	case *tg.MessageActionChatCreate:
		r.users(a.Users)
	case *tg.MessageActionChatAddUser:
		r.users(a.Users)
	case *tg.MessageActionChatDeleteUser:
		r.users([]int64{a.UserID})
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
	if u.isBot() {
		out.Bot = true
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

func (w *world) chatObject(viewer *user, g *chat) tg.ChatClass {
	m := g.members.find(viewer.id)
	return &tg.Chat{
		ID:                  g.id,
		Creator:             g.creator == viewer.id,
		Left:                m == nil,
		Title:               g.title,
		Photo:               &tg.ChatPhotoEmpty{},
		ParticipantsCount:   int32(len(g.members)),
		Date:                g.date,
		Version:             int32(g.version),
		DefaultBannedRights: &tg.ChatBannedRights{UntilDate: forever},
	}
}

// forever is the date of what does not end.
const forever = 1<<31 - 1

func (w *world) channelObject(viewer *user, ch *channel) tg.ChatClass {
	_, member := ch.members[viewer.id]
	out := &tg.Channel{
		ID:                ch.id,
		AccessHash:        tl.Some(w.accessHash(viewer.id, ch.key())),
		Creator:           ch.creator == viewer.id,
		Left:              !member,
		Broadcast:         ch.broadcast,
		Megagroup:         !ch.broadcast,
		Title:             ch.title,
		Username:          text(ch.username),
		Photo:             &tg.ChatPhotoEmpty{},
		Date:              ch.date,
		ParticipantsCount: tl.Some(int32(len(ch.members))),
	}
	if d := viewer.dialogs[ch.key()]; member && d != nil {
		out.Date = d.joined
	}
	if out.Creator {
		out.AdminRights = adminRights()
	}
	if !ch.broadcast {
		out.DefaultBannedRights = &tg.ChatBannedRights{UntilDate: forever}
	}
	return out
}

// adminRights are those of a creator.
func adminRights() *tg.ChatAdminRights {
	return &tg.ChatAdminRights{
		ChangeInfo: true, PostMessages: true, EditMessages: true, DeleteMessages: true,
		BanUsers: true, InviteUsers: true, PinMessages: true, AddAdmins: true, ManageCall: true, Other: true,
	}
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

// messageObject returns a message of a box whose owner has the given id, 0
// for a channel's, as the viewer sees it.
func (w *world) messageObject(viewer *user, owner int64, e *entry) tg.MessageClass {
	out := e.out
	post := false
	if ch := w.channels[e.peer.id]; e.peer.kind == peerChannel && ch != nil {
		out = e.from == viewer.id
		post = ch.broadcast
	}
	var from tg.PeerClass
	if !post {
		from = peerKey{peerUser, e.from}.object()
	}
	reply := replyHeader(owner, e)
	if e.action != nil {
		return &tg.MessageService{
			Out: out, Post: post, Silent: e.silent, ID: e.id, FromID: from, PeerID: e.peer.object(),
			ReplyTo: reply, Date: e.date, Action: e.action,
		}
	}
	m := &tg.Message{
		Out: out, Post: post, Silent: e.silent, ID: e.id, FromID: from, PeerID: e.peer.object(),
		ReplyTo: reply, Date: e.date, Message: e.text, Entities: e.entities, Media: w.mediaObject(viewer, e.media),
		GroupedID: tl.Optional[int64]{Value: e.group, Set: e.group != 0},
	}
	if e.edited != 0 {
		m.EditDate = tl.Some(e.edited)
	}
	if post {
		m.Views, m.Forwards = tl.Some[int32](1), tl.Some[int32](0)
	}
	return m
}

// replyHeader names the message that e answers by its id in the same box, nil
// if it is not there.
func replyHeader(owner int64, e *entry) tg.MessageReplyHeaderClass {
	if e.replyTo == nil {
		return nil
	}
	id, ok := e.replyTo.copies[owner]
	if !ok {
		return nil
	}
	return &tg.MessageReplyHeader{ReplyToMsgID: tl.Some(id)}
}

// messageObjects renders messages and notes whom they mention.
func (w *world) messageObjects(viewer *user, owner int64, entries []*entry, seen *refs) []tg.MessageClass {
	out := make([]tg.MessageClass, 0, len(entries))
	for _, e := range entries {
		seen.entry(e)
		out = append(out, w.messageObject(viewer, owner, e))
	}
	return out
}
