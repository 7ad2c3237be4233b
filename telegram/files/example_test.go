package files_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"godwit/telegram"
	"godwit/telegram/files"
	people "godwit/telegram/internal/place"
	"godwit/tg"
)

// Send a file from disk and save it again. With a journal, either goes on where
// it was if the program ends on the way.
func Example() {
	client, stop, err := people.Ada() // signed in on a local Telegram
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "nest")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "nest.txt")
	if err := os.WriteFile(path, []byte("four eggs, olive with brown spots"), 0o600); err != nil {
		log.Fatal(err)
	}

	f := files.New(client, files.Options{})
	source, err := files.FromPath(path)
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	me := &tg.InputPeerSelf{}
	message, err := f.Send(ctx, me, files.Document{
		Source: source, Transfer: files.Transfer{Journal: path + ".upload"},
	}, telegram.Outgoing{Text: "from the tundra"})
	if err != nil {
		log.Fatal(err)
	}

	remote, err := files.OfMessage(message, me)
	if err != nil {
		log.Fatal(err)
	}
	copied := filepath.Join(dir, "copy.txt")
	if err := f.Save(ctx, remote, copied, files.Transfer{}); err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile(copied)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n", remote.Name, text)
	// Output:
	// nest.txt: four eggs, olive with brown spots
}

// Read a part of a large file without fetching the rest.
func ExampleFiles_Open() {
	client, stop, err := people.Ada() // signed in on a local Telegram
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	ctx := context.Background()
	f := files.New(client, files.Options{})
	me := &tg.InputPeerSelf{}
	flight := bytes.Repeat([]byte("wing beat "), 100_000)
	source := &files.Source{Name: "flight.txt", Size: int64(len(flight)), Content: bytes.NewReader(flight)}
	message, err := f.Send(ctx, me, files.Document{Source: source}, telegram.Outgoing{})
	if err != nil {
		log.Fatal(err)
	}
	remote, err := files.OfMessage(message, me)
	if err != nil {
		log.Fatal(err)
	}

	r, err := f.Open(ctx, remote)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Seek(-10, io.SeekEnd); err != nil {
		log.Fatal(err)
	}
	end, err := io.ReadAll(r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q of %d bytes\n", end, remote.Size)
	// Output:
	// "wing beat " of 1000000 bytes
}
