package bridge

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// An EventType says what an Event is about.
type EventType string

// The events about accounts.
const (
	AccountNew           EventType = "account.new" // again: nobody has signed in after all
	AccountSigningIn     EventType = "account.signing_in"
	AccountConnecting    EventType = "account.connecting"
	AccountOnline        EventType = "account.online"
	AccountFloodWait     EventType = "account.flood_wait"
	AccountRestricted    EventType = "account.restricted"
	AccountPaused        EventType = "account.paused"
	AccountLoginRequired EventType = "account.login_required"
	AccountBanned        EventType = "account.banned"
	AccountSignedOut     EventType = "account.signed_out"
	AccountDevice        EventType = "account.device" // another device has signed in, or its sign-in was confirmed
)

// The events about messages and conversations.
const (
	MessageReceived  EventType = "message.received"
	MessageSent      EventType = "message.sent" // by the bridge or by another device of the account
	MessageFailed    EventType = "message.failed"
	MessageEdited    EventType = "message.edited"
	MessageDeleted   EventType = "message.deleted"
	MessageReaction  EventType = "message.reaction"
	ConversationRead EventType = "conversation.read" // by the account or by the peer
)

// The events about exports. Their Data is the Export.
const (
	ExportProgress EventType = "export.progress" // a page of it was stored
	ExportFinished EventType = "export.done"
	ExportBroken   EventType = "export.failed"
	ExportStopped  EventType = "export.canceled"
)

// A Source is the surface of Telegram over which something was learned.
type Source string

// The sources.
const (
	MTProto Source = "mtproto" // a user account
	BotAPI  Source = "botapi"  // a bot
)

// SchemaVersion is the version of the Data of events. It rises when a field
// changes its meaning or goes away, not when one is added.
const SchemaVersion = 1

// An Event is something that happened, as it is stored, and as it is told to
// webhooks and streams.
type Event struct {
	ID            EventID         `json:"id"`
	Type          EventType       `json:"type"`
	Timestamp     time.Time       `json:"timestamp"`
	AccountID     AccountID       `json:"account_id"`
	Seq           int64           `json:"seq"` // from 1, without gaps, for each account
	Source        Source          `json:"source"`
	SchemaVersion int             `json:"schema_version"`
	Data          json.RawMessage `json:"data"`

	// ConversationID is the conversation that it is about; empty: it is about
	// the account. Events of one conversation are told in their order. Where
	// there is one, Data names it too.
	ConversationID ConversationID `json:"-"`
	// Position is its place among the events of all accounts. Positions rise,
	// with gaps, in the order of Seq within an account.
	Position int64 `json:"-"`
}

// NewEvent returns an event about an account that is to be stored, which gives
// it its Seq. About is the conversation that it belongs to; empty: none.
func NewEvent(
	at time.Time, entropy io.Reader, kind EventType, account AccountID, source Source, about ConversationID, data any,
) (*Event, error) {
	id, err := NewID[EventID](at, entropy)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("bridge: event %s of %s: %w", kind, account, err)
	}
	return &Event{
		ID: id, Type: kind, Timestamp: at, AccountID: account, Source: source, SchemaVersion: SchemaVersion,
		Data: encoded, ConversationID: about,
	}, nil
}
