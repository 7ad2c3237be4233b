package files

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
)

// Download writes a file to w, in order, and returns how many bytes. Parts that
// arrive early wait, as many as are under way at once. A journal is of no use
// here: see Save and DownloadAt.
//
// Errors are what w fails with, *LoadError with the cause, and ctx's.
func (f *Files) Download(ctx context.Context, r *Remote, w io.Writer, t Transfer) (int64, error) {
	d := f.downloading(ctx, r, t)
	q := &queue{w: w, room: make(chan struct{}, 2*f.o.Requests), early: make(map[int][]byte)}
	d.sink = q
	err := d.run()
	return q.written, err
}

// DownloadAt writes a file to w, each part as it arrives, and returns the
// file's size. With a journal, what an earlier call has written there is not
// fetched again; a w that has a method Sync, as an *os.File has, is synced
// before parts are noted.
func (f *Files) DownloadAt(ctx context.Context, r *Remote, w io.WriterAt, t Transfer) (int64, error) {
	d := f.downloading(ctx, r, t)
	if t.Journal != "" && r.Size >= 0 && r.id != 0 {
		j, err := openJournal(t.Journal, journalHeader{
			Kind: "download", Name: r.Name, Size: r.Size, Part: chunkSize, File: r.id,
		})
		if err != nil {
			return 0, err
		}
		d.journal = j
		d.progress.Done = j.size(chunkSize, r.Size)
	}
	s := &scatter{w: w, journal: d.journal}
	d.sink = s
	err := d.run()
	if err = errors.Join(err, s.commit()); err != nil {
		return 0, closing(d.journal, err)
	}
	return d.size, d.journal.remove()
}

// Save fetches a file to a path. Until it is whole it has ".part" added to its
// name, beside a journal, from which a later call goes on; with Transfer's
// Journal it lies where that says. What is at path is replaced in the end.
func (f *Files) Save(ctx context.Context, r *Remote, path string, t Transfer) error {
	partial := path + ".part"
	if t.Journal == "" {
		t.Journal = partial + ".journal"
	}
	if _, err := os.Stat(partial); errors.Is(err, os.ErrNotExist) {
		// Without what it tells of, a journal is worth nothing.
		if err := discardJournal(t.Journal); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	size, err := f.DownloadAt(ctx, r, file, t)
	if err == nil {
		err = file.Truncate(size)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

// A sink takes the parts of a download.
type sink interface {
	// reserve waits until there is room for another part.
	reserve(ctx context.Context) error
	// take gets a part, whose number they arrive by in any order.
	take(index int, p []byte) error
}

// A download under way.
type downloading struct {
	*loader
	transfer Transfer
	engine   *engine
	sink     sink
	journal  *journal

	index int // of the next part

	mu       sync.Mutex
	size     int64 // bytes, as far as known
	ended    bool  // the end is known
	progress Progress
}

func (f *Files) downloading(ctx context.Context, r *Remote, t Transfer) *downloading {
	d := &downloading{loader: f.loader(r), transfer: t, engine: f.engine(ctx, f.o.Requests)}
	d.progress.Total = r.Size
	d.size, d.ended = r.Size, r.Size >= 0
	return d
}

func (d *downloading) run() error {
	d.report(0)
	return d.engine.run(d.next)
}

// next returns what fetches the next part. Of a file whose size is not known,
// parts are fetched until one is not full (R-FI-12).
func (d *downloading) next(ctx context.Context) (job, error) {
	for d.journal.has(d.index) {
		d.index++
	}
	index := d.index
	if d.over(index) {
		return nil, io.EOF
	}
	if err := d.sink.reserve(ctx); err != nil {
		return nil, err
	}
	d.index++
	return func(ctx context.Context) (int, error) { return d.part(ctx, index) }, nil
}

// over reports whether a part lies beyond the end.
func (d *downloading) over(index int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended && int64(index)*chunkSize >= d.size
}

func (d *downloading) part(ctx context.Context, index int) (int, error) {
	offset := int64(index) * chunkSize
	p, err := d.fetch(ctx, offset, chunkSize)
	if err != nil {
		return 0, err
	}
	if d.r.Size < 0 && len(p) < chunkSize {
		d.mu.Lock()
		if end := offset + int64(len(p)); !d.ended || end < d.size {
			d.size, d.ended = end, true
		}
		d.mu.Unlock()
	}
	if err := d.sink.take(index, p); err != nil {
		return len(p), err
	}
	d.report(len(p))
	return len(p), nil
}

// report counts bytes that have arrived.
func (d *downloading) report(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.progress.Done += int64(n)
	d.progress.Requests = d.engine.limit()
	d.transfer.tell(d.progress)
}

// A queue writes parts in order.
type queue struct {
	w    io.Writer
	room chan struct{} // holds a token for each part that is under way or early

	mu      sync.Mutex
	next    int
	early   map[int][]byte
	written int64
}

func (q *queue) reserve(ctx context.Context) error {
	select {
	case q.room <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (q *queue) take(index int, p []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.early[index] = p
	for {
		p, ok := q.early[q.next]
		if !ok {
			return nil
		}
		delete(q.early, q.next)
		q.next++
		n, err := q.w.Write(p)
		q.written += int64(n)
		if err != nil {
			return err
		}
		<-q.room
	}
}

// A scatter writes parts where they belong, and notes them in a journal, some
// at once: what is noted must be there.
type scatter struct {
	w       io.WriterAt
	journal *journal

	mu      sync.Mutex
	written []int // and not yet noted
}

// partsNoted is after how many parts the file is synced for the journal.
const partsNoted = 32

func (s *scatter) reserve(context.Context) error { return nil }

func (s *scatter) take(index int, p []byte) error {
	if _, err := s.w.WriteAt(p, int64(index)*chunkSize); err != nil {
		return err
	}
	if s.journal == nil {
		return nil
	}
	s.mu.Lock()
	s.written = append(s.written, index)
	due := len(s.written) >= partsNoted
	s.mu.Unlock()
	if due {
		return s.commit()
	}
	return nil
}

// commit notes what has been written.
func (s *scatter) commit() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.written) == 0 {
		return nil
	}
	if file, ok := s.w.(interface{ Sync() error }); ok {
		if err := file.Sync(); err != nil {
			return err
		}
	}
	written := s.written
	s.written = nil
	return s.journal.add(written...)
}
