package account

import (
	"context"

	"godwit/bridge"
	"godwit/telegram"
	"godwit/telegram/flow"
	"godwit/tg"
	"godwit/tl"
)

// Groups returns the groups and channels in the account's list of conversations,
// those with the latest messages first. Before each page of that list is fetched,
// of a hundred conversations, admit is asked.
func (r *Runner) Groups(ctx context.Context, admit func(context.Context) error) ([]bridge.Group, error) {
	c, err := r.online()
	if err != nil {
		return nil, err
	}
	seen := &groupSpotter{Client: c, admit: admit, groups: make(map[bridge.Peer]bridge.Group)}
	list := []bridge.Group{}
	for d, err := range telegram.DialogsOf(telegram.WithPriority(ctx, flow.Bulk), seen, telegram.AllFolders) {
		if err != nil {
			return nil, r.refused(err)
		}
		// A basic group that has become a supergroup is listed as that alone.
		if g, ok := seen.groups[convertPeer(d.Raw.Peer)]; ok && g.MovedTo == (bridge.Peer{}) {
			list = append(list, g)
		}
	}
	return list, nil
}

// A groupSpotter is a client that notes the groups that it learns of.
type groupSpotter struct {
	*telegram.Client
	admit  func(context.Context) error
	groups map[bridge.Peer]bridge.Group
}

// Invoke is as that of the client.
func (s *groupSpotter) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	if err := s.admit(ctx); err != nil {
		return err
	}
	return s.Client.Invoke(ctx, req, decode)
}

// Learn is as that of the client.
func (s *groupSpotter) Learn(users []tg.UserClass, chats []tg.ChatClass) {
	for _, c := range chats {
		if g, ok := convertGroup(c); ok {
			s.groups[g.Peer] = g
		}
	}
	s.Client.Learn(users, chats)
}

// Group returns what there is to know of a group.
func (r *Runner) Group(ctx context.Context, p bridge.Peer) (*bridge.Group, error) {
	c, peer, err := r.at(p)
	if err != nil {
		return nil, err
	}
	var answer *tg.MessagesChatFull
	if channel := telegram.InputChannelOf(peer); channel != nil {
		answer, err = tg.Call(ctx, c, &tg.ChannelsGetFullChannel{Channel: channel})
	} else {
		answer, err = tg.Call(ctx, c, &tg.MessagesGetFullChat{ChatID: p.ID})
	}
	if err != nil {
		return nil, r.refused(err)
	}
	c.Learn(answer.Users, answer.Chats)
	for _, chat := range answer.Chats {
		if g, ok := convertGroup(chat); ok && g.Peer == p {
			addFull(&g, answer.FullChat)
			return &g, nil
		}
	}
	return nil, bridge.Errorf(bridge.CodeNotFound, "Telegram does not say what %s is.", p)
}

// convertGroup returns a group as a list shows it.
func convertGroup(c tg.ChatClass) (g bridge.Group, ok bool) {
	switch c := c.(type) {
	case *tg.Chat:
		g = bridge.Group{
			Peer: bridge.Peer{Kind: bridge.GroupPeer, ID: c.ID}, Kind: bridge.BasicGroup, Title: c.Title,
			Members: int(c.ParticipantsCount), Role: roleOf(c.Creator, c.AdminRights != nil, c.Left),
		}
		if to, moved := c.MigratedTo.(*tg.InputChannel); moved && to != nil {
			g.MovedTo = channelPeer(to.ChannelID)
		}
	case *tg.Channel:
		g = bridge.Group{
			Peer: channelPeer(c.ID), Kind: bridge.Supergroup, Title: c.Title, Username: username(c.Username, c.Usernames),
			Members: int(c.ParticipantsCount.Value), Role: roleOf(c.Creator, c.AdminRights != nil, c.Left),
		}
		switch {
		case c.Broadcast:
			g.Kind = bridge.BroadcastGroup
		case c.Forum:
			g.Kind = bridge.ForumGroup
		}
	case *tg.ChatForbidden:
		g = bridge.Group{Peer: bridge.Peer{Kind: bridge.GroupPeer, ID: c.ID}, Kind: bridge.ForbiddenGroup, Title: c.Title, Role: "banned"}
	case *tg.ChannelForbidden:
		g = bridge.Group{Peer: channelPeer(c.ID), Kind: bridge.ForbiddenGroup, Title: c.Title, Role: "banned"}
	default:
		return g, false
	}
	return g, true
}

func roleOf(creator, admin, left bool) string {
	switch {
	case creator:
		return "creator"
	case left:
		return "left"
	case admin:
		return "admin"
	}
	return "member"
}

// addFull adds what is told of one group alone.
func addFull(g *bridge.Group, full tg.ChatFullClass) {
	switch f := full.(type) {
	case *tg.ChatFull:
		g.About = f.About
		if list, ok := f.Participants.(*tg.ChatParticipants); ok {
			g.CanList, g.Members = true, len(list.Participants)
		}
	case *tg.ChannelFull:
		g.About, g.CanList, g.MembersHidden = f.About, f.CanViewParticipants, f.ParticipantsHidden
		if f.ParticipantsCount.Set {
			g.Members = int(f.ParticipantsCount.Value)
		}
	}
}
