package botapi

import (
	"godwit/tg"
)

// A member is somebody in a chat, in whatever form the sandbox tells of it.
type member struct {
	user    int64
	chat    tg.ChatParticipantClass
	channel tg.ChannelParticipantClass // both are nil for who has left
}

// memberObject returns what somebody is in a chat.
func (b *bot) memberObject(p *place, m member) any {
	who := b.userObject(m.user)
	switch in := m.chat.(type) {
	case *tg.ChatParticipantCreator:
		return creator(who, in.Rank.Or(""))
	case *tg.ChatParticipantAdmin:
		return &adminMember{User: who, Status: "administrator", adminRights: rightsOf(p, groupRights()), CustomTitle: in.Rank.Or("")}
	case *tg.ChatParticipant:
		return &chatMember{User: who, Status: "member"}
	}
	switch in := m.channel.(type) {
	case *tg.ChannelParticipantCreator:
		return creator(who, in.Rank.Or(""))
	case *tg.ChannelParticipantAdmin:
		return &adminMember{
			User: who, Status: "administrator", CanBeEdited: in.CanEdit, adminRights: rightsOf(p, &in.AdminRights),
			CustomTitle: in.Rank.Or(""),
		}
	case *tg.ChannelParticipantBanned:
		until := in.BannedRights.UntilDate
		if until == 1<<31-1 {
			until = 0 // for ever
		}
		if in.BannedRights.ViewMessages {
			return &chatMember{User: who, Status: "kicked", UntilDate: &until}
		}
		return &restrictedMember{
			User: who, Status: "restricted", UntilDate: until, permissions: *permissionsOf(&in.BannedRights), IsMember: !in.Left,
		}
	case *tg.ChannelParticipant, *tg.ChannelParticipantSelf:
		return &chatMember{User: who, Status: "member"}
	}
	return &chatMember{User: who, Status: "left"}
}

func creator(who *user, title string) *chatMember {
	no := false
	return &chatMember{User: who, Status: "creator", CustomTitle: title, IsAnonymous: &no}
}

// groupRights are those of every administrator of a basic group.
func groupRights() *tg.ChatAdminRights {
	return &tg.ChatAdminRights{
		ChangeInfo: true, DeleteMessages: true, BanUsers: true, InviteUsers: true, PinMessages: true, ManageCall: true, Other: true,
	}
}

// rightsOf returns rights with the fields that there are in chats of the kind.
func rightsOf(p *place, r *tg.ChatAdminRights) adminRights {
	out := adminRights{
		ManageChat: true, ChangeInfo: r.ChangeInfo, DeleteMessages: r.DeleteMessages, InviteUsers: r.InviteUsers,
		Restrict: r.BanUsers, Promote: r.AddAdmins, VideoChats: r.ManageCall, VoiceChats: r.ManageCall,
		PostStories: r.PostStories, EditStories: r.EditStories, DeleteStories: r.DeleteStories, Anonymous: r.Anonymous,
	}
	if p.channel != nil && p.channel.Broadcast {
		out.PostMessages, out.EditMessages, out.DirectMessages = &r.PostMessages, &r.EditMessages, &r.ManageDirectMessages
		return out
	}
	out.PinMessages, out.ManageTags = &r.PinMessages, &r.ManageRanks
	if p.channel != nil {
		out.ManageTopics = &r.ManageTopics
	}
	return out
}

// groupMembers returns the members of a basic group.
func (q *request) groupMembers(p *place) ([]member, error) {
	got, err := call(q, q.b, &tg.MessagesGetFullChat{ChatID: -p.id})
	if err != nil {
		return nil, err
	}
	q.b.learn(got.Users, got.Chats)
	full, ok := got.FullChat.(*tg.ChatFull)
	if !ok {
		return nil, errChatNotFound
	}
	list, ok := full.Participants.(*tg.ChatParticipants)
	if !ok {
		return nil, bad("CHAT_ADMIN_REQUIRED")
	}
	var out []member
	for _, one := range list.Participants {
		m := member{chat: one}
		switch one := one.(type) {
		case *tg.ChatParticipant:
			m.user = one.UserID
		case *tg.ChatParticipantAdmin:
			m.user = one.UserID
		case *tg.ChatParticipantCreator:
			m.user = one.UserID
		}
		out = append(out, m)
	}
	return out, nil
}

