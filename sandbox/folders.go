package sandbox

import (
	"cmp"
	"slices"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getPinnedDialogs)
	register(toggleDialogPin)
	register(reorderPinnedDialogs)
	register(markDialogUnread)
	register(editPeerFolders)
	register(getDialogFilters)
	register(updateDialogFilter)
	register(updateDialogFiltersOrder)
}

// Limits of lists of dialogs.
const (
	archiveFolder = 1
	maxPinned     = 5 // in the main list; in the archive 100
	maxPinnedOld  = 100
	maxFilters    = 10
)

// archive returns the line that stands for the archive, nil if it is empty.
func (c *call) archive() *tg.DialogFolder {
	var archived []*dialog
	for _, d := range c.allDialogs() {
		if d.folder == archiveFolder {
			archived = append(archived, d)
		}
	}
	if len(archived) == 0 {
		return nil
	}
	out := &tg.DialogFolder{Folder: tg.Folder{ID: archiveFolder, Title: "Archived Chats"}, Peer: archived[0].peer.object()}
	if e := c.world().top(c.user, archived[0]); e != nil {
		out.TopMessage = e.id
	}
	for _, d := range archived {
		if n := c.world().unread(c.user, d); n > 0 {
			out.UnreadUnmutedPeersCount++
			out.UnreadUnmutedMessagesCount += int32(n)
		}
	}
	return out
}

// pinnedIn returns the dialogs that are pinned in a folder, in their order.
func (c *call) pinnedIn(folder int32) []*dialog {
	var out []*dialog
	for _, d := range c.user.dialogs {
		if d.pinned > 0 && d.folder == folder {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b *dialog) int { return cmp.Compare(a.pinned, b.pinned) })
	return out
}

func (c *call) pinInOrder(folder int32, list []*dialog) {
	for _, d := range c.pinnedIn(folder) {
		d.pinned = 0
	}
	for i, d := range list {
		d.pinned = i + 1
	}
}

func getPinnedDialogs(c *call, q *tg.MessagesGetPinnedDialogs) (*tg.MessagesPeerDialogs, error) {
	return c.peerDialogs(c.pinnedIn(q.FolderID)), nil
}

// findDialog returns a dialog that the caller names.
func (c *call) findDialog(in tg.InputDialogPeerClass) (*dialog, error) {
	peer, ok := in.(*tg.InputDialogPeer)
	if !ok {
		return nil, errPeerInvalid
	}
	p, err := c.findPeer(peer.Peer)
	if err != nil {
		return nil, err
	}
	d := c.user.dialogs[p]
	if d == nil || !c.world().listed(c.user, d) {
		return nil, refusal(400, "PEER_HISTORY_EMPTY")
	}
	return d, nil
}

func dialogPeer(p peerKey) tg.DialogPeerClass { return &tg.DialogPeer{Peer: p.object()} }

func toggleDialogPin(c *call, q *tg.MessagesToggleDialogPin) (boolean, error) {
	d, err := c.findDialog(q.Peer)
	if err != nil {
		return false, err
	}
	list := c.pinnedIn(d.folder)
	most := maxPinned
	if d.folder == archiveFolder {
		most = maxPinnedOld
	}
	switch {
	case q.Pinned == (d.pinned > 0):
		return true, nil
	case q.Pinned && len(list) >= most:
		return false, refusal(400, "PINNED_DIALOGS_TOO_MUCH")
	case q.Pinned:
		list = append([]*dialog{d}, list...)
	default:
		list = slices.DeleteFunc(list, func(one *dialog) bool { return one == d })
	}
	c.pinInOrder(d.folder, list)
	update := &tg.UpdateDialogPinned{Pinned: q.Pinned, Peer: dialogPeer(d.peer)}
	if d.folder != 0 {
		update.FolderID = tl.Some(d.folder)
	}
	c.tell(c.user, update, d.peer)
	return true, nil
}

func reorderPinnedDialogs(c *call, q *tg.MessagesReorderPinnedDialogs) (boolean, error) {
	var order []*dialog
	for _, in := range q.Order {
		d, err := c.findDialog(in)
		if err != nil {
			return false, err
		}
		if d.folder == q.FolderID && !slices.Contains(order, d) && (q.Force || d.pinned > 0) {
			order = append(order, d)
		}
	}
	if !q.Force {
		for _, d := range c.pinnedIn(q.FolderID) {
			if !slices.Contains(order, d) {
				order = append(order, d)
			}
		}
	}
	c.pinInOrder(q.FolderID, order)
	update := &tg.UpdatePinnedDialogs{Order: []tg.DialogPeerClass{}}
	if q.FolderID != 0 {
		update.FolderID = tl.Some(q.FolderID)
	}
	for _, d := range order {
		update.Order = append(update.Order, dialogPeer(d.peer))
		c.batch(c.user).seen.add(d.peer)
	}
	c.tell(c.user, update)
	return true, nil
}

