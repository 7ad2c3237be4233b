package bridge

import (
	"log/slog"
	"slices"
	"time"
)

// WebhookTest is the type of what is sent to try a webhook out. It is no event
// of any account, and has no Seq.
const WebhookTest EventType = "webhook.test"

// EventTypes are all types of events that the log holds.
var EventTypes = []EventType{
	AccountNew, AccountSigningIn, AccountConnecting, AccountOnline, AccountFloodWait, AccountRestricted, AccountPaused, AccountLoginRequired,
	AccountBanned, AccountSignedOut, AccountDevice,
	MessageReceived, MessageSent, MessageFailed, MessageEdited, MessageDeleted, MessageReaction, ConversationRead,
	ExportProgress, ExportFinished, ExportBroken, ExportStopped,
}

// A Webhook is where events are sent as they come.
type Webhook struct {
	ID WebhookID
	WebhookSpec
	// Disabled is why nothing is sent to it; empty: it is enabled.
	Disabled  string
	CreatedAt time.Time
	// Position is how far it has come in the log: events up to there were
	// delivered, are waiting to be delivered again, or were given up.
	Position int64
	// PausedUntil is when the receiver wants to be asked again; zero: at any time.
	PausedUntil time.Time
	Waiting     int64 // events that wait to be delivered, of those up to Position
	Dead        int64 // events that were given up
}

// A WebhookSpec is what somebody says about a webhook.
type WebhookSpec struct {
	URL         string
	Description string
	Types       []EventType // of events that it wants; empty: all
	// Accounts and Pools are whose events it wants: those of any of them. With
	// neither, it wants those of all accounts.
	Accounts []AccountID
	Pools    []PoolID
}

// Wants reports whether a webhook wants an event of an account that is in some
// pools.
func (s *WebhookSpec) Wants(e *Event, pools []PoolID) bool {
	if len(s.Types) > 0 && !slices.Contains(s.Types, e.Type) {
		return false
	}
	inPool := func(p PoolID) bool { return slices.Contains(pools, p) }
	return len(s.Accounts)+len(s.Pools) == 0 || slices.Contains(s.Accounts, e.AccountID) || slices.ContainsFunc(s.Pools, inPool)
}

// A WebhookSecret is what a webhook's requests are signed with: whsec_ and
// base64. It prints as [redacted].
type WebhookSecret string

// String gives nothing away.
func (s WebhookSecret) String() string { return "[redacted]" }

// GoString is as String.
func (s WebhookSecret) GoString() string { return s.String() }

// LogValue is as String.
func (s WebhookSecret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// A DeliveryState is how far an event has come on its way to a webhook.
type DeliveryState string

// The states of deliveries.
const (
	DeliveryPending DeliveryState = "pending" // to be tried again, or behind one that is, of the same conversation
	DeliveryDone    DeliveryState = "delivered"
	DeliveryDead    DeliveryState = "dead" // it was tried as often as anything is
)

// A Delivery is an event on its way to a webhook, or one that has got there.
type Delivery struct {
	WebhookID WebhookID
	Position  int64 // of the event in the log
	EventID   EventID
	Type      EventType
	AccountID AccountID
	// Lane is what it is delivered in order with: its conversation, or its
	// account if it has none.
	Lane     string
	State    DeliveryState
	Attempts int
	Attempt  // the last one; the zero value if there was none
}

// An Attempt is one request to a webhook.
type Attempt struct {
	At     time.Time
	Took   time.Duration
	Status int    // of the response; 0: there was none
	Error  string // what went wrong; empty: nothing
}

// A Replay asks for events to be delivered once more: those after one position
// and up to another.
type Replay struct {
	WebhookID WebhookID
	After     int64
	UpTo      int64
	OnlyDead  bool // of these, those that were given up
}
