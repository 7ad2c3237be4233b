package demo

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"godwit/bridge/client"
)

// follow tells of all events from the first one on, until the demo ends.
func (s *story) follow() {
	for e, err := range s.api.Follow(s.life, client.Following{After: "0"}) {
		var t *told
		if err == nil {
			t, err = toldOf(e)
		}
		switch {
		case s.life.Err() != nil:
			return
		case err != nil:
			s.fail(fmt.Errorf("the stream of events: %w", err))
			return
		}
		s.narrate(t)
		s.stream.add(t)
	}
}

// maxBody is how large what a webhook sends may be, in bytes.
const maxBody = 1 << 20

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
		body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxBody))
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
