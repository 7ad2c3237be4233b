package service

import (
	"context"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
)

var _ httpapi.Media = (*Service)(nil)

// OpenMedia opens the file that a message carries.
func (s *Service) OpenMedia(ctx context.Context, id bridge.MessageID) (*bridge.File, error) {
	m, err := s.Store.Message(ctx, id)
	if err != nil {
		return nil, err
	}
	switch media := m.Media; {
	case media == nil || media.Reference == "" && media.File == "":
		return nil, bridge.Errorf(bridge.CodeNotFound, "Message %s carries no file.", id)
	case media.Size > bridge.MaxBotDownload:
		if err := s.able(ctx, m.AccountID, bridge.DownloadLargeFile); err != nil {
			return nil, err
		}
	}
	peer, r, err := s.reach(ctx, m)
	if err != nil {
		return nil, err
	}
	return r.Open(ctx, peer, m)
}
