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
	"godwit/bridge/internal/outbox"
	"godwit/bridge/internal/pool"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/vault"

	"godwit/bridge"
)

// A Service is what one node offers.
type Service struct {
	Store  *store.Store
	Vault  *vault.Vault
	Fleet  *fleet.Fleet
	Outbox *outbox.Outbox
	// Pools say whether somebody may be written to who is in no conversation yet;
	// nil: everybody may.
	Pools  *pool.Pools
	Logger *slog.Logger
	Now    func() time.Time
	Node   string // the name of this node
	// Wake tells all nodes that there is something to send for an account.
	Wake func(bridge.AccountID)
}

// newID returns a new name.
func newID[T bridge.AccountID | bridge.ConversationID | bridge.MessageID | bridge.EventID](now time.Time) (T, error) {
	return bridge.NewID[T](now, rand.Reader)
}

// runner returns what runs an account.
func (s *Service) runner(id bridge.AccountID) (fleet.Runner, error) { return s.Fleet.Runner(id) }
