package service

import (
	"context"

	"godwit/bridge"
	"godwit/bridge/internal/account"
	"godwit/bridge/internal/fleet"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
)

var _ httpapi.People = (*Service)(nil)

// person returns what runs an account of a person's. Bots are refused, whether or
// not they are online.
func (s *Service) person(ctx context.Context, id bridge.AccountID, ability bridge.Ability) (fleet.Person, error) {
	if err := s.able(ctx, id, ability); err != nil {
		return nil, err
	}
	r, err := s.Fleet.Runner(id)
	if err != nil {
		return nil, err
	}
	p, ok := r.(fleet.Person)
	if !ok {
		return nil, bridge.Can(bridge.BotAccount, ability)
	}
	return p, nil
}

// budgeted does something of a kind that has a budget, if it may be done now, and
// otherwise says when. A flood wait lowers the budget.
func (s *Service) budgeted(ctx context.Context, id bridge.AccountID, kind bridge.BudgetKind, do func() error) error {
	if err := s.spend(ctx, id, kind); err != nil {
		return err
	}
	err := do()
	if c, ok := account.CauseOf(err); ok && c.Kind == bridge.FloodWait {
		now := s.Now()
		noted := s.Store.Change(context.WithoutCancel(ctx), func(t *store.Tx) error { return spend.Refused(t, id, kind, now, c.Wait) })
		if noted != nil {
			s.Logger.Error("a flood wait was not noted", "account", id, "kind", kind, "error", noted)
		}
	}
	return err
}

func (s *Service) spend(ctx context.Context, id bridge.AccountID, kind bridge.BudgetKind) error {
	return spend.Once(ctx, s.Store, id, kind, s.Now())
}

// Groups returns the groups and channels in the account's list of conversations.
func (s *Service) Groups(ctx context.Context, id bridge.AccountID) ([]bridge.Group, error) {
	p, err := s.person(ctx, id, bridge.ListDialogs)
	if err != nil {
		return nil, err
	}
	return p.Groups(ctx, func(ctx context.Context) error { return s.spend(ctx, id, bridge.BudgetHistory) })
}

// Group returns what there is to know of a group.
func (s *Service) Group(ctx context.Context, id bridge.AccountID, p bridge.Peer) (g *bridge.Group, err error) {
	if _, err := s.Store.Account(ctx, id); err != nil {
		return nil, err
	}
	r, err := s.Fleet.Runner(id)
	if err != nil {
		return nil, err
	}
	err = s.budgeted(ctx, id, bridge.BudgetParticipants, func() error {
		g, err = r.Group(ctx, p)
		return err
	})
	return g, err
}

// LookUp returns who has a username or phone number.
func (s *Service) LookUp(ctx context.Context, id bridge.AccountID, p bridge.Peer) (found *bridge.Profile, err error) {
	person, err := s.person(ctx, id, bridge.LookUp)
	if err != nil {
		return nil, err
	}
	err = s.budgeted(ctx, id, bridge.BudgetLookups, func() error {
		found, err = person.LookUp(ctx, p)
		return err
	})
	return found, err
}

// Search returns whose names or usernames begin with a query.
func (s *Service) Search(ctx context.Context, id bridge.AccountID, query string, limit int) (found []bridge.Profile, err error) {
	p, err := s.person(ctx, id, bridge.LookUp)
	if err != nil {
		return nil, err
	}
	err = s.budgeted(ctx, id, bridge.BudgetLookups, func() error {
		found, err = p.Search(ctx, query, limit)
		return err
	})
	return found, err
}

// Contacts returns an account's contacts.
func (s *Service) Contacts(ctx context.Context, id bridge.AccountID) ([]bridge.Profile, error) {
	p, err := s.person(ctx, id, bridge.ImportContacts)
	if err != nil {
		return nil, err
	}
	return p.Contacts(ctx)
}

// AddContact adds somebody to an account's contacts. Who is named by a username
// or phone number is a look-up.
func (s *Service) AddContact(ctx context.Context, id bridge.AccountID, n bridge.NewContact) (added *bridge.Profile, err error) {
	p, err := s.person(ctx, id, bridge.ImportContacts)
	if err != nil {
		return nil, err
	}
	if n.Who.Resolved() {
		return p.AddContact(ctx, n)
	}
	err = s.budgeted(ctx, id, bridge.BudgetLookups, func() error {
		if n.Who.Kind == bridge.UsernamePeer {
			found, err := p.LookUp(ctx, n.Who)
			if err != nil {
				return err
			}
			n.Who = found.Peer
		}
		added, err = p.AddContact(ctx, n)
		return err
	})
	return added, err
}

// DeleteContact takes somebody out of an account's contacts.
func (s *Service) DeleteContact(ctx context.Context, id bridge.AccountID, p bridge.Peer) error {
	person, err := s.person(ctx, id, bridge.ImportContacts)
	if err != nil {
		return err
	}
	return person.DeleteContact(ctx, p)
}

// Blocked returns those whom an account has blocked, after so many of them, and
// how many there are.
func (s *Service) Blocked(ctx context.Context, id bridge.AccountID, after, limit int) ([]bridge.Profile, int, error) {
	p, err := s.person(ctx, id, bridge.ImportContacts)
	if err != nil {
		return nil, 0, err
	}
	return p.Blocked(ctx, after, limit)
}
