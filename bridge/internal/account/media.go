package account

import (
	"context"
	"io"

	"godwit/bridge"
	"godwit/telegram"
	"godwit/telegram/files"
	"godwit/tg"
)

// sendMedia sends a message with a file that the bridge keeps.
func (r *Runner) sendMedia(
	ctx context.Context, c *telegram.Client, peer tg.InputPeerClass, m *bridge.Message, out telegram.Outgoing,
) (*tg.Message, error) {
	media, err := r.media(ctx, m.Media)
	if err != nil {
		return nil, err
	}
	return files.New(c, files.Options{}).Send(ctx, peer, media, out)
}

// media returns what is to be uploaded.
func (r *Runner) media(ctx context.Context, m *bridge.Media) (files.Media, error) {
	id, err := bridge.ParseID[bridge.UploadID](m.File)
	if err != nil {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "The media's file %q is no upload.", m.File)
	}
	u, content, err := r.e.Store.Upload(ctx, id)
	if err != nil {
		return nil, err
	}
	// The library reads what is an io.ReaderAt again where it has to.
	source := &files.Source{Name: u.Name, Size: u.Size, Content: io.NewSectionReader(content, 0, u.Size)}
	if m.Type == "photo" {
		return files.Photo{Source: source}, nil
	}
	d := files.Document{Source: source, MIME: u.MIMEType, AsFile: m.Type == "document"}
	switch m.Type {
	case "video":
		d.Attributes = []tg.DocumentAttributeClass{&tg.DocumentAttributeVideo{
			SupportsStreaming: true, Duration: m.Duration, W: int32(m.Width), H: int32(m.Height),
		}}
	case "audio", "voice":
		d.Attributes = []tg.DocumentAttributeClass{&tg.DocumentAttributeAudio{
			Voice: m.Type == "voice", Duration: int32(m.Duration),
		}}
	}
	return d, nil
}
