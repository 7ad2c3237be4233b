package telegram

import (
	"context"
	"iter"
	"strings"
	"time"

	"godwit/tg"
)

// A Dialog is a conversation in the account's list.
type Dialog struct {
	Peer   tg.InputPeerClass
	Title  string          // of a group or channel, or the name of a person
	Unread int             // messages that have not been read
	Last   tg.MessageClass // the newest message; nil where there is none
	Raw    *tg.Dialog
}

// Dialogs returns the account's conversations, pinned ones first, then the one
// with the newest message, as far as they are not archived. It fetches them
// as the iteration goes on, up to 100 at a time. An error ends the iteration.
func (c *Client) Dialogs(ctx context.Context) iter.Seq2[Dialog, error] {
	return func(yield func(Dialog, error) bool) {
		seen := make(map[peerKey]bool)
		request := &tg.MessagesGetDialogs{OffsetPeer: &tg.InputPeerEmpty{}, Limit: maxPage}
		for {
			page, more, err := c.dialogPage(ctx, request)
			if err != nil {
				yield(Dialog{}, err)
				return
			}
			fresh := false
			for _, d := range page {
				if key := keyOf(d.Raw.Peer); !seen[key] {
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
func (c *Client) dialogPage(ctx context.Context, request *tg.MessagesGetDialogs) ([]Dialog, bool, error) {
	answer, err := tg.Call(ctx, c, request)
	if err != nil {
		return nil, false, err
	}
	switch a := answer.(type) {
	case *tg.MessagesDialogs:
		return c.dialogs(a), false, nil
	case *tg.MessagesDialogsSlice:
		whole := &tg.MessagesDialogs{Dialogs: a.Dialogs, Messages: a.Messages, Users: a.Users, Chats: a.Chats}
		return c.dialogs(whole), len(a.Dialogs) > 0, nil
	}
	return nil, false, nil // messages.dialogsNotModified, which answers a hash alone
}

// dialogs puts together what belongs to each dialog.
func (c *Client) dialogs(a *tg.MessagesDialogs) []Dialog {
	c.peers.learn(a.Users, a.Chats)
	titles := titlesOf(a.Users, a.Chats)
	last := make(map[peerKey]tg.MessageClass, len(a.Messages))
	for _, m := range a.Messages {
		last[keyOf(messagePeer(m))] = m
	}
	var list []Dialog
	for _, d := range a.Dialogs {
		raw, ok := d.(*tg.Dialog)
		if !ok {
			continue
		}
		c.noteChannel(raw)
		peer := c.peers.input(raw.Peer)
		if peer == nil {
			continue // Telegram sends everybody along
		}
		key := keyOf(raw.Peer)
		list = append(list, Dialog{
			Peer: peer, Title: titles[key], Unread: int(raw.UnreadCount), Last: last[key], Raw: raw,
		})
	}
	return list
}

// noteChannel tells the update engine where a channel stands (R-UP-10).
func (c *Client) noteChannel(d *tg.Dialog) {
	peer, ok := d.Peer.(*tg.PeerChannel)
	p := c.pumpOf(c.mainDC())
	if ok && p != nil && d.Pts.Set {
		p.push(func(time.Time) { p.engine.SetChannel(peer.ChannelID, d.Pts.Value) })
	}
}

// A peerKey is a peer as the key of a map.
type peerKey struct {
	kind byte
	id   int64
}

func keyOf(p tg.PeerClass) peerKey {
	switch p := p.(type) {
	case *tg.PeerUser:
		return peerKey{'u', p.UserID}
	case *tg.PeerChat:
		return peerKey{'c', p.ChatID}
	case *tg.PeerChannel:
		return peerKey{'h', p.ChannelID}
	}
	return peerKey{}
}

func titlesOf(users []tg.UserClass, chats []tg.ChatClass) map[peerKey]string {
	titles := make(map[peerKey]string, len(users)+len(chats))
	for _, u := range users {
		if u, ok := u.(*tg.User); ok {
			titles[peerKey{'u', u.ID}] = strings.TrimSpace(u.FirstName.Value + " " + u.LastName.Value)
		}
	}
	for _, c := range chats {
		switch c := c.(type) {
		case *tg.Chat:
			titles[peerKey{'c', c.ID}] = c.Title
		case *tg.ChatForbidden:
			titles[peerKey{'c', c.ID}] = c.Title
		case *tg.Channel:
			titles[peerKey{'h', c.ID}] = c.Title
		case *tg.ChannelForbidden:
			titles[peerKey{'h', c.ID}] = c.Title
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
