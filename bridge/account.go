package bridge

import "time"

// AccountKind is who an account is to Telegram.
type AccountKind string

// The kinds of accounts.
const (
	UserAccount AccountKind = "user" // a person's, over MTProto
	BotAccount  AccountKind = "bot"  // over the Bot API
)

// Source returns the surface over which accounts of a kind are run.
func (k AccountKind) Source() Source {
	if k == BotAccount {
		return BotAPI
	}
	return MTProto
}

// An Account is one account that the daemon keeps online.
type Account struct {
	ID     AccountID
	Name   string // what its operator calls it
	Kind   AccountKind
	Phone  string // digits alone; empty if not known yet
	UserID int64  // at Telegram; 0 if nobody has signed in yet
	Status Status
	// UpdatesBy is how the updates of a bot come; empty for people.
	UpdatesBy UpdatesBy
	CreatedAt time.Time
	// Epoch counts the owners that the account has had. What an owner writes
	// names its epoch, and is refused when there has been another since.
	Epoch int64
	Node  string // that owns it; empty for none
}

// UpdatesBy is how the updates of a bot come to the bridge.
type UpdatesBy string

// The ways of updates.
const (
	ByPolling UpdatesBy = "polling" // the bridge asks for them
	ByWebhook UpdatesBy = "webhook" // Telegram brings them, to a URL of the bridge
)
