package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"godwit/mtproto"
	"godwit/telegram"
	"godwit/telegram/flow"
	"godwit/tg"
)

// find returns the peer that an argument names.
func (a *account) find(ctx context.Context, who string) (tg.InputPeerClass, error) {
	peer, _, err := a.Resolve(ctx, who)
	if err != nil {
		return nil, told(who, err)
	}
	return peer, nil
}

// told says what an error means for somebody at a terminal, and what to do.
func told(what string, err error) error {
	advice := map[error]string{
		tg.ErrUsernameNotOccupied:    "nobody has this username",
		tg.ErrUsernameInvalid:        "this cannot be a username",
		tg.ErrPhoneNotOccupied:       "nobody to be found has this phone number",
		tg.ErrInviteHashExpired:      "the invitation has expired or was revoked; ask for another one",
		tg.ErrInviteHashInvalid:      "this is no invitation; the link may be cut short",
		tg.ErrInviteRequestSent:      "the request to join was sent; an administrator has to approve it",
		tg.ErrUserAlreadyParticipant: "this account is a member already",
		tg.ErrUserNotParticipant:     "this account is not a member",
		tg.ErrUserBannedInChannel:    "this account is banned there, or may not write",
		tg.ErrUserCreator:            "the creator cannot leave; the group can be given away or deleted",
		tg.ErrChatWriteForbidden:     "this account may not write there",
		tg.ErrChatAdminRequired:      "that takes an administrator",
		tg.ErrChannelPrivate:         "it is private, and this account is not a member or was banned",
		tg.ErrPeerIDInvalid:          "this account does not know it, or is not in it any more",
		tg.ErrMessageIDInvalid:       "there is no such message",
		tg.ErrReplyMessageIDInvalid:  "there is no such message to reply to",
		tg.ErrMessageEmpty:           "a message needs a text",
		tg.ErrMessageTooLong:         "the text is too long for one message",
		tg.ErrMediaCaptionTooLong:    "the caption is too long",
		tg.ErrImageProcessFailed:     "that is not a picture that Telegram can read; without --photo it goes as a file",
		tg.ErrPhotoInvalidDimensions: "the picture is too large, or too long for its width; without --photo it goes as a file",
		telegram.ErrNotJoined:        `this account is not a member; "godwit join" comes first`,
	}
	var kind *telegram.AccessError
	if errors.As(err, &kind) {
		return fmt.Errorf("%s: %w; sign in as the other kind of account, with other --credentials", what, err)
	}
	var wait *flow.WaitError
	if errors.As(err, &wait) {
		return fmt.Errorf("%s: Telegram wants this not before %s: %w", what, wait.Wait.Until.Format(time.DateTime), err)
	}
	for known, text := range advice {
		if errors.Is(err, known) {
			return fmt.Errorf("%s: %s: %w", what, text, err)
		}
	}
	var unknown *telegram.UnknownPeerError
	if errors.As(err, &unknown) {
		return fmt.Errorf(`%s: %w; "godwit chats" makes the account's conversations known`, what, err)
	}
	var rpc *mtproto.RPCError
	if errors.As(err, &rpc) {
		return fmt.Errorf("%s: Telegram refuses: %w", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
