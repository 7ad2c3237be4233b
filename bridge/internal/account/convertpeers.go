package account

import (
	"strings"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/tg"
	"godwit/tl"
)

// deletedAccount is how Telegram's own programs show somebody who is gone.
const deletedAccount = "Deleted Account"

// convertPeers returns how users and chats are shown.
func convertPeers(users []tg.UserClass, chats []tg.ChatClass) []inbox.Peer {
	var list []inbox.Peer
	for _, u := range users {
		if u, ok := u.(*tg.User); ok {
			list = append(list, convertUser(u))
		}
	}
	for _, c := range chats {
		if p, ok := convertChat(c); ok {
			list = append(list, p)
		}
	}
	return list
}

// convertUser returns how a user is shown. Min constructors leave out what the
// account would otherwise see (https://core.telegram.org/api/min).
func convertUser(u *tg.User) inbox.Peer {
	title := fullName(u.FirstName.Value, u.LastName.Value)
	if u.Deleted {
		title = deletedAccount
	}
	return inbox.Peer{
		Peer: bridge.Peer{Kind: bridge.UserPeer, ID: u.ID}, Title: title, Username: username(u.Username, u.Usernames),
		Phone: u.Phone.Value, Partly: u.Min,
	}
}

func convertChat(c tg.ChatClass) (inbox.Peer, bool) {
	switch c := c.(type) {
	case *tg.Chat:
		return inbox.Peer{Peer: bridge.Peer{Kind: bridge.GroupPeer, ID: c.ID}, Title: c.Title}, true
	case *tg.ChatForbidden:
		return inbox.Peer{Peer: bridge.Peer{Kind: bridge.GroupPeer, ID: c.ID}, Title: c.Title}, true
	case *tg.Channel:
		return inbox.Peer{
			Peer: channelPeer(c.ID), Title: c.Title, Username: username(c.Username, c.Usernames), Partly: c.Min,
		}, true
	case *tg.ChannelForbidden:
		return inbox.Peer{Peer: channelPeer(c.ID), Title: c.Title, Partly: true}, true
	}
	return inbox.Peer{}, false
}

// renamed returns how a user is shown from an update on, if it says so.
func renamed(u tg.UpdateClass) (inbox.Peer, bool) {
	switch u := u.(type) {
	case *tg.UpdateUserName:
		return inbox.Peer{
			Peer:  bridge.Peer{Kind: bridge.UserPeer, ID: u.UserID},
			Title: fullName(u.FirstName, u.LastName), Username: username(tl.Optional[string]{}, u.Usernames), Partly: true,
		}, true
	case *tg.UpdateUserPhone:
		return inbox.Peer{Peer: bridge.Peer{Kind: bridge.UserPeer, ID: u.UserID}, Phone: u.Phone, Partly: true}, true
	}
	return inbox.Peer{}, false
}

func fullName(first, last string) string { return strings.TrimSpace(first + " " + last) }

// username returns the one that is shown first: of those who have several, the
// field for a single one is empty.
func username(single tl.Optional[string], several []tg.Username) string {
	if single.Value != "" {
		return single.Value
	}
	for _, u := range several {
		if u.Active {
			return u.Username
		}
	}
	return ""
}
