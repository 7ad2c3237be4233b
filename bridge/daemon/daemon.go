// Package daemon puts the bridge together: one node of it, from its options to
// its end.
//
// Start with [Run]. What works on the database without a daemon is in package
// operator.
package daemon

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"godwit/bridge"
	"godwit/bridge/internal/account"
	"godwit/bridge/internal/botapi"
	"godwit/bridge/internal/eventlog"
	"godwit/bridge/internal/fleet"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/jobs"
	"godwit/bridge/internal/outbox"
	"godwit/bridge/internal/pool"
	"godwit/bridge/internal/service"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
	"godwit/bridge/internal/vault"
	"godwit/bridge/internal/webhook"
	"godwit/telegram"
)

// Options say what a node is made of.
type Options struct {
	Listen    string   // host:port of the HTTP API
	Advertise string   // host:port at which other nodes reach it; Listen if empty
	Data      string   // the directory of what the node keeps itself; it is made if there is none
	Database  string   // postgres://… or sqlite:PATH; a file in Data if empty
	KEKs      []string // the key-encryption keys, of which the first wraps; a file in Data if there are none

	Network telegram.Network // where the accounts are; Production if zero
	APIID   int              // of https://my.telegram.org/apps
	APIHash string
	// PublicURL is where Telegram reaches the node, for bots whose updates come by
	// webhook; empty: nowhere.
	PublicURL string
	BotAPI    string // the URL of the Bot API, for accounts of bots; Telegram's own if empty

	// OTLP is the base URL of a collector of OpenTelemetry that is told of what the
	// node does, over HTTP; empty: nobody is.
	OTLP    string
	Logger  *slog.Logger
	Version string
	// History is how many messages of each conversation are fetched in the
	// background when an account is added.
	History int
	// Webhooks says where webhooks may lead: to public addresses over HTTPS, if
	// zero.
	Webhooks webhook.Guard
	// Ready is called once when the HTTP API serves, with its address, and with
	// an API key that may do everything where there was none yet.
	Ready func(address, firstKey string)
}

// A node is a daemon that runs.
type node struct {
	o        Options
	name     string
	store    *store.Store
	sole     io.Closer // keeps other daemons off a database that is for one
	vault    *vault.Vault
	trace    *trace.Tracer
	inbox    *inbox.Inbox
	fleet    *fleet.Fleet
	outbox   *outbox.Outbox
	events   *eventlog.Log
	webhooks *webhook.Service
	jobs     *jobs.Client
	listener net.Listener
	server   *http.Server
	tasks    sync.WaitGroup
}

// Run runs a node until ctx ends, and then gives its accounts back. The error
// names what was wrong with the options, or what has failed.
func Run(ctx context.Context, o Options) error {
	n, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer n.close()
	return n.run(ctx)
}

func open(ctx context.Context, o Options) (_ *node, err error) {
	n := &node{o: o, name: nodeName()}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, fmt.Errorf("the directory for data: %w", err)
	}
	if n.store, err = store.Open(ctx, cmp.Or(o.Database, DatabaseIn(o.Data))); err != nil {
		return nil, err
	}
	if n.sole, err = n.store.Sole(); err != nil {
		return nil, err
	}
	if n.vault, err = openVault(ctx, o); err != nil {
		return nil, err
	}
	if n.listener, err = net.Listen("tcp", o.Listen); err != nil {
		return nil, fmt.Errorf("the HTTP API: %w", err)
	}
	address, err := advertised(o.Advertise, n.listener.Addr(), n.store.Shared())
	if err != nil {
		return nil, err
	}
	if err := n.openTrace(ctx); err != nil {
		return nil, err
	}
	n.assemble(address)
	workers := river.NewWorkers()
	river.AddWorker(workers, &webhook.Worker{Service: n.webhooks})
	n.jobs, err = jobs.Open(ctx, n.store, jobs.Options{
		Node: n.name, Workers: workers, Queues: map[string]int{webhook.Queue: maxWebhooks}, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	return n, nil
}

// maxWebhooks is to how many webhooks a node delivers at once.
const maxWebhooks = 1000

// DatabaseIn returns the URL of the database of a node whose directory is given,
// if it is told of no other.
func DatabaseIn(directory string) string { return "sqlite:" + filepath.Join(directory, "godwit.db") }

// KEKIn is as [DatabaseIn] for the key-encryption key.
func KEKIn(directory string) string { return "file:" + filepath.Join(directory, "key") }

func openVault(ctx context.Context, o Options) (*vault.Vault, error) {
	urls := o.KEKs
	if len(urls) == 0 {
		urls = []string{KEKIn(o.Data)}
	}
	keks := make([]*vault.KEK, len(urls))
	for i, url := range urls {
		k, err := vault.OpenKEK(ctx, url)
		if err != nil {
			return nil, err
		}
		keks[i] = k
	}
	if err := keks[0].Check(ctx); err != nil {
		return nil, err
	}
	return vault.New(keks[0], keks[1:]...), nil
}

// nodeName returns a name that no other node has, nor this one the next time.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:6])
}

