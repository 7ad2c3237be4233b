package groups

import (
	"context"
	"errors"
	"iter"
	"time"

	"godwit/telegram"
	"godwit/tg"
	"godwit/tl"
)

// maxPage is how many invitations, members who came by one or topics are
// fetched at once.
const maxPage = 100

// An Invite is an invitation: a link that leads into a group or channel.
type Invite struct {
	Link     string
	Title    string // seen by administrators alone
	Admin    int64  // user id of who made it
	Expires  time.Time
	Limit    int // how many may come by it; 0: any
	Used     int // how many have
	Approval bool
	Requests int // that wait for an approval
	Revoked  bool
}

func inviteOf(in tg.ExportedChatInviteClass) Invite {
	i, ok := in.(*tg.ChatInviteExported)
	if !ok {
		return Invite{}
	}
	out := Invite{
		Link: i.Link, Title: i.Title.Or(""), Admin: i.AdminID, Limit: int(i.UsageLimit.Or(0)), Used: int(i.Usage.Or(0)),
		Approval: i.RequestNeeded, Requests: int(i.Requested.Or(0)), Revoked: i.Revoked,
	}
	if i.ExpireDate.Set {
		out.Expires = time.Unix(int64(i.ExpireDate.Value), 0)
	}
	return out
}

// NewInvite is what an invitation is to be like. The zero NewInvite lets
// anybody in, for ever.
type NewInvite struct {
	Title    string
	Expires  time.Time
	Limit    int  // how many may come by it; 0: any
	Approval bool // administrators have to approve; not together with Limit
}

// CreateInvite makes an invitation.
func CreateInvite(ctx context.Context, api telegram.API, peer tg.InputPeerClass, n NewInvite) (Invite, error) {
	request := &tg.MessagesExportChatInvite{RequestNeeded: n.Approval, Peer: peer}
	if n.Title != "" {
		request.Title = tl.Some(n.Title)
	}
	if !n.Expires.IsZero() {
		request.ExpireDate = tl.Some(until(n.Expires))
	}
	if n.Limit != 0 {
		request.UsageLimit = tl.Some(int32(n.Limit))
	}
	answer, err := tg.Call(ctx, api, request)
	if err != nil {
		return Invite{}, err
	}
	return inviteOf(answer), nil
}

// RevokeInvite has nobody come by an invitation any more. Of an
// administrator's own permanent link it returns the one that replaces it, else
// the revoked one.
func RevokeInvite(ctx context.Context, api telegram.API, peer tg.InputPeerClass, link string) (Invite, error) {
	answer, err := tg.Call(ctx, api, &tg.MessagesEditExportedChatInvite{Revoked: true, Peer: peer, Link: link})
	if err != nil {
		return Invite{}, err
	}
	switch a := answer.(type) {
	case *tg.MessagesExportedChatInvite:
		api.Learn(a.Users, nil)
		return inviteOf(a.Invite), nil
	case *tg.MessagesExportedChatInviteReplaced:
		api.Learn(a.Users, nil)
		return inviteOf(a.NewInvite), nil
	}
	return Invite{}, errors.New("groups: the answer holds no invitation")
}

// DeleteInvite drops an invitation that was revoked from the list.
func DeleteInvite(ctx context.Context, api telegram.API, peer tg.InputPeerClass, link string) error {
	_, err := tg.Call(ctx, api, &tg.MessagesDeleteExportedChatInvite{Peer: peer, Link: link})
	return err
}

// Invites returns the invitations that an administrator has made, those that
// hold or those that were revoked, the newest first. An error ends the
// iteration.
func Invites(
	ctx context.Context, api telegram.API, peer tg.InputPeerClass, admin tg.InputUserClass, revoked bool,
) iter.Seq2[Invite, error] {
	return func(yield func(Invite, error) bool) {
		request := &tg.MessagesGetExportedChatInvites{Revoked: revoked, Peer: peer, AdminID: admin, Limit: maxPage}
		for {
			answer, err := tg.Call(ctx, api, request)
			if err != nil {
				yield(Invite{}, err)
				return
			}
			api.Learn(answer.Users, nil)
			for _, one := range answer.Invites {
				if !yield(inviteOf(one), nil) {
					return
				}
			}
			if len(answer.Invites) < maxPage {
				return
			}
			last, ok := answer.Invites[len(answer.Invites)-1].(*tg.ChatInviteExported)
			if !ok {
				return
			}
			request.OffsetDate, request.OffsetLink = tl.Some(last.Date), tl.Some(last.Link)
		}
	}
}

// An Arrival is somebody who came by an invitation, or asks to.
type Arrival struct {
	User     int64
	Date     time.Time
	About    string // of who asks
	Approved int64  // user id of who has approved it; 0: nobody had to
}

// Arrivals returns who came by an invitation, the newest first. An error ends
// the iteration.
func Arrivals(ctx context.Context, api telegram.API, peer tg.InputPeerClass, link string) iter.Seq2[Arrival, error] {
	return arrivals(ctx, api, &tg.MessagesGetChatInviteImporters{Peer: peer, Link: tl.Some(link)})
}

// Requests returns who asks to join and waits for an approval, the newest
// first. An error ends the iteration.
func Requests(ctx context.Context, api telegram.API, peer tg.InputPeerClass) iter.Seq2[Arrival, error] {
	return arrivals(ctx, api, &tg.MessagesGetChatInviteImporters{Requested: true, Peer: peer})
}

func arrivals(ctx context.Context, api telegram.API, request *tg.MessagesGetChatInviteImporters) iter.Seq2[Arrival, error] {
	return func(yield func(Arrival, error) bool) {
		request.Limit, request.OffsetUser = maxPage, &tg.InputUserEmpty{}
		for {
			answer, err := tg.Call(ctx, api, request)
			if err != nil {
				yield(Arrival{}, err)
				return
			}
			api.Learn(answer.Users, nil)
			for _, one := range answer.Importers {
				a := Arrival{one.UserID, time.Unix(int64(one.Date), 0), one.About.Or(""), one.ApprovedBy.Or(0)}
				if !yield(a, nil) {
					return
				}
			}
			if len(answer.Importers) < maxPage {
				return
			}
			last := answer.Importers[len(answer.Importers)-1]
			peer, err := api.InputPeer(&tg.PeerUser{UserID: last.UserID})
			if err != nil {
				yield(Arrival{}, err)
				return
			}
			request.OffsetDate, request.OffsetUser = last.Date, telegram.InputUserOf(peer)
		}
	}
}

// Decide answers the request of a user to join.
func Decide(ctx context.Context, api telegram.API, peer, user tg.InputPeerClass, approve bool) error {
	in := telegram.InputUserOf(user)
	if in == nil {
		return ErrNoUser
	}
	return update(ctx, api, &tg.MessagesHideChatJoinRequest{Approved: approve, Peer: peer, UserID: in})
}

// DecideAll answers all requests to join.
func DecideAll(ctx context.Context, api telegram.API, peer tg.InputPeerClass, approve bool) error {
	return update(ctx, api, &tg.MessagesHideAllChatJoinRequests{Approved: approve, Peer: peer})
}
