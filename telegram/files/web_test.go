package files_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"godwit/telegram"
	"godwit/telegram/files"
	"godwit/tg"
	"godwit/tl"
)

// A web is a Telegram whose data centre 4 fetches files of the web.
type web struct {
	files.Telegram // for what is not called
	content        []byte
	asked          []string
}

func (w *web) Media(dc int) tg.Invoker {
	if dc != 4 {
		return nil
	}
	return w
}

func (w *web) Self() *tg.User { return &tg.User{ID: 1} }

func (w *web) Invoke(_ context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	var answer tl.Object
	switch q := req.(type) {
	case *tg.HelpGetConfig:
		w.asked = append(w.asked, "config")
		answer = &tg.Config{WebfileDCID: 4}
	case *tg.UploadGetWebFile:
		at, ok := q.Location.(*tg.InputWebFileLocation)
		if !ok || at.URL != "https://example.org/nest.jpg" || at.AccessHash != 7 {
			return tg.ErrLocationInvalid
		}
		part := w.content[min(int(q.Offset), len(w.content)):]
		answer = &tg.UploadWebFile{
			Size: int32(len(w.content)), MIMEType: "image/jpeg", FileType: &tg.StorageFileJpeg{}, Bytes: part[:min(int(q.Limit), len(part))],
		}
	}
	encoded, err := tl.Marshal(answer)
	if err != nil {
		return err
	}
	return decode(tl.NewReader(encoded))
}

// Files of the web come from the data centre that help.getConfig names for
// them (R-FI-18).
func TestWebFile(t *testing.T) {
	w := &web{content: bytes.Repeat([]byte("egg "), 400_000)}
	f := files.New(w, files.Options{Requests: 1, Verify: true})
	remote := files.OfWeb(&tg.WebDocument{
		URL: "https://example.org/nest.jpg", AccessHash: 7, Size: int32(len(w.content)), MIMEType: "image/jpeg",
		Attributes: []tg.DocumentAttributeClass{&tg.DocumentAttributeFilename{FileName: "../nest.jpg"}},
	})
	if remote.Name != "nest.jpg" || remote.MIME != "image/jpeg" {
		t.Errorf("%q, %q", remote.Name, remote.MIME)
	}
	for _, r := range []*files.Remote{
		remote, files.OfWebLocation(&tg.InputWebFileLocation{URL: "https://example.org/nest.jpg", AccessHash: 7}),
	} {
		var out bytes.Buffer
		if n, err := f.Download(t.Context(), r, &out, files.Transfer{}); err != nil || n != int64(out.Len()) || !bytes.Equal(out.Bytes(), w.content) {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
	if len(w.asked) != 1 {
		t.Errorf("asked for %q", w.asked)
	}
	var failed *files.LoadError
	other := files.OfWebLocation(&tg.InputWebFileLocation{URL: "https://example.org/"})
	if _, err := f.Download(t.Context(), other, new(bytes.Buffer), files.Transfer{}); !errors.As(err, &failed) {
		t.Errorf("a file that is not there: %v", err)
	}
}

var _ files.Telegram = (*telegram.Client)(nil)
