// Package jobs runs what any node may do on River, over the daemon's own
// database: each job is done by one node at a time, and by another if that one
// dies.
//
// Start with [Open], then [Client.Start]. Whoever has something done defines a
// worker and how its jobs are inserted.
//
// A job that goes on for long does so in slices of [Slice] at most, between
// which it returns river.JobSnooze(0). The jobs of a node that has died are done
// anew when somebody calls [Client.Rescue], or [RescueAfter] they began.
package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"godwit/bridge/internal/store"
)

const (
	// Slice is how long a job works on before it lets another node have it.
	Slice = 30 * time.Second
	// Timeout is when a job's context ends that goes on for slices: Slice, and
	// time to finish.
	Timeout = time.Minute
	// RescueAfter is when the node of a job that has not ended is taken for dead.
	RescueAfter = 90 * time.Second
	// pollInterval is how long it takes at most until a job goes on after a slice.
	pollInterval = 200 * time.Millisecond
)

// Options are what a Client is made of.
type Options struct {
	Node     string // its name, which no other has; empty: one of River's, which Rescue takes for gone
	Workers  *river.Workers
	Queues   map[string]int // how many jobs of each this node does at once
	Periodic []*river.PeriodicJob
	Logger   *slog.Logger
}

// A Client inserts jobs and does them.
type Client struct {
	client client
	pool   *pgxpool.Pool // nil with SQLite
}

// client is a *river.Client of either database.
type client interface {
	Start(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	InsertMany(ctx context.Context, params []river.InsertManyParams) ([]*rivertype.JobInsertResult, error)
}

// Open brings River's tables up to date in the database of a store, and returns
// a client of them.
func Open(ctx context.Context, s *store.Store, o Options) (*Client, error) {
	config := &river.Config{
		ID:      clientID(o.Node),
		Workers: o.Workers, Queues: make(map[string]river.QueueConfig), PeriodicJobs: o.Periodic, Logger: o.Logger,
		RescueStuckJobsAfter: RescueAfter, FetchPollInterval: pollInterval, FetchCooldown: pollInterval / 4,
	}
	for name, n := range o.Queues {
		config.Queues[name] = river.QueueConfig{MaxWorkers: n}
	}
	c := new(Client)
	var err error
	if s.Shared() {
		if c.pool, err = openPool(ctx, s.URL()); err == nil {
			c.client, err = open[pgx.Tx](ctx, riverpgxv5.New(c.pool), config)
		}
	} else if c.client, err = open[*sql.Tx](ctx, riversqlite.New(s.Writer()), config); err == nil {
		err = rescueAll(ctx, s.Writer())
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return c, nil
}

// maxConns is how many connections to PostgreSQL jobs take, beside those of the
// store. Jobs themselves use the store.
const maxConns = 4

func openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = maxConns
	return pgxpool.NewWithConfig(ctx, config)
}

// rescueAll has the jobs done anew that are said to be under way: with a database
// that only one node uses, whoever did them has ended.
func rescueAll(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running'`)
	return err
}

func open[T any](ctx context.Context, driver riverdriver.Driver[T], config *river.Config) (client, error) {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	return river.NewClient(driver, config)
}

// Start begins to do jobs. When ctx ends, it stops.
func (c *Client) Start(ctx context.Context) error {
	if err := c.client.Start(ctx); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	return nil
}

// Stop ends the contexts of the jobs that this node does, and returns when they
// have ended.
func (c *Client) Stop(ctx context.Context) error {
	if err := c.client.StopAndCancel(ctx); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	return nil
}

// Close gives up the client's connections.
func (c *Client) Close() {
	if c.pool != nil {
		c.pool.Close()
	}
}

// Insert has jobs done.
func (c *Client) Insert(ctx context.Context, jobs ...river.JobArgs) error {
	if len(jobs) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, len(jobs))
	for i, j := range jobs {
		params[i].Args = j
	}
	if _, err := c.client.InsertMany(ctx, params); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	return nil
}
