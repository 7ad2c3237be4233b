package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// blobs keeps the contents of files: in memory as long as there is room, then
// in one temporary file, so that memory stays the same however much is
// uploaded.
type blobs struct {
	dir string // of the temporary file; the system's if empty

	mu   sync.Mutex
	room int64             // bytes that may still be kept in memory
	file *os.File          // nil until it is needed
	end  int64             // of what is in use of the file
	free map[int64][]int64 // offsets of pieces of the file that are free, by length
}

// A blob is a piece of content that does not change.
type blob struct {
	data []byte // nil if it is in the file
	off  int64
	size int64
}

// put stores p, which it keeps.
func (s *blobs) put(p []byte) (blob, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := int64(len(p))
	if size <= s.room {
		s.room -= size
		return blob{data: p, size: size}, nil
	}
	if s.file == nil {
		file, err := os.CreateTemp(s.dir, "godwit-sandbox-*")
		if err != nil {
			return blob{}, fmt.Errorf("file store: %w", err)
		}
		s.file = file
	}
	b := blob{off: s.end, size: size}
	if list := s.free[size]; len(list) > 0 {
		b.off, s.free[size] = list[len(list)-1], list[:len(list)-1]
	} else {
		s.end += size
	}
	if _, err := s.file.WriteAt(p, b.off); err != nil {
		return blob{}, fmt.Errorf("file store: %w", err)
	}
	return b, nil
}

// drop forgets a blob, which nobody may read any more.
func (s *blobs) drop(b blob) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.data != nil || b.size == 0 {
		s.room += b.size
		return
	}
	if s.free == nil {
		s.free = make(map[int64][]int64)
	}
	s.free[b.size] = append(s.free[b.size], b.off)
}

// read fills p from an offset of a blob, within its size.
func (s *blobs) read(b blob, p []byte, off int64) error {
	if b.data != nil {
		copy(p, b.data[off:])
		return nil
	}
	_, err := s.file.ReadAt(p, b.off+off)
	return err
}

// close removes the file.
func (s *blobs) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	err := errors.Join(s.file.Close(), os.Remove(s.file.Name()))
	s.file = nil
	return err
}

// A content is what a file holds: blobs of one size, but for the last.
type content struct {
	store *blobs
	parts []blob
	size  int64
	made  bool // by FillMade; it has no parts then
}

// ReadAt implements io.ReaderAt.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if c.made {
		n = int(max(0, min(int64(len(p)), c.size-off)))
		FillMade(p[:n], off)
		off += int64(n)
	}
	for n < len(p) && off < c.size {
		part := int(off / c.parts[0].size)
		in := off - int64(part)*c.parts[0].size
		chunk := p[n:min(len(p), n+int(c.parts[part].size-in))]
		if err := c.store.read(c.parts[part], chunk, in); err != nil {
			return n, err
		}
		n += len(chunk)
		off += int64(len(chunk))
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// part returns up to limit bytes from an offset, none past the end.
func (c *content) part(off, limit int64) ([]byte, error) {
	p := make([]byte, max(0, min(limit, c.size-off)))
	_, err := c.ReadAt(p, off)
	return p, err
}

// reader returns the content from its beginning.
func (c *content) reader() *io.SectionReader { return io.NewSectionReader(c, 0, c.size) }
