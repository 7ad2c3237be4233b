package inbox

import (
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// A Batch is what a surface has told about an account at once. Changes apply in
// order.
type Batch struct {
	Account bridge.AccountID
	Epoch   int64 // under which the account is owned
	Source  bridge.Source
	Peers   []Peer // what came along about whom the changes name
	Changes []Change
	// State is where the account stands in its updates when the changes have
	// been stored; nil: where it stood before. Its Account need not be set.
	State *store.UpdateChange
	// Backfill is how far the history has been fetched that the changes are
	// from; nil for what is new.
	Backfill *store.Backfill
	// Listed says that, with this batch, all conversations of the account's list
	// have been told of as Dialogs.
	Listed bool

	parent string // the span that it came from; empty: none
}

// empty reports whether there is nothing to store.
func (b *Batch) empty() bool {
	return len(b.Changes) == 0 && len(b.Peers) == 0 && b.State == nil && b.Backfill == nil && !b.Listed
}

// A Peer is how a peer is shown.
type Peer struct {
	bridge.Peer
	Title    string
	Username string
	Phone    string
	// Partly says that what is empty was not told, rather than that there is
	// none.
	Partly bool
}

// A Change is one of the types below.
type Change interface{ apply(*work, *Batch) error }

// A Message is one that was learned of. It is stored once, however often.
type Message struct {
	Peer       bridge.Peer // whom the conversation is with
	TelegramID int
	Direction  bridge.Direction
	Sender     bridge.Peer
	At         time.Time
	Content    bridge.Content
	EditedAt   time.Time // zero: never
	// Old says that it is from a history, and not news to anybody: there is no
	// event, and nothing becomes unread.
	Old bool
}

// An Edit is a message as it reads now.
type Edit struct{ Message }

// A Sent says what Telegram numbers a message that the bridge was given to
// send. What the message has become follows as a Message.
type Sent struct {
	RandomID   int64
	TelegramID int
}

// A Deletion says that messages are gone: of a channel, or, where there is
// none, of whatever conversations that are none.
type Deletion struct {
	Channel     bridge.Peer
	TelegramIDs []int
}

// A Reacted is all reactions that there are to a message now.
type Reacted struct {
	Peer       bridge.Peer
	TelegramID int
	Reactions  []bridge.Reaction
	// MineUnknown says that it was not told which of them are the account's own.
	MineUnknown bool
}

// A Read says up to which message of a conversation somebody has read.
type Read struct {
	Peer   bridge.Peer
	By     bridge.Reader
	UpTo   int
	Unread int // messages that the account has not read; of ReadByAccount
}

// A Blocked says that a person has blocked the account: nobody writes to them any
// more.
type Blocked struct{ Peer bridge.Peer }

// A Lost says that more was missed than Telegram hands out: of a channel or,
// where there is none, of all conversations that are none. What was missed is
// left to be fetched as backfills.
type Lost struct{ Channel bridge.Peer }

// A Dialog is a conversation of the account's list, as it stands. Nobody is told
// of it. One that is known stays as it is, but for what has been read.
type Dialog struct {
	Peer       bridge.Peer
	Unread     int
	ReadUpTo   int // by the account
	ReadByPeer int
	Last       *Message // its last message; nil where there is none
	// History is how many of its messages are to be fetched as a backfill.
	History int
	// News says that the account's conversations have been listed before, so that
	// what this one holds is news if it is not known. It is left to be fetched.
	News bool
}

// A Device is one that has signed in to the account, or was confirmed.
type Device struct{ bridge.DeviceData }
