// Package groups makes and runs groups, supergroups, forums and channels: who
// is in, who may do what, invitations and topics.
//
// Start with [Create], or with [Join] by a username, link or invitation. The
// functions take a [telegram.API], mostly a *telegram.Client, and name a group
// by its peer: a basic group by a *tg.InputPeerChat, the others by a
// *tg.InputPeerChannel. Telegram has different methods for the two; these
// functions choose. What only one of them has fails for the other with
// [ErrBasic] or [ErrNotBasic] before anything is sent; [Migrate] makes a
// supergroup of a basic group.
//
// Who is in a group is in package godwit/telegram/participants.
//
// Numbers such as R-PT-16 are those of docs/requirements.md.
package groups

import (
	"context"
	"errors"
	"fmt"
	"time"

	"godwit/telegram"
	"godwit/tg"
)

var (
	// ErrBasic says that basic groups have nothing of the kind.
	ErrBasic = errors.New("groups: basic groups cannot do this; make a supergroup of it first")
	// ErrNotBasic says that only basic groups have something of the kind.
	ErrNotBasic = errors.New("groups: this is no basic group")
	// ErrNoUser says that a peer is no user where one is wanted.
	ErrNoUser = errors.New("groups: the peer is no user")
)

// A Kind is what can be made.
type Kind int

// The kinds. Forum is a supergroup with topics, Channel one where
// administrators alone write.
const (
	Supergroup Kind = iota
	Basic
	Forum
	Channel
)

// New is what is to be made.
type New struct {
	Kind  Kind
	Title string
	About string // not of a basic group
	// Users are who is in from the start. A basic group needs one.
	Users []tg.InputUserClass
}

// Created is what has been made.
type Created struct {
	Peer tg.InputPeerClass
	// Missing are users who could not be added, by their own settings. They can be
	// sent an invitation.
	Missing []tg.MissingInvitee
}

// Create makes a group or channel. If it is made but its users cannot be added,
// Created names it beside the error.
func Create(ctx context.Context, api telegram.API, n New) (Created, error) {
	if n.Kind == Basic {
		answer, err := tg.Call(ctx, api, &tg.MessagesCreateChat{Users: n.Users, Title: n.Title})
		if err != nil {
			return Created{}, err
		}
		peer, err := first(api, answer.Updates)
		return Created{peer, answer.MissingInvitees}, err
	}
	answer, err := tg.Call(ctx, api, &tg.ChannelsCreateChannel{
		Broadcast: n.Kind == Channel, Megagroup: n.Kind != Channel, Forum: n.Kind == Forum, Title: n.Title, About: n.About,
	})
	if err != nil {
		return Created{}, err
	}
	peer, err := first(api, answer)
	if err != nil || len(n.Users) == 0 {
		return Created{Peer: peer}, err
	}
	missing, err := Add(ctx, api, peer, n.Users...)
	return Created{peer, missing}, err
}

// learn remembers whom updates mention, and returns the chats among them.
func learn(api telegram.API, answer tg.UpdatesClass) []tg.ChatClass {
	switch u := answer.(type) {
	case *tg.Updates:
		api.Learn(u.Users, u.Chats)
		return u.Chats
	case *tg.UpdatesCombined:
		api.Learn(u.Users, u.Chats)
		return u.Chats
	}
	return nil
}

// listed returns the updates of an answer.
func listed(answer tg.UpdatesClass) []tg.UpdateClass {
	switch u := answer.(type) {
	case *tg.Updates:
		return u.Updates
	case *tg.UpdatesCombined:
		return u.Updates
	case *tg.UpdateShort:
		return []tg.UpdateClass{u.Update}
	}
	return nil
}

// first returns the group that an answer is about.
func first(api telegram.API, answer tg.UpdatesClass) (tg.InputPeerClass, error) {
	for _, c := range learn(api, answer) {
		if peer := telegram.PeerOfChat(c); peer != nil {
			return api.InputPeer(peer)
		}
	}
	return nil, errors.New("groups: the answer names no group")
}

// update makes a request that is answered with updates alone.
func update(ctx context.Context, api telegram.API, request tg.Method[tg.UpdatesClass]) error {
	answer, err := tg.Call(ctx, api, request)
	learn(api, answer)
	return err
}

