package service

import (
	"context"
	"io"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
)

var _ httpapi.Uploads = (*Service)(nil)

// maxUpload is how long a file may be, in bytes: Telegram takes 2 GB of accounts
// without premium, and 4 GB of others (R-FI-01).
const maxUpload = 4000 << 20

// Upload stores a file that is to be sent.
func (s *Service) Upload(ctx context.Context, name, mimeType string, content io.Reader) (*bridge.Upload, error) {
	now := s.Now()
	id, err := bridge.NewID[bridge.UploadID](now, entropy)
	if err != nil {
		return nil, err
	}
	u := &bridge.Upload{ID: id, Name: name, MIMEType: mimeType, CreatedAt: now}
	u.Size, err = s.Store.AddUpload(ctx, u, content, maxUpload)
	if err != nil {
		return nil, err
	}
	return u, nil
}
