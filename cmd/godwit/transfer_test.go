package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/sandbox"
	"godwit/telegram/files"
)

// write makes a file and returns its path.
func (tw *town) write(name string, content []byte) string {
	tw.Helper()
	path := tw.file(name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tw.Fatal(err)
	}
	return path
}

func noise(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(p)
	return p
}

func (tw *town) signInBoth() {
	tw.Helper()
	tw.must("ann", "11111\n", "login", "--phone", "9996610001")
	tw.must("boris", "22222\n", "login", "--phone", "9996620002")
}

func TestUploadAndDownload(t *testing.T) {
	tw := newTown(t)
	tw.signInBoth()
	want := noise(1<<20 + 5)
	path := tw.write("wader.bin", want)
	tw.want(tw.must("ann", "", "upload", path, "+9996620002", "--caption", "A wader"), "Sent wader.bin as message 1.")
	tw.want(tw.must("boris", "", "history", "+9996610001"), "A wader")

	out := tw.must("boris", "", "download", "+9996610001", "1", "--out", tw.dir+"/copy.bin", "--json", "--verify")
	var saved struct {
		Path string
		Size int
		MIME string
	}
	if err := json.Unmarshal([]byte(out), &saved); err != nil || saved.Path != tw.dir+"/copy.bin" || saved.Size != len(want) {
		t.Errorf("%s: %v", out, err)
	}
	if got, err := os.ReadFile(saved.Path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	if got := tw.must("boris", "", "download", "+9996610001", "1", "--out", "-"); got != string(want) {
		t.Errorf("%d bytes came to standard output", len(got))
	}
	// Into a directory, by the sender's name, and never over what is there.
	code, _, errs := tw.run("boris", "", "download", "+9996610001", "1", "--out", tw.dir)
	if code != 1 || !strings.Contains(errs, "--overwrite") {
		t.Errorf("exit %d: %s", code, errs)
	}
	tw.must("boris", "", "download", "+9996610001", "1", "--out", tw.dir, "--overwrite")

	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 60, 40))); err != nil {
		t.Fatal(err)
	}
	args := []string{"upload"}
	for i := range 11 { // an album of 9 and one of 2
		args = append(args, tw.write(fmt.Sprintf("%d.png", i), picture.Bytes()))
	}
	args[len(args)-1] = args[len(args)-2] // the same file twice in one album
	out = tw.must("ann", "", append(args, "+9996620002", "--photo", "--json", "--caption", "Eleven")...)
	if lines := strings.Count(out, "message_id"); lines != 11 {
		t.Errorf("%d messages were sent:\n%s", lines, out)
	}
	if left, err := filepath.Glob(tw.file("*.transfer-*")); err != nil || len(left) > 0 {
		t.Errorf("journals are left: %q, %v", left, err)
	}
}

// An upload and a download that were interrupted go on where they were.
func TestInterruptedTransfers(t *testing.T) {
	tw := newTown(t)
	tw.signInBoth()
	want := noise(30 << 20)
	path := tw.write("film.bin", want)
	interrupt := func(who, journal string, args ...string) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var errs bytes.Buffer
		code := make(chan int)
		go func() {
			args := append(args, "--dc", tw.connection, "--credentials", tw.file(who))
			code <- run(ctx, args, nil, io.Discard, &errs)
		}()
		for {
			select {
			case got := <-code:
				t.Fatalf("it ended by itself with %d: %s", got, &errs)
			case <-time.After(time.Millisecond):
			}
			found, err := filepath.Glob(journal)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) == 0 {
				continue
			}
			if content, err := os.ReadFile(found[0]); err == nil && bytes.Count(content, []byte("\n")) > 1 {
				break
			}
		}
		slow := sandbox.Fault{Kind: sandbox.FaultError, Method: "upload.*", Error: "FLOOD_PREMIUM_WAIT_3600"}
		if _, err := tw.sandbox.AddFault(slow); err != nil {
			t.Fatal(err)
		}
		cancel()
		if got := <-code; got != 1 || !strings.Contains(errs.String(), "the same command goes on") {
			t.Errorf("exit %d: %s", got, &errs)
		}
		tw.sandbox.RemoveFaults()
	}
	interrupt("ann", tw.file("ann.transfer-*"), "upload", path, "+9996620002")
	tw.want(tw.must("ann", "", "upload", path, "+9996620002"), "as message 1.")
	out := tw.file("copy.bin")
	interrupt("boris", out+".part.journal", "download", "+9996610001", "1", "--out", out)
	tw.must("boris", "", "download", "+9996610001", "1", "--out", out)
	if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	for _, pattern := range []string{"*.transfer-*", "*.part*"} {
		if left, err := filepath.Glob(tw.file(pattern)); err != nil || len(left) > 0 {
			t.Errorf("left behind: %q, %v", left, err)
		}
	}
}

