// Package demo shows godwit to somebody who has not seen it before: a sandbox
// with people in it, the daemon beside it as a process of its own, a support
// desk of two accounts and a bot that the daemon runs, and a program that uses
// its HTTP API as a stranger's would. What happens is told as it happens, and
// compared with the ledger of the sandbox in the end.
//
// Start with [Run].
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"godwit/bridge"
	"godwit/bridge/client"
	"godwit/sandbox"
	"godwit/sandbox/botapi"
	"godwit/sandbox/people"
)

// Options say how the story is told.
type Options struct {
	Program string // the path of godwit, which is run as the daemon
	Check   bool   // return when the story has been told, rather than stay up
	Out     io.Writer
	Logger  *slog.Logger
}

// patience is how long a step of the story may take. On an idle machine each
// takes a few seconds at most.
const patience = time.Minute

// Run tells the story. Without Check it then waits for the end of ctx. An error
// names the step that failed. Nothing is left behind.
func Run(outer context.Context, o Options) (err error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "godwit-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, fail := context.WithCancelCause(outer)
	defer fail(nil)
	s := &story{
		Options: o, dir: dir, life: ctx, fail: fail, desks: make(map[bridge.AccountID]*desk), stream: newRecord(), hook: newRecord(),
		written: make(map[*people.Person]int),
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.tell(ctx); err != nil {
		if log, readErr := os.ReadFile(s.logPath()); readErr == nil && len(log) > 0 && outer.Err() == nil {
			err = fmt.Errorf("%w\nthe daemon's log:\n%s", err, log)
		}
		return err
	}
	if o.Check {
		s.line("\nEverything was as it should be (%v).", time.Since(began).Round(100*time.Millisecond))
		return nil
	}
	s.dismiss() // from now on somebody else does
	s.invite()
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// A story is one run of the demo.
type story struct {
	Options
	dir  string
	life context.Context         // of the demo
	fail context.CancelCauseFunc // ends it, for a reason

	sandbox *sandbox.Sandbox
	bots    *botapi.Server
	people  []*people.Person
	cast    map[int64]*role // by the user ids of people

	daemon   *daemon
	api      *client.Client
	stream   *record // what the stream of events has told
	hook     *record // what has come to the webhook
	receiver *receiver
	working  sync.WaitGroup
	dismiss  context.CancelFunc // has the desk answer nobody any more

	group           int64 // its id
	ann, boris, bot *desk
	desks           map[bridge.AccountID]*desk
	// written is how often the desk has written to each, or is to.
	written map[*people.Person]int
	wants   []sight

	mu    sync.Mutex       // of what follows, and of Out
	shown func(*told) bool // which events are shown; nil for none
}

// line prints one line.
func (s *story) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Where nobody reads it any more, the context ends.
	_, _ = fmt.Fprintf(s.Out, format+"\n", args...)
}

// logPath is where the daemon's log is.
func (s *story) logPath() string { return filepath.Join(s.dir, "daemon.log") }

// close ends what there is.
func (s *story) close() error {
	s.fail(nil)
	var errs []error
	if s.daemon != nil {
		errs = append(errs, s.daemon.stop())
	}
	s.working.Wait()
	if s.receiver != nil {
		errs = append(errs, s.receiver.close())
	}
	for _, p := range s.people {
		p.Close()
	}
	if s.bots != nil {
		errs = append(errs, s.bots.Close())
	}
	if s.sandbox != nil {
		errs = append(errs, s.sandbox.Close())
	}
	return errors.Join(errs...)
}

// invite says what to try.
func (s *story) invite() {
	ada := s.people[0]
	s.line("\nYour turn. Everything stays up, and what happens is shown here. In another")
	s.line("terminal: which accounts there are, a message to %s, who answers, and a", ada.Name)
	s.line("stream of what happens from now on.\n")
	base, key := s.daemon.base(), s.daemon.key
	s.line("curl -sS %s/v1/accounts \\\n  --oauth2-bearer %s\n", base, key)
	s.line("curl -sS \\\n  %s/v1/accounts/%s/messages \\\n  --oauth2-bearer %s \\\n  --json '{\"to\": \"@%s\", \"text\": \"Have you seen one today?\"}'\n",
		base, s.ann.id, key, ada.Username)
	s.line("curl -sSN %s/v1/events/stream \\\n  --oauth2-bearer %s\n", base, key)
	s.line("API key:            %s", key)
	s.line("What else there is: %s/docs", base)
	s.line("The local Telegram: %s", s.connectionPath())
	s.line("The daemon's log:   %s", s.logPath())
	s.line("Ctrl-C ends it.\n")
	s.show(func(*told) bool { return true })
}

// connectionPath is where the connection file of the sandbox is.
func (s *story) connectionPath() string { return filepath.Join(s.dir, "telegram.json") }
