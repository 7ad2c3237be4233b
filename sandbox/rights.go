package sandbox

import "godwit/tg"

// An act is something that takes a right.
type act uint8

const (
	actChangeInfo act = iota
	actInvite
	actPin
	actTopics
	// Administrators alone may do what follows.
	actPost
	actEdit
	actDelete
	actBan
	actAddAdmins
	actMembers // see members that are hidden, and the lists of who is banned
)

// granted tells whether an administrator's rights include an act.
func granted(r *tg.ChatAdminRights, a act) bool {
	switch a {
	case actChangeInfo:
		return r.ChangeInfo
	case actInvite:
		return r.InviteUsers
	case actPin:
		return r.PinMessages
	case actTopics:
		return r.ManageTopics
	case actPost:
		return r.PostMessages
	case actEdit:
		return r.EditMessages
	case actDelete:
		return r.DeleteMessages
	case actBan:
		return r.BanUsers
	case actAddAdmins:
		return r.AddAdmins
	}
	return a == actMembers
}

// denied tells whether an act is among what members may not do.
func denied(r *tg.ChatBannedRights, a act) bool {
	switch a {
	case actChangeInfo:
		return r.ChangeInfo
	case actInvite:
		return r.InviteUsers
	case actPin:
		return r.PinMessages
	case actTopics:
		return r.ManageTopics
	}
	return true
}

// may tells whether u may do something in a chat or channel.
func (w *world) may(u *user, p peerKey, a act) bool {
	if p.kind == peerUser {
		return a == actPin
	}
	m := w.member(p, u)
	g := w.group(p)
	switch {
	case m == nil:
		return false
	case g.creator == u.id:
		return true
	case m.admin != nil && granted(m.admin, a):
		return true
	case p.kind == peerChannel && w.channels[p.id].broadcast:
		return false
	}
	if p.kind == peerChannel {
		if b := w.ban(w.channels[p.id], u); b != nil && denied(&b.rights, a) {
			return false
		}
	}
	return !denied(&g.limits, a)
}

// isAdmin tells whether u is an administrator or the creator.
func (w *world) isAdmin(u *user, p peerKey) bool {
	m := w.member(p, u)
	return m != nil && (m.admin != nil || w.group(p).creator == u.id)
}

// needs refuses what the caller has no right to.
func (c *call) needs(p peerKey, a act) error {
	if !c.world().may(c.user, p, a) {
		return errAdminRequired
	}
	return nil
}

// A contentKind is a kind of thing that can be sent.
type contentKind uint8

const (
	contentText contentKind = iota
	contentPoll
	contentMedia
)

// mutes tells whether some limits forbid to send, and by which error.
func mutes(r *tg.ChatBannedRights, what contentKind) error {
	switch {
	case r.SendMessages:
		return errWriteForbidden
	case what == contentText && r.SendPlain:
		return refusal(403, "CHAT_SEND_PLAIN_FORBIDDEN")
	case what == contentPoll && r.SendPolls:
		return refusal(403, "CHAT_SEND_POLL_FORBIDDEN")
	case what == contentMedia && r.SendMedia:
		return refusal(403, "CHAT_SEND_MEDIA_FORBIDDEN")
	}
	return nil
}

// mayWrite tells whether the caller may send something to p.
func (c *call) mayWrite(p peerKey, what contentKind) error {
	w := c.world()
	switch p.kind {
	case peerUser:
		if w.now().Before(c.user.restricted) && p.id != c.user.id && !c.user.wroteFirst(p) {
			return refusal(400, "PEER_FLOOD")
		}
		return c.mayWriteTo(w.users[p.id])
	case peerChat:
		g := w.chats[p.id]
		switch {
		case g.migrated != nil:
			return errWriteForbidden
		case w.isAdmin(c.user, p):
			return nil
		}
		return mutes(&g.limits, what)
	}
	ch := w.channels[p.id]
	m := ch.members[c.user.id]
	switch {
	case c.mayRead(ch) != nil:
		return errChannelPrivate
	case m == nil && !ch.open(), ch.broadcast && !w.may(c.user, p, actPost):
		return errWriteForbidden
	case w.isAdmin(c.user, p):
		return nil
	}
	if b := w.ban(ch, c.user); b != nil && mutes(&b.rights, what) != nil {
		return refusal(400, "USER_BANNED_IN_CHANNEL")
	}
	if err := mutes(&ch.limits, what); err != nil {
		return err
	}
	if m == nil {
		return nil
	}
	if wait := m.active + ch.slow - w.unix(); ch.slow > 0 && m.active > 0 && wait > 0 {
		return wait420("SLOWMODE_WAIT", int(wait))
	}
	return nil
}

// open reports whether people write without being members: they comment on the
// posts of a channel (https://core.telegram.org/api/discussion).
func (ch *channel) open() bool { return ch.linked != nil && !ch.broadcast }

func (c *call) mayWriteTo(to *user) error {
	if c.user.blocks(to) && !c.user.isBot() {
		return refusal(400, "YOU_BLOCKED_USER")
	}
	if !c.user.isBot() || to == c.user {
		return nil
	}
	if to.deleted {
		return refusal(400, "INPUT_USER_DEACTIVATED")
	}
	if to.blocks(c.user) {
		return refusal(400, "USER_IS_BLOCKED")
	}
	if to.isBot() {
		return refusal(400, "USER_IS_BOT")
	}
	if d := c.user.dialogs[to.key()]; d == nil || len(d.ids) == 0 {
		return errPeerInvalid // a bot cannot begin a conversation
	}
	return nil
}

// adminRights are those of a creator.
func adminRights() *tg.ChatAdminRights {
	return &tg.ChatAdminRights{
		ChangeInfo: true, PostMessages: true, EditMessages: true, DeleteMessages: true, BanUsers: true,
		InviteUsers: true, PinMessages: true, AddAdmins: true, ManageCall: true, Other: true, ManageTopics: true,
	}
}

// chatAdminRights are those of every administrator of a basic group.
func chatAdminRights() *tg.ChatAdminRights {
	return &tg.ChatAdminRights{
		ChangeInfo: true, DeleteMessages: true, BanUsers: true, InviteUsers: true, PinMessages: true,
		ManageCall: true, Other: true,
	}
}

// forever is the date of what does not end.
const forever = 1<<31 - 1

// groupLimits are what members of a new supergroup may not do.
func groupLimits() tg.ChatBannedRights {
	return tg.ChatBannedRights{ChangeInfo: true, PinMessages: true, UntilDate: forever}
}
