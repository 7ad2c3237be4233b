// Package eventlog reads the events of all accounts in one order, from any
// point and as they come. It never skips an event, however late the transaction
// that stores it commits.
//
// Start with [New], and run [Log.Run] once in each process. [Log.Read] gives
// what comes after a position, and [Log.Changed] says when there is more. All
// readers of a process share what was read last, so that they cost the database
// nothing while they keep up.
//
// # The order
//
// PostgreSQL gives an event its position, from a sequence, some time before the
// event is visible; a reader that goes by the highest position it sees skips
// what commits after that. Three other ways were looked at. A position that is
// given out by a lock held until the commit makes all accounts wait for each
// other's disks. One writer that gives positions to what has committed writes
// everything twice, and has to be elected. Positions made of transaction ids,
// read up to pg_snapshot_xmin, stand still for as long as anybody writes
// anything in the same cluster of databases, and jump back when a dump is
// restored elsewhere. Here writers do nothing more than take the next number,
// and readers stop before what those can still fill in who hold the lock of
// writers on the table: see frontier.
package eventlog

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"godwit/bridge"
)

// A Source is where events are stored, a *store.Store. Its methods say more.
type Source interface {
	LastPosition(ctx context.Context) (int64, error)
	EventWriters(ctx context.Context) (map[string]bool, error)
	EventsBetween(ctx context.Context, after, upTo int64, limit int) ([]bridge.Event, error)
	EventPosition(ctx context.Context, id bridge.EventID) (int64, error)
	Changed() <-chan struct{}
	Shared() bool
	TellOthers(ctx context.Context) error
	Listen(ctx context.Context, told func(deleted bridge.AccountID)) error
}

const (
	// pollInterval is how long an event of another process is not noticed for
	// if word of it was lost.
	pollInterval = time.Second
	// pace is how long the database is left alone between two looks.
	pace = 20 * time.Millisecond
	// What is kept in memory for those who keep up.
	keptEvents = 4096
	keptBytes  = 8 << 20
	batch      = 1000
)

// A Log is the log of events as this process sees it. It is safe for concurrent
// use.
type Log struct {
	source Source
	logger *slog.Logger
	wake   chan struct{} // another process has stored something
	front  frontier      // of Run alone

	extending sync.Mutex // held from reading events to keeping them; before mu

	mu      sync.Mutex
	hears   bool          // of accounts that other processes delete
	known   bool          // where the log ends
	end     int64         // it is complete up to here
	changed chan struct{} // closed when end changes

	// recent are all events after one position and up to end.
	recent []bridge.Event
	after  int64
	bytes  int
}

// New returns the log of the events that a source has.
func New(source Source, logger *slog.Logger) *Log {
	return &Log{
		source: source, logger: logger, wake: make(chan struct{}, 1), changed: make(chan struct{}),
	}
}

// End returns the position of the last event that there is for readers.
func (l *Log) End() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}

// Position returns the position of an event. The error is a *bridge.Error of
// CodeNotFound where there is none of that id.
func (l *Log) Position(ctx context.Context, id bridge.EventID) (int64, error) {
	return l.source.EventPosition(ctx, id)
}

// Changed returns a channel that is closed when there is more to read than at
// this moment.
func (l *Log) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Read returns up to limit events after a position, in their order, and the
// position to go on from. There are none when the reader has kept up. The
// events belong to all readers, and must not be changed.
func (l *Log) Read(ctx context.Context, after int64, limit int) ([]bridge.Event, int64, error) {
	l.mu.Lock()
	end, recent := l.end, l.recent
	fresh := after >= l.after
	l.mu.Unlock()
	if after >= end {
		return nil, after, nil
	}
	if !fresh {
		events, err := l.source.EventsBetween(ctx, after, end, limit)
		if err != nil {
			return nil, after, err
		}
		return events, next(events, limit, end), nil
	}
	from, _ := slices.BinarySearchFunc(recent, after+1, func(e bridge.Event, position int64) int {
		return cmp.Compare(e.Position, position)
	})
	recent = recent[from:min(from+limit, len(recent))]
	return slices.Clip(recent), next(recent, limit, end), nil
}

// next returns where to go on after having been given events, up to a limit of
// all up to end.
func next(events []bridge.Event, limit int, end int64) int64 {
	if len(events) == limit && limit > 0 {
		return events[limit-1].Position
	}
	return end
}

