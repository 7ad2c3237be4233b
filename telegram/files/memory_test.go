package files_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"runtime/metrics"
	"testing"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/files"
	"godwit/tg"
)

// A made file repeats a block whose length no part is a multiple of, and is kept
// nowhere. It is read as the source of an upload, and compares what a download
// writes.
type made struct {
	block []byte
	size  int64 // bytes
}

// ReadAt implements io.ReaderAt.
func (m made) ReadAt(p []byte, off int64) (int, error) {
	want := int(min(int64(len(p)), m.size-off))
	for n := 0; n < want; {
		n += copy(p[n:want], m.block[(off+int64(n))%int64(len(m.block)):])
	}
	if want < len(p) {
		return want, io.EOF
	}
	return want, nil
}

// Read is there because a source has to be an io.Reader; it is not used.
func (m made) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// WriteAt implements io.WriterAt.
func (m made) WriteAt(p []byte, off int64) (int, error) {
	want := make([]byte, len(p))
	if _, err := m.ReadAt(want, off); err != nil || !bytes.Equal(p, want) {
		return 0, errors.New("something else came back")
	}
	return len(p), nil
}

// A hoard keeps all that is written to it.
type hoard struct{ parts [][]byte }

// Write implements io.Writer.
func (h *hoard) Write(p []byte) (int, error) {
	h.parts = append(h.parts, bytes.Clone(p))
	return len(p), nil
}

// peakHeap returns how many bytes of the heap were in use at most during a
// transfer, looked at twenty times while it goes on.
func peakHeap(t *testing.T, size int64, transfer func(files.Transfer) error) uint64 {
	t.Helper()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var peak uint64
	next := int64(0)
	err := transfer(files.Transfer{Progress: func(p files.Progress) {
		if p.Done < next {
			return
		}
		next += size / 20
		runtime.GC()
		metrics.Read(sample)
		peak = max(peak, sample[0].Value.Uint64())
	}})
	check(t, err)
	return peak
}

// checkHoardIsSeen fetches a file and keeps it, which has to show beside what it
// took without: else the comparison in TestMemoryIsFlat would prove nothing.
func checkHoardIsSeen(t *testing.T, n *person, r *files.Remote, size, without uint64) {
	t.Helper()
	kept := new(hoard)
	with := peakHeap(t, int64(size), func(tr files.Transfer) error {
		_, err := n.Download(n.p.ctx, r, kept, tr)
		return err
	})
	runtime.KeepAlive(kept)
	if with < without+size/2 {
		t.Fatalf("%d bytes are in use with all of %d kept, %d with none", with, size, without)
	}
}

// R-FI-05, R-FI-17: a transfer takes as much memory for a large file as for a
// small one. Client and sandbox are both in this process, so that neither may keep
// what passes through it.
func TestMemoryIsFlat(t *testing.T) {
	const small, large, slack = 12 << 20, 40 << 20, 12 << 20
	p := newPlace(t, sandbox.Options{FileMemory: 1 << 20})
	p.ctx = t.Context() // however long it takes
	ann := p.person(annPhone, files.Options{Requests: 2})
	block := noise(1<<20 - 3)
	self := &tg.InputPeerSelf{}
	type peaks struct{ upload, download uint64 }
	var remote *files.Remote
	measure := func(size int64) (at peaks) {
		content := made{block, size}
		at.upload = peakHeap(t, size, func(tr files.Transfer) error {
			source := &files.Source{Name: "made", Size: size, Content: content}
			m, err := ann.Send(p.ctx, self, files.Document{Source: source, Transfer: tr}, telegram.Outgoing{})
			if err == nil {
				remote, err = files.OfMessage(m, self)
			}
			return err
		})
		at.download = peakHeap(t, size, func(tr files.Transfer) error {
			_, err := ann.DownloadAt(p.ctx, remote, content, tr)
			return err
		})
		return at
	}
	of := measure(small)

	checkHoardIsSeen(t, ann, remote, small, of.download)
	than := measure(large)
	t.Logf("heap in use at most: %+v for %d bytes, %+v for %d", of, small, than, large)
	if than.upload > of.upload+slack {
		t.Errorf("sending %d bytes took %d bytes of memory, %d took %d", small, of.upload, large, than.upload)
	}
	if than.download > of.download+slack {
		t.Errorf("fetching %d bytes took %d bytes of memory, %d took %d", small, of.download, large, than.download)
	}
}
