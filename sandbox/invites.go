package sandbox

import (
	"encoding/base64"
	"slices"
	"strings"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(exportChatInvite)
	register(getExportedChatInvites)
	register(getExportedChatInvite)
	register(editExportedChatInvite)
	register(deleteExportedChatInvite)
	register(checkChatInvite)
	register(importChatInvite)
	register(getChatInviteImporters)
}

// inviteLink is how invitations begin.
const inviteLink = "https://t.me/+"

// maxImporters is how many of who came by an invitation one call returns.
const maxImporters = 100

// An invite is a link that leads into a group or channel.
type invite struct {
	hash      string
	peer      peerKey
	admin     *user
	date      int32
	title     string
	expires   int32 // 0: never
	limit     int32 // how many may come, 0: any
	came      []importer
	approve   bool
	permanent bool
	revoked   bool
}

// An importer came in by a link.
type importer struct {
	user     *user
	date     int32
	approved int64 // by whom
}

var (
	errHashInvalid = refusal(400, "INVITE_HASH_INVALID")
	errHashExpired = refusal(400, "INVITE_HASH_EXPIRED")
	errRequestSent = refusal(400, "INVITE_REQUEST_SENT")
)

func (w *world) newInvite(p peerKey, admin *user) *invite {
	var raw [12]byte
	w.random(raw[:])
	i := &invite{hash: base64.RawURLEncoding.EncodeToString(raw[:]), peer: p, admin: admin, date: w.unix()}
	g := w.group(p)
	g.invites = append(g.invites, i)
	w.invites[i.hash] = i
	return i
}

func (i *invite) object(requested int) *tg.ChatInviteExported {
	out := &tg.ChatInviteExported{
		Revoked: i.revoked, Permanent: i.permanent, RequestNeeded: i.approve, Link: inviteLink + i.hash,
		AdminID: i.admin.id, Date: i.date, Title: text(i.title),
	}
	if i.expires != 0 {
		out.ExpireDate = tl.Some(i.expires)
	}
	if i.limit != 0 {
		out.UsageLimit = tl.Some(i.limit)
	}
	if len(i.came) > 0 {
		out.Usage = tl.Some(int32(len(i.came)))
	}
	if requested > 0 {
		out.Requested = tl.Some(int32(requested))
	}
	return out
}

func (g *group) inviteObject(i *invite) *tg.ChatInviteExported {
	n := 0
	for _, r := range g.requests {
		if r.invite == i {
			n++
		}
	}
	return i.object(n)
}

// permanentInvite returns u's own link, nil without one.
func permanentInvite(g *group, u *user) tg.ExportedChatInviteClass {
	for _, i := range g.invites {
		if i.permanent && !i.revoked && i.admin == u {
			return g.inviteObject(i)
		}
	}
	return nil
}

// pending returns how many wait for an approval and who came last.
func pending(g *group) (tl.Optional[int32], []int64) {
	if len(g.requests) == 0 {
		return tl.Optional[int32]{}, nil
	}
	var recent []int64
	for _, r := range slices.Backward(g.requests[max(0, len(g.requests)-3):]) {
		recent = append(recent, r.user.id)
	}
	return tl.Some(int32(len(g.requests))), recent
}

func exportChatInvite(c *call, q *tg.MessagesExportChatInvite) (tg.ExportedChatInviteClass, error) {
	p, err := c.administered(q.Peer, actInvite)
	switch {
	case err != nil:
		return nil, err
	case q.ExpireDate.Set && q.ExpireDate.Value <= c.world().unix():
		return nil, refusal(400, "EXPIRE_DATE_INVALID")
	case q.UsageLimit.Or(0) < 0 || q.UsageLimit.Or(0) > 99_999 || q.RequestNeeded && q.UsageLimit.Or(0) > 0:
		return nil, refusal(400, "USAGE_LIMIT_INVALID")
	}
	w := c.world()
	if q.LegacyRevokePermanent {
		for _, i := range w.group(p).invites {
			if i.permanent && i.admin == c.user {
				i.revoked = true
			}
		}
	}
	i := w.newInvite(p, c.user)
	i.permanent = q.LegacyRevokePermanent
	i.title, i.expires, i.limit, i.approve = q.Title.Or(""), q.ExpireDate.Or(0), q.UsageLimit.Or(0), q.RequestNeeded
	return i.object(0), nil
}

// findInvite returns an invitation to p by its link.
func (c *call) findInvite(in tg.InputPeerClass, link string) (peerKey, *invite, error) {
	p, err := c.administered(in, actInvite)
	if err != nil {
		return p, nil, err
	}
	i := c.world().invites[link[strings.LastIndexAny(link, "/+")+1:]]
	switch {
	case i == nil || i.peer != p:
		return p, nil, errHashExpired
	case i.admin != c.user && c.world().group(p).creator != c.user.id:
		return p, nil, errAdminRequired
	}
	return p, i, nil
}

