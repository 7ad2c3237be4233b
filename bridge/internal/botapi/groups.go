package botapi

import (
	"context"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"godwit/bridge"
)

// Group returns what there is to know of a group or channel that the bot is in.
func (r *Runner) Group(ctx context.Context, p bridge.Peer) (*bridge.Group, error) {
	b, t, err := r.client()
	if err != nil {
		return nil, err
	}
	chat, err := b.GetChat(ctx, &bot.GetChatParams{ChatID: chatOf(p)})
	if err != nil {
		return nil, r.failed(t.redacted(err), "getChat")
	}
	n, err := b.GetChatMemberCount(ctx, &bot.GetChatMemberCountParams{ChatID: chatOf(p)})
	if err != nil {
		return nil, r.failed(t.redacted(err), "getChatMemberCount")
	}
	me, err := b.GetChatMember(ctx, &bot.GetChatMemberParams{ChatID: chatOf(p), UserID: r.account.UserID})
	if err != nil {
		return nil, r.failed(t.redacted(err), "getChatMember")
	}
	g := &bridge.Group{
		Peer: p, Title: chat.Title, Username: chat.Username, Members: n, About: chat.Description,
		MembersHidden: chat.HasHiddenMembers, Kind: groupKinds[chat.Type], Role: roles[me.Type],
	}
	if chat.IsForum {
		g.Kind = bridge.ForumGroup
	}
	return g, nil
}

var groupKinds = map[models.ChatType]bridge.GroupKind{
	models.ChatTypeGroup: bridge.BasicGroup, models.ChatTypeSupergroup: bridge.Supergroup, models.ChatTypeChannel: bridge.BroadcastGroup,
}

var roles = map[models.ChatMemberType]string{
	models.ChatMemberTypeOwner: "creator", models.ChatMemberTypeAdministrator: "admin", models.ChatMemberTypeMember: "member",
	models.ChatMemberTypeRestricted: "member", models.ChatMemberTypeLeft: "left", models.ChatMemberTypeBanned: "banned",
}
