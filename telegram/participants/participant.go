package participants

import (
	"context"
	"time"

	"godwit/telegram"
	"godwit/tg"
)

// A Role is what somebody is in a group.
type Role int

// The roles.
const (
	Member     Role = iota
	Admin           // has AdminRights
	Creator         //
	Restricted      // in the group, or not, with Limits
	Out             // may not come back, by Limits
	Left            //
)

var roleNames = [...]string{"member", "admin", "creator", "restricted", "kicked", "left"}

// String returns the role as people call it.
func (r Role) String() string {
	if r < 0 || int(r) >= len(roleNames) {
		return "unknown"
	}
	return roleNames[r]
}

// A Participant is somebody in a group, or who was.
type Participant struct {
	Peer   telegram.PeerID // a user; who is banned can be a channel
	User   *tg.User        // nil if Telegram did not send it along
	Role   Role
	Joined time.Time // zero where that is not told; of who is banned, since when
	By     int64     // user id of who has invited, promoted or banned; 0: not told
	Title  string    // of an administrator
	Bot    bool

	AdminRights *tg.ChatAdminRights  // of administrators and the creator, else nil
	Limits      *tg.ChatBannedRights // of who is restricted or out, else nil
}

// participantOf reads a participant of a supergroup or channel (R-PT-09).
func participantOf(raw tg.ChannelParticipantClass, users map[int64]*tg.User) Participant {
	var p Participant
	id := int64(0)
	date := int32(0)
	switch r := raw.(type) {
	case *tg.ChannelParticipant:
		id, date, p.Title = r.UserID, r.Date, r.Rank.Or("")
	case *tg.ChannelParticipantSelf:
		id, date, p.By, p.Title = r.UserID, r.Date, r.InviterID, r.Rank.Or("")
	case *tg.ChannelParticipantCreator:
		id, p.Role, p.Title, p.AdminRights = r.UserID, Creator, r.Rank.Or(""), &r.AdminRights
	case *tg.ChannelParticipantAdmin:
		id, date, p.Role, p.By, p.Title, p.AdminRights = r.UserID, r.Date, Admin, r.PromotedBy, r.Rank.Or(""), &r.AdminRights
	case *tg.ChannelParticipantBanned:
		p.Peer, date, p.By, p.Limits, p.Role = telegram.IDOf(r.Peer), r.Date, r.KickedBy, &r.BannedRights, Restricted
		if r.BannedRights.ViewMessages {
			p.Role = Out
		}
	case *tg.ChannelParticipantLeft:
		p.Peer, p.Role = telegram.IDOf(r.Peer), Left
	}
	if id != 0 {
		p.Peer = telegram.PeerID{Kind: telegram.PeerUser, ID: id}
	}
	if date != 0 {
		p.Joined = time.Unix(int64(date), 0)
	}
	p.named(users)
	return p
}

// named adds the user.
func (p *Participant) named(users map[int64]*tg.User) {
	if p.Peer.Kind == telegram.PeerUser {
		p.User = users[p.Peer.ID]
	}
	if p.User != nil {
		p.Bot = p.User.Bot
	}
}

// Get returns one participant of a supergroup or channel. Somebody who is not
// in it is a *mtproto.RPCError for which errors.Is(err,
// tg.ErrUserNotParticipant) holds (R-PT-13).
func Get(ctx context.Context, api telegram.API, peer, user tg.InputPeerClass) (Participant, error) {
	channel := telegram.InputChannelOf(peer)
	if channel == nil {
		return Participant{}, ErrBasicKind
	}
	answer, err := tg.Call(ctx, api, &tg.ChannelsGetParticipant{Channel: channel, Participant: user})
	if err != nil {
		return Participant{}, err
	}
	api.Learn(answer.Users, answer.Chats)
	return participantOf(answer.Participant, usersOf(answer.Users)), nil
}

func usersOf(list []tg.UserClass) map[int64]*tg.User {
	users := make(map[int64]*tg.User, len(list))
	for _, u := range list {
		if u, ok := u.(*tg.User); ok {
			users[u.ID] = u
		}
	}
	return users
}
