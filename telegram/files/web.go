package files

import (
	"context"

	"godwit/tg"
)

// fromWeb asks the data centre that fetches files of the web (R-FI-18).
// Telegram tells no hashes of them.
func (l *loader) fromWeb(ctx context.Context, offset int64, limit int) ([]byte, error) {
	dc, err := l.f.findWebDC(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := tg.Call(ctx, l.f.t.Media(dc), &tg.UploadGetWebFile{
		Location: l.r.web, Offset: int32(offset), Limit: int32(limit),
	})
	switch {
	case err != nil:
		return nil, err
	case answer.Bytes == nil:
		return []byte{}, nil
	}
	return answer.Bytes, nil
}

// findWebDC returns the data centre of files of the web.
func (f *Files) findWebDC(ctx context.Context) (int, error) {
	f.mu.Lock()
	dc := f.webDC
	f.mu.Unlock()
	if dc != 0 {
		return dc, nil
	}
	config, err := tg.Call(ctx, f.t, &tg.HelpGetConfig{})
	if err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.webDC = int(config.WebfileDCID)
	return f.webDC, nil
}
