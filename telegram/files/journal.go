package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// A journal notes which parts of a transfer are done. It is a file of lines,
// each the CRC-32C of what follows it on the line, eight hexadecimal digits and
// a space:
//
//	5ad1e03b {"program":"godwit","format":1,"kind":"upload","name":"film.mp4",…}
//	cc0e2f51 0
//	0d3b1a52 2
//
// The first line says what is transferred, the others are numbers of parts in
// the order in which they were done. A line that was not written to its end,
// and whatever follows one that is damaged, does not count.
//
// A nil journal notes nothing.
type journal struct {
	path   string
	header journalHeader

	mu   sync.Mutex
	file *os.File
	done map[int]struct{}
}

// journalVersion is the version of the format. A program refuses what a newer
// one wrote.
const journalVersion = 1

// A journalHeader says what is transferred.
type journalHeader struct {
	Program string `json:"program"`
	Format  int    `json:"format"`
	Kind    string `json:"kind"` // "upload" or "download"
	Name    string `json:"name,omitempty"`
	Size    int64  `json:"size"`
	Version string `json:"version,omitempty"` // of the content
	Part    int    `json:"part"`              // bytes
	File    int64  `json:"file"`              // the upload's id, or the document's or photo's
	Message int64  `json:"message,omitempty"` // random id of the message that an upload is for
}

const journalProgram = "godwit"

// same reports whether both are of one transfer. The ids of an upload are
// those that it began with.
func (h journalHeader) same(other journalHeader) bool {
	if h.Kind == "upload" {
		other.File, other.Message = h.File, h.Message
	}
	return h == other
}

// A JournalError says that a file cannot be used as a journal. It is left as
// it is.
type JournalError struct {
	Path string
	Err  error
}

func (e *JournalError) Error() string { return "files: journal " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *JournalError) Unwrap() error { return e.Err }

var errNoJournal = errors.New("the file is there and is no journal")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxJournal is the size in bytes of the largest journal: some thousand parts.
const maxJournal = 1 << 20

// openJournal opens the journal of a transfer, a new one if there is none or
// if the one that is there is of another transfer.
func openJournal(path string, want journalHeader) (*journal, error) {
	want.Program, want.Format = journalProgram, journalVersion
	content, err := readJournal(path)
	if err != nil {
		return nil, err // which names the path
	}
	header, parts, good, err := parseJournal(content)
	switch {
	case err != nil:
		return nil, &JournalError{path, err}
	case good == 0 || !header.same(want):
		return beginJournal(path, want)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, header: header, file: file, done: make(map[int]struct{}, len(parts))}
	for _, part := range parts {
		j.done[part] = struct{}{}
	}
	err = file.Truncate(int64(good))
	if err == nil {
		_, err = file.Seek(int64(good), io.SeekStart)
	}
	if err != nil {
		return nil, closing(j, err)
	}
	return j, nil
}

// discardJournal removes a journal, if there is one. What is none stays.
func discardJournal(path string) error {
	content, err := readJournal(path)
	if err != nil || content == nil {
		return err
	}
	if _, _, _, err := parseJournal(content); err != nil {
		return &JournalError{path, err}
	}
	return os.Remove(path)
}

// readJournal returns what is in a journal, nothing if there is none.
func readJournal(path string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(file, maxJournal+1))
	if len(content) > maxJournal {
		err = &JournalError{path, errNoJournal}
	}
	return content, errors.Join(err, file.Close())
}

// beginJournal makes a journal in which nothing is done. It is never there
// without its header.
func beginJournal(path string, header journalHeader) (*journal, error) {
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // whose mode is 0600
	if err != nil {
		return nil, err
	}
	_, err = file.Write(appendLine(nil, text))
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return &journal{path: path, header: header, file: file, done: make(map[int]struct{})}, nil
}

// parseJournal reads a journal. good is how many bytes of it are whole, 0 if
// it is empty. What was never a journal is an error.
func parseJournal(content []byte) (header journalHeader, parts []int, good int, err error) {
	rest := content
	for first := true; ; first = false {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		text, ok := checkedLine(line)
		if !ok || !ended {
			if first && len(content) > 0 {
				return header, nil, 0, errNoJournal
			}
			return header, parts, good, nil
		}
		if first {
			if err := json.Unmarshal(text, &header); err != nil || header.Program != journalProgram {
				return header, nil, 0, errNoJournal
			}
			if header.Format != journalVersion {
				return header, nil, 0, fmt.Errorf("format %d is not known, only %d", header.Format, journalVersion)
			}
		} else {
			part, err := strconv.ParseUint(string(text), 10, 31)
			if err != nil || strconv.FormatUint(part, 10) != string(text) {
				return header, parts, good, nil //nolint:nilerr // it was cut off there
			}
			parts = append(parts, int(part))
		}
		good += len(line) + 1
		rest = after
	}
}

// checkedLine returns a line without its checksum, which must be right.
func checkedLine(line []byte) ([]byte, bool) {
	if len(line) < 10 || line[8] != ' ' {
		return nil, false
	}
	text := line[9:]
	return text, string(line[:8]) == checksum(text)
}

func checksum(text []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(text, castagnoli)) }

func appendLine(b, text []byte) []byte {
	b = append(b, checksum(text)...)
	b = append(b, ' ')
	b = append(b, text...)
	return append(b, '\n')
}

// add notes parts that are done.
func (j *journal) add(parts ...int) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []byte
	for _, part := range parts {
		j.done[part] = struct{}{}
		lines = appendLine(lines, strconv.AppendInt(nil, int64(part), 10))
	}
	_, err := j.file.Write(lines)
	return err
}

// has reports whether a part is done.
func (j *journal) has(part int) bool {
	if j == nil {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, ok := j.done[part]
	return ok
}

// size returns how many bytes are done, of parts of one size and a last one.
func (j *journal) size(part int, total int64) (done int64) {
	if j == nil {
		return 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for index := range j.done {
		done += max(0, min(int64(part), total-int64(index)*int64(part)))
	}
	return done
}

// close leaves the journal for a later run.
func (j *journal) close() error {
	if j == nil {
		return nil
	}
	return j.file.Close()
}

// closing closes a journal because of an error, which it returns.
func closing(j *journal, err error) error { return errors.Join(err, j.close()) }

// remove ends a journal whose transfer is done.
func (j *journal) remove() error {
	if j == nil {
		return nil
	}
	return errors.Join(j.file.Close(), os.Remove(j.path))
}
