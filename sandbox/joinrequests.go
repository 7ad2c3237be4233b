package sandbox

import (
	"slices"

	"godwit/tg"
)

func init() {
	register(hideChatJoinRequest)
	register(hideAllChatJoinRequests)
}

// A joinRequest waits for an approval.
type joinRequest struct {
	user   *user
	date   int32
	invite *invite // nil: by the public username
}

// ask enters a request of the caller to join, and tells the administrators.
func (c *call) ask(p peerKey, i *invite) error {
	w := c.world()
	g := w.group(p)
	if !slices.ContainsFunc(g.requests, func(r *joinRequest) bool { return r.user == c.user }) {
		g.requests = append(g.requests, &joinRequest{user: c.user, date: w.unix(), invite: i})
		c.requestsChanged(p)
		c.announce() // the answer is an error
	}
	return errRequestSent
}

func (c *call) requestsChanged(p peerKey) {
	w := c.world()
	n, recent := pending(w.group(p))
	for u := range w.audience(p) {
		if w.isAdmin(u, p) && w.may(u, p, actInvite) {
			c.tell(u, &tg.UpdatePendingJoinRequests{Peer: p.object(), RequestsPending: n.Or(0), RecentRequesters: recent}, p)
			c.batch(u).seen.users(recent)
		}
	}
}

func hideChatJoinRequest(c *call, q *tg.MessagesHideChatJoinRequest) (tg.UpdatesClass, error) {
	p, err := c.administered(q.Peer, actInvite)
	if err != nil {
		return nil, err
	}
	u, err := c.findUser(q.UserID)
	if err != nil {
		return nil, err
	}
	g := c.world().group(p)
	i := slices.IndexFunc(g.requests, func(r *joinRequest) bool { return r.user == u })
	if i < 0 {
		return nil, refusal(400, "HIDE_REQUESTER_MISSING")
	}
	if err := c.decide(p, g.requests[i], q.Approved); err != nil {
		return nil, err
	}
	c.requestsChanged(p)
	return c.updates(c.user), nil
}

// decide answers a request to join.
func (c *call) decide(p peerKey, r *joinRequest, approved bool) error {
	w := c.world()
	if approved {
		if err := c.enter(p, r.user, c.user.id); err != nil {
			return err
		}
		w.member(p, r.user).asked = true
		invite := tg.ExportedChatInviteClass(&tg.ChatInvitePublicJoinRequests{})
		if r.invite != nil {
			invite = r.invite.object(0)
		}
		action := &tg.ChannelAdminLogEventActionParticipantJoinByRequest{Invite: invite, ApprovedBy: c.user.id}
		event := adminEvent{by: r.user, kind: logJoin, action: func(*user) tg.ChannelAdminLogEventActionClass { return action }}
		event.seen.add(c.user.key())
		c.record(p, event)
		if r.invite != nil {
			r.invite.came = append(r.invite.came, importer{r.user, w.unix(), c.user.id})
		}
		if p.kind == peerChat || !w.channels[p.id].broadcast {
			c.post(&message{from: r.user.id, to: p, action: &tg.MessageActionChatJoinedByRequest{}})
		}
	}
	g := w.group(p)
	g.requests = slices.DeleteFunc(g.requests, func(one *joinRequest) bool { return one == r })
	return nil
}

func hideAllChatJoinRequests(c *call, q *tg.MessagesHideAllChatJoinRequests) (tg.UpdatesClass, error) {
	p, err := c.administered(q.Peer, actInvite)
	if err != nil {
		return nil, err
	}
	var only *invite
	if q.Link.Set {
		if _, only, err = c.findInvite(q.Peer, q.Link.Value); err != nil {
			return nil, err
		}
	}
	for _, r := range slices.Clone(c.world().group(p).requests) {
		if only == nil || r.invite == only {
			if err := c.decide(p, r, q.Approved); err != nil {
				return nil, err
			}
		}
	}
	c.requestsChanged(p)
	return c.updates(c.user), nil
}
