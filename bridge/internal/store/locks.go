package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"
)

// The spaces of the locks keep them apart from each other and from other
// advisory locks of the database.
const (
	shardSpace = 0x676f6473 // "gods"
	nodeSpace  = 0x676f646e // "godn"
)

// Locks are the shards that a node holds. They are locks of one connection to
// PostgreSQL: when that ends, however it does, they are free. With SQLite there
// is one node, which holds what it likes.
type Locks struct {
	conn *sql.Conn // nil with SQLite
	// using has room for the one who uses conn. A statement on it while the rows of
	// another are being read would have the driver close it, and the locks lost.
	using chan struct{}
	node  int // the key of the node
}

// ErrNodeKey says that the key of a node is another node's.
var ErrNodeKey = errors.New("store: another node has this lock key")

// OpenLocks returns Locks that hold no shard yet. They hold the lock of the
// node, by which others know that it is there: the error is ErrNodeKey where
// another node holds that.
//
// A node that is not heard from for as long as life, by [Locks.Check] or any
// other use, loses them: PostgreSQL ends the connection. Without that it would
// take a process that is frozen, or on the other side of a cut network, for
// alive.
func (s *Store) OpenLocks(ctx context.Context, nodeKey int, life time.Duration) (*Locks, error) {
	if s.dialect == sqlite {
		return &Locks{}, nil
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: a connection for locks: %w", err)
	}
	l := &Locks{conn, make(chan struct{}, 1), nodeKey}
	if err := l.hold(ctx, life); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Locks) hold(ctx context.Context, life time.Duration) error {
	// No disk holds up what Check writes: after a crash of the database it may be
	// older by half a second, and the locks are gone all the same.
	settings := fmt.Sprintf(`SET idle_session_timeout = %d; SET synchronous_commit = off`, life.Milliseconds())
	if _, err := l.conn.ExecContext(ctx, settings); err != nil {
		return fmt.Errorf("store: the connection that holds the locks: %w", err)
	}
	ok, err := l.try(ctx, nodeSpace, l.node)
	if err == nil && !ok {
		err = ErrNodeKey
	}
	return err
}

// lockTimeout is how long the database may take to answer about a lock.
const lockTimeout = 10 * time.Second

// bounded returns a context for a statement on the connection of the locks,
// which the driver closes when a context ends: then the locks are lost. So the
// caller's end does not count, only the time.
func bounded(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), timeout)
}

// use waits until nobody else uses the connection.
func (l *Locks) use(ctx context.Context) (done func(), err error) {
	select {
	case l.using <- struct{}{}:
		return func() { <-l.using }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("store: the connection that holds the locks is busy: %w", ctx.Err())
	}
}

func (l *Locks) try(ctx context.Context, space, key int) (ok bool, err error) {
	ctx, cancel := bounded(ctx, lockTimeout)
	defer cancel()
	done, err := l.use(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	err = l.conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1, $2)`, space, key).Scan(&ok)
	if err != nil {
		return false, fmt.Errorf("store: lock %d: %w", key, err)
	}
	return ok, nil
}

// TryLock takes a shard unless another node holds it, and reports whether it
// did. Each success is to be undone once.
func (l *Locks) TryLock(ctx context.Context, shard int) (ok bool, err error) {
	if l.conn == nil {
		return true, nil
	}
	return l.try(ctx, shardSpace, shard)
}

// Unlock gives a shard back.
func (l *Locks) Unlock(ctx context.Context, shard int) error {
	if l.conn == nil {
		return nil
	}
	ctx, cancel := bounded(ctx, lockTimeout)
	defer cancel()
	done, err := l.use(ctx)
	if err != nil {
		return err
	}
	defer done()
	if _, err := l.conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1, $2)`, shardSpace, shard); err != nil {
		return fmt.Errorf("store: lock of shard %d: %w", shard, err)
	}
	return nil
}

// Check fails unless the locks are certain to be held still, and notes by the
// database's clock when that was: see [Tx.ClaimShard]. It answers within timeout.
func (l *Locks) Check(ctx context.Context, timeout time.Duration) error {
	if l.conn == nil {
		return nil
	}
	ctx, cancel := bounded(ctx, timeout)
	defer cancel()
	done, err := l.use(ctx)
	if err != nil {
		return err
	}
	defer done()
	if _, err := l.conn.ExecContext(ctx, `UPDATE nodes SET seen_at = clock_timestamp() WHERE lock_key = $1`, l.node); err != nil {
		return fmt.Errorf("store: the connection that holds the locks: %w", err)
	}
	return nil
}

// Close gives everything back.
func (l *Locks) Close() error {
	if l.conn == nil {
		return nil
	}
	// A connection that went back to the pool would keep its locks.
	err := l.conn.Raw(func(driver any) error {
		if c, ok := driver.(io.Closer); ok {
			return c.Close()
		}
		return nil
	})
	_ = l.conn.Close() // of what is closed already
	if errors.Is(err, sql.ErrConnDone) {
		return nil // it was lost before
	}
	return err
}
