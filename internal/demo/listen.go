package demo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// follow follows the stream of events from the first one on until ctx ends. When
// the connection is lost it comes back to where it was.
func (a *api) follow(ctx context.Context, to func(*told)) error {
	last := "0"
	for {
		err := a.followFrom(ctx, &last, to)
		var r *refusal
		if errors.As(err, &r) && r.Status < 500 {
			return err
		}
		if pause(ctx, again) != nil {
			return nil
		}
	}
}

// followFrom follows the stream behind an event until the connection is lost,
// and notes how far it has come.
func (a *api) followFrom(ctx context.Context, last *string, to func(*told)) error {
	r, err := a.request(ctx, http.MethodGet, "/v1/events/stream", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Last-Event-ID", *last)
	res, err := (&http.Client{Transport: a.http.Transport}).Do(r) // which may take for ever
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return &refusal{Status: res.StatusCode, Detail: res.Status}
	}
	return readStream(res.Body, func(id string, data []byte) error {
		if len(data) > 0 {
			t, err := read(data)
			if err != nil {
				return err
			}
			to(t)
		}
		*last = id
		return nil
	})
}

// maxLine is how long a line of a stream may be, in bytes.
const maxLine = 1 << 20

// readStream reads server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), as far as the
// daemon sends them: each has an id, and data of one line or none. Of those of
// type error it returns the data as an error.
func readStream(in io.Reader, event func(id string, data []byte) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	var id, kind string
	var data []byte
	for lines.Scan() {
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "id":
			id = string(value)
		case "event":
			kind = string(value)
		case "data":
			data = bytes.Clone(value)
		case "": // the end of an event, or, with a value, a comment
			if len(lines.Bytes()) > 0 {
				continue
			}
			if kind == "error" {
				return fmt.Errorf("the stream of events has ended: %s", data)
			}
			if id != "" {
				if err := event(id, data); err != nil {
					return err
				}
			}
			id, kind, data = "", "", nil
		}
	}
	return lines.Err()
}

// A receiver is the other end of a webhook.
type receiver struct {
	url    string
	server *http.Server
	done   chan error
}

// receive opens a receiver. What comes to it is given to "to"; a request that
// does not bear the webhook's signature is refused, and told to fail.
func receive(secret func() string, to func(*told), fail func(error)) (*receiver, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + listener.Addr().String() + "/", done: make(chan error, 1)}
	r.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxLine))
		if err != nil {
			return // the daemon has been ended, and sends it again
		}
		t, err := verified(body, q.Header, secret())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			fail(fmt.Errorf("the webhook's receiver was sent something wrong: %w", err))
			return
		}
		to(t)
		w.WriteHeader(http.StatusNoContent)
	})}
	go func() { r.done <- r.server.Serve(listener) }()
	return r, nil
}

// verified reads a request, and checks its signature as any receiver does.
func verified(body []byte, header http.Header, secret string) (*told, error) {
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	if err := hook.Verify(body, header); err != nil {
		return nil, err
	}
	return read(body)
}

// close ends the receiver.
func (r *receiver) close() error {
	err := r.server.Close()
	if served := <-r.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
