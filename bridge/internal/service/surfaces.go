package service

import (
	"context"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/store"
)

// ableToSend refuses what an account of this kind has no way to send. Whether a
// bot has been written to by somebody, Telegram knows better than the bridge: it
// may have been before it was added.
func ableToSend(a *bridge.Account, r httpapi.SendRequest, c bridge.Content) error {
	if r.Conversation == "" && !r.To.Resolved() {
		if err := bridge.Can(a.Kind, bridge.LookUp); err != nil {
			return err
		}
	}
	if c.Media != nil && c.Media.Size > bridge.MaxBotUpload {
		return bridge.Can(a.Kind, bridge.SendLargeFile)
	}
	return nil
}

// Backfill has up to some more messages of a conversation's past fetched, 0 for
// all.
func (s *Service) Backfill(ctx context.Context, id bridge.ConversationID, messages int) error {
	c, err := s.Store.Conversation(ctx, id)
	if err != nil {
		return err
	}
	if err := s.able(ctx, c.AccountID, bridge.ReadHistory); err != nil {
		return err
	}
	if !c.Peer.Resolved() {
		return bridge.Errorf(bridge.CodeConflict, "Nobody has looked up %s yet; the first message does.", c.Peer)
	}
	err = s.Store.Change(ctx, func(t *store.Tx) error { return t.AskForHistory(c, messages, true, s.Now()) })
	if err != nil {
		return err
	}
	r, err := s.Fleet.Runner(c.AccountID)
	if err != nil {
		return nil //nolint:nilerr // it is fetched when the account is online
	}
	r.Backfill()
	return nil
}

// able refuses what an account of this kind has no way to do, whether or not it
// is online.
func (s *Service) able(ctx context.Context, id bridge.AccountID, ability bridge.Ability) error {
	a, err := s.Store.Account(ctx, id)
	if err != nil {
		return err
	}
	return bridge.Can(a.Kind, ability)
}
