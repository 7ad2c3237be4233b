package sandbox

import (
	"strings"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(createChat)
	register(addChatUser)
	register(deleteChatUser)
	register(editChatTitle)
	register(getFullChat)
	register(getChats)
}

// maxChat is how many members a basic group has at most.
const maxChat = 200

func checkTitle(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 255 {
		return "", refusal(400, "CHAT_TITLE_EMPTY")
	}
	return s, nil
}

// invitees returns the users that the caller names, itself and repetitions
// left out.
func (c *call) invitees(in []tg.InputUserClass) ([]*user, error) {
	var out []*user
	seen := map[*user]bool{c.user: true}
	for _, one := range in {
		u, err := c.findUser(one)
		if err != nil {
			return nil, err
		}
		if !seen[u] {
			seen[u] = true
			out = append(out, u)
		}
	}
	return out, nil
}

func createChat(c *call, q *tg.MessagesCreateChat) (*tg.MessagesInvitedUsers, error) {
	title, err := checkTitle(q.Title)
	if err != nil {
		return nil, err
	}
	others, err := c.invitees(q.Users)
	switch {
	case err != nil:
		return nil, err
	case len(others) == 0:
		return nil, refusal(400, "USERS_TOO_FEW")
	case len(others) >= maxChat:
		return nil, refusal(400, "USERS_TOO_MUCH")
	}
	w := c.world()
	w.lastChat++
	g := &chat{
		id: w.lastChat, version: 1,
		group: group{title: title, creator: c.user.id, date: w.unix(), limits: tg.ChatBannedRights{UntilDate: forever}},
	}
	w.chats[g.id] = g
	g.members = members{{user: c.user, inviter: c.user.id, date: g.date}}
	ids := []int64{c.user.id}
	for _, u := range others {
		g.members = append(g.members, &member{user: u, inviter: c.user.id, date: g.date})
		ids = append(ids, u.id)
	}
	c.tellMembers(g)
	for _, u := range others {
		c.tellOfMember(g.key(), u, standing{}, c.standing(g.key(), u))
	}
	c.post(&message{from: c.user.id, to: g.key(), action: &tg.MessageActionChatCreate{Title: title, Users: ids}})
	return c.invited(), nil
}

// invited is the answer to who has invited people.
func (c *call) invited() *tg.MessagesInvitedUsers {
	return &tg.MessagesInvitedUsers{Updates: c.updates(c.user)}
}

// tellMembers tells all members of a chat who they are.
func (c *call) tellMembers(g *chat) {
	for _, one := range g.members {
		update := &tg.UpdateChatParticipants{Participants: participantsObject(g)}
		c.tell(one.user, update, g.key())
		for _, other := range g.members {
			c.batch(one.user).seen.add(other.user.key())
		}
	}
}

func participantsObject(g *chat) *tg.ChatParticipants {
	out := &tg.ChatParticipants{ChatID: g.id, Version: int32(g.version)}
	for _, one := range g.members {
		out.Participants = append(out.Participants, g.participant(one))
	}
	return out
}

func (g *chat) participant(m *member) tg.ChatParticipantClass {
	switch {
	case m.user.id == g.creator:
		return &tg.ChatParticipantCreator{UserID: m.user.id}
	case m.admin != nil:
		return &tg.ChatParticipantAdmin{UserID: m.user.id, InviterID: m.inviter, Date: m.date}
	}
	return &tg.ChatParticipant{UserID: m.user.id, InviterID: m.inviter, Date: m.date}
}

func addChatUser(c *call, q *tg.MessagesAddChatUser) (*tg.MessagesInvitedUsers, error) {
	g, err := c.inChat(q.ChatID, actInvite)
	if err != nil {
		return nil, err
	}
	u, err := c.findUser(q.UserID)
	switch {
	case err != nil:
		return nil, err
	case g.members.find(u.id) != nil:
		return nil, refusal(400, "USER_ALREADY_PARTICIPANT")
	}
	if err := c.enter(g.key(), u, c.user.id); err != nil {
		return nil, err
	}
	c.post(&message{from: c.user.id, to: g.key(), action: &tg.MessageActionChatAddUser{Users: []int64{u.id}}})
	return c.invited(), nil
}

