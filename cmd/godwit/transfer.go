package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"godwit/mtproto"
	"godwit/telegram"
	"godwit/telegram/files"
	"godwit/tg"
)

// uploadCommand sends files.
type uploadCommand struct {
	accountFlags
	Args    []string `arg:"" name:"file... chat" help:"Files, and last the chat that they go to: me, @username, +phone or a link. Several files go as albums of 10. Flags stand before or after them, not between."`
	Caption string   `help:"Text that goes with the first file." placeholder:"TEXT"`
	Photo   bool     `help:"Send pictures as photos, which Telegram makes smaller, instead of as files."`
	Silent  bool     `help:"Without a notification."`
	JSON    bool     `help:"Print one JSON object a line: the messages that were sent." name:"json"`
}

// Run implements the command.
func (c *uploadCommand) Run(env *environment) error {
	if len(c.Args) < 2 {
		return errors.New(`what to upload, or where to, is missing: "godwit upload FILE... CHAT"`)
	}
	paths, chat := c.Args[:len(c.Args)-1], c.Args[len(c.Args)-1]
	sources, err := openSources(paths)
	if err != nil {
		return err
	}
	defer func() {
		for _, s := range sources {
			_ = s.Close()
		}
	}()
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	peer, err := a.find(env.ctx, chat)
	if err != nil {
		return err
	}
	u := &uploader{
		uploadCommand: c, env: env, files: files.New(a.Client, files.Options{}), peer: peer, chat: chat,
	}
	for _, s := range sources {
		if err := u.files.Check(env.ctx, s); err != nil {
			return err
		}
	}
	m := telegram.Outgoing{Text: c.Caption, Silent: c.Silent}
	for len(sources) > 0 {
		n := min(len(sources), telegram.MaxAlbum)
		if len(sources) == telegram.MaxAlbum+1 {
			n-- // one left over would be no album
		}
		if err := u.send(paths[:n], sources[:n], m); err != nil {
			return readable(err, chat, "upload")
		}
		paths, sources, m.Text = paths[n:], sources[n:], ""
	}
	return nil
}

