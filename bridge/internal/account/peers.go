package account

import (
	"context"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/telegram"
)

// A peerStore is the telegram.PeerStore of an account.
type peerStore struct {
	e  *Environment
	id bridge.AccountID
}

// peerTimeout bounds a look-up, which a request waits for.
const peerTimeout = 10 * time.Second

// AccessHash implements telegram.PeerStore.
func (s peerStore) AccessHash(id telegram.PeerID) (hash int64, ok bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), peerTimeout)
	defer cancel()
	return s.e.Store.AccessHash(ctx, s.id, peerOf(id))
}

// SavePeers implements telegram.PeerStore.
func (s peerStore) SavePeers(hashes map[telegram.PeerID]int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), peerTimeout)
	defer cancel()
	peers := make(map[bridge.Peer]int64, len(hashes))
	for id, hash := range hashes {
		peers[peerOf(id)] = hash
	}
	if known, err := s.knows(ctx, peers); err != nil || known {
		return err
	}
	return s.e.Store.Change(ctx, func(t *store.Tx) error { return t.SavePeers(s.id, peers) })
}

// knows reports whether what is to be saved is one peer that is stored so already:
// an account hears of itself each time that it connects.
func (s peerStore) knows(ctx context.Context, peers map[bridge.Peer]int64) (bool, error) {
	if len(peers) > 1 {
		return false, nil
	}
	for peer, hash := range peers {
		stored, ok, err := s.e.Store.AccessHash(ctx, s.id, peer)
		if err != nil || !ok || stored != hash {
			return false, err
		}
	}
	return true, nil
}

// peerOf returns a peer of Telegram's in the bridge's terms.
func peerOf(id telegram.PeerID) bridge.Peer {
	switch id.Kind {
	case telegram.PeerUser:
		return bridge.Peer{Kind: bridge.UserPeer, ID: id.ID}
	case telegram.PeerChat:
		return bridge.Peer{Kind: bridge.GroupPeer, ID: id.ID}
	default:
		return bridge.Peer{Kind: bridge.ChannelPeer, ID: id.ID}
	}
}
