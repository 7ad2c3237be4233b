package store

import (
	"context"
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
// epoch each, and returns them. Those that another node had and did not give
// back are named in crashed.
func (t *Tx) ClaimShard(shard int, node string) (accounts []*bridge.Account, crashed map[bridge.AccountID]bool, err error) {
	crashed = make(map[bridge.AccountID]bool)
	owned, err := t.accounts(`SELECT `+accountColumns+` FROM accounts WHERE shard = $1 ORDER BY id`+t.dialect.forUpdate, shard)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range owned {
		crashed[a.ID] = a.Node != "" && a.Node != node
	}
	accounts, err = t.accounts(`UPDATE accounts SET epoch = epoch + 1, node = $2 WHERE shard = $1 RETURNING `+accountColumns, shard, node)
	return accounts, crashed, err
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
