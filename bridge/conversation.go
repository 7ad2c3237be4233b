package bridge

import (
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

	// Before the account has looked somebody up, they are known by a name alone.

	UsernamePeer PeerKind = "username" // without @, in lower case
	PhonePeer    PeerKind = "phone"    // digits alone
)

// A Peer is whom a conversation is with, as Telegram numbers them. It is
// written as its kind and its id: user:777000. Somebody who has not been looked
// up yet has a name in place of the id: username:durov, phone:49170123456.
type Peer struct {
	Kind PeerKind
	ID   int64
	Name string
}

// Resolved reports whether the peer is known by its id.
func (p Peer) Resolved() bool { return p.ID != 0 }

// String returns the written form, "" for the zero Peer.
func (p Peer) String() string {
	if p == (Peer{}) {
		return ""
	}
	if p.Name != "" {
		return string(p.Kind) + ":" + p.Name
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
	kind, rest, _ := strings.Cut(s, ":")
	switch k := PeerKind(kind); k {
	case UserPeer, GroupPeer, ChannelPeer:
		if id, err := strconv.ParseInt(rest, 10, 64); err == nil && id > 0 {
			return Peer{Kind: k, ID: id}, nil
		}
	case UsernamePeer:
		if name := strings.ToLower(strings.TrimPrefix(rest, "@")); isUsername(name) {
			return Peer{Kind: k, Name: name}, nil
		}
	case PhonePeer:
		if digits := strings.TrimPrefix(rest, "+"); digits != "" && strings.Trim(digits, "0123456789") == "" {
			return Peer{Kind: k, Name: digits}, nil
		}
	}
	return Peer{}, Errorf(CodeInvalidRequest,
		"The peer %q is not user:ID, group:ID, channel:ID, username:NAME or phone:DIGITS.", s)
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

// PersonKeys returns what the person is known by whom a conversation is with;
// none for groups and channels.
func (c *Conversation) PersonKeys() []PersonKey {
	if c.Peer.Kind == GroupPeer || c.Peer.Kind == ChannelPeer || c.Peer == (Peer{}) {
		return nil
	}
	keys := []PersonKey{PersonKey(c.Peer.String())}
	for _, p := range []Peer{{Kind: PhonePeer, Name: c.Phone}, {Kind: UsernamePeer, Name: strings.ToLower(c.Username)}} {
		if p.Name != "" && p != c.Peer {
			keys = append(keys, PersonKey(p.String()))
		}
	}
	return keys
}
