package sandbox

import (
	"cmp"
	"slices"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getDialogs)
	register(getPeerDialogs)
	register(getPeerSettings)
}

// top returns the newest message of a dialog, nil if it has none.
func (w *world) top(u *user, d *dialog) *entry {
	if d.peer.kind == peerChannel {
		ch := w.channels[d.peer.id]
		if n := len(ch.ids); n > 0 && ch.ids[n-1] > d.from {
			return ch.box.get(ch.ids[n-1])
		}
		return nil
	}
	if len(d.ids) == 0 {
		return nil
	}
	return u.box.get(d.ids[len(d.ids)-1])
}

// listed tells whether a dialog is in its owner's list.
func (w *world) listed(u *user, d *dialog) bool {
	if d.peer.kind == peerChannel && w.channels[d.peer.id].members[u.id] == nil {
		return false
	}
	return w.top(u, d) != nil
}

func (w *world) dialogObject(u *user, d *dialog) *tg.Dialog {
	out := &tg.Dialog{
		Peer:            d.peer.object(),
		ReadInboxMaxID:  d.readInbox,
		ReadOutboxMaxID: d.readOutbox,
		UnreadCount:     int32(w.unread(u, d)),
		Pinned:          d.pinned > 0,
		UnreadMark:      d.marked,

		UnreadMentionsCount:  int32(len(d.unheard)),
		UnreadReactionsCount: int32(len(d.unseen)),
	}
	if draft := d.drafts[0]; draft != nil {
		out.Draft = draft
	}
	if d.folder != 0 {
		out.FolderID = tl.Some(d.folder)
	}
	if e := w.top(u, d); e != nil {
		out.TopMessage = e.id
	}
	if d.peer.kind == peerChannel {
		out.Pts = tl.Some(int32(w.channels[d.peer.id].box.pts))
	}
	return out
}

// A dialogList is dialogs with what they mention.
type dialogList struct {
	dialogs  []tg.DialogClass
	messages []tg.MessageClass
	chats    []tg.ChatClass
	users    []tg.UserClass
}

func (c *call) dialogList(dialogs []*dialog) dialogList {
	w := c.world()
	out := dialogList{dialogs: []tg.DialogClass{}, messages: []tg.MessageClass{}}
	var seen refs
	for _, d := range dialogs {
		out.dialogs = append(out.dialogs, w.dialogObject(c.user, d))
		seen.add(d.peer)
		if e := w.top(c.user, d); e != nil {
			_, owner := c.boxOf(d.peer)
			seen.entry(e)
			out.messages = append(out.messages, w.messageObject(c.user, owner, e))
		}
	}
	out.chats, out.users = w.chatObjects(c.user, &seen), w.userObjects(c.user, &seen)
	return out
}

// allDialogs returns the caller's dialogs, the one with the newest message
// first.
func (c *call) allDialogs() []*dialog {
	w := c.world()
	var all []*dialog
	for _, d := range c.user.dialogs {
		if w.listed(c.user, d) {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b *dialog) int { return w.before(c.user, a, b) })
	return all
}

// before says which of two dialogs comes first: pinned ones, then the one
// with the newest message.
func (w *world) before(u *user, a, b *dialog) int {
	if a.pinned != 0 || b.pinned != 0 {
		place := func(d *dialog) int {
			if d.pinned == 0 {
				return 1 << 30
			}
			return d.pinned
		}
		if order := cmp.Compare(place(a), place(b)); order != 0 {
			return order
		}
	}
	return newer(w.top(u, a), w.top(u, b))
}

func newer(a, b *entry) int {
	return cmp.Or(cmp.Compare(b.date, a.date), cmp.Compare(b.id, a.id), cmp.Compare(b.peer.id, a.peer.id))
}

// getDialogs serves messages.getDialogs. Without a folder, those of all
// folders are listed.
func getDialogs(c *call, q *tg.MessagesGetDialogs) (tg.MessagesDialogsClass, error) {
	all := slices.DeleteFunc(c.allDialogs(), func(d *dialog) bool {
		return q.FolderID.Set && d.folder != q.FolderID.Value || q.ExcludePinned && d.pinned > 0
	})
	count := len(all)
	part := all
	if q.OffsetDate != 0 {
		part = all[c.dialogsBefore(all, q):]
	}
	limit := int(q.Limit)
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	part = part[:min(limit, len(part))]
	list := c.dialogList(part)
	if q.FolderID.Set && q.FolderID.Value == 0 && q.OffsetDate == 0 {
		if folder := c.archive(); folder != nil {
			list.dialogs = append([]tg.DialogClass{folder}, list.dialogs...)
		}
	}
	if len(part) == count {
		return &tg.MessagesDialogs{Dialogs: list.dialogs, Messages: list.messages, Chats: list.chats, Users: list.users}, nil
	}
	return &tg.MessagesDialogsSlice{
		Count: int32(count), Dialogs: list.dialogs, Messages: list.messages, Chats: list.chats, Users: list.users,
	}, nil
}

// dialogsBefore returns how many dialogs come before the offset of q: up to
// the peer that it names, else all that are not older than its date.
func (c *call) dialogsBefore(all []*dialog, q *tg.MessagesGetDialogs) int {
	if p, err := c.findPeer(q.OffsetPeer); err == nil {
		for i, d := range all {
			if d.peer == p {
				return i + 1
			}
		}
	}
	for i, d := range all {
		top := c.world().top(c.user, d)
		if top.date < q.OffsetDate || top.date == q.OffsetDate && top.id < q.OffsetID {
			return i
		}
	}
	return len(all)
}

func (c *call) peerDialogs(dialogs []*dialog) *tg.MessagesPeerDialogs {
	list := c.dialogList(dialogs)
	return &tg.MessagesPeerDialogs{
		Dialogs: list.dialogs, Messages: list.messages, Chats: list.chats, Users: list.users, State: *c.state(),
	}
}

func getPeerDialogs(c *call, q *tg.MessagesGetPeerDialogs) (*tg.MessagesPeerDialogs, error) {
	var found []*dialog
	for _, in := range q.Peers {
		in, ok := in.(*tg.InputDialogPeer)
		if !ok {
			continue
		}
		p, err := c.findPeer(in.Peer)
		if err != nil {
			return nil, err
		}
		d := c.user.dialogs[p]
		if d == nil {
			d = &dialog{peer: p}
		}
		found = append(found, d)
	}
	return c.peerDialogs(found), nil
}

func getPeerSettings(c *call, q *tg.MessagesGetPeerSettings) (*tg.MessagesPeerSettings, error) {
	p, err := c.findPeer(q.Peer)
	if err != nil {
		return nil, err
	}
	var seen refs
	seen.add(p)
	return &tg.MessagesPeerSettings{
		Users: c.world().userObjects(c.user, &seen), Chats: c.world().chatObjects(c.user, &seen),
	}, nil
}
