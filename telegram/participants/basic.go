package participants

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"godwit/telegram"
	"godwit/tg"
)

// basic lists a basic group, which comes in one piece (R-PT-14). It returns the
// supergroup that the group has become, nil if it has become none.
func (l *List) basic(ctx context.Context, id int64, one func(Participant) bool, turn func() bool) (tg.InputPeerClass, error) {
	answer, err := tg.Call(ctx, l.api, &tg.MessagesGetFullChat{ChatID: id})
	if err != nil {
		return nil, err
	}
	l.api.Learn(answer.Users, answer.Chats)
	for _, c := range answer.Chats {
		if c, ok := c.(*tg.Chat); ok && c.ID == id {
			if to, ok := c.MigratedTo.(*tg.InputChannel); ok {
				return &tg.InputPeerChannel{ChannelID: to.ChannelID, AccessHash: to.AccessHash}, nil
			}
		}
	}
	full, ok := answer.FullChat.(*tg.ChatFull)
	if !ok {
		return nil, errors.New("participants: the answer of messages.getFullChat is about something else")
	}
	list, ok := full.Participants.(*tg.ChatParticipants)
	if !ok {
		return nil, ErrForbidden
	}
	if l.options.Kind == Kicked || l.options.Kind == Banned {
		return nil, ErrBasicKind
	}
	users := usersOf(answer.Users)
	var chosen []Participant
	for _, raw := range list.Participants {
		if p := basicParticipant(raw, users); l.options.selects(&p) {
			chosen = append(chosen, p)
		}
	}
	l.report.Total = len(chosen)
	for _, p := range chosen[min(l.report.Offset, len(chosen)):] {
		l.report.Offset++
		if l.seen[p.Peer] {
			continue
		}
		l.report.Seen++
		if !one(p) {
			return nil, nil
		}
	}
	l.conclude()
	turn()
	return nil, nil
}

// selects tells whether a member of a basic group is wanted.
func (o *Options) selects(p *Participant) bool {
	switch o.Kind {
	case Admins:
		return p.Role == Admin || p.Role == Creator
	case Bots:
		return p.Bot
	case Contacts:
		return p.User != nil && p.User.Contact && o.named(p.User)
	case Search, Mentions:
		return p.User != nil && o.named(p.User)
	}
	return true
}

// named tells whether a name of a user begins with the query.
func (o *Options) named(u *tg.User) bool {
	first, last := u.FirstName.Or(""), u.LastName.Or("")
	return slices.ContainsFunc([]string{first, last, first + " " + last, u.Username.Or("")}, func(name string) bool {
		return len(name) >= len(o.Query) && strings.EqualFold(name[:len(o.Query)], o.Query)
	})
}

func basicParticipant(raw tg.ChatParticipantClass, users map[int64]*tg.User) Participant {
	var p Participant
	date := int32(0)
	switch r := raw.(type) {
	case *tg.ChatParticipant:
		p.Peer.ID, p.By, p.Title, date = r.UserID, r.InviterID, r.Rank.Or(""), r.Date
	case *tg.ChatParticipantAdmin:
		p.Peer.ID, p.By, p.Title, date, p.Role = r.UserID, r.InviterID, r.Rank.Or(""), r.Date, Admin
	case *tg.ChatParticipantCreator:
		p.Peer.ID, p.Title, p.Role = r.UserID, r.Rank.Or(""), Creator
	}
	p.Peer.Kind = telegram.PeerUser
	if date != 0 {
		p.Joined = time.Unix(int64(date), 0)
	}
	p.named(users)
	return p
}

// A Roster keeps the members of a basic group as updates change them
// (R-PT-15).
type Roster struct {
	chat    int64
	version int32
	members []tg.ChatParticipantClass
}

// NewRoster returns a Roster that begins with a list as messages.getFullChat
// returns it.
func NewRoster(list *tg.ChatParticipants) *Roster {
	return &Roster{chat: list.ChatID, version: list.Version, members: slices.Clone(list.Participants)}
}

// Members returns who is in the group.
func (r *Roster) Members() []Participant {
	out := make([]Participant, len(r.members))
	for i, raw := range r.members {
		out[i] = basicParticipant(raw, nil)
	}
	return out
}

// Apply takes an update in. It returns false if one before it was missed, or
// the account has lost its view of the group: the list has to be fetched again
// then. Updates of other groups, and such as are known already, change nothing.
func (r *Roster) Apply(u tg.UpdateClass) bool {
	switch u := u.(type) {
	case *tg.UpdateChatParticipants:
		return r.replace(u.Participants)
	case *tg.UpdateChatParticipantAdd:
		return r.step(u.ChatID, u.Version, func() {
			r.drop(u.UserID)
			r.members = append(r.members, &tg.ChatParticipant{UserID: u.UserID, InviterID: u.InviterID, Date: u.Date})
		})
	case *tg.UpdateChatParticipantDelete:
		return r.step(u.ChatID, u.Version, func() { r.drop(u.UserID) })
	case *tg.UpdateChatParticipantAdmin:
		return r.step(u.ChatID, u.Version, func() { r.promote(u.UserID, u.IsAdmin) })
	}
	return true
}

func (r *Roster) replace(to tg.ChatParticipantsClass) bool {
	switch to := to.(type) {
	case *tg.ChatParticipants:
		if to.ChatID == r.chat && to.Version >= r.version {
			*r = *NewRoster(to)
		}
	case *tg.ChatParticipantsForbidden:
		return to.ChatID != r.chat
	}
	return true
}

// step applies a change if it is the next one.
func (r *Roster) step(chat int64, version int32, change func()) bool {
	switch {
	case chat != r.chat || version <= r.version:
		return true
	case version != r.version+1:
		return false
	}
	r.version = version
	change()
	return true
}

func (r *Roster) drop(user int64) {
	r.members = slices.DeleteFunc(r.members, func(m tg.ChatParticipantClass) bool {
		return basicParticipant(m, nil).Peer.ID == user
	})
}

func (r *Roster) promote(user int64, admin bool) {
	for i, m := range r.members {
		p := basicParticipant(m, nil)
		if p.Peer.ID != user || p.Role == Creator {
			continue
		}
		date := int32(p.Joined.Unix())
		if admin {
			r.members[i] = &tg.ChatParticipantAdmin{UserID: user, InviterID: p.By, Date: date}
		} else {
			r.members[i] = &tg.ChatParticipant{UserID: user, InviterID: p.By, Date: date}
		}
	}
}
