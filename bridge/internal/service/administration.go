package service

import (
	"context"
	"crypto/rand"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/store"
)

var _ httpapi.Administration = (*Service)(nil)

// CreateKey makes an API key.
func (s *Service) CreateKey(ctx context.Context, k *bridge.APIKey) (token bridge.APIToken, err error) {
	if token, err = k.Make(s.Now(), rand.Reader); err != nil {
		return token, err
	}
	return token, s.Store.Change(ctx, func(t *store.Tx) error {
		if err := t.CheckKey(k); err != nil {
			return err
		}
		return t.AddKey(k, token.Hash())
	})
}

// Keys returns up to limit API keys after another one.
func (s *Service) Keys(ctx context.Context, after bridge.KeyID, limit int) ([]bridge.APIKey, error) {
	return s.Store.Keys(ctx, after, limit)
}

// RevokeKey has an API key be good no more.
func (s *Service) RevokeKey(ctx context.Context, id bridge.KeyID) error {
	return s.Store.Change(ctx, func(t *store.Tx) error { return t.RevokeKey(id, s.Now()) })
}

// Suppress puts a person on the suppression list.
func (s *Service) Suppress(ctx context.Context, p bridge.Person, note string, by bridge.KeyID) (*bridge.Suppression, error) {
	now := s.Now().UTC()
	id, err := bridge.NewID[bridge.SuppressionID](now, entropy)
	if err != nil {
		return nil, err
	}
	v := &bridge.Suppression{
		ID: id, Person: p, Reason: bridge.SuppressedByOperator, AddedBy: bridge.ActorOf(by), AddedAt: now, Note: note,
	}
	added := false
	err = s.Store.Change(ctx, func(t *store.Tx) (err error) {
		added, err = t.Suppress(v)
		return err
	})
	if err != nil || added {
		return v, err
	}
	keys, err := p.Keys()
	if err != nil {
		return nil, err
	}
	return s.Store.Suppressed(ctx, keys)
}

// Suppressions returns up to limit entries of the suppression list after
// another one.
func (s *Service) Suppressions(ctx context.Context, after bridge.SuppressionID, limit int) ([]bridge.Suppression, error) {
	return s.Store.Suppressions(ctx, after, limit)
}

// Unsuppress takes a person off the suppression list.
func (s *Service) Unsuppress(ctx context.Context, id bridge.SuppressionID) error {
	return s.Store.Change(ctx, func(t *store.Tx) error { return t.Unsuppress(id) })
}

// Audited returns up to limit entries of the audit log, the newest first.
func (s *Service) Audited(
	ctx context.Context, account bridge.AccountID, actor bridge.Actor, before bridge.AuditID, limit int,
) ([]bridge.AuditEntry, error) {
	return s.Store.Audited(ctx, store.AuditFilter{Actor: actor, AccountID: account, Before: before}, limit)
}

// Audit notes what was asked for and done.
func (s *Service) Audit(ctx context.Context, e bridge.AuditEntry) (err error) {
	e.At = s.Now().UTC()
	if e.ID, err = bridge.NewID[bridge.AuditID](e.At, entropy); err != nil {
		return err
	}
	return s.Store.Change(ctx, func(t *store.Tx) error { return t.Audit(&e) })
}