// Every mistake gets an error that names it.
func TestBadInputOfTransfers(t *testing.T) {
	tw := newTown(t)
	tw.signInBoth()
	small := tw.write("small.txt", []byte("A few words.\n"))
	tw.must("ann", "", "upload", small, "+9996620002")
	tw.must("ann", "", "send", "+9996620002", "Only words.")
	huge := tw.file("huge.bin")
	file, err := os.Create(huge)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Truncate(4000*512<<10+1), file.Close()); err != nil { // takes no room on disk
		t.Fatal(err)
	}
	taken := tw.write("taken.bin.part", noise(10))
	notes := tw.write("taken.bin.part.journal", []byte("My diary. Nobody is to overwrite this.\n"))
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"only a file", []string{"upload", small}, "FILE... CHAT"},
		{"no such file", []string{"upload", tw.file("none"), "+9996620002"}, "none: no such file"},
		{"a directory", []string{"upload", tw.dir, "+9996620002"}, "is a directory"},
		{"an empty file", []string{"upload", tw.write("empty", nil), "+9996620002"}, "empty is empty"},
		{"too large", []string{"upload", huge, "+9996620002"}, "upload_max_fileparts_default"},
		{"too large, in an album", []string{"upload", small, huge, "+9996620002"}, "huge.bin"},
		{"no photo", []string{"upload", small, "+9996620002", "--photo"}, "IMAGE_PROCESS_FAILED"},
		{"no such chat", []string{"upload", small, "@nobody_at_all"}, "@nobody_at_all"},
		{"no peer at all", []string{"upload", small, "?"}, "names no peer"},
		{"no number", []string{"download", "+9996620002", "first"}, `"first" is no id`},
		{"no such message", []string{"download", "+9996620002", "77"}, "no such message"},
		{"no file in it", []string{"download", "+9996620002", "2"}, "carries no file"},
		{"no such directory", []string{"download", "+9996620002", "1", "--out", tw.dir + "/none/x"}, "none/x.part"},
		{"no journal", []string{"download", "+9996620002", "1", "--out", tw.file("taken.bin")}, notes},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out, errs := tw.run("ann", "", test.args...)
			if code != 1 || !strings.Contains(errs, test.want) {
				t.Errorf("exit %d, %q, want %q", code, errs, test.want)
			}
			if out != "" {
				t.Errorf("printed %q", out)
			}
		})
	}
	if left, err := filepath.Glob(tw.file("*.transfer-*")); err != nil || len(left) > 0 {
		t.Errorf("journals are left: %q, %v", left, err)
	}
	if kept, err := os.ReadFile(notes); err != nil || !strings.HasPrefix(string(kept), "My diary.") {
		t.Errorf("what was no journal was changed: %q, %v", kept, err)
	}
	if kept, err := os.ReadFile(taken); err != nil || len(kept) != 10 {
		t.Errorf("what lay there was changed: %d bytes, %v", len(kept), err)
	}
	// Who pays may send twice as much, and no more.
	if err := errors.Join(tw.sandbox.SetPremium("9996610001", true), os.Truncate(huge, 8000*512<<10+1)); err != nil {
		t.Fatal(err)
	}
	code, _, errs := tw.run("ann", "", "upload", huge, "+9996620002")
	if code != 1 || !strings.Contains(errs, "4194304001 bytes, and the account may send 4194304000 bytes (upload_max_fileparts_premium)\n") {
		t.Errorf("larger than with premium: exit %d, %q", code, errs)
	}
	history := tw.must("ann", "", "history", "+9996620002")
	if lines := strings.Count(history, "→"); lines != 2 {
		t.Errorf("something was sent all the same:\n%s", history)
	}

	var told bytes.Buffer
	args := []string{"download", "+9996620002", "1", "--out", "-", "--dc", tw.connection, "--credentials", tw.file("ann")}
	if code := run(t.Context(), args, nil, full{}, &told); code != 1 || !strings.Contains(told.String(), "the disk is full") {
		t.Errorf("to a full disk: exit %d, %s", code, &told)
	}
}

// A full disk takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// The bar shows names of others' choice safely, and ends in any case.
func TestProgressBar(t *testing.T) {
	for _, done := range []bool{true, false} {
		b := newProgressBar(io.Discard, "a\x1b[2Jb")
		b.tell(files.Progress{Done: 5, Total: 10})
		b.tell(files.Progress{Done: 10, Total: 10})
		b.end(done)
	}
}