// openSources opens all files, or none.
func openSources(paths []string) ([]*files.Source, error) {
	var sources []*files.Source
	for _, path := range paths {
		s, err := files.FromPath(path)
		if err != nil {
			for _, open := range sources {
				_ = open.Close()
			}
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// An uploader sends files to one chat.
type uploader struct {
	*uploadCommand
	env   *environment
	files *files.Files
	peer  tg.InputPeerClass
	chat  string
}

// send sends files in one message, or in one album.
func (u *uploader) send(paths []string, sources []*files.Source, m telegram.Outgoing) error {
	var bars []*progressBar
	done := false
	defer func() {
		for _, b := range bars {
			b.end(done)
		}
	}()
	var media []files.Media
	for i, s := range sources {
		bar := newProgressBar(u.env.err, s.Name)
		bars = append(bars, bar)
		again := 0 // how often the same file is in the album before
		for _, path := range paths[:i] {
			if path == paths[i] {
				again++
			}
		}
		journal := u.journal(paths[i], "upload", u.chat, strconv.Itoa(again))
		transfer := files.Transfer{Progress: bar.tell, Journal: journal}
		if u.Photo {
			media = append(media, files.Photo{Source: s, Transfer: transfer})
		} else {
			media = append(media, files.Document{Source: s, Transfer: transfer})
		}
	}
	var sent []*tg.Message
	var err error
	if len(media) == 1 {
		var one *tg.Message
		one, err = u.files.Send(u.env.ctx, u.peer, media[0], m)
		sent = []*tg.Message{one}
	} else {
		sent, err = u.files.SendAlbum(u.env.ctx, u.peer, media, m)
	}
	if err != nil {
		return err
	}
	done = true
	for i, m := range sent {
		if err := u.report(sources[i], m); err != nil {
			return err
		}
	}
	return nil
}

func (u *uploader) report(s *files.Source, m *tg.Message) error {
	if u.JSON {
		return json.NewEncoder(u.env.out).Encode(struct {
			MessageID int32  `json:"message_id"`
			File      string `json:"file"`
			Size      int64  `json:"size"`
		}{m.ID, s.Name, s.Size})
	}
	_, err := fmt.Fprintf(u.env.out, "Sent %s as message %d.\n", printable(s.Name), m.ID)
	return err
}

// journal returns where a transfer is noted: beside the credentials, since
// only this account can go on with it.
func (f *accountFlags) journal(path string, more ...string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	sum := sha256.Sum256([]byte(path + "\x00" + strings.Join(more, "\x00")))
	return f.Credentials + ".transfer-" + hex.EncodeToString(sum[:8])
}

// downloadCommand fetches the file of a message.
type downloadCommand struct {
	accountFlags
	Chat      string `arg:"" help:"Whose conversation it is in: me, @username, +phone or a link."`
	Message   string `arg:"" help:"The message's id."`
	Out       string `help:"Where to: a file, a directory, or - for standard output. By default a file of the sender's name for it." placeholder:"PATH" short:"o"`
	Overwrite bool   `help:"Replace a file that is there."`
	Verify    bool   `help:"Check all of it against the hashes that Telegram tells."`
	JSON      bool   `help:"Print a JSON object that says what was fetched." name:"json"`
}

// Run implements the command.
func (c *downloadCommand) Run(env *environment) error {
	id, err := strconv.ParseInt(c.Message, 10, 32)
	if err != nil || id <= 0 {
		return fmt.Errorf("%q is no id of a message: those are whole numbers from 1", c.Message)
	}
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	peer, err := a.find(env.ctx, c.Chat)
	if err != nil {
		return err
	}
	remote, err := fileOf(env.ctx, a, peer, int(id))
	if err != nil {
		return fmt.Errorf("message %d with %s: %w", id, c.Chat, err)
	}
	f := files.New(a.Client, files.Options{Verify: c.Verify})
	if c.Out == "-" {
		_, err := f.Download(env.ctx, remote, env.out, files.Transfer{})
		return readable(err, c.Chat, "")
	}
	return c.save(env, f, remote, int(id))
}

// save fetches a file to disk.
func (c *downloadCommand) save(env *environment, f *files.Files, remote *files.Remote, id int) error {
	path, err := c.target(remote, id)
	if err != nil {
		return err
	}
	bar := newProgressBar(env.err, filepath.Base(path))
	err = f.Save(env.ctx, remote, path, files.Transfer{Progress: bar.tell})
	bar.end(err == nil)
	if err != nil {
		return readable(err, c.Chat, "download")
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(env.out).Encode(struct {
			Path string `json:"path"`
			Name string `json:"name,omitempty"` // by the sender
			MIME string `json:"mime,omitempty"`
			Size int64  `json:"size"`
		}{path, remote.Name, remote.MIME, info.Size()})
	}
	_, err = fmt.Fprintf(env.out, "Saved %s, %d bytes.\n", printable(path), info.Size())
	return err
}

// target returns where the file is to be. Nothing that is there is replaced
// without being told to: the name is the sender's choice.
func (c *downloadCommand) target(remote *files.Remote, id int) (string, error) {
	name := remote.Name
	if name == "" {
		name = fmt.Sprintf("message-%d", id)
	}
	path := c.Out
	info, err := os.Stat(path)
	switch {
	case path == "":
		path = name
	case err == nil && info.IsDir():
		path = filepath.Join(path, name)
	}
	if _, err := os.Lstat(path); err == nil && !c.Overwrite {
		return "", fmt.Errorf("%s is there already; --overwrite replaces it, --out names another place", path)
	}
	return path, nil
}

// fileOf returns the file that a message carries.
func fileOf(ctx context.Context, a *account, peer tg.InputPeerClass, id int) (*files.Remote, error) {
	for m, err := range a.History(ctx, peer, telegram.HistoryOptions{Before: id + 1, Limit: 1}) {
		if err != nil {
			return nil, err
		}
		if int(m.ID) == id {
			return files.OfMessage(m, peer)
		}
		break
	}
	return nil, errors.New("there is no such message")
}

// readable adds to an error of a transfer with a chat what to do about it. What
// kind of transfer can be gone on with is named; none is empty.
func readable(err error, chat, kind string) error {
	again := ""
	if kind != "" {
		again = "; the same command goes on with the " + kind + " from there"
	}
	var large *files.TooLargeError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted" + again)
	case errors.As(err, &large):
		return err
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk is full%s: %w", again, err)
	case errors.Is(err, io.ErrShortWrite):
		return fmt.Errorf("what is to be written to takes no more%s: %w", again, err)
	}
	if refusal := new(mtproto.RPCError); errors.As(err, &refusal) {
		return told(chat, err)
	}
	return err
}
