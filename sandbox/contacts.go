package sandbox

import (
	"cmp"
	"slices"
	"strings"

	"godwit/tg"
)

func init() {
	register(resolveUsername)
	register(resolvePhone)
	register(importContacts)
	register(addContact)
	register(deleteContacts)
	register(getContacts)
	register(getStatuses)
	register(getTopPeers)
	register(searchContacts)
}

func (c *call) resolved(p peerKey) *tg.ContactsResolvedPeer {
	var seen refs
	seen.add(p)
	w := c.world()
	return &tg.ContactsResolvedPeer{
		Peer: p.object(), Users: w.userObjects(c.user, &seen), Chats: w.chatObjects(c.user, &seen),
	}
}

func resolveUsername(c *call, q *tg.ContactsResolveUsername) (*tg.ContactsResolvedPeer, error) {
	name := strings.TrimPrefix(q.Username, "@")
	if !validName(name) {
		return nil, refusal(400, "USERNAME_INVALID")
	}
	p, ok := c.world().names[strings.ToLower(name)]
	if !ok {
		return nil, refusal(400, "USERNAME_NOT_OCCUPIED")
	}
	return c.resolved(p), nil
}

func resolvePhone(c *call, q *tg.ContactsResolvePhone) (*tg.ContactsResolvedPeer, error) {
	u := c.world().phones[cleanPhone(q.Phone)]
	if u == nil {
		return nil, refusal(400, "PHONE_NOT_OCCUPIED")
	}
	return c.resolved(u.key()), nil
}

func importContacts(c *call, q *tg.ContactsImportContacts) (*tg.ContactsImportedContacts, error) {
	out := &tg.ContactsImportedContacts{}
	var seen refs
	for _, in := range q.Contacts {
		u := c.world().phones[cleanPhone(in.Phone)]
		if u == nil {
			continue
		}
		c.user.contacts[u.id] = contact{first: cmp.Or(in.FirstName, u.first), last: in.LastName}
		out.Imported = append(out.Imported, tg.ImportedContact{UserID: u.id, ClientID: in.ClientID})
		seen.add(u.key())
	}
	out.Users = c.world().userObjects(c.user, &seen)
	return out, nil
}

func addContact(c *call, q *tg.ContactsAddContact) (tg.UpdatesClass, error) {
	u, err := c.findUser(q.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case u == c.user:
		return nil, refusal(400, "CONTACT_ID_INVALID")
	case !validPersonName(q.FirstName):
		return nil, refusal(400, "CONTACT_NAME_EMPTY")
	}
	c.user.contacts[u.id] = contact{first: q.FirstName, last: q.LastName}
	return c.contactsChanged(u), nil
}

func deleteContacts(c *call, q *tg.ContactsDeleteContacts) (tg.UpdatesClass, error) {
	var gone []*user
	for _, in := range q.ID {
		u, err := c.findUser(in)
		if err != nil {
			return nil, err
		}
		gone = append(gone, u)
	}
	for _, u := range gone {
		delete(c.user.contacts, u.id)
	}
	return c.contactsChanged(gone...), nil
}

// contactsChanged tells the caller's devices that settings between it and
// some users are different now.
func (c *call) contactsChanged(users ...*user) tg.UpdatesClass {
	for _, u := range users {
		c.tell(c.user, &tg.UpdatePeerSettings{Peer: u.key().object()}, u.key())
	}
	return c.updates(c.user)
}

// contactIDs returns the ids of the caller's contacts, rising.
func (c *call) contactIDs() []int64 {
	ids := make([]int64, 0, len(c.user.contacts))
	for id := range c.user.contacts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func getContacts(c *call, q *tg.ContactsGetContacts) (tg.ContactsContactsClass, error) {
	ids := c.contactIDs()
	if q.Hash != 0 && q.Hash == listHash(ids) {
		return &tg.ContactsContactsNotModified{}, nil
	}
	out := &tg.ContactsContacts{}
	var seen refs
	for _, id := range ids {
		_, mutual := c.world().users[id].contacts[c.user.id]
		out.Contacts = append(out.Contacts, tg.Contact{UserID: id, Mutual: mutual})
		seen.add(peerKey{peerUser, id})
	}
	out.Users = c.world().userObjects(c.user, &seen)
	return out, nil
}

// listHash is the running value that tells clients whether a list of ids has
// changed (R-PT-08).
func listHash(ids []int64) int64 {
	var h uint64
	for _, id := range ids {
		h ^= h >> 21
		h ^= h << 35
		h ^= h >> 4
		h += uint64(id)
	}
	return int64(h)
}

func getStatuses(c *call, _ *tg.ContactsGetStatuses) (vector[*tg.ContactStatus], error) {
	var out vector[*tg.ContactStatus]
	for _, id := range c.contactIDs() {
		out = append(out, &tg.ContactStatus{UserID: id, Status: c.world().status(c.world().users[id])})
	}
	return out, nil
}

// getTopPeers serves contacts.getTopPeers: nobody is rated here.
func getTopPeers(*call, *tg.ContactsGetTopPeers) (tg.ContactsTopPeersClass, error) {
	return &tg.ContactsTopPeersDisabled{}, nil
}

// searchContacts serves contacts.search: by the beginning of a name or
// username, contacts apart from the rest.
func searchContacts(c *call, q *tg.ContactsSearch) (*tg.ContactsFound, error) {
	query := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(q.Q), "@"))
	if query == "" {
		return nil, refusal(400, "SEARCH_QUERY_EMPTY")
	}
	w := c.world()
	out := &tg.ContactsFound{}
	var seen refs
	for _, u := range w.users {
		_, known := c.user.contacts[u.id]
		switch {
		case known && matches(u, query):
			out.MyResults = append(out.MyResults, u.key().object())
		case u.username != "" && strings.HasPrefix(strings.ToLower(u.username), query):
			out.Results = append(out.Results, u.key().object())
		default:
			continue
		}
		seen.add(u.key())
	}
	for _, ch := range w.channels {
		if ch.username != "" && strings.HasPrefix(strings.ToLower(ch.username), query) {
			out.Results = append(out.Results, ch.key().object())
			seen.add(ch.key())
		}
	}
	out.Users, out.Chats = w.userObjects(c.user, &seen), w.chatObjects(c.user, &seen)
	return out, nil
}

// matches tells whether a name of u begins with a query in lower case.
func matches(u *user, query string) bool {
	for _, s := range []string{u.first, u.last, u.first + " " + u.last, u.username} {
		if strings.HasPrefix(strings.ToLower(s), query) {
			return true
		}
	}
	return false
}