// assemble makes the parts of the node, which do nothing yet.
func (n *node) assemble(address string) {
	log, now := n.o.Logger, time.Now
	certain := func(ctx context.Context) error { return n.fleet.Certain(ctx) }
	n.inbox = inbox.New(n.store, now)
	n.inbox.Trace = n.trace
	surfaces := &fleet.Surfaces{
		Users: &account.Environment{
			Store: n.store, Vault: n.vault, Network: n.o.Network, APIID: n.o.APIID, APIHash: n.o.APIHash,
			Device: telegram.Device{Model: "godwit bridge", AppVersion: n.o.Version},
			Inbox:  &account.Recorder{Store: n.store, Inbox: n.inbox, Logger: log, History: n.o.History, Admit: n.admit, Refused: n.refused, Trace: n.trace},
			Logger: log, Now: now, Trace: n.trace, Certain: certain,
		},
		Bots: &botapi.Environment{
			Store: n.store, Vault: n.vault, Inbox: n.inbox, Logger: log, Now: now, URL: n.o.BotAPI, Webhook: n.o.botWebhook(),
			Trace: n.trace, Certain: certain,
		},
	}
	n.fleet = fleet.New(fleet.Options{
		Node: n.name, Address: address, Store: n.store, Starter: surfaces, Logger: log, Now: now,
		OnChange: func(id bridge.AccountID, a *bridge.Account) { n.outbox.Changed(id, a) },
	})
	n.events = eventlog.New(n.store, log)
	s := &service.Service{
		Store: n.store, Vault: n.vault, Fleet: n.fleet, Logger: log, Now: now, Node: n.name, Wake: n.wake, BotWebhooks: n.o.PublicURL != "", Deleted: n.events.Forget,
	}
	pools := pool.New(pool.Options{Store: n.store, Suppression: pool.Listed{}, Outbox: s, Now: now, Entropy: rand.Reader})
	n.outbox = outbox.New(outbox.Options{
		Store: n.store, Fleet: n.fleet, Inbox: n.inbox, Guard: pools, Logger: log, Now: now, Trace: n.trace,
	})
	s.Pools = pools
	n.webhooks = webhook.New(webhook.Options{
		Store: n.store, Log: n.events, Vault: n.vault, Guard: n.o.Webhooks, Version: n.o.Version, Trace: n.trace, Logger: log,
		Enqueue: func(ctx context.Context, ids []bridge.WebhookID) error {
			return n.jobs.Insert(ctx, webhook.Jobs(ids)...)
		},
		Pools: n.store.PoolsOf,
	})
	n.server = &http.Server{
		Handler: n.operations(httpapi.New(httpapi.Options{
			Authenticator: httpapi.KeyAuthenticator(n.store, now), Accounts: s, Messages: s, Owners: s, Logins: s,
			Uploads: s, Media: s, Exports: s, People: s, BotUpdates: n,
			Budgets: spend.NewBudgets(n.store, now), Ramps: spend.NewRamps(n.store, now, rand.Reader),
			Pools: pools, Events: n.events, Webhooks: n.webhooks,
			Administration: s, Unavailable: store.IsDown, Logger: log, Now: now, Version: n.o.Version, Trace: n.trace,
		})),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// wake tells whichever node owns an account that it has something to do.
func (n *node) wake(id bridge.AccountID) {
	if n.fleet.Owns(id) {
		n.outbox.Wake(id)
		return
	}
	if err := n.store.TellWork(context.Background(), id); err != nil {
		n.o.Logger.Warn("the owner finds what is to be sent when it looks next", "account", id, "error", err)
	}
}

func (n *node) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	roomyHeap(ctx)
	first, err := firstKey(ctx, n.store, time.Now())
	if err != nil {
		return err
	}
	if err := n.jobs.Start(ctx); err != nil {
		return err
	}
	n.tasks.Go(func() { n.listen(ctx) })
	n.tasks.Go(func() { n.events.Run(ctx) })
	n.tasks.Go(func() { n.webhooks.Run(ctx) })
	n.tasks.Go(func() { n.tidy(ctx) })
	n.tasks.Go(func() { n.rescue(ctx) })
	served := make(chan error, 1)
	n.tasks.Go(func() { served <- n.server.Serve(n.listener) })
	if n.o.Ready != nil {
		n.o.Ready(n.listener.Addr().String(), first)
	}
	fleet := make(chan error, 1)
	n.tasks.Go(func() { fleet <- n.fleet.Run(ctx) })
	select {
	case err := <-served:
		stop()
		return errors.Join(fmt.Errorf("the HTTP API: %w", err), <-fleet)
	case <-ctx.Done():
	}
	// Requests that are under way end first, then the accounts.
	closing, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err = n.server.Shutdown(closing)
	if errors.Is(err, context.DeadlineExceeded) {
		err = n.server.Close()
	}
	return errors.Join(err, <-fleet)
}

// shutdownTimeout is how long requests may go on when the node is to end.
const shutdownTimeout = 10 * time.Second

// listen has the outbox look for work when other nodes tell of it, and at
// everything when word may have been lost.
func (n *node) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := n.store.ListenWork(ctx, func(id bridge.AccountID) {
			if id == "" {
				n.outbox.WakeAll()
				return
			}
			n.outbox.Wake(id)
		})
		if ctx.Err() != nil {
			return
		}
		n.o.Logger.Warn("not told of work for now", "error", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// How long what nobody needs any more is kept.
const (
	tidyInterval      = time.Hour
	answerRetention   = 24 * time.Hour      // of requests with an idempotency key
	traceRetention    = 7 * 24 * time.Hour  // longer than anything is tried again
	uploadRetention   = 24 * time.Hour      // of files that nothing is to be sent of any more
	deliveryRetention = 30 * 24 * time.Hour // of the log of deliveries, dead letters included
)

// tidy deletes what nobody needs any more.
func (n *node) tidy(ctx context.Context) {
	for {
		select {
		case <-time.After(tidyInterval):
		case <-ctx.Done():
			return
		}
		now := time.Now()
		_, answers := n.store.ForgetAnswers(ctx, now.Add(-answerRetention))
		_, traces := n.store.ForgetTraces(ctx, now.Add(-traceRetention))
		_, uploads := n.store.DeleteUploadsBefore(ctx, now.Add(-uploadRetention))
		_, deliveries := n.webhooks.Prune(ctx, webhook.Retention{Delivered: deliveryRetention, Dead: deliveryRetention})
		_, exports := n.store.DeleteExportsAt(ctx, now)
		if err := errors.Join(exports, answers, traces, uploads, deliveries); err != nil && ctx.Err() == nil {
			n.o.Logger.Warn("not tidied up", "error", err)
		}
	}
}

func (n *node) close() {
	if n.jobs != nil {
		n.jobs.Close()
	}
	if n.outbox != nil {
		n.outbox.Close()
	}
	if n.listener != nil {
		_ = n.listener.Close() // the server has, if it was run
	}
	n.tasks.Wait()
	if n.inbox != nil {
		n.inbox.Close()
	}
	n.closeTrace()
	if n.sole != nil {
		_ = n.sole.Close() // the process is about to end
	}
	if n.store != nil {
		if err := n.store.Close(); err != nil {
			n.o.Logger.Warn("database not closed well", "error", err)
		}
	}
}
