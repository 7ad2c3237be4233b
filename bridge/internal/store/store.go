// Package store keeps what the daemon knows in a database: PostgreSQL, or
// SQLite in a file of its own.
//
// Start with [Open]. Reads are methods of [Store]; what changes anything is a
// method of [Tx], for [Store.Change] to carry out at once or not at all.
//
// Both databases run the same statements. What differs between them stands in
// dialect.go and in the migrations; one suite of tests runs on both.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // the driver sqlite

	"godwit/bridge"
)

//go:embed migrations
var migrations embed.FS

// A Store is an open database.
type Store struct {
	dialect *dialect
	read    *sql.DB
	write   *sql.DB // the same as read, but for SQLite, which has one writer
	url     string
	changed chan struct{} // has room for one: there are new events
}

// Open opens the database at a URL, and brings its tables up to date:
//
//	postgres://user@host/database
//	sqlite:PATH
func Open(ctx context.Context, url string) (*Store, error) {
	s := &Store{url: url, changed: make(chan struct{}, 1)}
	var err error
	switch path, isFile := strings.CutPrefix(url, "sqlite:"); {
	case isFile && path != "":
		err = s.openSQLite(path)
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		err = s.openPostgres(url)
	default:
		return nil, errors.New("store: the database is neither postgres://… nor sqlite:PATH")
	}
	if err == nil {
		err = s.migrate(ctx)
	}
	if err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("store: opening the database: %w", err)
	}
	return s, nil
}

// transactionLife is how long PostgreSQL waits for the next statement of a
// transaction, in milliseconds: the rows that a process has locked which is frozen
// are others' after that.
const transactionLife = "10000"

func (s *Store) openPostgres(url string) error {
	s.dialect = postgres
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	config.RuntimeParams["idle_in_transaction_session_timeout"] = transactionLife
	config.RuntimeParams["jit"] = "off" // no query here takes as long as compiling one
	// What reads within a transaction must find a connection though all that write
	// are taken.
	s.read, s.write = stdlib.OpenDB(*config), stdlib.OpenDB(*config)
	for _, db := range []*sql.DB{s.read, s.write} {
		keepIdle(db)
		db.SetMaxOpenConns(maxConnections)
	}
	return nil
}

// maxConnections is how many there are to PostgreSQL that read, and that write. More
// do not make it faster, and it has a hundred for all.
const maxConnections = 16

// keepIdle has connections kept that are likely to be used again soon. By itself
// package sql keeps two, and when thousands of accounts come online more is spent on
// opening others, each of which is a process that plans its statements anew, than on
// queries.
func keepIdle(db *sql.DB) {
	db.SetMaxIdleConns(maxConnections)
	db.SetConnMaxIdleTime(time.Minute)
}

// openSQLite opens one connection that writes and some that read. Every
// transaction that writes takes the lock at its beginning, so that none fails
// half-way because of another.
func (s *Store) openSQLite(path string) (err error) {
	s.dialect = sqlite
	const pragmas = "?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=secure_delete(1)" // what is deleted is overwritten
	if s.write, err = sql.Open("sqlite", "file:"+escapePath(path)+pragmas+"&_txlock=immediate"); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", "file:"+escapePath(path)+pragmas+"&_pragma=query_only(1)"); err != nil {
		return err
	}
	keepIdle(s.read)
	return nil
}

// escapePath keeps what a path holds from being read as a part of the URL.
func escapePath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations/"+s.dialect.name)
	if err != nil {
		return err
	}
	options := []goose.ProviderOption{
		goose.WithSlog(slog.New(slog.DiscardHandler)), goose.WithAllowOutofOrder(true),
	}
	if s.Shared() {
		// Nodes that start at once would make the same tables.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(s.dialect.goose, s.write, files, options...)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// Close closes the database.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// A Tx is a change of the database in the making. It must not be used after the
// function that it was given to has returned.
type Tx struct {
	ctx     context.Context
	tx      *sql.Tx
	dialect *dialect
	events  bool // there are new ones
	locked  map[bridge.AccountID]bool
	after   []func()
}

// AfterCommit has something done when the change has become permanent.
func (t *Tx) AfterCommit(do func()) { t.after = append(t.after, do) }

// Change calls change and makes what it has done permanent, or, when it
// returns an error, undoes all of it and returns the error. Where the database
// has undone it because of another change at the same time, change is called
// again: what it sets besides, it must set anew.
func (s *Store) Change(ctx context.Context, change func(*Tx) error) error {
	for try := 1; ; try++ {
		err := s.changeOnce(ctx, change)
		if err == nil || try == maxTries || !isDeadlock(err) || ctx.Err() != nil {
			return err
		}
	}
}

// maxTries is how often a change is made that deadlocks with others.
const maxTries = 5

func (s *Store) changeOnce(ctx context.Context, change func(*Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer tx.Rollback() // does nothing after Commit
	t := &Tx{ctx: ctx, tx: tx, dialect: s.dialect}
	if err := change(t); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if t.events {
		signal(s.changed)
	}
	for _, do := range t.after {
		do()
	}
	return nil
}

// signal leaves word in a channel that has room for one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// exec runs a statement and returns how many rows it has changed.
func (t *Tx) exec(statement string, args ...any) (int64, error) {
	result, err := t.tx.ExecContext(t.ctx, statement, t.dialect.values(args)...)
	if err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	return result.RowsAffected()
}

func (t *Tx) row(query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(t.ctx, query, t.dialect.values(args)...)
}
