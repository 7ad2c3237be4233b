package groups

import (
	"context"
	"slices"
	"time"

	"godwit/telegram"
	"godwit/tg"
	"godwit/tl"
)

// maxAdd is how many users one request adds to a supergroup.
const maxAdd = 100

// Add makes users members. It returns those who could not be added, by their
// own settings; they can be sent an invitation.
func Add(ctx context.Context, api telegram.API, peer tg.InputPeerClass, users ...tg.InputUserClass) ([]tg.MissingInvitee, error) {
	var missing []tg.MissingInvitee
	if id, ok := chatID(peer); ok {
		for _, u := range users {
			answer, err := tg.Call(ctx, api, &tg.MessagesAddChatUser{ChatID: id, UserID: u, FwdLimit: 100})
			if err != nil {
				return missing, err
			}
			learn(api, answer.Updates)
			missing = append(missing, answer.MissingInvitees...)
		}
		return missing, nil
	}
	in, err := channel(peer)
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(users, maxAdd) {
		answer, err := tg.Call(ctx, api, &tg.ChannelsInviteToChannel{Channel: in, Users: part})
		if err != nil {
			return missing, err
		}
		learn(api, answer.Updates)
		missing = append(missing, answer.MissingInvitees...)
	}
	return missing, nil
}

// Kick removes a member, who may come again.
func Kick(ctx context.Context, api telegram.API, peer, member tg.InputPeerClass) error {
	if id, ok := chatID(peer); ok {
		user := telegram.InputUserOf(member)
		if user == nil {
			return ErrNoUser
		}
		return update(ctx, api, &tg.MessagesDeleteChatUser{ChatID: id, UserID: user})
	}
	// https://core.telegram.org/api/rights: a ban that is taken back at once.
	if err := Ban(ctx, api, peer, member, time.Time{}); err != nil {
		return err
	}
	return Restrict(ctx, api, peer, member, tg.ChatBannedRights{}, time.Time{})
}

// Ban removes a member, who may not come again before a time; zero: ever.
func Ban(ctx context.Context, api telegram.API, peer, member tg.InputPeerClass, before time.Time) error {
	return Restrict(ctx, api, peer, member, tg.ChatBannedRights{
		ViewMessages: true, SendMessages: true, SendMedia: true, SendStickers: true, SendGIFs: true, SendGames: true,
		SendInline: true, EmbedLinks: true,
	}, before)
}

// Restrict has a member not do what the rights say, before a time; zero: ever.
// The zero rights end every restriction and ban.
func Restrict(
	ctx context.Context, api telegram.API, peer, member tg.InputPeerClass, not tg.ChatBannedRights, before time.Time,
) error {
	in, err := channel(peer)
	if err != nil {
		return err
	}
	not.UntilDate = until(before)
	return update(ctx, api, &tg.ChannelsEditBanned{Channel: in, Participant: member, BannedRights: not})
}

// RestrictAll has all members who are no administrators not do what the rights
// say.
func RestrictAll(ctx context.Context, api telegram.API, peer tg.InputPeerClass, not tg.ChatBannedRights) error {
	return update(ctx, api, &tg.MessagesEditChatDefaultBannedRights{Peer: peer, BannedRights: not})
}

// Promote makes a member an administrator with some rights and a title, which
// may be empty. Administrators of basic groups have all rights and no title.
func Promote(ctx context.Context, api telegram.API, peer, member tg.InputPeerClass, rights tg.ChatAdminRights, title string) error {
	return setAdmin(ctx, api, peer, member, rights, title, true)
}

// Demote makes an administrator an ordinary member.
func Demote(ctx context.Context, api telegram.API, peer, member tg.InputPeerClass) error {
	return setAdmin(ctx, api, peer, member, tg.ChatAdminRights{}, "", false)
}

func setAdmin(
	ctx context.Context, api telegram.API, peer, member tg.InputPeerClass, rights tg.ChatAdminRights, title string, admin bool,
) error {
	user := telegram.InputUserOf(member)
	if user == nil {
		return ErrNoUser
	}
	if id, ok := chatID(peer); ok {
		_, err := tg.Call(ctx, api, &tg.MessagesEditChatAdmin{ChatID: id, UserID: user, IsAdmin: admin})
		return err
	}
	in, err := channel(peer)
	if err != nil {
		return err
	}
	request := &tg.ChannelsEditAdmin{Channel: in, UserID: user, AdminRights: rights}
	if title != "" {
		request.Rank = tl.Some(title)
	}
	return update(ctx, api, request)
}