// getExportedChatInvites serves messages.getExportedChatInvites: the newest
// first.
func getExportedChatInvites(c *call, q *tg.MessagesGetExportedChatInvites) (*tg.MessagesExportedChatInvites, error) {
	p, err := c.administered(q.Peer, actInvite)
	if err != nil {
		return nil, err
	}
	admin, err := c.findUser(q.AdminID)
	switch {
	case err != nil:
		return nil, refusal(400, "ADMIN_ID_INVALID")
	case admin != c.user && c.world().group(p).creator != c.user.id:
		return nil, errAdminRequired
	}
	g := c.world().group(p)
	var all []*invite
	for _, i := range slices.Backward(g.invites) {
		if i.admin == admin && i.revoked == q.Revoked {
			all = append(all, i)
		}
	}
	count := len(all)
	if at := slices.IndexFunc(all, func(i *invite) bool { return inviteLink+i.hash == q.OffsetLink.Or("") }); at >= 0 {
		all = all[at+1:]
	}
	if limit := int(q.Limit); limit > 0 && limit < len(all) {
		all = all[:limit]
	}
	out := &tg.MessagesExportedChatInvites{Count: int32(count), Invites: []tg.ExportedChatInviteClass{}}
	for _, i := range all {
		out.Invites = append(out.Invites, g.inviteObject(i))
	}
	var seen refs
	seen.add(admin.key())
	out.Users = c.world().userObjects(c.user, &seen)
	return out, nil
}

func (c *call) inviteAnswer(p peerKey, i *invite) *tg.MessagesExportedChatInvite {
	var seen refs
	seen.add(i.admin.key())
	return &tg.MessagesExportedChatInvite{
		Invite: c.world().group(p).inviteObject(i), Users: c.world().userObjects(c.user, &seen),
	}
}

func getExportedChatInvite(c *call, q *tg.MessagesGetExportedChatInvite) (tg.MessagesExportedChatInviteClass, error) {
	p, i, err := c.findInvite(q.Peer, q.Link)
	if err != nil {
		return nil, err
	}
	return c.inviteAnswer(p, i), nil
}

func editExportedChatInvite(c *call, q *tg.MessagesEditExportedChatInvite) (tg.MessagesExportedChatInviteClass, error) {
	p, i, err := c.findInvite(q.Peer, q.Link)
	switch {
	case err != nil:
		return nil, err
	case i.revoked:
		return nil, errHashExpired
	case q.Revoked:
		i.revoked = true
		c.log(p, logInvites, &tg.ChannelAdminLogEventActionExportedInviteRevoke{Invite: i.object(0)})
		if !i.permanent {
			return c.inviteAnswer(p, i), nil
		}
		fresh := c.world().newInvite(p, i.admin)
		fresh.permanent = true
		old := c.inviteAnswer(p, i)
		return &tg.MessagesExportedChatInviteReplaced{Invite: old.Invite, NewInvite: fresh.object(0), Users: old.Users}, nil
	case i.permanent:
		return nil, refusal(400, "CHAT_INVITE_PERMANENT")
	}
	before := i.object(0)
	i.expires, i.limit = q.ExpireDate.Or(i.expires), q.UsageLimit.Or(i.limit)
	i.title, i.approve = q.Title.Or(i.title), q.RequestNeeded.Or(i.approve)
	c.log(p, logInvites, &tg.ChannelAdminLogEventActionExportedInviteEdit{PrevInvite: before, NewInvite: i.object(0)})
	return c.inviteAnswer(p, i), nil
}

// deleteExportedChatInvite serves messages.deleteExportedChatInvite: revoked
// ones alone can be deleted.
func deleteExportedChatInvite(c *call, q *tg.MessagesDeleteExportedChatInvite) (boolean, error) {
	p, i, err := c.findInvite(q.Peer, q.Link)
	switch {
	case err != nil:
		return false, err
	case !i.revoked:
		return false, refusal(400, "INVITE_REVOKED_MISSING")
	}
	g := c.world().group(p)
	g.invites = slices.DeleteFunc(g.invites, func(one *invite) bool { return one == i })
	delete(c.world().invites, i.hash)
	c.log(p, logInvites, &tg.ChannelAdminLogEventActionExportedInviteDelete{Invite: i.object(0)})
	return true, nil
}

// usable returns the invitation of a hash that the caller may come by.
func (c *call) usable(hash string) (*invite, error) {
	w := c.world()
	i := w.invites[hash]
	switch {
	case hash == "":
		return nil, refusal(400, "INVITE_HASH_EMPTY")
	case i == nil && !validHash(hash):
		return nil, errHashInvalid
	case i == nil, i.revoked, i.expires != 0 && i.expires <= w.unix(), i.limit != 0 && len(i.came) >= int(i.limit):
		return nil, errHashExpired
	case i.peer.kind == peerChannel && (w.channels[i.peer.id].deleted || w.ban(w.channels[i.peer.id], c.user).kicked()):
		return nil, errHashExpired
	case i.peer.kind == peerChat && (w.chats[i.peer.id].kicked[c.user.id] || w.chats[i.peer.id].migrated != nil):
		return nil, errHashExpired
	}
	return i, nil
}

// validHash tells whether s has the form of an invitation's hash.
func validHash(s string) bool {
	_, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(s) >= 10 && len(s) <= 64
}

