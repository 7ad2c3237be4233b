package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A Source is a file that is to be sent.
type Source struct {
	Name string // that others see
	Size int64  // bytes; negative where it is not known, as of a stream
	// Content is read from its beginning if it is an io.ReaderAt, else from where
	// it stands. Only an io.ReaderAt can be sent on after a crash, or again where
	// Telegram has lost a part of it.
	Content io.Reader
	// Version tells contents of the same name and size apart, such as by the
	// time of the last change. Only a journal needs it.
	Version string

	close func() error
}

// FromPath opens a file that is to be sent. The error names it where it is
// not there or is no regular file. Close the source when it has been sent.
func FromPath(path string) (*Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = &os.PathError{Op: "send", Path: path, Err: errors.New("is a directory")}
	case !info.Mode().IsRegular():
		err = &os.PathError{Op: "send", Path: path, Err: errors.New("is no regular file")}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Source{
		Name: filepath.Base(path), Size: info.Size(), Content: file, close: file.Close,
		Version: info.ModTime().UTC().Format("2006-01-02T15:04:05.999999999Z"),
	}, nil
}

// Close closes what FromPath has opened. For other sources it does nothing.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// A ChangedError says that a file was not what its Source had said.
type ChangedError struct {
	Name string
	Size int64 // bytes that it was to have
	Got  int64 // bytes that were there, if fewer
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("files: %s has changed while it was sent: it was to have %d bytes and has %d", e.Name, e.Size, e.Got)
}

// readPart fills p from an offset of the source, which is where it stands if
// it can only be read in order. It reads less only at the end.
func (s *Source) readPart(p []byte, offset int64) (int, error) {
	var n int
	var err error
	if at, ok := s.Content.(io.ReaderAt); ok {
		n, err = at.ReadAt(p, offset)
	} else {
		n, err = io.ReadFull(s.Content, p)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if err != nil {
		return n, fmt.Errorf("files: reading %s: %w", s.Name, err)
	}
	return n, nil
}

// seekable reports whether parts can be read in any order, and more than once.
func (s *Source) seekable() bool {
	_, ok := s.Content.(io.ReaderAt)
	return ok
}
