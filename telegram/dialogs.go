package telegram

import (
	"context"
	"iter"
	"strings"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// A Dialog is a conversation in the account's list.
type Dialog struct {
	Peer     tg.InputPeerClass
	Title    string          // of a group or channel, or the name of a person
	Unread   int             // messages that have not been read
	Mentions int             // messages that mention the account and have not been seen
	Reacted  int             // messages of the account with reactions that it has not seen
	Pinned   bool            // at the top of the list
	Archived bool            // in the archive
	Last     tg.MessageClass // the newest message; nil where there is none
	Raw      *tg.Dialog
}

// A Folder is a part of the list of dialogs that Telegram keeps apart. Filters,
// which clients show as folders too, are something else: see
// [Client.DialogFilters].
type Folder int

// The folders.
const (
	MainList Folder = iota
	Archive
	AllFolders
)

// Dialogs returns the account's conversations, pinned ones first, then the one
// with the newest message, as far as they are not archived. It fetches them
// as the iteration goes on, up to 100 at a time. An error ends the iteration.
func (c *Client) Dialogs(ctx context.Context) iter.Seq2[Dialog, error] {
	return c.DialogsIn(ctx, MainList)
}

// DialogsIn is Dialogs for another folder.
func (c *Client) DialogsIn(ctx context.Context, folder Folder) iter.Seq2[Dialog, error] {
	return func(yield func(Dialog, error) bool) {
		for d, err := range DialogsOf(ctx, c, folder) {
			if err == nil {
				c.noteChannel(d.Raw)
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// DialogsOf is [Client.DialogsIn] over any API.
func DialogsOf(ctx context.Context, api API, folder Folder) iter.Seq2[Dialog, error] {
	return func(yield func(Dialog, error) bool) {
		seen := make(map[PeerID]bool)
		request := &tg.MessagesGetDialogs{OffsetPeer: &tg.InputPeerEmpty{}, Limit: maxPage}
		if folder != AllFolders {
			request.FolderID = tl.Some(int32(folder))
		}
		for {
			page, more, err := dialogPage(ctx, api, request)
			if err != nil {
				yield(Dialog{}, err)
				return
			}
			fresh := false
			for _, d := range page {
				if key := IDOf(d.Raw.Peer); !seen[key] {
					seen[key], fresh = true, true
					if !yield(d, nil) {
						return
					}
				}
			}
			if !more || !fresh {
				return
			}
			end := page[len(page)-1]
			request.OffsetPeer, request.OffsetID, request.OffsetDate = end.Peer, end.Raw.TopMessage, messageDate(end.Last)
		}
	}
}

// dialogPage fetches some dialogs and reports whether there may be more.
func dialogPage(ctx context.Context, api API, request *tg.MessagesGetDialogs) ([]Dialog, bool, error) {
	answer, err := tg.Call(ctx, api, request)
	if err != nil {
		return nil, false, err
	}
	switch a := answer.(type) {
	case *tg.MessagesDialogs:
		return dialogs(api, a), false, nil
	case *tg.MessagesDialogsSlice:
		whole := &tg.MessagesDialogs{Dialogs: a.Dialogs, Messages: a.Messages, Users: a.Users, Chats: a.Chats}
		return dialogs(api, whole), len(a.Dialogs) > 0, nil
	}
	return nil, false, nil // messages.dialogsNotModified, which answers a hash alone
}

// dialogs puts together what belongs to each dialog. The line that stands for
// the archive is left out.
func dialogs(api API, a *tg.MessagesDialogs) []Dialog {
	api.Learn(a.Users, a.Chats)
	titles := titlesOf(a.Users, a.Chats)
	last := make(map[PeerID]tg.MessageClass, len(a.Messages))
	for _, m := range a.Messages {
		last[IDOf(messagePeer(m))] = m
	}
	var list []Dialog
	for _, d := range a.Dialogs {
		raw, ok := d.(*tg.Dialog)
		if !ok {
			continue
		}
		peer, err := api.InputPeer(raw.Peer)
		if err != nil {
			continue // Telegram sends everybody along
		}
		key := IDOf(raw.Peer)
		list = append(list, Dialog{
			Peer: peer, Title: titles[key], Unread: int(raw.UnreadCount), Pinned: raw.Pinned,
			Mentions: int(raw.UnreadMentionsCount), Reacted: int(raw.UnreadReactionsCount),
			Archived: raw.FolderID.Or(0) == int32(Archive), Last: last[key], Raw: raw,
		})
	}
	return list
}

// PinDialog puts a dialog at the top of its folder, or takes it from there.
func (c *Client) PinDialog(ctx context.Context, peer tg.InputPeerClass, pinned bool) error {
	_, err := tg.Call(ctx, c, &tg.MessagesToggleDialogPin{Pinned: pinned, Peer: &tg.InputDialogPeer{Peer: peer}})
	return err
}

// MoveDialogs moves dialogs into the archive, or back into the main list.
func (c *Client) MoveDialogs(ctx context.Context, to Folder, peers ...tg.InputPeerClass) error {
	request := &tg.FoldersEditPeerFolders{}
	for _, p := range peers {
		request.FolderPeers = append(request.FolderPeers, tg.InputFolderPeer{Peer: p, FolderID: int32(to)})
	}
	return c.update(ctx, request)
}

// DialogFilters returns what the account's owner has set up to show parts of
// the list of dialogs, in their order
// (https://core.telegram.org/api/folders). The first one is the whole list.
func (c *Client) DialogFilters(ctx context.Context) ([]tg.DialogFilterClass, error) {
	answer, err := tg.Call(ctx, c, &tg.MessagesGetDialogFilters{})
	if err != nil {
		return nil, err
	}
	return answer.Filters, nil
}

// noteChannel tells the update engine where a channel stands (R-UP-10).
func (c *Client) noteChannel(d *tg.Dialog) {
	peer, ok := d.Peer.(*tg.PeerChannel)
	p := c.pumpOf(c.mainDC())
	if ok && p != nil && d.Pts.Set {
		p.push(func(time.Time) { p.engine.SetChannel(peer.ChannelID, d.Pts.Value) })
	}
}

func titlesOf(users []tg.UserClass, chats []tg.ChatClass) map[PeerID]string {
	titles := make(map[PeerID]string, len(users)+len(chats))
	for _, u := range users {
		if u, ok := u.(*tg.User); ok {
			titles[PeerID{PeerUser, u.ID}] = strings.TrimSpace(u.FirstName.Value + " " + u.LastName.Value)
		}
	}
	for _, c := range chats {
		switch c := c.(type) {
		case *tg.Chat:
			titles[PeerID{PeerChat, c.ID}] = c.Title
		case *tg.ChatForbidden:
			titles[PeerID{PeerChat, c.ID}] = c.Title
		case *tg.Channel:
			titles[PeerID{PeerChannel, c.ID}] = c.Title
		case *tg.ChannelForbidden:
			titles[PeerID{PeerChannel, c.ID}] = c.Title
		}
	}
	return titles
}

func messagePeer(m tg.MessageClass) tg.PeerClass {
	switch m := m.(type) {
	case *tg.Message:
		return m.PeerID
	case *tg.MessageService:
		return m.PeerID
	case *tg.MessageEmpty:
		return m.PeerID
	}
	return nil
}

func messageDate(m tg.MessageClass) int32 {
	switch m := m.(type) {
	case *tg.Message:
		return m.Date
	case *tg.MessageService:
		return m.Date
	}
	return 0
}