func checkChatInvite(c *call, q *tg.MessagesCheckChatInvite) (tg.ChatInviteClass, error) {
	i, err := c.usable(q.Hash)
	if err != nil {
		return nil, err
	}
	w := c.world()
	if w.member(i.peer, c.user) != nil {
		var seen refs
		seen.add(i.peer)
		return &tg.ChatInviteAlready{Chat: w.chatObjects(c.user, &seen)[0]}, nil
	}
	g := w.group(i.peer)
	out := &tg.ChatInvite{Title: g.title, About: text(g.about), RequestNeeded: i.approve, Photo: w.wholePhoto(c.user, g.photo)}
	if i.peer.kind == peerChannel {
		ch := w.channels[i.peer.id]
		out.Channel, out.Broadcast, out.Megagroup, out.Public = true, ch.broadcast, !ch.broadcast, ch.username != ""
		out.ParticipantsCount = int32(len(ch.members))
		return out, nil
	}
	out.ParticipantsCount = int32(len(w.chats[i.peer.id].members))
	return out, nil
}

func importChatInvite(c *call, q *tg.MessagesImportChatInvite) (tg.MessagesChatInviteJoinResultClass, error) {
	i, err := c.usable(q.Hash)
	if err != nil {
		return nil, err
	}
	w := c.world()
	if w.member(i.peer, c.user) != nil {
		return nil, refusal(400, "USER_ALREADY_PARTICIPANT")
	}
	if i.approve {
		return nil, c.ask(i.peer, i)
	}
	if err := c.enter(i.peer, c.user, i.admin.id); err != nil {
		return nil, err
	}
	i.came = append(i.came, importer{user: c.user, date: w.unix()})
	c.log(i.peer, logJoin, &tg.ChannelAdminLogEventActionParticipantJoinByInvite{Invite: i.object(0)})
	if i.peer.kind == peerChat || !w.channels[i.peer.id].broadcast {
		c.post(&message{from: c.user.id, to: i.peer, action: &tg.MessageActionChatJoinedByLink{InviterID: i.admin.id}})
	}
	return &tg.MessagesChatInviteJoinResultOK{Updates: c.updates(c.user)}, nil
}

// enter makes u a member of a group or channel and tells everybody.
func (c *call) enter(p peerKey, u *user, inviter int64) error {
	changed := c.watch(p, u)
	err := c.bring(p, u, inviter)
	if err == nil {
		changed()
	}
	return err
}

// bring is enter without telling the bots.
func (c *call) bring(p peerKey, u *user, inviter int64) error {
	w := c.world()
	if p.kind == peerChannel {
		w.join(w.channels[p.id], u, inviter)
		c.tell(u, &tg.UpdateChannel{ChannelID: p.id}, p)
		return nil
	}
	g := w.chats[p.id]
	if len(g.members) >= maxChat {
		return refusal(400, "USERS_TOO_MUCH")
	}
	delete(g.kicked, u.id)
	g.members = append(g.members, &member{user: u, inviter: inviter, date: w.unix()})
	g.version++
	c.tellMembers(g)
	return nil
}

// getChatInviteImporters serves messages.getChatInviteImporters: who came by a
// link, or who asks to, the newest first.
func getChatInviteImporters(c *call, q *tg.MessagesGetChatInviteImporters) (*tg.MessagesChatInviteImporters, error) {
	p, err := c.administered(q.Peer, actInvite)
	if err != nil {
		return nil, err
	}
	g := c.world().group(p)
	var only *invite
	if q.Link.Set {
		if _, only, err = c.findInvite(q.Peer, q.Link.Value); err != nil {
			return nil, err
		}
	}
	var all []tg.ChatInviteImporter
	if q.Requested {
		for _, r := range g.requests {
			if (only == nil || r.invite == only) && matches(r.user, strings.ToLower(q.Q.Or(""))) {
				all = append(all, tg.ChatInviteImporter{Requested: true, UserID: r.user.id, Date: r.date, About: text(r.user.about)})
			}
		}
	} else if only != nil {
		for _, one := range only.came {
			importer := tg.ChatInviteImporter{UserID: one.user.id, Date: one.date}
			if one.approved != 0 {
				importer.ApprovedBy = tl.Some(one.approved)
			}
			all = append(all, importer)
		}
	}
	slices.Reverse(all)
	out := &tg.MessagesChatInviteImporters{Count: int32(len(all)), Importers: []tg.ChatInviteImporter{}}
	if offset, ok := q.OffsetUser.(*tg.InputUser); ok {
		at := slices.IndexFunc(all, func(i tg.ChatInviteImporter) bool { return i.UserID == offset.UserID })
		all = all[at+1:]
	}
	limit := int(q.Limit)
	if limit <= 0 || limit > maxImporters {
		limit = maxImporters
	}
	var seen refs
	for _, one := range all[:min(limit, len(all))] {
		out.Importers = append(out.Importers, one)
		seen.add(peerKey{peerUser, one.UserID})
	}
	out.Users = c.world().userObjects(c.user, &seen)
	return out, nil
}
