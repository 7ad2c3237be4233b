package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// cachedChunks is how many chunks a Reader keeps: two for reading on, and two
// for what jumps, such as the index at the end of a video.
const cachedChunks = 4

// A Reader reads a file at Telegram piece by piece, fetching what is asked
// for, and while it is read in order what comes next. It is an io.ReadSeeker,
// as net/http's ServeContent wants, and an io.ReaderAt. ReadAt may be called
// by several goroutines at once, Read and Seek by one.
type Reader struct {
	l      *loader
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	offset int64 // of Read

	mu     sync.Mutex
	chunks []*chunk // the one used last comes last
	last   int64    // chunk that was read last
}

// A chunk is fetched once for all who want it.
type chunk struct {
	index int64
	done  chan struct{} // closed when it has been fetched
	data  []byte
	err   error
}

// Open returns a reader of a file whose size is known. It is to be closed.
// Reads end when ctx does.
func (f *Files) Open(ctx context.Context, r *Remote) (*Reader, error) {
	if r.Size < 0 {
		return nil, fmt.Errorf("files: the size of %s is not known, so it can only be fetched as a whole", r.Name)
	}
	rd := &Reader{l: f.loader(r), last: -1}
	rd.ctx, rd.cancel = context.WithCancel(ctx)
	return rd, nil
}

// Size returns the file's size in bytes.
func (r *Reader) Size() int64 { return r.l.r.Size }

// Close ends all reads and waits for what is being fetched.
func (r *Reader) Close() error {
	r.cancel()
	r.tasks.Wait()
	return nil
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.ReadAt(p, r.offset)
	r.offset += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Seek implements io.Seeker.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.offset
	case io.SeekEnd:
		offset += r.Size()
	case io.SeekStart:
	default:
		return 0, fmt.Errorf("files: Seek: whence is %d", whence)
	}
	if offset < 0 {
		return 0, errors.New("files: Seek: before the beginning")
	}
	r.offset = offset
	return offset, nil
}

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("files: ReadAt: before the beginning")
	}
	n := 0
	for n < len(p) {
		if off >= r.Size() {
			return n, io.EOF
		}
		data, err := r.chunk(off / chunkSize)
		if err != nil {
			return n, err
		}
		copied := copy(p[n:], data[off%chunkSize:])
		n += copied
		off += int64(copied)
	}
	return n, nil
}

// chunk returns a chunk, and has the next one fetched if they are read in
// order.
func (r *Reader) chunk(index int64) ([]byte, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	wanted := r.wantLocked(index)
	if next := index + 1; index == r.last+1 && next*chunkSize < r.Size() {
		r.wantLocked(next)
	}
	r.last = index
	r.mu.Unlock()
	select {
	case <-wanted.done:
	case <-r.ctx.Done():
		return nil, r.ctx.Err()
	}
	if wanted.err != nil {
		r.drop(wanted)
	}
	return wanted.data, wanted.err
}

// wantLocked returns a chunk that is there or is being fetched.
func (r *Reader) wantLocked(index int64) *chunk {
	for i, c := range r.chunks {
		if c.index == index {
			r.chunks = append(append(r.chunks[:i:i], r.chunks[i+1:]...), c)
			return c
		}
	}
	c := &chunk{index: index, done: make(chan struct{})}
	if len(r.chunks) >= cachedChunks {
		r.chunks = r.chunks[1:]
	}
	r.chunks = append(r.chunks, c)
	r.tasks.Go(func() {
		defer close(c.done)
		c.err = r.l.f.once(r.ctx, func(ctx context.Context) (n int, err error) {
			c.data, err = r.l.fetch(ctx, index*chunkSize, chunkSize)
			return len(c.data), err
		})
	})
	return c
}

// drop forgets a chunk that could not be fetched, so that it can be tried
// again.
func (r *Reader) drop(gone *chunk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, c := range r.chunks {
		if c == gone {
			r.chunks = append(r.chunks[:i:i], r.chunks[i+1:]...)
			return
		}
	}
}
