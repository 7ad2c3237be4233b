package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"godwit/bridge"
)

// A Node is a daemon that shares the database.
type Node struct {
	ID      string
	Address string // host:port at which other nodes reach its HTTP API
	LockKey int    // of the lock that it holds as long as it is there
	SeenAt  time.Time
}

// SetNode notes that a node is there.
func (t *Tx) SetNode(n Node) error {
	_, err := t.exec(`INSERT INTO nodes (id, address, lock_key, seen_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET address = excluded.address, lock_key = excluded.lock_key, seen_at = excluded.seen_at`,
		n.ID, n.Address, n.LockKey, n.SeenAt)
	return err
}

// DeleteNode notes that a node has ended.
func (t *Tx) DeleteNode(id string) error {
	_, err := t.exec(`DELETE FROM nodes WHERE id = $1`, id)
	return err
}

// Nodes returns the nodes that are there, in the order of their ids: those that
// hold their lock. With SQLite it is the one that was noted last.
func (s *Store) Nodes(ctx context.Context) ([]Node, error) {
	return collect(ctx, s.read, s.dialect, "nodes", func(row scanner) (n Node, err error) {
		err = row.Scan(&n.ID, &n.Address, &n.LockKey, timeColumn{&n.SeenAt})
		return n, err
	}, s.dialect.nodes)
}

// Owner returns the node that owns an account: its id, "" for none, and the
// address at which it is reached.
func (s *Store) Owner(ctx context.Context, id bridge.AccountID) (node, address string, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT a.node, COALESCE(n.address, '') FROM accounts a
		LEFT JOIN nodes n ON n.id = a.node WHERE a.id = $1`, id).Scan(&node, &address)
	return node, address, noAccount(id, err)
}

// ClaimShard makes a node the owner of all accounts of a shard, under a new
// epoch each, and returns them. Those that another node had and did not give back
// are in crashed, with how long ago that node was certain of its locks at the
// latest, as far as the database knows.
func (t *Tx) ClaimShard(shard int, node string) (
	accounts []*bridge.Account, crashed map[bridge.AccountID]time.Duration, err error,
) {
	owned, err := t.accounts(`SELECT `+accountColumns+` FROM accounts WHERE shard = $1 ORDER BY id`+t.dialect.forUpdate, shard)
	if err != nil {
		return nil, nil, err
	}
	crashed = make(map[bridge.AccountID]time.Duration)
	silent := make(map[string]time.Duration) // by node
	for _, a := range owned {
		if a.Node == "" || a.Node == node {
			continue
		}
		silence, known := silent[a.Node]
		if !known {
			if silence, err = t.silence(a.Node); err != nil {
				return nil, nil, err
			}
			silent[a.Node] = silence
		}
		crashed[a.ID] = silence
	}
	if len(crashed) > 0 && t.dialect.silence != "" {
		// Whoever takes them from this node must not take its silence for that of
		// the node before it.
		if _, err := t.exec(`UPDATE nodes SET seen_at = clock_timestamp() WHERE id = $1`, node); err != nil {
			return nil, nil, err
		}
	}
	accounts, err = t.accounts(`UPDATE accounts SET epoch = epoch + 1, node = $2 WHERE shard = $1 RETURNING `+accountColumns, shard, node)
	return accounts, crashed, err
}

// silence returns how long ago a node was last certain of its locks, 0 if that is
// not known.
func (t *Tx) silence(node string) (time.Duration, error) {
	if t.dialect.silence == "" {
		return 0, nil
	}
	var microseconds int64
	err := t.tx.QueryRowContext(t.ctx, t.dialect.silence, node).Scan(&microseconds)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("store: silence of node %s: %w", node, err)
	}
	return max(time.Duration(microseconds)*time.Microsecond, 0), nil
}

// ReleaseShard notes that a node has given the accounts of a shard back.
func (t *Tx) ReleaseShard(shard int, node string) error {
	_, err := t.exec(`UPDATE accounts SET node = '' WHERE shard = $1 AND node = $2`, shard, node)
	return err
}

// Unowned returns up to limit accounts that no node owns.
func (s *Store) Unowned(ctx context.Context, limit int) ([]bridge.AccountID, error) {
	return collect(ctx, s.read, s.dialect, "accounts without a node", scanOne[bridge.AccountID],
		`SELECT id FROM accounts WHERE node = '' ORDER BY id LIMIT $1`, limit)
}
