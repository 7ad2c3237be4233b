package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"godwit/bridge"
)

// AccessHash returns the access hash that an account has for a peer; ok is false
// if it has none.
func (s *Store) AccessHash(ctx context.Context, id bridge.AccountID, peer bridge.Peer) (hash int64, ok bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT access_hash FROM peers WHERE account_id = $1 AND peer = $2`,
		id, peer.String()).Scan(&hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, false, nil
	case err != nil:
		return 0, false, fmt.Errorf("store: peer %s of %s: %w", peer, id, err)
	}
	return hash, true, nil
}

// peersAtOnce is how many rows one statement takes: SQLite allows for 32,766
// arguments, and longer statements are no faster.
const peersAtOnce = 500

// SavePeers stores access hashes of an account, in place of those it had.
func (t *Tx) SavePeers(id bridge.AccountID, hashes map[bridge.Peer]int64) error {
	peers := make([]string, 0, len(hashes))
	byName := make(map[string]int64, len(hashes))
	for peer, hash := range hashes {
		peers = append(peers, peer.String())
		byName[peer.String()] = hash
	}
	slices.Sort(peers) // rows are locked in one order, so that no two writers wait for each other
	for chunk := range slices.Chunk(peers, peersAtOnce) {
		args := []any{id}
		var rows []string
		for _, peer := range chunk {
			rows = append(rows, fmt.Sprintf("($1, $%d, $%d)", len(args)+1, len(args)+2))
			args = append(args, peer, byName[peer])
		}
		_, err := t.exec(`INSERT INTO peers (account_id, peer, access_hash) VALUES `+strings.Join(rows, ", ")+
			` ON CONFLICT (account_id, peer) DO UPDATE SET access_hash = excluded.access_hash`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// ResetUpdateState forgets where an account stands in its updates.
func (t *Tx) ResetUpdateState(id bridge.AccountID) error {
	for _, table := range []string{"update_states", "channel_states"} {
		if _, err := t.exec(`DELETE FROM `+table+` WHERE account_id = $1`, id); err != nil {
			return err
		}
	}
	return nil
}