func deleteChatUser(c *call, q *tg.MessagesDeleteChatUser) (tg.UpdatesClass, error) {
	g, err := c.findChat(q.ChatID)
	if err != nil {
		return nil, err
	}
	u, err := c.findUser(q.UserID)
	if err != nil {
		return nil, err
	}
	m := g.members.find(u.id)
	switch {
	case m == nil:
		return nil, errNotParticipant
	case u != c.user && m.inviter != c.user.id && (!c.world().may(c.user, g.key(), actBan) || u.id == g.creator):
		return nil, errAdminRequired
	}
	changed := c.watch(g.key(), u)
	// Whoever leaves still gets the message that says so.
	c.post(&message{from: c.user.id, to: g.key(), action: &tg.MessageActionChatDeleteUser{UserID: u.id}})
	g.members = g.members.without(u.id)
	if u != c.user {
		if g.kicked == nil {
			g.kicked = make(map[int64]bool)
		}
		g.kicked[u.id] = true
	}
	g.version++
	c.tellMembers(g)
	changed()
	return c.updates(c.user), nil
}

// inChat returns a basic group in which the caller may do something.
func (c *call) inChat(id int64, a act) (*chat, error) {
	g, err := c.findChat(id)
	switch {
	case err != nil:
		return nil, err
	case g.migrated != nil:
		return nil, errChatInvalid
	}
	return g, c.needs(g.key(), a)
}

func editChatTitle(c *call, q *tg.MessagesEditChatTitle) (tg.UpdatesClass, error) {
	g, err := c.inChat(q.ChatID, actChangeInfo)
	if err != nil {
		return nil, err
	}
	return editTitle(c, &g.title, g.key(), q.Title)
}

// editTitle changes the title of a group or channel that has been found.
func editTitle(c *call, title *string, key peerKey, to string) (tg.UpdatesClass, error) {
	to, err := checkTitle(to)
	switch {
	case err != nil:
		return nil, err
	case to == *title:
		return nil, errNotModified
	}
	c.log(key, logInfo, &tg.ChannelAdminLogEventActionChangeTitle{PrevValue: *title, NewValue: to}, *title, to)
	*title = to
	c.post(&message{from: c.user.id, to: key, action: &tg.MessageActionChatEditTitle{Title: to}})
	return c.updates(c.user), nil
}

// getFullChat serves messages.getFullChat (R-PT-14).
func getFullChat(c *call, q *tg.MessagesGetFullChat) (*tg.MessagesChatFull, error) {
	g := c.world().chats[q.ChatID]
	if g == nil || c.user.dialogs[peerKey{peerChat, q.ChatID}] == nil {
		return nil, errChatInvalid
	}
	full := &tg.ChatFull{
		ID: g.id, About: g.about, AvailableReactions: g.reactions, ChatPhoto: c.world().wholePhoto(c.user, g.photo),
	}
	var seen refs
	seen.add(g.key())
	if d := c.user.dialogs[g.key()]; d.folder != 0 {
		full.FolderID = tl.Some(d.folder)
	}
	full.PinnedMsgID = c.user.box.newestPinned(g.key())
	if g.members.find(c.user.id) == nil || g.migrated != nil {
		full.Participants = &tg.ChatParticipantsForbidden{ChatID: g.id}
	} else {
		full.Participants = participantsObject(g)
		for _, one := range g.members {
			seen.add(one.user.key())
		}
	}
	if c.world().isAdmin(c.user, g.key()) {
		full.ExportedInvite = permanentInvite(&g.group, c.user)
		full.RequestsPending, full.RecentRequesters = pending(&g.group)
	}
	return c.chatFull(full, &seen), nil
}

func (c *call) chatFull(full tg.ChatFullClass, seen *refs) *tg.MessagesChatFull {
	w := c.world()
	return &tg.MessagesChatFull{FullChat: full, Users: w.userObjects(c.user, seen), Chats: w.chatObjects(c.user, seen)}
}

func getChats(c *call, q *tg.MessagesGetChats) (tg.MessagesChatsClass, error) {
	var seen refs
	for _, id := range q.ID {
		p := peerKey{peerChat, id}
		if c.user.dialogs[p] == nil {
			return nil, errChatInvalid
		}
		seen.add(p)
	}
	return &tg.MessagesChats{Chats: c.world().chatObjects(c.user, &seen)}, nil
}
