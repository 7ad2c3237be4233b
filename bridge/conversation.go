package bridge

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// PeerKind is what sort of thing the other end of a conversation is.
type PeerKind string

// The kinds of peers.
const (
	UserPeer    PeerKind = "user"    // a person or a bot
	GroupPeer   PeerKind = "group"   // a basic group
	ChannelPeer PeerKind = "channel" // a channel or supergroup
)

// A Peer is whom a conversation is with, as Telegram numbers them. It is
// written as its kind and its id: user:777000.
type Peer struct {
	Kind PeerKind
	ID   int64
}

// String returns the written form, "" for the zero Peer.
func (p Peer) String() string {
	if p == (Peer{}) {
		return ""
	}
	return string(p.Kind) + ":" + strconv.FormatInt(p.ID, 10)
}

// MarshalText returns the written form.
func (p Peer) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Peer) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePeer(string(text))
	return err
}

// ParsePeer reads the written form of a peer. The empty text is the zero Peer.
func ParsePeer(s string) (Peer, error) {
	if s == "" {
		return Peer{}, nil
	}
	kind, number, _ := strings.Cut(s, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	switch k := PeerKind(kind); {
	case k != UserPeer && k != GroupPeer && k != ChannelPeer, err != nil, id <= 0:
		return Peer{}, fmt.Errorf("bridge: peer %q is not user:ID, group:ID or channel:ID", s)
	default:
		return Peer{k, id}, nil
	}
}

// A Conversation is what an account and a peer have to do with each other.
type Conversation struct {
	ID        ConversationID
	AccountID AccountID
	Peer      Peer
	Title     string // a name to show
	Username  string // without @; empty for none
	Phone     string // digits alone; empty where Telegram does not tell
	// PersonWrote says that the peer has written to the account, so that
	// nothing sent there is a first message any more.
	PersonWrote bool
	Unread      int
	// ReadUpTo and ReadByPeer are the ids at Telegram of the last message that
	// the account, and the peer, have read.
	ReadUpTo   int
	ReadByPeer int
	LastAt     time.Time // of the last message; zero: none yet
	LastText   string    // the beginning of it
	CreatedAt  time.Time
}

// An Acquaintance is how far an account and a peer know each other, which
// decides what budget a message falls under.
type Acquaintance string

// How far they know each other.
const (
	Stranger Acquaintance = "stranger" // nobody has written yet
	Written  Acquaintance = "written"  // the account has, the peer has not answered
	Known    Acquaintance = "known"    // the peer has written, or it is a group of the account's
)
