package daemon

import (
	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// suppression is the list of those who do not want to be written to.
type suppression struct{}

// Check implements pool.Suppression.
func (suppression) Check(t *store.Tx, keys []bridge.PersonKey) error {
	found, err := t.Suppressed(keys)
	if err != nil || found == nil {
		return err
	}
	return bridge.Errorf(bridge.CodeSuppressed, "The person does not want to be written to: %s.", found.Reason)
}

// A guard keeps messages from those who are on the list.
type guard struct{ suppression }

// Check implements outbox.Guard.
func (g guard) Check(t *store.Tx, h store.Head) error {
	c := h.Conversation
	person := bridge.Person{Phone: c.Phone, Username: c.Username}
	switch c.Peer.Kind {
	case bridge.GroupPeer, bridge.ChannelPeer:
		return nil
	case bridge.UserPeer:
		person.UserID = c.Peer.ID
	}
	keys, err := person.Keys()
	if err != nil {
		return err
	}
	return g.suppression.Check(t, keys)
}
