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
	g := &chat{id: w.lastChat, title: title, creator: c.user.id, date: w.unix(), version: 1}
	w.chats[g.id] = g
	g.members = members{{user: c.user, inviter: c.user.id, date: g.date}}
	ids := []int64{c.user.id}
	for _, u := range others {
		g.members = append(g.members, &member{user: u, inviter: c.user.id, date: g.date})
		ids = append(ids, u.id)
	}
	c.tellMembers(g)
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
		if one.user.id == g.creator {
			out.Participants = append(out.Participants, &tg.ChatParticipantCreator{UserID: one.user.id})
			continue
		}
		out.Participants = append(out.Participants, &tg.ChatParticipant{
			UserID: one.user.id, InviterID: one.inviter, Date: one.date,
		})
	}
	return out
}

func addChatUser(c *call, q *tg.MessagesAddChatUser) (*tg.MessagesInvitedUsers, error) {
	g, err := c.findChat(q.ChatID)
	if err != nil {
		return nil, err
	}
	u, err := c.findUser(q.UserID)
	switch {
	case err != nil:
		return nil, err
	case g.members.find(u.id) != nil:
		return nil, refusal(400, "USER_ALREADY_PARTICIPANT")
	case len(g.members) >= maxChat:
		return nil, refusal(400, "USERS_TOO_MUCH")
	}
	g.members = append(g.members, &member{user: u, inviter: c.user.id, date: c.world().unix()})
	g.version++
	c.tellMembers(g)
	c.post(&message{from: c.user.id, to: g.key(), action: &tg.MessageActionChatAddUser{Users: []int64{u.id}}})
	return c.invited(), nil
}

func deleteChatUser(c *call, q *tg.MessagesDeleteChatUser) (tg.UpdatesClass, error) {
	g, err := c.findChat(q.ChatID)
	if err != nil {
		return nil, err
	}
	u, err := c.findUser(q.UserID)
	switch {
	case err != nil:
		return nil, err
	case g.members.find(u.id) == nil:
		return nil, refusal(400, "USER_NOT_PARTICIPANT")
	case u != c.user && g.creator != c.user.id && g.members.find(u.id).inviter != c.user.id:
		return nil, errAdminRequired
	}
	// Whoever leaves still gets the message that says so.
	c.post(&message{from: c.user.id, to: g.key(), action: &tg.MessageActionChatDeleteUser{UserID: u.id}})
	g.members = g.members.without(u.id)
	g.version++
	c.tellMembers(g)
	return c.updates(c.user), nil
}

func editChatTitle(c *call, q *tg.MessagesEditChatTitle) (tg.UpdatesClass, error) {
	g, err := c.findChat(q.ChatID)
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
		return nil, refusal(400, "CHAT_NOT_MODIFIED")
	}
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
	full := &tg.ChatFull{ID: g.id}
	var seen refs
	seen.add(g.key())
	if g.members.find(c.user.id) == nil {
		full.Participants = &tg.ChatParticipantsForbidden{ChatID: g.id}
	} else {
		full.Participants = participantsObject(g)
		for _, one := range g.members {
			seen.add(one.user.key())
		}
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

// channelFull is what channels.getFullChannel tells of a channel.
func (c *call) channelFull(ch *channel) *tg.ChannelFull {
	full := &tg.ChannelFull{
		ID: ch.id, About: ch.about, Pts: int32(ch.box.pts),
		CanViewParticipants: !ch.broadcast || ch.creator == c.user.id,
		ParticipantsCount:   tl.Some(int32(len(ch.members))),
		ChatPhoto:           &tg.PhotoEmpty{},
	}
	if d := c.user.dialogs[ch.key()]; d != nil {
		full.ReadInboxMaxID, full.ReadOutboxMaxID = d.readInbox, d.readOutbox
		full.UnreadCount = int32(c.world().unread(c.user, d))
	}
	return full
}
