package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"godwit/bridge"
	"godwit/telegram"
	"godwit/telegram/files"
	"godwit/telegram/flow"
)

// downloadPatience is for how long Telegram may want a download to wait before
// it is given up, to be gone on with later from where it was.
const downloadPatience = 20 * time.Second

// Open opens the file that a message of a peer carries. It is fetched as it is
// read, over connections of its own, until ctx ends. Where Telegram does not take
// its reference any more, it is found again by the message.
//
// The error, as those of reading, is a *bridge.Error: of CodeNotFound where the
// message carries no file, or not any more.
func (r *Runner) Open(ctx context.Context, p bridge.Peer, m *bridge.Message) (*bridge.File, error) {
	c, peer, err := r.at(p)
	if err != nil {
		return nil, err
	}
	remote, err := fileOf(m.Media, files.FromMessage(peer, m.TelegramID))
	if errors.Is(err, files.ErrNoFile) {
		return nil, bridge.Errorf(bridge.CodeNotFound, "Message %s carries no file.", m.ID)
	}
	if err != nil {
		return nil, err
	}
	reader, err := files.New(c, files.Options{Patience: downloadPatience}).
		Open(telegram.WithPriority(ctx, flow.Bulk), remote)
	if err != nil {
		return nil, err
	}
	return &bridge.File{
		Name: remote.Name, MIMEType: remote.MIME, Size: remote.Size, Tag: tagOf(m.Media), Content: &download{reader, r},
	}, nil
}

// tagOf names the content that a reference leads to, whatever becomes of the
// reference itself: that of a file never changes.
func tagOf(m *bridge.Media) string {
	r, err := parseReference(m.Reference)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d%s", r.ID, r.Size)
}

// A download is a file that is being fetched, with errors that users understand.
type download struct {
	*files.Reader
	r *Runner
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	err = d.r.refused(err)
	var gone *files.ReferenceError
	if bridge.CodeOf(err) == bridge.CodeTelegramRefused && errors.As(err, &gone) {
		err = &bridge.Error{Code: bridge.CodeNotFound, Detail: "Telegram does not have the message any more, or not this file in it.", Err: err}
	}
	return n, err
}
