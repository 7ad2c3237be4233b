package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var aHeader = journalHeader{Kind: "upload", Name: "film.mp4", Size: 5 << 20, Version: "yesterday", Part: 1 << 20, File: 4, Message: 5}

// reopened returns which parts a journal tells of.
func reopened(t *testing.T, path string, h journalHeader) (*journal, []int) {
	t.Helper()
	j, err := openJournal(path, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	var parts []int
	for part := range 100 {
		if j.has(part) {
			parts = append(parts, part)
		}
	}
	return j, parts
}

// A journal tells a later run what was done, and by what name.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, err := openJournal(path, aHeader)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.add(3), j.add(0, 4), j.close()); err != nil {
		t.Fatal(err)
	}
	other := aHeader
	other.File, other.Message = 77, 78 // drawn anew by each run
	j, parts := reopened(t, path, other)
	if !slices.Equal(parts, []int{0, 3, 4}) || j.header.File != 4 || j.header.Message != 5 {
		t.Errorf("parts %v of %+v", parts, j.header)
	}
	if size := j.size(1<<20, 5<<20-10); size != 3<<20-10 {
		t.Errorf("%d bytes are done", size)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	other.Version = "today"
	if _, parts := reopened(t, path, other); parts != nil {
		t.Errorf("parts %v of a file that has changed", parts)
	}
	var none *journal
	if err := errors.Join(none.add(1), none.close(), none.remove()); err != nil || none.has(1) || none.size(1, 1) != 0 {
		t.Errorf("no journal: %v", err)
	}
}

// Whatever of a journal was written counts, and nothing that was not.
func TestTornJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, err := openJournal(path, aHeader)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.add(0), j.add(11), j.add(22), j.close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := bytes.IndexByte(whole, '\n') + 1
	for cut := head; cut <= len(whole); cut++ {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		want := []int{0, 11, 22}[:bytes.Count(whole[head:cut], []byte("\n"))]
		if _, parts := reopened(t, path, aHeader); !slices.Equal(parts, want) {
			t.Errorf("cut at %d: parts %v, want %v", cut, parts, want)
		}
		// What was torn is gone, and does not spoil what comes.
		j, err := openJournal(path, aHeader)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(j.add(33), j.close()); err != nil {
			t.Fatal(err)
		}
		if _, parts := reopened(t, path, aHeader); !slices.Equal(parts, append(slices.Clone(want), 33)) {
			t.Errorf("cut at %d and gone on with: parts %v", cut, parts)
		}
	}
	damaged := bytes.Replace(whole, []byte(" 11\n"), []byte(" 12\n"), 1)
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, parts := reopened(t, path, aHeader); !slices.Equal(parts, []int{0}) {
		t.Errorf("damaged: parts %v", parts)
	}
}

// What is no journal, or one of a newer program, is left as it is.
func TestNoJournal(t *testing.T) {
	newer, err := json.Marshal(journalHeader{Program: journalProgram, Format: journalVersion + 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"a text":            "Dear diary,\n",
		"one line":          "x",
		"another program's": string(appendLine(nil, []byte(`{"program":"other"}`))),
		"a newer program's": string(appendLine(nil, newer)),
		"something large":   strings.Repeat("x", maxJournal+1),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "j")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			var wrong *JournalError
			if _, err := openJournal(path, aHeader); !errors.As(err, &wrong) || wrong.Path != path {
				t.Errorf("opened with %v", err)
			}
			if err := discardJournal(path); !errors.As(err, &wrong) {
				t.Errorf("discarded with %v", err)
			}
			if kept, err := os.ReadFile(path); err != nil || string(kept) != content {
				t.Errorf("it was changed: %v", err)
			}
		})
	}
	if _, err := openJournal(filepath.Join(t.TempDir(), "none", "j"), aHeader); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
}

// What is read of a journal is what was written: to write it again gives the
// same bytes.
func FuzzJournal(f *testing.F) {
	header := aHeader
	header.Program, header.Format = journalProgram, journalVersion
	text, err := json.Marshal(header)
	if err != nil {
		f.Fatal(err)
	}
	whole := appendLine(appendLine(appendLine(nil, text), []byte("7")), []byte("12"))
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte("x\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, parts, good, err := parseJournal(content)
		if err != nil || good == 0 {
			return
		}
		line, _, _ := bytes.Cut(content, []byte("\n"))
		again := append(bytes.Clone(line), '\n')
		for _, part := range parts {
			again = appendLine(again, strconv.AppendInt(nil, int64(part), 10))
		}
		if !bytes.Equal(again, content[:good]) {
			t.Errorf("%q was read as %q", content[:good], again)
		}
	})
}
