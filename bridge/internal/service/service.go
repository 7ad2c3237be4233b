// Package service does what the HTTP API offers: it stores what has to be stored
// and has the fleet and the outbox do the rest.
//
// Start with [New]. A [Service] implements the interfaces that package httpapi
// declares for accounts, messages and owners.
package service

import (
	"crypto/rand"
	"log/slog"
	"time"

	"godwit/bridge/internal/fleet"
	"godwit/bridge/internal/pool"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/vault"

	"godwit/bridge"
)

// A Service is what one node offers.
type Service struct {
	// BotWebhooks says that Telegram reaches this node, to bring the updates of bots.
	BotWebhooks bool

	Store *store.Store
	Vault *vault.Vault
	Fleet *fleet.Fleet
	// Pools say whether somebody may be written to who is in no conversation yet;
	// nil: everybody may.
	Pools  *pool.Pools
	Logger *slog.Logger
	Now    func() time.Time
	Node   string // the name of this node
	// Wake tells all nodes that there is something to send for an account.
	Wake func(bridge.AccountID)
	// Deleted is told of an account that has been deleted with its events.
	Deleted func(bridge.AccountID)
}

// entropy is for names, which sort in the order in which they were made: messages
// of a conversation go in the order of theirs.
var entropy = bridge.MonotonicEntropy(rand.Reader)
