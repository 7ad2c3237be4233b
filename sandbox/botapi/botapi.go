// Package botapi serves the Bot API (https://core.telegram.org/bots/api) over
// the world of a sandbox: bots and people write to each other there, whatever
// way each of them has come.
//
// Start with [New] and [Server.Start], or serve a [Server] as the http.Handler
// that it is. Bots are those of [sandbox.Sandbox.AddBot]. What is answered, and
// how refusals are worded, is as Telegram's own server has it
// (https://github.com/tdlib/telegram-bot-api); as that one does with --local, it
// takes webhooks over HTTP, on any port and address. Files are taken from the
// request or by their ids; it fetches none from other places, and refuses a URL
// as Telegram does one that it cannot reach.
//
// What goes wrong at Telegram can be had here too: [Server.AddFault] has requests
// refused, and [Options.Limits] counts messages. Everything lasts as long as the
// Server.
//
// Numbers such as R-FI-04 are those of docs/requirements.md.
package botapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"godwit/sandbox"
)

// Options say how a Server is set up. The zero Options are good.
type Options struct {
	// Limits are how much bots may send; nil means as much as they like.
	Limits *Limits
	// Webhooks makes the requests of webhooks; http.DefaultTransport if nil.
	Webhooks http.RoundTripper
	Logger   *slog.Logger // silent if nil
}

// A Server serves the Bot API. All methods are safe for concurrent use.
type Server struct {
	sandbox *sandbox.Sandbox
	options Options
	log     *slog.Logger

	ctx     context.Context // ends with the Server
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex // guards what follows
	bots   map[string]*bot
	faults []Fault
	http   *http.Server // nil unless started
	closed bool
}

// New returns a Server of a sandbox. It signs in all of the sandbox's bots, and
// those that are added later, so that what is written to them is kept for them.
func New(sb *sandbox.Sandbox, o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Webhooks == nil {
		o.Webhooks = http.DefaultTransport
	}
	s := &Server{sandbox: sb, options: o, log: o.Logger, bots: make(map[string]*bot)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	sb.WatchBots(func(token string) {
		if _, err := s.bot(token); err != nil && !errors.Is(err, errClosing) {
			s.log.Error("bot cannot be signed in", "error", err)
		}
	})
	return s
}

// Start listens on an address, HOST:PORT with port 0 for a free one, serves
// until Close, and returns the URL that clients begin theirs with.
func (s *Server) Start(address string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.http != nil {
		return "", errors.New("botapi: started already, or closed")
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("botapi: %w", err)
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	server := s.http
	s.running.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("Bot API server has stopped", "error", err)
		}
	})
	return "http://" + reachable(l.Addr()), nil
}

// reachable returns the address by which this machine reaches a listener.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
	}
	return a.String()
}

// Close ends all requests and webhooks, signs the bots out, and waits until
// everything has stopped.
func (s *Server) Close() error {
	s.mu.Lock()
	server, bots, closed := s.http, s.bots, s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	s.cancel()
	var err error
	if server != nil {
		err = server.Close()
	}
	for _, b := range bots {
		b.client.SignOut()
	}
	s.running.Wait()
	return err
}

// bot returns the bot of a token, and signs it in if it is not.
func (s *Server) bot(token string) (*bot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosing
	}
	b := s.bots[token]
	if b == nil {
		b = newBot(s, token)
	}
	if err := b.signIn(); err != nil {
		return nil, err
	}
	s.bots[token] = b
	return b, nil
}

// now is the time by the sandbox's clock, as the Bot API carries it.
func (s *Server) now() int { return int(s.sandbox.Now().Unix()) }
