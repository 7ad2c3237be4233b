package sandbox

import (
	"cmp"
	"slices"

	"godwit/tg"
)

func init() {
	register(block)
	register(unblock)
	register(getBlocked)
}

// block serves contacts.block: who is blocked cannot write any more. Bots are
// told.
func block(c *call, q *tg.ContactsBlock) (boolean, error) { return c.setBlocked(q.ID, true) }

// unblock serves contacts.unblock.
func unblock(c *call, q *tg.ContactsUnblock) (boolean, error) { return c.setBlocked(q.ID, false) }

func (c *call) setBlocked(in tg.InputPeerClass, on bool) (boolean, error) {
	p, err := c.findPeer(in)
	switch {
	case err != nil:
		return false, err
	case p.kind != peerUser || p.id == c.user.id:
		return false, errPeerInvalid
	}
	u, w := c.world().users[p.id], c.world()
	if _, already := c.user.blocked[u.id]; already == on {
		return true, nil
	}
	if on {
		if c.user.blocked == nil {
			c.user.blocked = make(map[int64]int32)
		}
		c.user.blocked[u.id] = w.unix()
	} else {
		delete(c.user.blocked, u.id)
	}
	c.tell(c.user, &tg.UpdatePeerBlocked{Blocked: on, PeerID: p.object()}, p)
	if u.isBot() {
		c.tellBot(u, &tg.UpdateBotStopped{UserID: c.user.id, Date: w.unix(), Stopped: on}, c.user.key())
	}
	return true, nil
}

// getBlocked serves contacts.getBlocked, the newest first.
func getBlocked(c *call, q *tg.ContactsGetBlocked) (tg.ContactsBlockedClass, error) {
	var all []tg.PeerBlocked
	for id, since := range c.user.blocked {
		all = append(all, tg.PeerBlocked{PeerID: peerKey{peerUser, id}.object(), Date: since})
	}
	slices.SortFunc(all, func(a, b tg.PeerBlocked) int {
		return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(encodingOf(a.PeerID), encodingOf(b.PeerID)))
	})
	from := min(max(0, int(q.Offset)), len(all))
	out := &tg.ContactsBlockedSlice{
		Count: int32(len(all)), Blocked: all[from:min(len(all), from+int(max(0, min(q.Limit, maxPage))))],
	}
	var seen refs
	for _, one := range out.Blocked {
		seen.peer(one.PeerID)
	}
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}

// blocks tells whether u has blocked another user.
func (u *user) blocks(other *user) bool {
	_, yes := u.blocked[other.id]
	return yes
}
