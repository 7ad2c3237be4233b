package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"godwit/bridge"
)

// People is whom and what an account knows: contacts, groups, and others whom it
// can find. Errors are *bridge.Error.
type People interface {
	Groups(ctx context.Context, id bridge.AccountID) ([]bridge.Group, error)
	Group(ctx context.Context, id bridge.AccountID, p bridge.Peer) (*bridge.Group, error)

	// LookUp returns who has a username or phone number, and Search whose names
	// begin with a query.
	LookUp(ctx context.Context, id bridge.AccountID, p bridge.Peer) (*bridge.Profile, error)
	Search(ctx context.Context, id bridge.AccountID, query string, limit int) ([]bridge.Profile, error)
	Contacts(ctx context.Context, id bridge.AccountID) ([]bridge.Profile, error)
	AddContact(ctx context.Context, id bridge.AccountID, n bridge.NewContact) (*bridge.Profile, error)
	DeleteContact(ctx context.Context, id bridge.AccountID, p bridge.Peer) error
	// Blocked returns up to limit of those whom an account has blocked, after so
	// many of them, and how many there are.
	Blocked(ctx context.Context, id bridge.AccountID, after, limit int) (list []bridge.Profile, total int, err error)
}

const contactsTag = "Contacts"

type groupList struct {
	Groups []bridge.Group `json:"groups"`
}

func (s *Server) registerGroups() {
	register(s, operation{
		method: http.MethodGet, path: accountPart + "/groups", id: "list-groups", owner: true, tag: groupsTag, scope: ScopeContactsRead,
		summary: "List the groups and channels of an account",
		detail: "Those in its list of conversations, as Telegram tells now, the one with the latest message first. Each hundred " +
			"conversations count as a page of history. Bots cannot.",
	}, func(ctx context.Context, in *AccountPath) (*body[groupList], error) {
		list, err := s.o.People.Groups(ctx, in.Account)
		return &body[groupList]{groupList{list}}, err
	})
	register(s, operation{
		method: http.MethodGet, path: accountPart + "/groups/{group}", id: "get-group", owner: true, tag: groupsTag, scope: ScopeContactsRead,
		summary: "Show a group or channel", detail: "With whether its members can be listed. It counts as a page of participants.",
	}, func(ctx context.Context, in *struct {
		AccountPath
		Group string `path:"group" doc:"group:ID or channel:ID." pattern:"^(group|channel):[1-9][0-9]{0,18}$"`
	}) (*body[*bridge.Group], error) {
		p, err := bridge.ParsePeer(in.Group)
		if err != nil {
			return nil, err
		}
		g, err := s.o.People.Group(ctx, in.Account, p)
		return &body[*bridge.Group]{g}, err
	})
}

type profileList struct {
	People []bridge.Profile `json:"people"`
}

type blockedList struct {
	People []bridge.Profile `json:"people"`
	Total  int              `json:"total"`
	Next   string           `json:"next,omitempty" doc:"What after has to be for the next page; empty at the end."`
}

func (s *Server) registerContacts() {
	const path = accountPart + "/contacts"
	register(s, operation{
		method: http.MethodGet, path: path, id: "list-contacts", owner: true, tag: contactsTag, scope: ScopeContactsRead,
		summary: "List an account's contacts", detail: "All of them, as Telegram tells now. Bots have none.",
	}, func(ctx context.Context, in *AccountPath) (*body[profileList], error) {
		list, err := s.o.People.Contacts(ctx, in.Account)
		return &body[profileList]{profileList{list}}, err
	})
	register(s, operation{
		method: http.MethodPost, path: path, id: "add-contact", owner: true, tag: contactsTag, scope: ScopeContactsWrite,
		status: http.StatusCreated, summary: "Add somebody to an account's contacts",
		detail: "Whoever is named by a phone number or a username is looked up, which the account's budget for lookups has to allow now.",
	}, s.addContact)
	register(s, operation{
		method: http.MethodDelete, path: path + "/{contact}", id: "delete-contact", owner: true, tag: contactsTag, scope: ScopeContactsWrite,
		status: http.StatusNoContent, summary: "Take somebody out of an account's contacts",
	}, func(ctx context.Context, in *struct {
		AccountPath
		Contact string `path:"contact" doc:"user:ID." pattern:"^user:[1-9][0-9]{0,18}$"`
	}) (*nothing, error) {
		p, err := bridge.ParsePeer(in.Contact)
		if err != nil {
			return nil, err
		}
		return nil, s.o.People.DeleteContact(ctx, in.Account, p)
	})
	register(s, operation{
		method: http.MethodGet, path: accountPart + "/blocked", id: "list-blocked", owner: true, tag: contactsTag, scope: ScopeContactsRead,
		summary: "List those whom an account has blocked", detail: "The latest first. Bots block nobody.",
	}, s.listBlocked)
	s.registerLookUps()
}

