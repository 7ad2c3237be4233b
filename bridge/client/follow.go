package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"
)

// Following says which events Follow tells of.
type Following struct {
	// After is where to begin: behind an event, by its ID; 0: with the first that
	// there is; empty: with what happens from now on.
	After    string
	Accounts []string    // of these alone; nil: of all that the key may see
	Types    []EventType // of these alone; nil: of all
	// Cut is told why the stream was cut each time that it is about to be opened
	// again; nil: nobody is.
	Cut func(error)
}

const (
	// silence is how long a stream may say nothing before it is taken for cut:
	// the daemon says every 15 seconds that it is alive.
	silence = 45 * time.Second
	// reopening is the pause before a stream is opened again; it doubles up to
	// longestPause while that fails.
	reopening = 500 * time.Millisecond
)

var errSilent = errors.New("nothing was heard for 45 seconds")

// Follow tells of events as they happen, until ctx ends, whose error it yields
// then. After a cut it goes on behind the last event that it has yielded: none is
// lost, none comes twice. It ends with an error where the daemon refuses to tell,
// or cannot be reached to begin with.
func (c *Client) Follow(ctx context.Context, f Following) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		s := &follower{client: c, f: f, yield: yield}
		pause := reopening
		for {
			heard, err := s.once(ctx)
			switch {
			case s.done:
				return
			case ctx.Err() != nil:
				yield(Event{}, ctx.Err())
				return
			case !s.begun && !heard, !passes(err):
				yield(Event{}, err)
				return
			}
			if heard {
				pause = reopening
			}
			if f.Cut != nil {
				f.Cut(err)
			}
			if err := sleep(ctx, max(pause, min(pauseOf(err, time.Now()), longestPause))); err != nil {
				yield(Event{}, err)
				return
			}
			pause = min(2*pause, longestPause)
		}
	}
}

// passes reports whether a stream that was cut by an error is worth opening again:
// unless the daemon refuses to.
func passes(err error) bool {
	var e *Error
	return !errors.As(err, &e) || e.Status >= http.StatusInternalServerError || e.Status == http.StatusTooManyRequests
}

// A follower reads the log over one stream after the other.
type follower struct {
	client *Client
	f      Following
	yield  func(Event, error) bool
	last   string // where to go on; empty: at After
	begun  bool   // it was open before
	done   bool   // nobody wants more
}

// once opens a stream and reads it until it is cut, which is its error. Heard
// says whether it was open at all.
func (s *follower) once(ctx context.Context) (heard bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := newCall(http.MethodGet, "/v1/events/stream")
	r.ask("after", s.f.After)
	r.ask("account_id", s.f.Accounts)
	r.ask("type", s.f.Types)
	r.set("Last-Event-ID", s.last)
	open := s.client.open
	if s.begun { // the loop of Follow tries again
		open = s.client.openOnce
	}
	body, err := open(ctx, r)
	if err != nil {
		return false, err
	}
	defer body.Close()
	s.begun = true
	watch := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer watch.Stop()
	err = readStream(body, func() { watch.Reset(silence) }, s.take)
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
		err = cause
	}
	return true, err
}

// openOnce is open without trying again.
func (c *Client) openOnce(ctx context.Context, r *call) (io.ReadCloser, error) {
	response, err := c.once(ctx, r)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

var errEnough = errors.New("client: nobody wants more")

// take takes a message of a stream.
func (s *follower) take(m message) error {
	if m.id != "" {
		s.last = m.id
	}
	switch {
	case len(m.data) == 0: // which tells where to go on
		return nil
	case m.event == "error":
		e := new(Error)
		if err := json.Unmarshal(m.data, &e.Problem); err != nil {
			return fmt.Errorf("client: the stream of events: %w", err)
		}
		return e
	}
	var event Event
	if err := json.Unmarshal(m.data, &event); err != nil {
		return fmt.Errorf("client: the stream of events: %w", err)
	}
	if !s.yield(event, nil) {
		s.done = true
		return errEnough
	}
	return nil
}

// A message is one of a stream of server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type message struct {
	id, event string
	data      []byte
}

// maxMessage is how long a message of a stream may be, in bytes.
const maxMessage = 16 << 20

// readStream reads messages until the stream ends, whose error it returns, or
// take's.
func readStream(r io.Reader, alive func(), take func(message) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxMessage)
	var m message
	for lines.Scan() {
		alive()
		line := lines.Bytes()
		if len(line) > 0 {
			m.add(line)
			if len(m.data) > maxMessage {
				return bufio.ErrTooLong
			}
			continue
		}
		m.data = bytes.TrimSuffix(m.data, []byte("\n"))
		if err := take(m); err != nil {
			return err
		}
		m = message{}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

// add adds a line to a message.
func (m *message) add(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "id":
		if !bytes.ContainsRune(value, 0) {
			m.id = string(value)
		}
	case "event":
		m.event = string(value)
	case "data":
		m.data = append(append(m.data, value...), '\n')
	}
}

// write writes a message as readStream reads it.
func (m message) write(w io.Writer) error {
	var b strings.Builder
	if m.id != "" {
		fmt.Fprintf(&b, "id: %s\n", m.id)
	}
	if m.event != "" {
		fmt.Fprintf(&b, "event: %s\n", m.event)
	}
	for line := range bytes.SplitSeq(m.data, []byte("\n")) {
		fmt.Fprintf(&b, "data: %s\n", line)
	}
	_, err := fmt.Fprintf(w, "%s\n", b.String())
	return err
}