// Forget drops the events of an account that has been deleted, which the source
// does not have any more. Accounts that other processes delete are forgotten by
// themselves.
func (l *Log) Forget(id bridge.AccountID) {
	l.extending.Lock() // what was read before the account was deleted is kept by now
	defer l.extending.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	// Readers may hold parts of the slice.
	var rest []bridge.Event
	l.bytes = 0
	for _, e := range l.recent {
		if e.AccountID != id {
			rest = append(rest, e)
			l.bytes += len(e.Data)
		}
	}
	l.recent = rest
}

// hear has events kept in memory from now on, or none: while no word comes of
// accounts that others delete, they are to be read from the source alone.
func (l *Log) hear(of bool) {
	l.extending.Lock()
	defer l.extending.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hears = of
	l.recent, l.bytes, l.after = nil, 0, l.end
}

// Run follows the log until ctx ends.
func (l *Log) Run(ctx context.Context) {
	var listening sync.WaitGroup
	defer listening.Wait()
	if l.source.Shared() {
		listening.Go(func() { l.listen(ctx) })
	} else {
		l.hear(true)
	}
	for tell := false; ctx.Err() == nil; {
		wait := pollInterval
		if err := l.look(ctx, tell); err != nil {
			if ctx.Err() == nil {
				l.logger.Warn("events cannot be read for now", "error", err)
			}
		} else if l.front.waits() {
			wait = pace
		}
		tell = l.sleep(ctx, wait)
	}
}

// sleep waits until there is something to look at, or for some time. It
// reports whether this process has stored something.
func (l *Log) sleep(ctx context.Context, atMost time.Duration) bool {
	started := time.Now()
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	own := false
	select {
	case <-l.source.Changed():
		own = true
	case <-l.wake:
	case <-timer.C:
		return false
	case <-ctx.Done():
		return false
	}
	// More is likely to come: it is looked at together.
	timer.Reset(max(0, pace-time.Since(started)))
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return own
}

// listen wakes Run up when another process has stored something.
func (l *Log) listen(ctx context.Context) {
	for ctx.Err() == nil {
		heard := false
		err := l.source.Listen(ctx, func(deleted bridge.AccountID) {
			if !heard {
				heard = true
				l.hear(true)
			}
			if deleted != "" {
				l.Forget(deleted)
			}
			select {
			case l.wake <- struct{}{}:
			default:
			}
		})
		l.hear(false)
		if ctx.Err() == nil && err != nil && !errors.Is(err, context.Canceled) {
			l.logger.Warn("no word of events of other nodes for now; polling", "error", err)
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
		}
	}
}

// look sees how far the log has come.
func (l *Log) look(ctx context.Context, tell bool) error {
	if tell && l.source.Shared() {
		if err := l.source.TellOthers(ctx); err != nil {
			l.logger.Warn("other nodes will see events late", "error", err)
		}
	}
	position, err := l.source.LastPosition(ctx)
	if err != nil {
		return err
	}
	writers, err := l.source.EventWriters(ctx)
	if err != nil {
		return err
	}
	l.front.look(position, writers)
	if l.front.complete == 0 && l.front.waits() {
		return nil // it is not known yet where the log ends
	}
	return l.extend(ctx, l.front.complete)
}

// extend makes everything up to a position readable.
func (l *Log) extend(ctx context.Context, end int64) error {
	l.mu.Lock()
	from := l.end
	if !l.known {
		// What is older is read from the database by whoever wants it.
		l.known, l.end, l.after, from = true, end, end, end
		l.announce()
	}
	l.mu.Unlock()
	for from < end {
		var err error
		if from, err = l.extendOnce(ctx, from, end); err != nil {
			return err
		}
	}
	return nil
}

// extendOnce makes a batch readable, and returns up to where that goes.
func (l *Log) extendOnce(ctx context.Context, from, end int64) (int64, error) {
	l.extending.Lock()
	defer l.extending.Unlock()
	events, err := l.source.EventsBetween(ctx, from, end, batch)
	if err != nil {
		return from, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = next(events, batch, end)
	if l.hears {
		l.keep(events)
	} else {
		l.after = l.end
	}
	l.announce()
	return l.end, nil
}

func (l *Log) announce() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// keep adds to the recent events and drops the oldest of those that are too
// many. Readers may hold parts of the slice: it is added to and cut, and never
// written over.
func (l *Log) keep(events []bridge.Event) {
	l.recent = append(l.recent, events...)
	for i := range events {
		l.bytes += len(events[i].Data)
	}
	drop := 0
	for drop < len(l.recent) && (len(l.recent)-drop > keptEvents || l.bytes > keptBytes) {
		l.bytes -= len(l.recent[drop].Data)
		l.after = l.recent[drop].Position
		drop++
	}
	l.recent = l.recent[drop:]
}
