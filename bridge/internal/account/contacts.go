package account

import (
	"cmp"
	"context"
	"errors"

	"godwit/bridge"
	"godwit/telegram"
	"godwit/tg"
)

// LookUp returns who, or which group or channel, has a username or phone number.
func (r *Runner) LookUp(ctx context.Context, p bridge.Peer) (*bridge.Profile, error) {
	c, err := r.online()
	if err != nil {
		return nil, err
	}
	answer, err := lookUp(ctx, c, p)
	if err != nil {
		return nil, r.refused(err)
	}
	found := profiles([]tg.PeerClass{answer.Peer}, answer.Users, answer.Chats)
	return &found[0], nil
}

// Search returns whose names or usernames begin with a query: the account's
// contacts and conversations first, then others.
func (r *Runner) Search(ctx context.Context, query string, limit int) ([]bridge.Profile, error) {
	c, err := r.online()
	if err != nil {
		return nil, err
	}
	found, err := tg.Call(ctx, c, &tg.ContactsSearch{Q: query, Limit: int32(limit)})
	if errors.Is(err, tg.ErrQueryTooShort) || errors.Is(err, tg.ErrSearchQueryEmpty) {
		return nil, &bridge.Error{Code: bridge.CodeInvalidRequest, Detail: "Telegram wants a longer query.", Err: err}
	}
	if err != nil {
		return nil, r.refused(err)
	}
	c.Learn(found.Users, found.Chats)
	return profiles(append(found.MyResults, found.Results...), found.Users, found.Chats), nil
}

// Contacts returns the account's contacts.
func (r *Runner) Contacts(ctx context.Context) ([]bridge.Profile, error) {
	c, err := r.online()
	if err != nil {
		return nil, err
	}
	answer, err := tg.Call(ctx, c, &tg.ContactsGetContacts{})
	if err != nil {
		return nil, r.refused(err)
	}
	list, ok := answer.(*tg.ContactsContacts)
	if !ok {
		return []bridge.Profile{}, nil // contacts.contactsNotModified, which answers a hash alone
	}
	c.Learn(list.Users, nil)
	peers := make([]tg.PeerClass, 0, len(list.Contacts))
	for _, contact := range list.Contacts {
		peers = append(peers, &tg.PeerUser{UserID: contact.UserID})
	}
	return profiles(peers, list.Users, nil), nil
}

// AddContact adds somebody to the account's contacts, who is known by a phone
// number or by the id, and returns whom.
func (r *Runner) AddContact(ctx context.Context, n bridge.NewContact) (*bridge.Profile, error) {
	c, err := r.online()
	if err != nil {
		return nil, err
	}
	if n.Who.Kind == bridge.PhonePeer {
		return r.importContact(ctx, c, n)
	}
	peer, err := input(c, n.Who)
	if err != nil {
		return nil, told(err)
	}
	user := telegram.InputUserOf(peer)
	if user == nil {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "%s is no person.", n.Who)
	}
	answer, err := tg.Call(ctx, c, &tg.ContactsAddContact{ID: user, FirstName: n.FirstName, LastName: n.LastName})
	if err != nil {
		return nil, r.refused(err)
	}
	return contactIn(n, usersIn(answer)), nil
}

func (r *Runner) importContact(ctx context.Context, c *telegram.Client, n bridge.NewContact) (*bridge.Profile, error) {
	answer, err := tg.Call(ctx, c, &tg.ContactsImportContacts{Contacts: []tg.InputPhoneContact{{
		Phone: n.Who.Name, FirstName: n.FirstName, LastName: n.LastName,
	}}})
	switch {
	case err != nil:
		return nil, r.refused(err)
	case len(answer.RetryContacts) > 0:
		return nil, bridge.Errorf(bridge.CodeTelegramRefused, "Telegram takes no more contacts of this account for now. Try again in some hours.")
	case len(answer.Imported) == 0:
		return nil, notFoundBy(n.Who.Name, nil)
	}
	c.Learn(answer.Users, nil)
	n.Who = bridge.Peer{Kind: bridge.UserPeer, ID: answer.Imported[0].UserID}
	return contactIn(n, answer.Users), nil
}

