package telegram

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"godwit/tg"
)

// peers are the users and chats that the client has been shown, with their
// access hashes.
type peers struct {
	mu       sync.Mutex
	users    map[int64]int64
	channels map[int64]int64
	chats    map[int64]bool
}

// learn remembers those whose access hash can be used everywhere, which that
// of a min constructor cannot.
func (p *peers) learn(users []tg.UserClass, chats []tg.ChatClass) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == nil {
		p.users, p.channels, p.chats = make(map[int64]int64), make(map[int64]int64), make(map[int64]bool)
	}
	for _, u := range users {
		if u, ok := u.(*tg.User); ok && !u.Min && (u.AccessHash.Set || u.Self) {
			p.users[u.ID] = u.AccessHash.Value
		}
	}
	for _, c := range chats {
		switch c := c.(type) {
		case *tg.Chat:
			p.chats[c.ID] = true
		case *tg.ChatForbidden:
			p.chats[c.ID] = true
		case *tg.Channel:
			if !c.Min && c.AccessHash.Set {
				p.channels[c.ID] = c.AccessHash.Value
			}
		case *tg.ChannelForbidden:
			p.channels[c.ID] = c.AccessHash
		}
	}
}

// input returns how a peer is named in requests, nil if it is not known.
func (p *peers) input(peer tg.PeerClass) tg.InputPeerClass {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch peer := peer.(type) {
	case *tg.PeerUser:
		if hash, ok := p.users[peer.UserID]; ok {
			return &tg.InputPeerUser{UserID: peer.UserID, AccessHash: hash}
		}
	case *tg.PeerChat:
		return &tg.InputPeerChat{ChatID: peer.ChatID}
	case *tg.PeerChannel:
		if hash, ok := p.channels[peer.ChannelID]; ok {
			return &tg.InputPeerChannel{ChannelID: peer.ChannelID, AccessHash: hash}
		}
	}
	return nil
}

// knows is what the update engine asks (R-UP-03).
func (p *peers) knows(peer tg.PeerClass) bool {
	if chat, ok := peer.(*tg.PeerChat); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.chats[chat.ChatID]
	}
	return p.input(peer) != nil
}

func (p *peers) channel(id int64) (tg.InputChannelClass, error) {
	peer, ok := p.input(&tg.PeerChannel{ChannelID: id}).(*tg.InputPeerChannel)
	if !ok {
		return nil, &UnknownPeerError{&tg.PeerChannel{ChannelID: id}}
	}
	return &tg.InputChannel{ChannelID: id, AccessHash: peer.AccessHash}, nil
}

// An UnknownPeerError says that the client has never been shown a peer, and so
// lacks the access hash without which Telegram does not talk about it.
type UnknownPeerError struct{ Peer tg.PeerClass }

func (e *UnknownPeerError) Error() string {
	switch p := e.Peer.(type) {
	case *tg.PeerUser:
		return fmt.Sprintf("telegram: user %d has not been seen yet", p.UserID)
	case *tg.PeerChannel:
		return fmt.Sprintf("telegram: channel %d has not been seen yet", p.ChannelID)
	}
	return "telegram: no peer"
}

// InputPeer returns how a peer is named in requests. The error is an
// *UnknownPeerError where the client has not come across it since it was
// connected: in an update, a history, a list of dialogs, or by resolving it.
func (c *Client) InputPeer(peer tg.PeerClass) (tg.InputPeerClass, error) {
	if input := c.peers.input(peer); input != nil {
		return input, nil
	}
	return nil, &UnknownPeerError{peer}
}

// Learn remembers the access hashes of users and chats that came with the
// result of a request made through tg.Call. Those that come with updates, and
// with the results of the Client's own methods, are remembered anyway.
func (c *Client) Learn(users []tg.UserClass, chats []tg.ChatClass) { c.peers.learn(users, chats) }

// ResolveUsername finds the user, bot, group or channel of a public name, with
// or without an @. Nobody of that name is a *mtproto.RPCError for which
// errors.Is(err, tg.ErrUsernameNotOccupied) holds.
func (c *Client) ResolveUsername(ctx context.Context, name string) (tg.InputPeerClass, error) {
	found, err := tg.Call(ctx, c, &tg.ContactsResolveUsername{Username: strings.TrimPrefix(name, "@")})
	if err != nil {
		return nil, err
	}
	return c.resolved(found)
}

// ResolvePhone finds the user of a phone number, if that user's settings allow
// it. Nobody is a *mtproto.RPCError for which errors.Is(err,
// tg.ErrPhoneNotOccupied) holds.
func (c *Client) ResolvePhone(ctx context.Context, phone string) (tg.InputPeerClass, error) {
	found, err := tg.Call(ctx, c, &tg.ContactsResolvePhone{Phone: digits(phone)})
	if err != nil {
		return nil, err
	}
	return c.resolved(found)
}

func (c *Client) resolved(found *tg.ContactsResolvedPeer) (tg.InputPeerClass, error) {
	c.peers.learn(found.Users, found.Chats)
	return c.InputPeer(found.Peer)
}

// A Contact is an entry of an address book.
type Contact struct {
	Phone     string
	FirstName string
	LastName  string
}

// ErrNoUser says that nobody on Telegram has a phone number, or that its
// owner does not want to be found by it.
var ErrNoUser = errors.New("telegram: nobody to be found has this phone number")

// ImportContact adds somebody to the account's contacts and returns whom. The
// error wraps ErrNoUser where there is nobody.
func (c *Client) ImportContact(ctx context.Context, contact Contact) (tg.InputPeerClass, error) {
	imported, err := tg.Call(ctx, c, &tg.ContactsImportContacts{Contacts: []tg.InputPhoneContact{{
		Phone: digits(contact.Phone), FirstName: contact.FirstName, LastName: contact.LastName,
	}}})
	if err != nil {
		return nil, err
	}
	c.peers.learn(imported.Users, nil)
	if len(imported.Imported) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoUser, contact.Phone)
	}
	return c.InputPeer(&tg.PeerUser{UserID: imported.Imported[0].UserID})
}

// digits drops from a phone number what people write between its digits.
func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" +-().", r) {
			return -1
		}
		return r
	}, phone)
}
