package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"time"
)

// A daemon is "godwit serve" as a process of its own.
type daemon struct {
	program string
	args    []string
	log     *os.File
	// ended is told when the process has ended and nobody wanted it to.
	ended func(error)

	address string // of the HTTP API; empty before the first start
	key     string // the API key that the first start has made

	command *exec.Cmd
	input   io.Closer // the process ends when its standard input does
	exited  chan struct{}

	mu     sync.Mutex
	wanted bool // to end
}

// start starts the process, at the address that it had before, and returns when
// its HTTP API serves.
func (d *daemon) start(ctx context.Context) error {
	listen := d.address
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	screen := newScreen(d.key == "")
	d.command = exec.Command(d.program, append([]string{"serve", "--listen", listen}, d.args...)...)
	d.command.Stdout, d.command.Stderr = screen, d.log
	input, err := d.command.StdinPipe()
	if err != nil {
		return err
	}
	if err := d.command.Start(); err != nil {
		return err
	}
	d.input, d.exited = input, make(chan struct{})
	d.want(false)
	go d.wait(d.command, d.exited)
	select {
	case <-screen.full:
	case <-d.exited:
		return errors.New("the daemon has ended")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	d.address = screen.address
	if screen.key != "" {
		d.key = screen.key
	}
	return nil
}

// wait tells of an end that nobody wanted.
func (d *daemon) wait(command *exec.Cmd, exited chan struct{}) {
	err := command.Wait()
	close(exited)
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.wanted {
		d.ended(fmt.Errorf("the daemon has ended by itself: %w", errors.Join(errors.New(command.ProcessState.String()), err)))
	}
}

// want says whether the process is to end.
func (d *daemon) want(end bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = end
}

// base is where the HTTP API is.
func (d *daemon) base() string { return "http://" + d.address }

// pid is the number of the process.
func (d *daemon) pid() int { return d.command.Process.Pid }

// kill ends the process as a crash would.
func (d *daemon) kill() error {
	d.want(true)
	err := d.command.Process.Kill()
	<-d.exited
	return err
}

// endPatience is how long the process may take to end in good order.
const endPatience = 20 * time.Second

// stop ends the process in good order.
func (d *daemon) stop() error {
	if d.command == nil || d.input == nil {
		return d.log.Close()
	}
	d.want(true)
	_ = d.input.Close() // it may have ended
	select {
	case <-d.exited:
		return d.log.Close()
	case <-time.After(endPatience):
		return errors.Join(fmt.Errorf("the daemon does not end within %v", endPatience), d.kill(), d.log.Close())
	}
}

// What the daemon prints for people.
var (
	addressLine = regexp.MustCompile(`The HTTP API is at http://([^,\s]+),`)
	keyLine     = regexp.MustCompile(`(?m)^\s+(godwit_\w+)\n`)
)

// A screen reads what the daemon prints when it starts.
type screen struct {
	wantsKey bool
	full     chan struct{} // closed when all is there

	mu           sync.Mutex
	text         bytes.Buffer
	address, key string
}

func newScreen(wantsKey bool) *screen { return &screen{wantsKey: wantsKey, full: make(chan struct{})} }

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.address != "" && (s.key != "" || !s.wantsKey) {
		return len(p), nil
	}
	s.text.Write(p)
	address, key := addressLine.FindSubmatch(s.text.Bytes()), keyLine.FindSubmatch(s.text.Bytes())
	if address == nil || s.wantsKey && key == nil {
		return len(p), nil
	}
	s.address = string(address[1])
	if key != nil {
		s.key = string(key[1])
	}
	close(s.full)
	return len(p), nil
}