// contactIn returns who was added, as Telegram tells or, where it does not, as
// was asked for.
func contactIn(n bridge.NewContact, users []tg.UserClass) *bridge.Profile {
	found := profiles([]tg.PeerClass{telegramPeer(n.Who)}, users, nil)[0]
	found.Contact = true
	if found.Title == "" {
		found.FirstName, found.LastName, found.Title = n.FirstName, n.LastName, fullName(n.FirstName, n.LastName)
	}
	return &found
}

func usersIn(answer tg.UpdatesClass) []tg.UserClass {
	switch u := answer.(type) {
	case *tg.Updates:
		return u.Users
	case *tg.UpdatesCombined:
		return u.Users
	}
	return nil
}

// DeleteContact takes somebody out of the account's contacts.
func (r *Runner) DeleteContact(ctx context.Context, p bridge.Peer) error {
	c, peer, err := r.at(p)
	if err != nil {
		return err
	}
	user := telegram.InputUserOf(peer)
	if user == nil {
		return bridge.Errorf(bridge.CodeInvalidRequest, "%s is no person.", p)
	}
	_, err = tg.Call(ctx, c, &tg.ContactsDeleteContacts{ID: []tg.InputUserClass{user}})
	return r.refusedOrNil(err)
}

// Blocked returns up to limit of those whom the account has blocked, the latest
// first, after so many of them, and how many there are in all.
func (r *Runner) Blocked(ctx context.Context, after, limit int) (list []bridge.Profile, total int, err error) {
	c, err := r.online()
	if err != nil {
		return nil, 0, err
	}
	answer, err := tg.Call(ctx, c, &tg.ContactsGetBlocked{Offset: int32(after), Limit: int32(limit)})
	if err != nil {
		return nil, 0, r.refused(err)
	}
	var page tg.ContactsBlockedSlice
	switch answer := answer.(type) {
	case *tg.ContactsBlocked:
		page = tg.ContactsBlockedSlice{Count: int32(len(answer.Blocked)), Blocked: answer.Blocked, Users: answer.Users, Chats: answer.Chats}
	case *tg.ContactsBlockedSlice:
		page = *answer
	}
	c.Learn(page.Users, page.Chats)
	peers := make([]tg.PeerClass, 0, len(page.Blocked))
	for _, b := range page.Blocked {
		peers = append(peers, b.PeerID)
	}
	list = profiles(peers, page.Users, page.Chats)
	for i, b := range page.Blocked {
		list[i].BlockedAt = unix(b.Date)
	}
	return list, int(page.Count), nil
}

// profiles returns peers, in their order, as they are shown.
func profiles(peers []tg.PeerClass, users []tg.UserClass, chats []tg.ChatClass) []bridge.Profile {
	shown := make(map[bridge.Peer]bridge.Profile, len(users)+len(chats))
	for _, u := range users {
		if u, ok := u.(*tg.User); ok {
			p := convertUser(u)
			shown[p.Peer] = bridge.Profile{
				Peer: p.Peer, Title: p.Title, FirstName: u.FirstName.Value, LastName: u.LastName.Value, Username: p.Username,
				Phone: p.Phone, Bot: u.Bot, Deleted: u.Deleted, Premium: u.Premium, Verified: u.Verified,
				Contact: u.Contact, Mutual: u.MutualContact,
			}
		}
	}
	for _, p := range convertPeers(nil, chats) {
		shown[p.Peer] = bridge.Profile{Peer: p.Peer, Title: p.Title, Username: p.Username}
	}
	list := make([]bridge.Profile, 0, len(peers))
	for _, p := range peers {
		peer := convertPeer(p)
		profile := shown[peer]
		profile.Peer = cmp.Or(profile.Peer, peer)
		list = append(list, profile)
	}
	return list
}