func (s *Server) registerLookUps() {
	register(s, operation{
		method: http.MethodPost, path: accountPart + "/look-ups", id: "look-up", owner: true, tag: contactsTag, scope: ScopeContactsRead,
		summary: "Find out who has a username or phone number",
		detail: "Telegram is asked each time, within the account's budget for lookups: where that does not allow it now, the answer is " +
			"429 and says when. Bots cannot.",
	}, func(ctx context.Context, in *struct {
		AccountPath
		Body struct {
			Who string `json:"who" doc:"@username or +phone." example:"@durov" minLength:"2" maxLength:"64"`
		}
	}) (*body[*bridge.Profile], error) {
		p, err := recipient(in.Body.Who)
		if err != nil || p.Resolved() {
			return nil, bridge.Errorf(bridge.CodeInvalidRequest, "%q is neither a @username nor a +phone.", in.Body.Who)
		}
		found, err := s.o.People.LookUp(ctx, in.Account, p)
		return &body[*bridge.Profile]{found}, err
	})
	register(s, operation{
		method: http.MethodGet, path: accountPart + "/people", id: "search-people", owner: true, tag: contactsTag, scope: ScopeContactsRead,
		summary: "Search for people, groups and channels",
		detail: "By the beginning of a name or username: the account's contacts and conversations first, then others. It counts as a " +
			"look-up. Bots cannot.",
	}, func(ctx context.Context, in *struct {
		AccountPath
		Query string `query:"query" required:"true" minLength:"1" maxLength:"100"`
		Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	}) (*body[profileList], error) {
		list, err := s.o.People.Search(ctx, in.Account, in.Query, in.Limit)
		return &body[profileList]{profileList{list}}, err
	})
}

func (s *Server) addContact(ctx context.Context, in *struct {
	AccountPath
	Body struct {
		Who       string `json:"who" doc:"+phone, @username, or user:ID that the account has come across." minLength:"2" maxLength:"64"`
		FirstName string `json:"first_name" minLength:"1" maxLength:"64" doc:"What the account calls them."`
		LastName  string `json:"last_name,omitempty" maxLength:"64"`
	}
}) (*body[*bridge.Profile], error) {
	p, err := recipient(in.Body.Who)
	if err == nil && (p.Kind == bridge.GroupPeer || p.Kind == bridge.ChannelPeer) {
		err = bridge.Errorf(bridge.CodeInvalidRequest, "%s is no person.", p)
	}
	if err != nil {
		return nil, err
	}
	added, err := s.o.People.AddContact(ctx, in.Account, bridge.NewContact{Who: p, FirstName: in.Body.FirstName, LastName: in.Body.LastName})
	return &body[*bridge.Profile]{added}, err
}

func (s *Server) listBlocked(ctx context.Context, in *struct {
	AccountPath
	After string `query:"after" doc:"The next of the page before." pattern:"^[0-9]{1,9}$"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"100"`
}) (*body[blockedList], error) {
	after := 0
	if in.After != "" {
		var err error
		if after, err = strconv.Atoi(in.After); err != nil {
			return nil, err
		}
	}
	list, total, err := s.o.People.Blocked(ctx, in.Account, after, in.Limit)
	out := blockedList{People: list, Total: total}
	if next := after + len(list); len(list) > 0 && next < total {
		out.Next = strconv.Itoa(next)
	}
	return &body[blockedList]{out}, err
}