// chatID returns the id of a basic group; ok is false for other peers.
func chatID(peer tg.InputPeerClass) (id int64, ok bool) {
	c, ok := peer.(*tg.InputPeerChat)
	if !ok {
		return 0, false
	}
	return c.ChatID, true
}

// channel returns how requests name a group that is no basic one.
func channel(peer tg.InputPeerClass) (tg.InputChannelClass, error) {
	if c := telegram.InputChannelOf(peer); c != nil {
		return c, nil
	}
	return nil, ErrBasic
}

// Join makes the account a member of the group or channel that a text names:
// @name, a link, or an invitation (see [telegram.ParseReference]). Where
// administrators have to approve, the error is one for which errors.Is(err,
// tg.ErrInviteRequestSent) holds: the request has been made then.
func Join(ctx context.Context, c *telegram.Client, text string) (tg.InputPeerClass, error) {
	r, err := telegram.ParseReference(text)
	if err != nil {
		return nil, err
	}
	if r.Invite != "" {
		answer, err := tg.Call(ctx, c, &tg.MessagesImportChatInvite{Hash: r.Invite})
		if err != nil {
			return nil, err
		}
		return joined(c, answer)
	}
	peer, err := c.ResolveReference(ctx, r)
	if err != nil {
		return nil, err
	}
	in := telegram.InputChannelOf(peer)
	if in == nil {
		return nil, fmt.Errorf("groups: %s is no group or channel that can be joined", text)
	}
	answer, err := tg.Call(ctx, c, &tg.ChannelsJoinChannel{Channel: in})
	if err != nil {
		return nil, err
	}
	if _, err := joined(c, answer); err != nil {
		return nil, err
	}
	return peer, nil
}

// ErrWebView says that joining takes a page in a browser that the group's
// owner has put before it.
var ErrWebView = errors.New("groups: joining takes a web page, which only a person can go through")

func joined(api telegram.API, answer tg.MessagesChatInviteJoinResultClass) (tg.InputPeerClass, error) {
	ok, is := answer.(*tg.MessagesChatInviteJoinResultOK)
	if !is {
		return nil, ErrWebView
	}
	return first(api, ok.Updates)
}

// Leave ends the account's membership.
func Leave(ctx context.Context, api telegram.API, peer tg.InputPeerClass) error {
	if id, ok := chatID(peer); ok {
		return update(ctx, api, &tg.MessagesDeleteChatUser{ChatID: id, UserID: &tg.InputUserSelf{}})
	}
	in, err := channel(peer)
	if err != nil {
		return err
	}
	return update(ctx, api, &tg.ChannelsLeaveChannel{Channel: in})
}

// Delete deletes a group or channel for everybody. Its creator alone can.
func Delete(ctx context.Context, api telegram.API, peer tg.InputPeerClass) error {
	if id, ok := chatID(peer); ok {
		_, err := tg.Call(ctx, api, &tg.MessagesDeleteChat{ChatID: id})
		return err
	}
	in, err := channel(peer)
	if err != nil {
		return err
	}
	return update(ctx, api, &tg.ChannelsDeleteChannel{Channel: in})
}

// Migrate makes a supergroup of a basic group and returns it. What was written
// before stays in the basic group, which nobody can write to any more
// (R-PT-16).
func Migrate(ctx context.Context, api telegram.API, peer tg.InputPeerClass) (tg.InputPeerClass, error) {
	id, ok := chatID(peer)
	if !ok {
		return nil, ErrNotBasic
	}
	answer, err := tg.Call(ctx, api, &tg.MessagesMigrateChat{ChatID: id})
	if err != nil {
		return nil, err
	}
	for _, c := range learn(api, answer) {
		if c, ok := c.(*tg.Channel); ok {
			return api.InputPeer(&tg.PeerChannel{ChannelID: c.ID})
		}
	}
	return nil, errors.New("groups: the answer names no supergroup")
}

// until returns a time as a ban carries it: 0, which is for ever, if it is zero.
func until(t time.Time) int32 {
	if t.IsZero() {
		return 0
	}
	return int32(t.Unix())
}
