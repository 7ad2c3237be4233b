package service

import (
	"context"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
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

// able refuses what an account of this kind has no way to do, whether or not it
// is online.
func (s *Service) able(ctx context.Context, id bridge.AccountID, ability bridge.Ability) error {
	a, err := s.Store.Account(ctx, id)
	if err != nil {
		return err
	}
	return bridge.Can(a.Kind, ability)
}