// getChatMember serves getChatMember.
func getChatMember(q *request) (any, error) {
	id, err := q.userID()
	if err != nil {
		return nil, err
	}
	need := toReadMembers
	if id == q.b.id {
		need = toRead
	}
	p, err := q.place("chat_id", need)
	if err != nil {
		return nil, err
	}
	found, err := call(q, q.b, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUser{UserID: id}}})
	if err != nil {
		return nil, err
	}
	q.b.learn(found, nil)
	if q.b.user(id) == nil {
		return nil, bad("user not found")
	}
	m := member{user: id}
	switch {
	case p.user != nil:
		if id == p.id || id == q.b.id {
			m.chat = &tg.ChatParticipant{UserID: id}
		}
	case p.group != nil:
		all, err := q.groupMembers(p)
		if err != nil {
			return nil, err
		}
		for _, one := range all {
			if one.user == id {
				m = one
			}
		}
	default:
		got, err := call(q, q.b, &tg.ChannelsGetParticipant{Channel: channelOf(p.id), Participant: &tg.InputPeerUser{UserID: id}})
		if err != nil && !is(err, "USER_NOT_PARTICIPANT") {
			return nil, err
		}
		if err == nil {
			q.b.learn(got.Users, got.Chats)
			m.channel = got.Participant
		}
	}
	return q.b.memberObject(p, m), nil
}

// getChatAdministrators serves getChatAdministrators: all but other bots.
func getChatAdministrators(q *request) (any, error) {
	p, err := q.place("chat_id", toReadMembers)
	if err != nil {
		return nil, err
	}
	var all []member
	switch {
	case p.user != nil:
		return nil, bad("there are no administrators in the private chat")
	case p.group != nil:
		if all, err = q.groupMembers(p); err != nil {
			return nil, err
		}
	default:
		if all, err = q.channelAdmins(p); err != nil {
			return nil, err
		}
	}
	out := []any{}
	for _, m := range all {
		if _, plain := m.chat.(*tg.ChatParticipant); plain {
			continue
		}
		if u := q.b.user(m.user); u != nil && u.Bot && m.user != q.b.id {
			continue
		}
		out = append(out, q.b.memberObject(p, m))
	}
	return out, nil
}

func (q *request) channelAdmins(p *place) ([]member, error) {
	got, err := call(q, q.b, &tg.ChannelsGetParticipants{
		Channel: channelOf(p.id), Filter: &tg.ChannelParticipantsAdmins{}, Limit: 100,
	})
	if is(err, "CHAT_ADMIN_REQUIRED") {
		return nil, bad("member list is inaccessible")
	}
	if err != nil {
		return nil, err
	}
	list, ok := got.(*tg.ChannelsChannelParticipants)
	if !ok {
		return nil, bad("member list is inaccessible")
	}
	q.b.learn(list.Users, list.Chats)
	var out []member
	for _, one := range list.Participants {
		out = append(out, member{participantID(one), nil, one})
	}
	return out, nil
}

func participantID(in tg.ChannelParticipantClass) int64 {
	switch in := in.(type) {
	case *tg.ChannelParticipant:
		return in.UserID
	case *tg.ChannelParticipantSelf:
		return in.UserID
	case *tg.ChannelParticipantAdmin:
		return in.UserID
	case *tg.ChannelParticipantCreator:
		return in.UserID
	case *tg.ChannelParticipantBanned:
		return chatIDOfPeer(in.Peer)
	}
	return 0
}

// getChatMemberCount serves getChatMemberCount.
func getChatMemberCount(q *request) (any, error) {
	p, err := q.place("chat_id", toReadMembers)
	switch {
	case err != nil:
		return nil, err
	case p.user != nil && p.id == q.b.id:
		return 1, nil
	case p.user != nil:
		return 2, nil
	case p.group != nil:
		return p.group.ParticipantsCount, nil
	}
	got, err := call(q, q.b, &tg.ChannelsGetFullChannel{Channel: channelOf(p.id)})
	if err != nil {
		return nil, err
	}
	full, ok := got.FullChat.(*tg.ChannelFull)
	if !ok {
		return nil, errChatNotFound
	}
	return full.ParticipantsCount.Or(0), nil
}

// leaveChat serves leaveChat. The bot is told of it as of others' doing.
func leaveChat(q *request) (any, error) {
	p, err := q.place("chat_id", toRead)
	if err != nil {
		return nil, err
	}
	var u tg.UpdatesClass
	switch {
	case p.user != nil:
		return nil, bad("can't leave private chats")
	case p.group != nil:
		u, err = call(q, q.b, &tg.MessagesDeleteChatUser{ChatID: -p.id, UserID: &tg.InputUserSelf{}})
	default:
		u, err = call(q, q.b, &tg.ChannelsLeaveChannel{Channel: channelOf(p.id)})
	}
	if is(err, "USER_NOT_PARTICIPANT") || is(err, "CHAT_ID_INVALID") {
		return true, nil // it is not there any more
	}
	if err != nil {
		return nil, err
	}
	q.b.push(u)
	return true, nil
}
