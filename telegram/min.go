package telegram

import (
	"slices"
	"sync"

	"godwit/tg"
)

// Telegram shows some users and channels by min constructors: what it takes to
// display the author of a message in a large group, without an access hash that
// can be used. Such a peer can be named all the same, by the message that it
// was seen in (https://core.telegram.org/api/min; TDLib names it so too).

// maxOrigins is of how many such peers the messages are remembered.
const maxOrigins = 4096

// An origin is a message that shows a peer.
type origin struct {
	chat  tg.PeerClass
	msgID int32
}

// origins are the messages by which peers without access hashes can be named.
// The oldest are forgotten first. The zero value is ready for use.
type origins struct {
	mu    sync.Mutex
	of    map[PeerID]origin
	order []PeerID // as of has them, the oldest first
}

func (o *origins) get(id PeerID) (origin, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at, ok := o.of[id]
	return at, ok
}

func (o *origins) set(id PeerID, at origin) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.of[id]; !known {
		if len(o.order) >= maxOrigins {
			delete(o.of, o.order[0])
			o.order = slices.Delete(o.order, 0, 1)
		}
		o.order = append(o.order, id)
	}
	if o.of == nil {
		o.of = make(map[PeerID]origin)
	}
	o.of[id] = at
}

// note remembers in which of the messages the peers were seen that came as min
// constructors.
func (o *origins) note(messages []tg.MessageClass, users []tg.UserClass, chats []tg.ChatClass) {
	shown := minPeers(users, chats)
	if len(shown) == 0 {
		return
	}
	for _, m := range messages {
		chat, id, named := peersIn(m)
		for _, peer := range named {
			if peer == nil {
				continue
			}
			if key := IDOf(peer); shown[key] {
				o.set(key, origin{chat, id})
			}
		}
	}
}

// minPeers returns which of the peers came as min constructors.
func minPeers(users []tg.UserClass, chats []tg.ChatClass) map[PeerID]bool {
	var shown map[PeerID]bool
	add := func(kind PeerKind, id int64) {
		if shown == nil {
			shown = make(map[PeerID]bool)
		}
		shown[PeerID{kind, id}] = true
	}
	for _, u := range users {
		if u, ok := u.(*tg.User); ok && u.Min {
			add(PeerUser, u.ID)
		}
	}
	for _, c := range chats {
		if c, ok := c.(*tg.Channel); ok && c.Min {
			add(PeerChannel, c.ID)
		}
	}
	return shown
}

// peersIn returns where a message stands and whom it shows. Entries can be nil.
func peersIn(m tg.MessageClass) (chat tg.PeerClass, id int32, named []tg.PeerClass) {
	switch m := m.(type) {
	case *tg.Message:
		named = []tg.PeerClass{m.FromID}
		if m.FwdFrom != nil {
			named = append(named, m.FwdFrom.FromID)
		}
		if m.ViaBotID.Set {
			named = append(named, &tg.PeerUser{UserID: m.ViaBotID.Value})
		}
		return m.PeerID, m.ID, named
	case *tg.MessageService:
		return m.PeerID, m.ID, []tg.PeerClass{m.FromID}
	}
	return nil, 0, nil
}

// byMessage names a peer by a message that it was seen in, nil if there is none
// or its chat cannot be named itself.
func (p *peers) byMessage(peer tg.PeerClass) tg.InputPeerClass {
	at, ok := p.origins.get(IDOf(peer))
	if !ok || IDOf(at.chat) == IDOf(peer) {
		return nil
	}
	chat := p.byHash(at.chat)
	if chat == nil {
		return nil
	}
	switch peer := peer.(type) {
	case *tg.PeerUser:
		return &tg.InputPeerUserFromMessage{Peer: chat, MsgID: at.msgID, UserID: peer.UserID}
	case *tg.PeerChannel:
		return &tg.InputPeerChannelFromMessage{Peer: chat, MsgID: at.msgID, ChannelID: peer.ChannelID}
	}
	return nil
}

// LearnFrom is [Client.Learn] for what came with messages. Who is shown there
// without an access hash can be named by the message from then on.
func (c *Client) LearnFrom(messages []tg.MessageClass, users []tg.UserClass, chats []tg.ChatClass) {
	c.peers.learn(users, chats)
	c.peers.origins.note(messages, users, chats)
}

// messagesIn returns the messages that updates bring.
func messagesIn(list []tg.UpdateClass) []tg.MessageClass {
	var messages []tg.MessageClass
	for _, u := range list {
		switch u := u.(type) {
		case *tg.UpdateEditMessage:
			messages = append(messages, u.Message)
		case *tg.UpdateEditChannelMessage:
			messages = append(messages, u.Message)
		default:
			if m := newMessage(u); m != nil {
				messages = append(messages, m)
			}
		}
	}
	return messages
}
