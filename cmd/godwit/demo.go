package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/filestore"
)

// demoCommand starts a local Telegram, lets two people talk on it through
// godwit's client, and leaves it running.
type demoCommand struct {
	Check bool `help:"Tell the story once and exit: 0, or 1 with the step that failed."`
}

// Run implements the command.
func (c *demoCommand) Run(env *environment) error {
	dir, err := os.MkdirTemp("", "godwit-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sb, err := sandbox.New(sandbox.Options{Logger: env.log})
	if err != nil {
		return err
	}
	if err := sb.Start(); err != nil {
		return err
	}
	defer sb.Close()
	connection := filepath.Join(dir, "telegram.json")
	if err := sb.WriteInfo(connection); err != nil {
		return err
	}
	s := &story{env: env, sandbox: sb, dir: dir, started: time.Now()}
	if err := s.tell(connection); err != nil {
		return err
	}
	if c.Check {
		s.line("Everything was as it should be (%v).", time.Since(s.started).Round(time.Millisecond))
		return nil
	}
	s.line("")
	s.line("The local Telegram stays up. Its connection file, for any client:")
	s.line("  %s", connection)
	s.line("Ctrl-C ends it.")
	<-env.ctx.Done()
	return nil
}

// A story is one run of the demo.
type story struct {
	env     *environment
	sandbox *sandbox.Sandbox
	dir     string
	started time.Time

	network telegram.Network
	file    *connectionfile.File
	key     filestore.Key
	said    []string // what has been sent, in order
}

func (s *story) line(format string, args ...any) {
	// Where nobody reads it any more, the context ends.
	_, _ = fmt.Fprintf(s.env.out, format+"\n", args...)
}

// chapter begins a part of the story.
func (s *story) chapter(title string) { s.line("\n%s", title) }
