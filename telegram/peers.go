package telegram

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"godwit/mtproto"
	"godwit/tg"
)

// peers are the users and chats that the client has been shown, with their
// access hashes.
type peers struct {
	store   PeerStore
	log     mtproto.Logger
	origins origins

	mu     sync.Mutex
	hashes map[PeerID]int64 // what this run has come across
}

// learn remembers those whose access hash can be used everywhere, which that
// of a min constructor cannot.
func (p *peers) learn(users []tg.UserClass, chats []tg.ChatClass) {
	fresh := p.note(users, chats)
	if len(fresh) == 0 {
		return
	}
	// What is not stored is known until the program ends, and is shown again by
	// Telegram after that.
	if err := p.store.SavePeers(fresh); err != nil {
		p.log.Error("peers not saved", "error", err)
	}
}

// note returns what is new.
func (p *peers) note(users []tg.UserClass, chats []tg.ChatClass) map[PeerID]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hashes == nil {
		p.hashes = make(map[PeerID]int64)
	}
	fresh := make(map[PeerID]int64)
	note := func(kind PeerKind, id, hash int64) {
		key := PeerID{kind, id}
		if old, ok := p.hashes[key]; !ok || old != hash {
			p.hashes[key], fresh[key] = hash, hash
		}
	}
	for _, u := range users {
		if u, ok := u.(*tg.User); ok && !u.Min && (u.AccessHash.Set || u.Self) {
			note(PeerUser, u.ID, u.AccessHash.Value)
		}
	}
	for _, c := range chats {
		switch c := c.(type) {
		case *tg.Chat:
			note(PeerChat, c.ID, 0)
		case *tg.ChatForbidden:
			note(PeerChat, c.ID, 0)
		case *tg.Channel:
			if !c.Min && c.AccessHash.Set {
				note(PeerChannel, c.ID, c.AccessHash.Value)
			}
		case *tg.ChannelForbidden:
			note(PeerChannel, c.ID, c.AccessHash)
		}
	}
	return fresh
}

// hash returns the access hash of a peer that the client has come across, in
// this run or before.
func (p *peers) hash(id PeerID) (int64, bool) {
	p.mu.Lock()
	hash, ok := p.hashes[id]
	p.mu.Unlock()
	if ok {
		return hash, true
	}
	hash, ok, err := p.store.AccessHash(id)
	if err != nil {
		p.log.Error("peer not loaded", "peer", id, "error", err)
	}
	return hash, ok
}

// input returns how a peer is named in requests, nil if it is not known.
func (p *peers) input(peer tg.PeerClass) tg.InputPeerClass {
	if input := p.byHash(peer); input != nil {
		return input
	}
	return p.byMessage(peer)
}

// byHash is input for a peer whose access hash is known, or that needs none.
func (p *peers) byHash(peer tg.PeerClass) tg.InputPeerClass {
	switch peer := peer.(type) {
	case *tg.PeerUser:
		if hash, ok := p.hash(IDOf(peer)); ok {
			return &tg.InputPeerUser{UserID: peer.UserID, AccessHash: hash}
		}
	case *tg.PeerChat:
		return &tg.InputPeerChat{ChatID: peer.ChatID}
	case *tg.PeerChannel:
		if hash, ok := p.hash(IDOf(peer)); ok {
			return &tg.InputPeerChannel{ChannelID: peer.ChannelID, AccessHash: hash}
		}
	}
	return nil
}

// knows is what the update engine asks (R-UP-03).
func (p *peers) knows(peer tg.PeerClass) bool {
	_, ok := p.hash(IDOf(peer))
	return ok
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
// *UnknownPeerError where the client has not come across it: in an update, a
// history, a list of dialogs, or by resolving it, since it was connected or
// before, as far as Options.Peers remembers.
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
