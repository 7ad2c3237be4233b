package telegram

import (
	"fmt"
	"strconv"
	"strings"

	"godwit/tg"
)

// A PeerKind is what a conversation is held with.
type PeerKind byte

// The kinds of peers. A supergroup is a channel.
const (
	PeerUser    PeerKind = 'u'
	PeerChat    PeerKind = 'c' // a basic group
	PeerChannel PeerKind = 'h'
)

// A PeerID names a user, basic group or channel. It is comparable. The zero
// PeerID names nobody.
type PeerID struct {
	Kind PeerKind
	ID   int64
}

// IDOf returns the PeerID of what names a peer, the zero PeerID for nil.
func IDOf(p tg.PeerClass) PeerID {
	switch p := p.(type) {
	case *tg.PeerUser:
		return PeerID{PeerUser, p.UserID}
	case *tg.PeerChat:
		return PeerID{PeerChat, p.ChatID}
	case *tg.PeerChannel:
		return PeerID{PeerChannel, p.ChannelID}
	}
	return PeerID{}
}

// Peer returns the peer, nil for the zero PeerID.
func (id PeerID) Peer() tg.PeerClass {
	switch id.Kind {
	case PeerUser:
		return &tg.PeerUser{UserID: id.ID}
	case PeerChat:
		return &tg.PeerChat{ChatID: id.ID}
	case PeerChannel:
		return &tg.PeerChannel{ChannelID: id.ID}
	}
	return nil
}

// Ids of the three kinds overlap. Where one number has to do, as in the Bot
// API, basic groups are negative and channels lie below this one
// (https://core.telegram.org/api/bots/ids).
const channelMark = -1_000_000_000_000

// Mark returns the id as one number, as the Bot API has it: of a user as it
// is, of a basic group negative, of a channel -100 followed by ten digits.
func (id PeerID) Mark() int64 {
	switch id.Kind {
	case PeerChat:
		return -id.ID
	case PeerChannel:
		return channelMark - id.ID
	}
	return id.ID
}

// Unmark returns the PeerID that Mark made a number of.
func Unmark(mark int64) PeerID {
	switch {
	case mark < channelMark:
		return PeerID{PeerChannel, channelMark - mark}
	case mark < 0:
		return PeerID{PeerChat, -mark}
	case mark > 0:
		return PeerID{PeerUser, mark}
	}
	return PeerID{}
}

// String returns "user 1", "group 1" or "channel 1".
func (id PeerID) String() string {
	name := map[PeerKind]string{PeerUser: "user", PeerChat: "group", PeerChannel: "channel"}[id.Kind]
	if name == "" {
		return "nobody"
	}
	return name + " " + strconv.FormatInt(id.ID, 10)
}

// parsePeerID reads a number as Mark writes it.
func parsePeerID(s string) (PeerID, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n == 0 {
		return PeerID{}, fmt.Errorf("telegram: %q is no id", s)
	}
	return Unmark(n), nil
}