func markDialogUnread(c *call, q *tg.MessagesMarkDialogUnread) (boolean, error) {
	d, err := c.findDialog(q.Peer)
	if err != nil {
		return false, err
	}
	d.marked = q.Unread
	c.tell(c.user, &tg.UpdateDialogUnreadMark{Unread: q.Unread, Peer: dialogPeer(d.peer)}, d.peer)
	return true, nil
}

// editPeerFolders serves folders.editPeerFolders, which archives dialogs. It
// is a step of the common pts.
func editPeerFolders(c *call, q *tg.FoldersEditPeerFolders) (tg.UpdatesClass, error) {
	var moved []*dialog
	for _, in := range q.FolderPeers {
		if in.FolderID != 0 && in.FolderID != archiveFolder {
			return nil, refusal(400, "FOLDER_ID_INVALID")
		}
		p, err := c.findPeer(in.Peer)
		if err != nil {
			return nil, err
		}
		moved = append(moved, c.user.dialog(p))
	}
	var list []tg.FolderPeer
	for i, d := range moved {
		d.folder, d.pinned = q.FolderPeers[i].FolderID, 0
		list = append(list, tg.FolderPeer{Peer: d.peer.object(), FolderID: d.folder})
		c.batch(c.user).seen.add(d.peer)
	}
	ev := event{kind: eventFolder, folders: list, count: 1}
	ev.pts = c.user.box.record(ev)
	c.tell(c.user, folderUpdate(ev))
	return c.updates(c.user), nil
}

func folderUpdate(ev event) tg.UpdateClass {
	return &tg.UpdateFolderPeers{FolderPeers: ev.folders, Pts: int32(ev.pts), PtsCount: int32(ev.count)}
}

func getDialogFilters(c *call, _ *tg.MessagesGetDialogFilters) (*tg.MessagesDialogFilters, error) {
	out := &tg.MessagesDialogFilters{Filters: []tg.DialogFilterClass{&tg.DialogFilterDefault{}}}
	for _, f := range c.user.filters {
		out.Filters = append(out.Filters, f)
	}
	return out, nil
}

func updateDialogFilter(c *call, q *tg.MessagesUpdateDialogFilter) (boolean, error) {
	i := slices.IndexFunc(c.user.filters, func(f *tg.DialogFilter) bool { return f.ID == q.ID })
	f, ok := q.Filter.(*tg.DialogFilter)
	switch {
	case q.ID < 2 || q.ID > 255: // https://core.telegram.org/api/folders
		return false, refusal(400, "FILTER_ID_INVALID")
	case q.Filter == nil && i >= 0:
		c.user.filters = slices.Delete(c.user.filters, i, i+1)
		c.tell(c.user, &tg.UpdateDialogFilter{ID: q.ID})
		return true, nil
	case !ok:
		return false, refusal(400, "FILTER_ID_INVALID")
	case f.Title.Text == "" || len(f.Title.Text) > 12*4:
		return false, refusal(400, "FILTER_TITLE_EMPTY")
	case i < 0 && len(c.user.filters) >= maxFilters:
		return false, refusal(400, "DIALOG_FILTERS_TOO_MUCH")
	case !f.Contacts && !f.NonContacts && !f.Groups && !f.Broadcasts && !f.Bots && len(f.IncludePeers) == 0 && len(f.PinnedPeers) == 0:
		return false, refusal(400, "FILTER_INCLUDE_EMPTY")
	}
	kept := *f
	kept.ID = q.ID
	if i >= 0 {
		c.user.filters[i] = &kept
	} else {
		c.user.filters = append(c.user.filters, &kept)
	}
	c.tell(c.user, &tg.UpdateDialogFilter{ID: q.ID, Filter: &kept})
	return true, nil
}

func updateDialogFiltersOrder(c *call, q *tg.MessagesUpdateDialogFiltersOrder) (boolean, error) {
	slices.SortStableFunc(c.user.filters, func(a, b *tg.DialogFilter) int {
		return cmp.Compare(uint(slices.Index(q.Order, a.ID)), uint(slices.Index(q.Order, b.ID)))
	})
	c.tell(c.user, &tg.UpdateDialogFilterOrder{Order: q.Order})
	return true, nil
}
