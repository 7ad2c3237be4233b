package botapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-telegram/bot"

	"godwit/bridge"
)

// Open opens the file that a message carries. It is fetched as it is read, until
// ctx ends. The error, as those of reading, is a *bridge.Error; of CodeNotFound
// where the message carries no file.
func (r *Runner) Open(ctx context.Context, _ bridge.Peer, m *bridge.Message) (*bridge.File, error) {
	media := m.Media
	switch {
	case media == nil || media.Reference == "":
		return nil, bridge.Errorf(bridge.CodeNotFound, "Message %s carries no file.", m.ID)
	case media.Size > bridge.MaxBotDownload:
		return nil, bridge.Can(bridge.BotAccount, bridge.DownloadLargeFile)
	}
	b, t, err := r.client()
	if err != nil {
		return nil, err
	}
	f, err := b.GetFile(ctx, &bot.GetFileParams{FileID: media.Reference})
	switch {
	case err != nil && strings.Contains(err.Error(), "file is too big"): // whose size was not told
		return nil, bridge.Can(bridge.BotAccount, bridge.DownloadLargeFile)
	case err != nil:
		return nil, r.failed(t.redacted(err), "getFile")
	}
	d := &download{ctx: ctx, r: r, t: t, path: f.FilePath, size: f.FileSize}
	if d.size == 0 { // it may be left out
		err := d.open()
		if err == nil && d.size < 0 {
			d.drop()
			err = bridge.Errorf(bridge.CodeTelegramRefused, "Telegram does not say how long the file is.")
		}
		if err != nil {
			return nil, d.told(err)
		}
	}
	return &bridge.File{Name: media.Name, MIMEType: media.MIMEType, Size: d.size, Tag: f.FileUniqueID, Content: d}, nil
}

// A download is a file that is being fetched. It is for one goroutine.
type download struct {
	ctx  context.Context
	r    *Runner
	t    *transport
	path string
	size int64

	offset int64         // of what is read next
	body   io.ReadCloser // from offset on; nil: nothing is under way
}

// Seek implements io.Seeker.
func (d *download) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += d.offset
	case io.SeekEnd:
		offset += d.size
	}
	if offset < 0 {
		return 0, errors.New("botapi: Seek: before the beginning")
	}
	if offset != d.offset {
		d.drop()
	}
	d.offset = offset
	return offset, nil
}

// Close implements io.Closer.
func (d *download) Close() error {
	d.drop()
	return nil
}

func (d *download) drop() {
	if d.body != nil {
		_ = d.body.Close() // nobody wants what follows
		d.body = nil
	}
}

// maxLost is how often in a row the connection may be lost without a byte of the
// file.
const maxLost = 3

// Read implements io.Reader. Where the connection is lost, it goes on from there
// over another one.
func (d *download) Read(p []byte) (n int, err error) {
	if d.offset >= d.size {
		return 0, io.EOF
	}
	for range maxLost {
		if d.body == nil {
			if err := d.open(); err != nil {
				return 0, d.told(err)
			}
		}
		n, err = d.body.Read(p[:min(int64(len(p)), d.size-d.offset)])
		d.offset += int64(n)
		if err != nil {
			d.drop()
		}
		if n > 0 {
			return n, nil
		}
		if d.ctx.Err() != nil {
			break
		}
	}
	return 0, d.told(err)
}

// told returns what users are told of an error.
func (d *download) told(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = &bridge.Error{Code: bridge.CodeUnavailable, Err: err, Detail: "The connection to Telegram was lost. Go on from where it was."}
	}
	err = d.r.failed(d.t.redacted(err), "getFile")
	if bridge.CodeOf(err) == bridge.CodeOutcomeUnknown { // to fetch it again does no harm
		err = &bridge.Error{Code: bridge.CodeUnavailable, Err: err, Detail: "Telegram has not answered. Try again."}
	}
	return err
}

// open begins to fetch the file from the offset.
func (d *download) open() error {
	r, err := http.NewRequestWithContext(d.ctx, http.MethodGet, d.t.url+"/file/bot"+d.t.token+"/"+d.path, http.NoBody)
	if err != nil {
		return err
	}
	if d.offset > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.offset))
	}
	answer, err := d.t.Do(r)
	if err != nil {
		return err
	}
	switch answer.StatusCode {
	case http.StatusPartialContent:
		d.body = answer.Body
		return nil
	case http.StatusOK:
		d.body = answer.Body
		if d.size == 0 {
			d.size = answer.ContentLength
		}
		if _, err := io.CopyN(io.Discard, answer.Body, d.offset); err != nil { // it takes no ranges
			d.drop()
			return err
		}
		return nil
	}
	defer answer.Body.Close()
	why := refusal{Code: answer.StatusCode, Description: answer.Status}
	_ = json.NewDecoder(io.LimitReader(answer.Body, 1<<10)).Decode(&why) // which may say no more
	return why.err("a file")
}
